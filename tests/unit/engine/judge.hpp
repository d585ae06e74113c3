// Networks, noise and refusals for the tests that have LibTorch's autograd and torch::optim as their judge.
#ifndef PERDURE_TESTS_ENGINE_JUDGE_HPP
#define PERDURE_TESTS_ENGINE_JUDGE_HPP
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>

#include <cmath>
#include <csetjmp>
#include <cstdarg>
#include <cstring>

#include "engine/inside.hpp"
extern "C" {
#include "engine/optimizer.h"
#include <cmocka.h>
}

static const pdr_tensor_api *const T = &engine_tensor;
static const int64_t Z = 5, WIDTH = 20, ROWS = 16;

static inline pdr_model *mlp(int64_t inputs, int64_t outputs, int64_t number)
{
    static const int64_t hidden[] = {30, 20};
    engine_network n = {};
    n.kind = "mlp";
    n.hidden = hidden;
    n.hidden_count = 2;
    n.shape = &inputs;
    n.rank = 1;
    n.outputs = outputs;
    random_stream r = random_open(1, "weights", "", number);
    pdr_model *m = nullptr;
    assert_int_equal(engine_model_build(&n, &r, &m, nullptr), 0);
    return m;
}

static inline at::Tensor noise(int64_t rows, int64_t columns, int64_t number, bool normal)
{
    random_stream r = random_open(3, "noise", "", number);
    at::Tensor t = at::empty({rows, columns});
    (normal ? random_normals : random_units)(&r, t.mutable_data_ptr<float>(), (size_t)t.numel());
    return t;
}

static inline pdr_tensor *held(pdr_scope *s, const at::Tensor &t) { return engine_hold(s, t); }

// ---- the judge: the same layers from copies of the same values ----

static inline std::vector<at::Tensor> copies(const pdr_model *m)
{
    std::vector<at::Tensor> out;
    for (int64_t i = 0; i < m->blocks.count; i++)
        out.push_back(m->blocks.at[i].leaf->value.detach().clone().requires_grad_(true));
    return out;
}

static inline at::Tensor run(const std::vector<at::Tensor> &w, at::Tensor x)
{
    for (size_t i = 0; i < w.size(); i += 2)
        x = i + 2 < w.size() ? at::relu(at::linear(x, w[i], w[i + 1])) : at::linear(x, w[i], w[i + 1]);
    return x;
}

static inline double far(const pdr_model *m, const std::vector<at::Tensor> &w)
{
    double up = 0, down = 0;
    for (int64_t i = 0; i < m->blocks.count; i++) {
        at::Tensor a = m->blocks.at[i].leaf->value.detach().to(at::kDouble), b = w[i].detach().to(at::kDouble);
        up += (a - b).square().sum().item<double>();
        down += b.square().sum().item<double>();
    }
    return std::sqrt(up / down);
}

static const engine_optimizer_options ADAM = {ENGINE_ADAM, 0, 0, 0.5, 0.9, 1e-8};

static inline void refused(pdr_scope *s, pdr_status got, pdr_status code, const char *words)
{
    assert_int_equal(got, code);
    if (!strstr(engine_scope_message(s), words))
        fail_msg("%s", engine_scope_message(s));
    engine_scope_clear(s, PDR_GRAD);
}

static inline int judge_run(const struct CMUnitTest *tests, size_t count)
{
    engine_options options = {"cpu", 1, true};
    error e = {};
    return engine_open(&options, nullptr, &e) ? 1 : _cmocka_run_group_tests("judged", tests, count, nullptr, nullptr);
}

#endif
