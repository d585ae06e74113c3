// Networks against the same networks written in bare LibTorch: logits, gradients, running statistics.
#include <torch/nn/modules/batchnorm.h>

#include <csetjmp>
#include <cstdarg>
#include <functional>
#include <map>
#include <string>

#include "engine/inside.hpp"
extern "C" {
#include "engine/model.h"
#include <cmocka.h>
}

using tensors = std::map<std::string, at::Tensor>;
using judge = std::function<at::Tensor(tensors &, at::Tensor, bool)>;

static pdr_model *build(const engine_network &n)
{
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    error e = {};
    if (engine_model_build(&n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static engine_network network(const char *kind, const std::vector<int64_t> &shape, int64_t outputs)
{
    engine_network n = {};
    n.kind = kind;
    n.shape = shape.data();
    n.rank = (int64_t)shape.size();
    n.outputs = outputs;
    return n;
}

// Copies of parameters and buffers by name, leaves of their own.
static tensors copies(const pdr_model *m)
{
    tensors out;
    for (int64_t i = 0; i < m->blocks.count; i++)
        out[m->blocks.at[i].about.name] = m->blocks.at[i].leaf->value.detach().clone().requires_grad_(true);
    for (int64_t i = 0; i < m->buffers.count; i++)
        out[m->buffers.at[i].about.name] = m->buffers.at[i].leaf->value.clone();
    return out;
}

static double far(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor p = a.detach().to(at::kDouble), q = b.detach().to(at::kDouble);
    return p.sub(q).norm().item<double>() / (1e-12 + q.norm().item<double>());
}

static at::Tensor rows(std::vector<int64_t> shape, int64_t count)
{
    shape.insert(shape.begin(), count);
    int64_t numbers = 1;
    for (int64_t d : shape)
        numbers *= d;
    at::Tensor x = at::arange(numbers, at::kFloat).mul_(0.7).sin_(); // anything but symmetric
    return x.reshape(shape);
}

// Logits in both modes, the gradient of a training step, and what it did to the buffers.
static void same_as(const engine_network &n, const judge &by_hand)
{
    pdr_model *m = build(n);
    tensors t = copies(m);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    at::Tensor values = rows({n.shape, n.shape + n.rank}, 6);
    pdr_tensor *x = engine_hold(s, values);
    for (bool train : {false, true, true, false}) {
        at::Tensor want = by_hand(t, values, train);
        pdr_tensor *z = engine_model.forward(s, m, x, train ? PDR_TRAIN : PDR_EVAL);
        if (!z)
            fail_msg("%s", engine_scope_message(s));
        assert_true(far(z->value, want) < 1e-5); // the layers' memory lies in another order than the judge's
        at::Tensor weights = at::arange(want.numel(), at::kFloat).cos().reshape(want.sizes());
        want.mul(weights).sum().backward();
        pdr_tensor *loss = engine_hold(s, z->value.mul(weights).sum());
        assert_int_equal(engine_autograd.backward(s, m, loss, false), PDR_OK);
        for (int64_t i = 0; i < m->blocks.count; i++) {
            at::Tensor &w = t[m->blocks.at[i].about.name];
            at::Tensor g = m->blocks.at[i].gradient->value;
            if (w.grad().norm().item<double>() > 1e-4 && far(g, w.grad()) > 5e-5)
                fail_msg("%s: %g", m->blocks.at[i].about.name, far(g, w.grad()));
            w.mutable_grad().reset();
        }
    }
    for (int64_t i = 0; i < m->buffers.count; i++)
        assert_true(far(m->buffers.at[i].leaf->value, t[m->buffers.at[i].about.name]) < 1e-6);
    engine_scope_close(s);
    engine_model.discard(m);
}

static at::Tensor norm(tensors &t, const std::string &name, const at::Tensor &x, bool train)
{
    return at::batch_norm(x, t[name + ".weight"], t[name + ".bias"], t[name + ".running_mean"],
                          t[name + ".running_var"], train, 0.1, 1e-5, false);
}

// Its derivative at 0 is 0, as that of relu; clamp_min says 1.
static at::Tensor ramp(const at::Tensor &x) { return x.mul(x.detach().gt(0)); }

static at::Tensor linear(tensors &t, const std::string &name, const at::Tensor &x)
{
    return at::addmm(t[name + ".bias"], x, t[name + ".weight"].t());
}

static void cnn(void **)
{
    const std::vector<int64_t> shape = {2, 7, 9};
    const int64_t channels[] = {4, 5, 3}, hidden[] = {11};
    for (bool normed : {false, true}) {
        engine_network n = network("cnn", shape, 3);
        n.channels = channels;
        n.channel_count = 3;
        n.hidden = hidden;
        n.hidden_count = 1;
        n.batch_norm = normed;
        same_as(n, [normed](tensors &t, at::Tensor h, bool train) {
            for (const char *i : {"0", "1", "2"}) {
                std::string at = i;
                h = at::conv2d(h, t["conv." + at + ".weight"], t["conv." + at + ".bias"], 1, 1);
                h = normed ? norm(t, "norm." + at, h, train) : h;
                h = ramp(h);
                h = h.size(2) >= 2 && h.size(3) >= 2 ? at::max_pool2d(h, {2, 2}) : h;
            }
            return linear(t, "head", ramp(linear(t, "hidden.0", h.flatten(1))));
        });
    }
}

// One basic block; option A where the names of a shortcut are not there.
static at::Tensor residual(tensors &t, const std::string &name, const at::Tensor &x, int64_t stride, bool train)
{
    at::Tensor h = at::conv2d(x, t[name + ".0.weight"], {}, stride, 1), aside = x;
    h = at::conv2d(ramp(norm(t, name + ".1", h, train)), t[name + ".2.weight"], {}, 1, 1);
    h = norm(t, name + ".3", h, train);
    if (t.count(name + ".shortcut.0.weight"))
        aside = norm(t, name + ".shortcut.1", at::conv2d(x, t[name + ".shortcut.0.weight"], {}, stride), train);
    else if (stride == 2) {
        aside = at::avg_pool2d(x, {1, 1}, {2, 2});
        aside = at::cat({aside, at::zeros_like(aside)}, 1);
    }
    return ramp(h.add(aside));
}

static judge resnet(int stages, int blocks)
{
    return [=](tensors &t, at::Tensor h, bool train) {
        if (h.dim() == 3)
            h = h.unsqueeze(1);
        h = ramp(norm(t, "stem.1", at::conv2d(h, t["stem.0.weight"], {}, 1, 1), train));
        for (int i = 0; i < stages; i++)
            for (int j = 0; j < blocks; j++)
                h = residual(t, "stage." + std::to_string(i) + "." + std::to_string(j), h, i && !j ? 2 : 1, train);
        return linear(t, "head", at::adaptive_avg_pool2d(h, {1, 1}).flatten(1));
    };
}

static void resnets(void **)
{
    const std::vector<int64_t> colour = {3, 10, 12}, grey = {9, 9};
    engine_network n = network("resnet18", colour, 4);
    n.width = 3;
    same_as(n, resnet(4, 2));
    n = network("resnet32", grey, 4);
    n.width = 2;
    same_as(n, resnet(3, 5));
}

static void a_list(void **)
{
    const std::vector<int64_t> shape = {2, 8, 8};
    const engine_layer layers[] = {{ENGINE_CONV, 6, 0, 2, 1, 0},         {ENGINE_LEAKY_RELU, 0, 0, 0, 0, 0.01},
                                   {ENGINE_AVERAGE_POOL, 0, 3, 1, 1, 0}, {ENGINE_TANH, 0, 0, 0, 0, 0},
                                   {ENGINE_MAX_POOL, 0, 0, 0, 0, 0},     {ENGINE_LINEAR, 7, 0, 0, 0, 0},
                                   {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0},   {ENGINE_SIGMOID, 0, 0, 0, 0, 0},
                                   {ENGINE_LEAKY_RELU, 0, 0, 0, 0, 0.2}};
    engine_network n = network("layers", shape, 3);
    n.layers = layers;
    n.layer_count = 9;
    same_as(n, [](tensors &t, at::Tensor h, bool train) {
        h = at::leaky_relu(at::conv2d(h, t["layers.0.weight"], t["layers.0.bias"], 2, 1), 0.01);
        h = at::max_pool2d(at::avg_pool2d(h, 3, 1, 1).tanh(), {2, 2});
        h = norm(t, "layers.6", linear(t, "layers.5", h.flatten(1)), train);
        return linear(t, "head", at::leaky_relu(h.sigmoid(), 0.2));
    });
}

static void parameters_are_counted(void **)
{
    const std::vector<int64_t> cifar = {3, 32, 32};
    const struct {
        const char *kind;
        int64_t width, outputs, size;
    } cases[] = {{"resnet18", 0, 10, 11173962}, {"resnet18", 20, 100, 1109240}, {"resnet32", 0, 10, 464154}};
    for (auto &c : cases) {
        engine_network n = network(c.kind, cifar, c.outputs);
        n.width = c.width;
        pdr_model *m = build(n);
        assert_int_equal(engine_model_size(m), c.size);
        engine_model.discard(m);
    }
}

// torch::nn::BatchNorm2d itself over three batches, and a step that went through two forward passes.
static void running_statistics(void **)
{
    const std::vector<int64_t> shape = {3, 4, 5};
    const engine_layer layer = {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0};
    engine_network n = network("layers", shape, 2);
    n.layers = &layer;
    n.layer_count = 1;
    pdr_model *m = build(n);
    torch::nn::BatchNorm2d bn(3);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    pdr_tensor *z = nullptr;
    for (int i = 0; i < 3; i++) {
        at::Tensor x = rows(shape, 4).mul(i + 1).add(i);
        bn(x);
        z = engine_model.forward(s, m, engine_hold(s, x), PDR_TRAIN);
    }
    assert_int_equal(engine_autograd.backward(s, m, engine_hold(s, z->value.sum()), false), PDR_OK);
    at::Tensor moved = engine_model_buffers(m)->value.clone();
    assert_true(far(moved, at::cat({bn->running_mean, bn->running_var})) < 1e-6);
    pdr_model *copy = engine_model.snapshot(nullptr, m);
    engine_model.forward(s, m, engine_hold(s, rows(shape, 4)), PDR_EVAL);
    assert_true(moved.equal(engine_model_buffers(m)->value));
    engine_model.forward(s, m, engine_hold(s, rows(shape, 4)), PDR_TRAIN);
    engine_model.forward(s, copy, engine_hold(s, rows(shape, 4)), PDR_TRAIN);
    assert_false(moved.equal(engine_model_buffers(m)->value));
    assert_true(moved.equal(engine_model_buffers(copy)->value));
    assert_int_equal(engine_model.assign(m, copy), PDR_OK);
    assert_true(moved.equal(engine_model_buffers(m)->value));
    pdr_block b = {};
    b.struct_size = sizeof b;
    assert_int_equal(engine_buffer_count(m), 2);
    assert_int_equal(engine_buffer(m, 1, &b), PDR_OK);
    assert_string_equal(b.name, "layers.0.running_var");
    assert_int_equal(b.first, 3);
    assert_int_equal(b.kind, PDR_NORM);
    engine_scope_close(s);
    engine_model.discard(copy);
    engine_model.discard(m);
}

static void dropout(void **)
{
    const std::vector<int64_t> shape = {1000};
    const engine_layer layer = {ENGINE_DROPOUT, 0, 0, 0, 0, 0.3};
    engine_network n = network("layers", shape, 2);
    n.layers = &layer;
    n.layer_count = 1;
    pdr_model *m = build(n), *same = build(n);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    pdr_tensor *x = engine_hold(s, at::ones({20, 1000}));
    at::Tensor one = engine_model.features(s, m, x, PDR_TRAIN)->value;
    assert_true(one.equal(engine_model.features(s, same, x, PDR_TRAIN)->value));
    at::Tensor kept = one.ne(0).to(at::kFloat);
    assert_true(std::abs(kept.mean().item<double>() - 0.7) < 0.01);
    assert_true(far(one, kept.div(0.7)) < 1e-6);
    assert_false(one.equal(engine_model.features(s, m, x, PDR_TRAIN)->value)); // a mask a batch
    assert_true(x->value.equal(engine_model.features(s, m, x, PDR_EVAL)->value));
    random_seek(engine_model_stream(m), 0); // where a checkpoint would put it
    assert_true(one.equal(engine_model.features(s, m, x, PDR_TRAIN)->value));
    engine_scope_close(s);
    engine_model.discard(m);
    engine_model.discard(same);
}

int main()
{
    engine_options options = {"cpu", 1, true};
    error e = {};
    if (engine_open(&options, nullptr, &e))
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(cnn),
                                       cmocka_unit_test(resnets),
                                       cmocka_unit_test(a_list),
                                       cmocka_unit_test(parameters_are_counted),
                                       cmocka_unit_test(running_statistics),
                                       cmocka_unit_test(dropout)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
