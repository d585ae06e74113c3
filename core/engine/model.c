/* Models: building, copying, and the slots of pdr_model_api and engine_executor that every kind of network shares. */
#include "engine/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const network_kind *const KINDS[] = {&network_mlp};

static const network_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (name && strcmp(KINDS[i]->name, name) == 0)
            return KINDS[i];
    return NULL;
}

static void model_discard(pdr_model *m)
{
    if (!m)
        return;
    for (int64_t i = 0; i < m->block_count; i++) {
        engine_take_back(m->blocks[i].leaf);
        engine_take_back(m->blocks[i].gradient);
    }
    engine_take_back(m->params);
    engine_take_back(m->gradients);
    if (m->owner)
        m->owner->kept--;
    free(m->blocks);
    free(m->hidden);
    free(m->shape);
    free(m);
}

static int64_t *copy_sizes(const int64_t *from, int64_t count)
{
    int64_t *out = alloc_zero((size_t)count + 1, sizeof *out);
    if (count)
        memcpy(out, from, (size_t)count * sizeof *out);
    return out;
}

static void lay_out(pdr_model *m)
{
    m->block_count = m->kind->block_count(m);
    m->blocks = alloc_zero((size_t)m->block_count, sizeof *m->blocks);
    for (int64_t i = 0; i < m->block_count; i++) {
        model_block *b = &m->blocks[i];
        m->kind->describe(m, i, b);
        b->about.struct_size = sizeof b->about;
        b->about.name = b->name;
        b->about.first = m->size;
        b->about.count = 1;
        for (int64_t d = 0; d < b->about.rank; d++)
            b->about.count *= b->about.shape[d];
        m->size += b->about.count;
    }
}

/* A model without values yet. */
static pdr_model *new_model(const network_kind *kind, const engine_network *n)
{
    pdr_model *m = alloc_zero(1, sizeof *m);
    m->kind = kind;
    m->hidden = copy_sizes(n->hidden, n->hidden_count);
    m->hidden_count = n->hidden_count;
    m->shape = copy_sizes(n->shape, n->rank);
    m->rank = n->rank;
    m->outputs = n->outputs;
    m->inputs = 1;
    for (int64_t d = 0; d < n->rank; d++)
        m->inputs *= n->shape[d];
    lay_out(m);
    return m;
}

/* Makes `values` [P] the model's buffer and the blocks views of it. */
static pdr_status set_values(pdr_scope *s, pdr_model *m, const pdr_tensor *values)
{
    m->params = engine_lend(s, values, false);
    if (!m->frozen)
        m->gradients = engine_lend(s, engine_tensor.full(s, PDR_F32, &m->size, 1, 0.0), false);
    for (int64_t i = 0; i < m->block_count; i++) {
        model_block *b = &m->blocks[i];
        pdr_tensor *part = engine_tensor.slice(s, m->params, 0, b->about.first, b->about.count);
        b->leaf = engine_lend(s, engine_tensor.reshape(s, part, b->about.shape, (int32_t)b->about.rank), !m->frozen);
    }
    return engine_tensor.status(s);
}

static void draw(const pdr_model *m, random_stream *r, float *out)
{
    for (int64_t i = 0; i < m->block_count; i++) {
        const model_block *b = &m->blocks[i];
        float *w = out + b->about.first;
        const double bound = 1.0 / sqrt((double)b->fan_in);
        random_units(r, w, (size_t)b->about.count);
        for (int64_t j = 0; j < b->about.count; j++)
            w[j] = (float)((2.0 * (double)w[j] - 1.0) * bound);
    }
}

static int check_network(const engine_network *n, error *e)
{
    if (!kind_named(n->kind))
        return error_set(e, EXIT_SCENARIO, "network: found kind \"%s\"; expected mlp", n->kind ? n->kind : "");
    bool sizes = n->outputs > 0 && n->rank >= 0 && n->hidden_count >= 0;
    for (int64_t i = 0; sizes && i < n->hidden_count; i++)
        sizes = n->hidden[i] > 0;
    for (int64_t i = 0; sizes && i < n->rank; i++)
        sizes = n->shape[i] > 0;
    return sizes ? 0 : error_set(e, EXIT_SCENARIO, "network: found a size below 1; expected 1 or more everywhere");
}

int engine_model_build(const engine_network *network, random_stream *r, pdr_model **out, error *e)
{
    *out = NULL;
    int code = check_network(network, e);
    if (code)
        return code;
    pdr_model *m = new_model(kind_named(network->kind), network);
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    void *bytes = NULL;
    pdr_tensor *values = engine_blank(s, PDR_F32, &m->size, 1, &bytes);
    if (values)
        draw(m, r, bytes);
    if (!s || set_values(s, m, engine_to_device(s, values))) {
        code = error_set(e, EXIT_SYSTEM, "network: found no memory for its parameters: %s", engine_scope_message(s));
        model_discard(m);
    } else {
        *out = m;
    }
    engine_scope_close(s);
    return code;
}

int64_t engine_model_size(const pdr_model *m) { return m ? m->size : -1; }

static pdr_model *model_snapshot(const pdr_host *h, const pdr_model *m)
{
    pdr_scope *s = m ? engine_scope_open(NULL, PDR_NO_GRAD) : NULL;
    if (!s)
        return NULL;
    const engine_network n = {m->kind->name, m->hidden, m->hidden_count, m->shape, m->rank, m->outputs};
    pdr_model *copy = new_model(m->kind, &n);
    copy->frozen = true;
    pdr_status code = set_values(s, copy, engine_tensor.clone(s, m->params));
    engine_scope_close(s);
    if (code) {
        model_discard(copy);
        return NULL;
    }
    copy->owner = engine_owner_of(h);
    if (copy->owner)
        copy->owner->kept++;
    return copy;
}

static bool same_blocks(const pdr_model *a, const pdr_model *b)
{
    if (a->kind != b->kind || a->size != b->size || a->block_count != b->block_count)
        return false;
    for (int64_t i = 0; i < a->block_count; i++)
        if (memcmp(a->blocks[i].about.shape, b->blocks[i].about.shape, sizeof a->blocks[i].about.shape) != 0)
            return false;
    return true;
}

static pdr_status model_assign(pdr_model *into, const pdr_model *m)
{
    if (!into || !m || !same_blocks(into, m))
        return PDR_EINVALID;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    if (!s)
        return PDR_ENOMEM;
    engine_tensor.copy(s, into->params, m->params);
    return engine_scope_close(s);
}

/* ---- running it ---- */

static pdr_tensor *model_features(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    (void)mode; /* no kind has dropout or running means yet */
    return m && x ? m->kind->features(s, m, x) : NULL;
}

static pdr_tensor *model_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    return m ? m->kind->head(s, m, model_features(s, m, x, mode)) : NULL;
}

static pdr_tensor *step_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_tensor **features)
{
    if (features)
        *features = NULL;
    pdr_tensor *d = model_features(s, m, x, PDR_TRAIN);
    if (features)
        *features = d;
    return d ? m->kind->head(s, m, d) : NULL;
}

/* ---- gradients ---- */

static pdr_status differentiate(pdr_scope *s, const pdr_model *m, const pdr_tensor *loss, pdr_tensor **found)
{
    pdr_tensor **leaves = alloc_zero((size_t)m->block_count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < m->block_count; i++)
        leaves[i] = m->blocks[i].leaf;
    pdr_status code = engine_differentiate(s, loss, leaves, m->block_count, false, found);
    free(leaves);
    return code;
}

static pdr_status hold_gradients(pdr_scope *s, pdr_model *m, pdr_tensor *const *found)
{
    for (int64_t i = 0; i < m->block_count; i++) {
        model_block *b = &m->blocks[i];
        if (!b->gradient)
            b->gradient = engine_lend(s, found[i], false);
        else
            engine_replace(b->gradient, found[i]);
    }
    m->has_gradient = true;
    m->flat = false;
    return engine_tensor.status(s);
}

pdr_status model_make_flat(pdr_scope *s, pdr_model *m)
{
    if (m->flat || !m->has_gradient)
        return engine_tensor.status(s);
    pdr_tensor **parts = alloc_zero((size_t)m->block_count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < m->block_count; i++)
        parts[i] = m->blocks[i].gradient;
    pdr_status code = engine_join(s, m->gradients, parts, m->block_count);
    free(parts);
    m->flat = code == PDR_OK;
    return code;
}

static pdr_status step_backward(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat)
{
    if (!m || m->frozen || !loss) {
        engine_scope_fail(s, PDR_EINVALID, "backward: no loss, or a snapshot, which is frozen");
        return engine_tensor.status(s);
    }
    pdr_tensor **found = alloc_zero((size_t)m->block_count, sizeof(pdr_tensor *));
    pdr_status code = differentiate(s, m, loss, found);
    if (!code)
        code = hold_gradients(s, m, found);
    free(found);
    return code || !flat ? code : model_make_flat(s, m);
}

static pdr_tensor *model_gradient(pdr_scope *s, pdr_model *m, const pdr_tensor *loss)
{
    if (!m || !loss)
        return NULL;
    pdr_tensor **found = alloc_zero((size_t)m->block_count, sizeof(pdr_tensor *)), *flat = NULL;
    const int64_t all = -1;
    if (m->frozen)
        engine_scope_fail(s, PDR_EINVALID, "gradient: a snapshot is frozen: nothing flows to its parameters");
    if (!engine_tensor.status(s) && !differentiate(s, m, loss, found)) {
        for (int64_t i = 0; i < m->block_count; i++)
            found[i] = engine_tensor.reshape(s, found[i], &all, 1);
        flat = engine_tensor.cat(s, found, (int32_t)m->block_count, 0);
    }
    free(found);
    return flat;
}

const float *model_gradient_floats(const pdr_model *m, int64_t i)
{
    const float *flat = m->flat ? engine_floats(m->gradients) : NULL;
    return flat ? flat + m->blocks[i].about.first : engine_floats(m->blocks[i].gradient);
}

/* ---- looking at it ---- */

static pdr_tensor *flat_params(pdr_model *m) { return m ? m->params : NULL; }

/* Whoever asks gets the gradient of the last backward, also where that was told to build none. */
static pdr_tensor *flat_grads(pdr_model *m)
{
    if (!m || m->frozen)
        return NULL;
    if (m->flat || !m->has_gradient)
        return m->gradients;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    pdr_status code = model_make_flat(s, m);
    engine_scope_close(s);
    return code ? NULL : m->gradients;
}

static int64_t block_count(const pdr_model *m) { return m ? m->block_count : -1; }

static pdr_status block(const pdr_model *m, int64_t i, pdr_block *out)
{
    if (!m || !out || i < 0 || i >= m->block_count)
        return PDR_EINVALID;
    uint32_t room = out->struct_size;
    if (room < sizeof room)
        return PDR_EINVALID;
    memcpy(out, &m->blocks[i].about, room < sizeof *out ? room : sizeof *out);
    out->struct_size = room;
    return PDR_OK;
}

static int64_t units(const pdr_model *m, int64_t layer) { return m ? m->kind->units(m, layer) : 0; }

const pdr_model_api engine_model = {
    .struct_size = sizeof(pdr_model_api),
    .forward = model_forward,
    .features = model_features,
    .gradient = model_gradient,
    .flat_params = flat_params,
    .flat_grads = flat_grads,
    .block_count = block_count,
    .block = block,
    .units = units,
    .snapshot = model_snapshot,
    .assign = model_assign,
    .discard = model_discard,
};

const engine_executor engine_autograd = {"autograd", step_forward, step_backward};
