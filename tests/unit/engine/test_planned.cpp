// The planned executor against LibTorch's autograd: the same network twice, each layer alone, each kind whole, one step and a
// hundred. "Far" is norm-wise: ||a - b|| / ||b||.
#include "judge.hpp"

#include <cstdio>
#include <string>

extern "C" {
#include "engine/planned.h"
}

using sizes = std::vector<int64_t>;
using layer_list = std::vector<engine_layer>;

static engine_network shaped(const char *kind, const sizes &shape, int64_t outputs)
{
    engine_network n = {};
    n.kind = kind;
    n.shape = shape.data();
    n.rank = (int64_t)shape.size();
    n.outputs = outputs;
    return n;
}

static pdr_model *build(const engine_network &n)
{
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    error e = {};
    if (engine_model_build(&n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static at::Tensor batch(const engine_network &n, int64_t rows, int64_t number)
{
    sizes shape(n.shape, n.shape + n.rank);
    int64_t inputs = 1;
    for (int64_t d : shape)
        inputs *= d;
    shape.insert(shape.begin(), rows);
    return noise(rows, inputs, number, true).reshape(shape);
}

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor p = a.detach().to(at::kDouble), q = b.detach().to(at::kDouble);
    return p.sub(q).norm().item<double>() / (1e-12 + q.norm().item<double>());
}

// A loss that every logit, and every feature, has its own share of.
static at::Tensor loss_of(const at::Tensor &z, const at::Tensor &f, int64_t number)
{
    at::Tensor loss = z.mul(noise(z.size(0), z.size(1), 200 + number, true)).sum().add(z.square().mean());
    return f.defined() ? loss.add(f.mul(noise(f.size(0), f.size(1), 300 + number, true)).sum()) : loss;
}

struct pass {
    at::Tensor logits, features, gradient;
};

static pass pass_by(const engine_executor &by, pdr_model *m, const at::Tensor &x, int64_t number, bool features)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *f = nullptr, *z = by.forward(s, m, held(s, x), features ? &f : nullptr);
    if (!z)
        fail_msg("%s", engine_scope_message(s));
    pdr_tensor *loss = held(s, loss_of(z->value, f ? f->value : at::Tensor(), number));
    if (by.backward(s, m, loss, true))
        fail_msg("%s", engine_scope_message(s));
    pass out = {z->value.detach().clone(), f ? f->value.detach().clone() : at::Tensor(),
                engine_model.flat_grads(m)->value.clone()};
    assert_int_equal(engine_scope_close(s), PDR_OK);
    return out;
}

// Batch norms divide by deviations, and so enlarge what was rounded differently before them: a network may have twenty.
static double tolerance(const pdr_model *m) { return !m->buffers.count ? 1e-6 : m->buffers.count > 8 ? 4e-6 : 2e-6; }

static void blocks_agree(const pdr_model *m, const at::Tensor &got, const at::Tensor &want, const char *name)
{
    const double most = tolerance(m);
    for (int64_t i = 0; i < m->blocks.count; i++) {
        const pdr_block *b = &m->blocks.at[i].about;
        at::Tensor p = got.narrow(0, b->first, b->count), q = want.narrow(0, b->first, b->count);
        // what batch norm takes away again is noise around 0
        if (p.sub(q).norm().item<double>() > most * q.norm().item<double>() + most * want.norm().item<double>())
            fail_msg("%s: the gradient of %s is %g apart; its length is %g of %g", name, b->name, apart(p, q),
                     q.norm().item<double>(), want.norm().item<double>());
    }
}

// Batches of several sizes, so that buffers grow and are used in part; running means move on both sides.
static void same_steps(const engine_network &n, const char *name, bool features = false)
{
    pdr_model *m = build(n), *judge = build(n);
    int64_t number = 0;
    for (int64_t rows : {6, 3, 9, 6}) {
        at::Tensor x = batch(n, rows, ++number);
        pass got = pass_by(engine_planned, m, x, number, features),
             want = pass_by(engine_autograd, judge, x, number, features);
        if (apart(got.logits, want.logits) > tolerance(m))
            fail_msg("%s: logits are %g apart", name, apart(got.logits, want.logits));
        assert_true(!features || apart(got.features, want.features) <= tolerance(m));
        blocks_agree(m, got.gradient, want.gradient, name);
        assert_true(!m->moving || apart(m->moving->value, judge->moving->value) <= tolerance(m));
        assert_int_equal(m->dropout.drawn, judge->dropout.drawn);
    }
    engine_model.discard(m);
    engine_model.discard(judge);
}

static engine_layer of(engine_layer_kind kind, int64_t size = 0, double rate = 0)
{
    return {kind, size, 0, 0, 0, rate};
}

static void each_layer(void **)
{
    const engine_layer linear = of(ENGINE_LINEAR, 7), relu = of(ENGINE_RELU), tanh = of(ENGINE_TANH),
                       norm = of(ENGINE_BATCH_NORM), sigmoid = of(ENGINE_SIGMOID),
                       leaky = of(ENGINE_LEAKY_RELU, 0, 0.2), drop = of(ENGINE_DROPOUT, 0, 0.4),
                       none = of(ENGINE_DROPOUT, 0, 0), flat = of(ENGINE_FLATTEN);
    const engine_layer conv = {ENGINE_CONV, 4, 3, 1, 1, 0}, strided = {ENGINE_CONV, 5, 2, 2, 0, 0};
    const struct {
        const char *name;
        layer_list layers;
    } cases[] = {
        {"no layer", {}},
        {"linear", {linear}},
        {"two linear", {linear, of(ENGINE_LINEAR, 5)}},
        {"relu", {linear, relu, linear}},
        {"relu alone", {relu, linear}},
        {"relu twice", {linear, relu, relu}},
        {"leaky relu", {linear, leaky, linear}},
        {"leaky relu that turns", {linear, of(ENGINE_LEAKY_RELU, 0, -0.5), linear}},
        {"tanh, relu", {linear, tanh, relu, linear}},
        {"sigmoid", {linear, sigmoid, linear, sigmoid}},
        {"dropout", {linear, relu, drop, linear, drop}},
        {"dropout of the rows", {drop, linear}},
        {"dropout of nothing", {linear, none, linear}},
        {"batch norm of units", {linear, norm, relu, linear, norm}},
        {"batch norm first", {flat, norm, linear}},
        {"flatten first", {flat, linear, relu}},
        {"conv", {conv}},
        {"two conv", {conv, strided, relu}},
        {"conv, activations", {conv, relu, conv, leaky, conv, tanh, conv, sigmoid}},
        {"activations of the rows", {tanh, relu, conv, tanh, relu}},
        {"max pool", {conv, {ENGINE_MAX_POOL, 0, 2, 2, 0, 0}, conv, {ENGINE_MAX_POOL, 0, 3, 1, 1, 0}}},
        {"average pool", {conv, {ENGINE_AVERAGE_POOL, 0, 3, 2, 1, 0}, conv}},
        {"pool first", {{ENGINE_AVERAGE_POOL, 0, 2, 0, 0, 0}, conv, relu, linear}},
        {"batch norm of maps", {conv, norm, relu, conv, norm}},
        {"batch norm of the rows", {norm, conv}},
        {"dropout of maps", {conv, relu, drop, conv, drop, linear}},
        {"dropout of nothing, of maps", {conv, relu, none, conv, tanh, none, conv, leaky, none, conv, norm, none}},
    };
    const sizes maps = {2, 8, 9};
    for (const auto &c : cases)
        for (bool features : {false, true}) {
            engine_network n = shaped("layers", maps, 3);
            n.layers = c.layers.data();
            n.layer_count = (int64_t)c.layers.size();
            same_steps(n, c.name, features);
        }
}

static void whole_networks(void **)
{
    const sizes flat = {20}, grey = {9, 9}, colour = {3, 10, 12};
    const int64_t hidden[] = {30, 20}, channels[] = {4, 5, 3};
    engine_network n = shaped("mlp", flat, 4);
    same_steps(n, "mlp without hidden layers");
    n.hidden = hidden;
    n.hidden_count = 2;
    same_steps(n, "mlp", true);
    for (bool normed : {false, true}) {
        n = shaped("cnn", colour, 4);
        n.channels = channels;
        n.channel_count = 3;
        n.hidden = hidden;
        n.hidden_count = 1;
        n.batch_norm = normed;
        same_steps(n, normed ? "cnn with batch norm" : "cnn", true);
    }
    n = shaped("resnet18", colour, 4);
    n.width = 3;
    same_steps(n, "resnet18", true);
    n = shaped("resnet32", grey, 4);
    n.width = 2;
    same_steps(n, "resnet32");
}

// ---- a hundred steps ----

static double apart_after(const engine_network &n, const engine_optimizer_options &o, double lr, int64_t steps)
{
    const engine_executor *by[] = {&engine_planned, &engine_autograd};
    at::Tensor end[2];
    for (int k = 0; k < 2; k++) {
        pdr_model *m = build(n);
        engine_optimizer *update = engine_optimizer_open(m, &o);
        pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
        for (int64_t i = 0; i < steps; i++) {
            engine_scope_clear(s, PDR_GRAD);
            pdr_tensor *z = by[k]->forward(s, m, held(s, batch(n, ROWS, i % 5)), nullptr);
            pdr_tensor *y = held(s, at::arange(ROWS).remainder(n.outputs));
            pdr_tensor *loss = T->mean(s, engine_row_loss(s, z, y, nullptr), PDR_ALL, 0);
            assert_int_equal(by[k]->backward(s, m, loss, false), PDR_OK);
            assert_int_equal(engine_optimizer_step(s, update, lr, nullptr, 0), PDR_OK);
        }
        end[k] = m->params->value.clone();
        engine_scope_close(s);
        engine_optimizer_close(update);
        engine_model.discard(m);
    }
    return apart(end[0], end[1]);
}

static void steps_of_training(void **)
{
    const struct {
        const char *name;
        engine_optimizer_options options;
        double lr;
    } optimizers[] = {{"sgd", {ENGINE_SGD, 0, 0, 0, 0, 0}, 0.1},
                      {"momentum", {ENGINE_SGD, 0.9, 1e-3, 0, 0, 0}, 0.05},
                      {"adam", {ENGINE_ADAM, 0, 0, 0.9, 0.999, 1e-8}, 1e-3}};
    const sizes flat = {20}, maps = {2, 8, 8};
    const int64_t hidden[] = {30, 20}, channels[] = {4, 5};
    engine_network mlp = shaped("mlp", flat, 4), cnn = shaped("cnn", maps, 4);
    mlp.hidden = cnn.hidden = hidden;
    mlp.hidden_count = cnn.hidden_count = 2;
    cnn.channels = channels;
    cnn.channel_count = 2;
    for (const engine_network &n : {mlp, cnn})
        for (auto &o : optimizers) {
            double one = apart_after(n, o.options, o.lr, 1), many = apart_after(n, o.options, o.lr, 100);
            print_message("%-4s %-9s %.1e after one step, %.1e after 100\n", n.kind, o.name, one, many);
            assert_true(one <= 1e-6);
            assert_true(many <= 1e-4);
        }
}

// ---- gates and heads ----

static void gates(void **)
{
    const sizes maps = {2, 8, 8};
    const int64_t hidden[] = {12}, channels[] = {4, 5};
    engine_network n = shaped("cnn", maps, 3);
    n.channels = channels;
    n.channel_count = 2;
    n.hidden = hidden;
    n.hidden_count = 1;
    pdr_model *m[] = {build(n), build(n)};
    auto both = [&](int64_t layer, const at::Tensor &mask) {
        pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
        for (auto *one : m)
            assert_int_equal(engine_model_gate(s, one, "a", layer, mask.defined() ? held(s, mask) : nullptr), PDR_OK);
        engine_scope_close(s);
    };
    for (int64_t i = 0; i < 5; i++) {
        pass got = pass_by(engine_planned, m[0], batch(n, 6, i), i, i == 3),
             want = pass_by(engine_autograd, m[1], batch(n, 6, i), i, i == 3);
        assert_true(apart(got.logits, want.logits) <= 1e-6);
        blocks_agree(m[0], got.gradient, want.gradient, "gated");
        if (i == 0)
            both(2, noise(1, 12, 1, true)[0]); // a layer of units, below 0 as well
        if (i == 1)
            both(0, noise(1, 4, 2, false)[0]);
        if (i == 2)
            both(2, noise(1, 12, 3, false)[0].gt(0.5).to(at::kFloat));
        if (i == 3)
            both(2, {});
    }
    engine_model.discard(m[0]);
    engine_model.discard(m[1]);
}

// The gate that a step's forward had counts in its backward, whatever is set in between.
static void a_gate_between(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0), *judge = mlp(WIDTH, 3, 0);
    pdr_model *both[] = {m, judge};
    const engine_executor *by[] = {&engine_planned, &engine_autograd};
    at::Tensor g[2];
    for (int k = 0; k < 2; k++) {
        pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
        engine_model_gate(s, both[k], "a", 1, held(s, noise(1, 20, 1, false)[0]));
        pdr_tensor *z = by[k]->forward(s, both[k], held(s, noise(ROWS, WIDTH, 1, true)), nullptr);
        engine_model_gate(s, both[k], "a", 1, held(s, noise(1, 20, 2, false)[0]));
        assert_int_equal(by[k]->backward(s, both[k], held(s, loss_of(z->value, {}, 1)), true), PDR_OK);
        g[k] = engine_model.flat_grads(both[k])->value.clone();
        engine_scope_close(s);
    }
    assert_true(apart(g[0], g[1]) <= 1e-6);
    engine_model.discard(m);
    engine_model.discard(judge);
}

// Only the columns of one head have a loss; the others get zeros, also where numbers stood before.
static void several_heads(void **)
{
    const int64_t inputs = WIDTH, hidden[] = {30};
    engine_network n = {};
    n.kind = "mlp";
    n.hidden = hidden;
    n.hidden_count = 1;
    n.shape = &inputs;
    n.rank = 1;
    n.outputs = 4;
    n.grows = true;
    pdr_model *m[] = {build(n), build(n)};
    const engine_executor *by[] = {&engine_planned, &engine_autograd};
    at::Tensor g[2], z[2];
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < 2; k++) {
            random_stream r = random_open(1, "weights", "head", round);
            if (round == 1)
                assert_int_equal(engine_model_grow(m[k], 3, &r, nullptr), 0);
            pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
            pdr_tensor *logits = by[k]->forward(s, m[k], held(s, noise(ROWS, WIDTH, round, true)), nullptr);
            at::Tensor part = round == 1 ? logits->value.narrow(1, 4, 3) : logits->value;
            assert_int_equal(by[k]->backward(s, m[k], held(s, loss_of(part, {}, round)), true), PDR_OK);
            z[k] = logits->value.detach().clone();
            g[k] = engine_model.flat_grads(m[k])->value.clone();
            engine_scope_close(s);
        }
        assert_true(apart(z[0], z[1]) <= 1e-6);
        blocks_agree(m[0], g[0], g[1], "heads");
    }
    engine_model.discard(m[0]);
    engine_model.discard(m[1]);
}

// A loss on the features alone, and one on nothing of the network: zeros, as autograd has it.
static void losses_that_reach_little(void **)
{
    pdr_model *m[] = {mlp(WIDTH, 3, 0), mlp(WIDTH, 3, 0)};
    const engine_executor *by[] = {&engine_planned, &engine_autograd};
    for (bool none : {false, true}) {
        at::Tensor g[2];
        for (int k = 0; k < 2; k++) {
            pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
            pdr_tensor *f = nullptr;
            by[k]->forward(s, m[k], held(s, noise(ROWS, WIDTH, 1, true)), &f);
            at::Tensor apart_of_it = at::ones({2}).requires_grad_(true);
            at::Tensor loss = none ? apart_of_it.sum() : f->value.square().sum();
            assert_int_equal(by[k]->backward(s, m[k], held(s, loss), true), PDR_OK);
            g[k] = engine_model.flat_grads(m[k])->value.clone();
            engine_scope_close(s);
        }
        assert_true(none ? g[0].equal(at::zeros_like(g[0])) && g[1].equal(g[0]) : apart(g[0], g[1]) <= 1e-6);
    }
    engine_model.discard(m[0]);
    engine_model.discard(m[1]);
}

// ---- the loss of the step ----

static const int64_t FIRST[] = {0, 0, 2, 2, 2}, COUNT[] = {2, 2, 3, 3, 3}; // runs by label

// The same loss twice: as the executor has it, and of row_loss() and what follows. `more`: something is built on both.
static pass loss_by(pdr_model *m, bool own, const engine_mask *mask, const at::Tensor &y, const at::Tensor &weights,
                    bool more)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *z = engine_planned.forward(s, m, held(s, noise(ROWS, WIDTH, 1, true)), nullptr), *loss = nullptr;
    pdr_tensor *labels = held(s, y), *rows = nullptr;
    if (own)
        rows = engine_planned.loss(s, m, z, labels, mask, weights.defined() ? held(s, weights) : nullptr, &loss);
    else
        rows = engine_row_loss(s, z, labels, mask);
    if (!rows)
        fail_msg("%s", engine_scope_message(s));
    if (!own)
        loss = held(s, weights.defined() ? rows->value.mul(weights).sum() : rows->value.mean());
    at::Tensor total = more ? loss->value.square().add(rows->value.mul(noise(1, ROWS, 9, true)[0]).sum()) : loss->value;
    pass out = {rows->value.detach().clone(), loss->value.detach().clone(), {}};
    assert_int_equal(engine_planned.backward(s, m, more ? held(s, total) : loss, false), PDR_OK);
    out.gradient = engine_model.flat_grads(m)->value.clone();
    assert_int_equal(engine_scope_close(s), PDR_OK);
    return out;
}

static void losses_of_rows(void **)
{
    pdr_model *m = mlp(WIDTH, 5, 0);
    engine_mask run = {}, end = {}, by_label = {};
    run.count = 3;
    end.first = 2;
    end.count = 3;
    by_label.first_of = FIRST;
    by_label.count_of = COUNT;
    by_label.columns = 5;
    at::Tensor weights = noise(1, ROWS, 5, false)[0], all = at::arange(ROWS).remainder(5), some = all.clone();
    some.slice(0, 3, 6).fill_(-1);
    weights.slice(0, 3, 6).fill_(0);
    const struct {
        const engine_mask *mask;
        at::Tensor y;
    } cases[] = {
        {nullptr, all}, {nullptr, some}, {&by_label, some}, {&run, all.remainder(3)}, {&end, all.remainder(3).add(2)}};
    for (const auto &c : cases)
        for (bool weighted : {false, true})
            for (bool more : {false, true}) {
                pass got = loss_by(m, true, c.mask, c.y, weighted ? weights : at::Tensor(), more),
                     want = loss_by(m, false, c.mask, c.y, weighted ? weights : at::Tensor(), more);
                assert_true(apart(got.logits, want.logits) <= 1e-6);
                assert_true(apart(got.features, want.features) <= 1e-6);
                assert_true(apart(got.gradient, want.gradient) <= 2e-6);
            }
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    for (int64_t y : {2, 5, -2}) {
        pdr_tensor *loss = nullptr, *z = engine_planned.forward(s, m, held(s, noise(1, WIDTH, 1, true)), nullptr);
        engine_mask heads = by_label;
        const engine_mask *mask = y == 2 ? &run : &heads;
        run.count = 2;
        assert_null(engine_planned.loss(s, m, z, held(s, at::full({1}, y, at::kLong)), mask, nullptr, &loss));
        refused(s, engine_scope_status(s), PDR_EINVALID, "out of bounds");
    }
    engine_scope_close(s);
    engine_model.discard(m);
}

// A row that counts nothing may hold what it likes.
static void a_row_without_weight(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(4, WIDTH, 1, true), weights = at::full({4}, 0.25f);
    x.select(0, 1).fill_(INFINITY);
    weights[1] = 0;
    for (bool built : {false, true}) {
        pdr_tensor *loss = nullptr, *z = engine_planned.forward(s, m, held(s, x), nullptr);
        engine_planned.loss(s, m, z, held(s, at::zeros({4}, at::kLong)), nullptr, held(s, weights), &loss);
        assert_true(std::isfinite(loss->value.item<float>()));
        at::Tensor above = torch::autograd::grad({loss->value}, {z->value}, {}, true)[0];
        assert_true(above.isfinite().all().item<bool>());
        if (built)
            loss = held(s, loss->value.mul(2));
        assert_int_equal(engine_planned.backward(s, m, loss, false), PDR_OK);
    }
    engine_scope_close(s);
    engine_model.discard(m);
}

// ---- memory ----

static void buffers_are_made_once(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0);
    pass first = pass_by(engine_planned, m, noise(ROWS, WIDTH, 1, true), 1, false);
    const void *memory = m->planned->memory->value.const_data_ptr(), *gradients = m->gradients->value.const_data_ptr();
    for (int64_t rows : {ROWS, (int64_t)3, ROWS - 1, ROWS}) {
        pass_by(engine_planned, m, noise(rows, WIDTH, 2, true), 2, false);
        assert_ptr_equal(m->planned->memory->value.const_data_ptr(), memory);
        assert_ptr_equal(m->gradients->value.const_data_ptr(), gradients);
    }
    assert_int_equal(m->planned->rows_held, ROWS);
    pass again = pass_by(engine_planned, m, noise(ROWS, WIDTH, 1, true), 1, false); // the same bits
    assert_true(again.gradient.equal(first.gradient));
    pass_by(engine_planned, m, noise(ROWS + 1, WIDTH, 2, true), 2, false);
    assert_int_equal(m->planned->rows_held, ROWS + 1);
    engine_model.discard(m);
}

static void logits_may_be_kept(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *f = nullptr, *z = engine_planned.forward(s, m, held(s, noise(ROWS, WIDTH, 1, true)), &f);
    assert_true(z->value.is_leaf() && z->value.requires_grad() && f->value.is_leaf() && f->value.requires_grad());
    pdr_tensor *kept = engine_keep(nullptr, z), *features = engine_keep(nullptr, f);
    at::Tensor logits = z->value.detach().clone(), values = f->value.detach().clone();
    engine_scope_close(s);
    pass_by(engine_planned, m, noise(ROWS, WIDTH, 2, true), 2, true);
    assert_true(kept->value.equal(logits) && features->value.equal(values));
    engine_release(kept);
    engine_release(features);
    engine_model.discard(m);
}

// What a graph or a forward of a strategy's own does in between leaves the step alone.
static void a_forward_between(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0);
    at::Tensor x = noise(ROWS, WIDTH, 1, true);
    pass want = pass_by(engine_planned, m, x, 1, false);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD), *own = engine_scope_open(nullptr, PDR_NO_GRAD);
    pdr_tensor *z = engine_planned.forward(s, m, held(s, x), nullptr);
    engine_model.forward(own, m, held(own, noise(ROWS, WIDTH, 2, true)), PDR_TRAIN);
    pdr_tensor *other = engine_model.forward(s, m, held(s, noise(4, WIDTH, 2, true)), PDR_EVAL);
    assert_non_null(engine_model.gradient(s, m, held(s, other->value.sum())));
    pdr_model *copy = engine_model.snapshot(nullptr, m);
    assert_null(copy->planned);
    assert_int_equal(engine_planned.backward(s, m, held(s, loss_of(z->value, {}, 1)), false), PDR_OK);
    assert_true(engine_model.flat_grads(m)->value.equal(want.gradient));
    engine_scope_close(own);
    engine_scope_close(s);
    engine_model.discard(copy);
    engine_model.discard(m);
}

// Both executors may take turns on one model.
static void executors_in_turns(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0);
    at::Tensor x = noise(ROWS, WIDTH, 1, true), want = pass_by(engine_planned, m, x, 1, false).gradient;
    for (int i = 0; i < 2; i++) {
        assert_true(apart(pass_by(engine_autograd, m, x, 1, false).gradient, want) <= 1e-6);
        assert_true(pass_by(engine_planned, m, x, 1, false).gradient.equal(want));
    }
    engine_model.discard(m);
}

// ---- refusals ----

static void what_is_refused(void **)
{
    pdr_model *m = mlp(WIDTH, 3, 0), *copy = engine_model.snapshot(nullptr, m);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD), *other = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor x = noise(ROWS, WIDTH, 1, true);
    auto forward = [&] { return engine_planned.forward(s, m, held(s, x), nullptr)->value.sum(); };
    refused(s, engine_planned.backward(s, m, held(s, at::ones({}).requires_grad_(true)), false), PDR_EINVALID,
            "no forward of this step");
    at::Tensor loss = forward();
    refused(other, engine_planned.backward(other, m, held(other, loss), false), PDR_EINVALID, "in the same scope");
    assert_int_equal(engine_planned.backward(s, m, held(s, loss), false), PDR_OK);
    refused(s, engine_planned.backward(s, m, held(s, forward().detach()), false), PDR_EINVALID,
            "a loss without a graph");
    refused(s, engine_planned.backward(s, m, held(s, at::ones({2}).requires_grad_(true)), false), PDR_EINVALID,
            "scalar");
    loss = forward();
    m->params->value.mul_(2);
    refused(s, engine_planned.backward(s, m, held(s, loss), false), PDR_EINVALID, "parameters that were written since");
    loss = forward();
    x.mul_(2);
    refused(s, engine_planned.backward(s, m, held(s, loss), false), PDR_EINVALID, "rows that were written since");
    assert_null(engine_planned.forward(s, m, held(s, x.to(at::kDouble)), nullptr));
    refused(s, engine_scope_status(s), PDR_EINVALID, "found x of Double");
    assert_null(engine_planned.forward(s, m, held(s, x.narrow(1, 0, 7)), nullptr));
    refused(s, engine_scope_status(s), PDR_EINVALID, "the network takes rows of 20");
    assert_null(engine_planned.forward(s, copy, held(s, x), nullptr));
    refused(s, engine_scope_status(s), PDR_EINVALID, "a snapshot");
    refused(s, engine_planned.backward(s, copy, held(s, loss), false), PDR_EINVALID, "a snapshot");
    assert_int_equal(engine_scope_mode(s, PDR_GRAD), PDR_GRAD); // whatever went wrong
    engine_scope_close(s);
    engine_scope_close(other);
    engine_model.discard(copy);
    engine_model.discard(m);
}

static void one_row_has_no_variance(void **)
{
    const sizes flat = {5};
    const engine_layer layers[] = {of(ENGINE_LINEAR, 4), of(ENGINE_BATCH_NORM)};
    engine_network n = shaped("layers", flat, 2);
    n.layers = layers;
    n.layer_count = 2;
    pdr_model *m = build(n);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    assert_null(engine_planned.forward(s, m, held(s, noise(1, 5, 1, true)), nullptr));
    refused(s, engine_scope_status(s), PDR_EINVALID, "one value a channel");
    engine_scope_close(s);
    engine_model.discard(m);
}

// ---- products ----

static void products_by_tensors(void **)
{
    const at::Tensor a = noise(7, 5, 1, true), b = noise(5, 6, 2, true);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    for (int turned = 0; turned < 4; turned++)
        for (float beta : {0.0f, 1.0f}) {
            const bool ta = turned & 1, tb = turned & 2;
            at::Tensor left = ta ? a.contiguous() : a.t().contiguous(),
                       right = tb ? b.contiguous() : b.t().contiguous();
            at::Tensor want = a.matmul(b).add(beta), got[2];
            for (int k = 0; k < 2; k++) {
                at::Tensor c = at::full({6, 9}, beta == 0 ? NAN : 1.0f); // column by column, 9 apart
                const planned_product p = {ta,
                                           tb,
                                           7,
                                           6,
                                           5,
                                           left.const_data_ptr<float>(),
                                           ta ? 5 : 7,
                                           right.const_data_ptr<float>(),
                                           tb ? 6 : 5,
                                           beta,
                                           c.mutable_data_ptr<float>(),
                                           9};
                (k ? planned_multiply_by_tensors : planned_multiply)(s, &p);
                got[k] = c.narrow(1, 0, 7).t();
            }
            assert_true(apart(got[0], want) <= 1e-6);
            assert_true(apart(got[1], want) <= 1e-6);
        }
    assert_int_equal(engine_scope_close(s), PDR_OK);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_layer),
        cmocka_unit_test(whole_networks),
        cmocka_unit_test(steps_of_training),
        cmocka_unit_test(gates),
        cmocka_unit_test(a_gate_between),
        cmocka_unit_test(several_heads),
        cmocka_unit_test(losses_that_reach_little),
        cmocka_unit_test(losses_of_rows),
        cmocka_unit_test(a_row_without_weight),
        cmocka_unit_test(buffers_are_made_once),
        cmocka_unit_test(logits_may_be_kept),
        cmocka_unit_test(a_forward_between),
        cmocka_unit_test(executors_in_turns),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(one_row_has_no_variance),
        cmocka_unit_test(products_by_tensors),
    };
    return judge_run(tests, sizeof tests / sizeof *tests);
}
