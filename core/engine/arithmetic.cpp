// Arithmetic: one LibTorch expression a slot.
#include <ATen/ops/argmax.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <optional>

#include "engine/ops.hpp"
#include "engine/product.hpp"

#define MAP(name, ...)                                                                               \
    pdr_tensor *engine_##name(pdr_scope *s, const pdr_tensor *t)                                     \
    {                                                                                                \
        return ENGINE_TRY(s, #name, ENGINE_IN(t),                                                    \
                          [&](const at::Tensor &a) -> at::Tensor { return __VA_ARGS__; }(t->value)); \
    }

#define ZIP(name, ...)                                                                                             \
    pdr_tensor *engine_##name(pdr_scope *s, const pdr_tensor *t, const pdr_tensor *u)                              \
    {                                                                                                              \
        return ENGINE_TRY(s, #name, ENGINE_IN(t, u), [&](const at::Tensor &a, const at::Tensor &b) -> at::Tensor { \
            return __VA_ARGS__;                                                                                    \
        }(t->value, u->value));                                                                                    \
    }

// `whole` over all dimensions, `along` over dim `d`.
#define FOLD(name, whole, along)                                                                                 \
    pdr_tensor *engine_##name(pdr_scope *s, const pdr_tensor *t, int32_t dim, [[maybe_unused]] int32_t keep_dim) \
    {                                                                                                            \
        return ENGINE_TRY(s, #name, ENGINE_IN(t), [&](const at::Tensor &a) -> at::Tensor {                       \
            [[maybe_unused]] const int64_t d = dim;                                                              \
            [[maybe_unused]] const bool keep = keep_dim != 0;                                                    \
            return dim == PDR_ALL ? ones_kept(a, whole, keep) : at::Tensor(along);                               \
        }(t->value));                                                                                            \
    }

// A fold over all dimensions that keeps them has a 1 for each.
static at::Tensor ones_kept(const at::Tensor &a, const at::Tensor &folded, bool keep)
{
    return keep && folded.dim() == 0 ? folded.reshape(std::vector<int64_t>((size_t)a.dim(), 1)) : folded;
}

// The mean of a comparison is how often it holds; LibTorch itself refuses to average what is no float.
static at::Tensor real(const at::Tensor &a) { return a.is_floating_point() ? a : a.to(at::kFloat); }

pdr_tensor *engine_cast(pdr_scope *s, const pdr_tensor *a, pdr_dtype d)
{
    return ENGINE_TRY(s, "cast", ENGINE_IN(a), a->value.to(engine_scalar_type(d)));
}

MAP(clone, a.clone())
MAP(detach, a.detach())
MAP(leaf, a.detach().clone().requires_grad_(true))
MAP(exp, a.exp())
MAP(log, a.log())
MAP(sqrt, a.sqrt())
MAP(square, a.mul(a))
MAP(abs, a.abs())
MAP(sigmoid, a.sigmoid())
MAP(nonzero, a.reshape({-1}).nonzero().squeeze(1))

ZIP(add, a.add(b))
ZIP(sub, a.sub(b))
ZIP(mul, a.mul(b))
ZIP(div, a.div(b))
ZIP(maximum, at::maximum(a, b))
ZIP(equal, a.eq(b))
ZIP(less, a.lt(b))
ZIP(matmul, product_matmul(a, b))
ZIP(dot, at::dot(a.reshape({-1}), b.reshape({-1})))

FOLD(sum, a.sum(), a.sum({d}, keep))
FOLD(mean, real(a).mean(), real(a).mean({d}, keep))
FOLD(max, a.max(), std::get<0>(a.max(d, keep)))
FOLD(argmax, at::argmax(a), at::argmax(a, d, keep))
FOLD(softmax, at::softmax(a.reshape({-1}), 0).view(a.sizes()), at::softmax(a, d))
FOLD(log_softmax, at::log_softmax(a.reshape({-1}), 0).view(a.sizes()), at::log_softmax(a, d))

// Whole numbers keep an integer tensor an integer tensor, as a number in the source of a C program would.
static at::Scalar number(const at::Tensor &a, double value)
{
    bool whole = !a.is_floating_point() && value == std::floor(value) && std::fabs(value) < 9e15;
    return whole ? at::Scalar((int64_t)value) : at::Scalar(value);
}

static std::optional<at::Scalar> bound(const at::Tensor &a, double value)
{
    return std::isinf(value) ? std::nullopt : std::optional<at::Scalar>(number(a, value));
}

static at::Tensor affine(const at::Tensor &a, double scale, double shift)
{
    at::Tensor scaled = scale == 1 && shift != 0 ? a : a.mul(number(a, scale));
    return shift == 0 ? scaled : scaled.add(number(a, shift));
}

pdr_tensor *engine_affine(pdr_scope *s, const pdr_tensor *a, double scale, double shift)
{
    return ENGINE_TRY(s, "affine", ENGINE_IN(a), affine(a->value, scale, shift));
}

pdr_tensor *engine_clamp(pdr_scope *s, const pdr_tensor *a, double low, double high)
{
    return ENGINE_TRY(s, "clamp", ENGINE_IN(a),
                      std::isinf(low) && std::isinf(high)
                          ? a->value.clone()
                          : a->value.clamp(bound(a->value, low), bound(a->value, high)));
}

pdr_tensor *engine_where(pdr_scope *s, const pdr_tensor *mask, const pdr_tensor *a, const pdr_tensor *b)
{
    return ENGINE_TRY(s, "where", ENGINE_IN(mask, a, b), at::where(mask->value.to(at::kBool), a->value, b->value));
}
