// derivative() against LibTorch's autograd: slopes, slopes of slopes, and the critic of WGAN-GP, whose loss holds a slope.
#include "judge.hpp"

static at::Tensor slope_of(const at::Tensor &sum, const at::Tensor &leaf, bool again)
{
    return torch::autograd::grad({sum}, {leaf}, {}, again, again)[0];
}

static void of_first_and_second_order(void **state)
{
    (void)state;
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD), *q = engine_scope_open(nullptr, PDR_NO_GRAD);
    at::Tensor x = noise(4, 3, 1, true), other = x.clone().requires_grad_(true);
    for (int order = 1; order <= 2; order++) {
        pdr_tensor *leaf = T->leaf(s, held(s, x));
        pdr_tensor *sum = T->sum(s, T->mul(s, T->exp(s, leaf), T->square(s, leaf)), PDR_ALL, 0);
        pdr_tensor *got = engine_model.derivative(order == 1 ? q : s, sum, leaf);
        at::Tensor want = slope_of((other.exp() * other.square()).sum(), other, true);
        if (order == 2) {
            got = engine_model.derivative(q, T->sum(s, T->square(s, got), PDR_ALL, 0), leaf);
            want = slope_of(want.square().sum(), other, true);
        }
        assert_non_null(got);
        assert_true(at::allclose(got->value, want.detach(), 1e-6, 1e-7));
        assert_false(got->value.requires_grad());
        assert_int_equal(got->value.dim(), 2);
    }
    engine_scope_close(s);
    engine_scope_close(q);
}

// A derivative in a [no-grad] scope frees the graph; in a [grad] scope it can be had twice.
static void whether_the_graph_stays(void **state)
{
    (void)state;
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD), *q = engine_scope_open(nullptr, PDR_NO_GRAD);
    pdr_tensor *leaf = T->leaf(s, held(s, at::ones({2})));
    pdr_tensor *sum = T->sum(s, T->exp(s, leaf), PDR_ALL, 0);
    assert_non_null(engine_model.derivative(s, sum, leaf));
    assert_non_null(engine_model.derivative(q, sum, leaf));
    assert_null(engine_model.derivative(q, sum, leaf));
    refused(q, engine_scope_status(q), PDR_EENGINE, "backward through the graph a second time");
    engine_scope_close(s);
    engine_scope_close(q);
}

static void what_has_no_derivative(void **state)
{
    (void)state;
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_model *m = mlp(3, 2, 0);
    auto leaf = [&] { return T->leaf(s, held(s, at::ones({2, 3}))); };
    pdr_tensor *one = leaf();
    assert_null(engine_model.derivative(s, T->sum(s, T->square(s, one), 0, 0), one));
    refused(s, engine_scope_status(s), PDR_EINVALID, "found a sum of shape [3]; expected a scalar");
    one = leaf();
    assert_null(engine_model.derivative(s, T->sum(s, T->square(s, leaf()), PDR_ALL, 0), one));
    refused(s, engine_scope_status(s), PDR_EINVALID, "does not depend on the leaf");
    one = leaf();
    pdr_tensor *no_leaf = T->square(s, one);
    assert_null(engine_model.derivative(s, T->sum(s, no_leaf, PDR_ALL, 0), no_leaf));
    refused(s, engine_scope_status(s), PDR_EINVALID, "found a tensor that leaf() did not make");
    pdr_tensor *plain = held(s, at::ones({2, 3}));
    assert_null(engine_model.derivative(s, T->sum(s, engine_model.forward(s, m, plain, PDR_EVAL), PDR_ALL, 0), plain));
    refused(s, engine_scope_status(s), PDR_EINVALID, "found a tensor that leaf() did not make");
    one = leaf();
    assert_null(engine_model.derivative(s, held(s, at::ones({})), one));
    refused(s, engine_scope_status(s), PDR_EINVALID, "found a sum without a graph");
    assert_null(engine_model.derivative(s, nullptr, leaf()));
    assert_int_equal(engine_scope_status(s), PDR_OK); // NULL in gives NULL out
    engine_scope_close(s);
    engine_model.discard(m);
}

// ---- Gulrajani et al. 2017, algorithm 1: the critic's step, with the gradient penalty of equation 3 ----

static pdr_tensor *score(pdr_scope *s, pdr_model *m, const pdr_tensor *x)
{
    return T->mean(s, engine_model.forward(s, m, x, PDR_TRAIN), PDR_ALL, 0);
}

static pdr_tensor *critic_loss(pdr_scope *s, pdr_model *m, const at::Tensor &real, const at::Tensor &fake,
                               const at::Tensor &share)
{
    pdr_tensor *mix = T->leaf(s, held(s, real + share * (fake - real)));
    pdr_tensor *slope =
        engine_model.derivative(s, T->sum(s, engine_model.forward(s, m, mix, PDR_TRAIN), PDR_ALL, 0), mix);
    const int64_t flat[] = {real.size(0), -1};
    pdr_tensor *length =
        T->sqrt(s, T->affine(s, T->sum(s, T->square(s, T->reshape(s, slope, flat, 2)), 1, 0), 1, 1e-12));
    pdr_tensor *penalty = T->affine(s, T->mean(s, T->square(s, T->affine(s, length, 1, -1)), PDR_ALL, 0), 10, 0);
    return T->add(s, T->sub(s, score(s, m, held(s, fake)), score(s, m, held(s, real))), penalty);
}

template <class F>
static at::Tensor judged_critic(const F &forward, const at::Tensor &real, const at::Tensor &fake,
                                const at::Tensor &share)
{
    at::Tensor mix = (real + share * (fake - real)).requires_grad_(true);
    at::Tensor slope = slope_of(forward(mix).sum(), mix, true).flatten(1);
    at::Tensor length = (slope.square().sum(1) + 1e-12).sqrt();
    return forward(fake).mean() - forward(real).mean() + 10 * (length - 1).square().mean();
}

static void the_critic_of_wgan_gp(void **state)
{
    (void)state;
    pdr_model *critic = mlp(WIDTH, 1, 0);
    std::vector<at::Tensor> w = copies(critic);
    engine_optimizer *o = engine_optimizer_open(critic, &ADAM);
    torch::optim::Adam judge(w, torch::optim::AdamOptions(1e-3).betas({0.5, 0.9}));
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    auto forward = [&](const at::Tensor &x) { return run(w, x); };
    for (int64_t i = 0; i < 50; i++) {
        at::Tensor real = noise(ROWS, WIDTH, 3 * i, false), fake = noise(ROWS, WIDTH, 3 * i + 1, true),
                   share = noise(ROWS, 1, 3 * i + 2, false);
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *loss = critic_loss(s, critic, real, fake, share);
        at::Tensor other = judged_critic(forward, real, fake, share);
        assert_non_null(loss);
        assert_true(std::fabs(loss->value.item<double>() - other.item<double>()) < 1e-4);
        assert_int_equal(engine_descend(s, &o, 1, 1e-3, loss), PDR_OK);
        judge.zero_grad();
        other.backward();
        judge.step();
    }
    print_message("critic %.1e from LibTorch's after 50 steps\n", far(critic, w));
    assert_true(far(critic, w) < 1e-5);
    engine_scope_close(s);
    engine_optimizer_close(o);
    engine_model.discard(critic);
}

// The second order goes through convolutions, normalised batches and pools as well.
static void a_critic_of_maps(void **state)
{
    (void)state;
    const engine_layer layers[] = {{ENGINE_CONV, 4, 3, 1, 1, 0},         {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0},
                                   {ENGINE_LEAKY_RELU, 0, 0, 0, 0, 0.2}, {ENGINE_AVERAGE_POOL, 0, 2, 2, 0, 0},
                                   {ENGINE_LINEAR, 6, 0, 0, 0, 0},       {ENGINE_TANH, 0, 0, 0, 0, 0}};
    const int64_t shape[] = {2, 6, 6};
    engine_network n = {};
    n.kind = "layers";
    n.layers = layers;
    n.layer_count = 6;
    n.shape = shape;
    n.rank = 3;
    n.outputs = 1;
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    assert_int_equal(engine_model_build(&n, &r, &m, nullptr), 0);
    std::vector<at::Tensor> w = copies(m);
    auto forward = [&](const at::Tensor &x) {
        at::Tensor h = at::conv2d(x, w[0], w[1], 1, 1);
        h = at::batch_norm(h, w[2], w[3], {}, {}, true, 0.1, 1e-5, false);
        h = at::avg_pool2d(at::leaky_relu(h, 0.2), {2, 2}, {2, 2}).flatten(1);
        return at::linear(at::tanh(at::linear(h, w[4], w[5])), w[6], w[7]);
    };
    at::Tensor real = noise(ROWS, 72, 1, false).reshape({ROWS, 2, 6, 6}),
               fake = noise(ROWS, 72, 2, true).reshape({ROWS, 2, 6, 6}),
               share = noise(ROWS, 1, 3, false).reshape({ROWS, 1, 1, 1});
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *loss = critic_loss(s, m, real, fake, share);
    assert_non_null(loss);
    pdr_tensor *g = engine_model.gradient(s, m, loss);
    std::vector<at::Tensor> want = torch::autograd::grad({judged_critic(forward, real, fake, share)}, w);
    for (auto &t : want)
        t = t.flatten();
    at::Tensor all = at::cat(want);
    assert_non_null(g);
    assert_true((g->value - all).norm().item<double>() < 1e-4 * all.norm().item<double>());
    engine_scope_close(s);
    engine_model.discard(m);
}

int main()
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_first_and_second_order),
                                       cmocka_unit_test(whether_the_graph_stays),
                                       cmocka_unit_test(what_has_no_derivative),
                                       cmocka_unit_test(the_critic_of_wgan_gp), cmocka_unit_test(a_critic_of_maps)};
    return judge_run(tests, sizeof tests / sizeof *tests);
}
