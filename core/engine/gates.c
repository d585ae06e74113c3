/* Gates: factors on the outputs of hidden layers. Each strategy has its own, and what a layer is multiplied by is their
 * product, made when one of them changes.
 *
 * A hidden layer is one with weights, those of shortcuts and heads apart; its output stands behind its activation, and that
 * is the first one after it, so for the last convolution of a residual block the one behind the sum. Without an activation
 * it stands behind the batch norm that follows, or behind the layer itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/model.h"

static const pdr_tensor_api *const T = &engine_tensor;

struct engine_gates {
    model_gate *at;
    int64_t count;
};

/* ---- where ---- */

static bool has_weights(const model_layer *l)
{
    return (l->kind == ENGINE_LINEAR || l->kind == ENGINE_CONV) && !l->aside;
}

static bool is_activation(const model_layer *l)
{
    return l->kind == ENGINE_RELU || l->kind == ENGINE_LEAKY_RELU || l->kind == ENGINE_TANH ||
           l->kind == ENGINE_SIGMOID;
}

/* Behind the layer at `at`: what comes before the next weights, as long as a unit is still a unit. */
static int64_t output_of(const pdr_model *m, int64_t at)
{
    int64_t out = at;
    for (int64_t i = at + 1; i < m->layer_count; i++) {
        const model_layer *l = &m->layers[i];
        if (l->aside)
            continue;
        if (has_weights(l) || l->kind == ENGINE_FLATTEN)
            break;
        if (is_activation(l))
            return i;
        if (l->kind == ENGINE_BATCH_NORM && i == at + 1)
            out = i;
    }
    return out;
}

int64_t gates_point(const pdr_model *m, int64_t layer)
{
    for (int64_t i = 0; i < m->layer_count && layer >= 0; i++)
        if (has_weights(&m->layers[i]) && layer-- == 0)
            return output_of(m, i);
    return -1;
}

/* ---- the product ---- */

static pdr_tensor *factor_of(pdr_scope *s, const pdr_model *m, int64_t layer)
{
    const int64_t map[3] = {-1, 1, 1};
    pdr_tensor *product = NULL;
    for (int64_t i = 0; i < m->gate_count; i++)
        if (m->gates[i].layer == layer)
            product = product ? T->mul(s, product, m->gates[i].mask) : m->gates[i].mask;
    const bool maps = m->layers[gates_point(m, layer)].to.rank == 3;
    return product && maps ? T->reshape(s, product, map, 3) : product;
}

/* A layer's factor anew. */
static pdr_status factor_make(pdr_scope *s, pdr_model *m, int64_t layer)
{
    const int64_t point = gates_point(m, layer);
    if (!m->gated)
        m->gated = alloc_zero((size_t)m->layer_count, sizeof(pdr_tensor *));
    engine_take_back(m->gated[point]);
    m->gated[point] = engine_lend(s, factor_of(s, m, layer), false);
    return T->status(s);
}

/* ---- setting ---- */

static void gate_free(model_gate *g)
{
    engine_take_back(g->mask);
    free(g->who);
}

static const char *mask_fault(const pdr_model *m, int64_t layer, const pdr_tensor *mask, char *words, size_t room)
{
    int64_t layers = 0, units = 0;
    while (gates_point(m, layers) >= 0)
        layers++;
    if (layer < 0 || layer >= layers) {
        snprintf(words, room, "gate: found hidden layer %lld; expected one of the network's %lld, from 0",
                 (long long)layer, (long long)layers);
        return words;
    }
    units = m->layers[gates_point(m, layer)].to.at[0];
    if (!mask || (T->rank(mask) == 1 && T->size(mask, 0) == units && T->dtype(mask) == PDR_F32))
        return NULL;
    snprintf(words, room, "gate: found a mask of %lld numbers in %d dimensions%s; expected f32 [%lld]",
             (long long)T->size(mask, PDR_ALL), T->rank(mask), T->dtype(mask) == PDR_F32 ? "" : ", not f32",
             (long long)units);
    return words;
}

static void gate_take(pdr_model *m, const char *who, int64_t layer)
{
    for (int64_t i = 0; i < m->gate_count; i++) {
        if (m->gates[i].layer != layer || strcmp(m->gates[i].who, who) != 0)
            continue;
        gate_free(&m->gates[i]);
        m->gate_count--;
        memmove(&m->gates[i], &m->gates[i + 1], (size_t)(m->gate_count - i) * sizeof *m->gates);
        return;
    }
}

static void gate_add(pdr_scope *s, pdr_model *m, const char *who, int64_t layer, const pdr_tensor *values)
{
    pdr_tensor *mask = engine_lend(s, values, false);
    if (!mask)
        return;
    m->gates = alloc_again(m->gates, (size_t)m->gate_count + 1, sizeof *m->gates);
    m->gates[m->gate_count++] = (model_gate){alloc_text(who), layer, mask};
}

pdr_status engine_model_gate(pdr_scope *s, pdr_model *m, const char *who, int64_t layer, const pdr_tensor *mask)
{
    char words[160];
    if (!m || T->status(s))
        return m ? T->status(s) : PDR_EINVALID;
    const char *fault = mask_fault(m, layer, mask, words, sizeof words);
    if (fault) {
        engine_scope_fail(s, PDR_EINVALID, fault);
        return T->status(s);
    }
    const pdr_tensor *own = mask ? T->clone(s, mask) : NULL; /* what is written into the mask later changes nothing */
    gate_take(m, who, layer);
    if (own)
        gate_add(s, m, who, layer, own);
    return factor_make(s, m, layer);
}

int64_t engine_gate_count(const pdr_model *m) { return m ? m->gate_count : -1; }

pdr_tensor *engine_gate_at(const pdr_model *m, int64_t i, const char **who, int64_t *layer)
{
    if (!m || i < 0 || i >= m->gate_count)
        return NULL;
    *who = m->gates[i].who;
    *layer = m->gates[i].layer;
    return m->gates[i].mask;
}

void gates_clear(pdr_model *m)
{
    for (int64_t i = 0; i < m->gate_count; i++)
        gate_free(&m->gates[i]);
    for (int64_t i = 0; m->gated && i < m->layer_count; i++)
        engine_take_back(m->gated[i]);
    free(m->gates);
    free((void *)m->gated);
    m->gates = NULL;
    m->gated = NULL;
    m->gate_count = 0;
}

/* ---- and back ---- */

engine_gates *engine_gates_keep(const pdr_model *m)
{
    engine_gates *kept = alloc_zero(1, sizeof *kept);
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    kept->at = alloc_zero((size_t)m->gate_count + 1, sizeof *kept->at);
    for (int64_t i = 0; i < m->gate_count; i++)
        kept->at[kept->count++] =
            (model_gate){alloc_text(m->gates[i].who), m->gates[i].layer, engine_lend(s, m->gates[i].mask, false)};
    engine_scope_close(s);
    return kept;
}

pdr_status engine_gates_restore(pdr_model *m, engine_gates *kept)
{
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    gates_clear(m);
    for (int64_t i = 0; i < kept->count; i++) {
        engine_model_gate(s, m, kept->at[i].who, kept->at[i].layer, kept->at[i].mask);
        gate_free(&kept->at[i]);
    }
    free(kept->at);
    free(kept);
    return engine_scope_close(s);
}
