/* The multilayer perceptron: rows are flattened, hidden layers end in ReLU, the head makes the logits.
 *
 * Blocks stand in the order of the layers, weight before bias: "hidden.0.weight", "hidden.0.bias", ..., "head.weight",
 * "head.bias". */
#include <stdio.h>

#include "engine/model.h"

static int64_t mlp_block_count(const pdr_model *m) { return 2 * (m->hidden_count + 1); }

static int64_t width(const pdr_model *m, int64_t layer)
{
    return layer < m->hidden_count ? m->hidden[layer] : m->outputs;
}

static void mlp_describe(const pdr_model *m, int64_t i, model_block *out)
{
    int64_t layer = i / 2;
    bool bias = i % 2 != 0, head = layer == m->hidden_count;
    out->fan_in = layer == 0 ? m->inputs : m->hidden[layer - 1];
    out->about.kind = (uint32_t)(head ? (bias ? PDR_HEAD_BIAS : PDR_HEAD_WEIGHT) : (bias ? PDR_BIAS : PDR_WEIGHT));
    out->about.rank = bias ? 1 : 2;
    out->about.shape[0] = width(m, layer);
    if (!bias)
        out->about.shape[1] = out->fan_in;
    if (head)
        out->about.columns = m->outputs;
    const char *part = bias ? "bias" : "weight";
    if (head)
        snprintf(out->name, sizeof out->name, "head.%s", part);
    else
        snprintf(out->name, sizeof out->name, "hidden.%lld.%s", (long long)layer, part);
}

static pdr_tensor *layer_of(pdr_scope *s, pdr_model *m, int64_t layer, const pdr_tensor *x)
{
    return engine_linear(s, x, m->blocks[2 * layer].leaf, m->blocks[2 * layer + 1].leaf);
}

/* [B, inputs]: the batch itself where it has this shape already. */
static pdr_tensor *flattened(pdr_scope *s, const pdr_model *m, const pdr_tensor *x)
{
    int64_t rows = engine_tensor.size(x, 0), numbers = engine_tensor.size(x, PDR_ALL);
    if (!x || engine_tensor.status(s))
        return NULL;
    if (rows < 0 || numbers != rows * m->inputs) {
        char words[160];
        snprintf(words, sizeof words, "forward: x has %lld numbers in %lld rows; the network takes rows of %lld",
                 (long long)numbers, (long long)rows, (long long)m->inputs);
        engine_scope_fail(s, PDR_EINVALID, words);
        return NULL;
    }
    const int64_t shape[2] = {rows, m->inputs};
    return engine_tensor.reshape(s, x, shape, 2);
}

static pdr_tensor *mlp_features(pdr_scope *s, pdr_model *m, const pdr_tensor *x)
{
    pdr_tensor *h = flattened(s, m, x);
    for (int64_t i = 0; i < m->hidden_count; i++)
        h = engine_relu(s, layer_of(s, m, i, h));
    return h;
}

static pdr_tensor *mlp_head(pdr_scope *s, pdr_model *m, const pdr_tensor *features)
{
    return layer_of(s, m, m->hidden_count, features);
}

static int64_t mlp_units(const pdr_model *m, int64_t layer)
{
    return layer >= 0 && layer < m->hidden_count ? m->hidden[layer] : 0;
}

const network_kind network_mlp = {"mlp", mlp_block_count, mlp_describe, mlp_features, mlp_head, mlp_units};
