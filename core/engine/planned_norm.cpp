// Batch norm of a planned step, with the relu behind it in the same pass, and the sum of a shortcut with its relu. The loops are
// those of planned_maps.c, over blocks that LibTorch's threads share; LibTorch's own kernels take twice the time where channels
// are few, and know no relu. Momentum and epsilon: see layer_ops.cpp.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>

#include "engine/inside.hpp"
extern "C" {
#include "engine/planned.h"
}

namespace
{

constexpr double EPSILON = 1e-5, MOMENTUM = 0.1;

// [pixels, channels] in one stretch of memory, and how it is cut.
struct maps {
    int64_t channels, numbers, pixels, block, blocks;
    explicit maps(const at::Tensor &x)
        : channels(x.size(1)), numbers(x.numel()), pixels(channels ? numbers / channels : 0),
          block(maps_block(std::max<int64_t>(channels, 1))), blocks((numbers + block - 1) / block)
    {
    }
    int64_t stretch() const { return maps_stretch(channels); }
};

// run(block, its first number, how many): in any order, by several threads.
template <class F> void each_block(const maps &m, F run)
{
    at::parallel_for(0, m.blocks, 1, [&](int64_t first, int64_t end) {
        for (int64_t b = first; b < end; b++)
            run(b, b * m.block, std::min(m.block, m.numbers - b * m.block));
    });
}

// What is known by channel, laid out to a stretch.
class laid
{
  public:
    laid(const maps &m, int rows) : channels(m.channels), stretch(m.stretch()), memory((size_t)(rows * stretch)) {}
    const float *take(const float *by_channel)
    {
        float *at = memory.data() + used++ * stretch;
        maps_lay(at, by_channel, channels);
        return at;
    }

  private:
    int64_t channels, stretch, used = 0;
    std::vector<float> memory;
};

at::Tensor by_channel(const maps &m) { return at::empty({m.channels}, at::kFloat); }
float *floats(const at::Tensor &t) { return t.mutable_data_ptr<float>(); }

bool dense(const at::Tensor &x)
{
    return x.scalar_type() == at::kFloat && x.is_cpu() &&
           x.is_contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

// Of all pixels, out of those of the blocks (Chan, Golub and LeVeque 1983): sums of squares around the common mean.
void moments(const maps &m, const float *x, std::vector<double> &mean, std::vector<double> &squares)
{
    std::vector<double> parts((size_t)(2 * m.blocks * m.channels));
    each_block(m, [&](int64_t b, int64_t first, int64_t count) {
        std::vector<float> room((size_t)(3 * m.stretch()));
        double *own = parts.data() + 2 * b * m.channels;
        maps_moments(x + first, count, m.channels, room.data(), own, own + m.channels);
    });
    double before = 0;
    for (int64_t b = 0; b < m.blocks; b++) {
        const int64_t whole = std::min(m.block, m.numbers - b * m.block) / m.channels;
        const double pixels = (double)whole, all = before + pixels;
        const double *own = parts.data() + 2 * b * m.channels;
        for (size_t c = 0; c < mean.size(); c++) {
            const double off = own[c] - mean[c];
            mean[c] += off * pixels / all;
            squares[c] += own[(size_t)m.channels + c] + off * off * before * pixels / all;
        }
        before = all;
    }
}

// The running variance is the unbiased one.
void move(const maps &m, const engine_norm &n, const std::vector<double> &mean, const std::vector<double> &squares)
{
    float *to_mean = floats(n.mean->value), *to_variance = floats(n.variance->value);
    for (size_t c = 0; c < mean.size(); c++) {
        to_mean[c] = (float)(MOMENTUM * mean[c] + (1 - MOMENTUM) * (double)to_mean[c]);
        to_variance[c] =
            (float)(MOMENTUM * squares[c] / (double)(m.pixels - 1) + (1 - MOMENTUM) * (double)to_variance[c]);
    }
}

at::Tensor normed(const at::Tensor &x, const engine_norm &n, bool relu, const at::Tensor &mean, const at::Tensor &scale)
{
    const maps m(x);
    at::Tensor factor = by_channel(m), out = at::empty_like(x);
    for (int64_t c = 0; c < m.channels; c++)
        floats(factor)[c] = floats(n.weight->value)[c] * floats(scale)[c];
    laid table(m, 3);
    maps_terms t = {};
    t.stretch = m.stretch();
    t.mean = table.take(floats(mean));
    t.factor = table.take(floats(factor));
    t.bias = table.take(floats(n.bias->value));
    float *to = floats(out);
    const float *from = floats(x);
    each_block(m, [&](int64_t, int64_t first, int64_t count) { maps_norm(to + first, from + first, &t, relu, count); });
    return out;
}

at::Tensor forward(const at::Tensor &x, const engine_norm &n, bool relu, at::Tensor &mean, at::Tensor &scale)
{
    const maps m(x);
    std::vector<double> means((size_t)m.channels), squares((size_t)m.channels);
    moments(m, floats(x), means, squares);
    mean = by_channel(m);
    scale = by_channel(m);
    for (size_t c = 0; c < means.size(); c++) {
        floats(mean)[c] = (float)means[c];
        floats(scale)[c] = (float)(1 / std::sqrt(squares[c] / (double)m.pixels + EPSILON));
    }
    move(m, n, means, squares);
    return normed(x, n, relu, mean, scale);
}

at::Tensor masked(const at::Tensor &g, const at::Tensor &y)
{
    const maps m(g);
    at::Tensor out = at::empty_like(g);
    float *to = floats(out);
    const float *from = floats(g), *made = floats(y);
    each_block(
        m, [&](int64_t, int64_t first, int64_t count) { maps_mask(to + first, from + first, made + first, count); });
    return out;
}

struct sums {
    std::vector<double> of_g, of_dots;
};

sums back_sums(const maps &m, const float *g, const float *x, const maps_terms &t)
{
    const auto channels = (size_t)m.channels;
    std::vector<double> parts(2 * (size_t)m.blocks * channels);
    each_block(m, [&](int64_t b, int64_t first, int64_t count) {
        std::vector<float> room((size_t)(2 * t.stretch));
        double *own = parts.data() + 2 * b * m.channels;
        maps_back_sums(g + first, x + first, &t, count, m.channels, room.data(), own, own + m.channels);
    });
    sums out = {std::vector<double>(channels), std::vector<double>(channels)};
    for (size_t at = 0; at < parts.size(); at += 2 * channels)
        for (size_t c = 0; c < channels; c++) {
            out.of_g[c] += parts[at + c];
            out.of_dots[c] += parts[at + channels + c];
        }
    return out;
}

// g is that of what batch norm made, in its own layout. `fresh`: nobody else has it, so the result may take its place.
at::Tensor back(const at::Tensor &g, bool fresh, const at::Tensor &x, const float *weight, const float *mean,
                const float *scale, planned_target to)
{
    const maps m(x);
    laid table(m, 4);
    maps_terms t = {};
    t.stretch = m.stretch();
    t.mean = table.take(mean);
    const sums found = back_sums(m, floats(g), floats(x), t);
    std::vector<float> factor(found.of_g.size()), level(factor), slope(factor);
    for (size_t c = 0; c < factor.size(); c++) {
        const double by = (double)scale[c], pixels = (double)m.pixels;
        to.weight[c] = (float)(found.of_dots[c] * by);
        to.bias[c] = (float)found.of_g[c];
        factor[c] = scale[c] * weight[c];
        level[c] = (float)(found.of_g[c] / pixels);
        slope[c] = (float)(found.of_dots[c] * by * by / pixels);
    }
    if (!to.wanted)
        return at::Tensor();
    t.factor = table.take(factor.data());
    t.level = table.take(level.data());
    t.slope = table.take(slope.data());
    at::Tensor out = fresh ? g : at::empty_like(x);
    float *into = floats(out);
    const float *from = floats(g), *made = floats(x);
    each_block(m, [&](int64_t, int64_t first, int64_t count) {
        maps_back(into + first, from + first, made + first, &t, count);
    });
    return out;
}

at::Tensor laid_as(const at::Tensor &g, const at::Tensor &x)
{
    return g.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

} // namespace

pdr_tensor *planned_norm(pdr_scope *s, const pdr_tensor *x, const engine_norm *n, bool relu, pdr_tensor **saved)
{
    at::Tensor out, mean, scale;
    pdr_status done = ENGINE_WRITE(s, "batch_norm", ENGINE_IN(x, n->weight, n->bias, n->mean, n->variance), {
        engine_norm_check(x->value);
        ENGINE_CHECK(dense(x->value), PDR_EINVALID, "found maps in another layout; expected channels side by side");
        out = forward(x->value, *n, relu, mean, scale);
    });
    saved[0] = done == PDR_OK ? engine_hold(s, std::move(mean)) : nullptr;
    saved[1] = done == PDR_OK ? engine_hold(s, std::move(scale)) : nullptr;
    return done == PDR_OK ? engine_hold(s, std::move(out)) : nullptr;
}

pdr_tensor *planned_norm_back(pdr_scope *s, const pdr_tensor *g, const pdr_tensor *in, const pdr_tensor *out,
                              const pdr_tensor *weight, pdr_tensor *const *saved, planned_target to)
{
    at::Tensor found;
    pdr_status done = ENGINE_WRITE(s, "batch_norm", ENGINE_IN(g, in, weight, saved[0], saved[1]), {
        at::Tensor own = laid_as(g->value, in->value);
        const bool fresh = out || !own.is_same(g->value);
        if (out)
            own = masked(own, out->value);
        found =
            back(own, fresh, in->value, floats(weight->value), floats(saved[0]->value), floats(saved[1]->value), to);
    });
    return done == PDR_OK && to.wanted ? engine_hold(s, std::move(found)) : nullptr;
}

pdr_tensor *planned_add_relu(pdr_scope *s, const pdr_tensor *a, const pdr_tensor *b)
{
    at::Tensor out;
    pdr_status done = ENGINE_WRITE(s, "add", ENGINE_IN(a, b), {
        at::Tensor x = laid_as(a->value, a->value), y = laid_as(b->value, a->value);
        out = at::empty_like(x);
        const maps m(x);
        float *to = floats(out);
        const float *one = floats(x), *other = floats(y);
        each_block(m, [&](int64_t, int64_t first, int64_t count) {
            maps_add_relu(to + first, one + first, other + first, count);
        });
    });
    return done == PDR_OK ? engine_hold(s, std::move(out)) : nullptr;
}

pdr_tensor *planned_mask(pdr_scope *s, const pdr_tensor *g, const pdr_tensor *out)
{
    at::Tensor found;
    pdr_status done =
        ENGINE_WRITE(s, "relu", ENGINE_IN(g, out), { found = masked(laid_as(g->value, out->value), out->value); });
    return done == PDR_OK ? engine_hold(s, std::move(found)) : nullptr;
}
