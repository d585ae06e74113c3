// What LibTorch does of a planned step: the layers of maps forward and back, and views of the executor's own buffers. The
// kernels are those that autograd calls, so that maps give the same bits by both executors.
#include <ATen/ops/add.h>
#include <ATen/ops/avg_pool2d_backward.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/leaky_relu_backward.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sigmoid_backward.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tanh_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>

#include "engine/inside.hpp"
extern "C" {
#include "engine/planned.h"
}

// As engine_make, and never recorded.
template <class F> static pdr_tensor *make(pdr_scope *s, const char *op, handle_inputs inputs, F run)
{
    if (!engine_ready(s, op, inputs))
        return nullptr;
    at::Tensor value;
    if (!engine_attempt(s, op, true, [&] { value = run(); }))
        return nullptr;
    return engine_hold(s, std::move(value));
}
#define MAKE(scope, op, inputs, ...) make(scope, op, inputs, [&]() -> at::Tensor { return __VA_ARGS__; })

/* ---- memory ---- */

pdr_tensor *planned_view(pdr_scope *s, float *rows, const int64_t *shape, int32_t rank)
{
    return MAKE(s, "a buffer", ENGINE_IN(),
                at::from_blob(rows, at::IntArrayRef(shape, (size_t)rank), at::TensorOptions(at::kFloat)));
}

pdr_tensor *planned_leaf(pdr_scope *s, int64_t rows, int64_t n, float **numbers)
{
    pdr_tensor *t = MAKE(s, "logits", ENGINE_IN(), at::empty({rows, n}, at::kFloat).requires_grad_(true));
    *numbers = t ? t->value.mutable_data_ptr<float>() : nullptr;
    if (t)
        t->given = 1;
    return t;
}

pdr_tensor *planned_plain(pdr_scope *s, const pdr_tensor *x)
{
    return MAKE(s, "forward", ENGINE_IN(x), [&] {
        ENGINE_CHECK(x->value.is_cpu() && x->value.scalar_type() == at::kFloat, PDR_EINVALID, "found x of ",
                     x->value.scalar_type(), " on ", x->value.device(), "; expected f32 on the CPU");
        return x->value.detach().contiguous();
    }());
}

pdr_tensor *planned_pixels(pdr_scope *s, const pdr_tensor *x)
{
    return MAKE(s, "conv", ENGINE_IN(x), engine_pixels(x->value));
}

uint32_t planned_version(const pdr_tensor *t)
{
    return t->value.unsafeGetTensorImpl()->version_counter().current_version();
}

static at::Tensor vector(float *at, int64_t n) { return at::from_blob(at, {n}, at::TensorOptions(at::kFloat)); }

/* ---- forward ---- */

pdr_tensor *planned_relu(pdr_scope *s, pdr_tensor *x)
{
    return ENGINE_WRITE(s, "relu", ENGINE_IN(x), at::relu_(x->value)) == PDR_OK ? x : nullptr;
}

pdr_tensor *planned_max_pool(pdr_scope *s, const pdr_tensor *x, engine_window w, pdr_tensor **index)
{
    at::Tensor places;
    pdr_tensor *out = MAKE(s, "max_pool", ENGINE_IN(x), [&] {
        auto [best, at] =
            at::max_pool2d_with_indices(x->value, {w.kernel, w.kernel}, {w.stride, w.stride}, {w.padding, w.padding});
        places = at;
        return best;
    }());
    *index = out ? engine_hold(s, std::move(places)) : nullptr;
    return out;
}

void planned_mean(pdr_scope *s, pdr_tensor *into, const pdr_tensor *x)
{
    ENGINE_WRITE(s, "map_mean", ENGINE_IN(into, x), at::mean_out(into->value, x->value, {2, 3}));
}

void planned_curve(pdr_scope *s, int kind, pdr_tensor *out, const pdr_tensor *in)
{
    ENGINE_WRITE(s, "activation", ENGINE_IN(out, in),
                 kind == ENGINE_TANH ? at::tanh_out(out->value, in->value) : at::sigmoid_out(out->value, in->value));
}

/* ---- back ---- */

void planned_curve_back(pdr_scope *s, int kind, pdr_tensor *g, const pdr_tensor *out)
{
    ENGINE_WRITE(s, "activation", ENGINE_IN(g, out),
                 kind == ENGINE_TANH ? at::tanh_backward_out(g->value, g->value, out->value)
                                     : at::sigmoid_backward_out(g->value, g->value, out->value));
}

static at::Tensor act_back(const model_layer *l, const at::Tensor &g, const planned_layer *p)
{
    const at::Tensor &in = p->in_map->value, &out = p->out_map->value;
    switch (l->kind) {
    case ENGINE_RELU: return at::threshold_backward(g, out, 0);
    case ENGINE_LEAKY_RELU: return at::leaky_relu_backward(g, in, l->rate, false);
    case ENGINE_TANH: return at::tanh_backward(g, out);
    default: return at::sigmoid_backward(g, out);
    }
}

pdr_tensor *planned_act_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const planned_layer *p)
{
    return MAKE(s, "activation", ENGINE_IN(g, p->in_map, p->out_map), act_back(l, g->value, p));
}

pdr_tensor *planned_pool_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const planned_layer *p)
{
    const int64_t k = l->kernel, by = l->stride, pad = l->padding;
    const pdr_tensor *x = p->in_map, *index = p->extra[0];
    if (l->kind == ENGINE_AVERAGE_POOL)
        return MAKE(s, "average_pool", ENGINE_IN(g, x),
                    at::avg_pool2d_backward(g->value, x->value, {k, k}, {by, by}, {pad, pad}, false, true, {}));
    return MAKE(s, "max_pool", ENGINE_IN(g, x, index),
                at::max_pool2d_with_indices_backward(g->value, x->value, {k, k}, {by, by}, {pad, pad}, {1, 1}, false,
                                                     index->value));
}

pdr_tensor *planned_mean_back(pdr_scope *s, const pdr_tensor *g, const layer_shape *maps)
{
    const int64_t h = maps->at[1], w = maps->at[2];
    return MAKE(s, "map_mean", ENGINE_IN(g),
                g->value.div((double)(h * w)).unsqueeze(2).unsqueeze(3).expand({-1, -1, h, w}));
}

pdr_tensor *planned_subsample_back(pdr_scope *s, const pdr_tensor *g, const layer_shape *in, int64_t stride)
{
    return MAKE(s, "subsample", ENGINE_IN(g), [&] {
        at::Tensor back = at::zeros({g->value.size(0), in->at[0], in->at[1], in->at[2]}, g->value.options())
                              .contiguous(g->value.suggest_memory_format());
        back.slice(2, 0, std::nullopt, stride)
            .slice(3, 0, std::nullopt, stride)
            .copy_(g->value.narrow(1, 0, in->at[0]));
        return back;
    }());
}

pdr_tensor *planned_conv_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const pdr_tensor *in,
                              const pdr_tensor *weight, planned_target to)
{
    at::Tensor back;
    pdr_status done = ENGINE_WRITE(s, "conv", ENGINE_IN(g, in, weight), [&] {
        const at::Tensor &w = weight->value;
        const int64_t biases[1] = {w.size(0)};
        auto [x, of_weight, of_bias] = at::convolution_backward(
            g->value, in->value, w, to.bias ? at::OptionalIntArrayRef(biases) : at::OptionalIntArrayRef(),
            {l->stride, l->stride}, {l->padding, l->padding}, {1, 1}, false, {0, 0}, 1,
            {to.wanted, true, to.bias != nullptr});
        vector(to.weight, w.numel()).view(w.sizes()).copy_(of_weight);
        if (to.bias)
            vector(to.bias, w.size(0)).copy_(of_bias);
        back = x;
    }());
    return done == PDR_OK && to.wanted ? engine_hold(s, std::move(back)) : nullptr;
}
