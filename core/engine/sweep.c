/* The loops of the optimizers. Each is written so that gcc and clang vectorise it: no branch inside, no aliasing. */
#include "engine/sweep.h"
#include "engine/wide.h"

#include <math.h>
#include <string.h>

WIDE static void add_quadratic(float *restrict g, const float *restrict w, const float *restrict importance,
                               const float *restrict anchor, float weight, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        g[i] += weight * importance[i] * (w[i] - anchor[i]);
}

void sweep_penalties(const sweep_penalty *p, int64_t penalties, const float *w, int64_t first, int64_t count, float *g)
{
    for (int64_t k = 0; k < penalties; k++) {
        int64_t n = p[k].count - first < count ? p[k].count - first : count;
        if (n > 0)
            add_quadratic(g, w + first, p[k].importance + first, p[k].anchor + first, p[k].weight, n);
    }
}

double sweep_value(const sweep_penalty *p, const float *w)
{
    double sums[4] = {0};
    for (int64_t i = 0; i < p->count; i++) {
        double d = (double)w[i] - (double)p->anchor[i];
        sums[i & 3] += (double)p->importance[i] * d * d;
    }
    return 0.5 * (double)p->weight * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

WIDE static void add_decay(float *restrict g, const float *restrict w, float decay, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        g[i] += decay * w[i];
}

WIDE static void descend(float *restrict w, const float *restrict g, float lr, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        w[i] -= lr * g[i];
}

WIDE static void descend_momentum(float *restrict w, float *restrict m, const float *restrict g, float mu, float lr,
                                  int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = mu * m[i] + g[i];
        w[i] -= lr * m[i];
    }
}

WIDE static void shrink(float *restrict w, float by, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        w[i] *= by;
}

WIDE static void descend_adam(const sweep_step *p, float *restrict w, float *restrict m, float *restrict v,
                              const float *restrict g, int64_t n)
{
    const float b1 = p->beta1, b2 = p->beta2, s1 = p->share1, s2 = p->share2, root = p->root, eps = p->epsilon,
                size = p->size;
    for (int64_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + s1 * g[i];
        v[i] = b2 * v[i] + s2 * (g[i] * g[i]);
        w[i] -= size * (m[i] / (sqrtf(v[i]) / root + eps));
    }
}

static void update(const sweep_step *p, int64_t at, int64_t n, const float *g)
{
    float *w = p->w + at;
    if (p->kind == ENGINE_SGD) {
        if (!p->moment) {
            descend(w, g, p->lr, n);
            return;
        }
        if (p->first)
            memset(p->moment + at, 0, (size_t)n * sizeof(float));
        descend_momentum(w, p->moment + at, g, p->momentum, p->lr, n);
        return;
    }
    if (p->kind == ENGINE_ADAMW)
        shrink(w, p->shrink, n);
    descend_adam(p, w, p->moment + at, p->second + at, g, n);
}

/* Looking at bits costs nothing beside reading the number: of what is not finite the exponent is full, and one more would
 * reach the sign. */
static inline uint32_t exponent_reach(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (bits & 0x7fffffffu) + 0x00800000u;
}

static bool is_finite(uint32_t reach) { return (reach & 0x80000000u) == 0; }

WIDE static uint32_t reach_of(const float *g, int64_t n)
{
    uint32_t reach = 0;
    for (int64_t i = 0; i < n; i++)
        reach |= exponent_reach(g[i]);
    return reach;
}

/* Plain descent with one penalty, as EWC has it: one loop with every number read once, since importance and anchor come
 * from beyond the cache and are all that it costs. The same operations in the same order as the general way. */
WIDE static uint32_t descend_pulled(float *restrict w, const float *restrict g, const float *restrict importance,
                                    const float *restrict anchor, float weight, float lr, int64_t n)
{
    uint32_t reach = 0;
    for (int64_t i = 0; i < n; i++) {
        float sum = g[i] + weight * importance[i] * (w[i] - anchor[i]);
        reach |= exponent_reach(sum);
        w[i] -= lr * sum;
    }
    return reach;
}

/* Plain descent: the look at the gradient in the same loop. */
WIDE static uint32_t descend_alone(float *restrict w, const float *restrict g, float lr, int64_t n)
{
    uint32_t reach = 0;
    for (int64_t i = 0; i < n; i++) {
        reach |= exponent_reach(g[i]);
        w[i] -= lr * g[i];
    }
    return reach;
}

static bool is_plain_descent(const sweep_step *p)
{
    return p->kind == ENGINE_SGD && !p->moment && p->decay == 0 && p->penalty_count == 0;
}

static bool is_pulled_descent(const sweep_step *p, int64_t end)
{
    return p->kind == ENGINE_SGD && !p->moment && p->decay == 0 && p->penalty_count == 1 &&
           p->penalties[0].count >= end;
}

bool sweep_block(const sweep_step *p, int64_t first, int64_t count, const float *g)
{
    const bool changed = p->decay != 0 || p->penalty_count > 0; /* else the gradient is read where it lies */
    uint32_t reach = 0;
    if (is_plain_descent(p))
        return is_finite(descend_alone(p->w + first, g, p->lr, count));
    if (is_pulled_descent(p, first + count)) {
        const sweep_penalty *q = p->penalties;
        return is_finite(
            descend_pulled(p->w + first, g, q->importance + first, q->anchor + first, q->weight, p->lr, count));
    }
    float sum[SWEEP_CHUNK];
    for (int64_t at = 0; at < count; at += SWEEP_CHUNK) {
        int64_t n = count - at < SWEEP_CHUNK ? count - at : SWEEP_CHUNK;
        const float *part = g + at;
        if (changed) {
            memcpy(sum, part, (size_t)n * sizeof *sum);
            sweep_penalties(p->penalties, p->penalty_count, p->w, first + at, n, sum);
            if (p->decay != 0)
                add_decay(sum, p->w + first + at, p->decay, n);
            part = sum;
        }
        reach |= reach_of(part, n);
        update(p, first + at, n, part);
    }
    return is_finite(reach);
}

double sweep_squares(const float *g, int64_t n)
{
    double sums[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++)
            sums[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        sums[i & 15] += (double)g[i] * (double)g[i];
    for (int half = 8; half; half /= 2)
        for (int k = 0; k < half; k++)
            sums[k] += sums[k + half];
    return sums[0];
}

void sweep_scale(float *g, int64_t n, float factor)
{
    for (int64_t i = 0; i < n; i++)
        g[i] *= factor;
}
