#include "engine/product.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/custom_function.h>

/* ---- which library ---- */

// LibTorch shows this function and ships no header of it: result = beta result + alpha a b.
using matmul = void (*)(const at::Tensor &a, const at::Tensor &b, const at::Tensor &result, float beta, float alpha);

// Whatever is found under the name multiplies [2, 3] by [3, 2] as it should, or is left alone.
static bool multiplies(matmul f)
{
    try {
        at::Tensor c = at::ones({2, 2}, at::kFloat);
        f(at::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}).view({2, 3}),
          at::tensor({1.f, 3.f, -1.f, 2.f, 0.f, 1.f}).view({3, 2}), c, 1, 1);
        return c.equal(at::tensor({0.f, 11.f, 0.f, 29.f}).view({2, 2}));
    } catch (...) {
        return false;
    }
}

static matmul find()
{
    void *torch = dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD);
    void *at = torch ? dlsym(torch, "_ZN2at6native13mkldnn_matmulERKNS_6TensorES3_S3_ff") : nullptr;
    matmul f = reinterpret_cast<matmul>(at);
    return f && multiplies(f) ? f : nullptr;
}

static matmul found()
{
    static const matmul f = [] {
        at::AutoDispatchBelowADInplaceOrView quiet;
        return find();
    }();
    return f;
}

// On Intel's processors MKL is as fast. LibTorch's capability is what a user may hold it to (ATEN_CPU_CAPABILITY).
bool product_processor()
{
#if defined(__x86_64__)
    static const bool suits = !__builtin_cpu_is("intel") && at::get_cpu_capability() == "AVX512";
    return suits;
#else
    return false;
#endif
}

// A deterministic run of several threads has MKL's strict branch, whose bits do not follow from their number.
static bool threads_suit() { return at::get_num_threads() == 1 || !at::globalContext().deterministicAlgorithms(); }

bool product_by_onednn() { return product_processor() && threads_suit() && found(); }

bool product_suits(int64_t m, int64_t k, int64_t n, bool turned)
{
    const int64_t enough = turned ? 2500000 : product_large;
    return m * n * k >= enough && product_by_onednn();
}

/* ---- the product ---- */

void product_into(const at::Tensor &c, const at::Tensor &a, const at::Tensor &b, float beta)
{
    at::AutoDispatchBelowADInplaceOrView quiet;
    found()(a, b, c, beta, 1);
}

namespace
{
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor multiplied(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor c = at::empty({a.size(0), b.size(1)}, at::kFloat);
    product_into(c, a, b, 0);
    return c;
}

at::Tensor weighted(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias)
{
    at::Tensor out = bias.expand({x.size(0), bias.size(0)}).clone(at::MemoryFormat::Contiguous);
    product_into(out, x, weight.t(), 1);
    return out;
}

// Derivatives are made of recorded operations, so that they can be differentiated again.
struct matmul_node : torch::autograd::Function<matmul_node> {
    static at::Tensor forward(AutogradContext *c, const at::Tensor &a, const at::Tensor &b)
    {
        c->save_for_backward({a, b});
        return multiplied(a, b);
    }

    static variable_list backward(AutogradContext *c, variable_list above)
    {
        const variable_list saved = c->get_saved_variables();
        variable_list out(2);
        if (c->needs_input_grad(0))
            out[0] = product_matmul(above[0], saved[1].t());
        if (c->needs_input_grad(1))
            out[1] = product_matmul(saved[0].t(), above[0]);
        return out;
    }
};

struct linear_node : torch::autograd::Function<linear_node> {
    static at::Tensor forward(AutogradContext *c, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias)
    {
        c->save_for_backward({x, weight});
        return weighted(x, weight, bias);
    }

    static variable_list backward(AutogradContext *c, variable_list above)
    {
        const variable_list saved = c->get_saved_variables();
        variable_list out(3);
        if (c->needs_input_grad(0))
            out[0] = product_matmul(above[0], saved[1]);
        if (c->needs_input_grad(1))
            out[1] = product_matmul(above[0].t(), saved[0]);
        if (c->needs_input_grad(2))
            out[2] = above[0].sum(0);
        return out;
    }
};

bool plain(const at::Tensor &t)
{
    return t.dim() == 2 && t.is_cpu() && t.scalar_type() == at::kFloat && t.is_non_overlapping_and_dense();
}
} // namespace

at::Tensor product_matmul(const at::Tensor &a, const at::Tensor &b)
{
    const bool suits = plain(a) && plain(b) && a.size(1) == b.size(0) &&
                       product_suits(a.size(0), a.size(1), b.size(1), !b.is_contiguous());
    if (!suits)
        return a.matmul(b);
    return at::GradMode::is_enabled() ? matmul_node::apply(a, b) : multiplied(a, b);
}

at::Tensor product_linear(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias)
{
    const bool suits = plain(x) && plain(weight) && x.size(1) == weight.size(1) &&
                       product_suits(x.size(0), x.size(1), weight.size(0), true);
    if (!suits)
        return at::linear(x, weight, bias);
    return at::GradMode::is_enabled() ? linear_node::apply(x, weight, bias) : weighted(x, weight, bias);
}
