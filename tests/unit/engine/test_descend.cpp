// A strategy's own networks against LibTorch's autograd and torch::optim: a variational autoencoder of two networks under one
// optimizer, which is what generative replay trains, and what descend() leaves alone.
#include "judge.hpp"

static at::Tensor judged_loss(const std::vector<at::Tensor> &encoder, const std::vector<at::Tensor> &decoder,
                              const at::Tensor &x, const at::Tensor &eps)
{
    at::Tensor code = run(encoder, x), mu = code.slice(1, 0, Z), var = code.slice(1, Z);
    at::Tensor out = run(decoder, mu + at::exp(var * 0.5) * eps);
    at::Tensor rec = at::binary_cross_entropy_with_logits(out, x, {}, {}, at::Reduction::None).sum(1);
    return (rec + 0.5 * (mu.square() + var.exp() - 1 - var).sum(1)).mean();
}

static pdr_tensor *loss_of(pdr_scope *s, pdr_model *encoder, pdr_model *decoder, const at::Tensor &input,
                           const at::Tensor &noise_in)
{
    pdr_tensor *x = held(s, input), *eps = held(s, noise_in);
    pdr_tensor *code = engine_model.forward(s, encoder, x, PDR_TRAIN);
    pdr_tensor *mu = T->slice(s, code, 1, 0, Z), *var = T->slice(s, code, 1, Z, Z);
    pdr_tensor *z = T->add(s, mu, T->mul(s, T->exp(s, T->affine(s, var, 0.5, 0)), eps));
    pdr_tensor *rec = T->sum(s, T->bce(s, engine_model.forward(s, decoder, z, PDR_TRAIN), x), 1, 0);
    pdr_tensor *sum = T->sub(s, T->add(s, T->square(s, mu), T->exp(s, var)), T->affine(s, var, 1, 1));
    return T->mean(s, T->add(s, rec, T->affine(s, T->sum(s, sum, 1, 0), 0.5, 0)), PDR_ALL, 0);
}

static std::vector<at::Tensor> both(std::vector<at::Tensor> a, const std::vector<at::Tensor> &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

static void an_autoencoder_of_two_networks(void **state)
{
    (void)state;
    pdr_model *encoder = mlp(WIDTH, 2 * Z, 0), *decoder = mlp(Z, WIDTH, 1);
    std::vector<at::Tensor> w = copies(encoder), v = copies(decoder);
    torch::optim::Adam judge(both(w, v), torch::optim::AdamOptions(1e-3).betas({0.5, 0.9}));
    engine_optimizer *o[] = {engine_optimizer_open(encoder, &ADAM), engine_optimizer_open(decoder, &ADAM)};
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    for (int64_t i = 0; i < 100; i++) {
        at::Tensor x = noise(ROWS, WIDTH, 2 * i, false), eps = noise(ROWS, Z, 2 * i + 1, true);
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *loss = loss_of(s, encoder, decoder, x, eps);
        at::Tensor other = judged_loss(w, v, x, eps);
        assert_true(std::fabs(loss->value.item<double>() - other.item<double>()) < 1e-5 * other.item<double>());
        assert_int_equal(engine_descend(s, o, 2, 1e-3, loss), PDR_OK);
        judge.zero_grad();
        other.backward();
        judge.step();
    }
    print_message("encoder %.1e, decoder %.1e from LibTorch's after 100 steps\n", far(encoder, w), far(decoder, v));
    assert_true(far(encoder, w) < 1e-5 && far(decoder, v) < 1e-5);
    assert_int_equal(*engine_optimizer_steps(o[1]), 100);
    engine_scope_close(s);
    for (auto *one : o)
        engine_optimizer_close(one);
    engine_model.discard(encoder);
    engine_model.discard(decoder);
}

// The generator's gradient comes through the critic, whose own stays as it was.
static void a_generator_through_its_critic(void **state)
{
    (void)state;
    pdr_model *critic = mlp(WIDTH, 1, 0), *generator = mlp(Z, WIDTH, 1);
    std::vector<at::Tensor> w = copies(critic), v = copies(generator);
    engine_optimizer *o = engine_optimizer_open(generator, &ADAM);
    torch::optim::Adam judge(v, torch::optim::AdamOptions(1e-2).betas({0.5, 0.9}));
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor before = critic->params->value.clone();
    for (int64_t i = 0; i < 20; i++) {
        at::Tensor z = noise(ROWS, Z, i, true);
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *fake = T->sigmoid(s, engine_model.forward(s, generator, held(s, z), PDR_TRAIN));
        pdr_tensor *loss =
            T->affine(s, T->mean(s, engine_model.forward(s, critic, fake, PDR_TRAIN), PDR_ALL, 0), -1, 0);
        assert_int_equal(engine_descend(s, &o, 1, 1e-2, loss), PDR_OK);
        judge.zero_grad();
        (-run(w, at::sigmoid(run(v, z))).mean()).backward();
        judge.step();
    }
    assert_true(far(generator, v) < 1e-5);
    assert_true(at::equal(before, critic->params->value));
    assert_false(critic->has_gradient);
    engine_scope_close(s);
    engine_optimizer_close(o);
    engine_model.discard(critic);
    engine_model.discard(generator);
}

// As torch's: a network whose parameters have no gradient is neither decayed nor moved by its averages, and its steps do not
// count.
static void what_the_loss_does_not_reach_is_left_alone(void **state)
{
    (void)state;
    pdr_model *one = mlp(WIDTH, 3, 0), *two = mlp(WIDTH, 3, 1);
    std::vector<at::Tensor> w = copies(one), v = copies(two);
    const engine_optimizer_options options = {ENGINE_ADAMW, 0, 0.1, 0.9, 0.999, 1e-8};
    engine_optimizer *o[] = {engine_optimizer_open(one, &options), engine_optimizer_open(two, &options)};
    torch::optim::AdamW judge(both(w, v), torch::optim::AdamWOptions(1e-2).weight_decay(0.1));
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    for (int64_t i = 0; i < 30; i++) {
        at::Tensor x = noise(ROWS, WIDTH, i, true);
        const bool second = i % 3 != 1, first = i % 3 != 2;
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *a = T->square(s, engine_model.forward(s, one, held(s, x), PDR_TRAIN));
        pdr_tensor *b = T->square(s, engine_model.forward(s, two, held(s, x), PDR_TRAIN));
        pdr_tensor *sum = first && second ? T->add(s, a, b) : first ? a : b;
        assert_int_equal(engine_descend(s, o, 2, 1e-2, T->mean(s, sum, PDR_ALL, 0)), PDR_OK);
        judge.zero_grad();
        at::Tensor c = run(w, x).square(), d = run(v, x).square();
        (first && second ? c + d : first ? c : d).mean().backward();
        judge.step();
    }
    assert_true(far(one, w) < 1e-5 && far(two, v) < 1e-5);
    assert_int_equal(*engine_optimizer_steps(o[0]), 20);
    engine_scope_close(s);
    for (auto *p : o)
        engine_optimizer_close(p);
    engine_model.discard(one);
    engine_model.discard(two);
}

static void what_cannot_be_descended(void **state)
{
    (void)state;
    pdr_model *m = mlp(WIDTH, 2, 0), *other = mlp(WIDTH, 2, 1);
    engine_optimizer *o = engine_optimizer_open(m, &ADAM);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(ROWS, WIDTH, 1, true), before = m->params->value.clone();
    auto loss = [&](pdr_model *of) {
        return T->mean(s, engine_model.forward(s, of, held(s, x), PDR_TRAIN), PDR_ALL, 0);
    };
    refused(s, engine_descend(s, &o, 1, 0.1, loss(other)), PDR_EINVALID, "depends on no parameter");
    refused(s, engine_descend(s, &o, 1, 0.1, T->affine(s, T->log(s, T->affine(s, loss(m), 0, -1)), 1, 0)),
            PDR_ENOTFINITE, "a loss of nan");
    refused(s, engine_descend(s, &o, 1, 0.1, T->exp(s, T->affine(s, loss(m), 0, 1000))), PDR_ENOTFINITE,
            "a loss of inf");
    refused(s, engine_descend(s, &o, 1, 0.1, engine_model.forward(s, m, held(s, x), PDR_TRAIN)), PDR_EINVALID,
            "must be a scalar");
    refused(s, engine_descend(s, &o, 1, 0.1, held(s, at::ones({}))), PDR_EINVALID, "without a graph");
    assert_true(at::equal(before, m->params->value));
    // A finite loss with a gradient that is not: the root at 0.
    refused(s, engine_descend(s, &o, 1, 0.1, T->sqrt(s, T->affine(s, loss(m), 0, 0))), PDR_ENOTFINITE,
            "a gradient that is not finite");
    engine_scope_close(s);
    engine_optimizer_close(o);
    engine_model.discard(m);
    engine_model.discard(other);
}

// Weights that were written past LibTorch must not enter the backward pass of a graph that was made before.
static void a_graph_of_before_the_update_is_refused(void **state)
{
    (void)state;
    pdr_model *m = mlp(WIDTH, 2, 0);
    engine_optimizer *o = engine_optimizer_open(m, &ADAM);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(ROWS, WIDTH, 1, true);
    pdr_tensor *loss[2];
    for (auto &one : loss)
        one = T->mean(s, T->square(s, engine_model.forward(s, m, held(s, x), PDR_TRAIN)), PDR_ALL, 0);
    assert_int_equal(engine_descend(s, &o, 1, 0.1, loss[0]), PDR_OK);
    refused(s, engine_descend(s, &o, 1, 0.1, loss[1]), PDR_EENGINE, "modified by an inplace operation");
    engine_scope_close(s);
    engine_optimizer_close(o);
    engine_model.discard(m);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_autoencoder_of_two_networks), cmocka_unit_test(a_generator_through_its_critic),
        cmocka_unit_test(what_the_loss_does_not_reach_is_left_alone), cmocka_unit_test(what_cannot_be_descended),
        cmocka_unit_test(a_graph_of_before_the_update_is_refused)};
    return judge_run(tests, sizeof tests / sizeof *tests);
}
