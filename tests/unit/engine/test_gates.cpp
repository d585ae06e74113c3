// Gates against LibTorch: outputs, gradients and the Fisher information of networks whose hidden layers are multiplied by
// masks, and where a layer's output stands in each kind.
#include "judge.hpp"

static const int64_t MLP[] = {WIDTH, 30, 20, 3};

static at::Tensor mask_of(int64_t units, int64_t number)
{
    return noise(1, units, 100 + number, false).gt(0.5).to(at::kFloat)[0];
}

static pdr_status gate(pdr_scope *s, pdr_model *m, const char *who, int64_t layer, const at::Tensor &mask)
{
    return engine_model_gate(s, m, who, layer, held(s, mask));
}

static at::Tensor gated(const std::vector<at::Tensor> &w, at::Tensor x, const at::Tensor *masks)
{
    for (size_t i = 0; i < 2; i++)
        x = at::relu(at::linear(x, w[2 * i], w[2 * i + 1])) * masks[i];
    return at::linear(x, w[4], w[5]);
}

static at::Tensor flat(std::vector<at::Tensor> g)
{
    for (auto &t : g)
        t = t.flatten();
    return at::cat(g);
}

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    return (a - b).norm().item<double>() / b.norm().item<double>();
}

// Two strategies' gates multiply; one that is set anew or taken away leaves the other's.
static void outputs_and_gradients_of_a_gated_network(void **state)
{
    (void)state;
    pdr_model *m = mlp(MLP[0], MLP[3], 0);
    std::vector<at::Tensor> w = copies(m);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(ROWS, WIDTH, 1, true), one = mask_of(30, 1), two = mask_of(20, 2),
               other = mask_of(20, 3) + 0.5, anew = mask_of(20, 4);
    auto check = [&](const at::Tensor &first, const at::Tensor &second) {
        const at::Tensor masks[] = {first, second};
        pdr_tensor *z = engine_model.forward(s, m, held(s, x), PDR_TRAIN);
        at::Tensor want = gated(w, x, masks);
        assert_true(at::allclose(z->value, want, 1e-5, 1e-6));
        pdr_tensor *g = engine_model.gradient(s, m, T->mean(s, T->square(s, z), PDR_ALL, 0));
        assert_true(apart(g->value, flat(torch::autograd::grad({want.square().mean()}, w))) < 1e-6);
    };
    assert_int_equal(engine_model.units(m, 0), 30);
    assert_int_equal(engine_model.units(m, 1), 20);
    assert_int_equal(engine_model.units(m, 2), 0);
    assert_int_equal(engine_model.units(m, -1), 0);
    assert_int_equal(gate(s, m, "a", 0, one), PDR_OK);
    assert_int_equal(gate(s, m, "a", 1, two), PDR_OK);
    check(one, two);
    assert_int_equal(gate(s, m, "b", 1, other), PDR_OK);
    check(one, two * other);
    assert_int_equal(gate(s, m, "a", 1, anew), PDR_OK);
    check(one, other * anew);
    assert_int_equal(engine_model_gate(s, m, "b", 1, nullptr), PDR_OK);
    assert_int_equal(engine_model_gate(s, m, "a", 0, nullptr), PDR_OK);
    check(at::ones({30}), anew);
    engine_scope_close(s);
    engine_model.discard(m);
}

// A written mask is not the gate's: it was copied.
static void a_snapshot_has_the_gates_of_its_moment(void **state)
{
    (void)state;
    pdr_model *m = mlp(MLP[0], MLP[3], 0);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    pdr_tensor *x = held(s, noise(ROWS, WIDTH, 1, true)), *mask = held(s, mask_of(20, 2));
    pdr_tensor *plain = engine_model.forward(s, m, x, PDR_EVAL);
    assert_int_equal(engine_model_gate(s, m, "a", 1, mask), PDR_OK);
    pdr_tensor *before = engine_model.forward(s, m, x, PDR_EVAL);
    mask->value.fill_(7);
    pdr_model *copy = engine_model.snapshot(nullptr, m);
    engine_gates *kept = engine_gates_keep(m);
    assert_int_equal(gate(s, m, "a", 1, mask_of(20, 3)), PDR_OK);
    assert_int_equal(gate(s, m, "b", 0, mask_of(30, 3)), PDR_OK);
    pdr_tensor *after = engine_model.forward(s, m, x, PDR_EVAL);
    assert_false(at::equal(before->value, after->value));
    assert_true(at::equal(before->value, engine_model.forward(s, copy, x, PDR_EVAL)->value));
    assert_int_equal(engine_gates_restore(m, kept), PDR_OK);
    assert_int_equal(engine_gate_count(m), 1);
    assert_true(at::equal(before->value, engine_model.forward(s, m, x, PDR_EVAL)->value));
    gates_clear(m);
    assert_true(at::equal(plain->value, engine_model.forward(s, m, x, PDR_EVAL)->value));
    engine_scope_close(s);
    engine_model.discard(copy);
    engine_model.discard(m);
}

static void masks_that_do_not_fit(void **state)
{
    (void)state;
    pdr_model *m = mlp(MLP[0], MLP[3], 0);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    refused(s, gate(s, m, "a", 2, at::ones({3})), PDR_EINVALID,
            "gate: found hidden layer 2; expected one of the network's 2, from 0");
    refused(s, gate(s, m, "a", -1, at::ones({3})), PDR_EINVALID, "found hidden layer -1");
    refused(s, gate(s, m, "a", 1, at::ones({3})), PDR_EINVALID,
            "gate: found a mask of 3 numbers in 1 dimensions; expected f32 [20]");
    refused(s, gate(s, m, "a", 1, at::ones({4, 5})), PDR_EINVALID, "20 numbers in 2 dimensions; expected f32 [20]");
    refused(s, gate(s, m, "a", 1, at::ones({20}, at::kDouble)), PDR_EINVALID, "in 1 dimensions, not f32; expected");
    assert_int_equal(engine_gate_count(m), 0);
    engine_scope_close(s);
    engine_model.discard(m);
}

// ---- other kinds ----

static pdr_model *of_maps(const char *kind, const int64_t *channels, bool batch_norm, const engine_layer *layers,
                          int64_t count)
{
    static const int64_t shape[] = {2, 8, 8}, hidden = 6;
    engine_network n = {};
    n.kind = kind;
    n.channels = channels;
    n.channel_count = 2;
    n.batch_norm = batch_norm;
    n.hidden = &hidden;
    n.hidden_count = 1;
    n.width = 3;
    n.layers = layers;
    n.layer_count = count;
    n.shape = shape;
    n.rank = 3;
    n.outputs = 4;
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    error e = {};
    if (engine_model_build(&n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static at::Tensor maps(const at::Tensor &mask) { return mask.reshape({-1, 1, 1}); }

static void convolutions_are_gated_by_channel(void **state)
{
    (void)state;
    const int64_t channels[] = {3, 5};
    pdr_model *m = of_maps("cnn", channels, false, nullptr, 0);
    std::vector<at::Tensor> w = copies(m);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(ROWS, 128, 1, true).reshape({ROWS, 2, 8, 8}),
               masks[] = {mask_of(3, 1), mask_of(5, 2), mask_of(6, 3)};
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(engine_model.units(m, i), masks[i].numel());
        assert_int_equal(gate(s, m, "a", i, masks[i]), PDR_OK);
    }
    at::Tensor h = x;
    for (size_t i = 0; i < 2; i++)
        h = at::max_pool2d(at::relu(at::conv2d(h, w[2 * i], w[2 * i + 1], 1, 1)) * maps(masks[i]), {2, 2});
    h = at::linear(at::relu(at::linear(h.flatten(1), w[4], w[5])) * masks[2], w[6], w[7]);
    pdr_tensor *z = engine_model.forward(s, m, held(s, x), PDR_TRAIN);
    assert_true(at::allclose(z->value, h, 1e-4, 1e-5));
    pdr_tensor *g = engine_model.gradient(s, m, T->mean(s, T->square(s, z), PDR_ALL, 0));
    assert_true(apart(g->value, flat(torch::autograd::grad({h.square().mean()}, w))) < 1e-5);
    engine_scope_close(s);
    engine_model.discard(m);
}

// Behind the activation that follows; without one behind the batch norm, or the layer itself.
static void where_the_output_of_a_listed_layer_stands(void **state)
{
    (void)state;
    const engine_layer layers[] = {
        {ENGINE_CONV, 3, 3, 1, 1, 0},   {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0}, {ENGINE_AVERAGE_POOL, 0, 2, 2, 0, 0},
        {ENGINE_TANH, 0, 0, 0, 0, 0},   {ENGINE_CONV, 4, 3, 1, 1, 0},       {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0},
        {ENGINE_LINEAR, 5, 0, 0, 0, 0}, {ENGINE_LINEAR, 6, 0, 0, 0, 0},     {ENGINE_SIGMOID, 0, 0, 0, 0, 0}};
    pdr_model *m = of_maps("layers", nullptr, false, layers, 9);
    std::vector<at::Tensor> w = copies(m);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    at::Tensor x = noise(ROWS, 128, 1, true).reshape({ROWS, 2, 8, 8}),
               masks[] = {mask_of(3, 1), mask_of(4, 2), mask_of(5, 3), mask_of(6, 4)};
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(gate(s, m, "a", i, masks[i]), PDR_OK);
    auto norm = [&](const at::Tensor &h, size_t i) {
        return at::batch_norm(h, w[i], w[i + 1], {}, {}, true, 0.1, 1e-5, false);
    };
    at::Tensor h = norm(at::conv2d(x, w[0], w[1], 1, 1), 2);
    h = at::tanh(at::avg_pool2d(h, {2, 2}, {2, 2})) * maps(masks[0]);
    h = norm(at::conv2d(h, w[4], w[5], 1, 1), 6) * maps(masks[1]);
    h = at::linear(h.flatten(1), w[8], w[9]) * masks[2];
    h = at::linear(at::sigmoid(at::linear(h, w[10], w[11])) * masks[3], w[12], w[13]);
    assert_true(at::allclose(engine_model.forward(s, m, held(s, x), PDR_TRAIN)->value, h, 1e-4, 1e-5));
    engine_scope_close(s);
    engine_model.discard(m);
}

// The first convolution of a block feeds the second alone, so its gate is as good as a factor of that one's weights; the last
// layer's stands behind the sum and its ReLU, so it multiplies the features.
static void residual_networks(void **state)
{
    (void)state;
    for (const char *kind : {"resnet18", "resnet32"}) {
        pdr_model *m = of_maps(kind, nullptr, false, nullptr, 0), *other = of_maps(kind, nullptr, false, nullptr, 0);
        pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
        pdr_tensor *x = held(s, noise(ROWS, 128, 1, true).reshape({ROWS, 2, 8, 8}));
        at::Tensor mask = mask_of(3, 1) + 0.5;
        int64_t second = -1, layers = 0;
        for (int64_t i = 0, convolution = 0; i < other->blocks.count && second < 0; i++)
            if (other->blocks.at[i].about.rank == 4 && convolution++ == 2) // behind the stem and the first of block 1
                second = i;
        other->blocks.at[second].leaf->value.detach().mul_(maps(mask));
        assert_int_equal(gate(s, m, "a", 1, mask), PDR_OK);
        at::Tensor z = engine_model.forward(s, m, x, PDR_EVAL)->value;
        assert_true(at::allclose(z, engine_model.forward(s, other, x, PDR_EVAL)->value, 1e-4, 1e-5));
        gates_clear(m);
        assert_false(at::allclose(z, engine_model.forward(s, m, x, PDR_EVAL)->value, 1e-4, 1e-5));
        at::Tensor plain = engine_model.features(s, m, x, PDR_EVAL)->value;
        while (engine_model.units(m, layers))
            layers++;
        at::Tensor last = mask_of(engine_model.units(m, layers - 1), 2);
        assert_int_equal(layers, kind[6] == '1' ? 17 : 31);
        assert_int_equal(gate(s, m, "a", layers - 1, last), PDR_OK);
        assert_true(at::allclose(engine_model.features(s, m, x, PDR_EVAL)->value, plain * last, 1e-5, 1e-6));
        engine_scope_close(s);
        engine_model.discard(m);
        engine_model.discard(other);
    }
}

// ---- the Fisher information: squares of the gradients of single rows, by autograd one row after the other ----

static void the_fisher_information_of_a_gated_network(void **state)
{
    (void)state;
    const int64_t channels[] = {3, 5};
    pdr_model *m = of_maps("cnn", channels, true, nullptr, 0);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(6, 128, 1, true).reshape({6, 2, 8, 8}), y = at::arange(6).remainder(4);
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(gate(s, m, "a", i, mask_of(engine_model.units(m, i), i) + 0.25), PDR_OK);
    std::vector<at::Tensor> leaves;
    for (int64_t i = 0; i < m->blocks.count; i++)
        leaves.push_back(m->blocks.at[i].leaf->value);
    at::Tensor empirical = at::zeros({m->blocks.size}), exact = at::zeros({m->blocks.size});
    for (int64_t row = 0; row < 6; row++) {
        at::Tensor log_p =
            at::log_softmax(engine_model.forward(s, m, held(s, x.narrow(0, row, 1)), PDR_EVAL)->value, 1)[0];
        for (int64_t label = 0; label < 4; label++) {
            at::Tensor square = flat(torch::autograd::grad({log_p[label]}, leaves, {}, true)).square();
            exact += square * log_p[label].exp().item<double>();
            if (label == y[row].item<int64_t>())
                empirical += square;
        }
    }
    const at::Tensor want[] = {exact, empirical};
    const engine_fisher_mode modes[] = {ENGINE_FISHER_EXACT, ENGINE_FISHER_EMPIRICAL};
    for (int i = 0; i < 2; i++) {
        pdr_tensor *into = held(s, at::zeros({m->blocks.size}));
        assert_int_equal(engine_fisher(s, m, held(s, x), held(s, y), nullptr, modes[i], nullptr, into), PDR_OK);
        print_message("%s: %.1e from one row after the other\n", i ? "empirical" : "exact",
                      apart(into->value, want[i]));
        assert_true(apart(into->value, want[i]) < 1e-5);
    }
    engine_scope_close(s);
    engine_model.discard(m);
}

int main()
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outputs_and_gradients_of_a_gated_network),
                                       cmocka_unit_test(a_snapshot_has_the_gates_of_its_moment),
                                       cmocka_unit_test(masks_that_do_not_fit),
                                       cmocka_unit_test(convolutions_are_gated_by_channel),
                                       cmocka_unit_test(where_the_output_of_a_listed_layer_stands),
                                       cmocka_unit_test(residual_networks),
                                       cmocka_unit_test(the_fisher_information_of_a_gated_network)};
    return judge_run(tests, sizeof tests / sizeof *tests);
}
