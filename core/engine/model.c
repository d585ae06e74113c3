/* Models: building, growing, copying, and the slots of pdr_model_api and engine_executor. */
#include "engine/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/planned.h"

/* ---- building ---- */

static void part_take_back(const model_part *p)
{
    for (int64_t i = 0; i < p->count; i++) {
        engine_take_back(p->at[i].leaf);
        engine_take_back(p->at[i].gradient);
    }
}

static void model_discard(pdr_model *m)
{
    if (!m)
        return;
    part_take_back(&m->blocks);
    part_take_back(&m->buffers);
    planned_free(m);
    gates_clear(m);
    engine_take_back(m->params);
    engine_take_back(m->gradients);
    engine_take_back(m->moving);
    if (m->owner)
        m->owner->kept--;
    outline_free(m);
}

/* The blocks become views of `all`. */
static void part_view(pdr_scope *s, model_part *p, const pdr_tensor *all, bool leaves)
{
    for (int64_t i = 0; i < p->count; i++) {
        model_block *b = &p->at[i];
        pdr_tensor *part = engine_tensor.slice(s, all, 0, b->about.first, b->about.count);
        engine_take_back(b->leaf);
        b->leaf = engine_lend(s, engine_tensor.reshape(s, part, b->about.shape, (int32_t)b->about.rank), leaves);
    }
}

/* What was handed out stays the handle that it was. */
static void lend_or_replace(pdr_scope *s, pdr_tensor **lent, const pdr_tensor *t)
{
    if (!*lent)
        *lent = engine_lend(s, t, false);
    else if (t)
        engine_replace(*lent, t);
}

pdr_status model_set_params(pdr_scope *s, pdr_model *m, const pdr_tensor *values)
{
    model_forget_gradients(m);
    lend_or_replace(s, &m->params, values);
    if (!m->frozen)
        lend_or_replace(s, &m->gradients, engine_tensor.full(s, PDR_F32, &m->blocks.size, 1, 0.0));
    part_view(s, &m->blocks, m->params, !m->frozen);
    return engine_tensor.status(s);
}

static pdr_status set_buffers(pdr_scope *s, pdr_model *m, const pdr_tensor *values)
{
    if (!m->buffers.count)
        return engine_tensor.status(s);
    m->moving = engine_lend(s, values, false);
    part_view(s, &m->buffers, m->moving, false);
    return engine_tensor.status(s);
}

static pdr_tensor *drawn(pdr_scope *s, const model_part *p, random_stream *r)
{
    void *bytes = NULL;
    pdr_tensor *values = engine_blank(s, PDR_F32, &p->size, 1, &bytes);
    if (values)
        part_draw(p, 0, r, bytes);
    return engine_to_device(s, values);
}

static bool has_dropout(const pdr_model *m)
{
    for (int64_t i = 0; i < m->layer_count; i++)
        if (m->layers[i].kind == ENGINE_DROPOUT)
            return true;
    return false;
}

/* Dropout's key is drawn after the weights, and only where there is dropout: other networks keep their streams. */
static int fill(pdr_model *m, random_stream *r, error *e)
{
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    int code = 0;
    if (!s || model_set_params(s, m, drawn(s, &m->blocks, r)) || set_buffers(s, m, drawn(s, &m->buffers, r)))
        code = error_set(e, EXIT_SYSTEM, "network: found no memory for its parameters: %s", engine_scope_message(s));
    else if (has_dropout(m)) {
        m->dropout.key = random_long(r);
        random_seek(&m->dropout, 0);
    }
    engine_scope_close(s);
    return code;
}

int engine_model_build(const engine_network *network, random_stream *r, pdr_model **out, error *e)
{
    pdr_model *m = NULL;
    *out = NULL;
    int code = outline_make(network, &m, e);
    if (code)
        return code;
    if ((code = fill(m, r, e)))
        model_discard(m);
    else
        *out = m;
    return code;
}

int64_t engine_model_size(const pdr_model *m) { return m ? m->blocks.size : -1; }

/* ---- copying ---- */

/* The same layers and blocks, without values. */
static pdr_model *frozen_outline(const pdr_model *m)
{
    pdr_model *copy = alloc_zero(1, sizeof *copy);
    *copy = *m;
    copy->owner = NULL;
    copy->recipe = m->recipe ? alloc_text(m->recipe) : NULL;
    copy->frozen = true;
    copy->has_gradient = copy->flat = false;
    copy->dropout.key = ~m->dropout.key;           /* not the masks that the network draws */
    random_seek(&copy->dropout, m->dropout.drawn); /* a stream holds a block of its key */
    copy->params = copy->gradients = copy->moving = NULL;
    copy->gates = NULL;
    copy->gate_count = 0;
    copy->gated = NULL;
    copy->planned = NULL;
    copy->layers = alloc_zero((size_t)m->layer_count + 1, sizeof *copy->layers);
    if (m->layer_count)
        memcpy(copy->layers, m->layers, (size_t)m->layer_count * sizeof *copy->layers);
    part_copy(&copy->blocks, &m->blocks);
    part_copy(&copy->buffers, &m->buffers);
    return copy;
}

void engine_model_claim(const pdr_host *h, pdr_model *m, const char *recipe)
{
    free(m->recipe);
    m->recipe = recipe ? alloc_text(recipe) : NULL;
    m->owner = engine_owner_of(h);
    if (m->owner)
        m->owner->kept++;
}

const char *engine_model_recipe(const pdr_model *m) { return m ? m->recipe : NULL; }
bool engine_model_frozen(const pdr_model *m) { return m && m->frozen; }

static pdr_model *model_snapshot(const pdr_host *h, const pdr_model *m)
{
    pdr_scope *s = m ? engine_scope_open(NULL, PDR_NO_GRAD) : NULL;
    if (!s)
        return NULL;
    pdr_model *copy = frozen_outline(m);
    model_set_params(s, copy, engine_tensor.clone(s, m->params));
    if (m->moving)
        set_buffers(s, copy, engine_tensor.clone(s, m->moving));
    for (int64_t i = 0; i < m->gate_count; i++)
        engine_model_gate(s, copy, m->gates[i].who, m->gates[i].layer, m->gates[i].mask);
    if (engine_scope_close(s)) {
        model_discard(copy);
        return NULL;
    }
    copy->owner = engine_owner_of(h);
    if (copy->owner)
        copy->owner->kept++;
    return copy;
}

static bool same_part(const model_part *a, const model_part *b)
{
    if (a->size != b->size || a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++)
        if (memcmp(a->at[i].about.shape, b->at[i].about.shape, sizeof a->at[i].about.shape) != 0)
            return false;
    return true;
}

static pdr_status model_assign(pdr_model *into, const pdr_model *m)
{
    if (!into || !m || into->kind != m->kind || !same_part(&into->blocks, &m->blocks) ||
        !same_part(&into->buffers, &m->buffers))
        return PDR_EINVALID;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    if (!s)
        return PDR_ENOMEM;
    engine_tensor.copy(s, into->params, m->params);
    if (m->moving)
        engine_tensor.copy(s, into->moving, m->moving);
    return engine_scope_close(s);
}

/* ---- looking at it ---- */

static pdr_tensor *flat_params(pdr_model *m) { return m ? m->params : NULL; }

static int64_t block_count(const pdr_model *m) { return m ? m->blocks.count : -1; }

static pdr_status block(const pdr_model *m, int64_t i, pdr_block *out)
{
    return part_describe(m ? &m->blocks : NULL, i, out);
}

static int64_t units(const pdr_model *m, int64_t layer)
{
    int64_t at = m ? gates_point(m, layer) : -1;
    return at < 0 ? 0 : m->layers[at].to.at[0];
}

pdr_tensor *engine_model_buffers(pdr_model *m) { return m ? m->moving : NULL; }
int64_t engine_buffer_count(const pdr_model *m) { return m ? m->buffers.count : -1; }
pdr_status engine_buffer(const pdr_model *m, int64_t i, pdr_block *out)
{
    return part_describe(m ? &m->buffers : NULL, i, out);
}
random_stream *engine_model_stream(pdr_model *m) { return m ? &m->dropout : NULL; }

const pdr_model_api engine_model = {
    .struct_size = sizeof(pdr_model_api),
    .forward = model_forward,
    .features = model_features,
    .gradient = model_gradient,
    .derivative = engine_derivative,
    .flat_params = flat_params,
    .flat_grads = model_flat_grads,
    .block_count = block_count,
    .block = block,
    .units = units,
    .snapshot = model_snapshot,
    .assign = model_assign,
    .discard = model_discard,
};

const engine_executor engine_autograd = {"autograd", model_step_forward, model_backward, NULL};
