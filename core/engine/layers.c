/* The interpreter: one batch through the list of layers. Values that only this pass holds go as soon as the next one is
 * there, so that an evaluation needs the memory of two layers and not of all; where a graph is recorded, LibTorch keeps
 * what its backward needs. */
#include <stdio.h>

#include "engine/model.h"

static const pdr_tensor_api *const T = &engine_tensor;

typedef struct pass {
    pdr_scope *s;
    pdr_model *m;
    bool train;
    pdr_tensor *main, *shortcut;
    layer_tap *taps;
} pass;

pdr_tensor *layers_shape(pdr_scope *s, const pdr_model *m, const pdr_tensor *x)
{
    int64_t rows = T->size(x, 0), numbers = T->size(x, PDR_ALL);
    if (!x || T->status(s))
        return NULL;
    if (rows < 0 || numbers != rows * m->inputs) {
        char words[160];
        snprintf(words, sizeof words, "forward: x has %lld numbers in %lld rows; the network takes rows of %lld",
                 (long long)numbers, (long long)rows, (long long)m->inputs);
        engine_scope_fail(s, PDR_EINVALID, words);
        return NULL;
    }
    const int64_t shape[4] = {rows, m->input.at[0], m->input.at[1], m->input.at[2]};
    return T->reshape(s, x, shape, (int32_t)m->input.rank + 1);
}

static pdr_tensor *flattened(pdr_scope *s, const model_layer *l, const pdr_tensor *h)
{
    const int64_t shape[2] = {T->size(h, 0), l->to.at[0]};
    return h ? T->reshape(s, h, shape, 2) : NULL;
}

static pdr_tensor *normed(pass *p, const model_layer *l, const pdr_tensor *h)
{
    const model_block *w = &p->m->blocks.at[l->block], *b = &p->m->buffers.at[l->buffer];
    const engine_norm n = {w[0].leaf, w[1].leaf, b[0].leaf, b[1].leaf};
    return engine_batch_norm(p->s, h, &n, p->train, p->train && !p->m->frozen);
}

void layers_drop(pdr_model *m, const model_layer *l, float *factors, int64_t count)
{
    const float rate = (float)l->rate, kept = (float)(1 / (1 - l->rate));
    random_units(&m->dropout, factors, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        factors[i] = factors[i] < rate ? 0.0f : kept;
}

pdr_tensor *layers_dropout(pdr_scope *s, pdr_model *m, const model_layer *l, int64_t rows)
{
    const int64_t shape[4] = {rows, l->to.at[0], l->to.at[1], l->to.at[2]};
    void *bytes = NULL;
    pdr_tensor *factors = engine_blank(s, PDR_F32, shape, (int32_t)l->to.rank + 1, &bytes);
    if (factors)
        layers_drop(m, l, bytes, T->size(factors, PDR_ALL));
    return engine_to_device(s, factors);
}

static pdr_tensor *dropped(pass *p, const model_layer *l, pdr_tensor *h)
{
    if (!p->train || l->rate <= 0 || !h)
        return h;
    return T->mul(p->s, h, layers_dropout(p->s, p->m, l, T->size(h, 0)));
}

static pdr_tensor *leaf(const pass *p, int64_t block) { return p->m->blocks.at[block].leaf; }

static pdr_tensor *convolved(pass *p, const model_layer *l, const pdr_tensor *h)
{
    const pdr_tensor *bias = l->bias ? leaf(p, l->block + 1) : NULL;
    return engine_conv(p->s, h, leaf(p, l->block), bias, l->stride, l->padding);
}

static pdr_tensor *layer_run(pass *p, const model_layer *l, pdr_tensor *h)
{
    pdr_scope *s = p->s;
    switch (l->kind) {
    case ENGINE_LINEAR: return engine_linear(s, h, leaf(p, l->block), leaf(p, l->block + 1));
    case ENGINE_CONV: return convolved(p, l, h);
    case ENGINE_BATCH_NORM: return normed(p, l, h);
    case ENGINE_RELU: return engine_relu(s, h);
    case ENGINE_LEAKY_RELU: return engine_leaky_relu(s, h, l->rate);
    case ENGINE_TANH: return engine_tanh(s, h);
    case ENGINE_SIGMOID: return T->sigmoid(s, h);
    case ENGINE_MAX_POOL: return engine_max_pool(s, h, l->kernel, l->stride, l->padding);
    case ENGINE_AVERAGE_POOL: return engine_average_pool(s, h, l->kernel, l->stride, l->padding);
    case ENGINE_FLATTEN: return flattened(s, l, h);
    case ENGINE_DROPOUT: return dropped(p, l, h);
    case LAYER_MEAN: return engine_map_mean(s, h);
    case LAYER_ADD: return T->add(s, h, p->shortcut);
    case LAYER_SUBSAMPLE: return engine_subsample(s, h, l->stride, l->to.at[0]);
    default: return h; /* LAYER_SAVE */
    }
}

/* `*on` becomes what the layer makes of it; what it was is forgotten where nobody else holds it. */
static void advance(pass *p, const model_layer *l, pdr_tensor **on)
{
    pdr_tensor *before = *on, *other = on == &p->main ? p->shortcut : p->main;
    *on = layer_run(p, l, before);
    if (p->taps && l->block >= 0)
        p->taps[l - p->m->layers] = (layer_tap){before, *on};
    if (!p->taps && before != *on && before != other)
        engine_forget(before);
}

/* What the next layer gets, and the heads, is gated; what a tap has of this one is not. */
static void gate(pass *p, int64_t i)
{
    pdr_tensor *before = p->main, *factor = p->m->gated ? p->m->gated[i] : NULL;
    if (!factor || !before)
        return;
    p->main = T->mul(p->s, before, factor);
    if (!p->taps && before != p->shortcut)
        engine_forget(before);
}

pdr_tensor *layers_run(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode, layer_tap *taps)
{
    pass p = {.s = s, .m = m, .train = mode == PDR_TRAIN, .main = layers_shape(s, m, x), .taps = taps};
    for (int64_t i = 0; i < m->layer_count; i++) {
        const model_layer *l = &m->layers[i];
        if (l->kind == LAYER_SAVE) {
            p.shortcut = p.main;
            continue;
        }
        advance(&p, l, l->aside ? &p.shortcut : &p.main);
        if (l->kind == LAYER_ADD) {
            if (!taps)
                engine_forget(p.shortcut);
            p.shortcut = NULL;
        }
        gate(&p, i);
    }
    return p.main;
}
