// torch::optim as the judge: 100 steps from the same gradients, in memory and by tensor operations.
// "Relative" is norm-wise: ||a - b|| / ||b|| over all parameters.
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/version.h>

#include <cmath>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "engine/inside.hpp"
extern "C" {
#include "engine/optimizer.h"
#include <cmocka.h>
}

// `outputs` of a first head; `grows`: more may follow.
static pdr_model *network(int64_t outputs, bool grows)
{
    const int64_t hidden[] = {40, 30}, inputs = 50;
    engine_network n = {};
    n.kind = "mlp";
    n.hidden = hidden;
    n.hidden_count = 2;
    n.shape = &inputs;
    n.rank = 1;
    n.outputs = outputs;
    n.grows = grows;
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    engine_model_build(&n, &r, &m, nullptr);
    return m;
}

using judge = std::unique_ptr<torch::optim::Optimizer>;

static judge make_judge(const std::vector<at::Tensor> &w, const engine_optimizer_options &o, double lr)
{
    if (o.kind == ENGINE_SGD)
        return std::make_unique<torch::optim::SGD>(
            w, torch::optim::SGDOptions(lr).momentum(o.momentum).weight_decay(o.weight_decay));
    if (o.kind == ENGINE_ADAM)
        return std::make_unique<torch::optim::Adam>(
            w, torch::optim::AdamOptions(lr).weight_decay(o.weight_decay).betas({o.beta1, o.beta2}).eps(o.epsilon));
    return std::make_unique<torch::optim::AdamW>(
        w, torch::optim::AdamWOptions(lr).weight_decay(o.weight_decay).betas({o.beta1, o.beta2}).eps(o.epsilon));
}

// One gradient for both: that of the model's own loss at its own parameters.
static void differentiate(pdr_scope *s, pdr_model *m, int64_t number, int64_t columns)
{
    random_stream r = random_open(3, "x", "", number);
    std::vector<float> x(32 * 50);
    std::vector<int64_t> y(32);
    random_units(&r, x.data(), x.size());
    for (auto &label : y)
        label = random_below(&r, columns);
    const int64_t shape[] = {32, 50};
    pdr_tensor *z = engine_autograd.forward(s, m, engine_tensor.from(s, PDR_F32, shape, 2, x.data()), nullptr);
    pdr_tensor *rows = engine_row_loss(s, z, engine_tensor.from(s, PDR_I64, shape, 1, y.data()), nullptr);
    assert_int_equal(engine_autograd.backward(s, m, engine_tensor.mean(s, rows, PDR_ALL, 0), false), PDR_OK);
}

static pdr_status update(pdr_scope *s, engine_optimizer *o, double lr, bool by_tensors)
{
    if (!by_tensors)
        return engine_optimizer_step(s, o, lr, nullptr, 0);
    pdr_status code = optimizer_step_by_tensors(s, o, lr, nullptr, 0);
    o->steps++;
    return code;
}

static double worst(const engine_optimizer_options &options, double lr, bool by_tensors)
{
    pdr_model *m = network(10, false);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    engine_optimizer *o = engine_optimizer_open(m, &options);
    at::Tensor other = m->params->value.clone().requires_grad_(true);
    judge j = make_judge({other}, options, lr);
    for (int64_t i = 0; i < 100; i++) {
        engine_scope_clear(s, PDR_GRAD);
        differentiate(s, m, i, 10);
        other.mutable_grad() = engine_model.flat_grads(m)->value.clone();
        j->step();
        engine_scope_clear(s, PDR_NO_GRAD);
        assert_int_equal(update(s, o, lr, by_tensors), PDR_OK);
    }
    at::Tensor a = m->params->value.to(at::kDouble), b = other.detach().to(at::kDouble);
    double far = (a.sub(b).norm().item<double>()) / b.norm().item<double>();
    engine_optimizer_close(o);
    engine_scope_close(s);
    engine_model.discard(m);
    return far;
}

// A head more after 20 of 50 steps: a parameter group more for the judge, which counts its steps from there.
static double worst_growing(const engine_optimizer_options &options, double lr, bool by_tensors)
{
    pdr_model *m = network(4, true);
    pdr_scope *s = engine_scope_open(nullptr, PDR_GRAD);
    engine_optimizer *o = engine_optimizer_open(m, &options);
    std::vector<at::Tensor> groups = {m->params->value.clone().requires_grad_(true)};
    judge j = make_judge(groups, options, lr);
    for (int64_t i = 0; i < 50; i++) {
        engine_scope_clear(s, PDR_GRAD);
        if (i == 20) {
            random_stream r = random_open(1, "weights", "head", 1);
            assert_int_equal(engine_model_grow(m, 3, &r, nullptr), 0);
            groups.push_back(m->params->value.slice(0, groups[0].numel()).clone().requires_grad_(true));
            j->add_param_group(torch::optim::OptimizerParamGroup({groups[1]}));
        }
        differentiate(s, m, i, i < 20 ? 4 : 7);
        at::Tensor g = engine_model.flat_grads(m)->value.clone();
        int64_t first = 0;
        for (auto &group : groups) {
            group.mutable_grad() = g.narrow(0, first, group.numel());
            first += group.numel();
        }
        j->step();
        engine_scope_clear(s, PDR_NO_GRAD);
        assert_int_equal(update(s, o, lr, by_tensors), PDR_OK);
    }
    assert_int_equal(engine_optimizer_births(o)[m->head], 0);
    assert_int_equal(engine_optimizer_births(o)[m->head + 2], 20);
    for (auto &group : groups)
        group = group.detach();
    at::Tensor a = m->params->value.to(at::kDouble), b = at::cat(groups).to(at::kDouble);
    engine_optimizer_close(o);
    engine_scope_close(s);
    engine_model.discard(m);
    return a.sub(b).norm().item<double>() / b.norm().item<double>();
}

static void against_torch_optim(void **state)
{
    (void)state;
    struct {
        const char *name;
        engine_optimizer_options options;
        double lr;
    } cases[] = {{"sgd", {ENGINE_SGD, 0, 0, 0, 0, 0}, 0.1},
                 {"sgd, momentum 0.9, decay 1e-3", {ENGINE_SGD, 0.9, 1e-3, 0, 0, 0}, 0.05},
                 {"adam", {ENGINE_ADAM, 0, 0, 0.9, 0.999, 1e-8}, 1e-3},
                 {"adam, decay 1e-2", {ENGINE_ADAM, 0, 1e-2, 0.9, 0.999, 1e-8}, 1e-3},
                 {"adamw, decay 1e-2", {ENGINE_ADAMW, 0, 1e-2, 0.9, 0.999, 1e-8}, 1e-3}};
    for (auto &c : cases)
        for (int by_tensors = 0; by_tensors < 2; by_tensors++) {
            double far = worst(c.options, c.lr, by_tensors != 0), grown = worst_growing(c.options, c.lr, by_tensors);
            print_message("%-32s %-10s %.2e after 100 steps, %.2e with a head added after 20 of 50\n", c.name,
                          by_tensors ? "tensors" : "memory", far, grown);
            assert_true(far <= 2e-7);
            assert_true(grown <= 2e-7);
        }
}

int main()
{
    engine_options options = {"cpu", 1, true};
    error e = {};
    if (engine_open(&options, nullptr, &e))
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_torch_optim)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
