/* See draft.h: what each layer needs of the shape that it gets, and what it makes of it. */
#include "engine/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* ---- faults ---- */

bool draft_expect(draft *d, bool fits, const char *expected, const char *found, ...)
{
    char words[200], where[64] = "network";
    if (d->code || fits)
        return !d->code;
    va_list args;
    va_start(args, found);
    vsnprintf(words, sizeof words, found, args);
    va_end(args);
    if (d->number >= 0)
        snprintf(where, sizeof where, "network.layers[%lld]", (long long)d->number);
    d->code = error_set(d->e, EXIT_SCENARIO, "%s: found %s; expected %s", where, words, expected);
    return false;
}

typedef struct shape_text {
    char at[80];
} shape_text;

static shape_text in_words(const layer_shape *s)
{
    shape_text t;
    if (s->rank == 3)
        snprintf(t.at, sizeof t.at, "an input of shape [%lld, %lld, %lld]", (long long)s->at[0], (long long)s->at[1],
                 (long long)s->at[2]);
    else
        snprintf(t.at, sizeof t.at, "an input of shape [%lld]", (long long)s->at[0]);
    return t;
}

static layer_shape *shape_now(draft *d) { return d->aside ? &d->shortcut : &d->shape; }

bool draft_maps(draft *d)
{
    const engine_network *n = d->asked;
    layer_shape *s = &d->shape;
    *s = (layer_shape){.rank = 3, .at = {1, 1, 1}};
    if (!draft_expect(d, n->rank == 2 || n->rank == 3, "rows of shape [channels, height, width] or [height, width]",
                      "rows of rank %lld", (long long)n->rank))
        return false;
    memcpy(s->at + 3 - n->rank, n->shape, (size_t)n->rank * sizeof *s->at);
    d->m->input = *s;
    return true;
}

/* ---- appending ---- */

static model_layer *append(draft *d, int kind, layer_shape to)
{
    pdr_model *m = d->m;
    m->layers = alloc_again(m->layers, (size_t)m->layer_count + 1, sizeof *m->layers);
    model_layer *l = &m->layers[m->layer_count++];
    *l = (model_layer){.kind = kind, .aside = d->aside, .block = -1, .buffer = -1, .in = *shape_now(d), .to = to};
    *shape_now(d) = to;
    return l;
}

/* A block NAME.PART; returns its number. */
static int64_t add(draft *d, model_part *p, const char *name, const char *part, model_block b)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", name, part);
    b.about.name = full;
    if (!d->code)
        d->code = part_add(p, &b, d->e);
    return p->count - 1;
}

static model_block vector(uint32_t kind, int64_t size, int64_t fan_in, float fill)
{
    return (model_block){.about = {.kind = kind, .rank = 1, .shape = {size}}, .fan_in = fan_in, .fill = fill};
}

void draft_linear(draft *d, int64_t units, const char *name)
{
    draft_flatten(d);
    if (!draft_expect(d, units > 0, "a size of 1 or more", "a size of %lld", (long long)units))
        return;
    int64_t inputs = shape_now(d)->at[0];
    model_block weight = {.about = {.kind = PDR_WEIGHT, .rank = 2, .shape = {units, inputs}}, .fan_in = inputs};
    model_layer *l = append(d, ENGINE_LINEAR, (layer_shape){1, {units}});
    l->block = add(d, &d->m->blocks, name, "weight", weight);
    l->bias = true;
    add(d, &d->m->blocks, name, "bias", vector(PDR_BIAS, units, inputs, 0));
}

/* The map that a window makes, in the place of `s`. */
static bool slide(draft *d, layer_shape *s, draft_window w)
{
    if (!draft_expect(d, s->rank == 3, "maps of shape [channels, height, width]", "%s", in_words(s).at) ||
        !draft_expect(d, w.kernel > 0 && w.stride > 0 && w.padding >= 0 && w.padding < INT32_MAX,
                      "a kernel and a stride of 1 or more, and a padding of 0 or more",
                      "kernel %lld, stride %lld, padding %lld", (long long)w.kernel, (long long)w.stride,
                      (long long)w.padding) ||
        !draft_expect(d, s->at[1] + 2 * w.padding >= w.kernel && s->at[2] + 2 * w.padding >= w.kernel,
                      "maps at least as large as the kernel", "%s and a kernel of %lld", in_words(s).at,
                      (long long)w.kernel))
        return false;
    for (int i = 1; i < 3; i++)
        s->at[i] = (s->at[i] + 2 * w.padding - w.kernel) / w.stride + 1;
    return true;
}

static void take_window(model_layer *l, draft_window w)
{
    l->kernel = w.kernel;
    l->stride = w.stride;
    l->padding = w.padding;
}

void draft_conv(draft *d, int64_t channels, draft_window w, bool bias, const char *name)
{
    layer_shape to = *shape_now(d);
    int64_t from = to.at[0], fan_in = 0;
    if (!draft_expect(d, channels > 0, "1 channel or more", "%lld channels", (long long)channels) ||
        !slide(d, &to, w) ||
        !draft_expect(
            d, !__builtin_mul_overflow(from, w.kernel, &fan_in) && !__builtin_mul_overflow(fan_in, w.kernel, &fan_in),
            "one that memory can hold", "a kernel of %lld", (long long)w.kernel))
        return;
    to.at[0] = channels;
    model_block weight = {.about = {.kind = PDR_WEIGHT, .rank = 4, .shape = {channels, from, w.kernel, w.kernel}},
                          .fan_in = fan_in};
    model_layer *l = append(d, ENGINE_CONV, to);
    take_window(l, w);
    l->block = add(d, &d->m->blocks, name, "weight", weight);
    l->bias = bias;
    if (bias)
        add(d, &d->m->blocks, name, "bias", vector(PDR_BIAS, channels, fan_in, 0));
}

void draft_norm(draft *d, const char *name)
{
    int64_t size = shape_now(d)->at[0];
    model_layer *l = append(d, ENGINE_BATCH_NORM, *shape_now(d));
    l->block = add(d, &d->m->blocks, name, "weight", vector(PDR_NORM, size, 0, 1));
    add(d, &d->m->blocks, name, "bias", vector(PDR_NORM, size, 0, 0));
    l->buffer = add(d, &d->m->buffers, name, "running_mean", vector(PDR_NORM, size, 0, 0));
    add(d, &d->m->buffers, name, "running_var", vector(PDR_NORM, size, 0, 1));
}

void draft_pool(draft *d, int kind, draft_window w)
{
    layer_shape to = *shape_now(d);
    if (slide(d, &to, w) && draft_expect(d, 2 * w.padding <= w.kernel, "at most half the kernel", "a padding of %lld",
                                         (long long)w.padding))
        take_window(append(d, kind, to), w);
}

void draft_plain(draft *d, int kind, double rate)
{
    if (!d->code)
        append(d, kind, *shape_now(d))->rate = rate;
}

void draft_flatten(draft *d)
{
    const layer_shape s = *shape_now(d);
    int64_t size = 0;
    if (s.rank == 1 || d->code)
        return;
    if (draft_expect(d,
                     !__builtin_mul_overflow(s.at[0], s.at[1], &size) && !__builtin_mul_overflow(size, s.at[2], &size),
                     "one that memory can hold", "%s", in_words(&s).at))
        append(d, ENGINE_FLATTEN, (layer_shape){1, {size}});
}

void draft_mean(draft *d) { append(d, LAYER_MEAN, (layer_shape){1, {shape_now(d)->at[0]}}); }

/* ---- shortcuts ---- */

void draft_save(draft *d)
{
    append(d, LAYER_SAVE, d->shape);
    d->shortcut = d->shape;
}

void draft_add(draft *d) { append(d, LAYER_ADD, d->shape); }

void draft_subsample(draft *d, int64_t channels, int64_t stride)
{
    layer_shape to = *shape_now(d);
    to.at[0] = channels;
    to.at[1] = (to.at[1] - 1) / stride + 1;
    to.at[2] = (to.at[2] - 1) / stride + 1;
    append(d, LAYER_SUBSAMPLE, to)->stride = stride;
}
