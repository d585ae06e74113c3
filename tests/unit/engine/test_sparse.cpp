// The first layer by its sparse products: each width of them against double precision, and whole networks against
// LibTorch's autograd.
#include "judge.hpp"

#include <limits>

extern "C" {
#include "engine/planned.h"
}

static const float COLOUR = -0.4242f; // of a background that is not 0

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor p = a.detach().to(at::kDouble), q = b.detach().to(at::kDouble);
    return p.sub(q).norm().item<double>() / (1e-12 + q.norm().item<double>());
}

// [rows, inputs]: background, and noise in a share of the places.
static at::Tensor picture(int64_t rows, int64_t inputs, double share, float background, int64_t number)
{
    at::Tensor ink = noise(rows, inputs, number, false).lt(share);
    return noise(rows, inputs, 50 + number, true).where(ink, at::full({}, background));
}

// ---- the loops ----

struct listed {
    std::vector<sparse_entry> entries;
    std::vector<uint32_t> begin = {0};
};

static listed list_of(const at::Tensor &x, float background) // a list for each row of x
{
    listed out;
    for (int64_t r = 0; r < x.size(0); r++) {
        for (int64_t k = 0; k < x.size(1); k++) {
            const float v = x[r][k].item<float>();
            if (v != background)
                out.entries.push_back({(uint32_t)(k * SPARSE_TILE), v - background});
        }
        out.begin.push_back((uint32_t)out.entries.size());
    }
    out.entries.push_back({});
    return out;
}

struct width {
    int lanes;
    void (*forward)(const sparse_lists *l, const float *weight, const float *bias, float *out);
    void (*weights)(const sparse_lists *l, const float *g, float *to);
};

// How far a product is from the exact one, measured by its terms: these may cancel.
static double off(const at::Tensor &got, const at::Tensor &a, const at::Tensor &b, const at::Tensor &plus)
{
    at::Tensor p = a.to(at::kDouble), q = b.to(at::kDouble), r = plus.to(at::kDouble);
    at::Tensor terms = p.abs().matmul(q.abs()).add(r.abs());
    return got.to(at::kDouble).sub(p.matmul(q).add(r)).norm().item<double>() / terms.norm().item<double>();
}

static void one_size(const width &w, int64_t rows, int64_t inputs, int64_t units, float background)
{
    at::Tensor x = picture(rows, inputs, 0.3, background, 1), weight = noise(units, inputs, 2, true),
               bias = noise(1, units, 3, true)[0], g = noise(rows, units, 4, true);
    at::Tensor tile = at::full({std::max(rows, inputs), SPARSE_TILE}, NAN), out = at::full({rows + 1, units}, NAN);
    listed by_row = list_of(x, background), by_input = list_of(x.t(), background);
    sparse_lists l = {
        rows, inputs, units, background, by_row.entries.data(), by_row.begin.data(), tile.mutable_data_ptr<float>()};
    w.forward(&l, weight.const_data_ptr<float>(), bias.const_data_ptr<float>(), out.mutable_data_ptr<float>());
    const double forward = off(out.narrow(0, 0, rows), x, weight.t(), bias);
    if (forward > 2e-7)
        fail_msg("%d lanes, [%d, %d] to %d: %g off", w.lanes, (int)rows, (int)inputs, (int)units, forward);
    assert_true(out[rows].isnan().all().item<bool>()); // nothing behind it was written
    l.entries = by_input.entries.data();
    l.begin = by_input.begin.data();
    for (float before : {NAN, 2.0f}) {
        at::Tensor to = at::full({units + 1, inputs}, before);
        w.weights(&l, g.const_data_ptr<float>(), to.mutable_data_ptr<float>());
        assert_true(off(to.narrow(0, 0, units), g.t(), x, at::zeros({1})) <= 2e-7);
        assert_true((before == 2 ? to[units].eq(2) : to[units].isnan()).all().item<bool>());
    }
}

static void sizes(void **)
{
#if defined(__x86_64__)
    const width widths[] = {{8, sparse_forward_256, sparse_weights_256}, {16, sparse_forward_512, sparse_weights_512}};
    for (const width &w : widths)
        for (int64_t units : {1, 16, 17, 37, 64, 100})
            for (int64_t inputs : {64, 71, 81})
                for (float background : {0.0f, COLOUR})
                    if (w.lanes <= sparse_lanes())
                        one_size(w, units % 2 ? 1 : 33, inputs, units, background);
#endif
}

// ---- when ----

static void the_background(void **)
{
    float c = 1;
    for (float colour : {0.0f, COLOUR}) {
        assert_true(sparse_background(picture(40, 784, 0.3, colour, 1).const_data_ptr<float>(), 40 * 784, &c));
        assert_true(c == colour);
    }
    assert_false(sparse_background(picture(40, 784, 0.8, 0, 1).const_data_ptr<float>(), 40 * 784, &c));
    for (double odd : {(double)NAN, (double)INFINITY})
        assert_false(sparse_background(at::full({100}, odd, at::kFloat).const_data_ptr<float>(), 100, &c));
    assert_false(sparse_background(nullptr, 0, &c));
}

// A fifth of MNIST's pixels are ink: by then it pays in large batches, and not in small ones or in a narrow layer.
static void where_it_pays(void **)
{
    const int64_t fifth = 128 * 784 / 5;
    assert_true(sparse_most(128, 784, 400) > fifth && sparse_most(128, 784, 100) > fifth);
    assert_true(sparse_most(128, 784, 400) < 128 * 784 / 2);
    assert_int_equal(sparse_most(20, 784, 400), 0);
    assert_int_equal(sparse_most(128, 32, 400), 0);
    assert_int_equal(sparse_most(128, 784, 4), 0);
    assert_int_equal(sparse_most(INT64_C(1) << 33, 784, 400), 0);
    assert_int_equal(sparse_most(1 << 20, 1 << 20, 400), 0);
}

// ---- networks ----

static const int64_t INPUTS = 200, BATCH = 64;

static pdr_model *network(double dropped)
{
    const engine_layer layers[] = {{dropped > 0 ? ENGINE_DROPOUT : ENGINE_FLATTEN, 0, 0, 0, 0, dropped},
                                   {ENGINE_LINEAR, 70, 0, 0, 0, 0},
                                   {ENGINE_RELU, 0, 0, 0, 0, 0},
                                   {ENGINE_LINEAR, 30, 0, 0, 0, 0},
                                   {ENGINE_RELU, 0, 0, 0, 0, 0}};
    const int64_t shape[] = {INPUTS};
    engine_network n = {};
    n.kind = "layers";
    n.shape = shape;
    n.rank = 1;
    n.outputs = 5;
    n.layers = dropped > 0 ? layers : layers + 1;
    n.layer_count = dropped > 0 ? 5 : 4;
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    error e = {};
    if (engine_model_build(&n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

struct step {
    at::Tensor logits, gradient;
};

static step step_by(const engine_executor &by, pdr_model *m, const at::Tensor &x)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *z = by.forward(s, m, held(s, x), nullptr);
    if (!z)
        fail_msg("%s", engine_scope_message(s));
    at::Tensor loss = z->value.mul(noise(x.size(0), 5, 7, true)).mean().add(z->value.square().mean());
    assert_int_equal(by.backward(s, m, held(s, loss), true), PDR_OK);
    step out = {z->value.detach().clone(), engine_model.flat_grads(m)->value.clone()};
    assert_int_equal(engine_scope_close(s), PDR_OK);
    return out;
}

static bool ran(const pdr_model *m) { return sparse_ran(m->planned->sparse); }

static void same_step(pdr_model *m, pdr_model *judge, const at::Tensor &x, bool sparse)
{
    const step got = step_by(engine_planned, m, x), want = step_by(engine_autograd, judge, x);
    assert_int_equal(ran(m), sparse && sparse_lanes());
    assert_true(apart(got.logits, want.logits) <= 1e-6);
    assert_true(apart(got.gradient, want.gradient) <= 1e-6);
}

// One after the other in the same buffers, which grow on the way.
static void kinds_of_batches(void **)
{
    pdr_model *m = network(0), *judge = network(0);
    for (float c : {0.0f, COLOUR}) {
        at::Tensor part = picture(BATCH, INPUTS, 0.1, c, 3);
        part.narrow(0, 0, 4).copy_(noise(4, INPUTS, 4, true)); // some rows are all ink
        same_step(m, judge, picture(BATCH, INPUTS, 0.15, c, 1), true);
        same_step(m, judge, at::full({BATCH, INPUTS}, c), true);
        same_step(m, judge, part, true);
        same_step(m, judge, picture(BATCH, INPUTS, 0.45, c, 5), false);
        same_step(m, judge, noise(BATCH, INPUTS, 6, true), false);
        same_step(m, judge, picture(1, INPUTS, 0.15, c, 7), false);
        same_step(m, judge, picture(3 * BATCH, INPUTS, 0.2, c, 8), true);
        same_step(m, judge, picture(INPUTS, BATCH * 2, 0.15, c, 9).t().narrow(1, 0, INPUTS), true); // not row by row
    }
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor doubles = picture(BATCH, INPUTS, 0.15, 0, 1).to(at::kDouble);
    assert_null(engine_planned.forward(s, m, held(s, doubles), nullptr));
    assert_int_equal(engine_scope_status(s), PDR_EINVALID);
    engine_scope_close(s);
    engine_model.discard(m);
    engine_model.discard(judge);
}

// -999 where a value is missing, in all columns but one: its numbers keep their digits.
static void a_background_far_away(void **)
{
    pdr_model *m = network(0), *judge = network(0);
    at::Tensor x = picture(BATCH, INPUTS, 0.15, -999, 1);
    x.select(1, 9).copy_(noise(1, BATCH, 2, true)[0]);
    const step got = step_by(engine_planned, m, x), want = step_by(engine_autograd, judge, x);
    const at::Tensor first = got.gradient.narrow(0, 0, 70 * INPUTS).view({70, INPUTS});
    assert_true(apart(first.select(1, 9), want.gradient.narrow(0, 0, 70 * INPUTS).view({70, INPUTS}).select(1, 9)) <=
                1e-5);
    assert_false(ran(m));
    same_step(m, judge, picture(BATCH, INPUTS, 0.15, -0.9f, 1), true);
    engine_model.discard(m);
    engine_model.discard(judge);
}

static void dropped_and_gated(void **)
{
    pdr_model *m = network(0.3), *judge = network(0.3);
    for (int64_t round = 0; round < 3; round++) {
        pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
        for (auto *one : {m, judge})
            if (round)
                assert_int_equal(engine_model_gate(s, one, "a", 0, held(s, noise(1, 70, round, false)[0])), PDR_OK);
        engine_scope_close(s);
        same_step(m, judge, picture(BATCH, INPUTS, 0.15, 0, round), true);
    }
    engine_model.discard(m);
    engine_model.discard(judge);
}

static at::Tensor trained(const engine_executor &by, float c, int64_t steps)
{
    const engine_optimizer_options sgd = {ENGINE_SGD, 0, 0, 0, 0, 0};
    pdr_model *m = network(0);
    engine_optimizer *update = engine_optimizer_open(m, &sgd);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    for (int64_t i = 0; i < steps; i++) {
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *z = by.forward(s, m, held(s, picture(BATCH, INPUTS, 0.15, c, i % 5)), nullptr);
        pdr_tensor *y = held(s, at::arange(BATCH).remainder(5));
        pdr_tensor *loss = T->mean(s, engine_row_loss(s, z, y, nullptr), PDR_ALL, 0);
        assert_int_equal(by.backward(s, m, loss, false), PDR_OK);
        assert_int_equal(engine_optimizer_step(s, update, 0.1, nullptr, 0), PDR_OK);
    }
    at::Tensor end = m->params->value.clone();
    engine_scope_close(s);
    engine_optimizer_close(update);
    engine_model.discard(m);
    return end;
}

static void steps_of_training(void **)
{
    for (float c : {0.0f, COLOUR}) {
        const double one = apart(trained(engine_planned, c, 1), trained(engine_autograd, c, 1)),
                     many = apart(trained(engine_planned, c, 100), trained(engine_autograd, c, 100));
        print_message("background %g: %.1e after one step, %.1e after 100\n", c, one, many);
        assert_true(one <= 1e-6);
        assert_true(many <= 1e-4);
    }
}

// The same numbers give the same bits, whatever the buffers held before and however large they are.
static void same_bits(void **)
{
    pdr_model *m = network(0), *fresh = network(0);
    at::Tensor x = picture(BATCH, INPUTS, 0.15, COLOUR, 1);
    const step first = step_by(engine_planned, m, x);
    step_by(engine_planned, m, picture(4 * BATCH, INPUTS, 0.2, 0, 2));
    step_by(engine_planned, m, noise(BATCH, INPUTS, 3, true));
    const step again = step_by(engine_planned, m, x), other = step_by(engine_planned, fresh, x);
    for (const step &s : {again, other})
        assert_true(s.logits.equal(first.logits) && s.gradient.equal(first.gradient));
    engine_model.discard(m);
    engine_model.discard(fresh);
}

// ---- what is not finite ----

static bool finite(const at::Tensor &t) { return t.isfinite().all().item<bool>(); }

// A weight that only background meets, by which the dense product is not finite either.
static void weights_not_finite(void **)
{
    for (float c : {0.0f, COLOUR})
        for (float value : {NAN, INFINITY, -INFINITY}) {
            pdr_model *m = network(0);
            at::Tensor x = picture(BATCH, INPUTS, 0.15, c, 1);
            x.select(1, 7).fill_(c);
            m->params->value[7] = value; // of unit 0
            pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
            assert_non_null(engine_planned.forward(s, m, held(s, x), nullptr));
            assert_int_equal(ran(m), sparse_lanes() != 0);
            at::Tensor made = at::from_blob(m->planned->layers[0].out, {BATCH, 70}, at::kFloat).select(1, 0);
            assert_false(made.eq(0).logical_not().logical_and(made.isfinite()).any().item<bool>()); // after the relu
            assert_true(c != 0 || made.isnan().all().item<bool>());
            engine_scope_close(s);
            engine_model.discard(m);
        }
}

// Whatever the dense step's gradient notices, this one's does.
static void rows_not_finite(void **)
{
    for (float c : {0.0f, COLOUR})
        for (float value : {NAN, INFINITY}) {
            pdr_model *m = network(0), *judge = network(0);
            at::Tensor x = picture(BATCH, INPUTS, 0.15, c, 1);
            x[5][9] = value;
            const step got = step_by(engine_planned, m, x), want = step_by(engine_autograd, judge, x);
            assert_int_equal(ran(m), sparse_lanes() != 0);
            assert_false(finite(want.logits) || finite(got.logits));
            const int64_t first = 70 * INPUTS;
            assert_false(finite(want.gradient.narrow(0, 0, first)) || finite(got.gradient.narrow(0, 0, first)));
            engine_model.discard(m);
            engine_model.discard(judge);
        }
}

// A gradient that is not finite in one row reaches all weights of its unit, also where that row is background.
static void gradients_not_finite(void **)
{
    float numbers[BATCH * 2] = {0};
    at::Tensor x = picture(BATCH, INPUTS, 0.15, 0, 1), to = at::zeros({40, INPUTS}), weight = at::zeros({40, INPUTS});
    at::Tensor g = noise(BATCH, 40, 2, true), out = at::empty({BATCH, 40});
    g[3][4] = std::numeric_limits<float>::infinity();
    planned_sparse *z = nullptr;
    const sparse_layer l = {BATCH, INPUTS, 40, x.const_data_ptr<float>()};
    if (sparse_forward(&z, &l, weight.const_data_ptr<float>(), numbers, out.mutable_data_ptr<float>())) {
        assert_true(sparse_weights(z, g.const_data_ptr<float>(), to.mutable_data_ptr<float>()));
        assert_false(to[4].isfinite().any().item<bool>());
        assert_true(finite(to.narrow(0, 5, 35)));
    }
    assert_int_equal(sparse_ran(z), sparse_lanes() != 0);
    sparse_free(z);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(the_background),
        cmocka_unit_test(where_it_pays),
        cmocka_unit_test(kinds_of_batches),
        cmocka_unit_test(a_background_far_away),
        cmocka_unit_test(dropped_and_gated),
        cmocka_unit_test(steps_of_training),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(weights_not_finite),
        cmocka_unit_test(rows_not_finite),
        cmocka_unit_test(gradients_not_finite),
    };
    return judge_run(tests, sizeof tests / sizeof *tests);
}
