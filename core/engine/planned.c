/* Buffers and forward of the planned executor, see planned.h. */
#include "engine/planned.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const pdr_tensor_api *const T = &engine_tensor;

/* ---- buffers ---- */

enum { LINE = 16 }; /* floats: buffers begin where a vector, and a line of the cache, does */

/* Cuts buffers off a stretch of memory; without one it counts. */
typedef struct cutter {
    float *memory;
    int64_t cut;
} cutter;

static float *cut(cutter *c, int64_t floats)
{
    float *at = c->memory ? c->memory + c->cut : NULL;
    c->cut += (floats + LINE - 1) / LINE * LINE;
    return at;
}

/* What it writes nobody needs again but its own relu. */
static bool in_place(const pdr_model *m, int64_t i)
{
    int before = i ? m->layers[i - 1].kind : -1;
    return m->layers[i].kind == ENGINE_RELU &&
           (before == ENGINE_LINEAR || before == ENGINE_CONV || before == ENGINE_BATCH_NORM || before == LAYER_ADD);
}

/* Dropout's factors; at a rate of 0 there are none. */
static bool has_mask(const model_layer *l) { return l->kind == ENGINE_DROPOUT && l->rate > 0; }

/* Batch norm makes its own. */
static bool has_room(const pdr_model *m, int64_t i)
{
    const model_layer *l = &m->layers[i];
    return l->to.rank == 1 && l->kind != ENGINE_BATCH_NORM && (l->kind != ENGINE_DROPOUT || has_mask(l)) &&
           !in_place(m, i);
}

static bool has_gate(const pdr_model *m, int64_t i) { return m->gated && m->gated[i]; }

static void layer_cut(const pdr_model *m, int64_t i, cutter *c, int64_t rows)
{
    planned_layer *p = &m->planned->layers[i];
    const model_layer *l = &m->layers[i];
    const int64_t floats = rows * l->to.at[0];
    p->room = has_room(m, i) ? cut(c, floats) : NULL;
    p->mask = has_mask(l) && l->to.rank == 1 ? cut(c, floats) : NULL;
    p->gated = has_gate(m, i) && l->to.rank == 1 ? cut(c, floats) : NULL;
}

static int64_t widest(const pdr_model *m)
{
    int64_t most = m->depth;
    for (int64_t i = 0; i < m->layer_count; i++)
        if (m->layers[i].to.rank == 1 && m->layers[i].to.at[0] > most)
            most = m->layers[i].to.at[0];
    return most;
}

static int64_t buffers_cut(const pdr_model *m, int64_t rows, cutter c)
{
    for (int64_t i = 0; i < m->layer_count; i++)
        layer_cut(m, i, &c, rows);
    for (int k = 0; k < 2; k++)
        m->planned->wide[k] = cut(&c, rows * widest(m));
    return c.cut;
}

static void planned_open(pdr_model *m)
{
    m->planned = alloc_zero(1, sizeof *m->planned);
    m->planned->layers = alloc_zero((size_t)m->layer_count + 1, sizeof *m->planned->layers);
    while (m->planned->first < m->layer_count && m->layers[m->planned->first].block < 0)
        m->planned->first++;
}

/* A layer that is gated since has no buffer for it yet. */
static bool buffers_fit(const pdr_model *m, int64_t rows)
{
    bool fit = m->planned->memory && m->planned->rows_held >= rows;
    for (int64_t i = 0; i < m->layer_count && fit; i++)
        fit = !has_gate(m, i) || m->layers[i].to.rank != 1 || m->planned->layers[i].gated;
    return fit;
}

static pdr_status buffers_take(pdr_scope *s, pdr_model *m, int64_t rows)
{
    if (!m->planned)
        planned_open(m);
    model_planned *p = m->planned;
    if (buffers_fit(m, rows))
        return T->status(s);
    const int64_t held = p->rows_held > rows ? p->rows_held : rows, floats = buffers_cut(m, held, (cutter){NULL, 0});
    void *bytes = NULL;
    engine_take_back(p->memory);
    p->memory = engine_lend(s, engine_blank(s, PDR_F32, &floats, 1, &bytes), false);
    p->rows_held = p->memory ? held : 0;
    if (p->memory)
        buffers_cut(m, held, (cutter){bytes, 0});
    return T->status(s);
}

void planned_free(pdr_model *m)
{
    if (!m->planned)
        return;
    engine_take_back(m->planned->memory);
    sparse_free(m->planned->sparse);
    free(m->planned->layers);
    free(m->planned);
    m->planned = NULL;
}

void planned_forget(pdr_model *m)
{
    if (m->planned)
        m->planned->scope = NULL;
}

/* ---- forward ---- */

/* One batch on its way: rows or a map, whichever is set. */
typedef struct pass {
    pdr_scope *s;
    pdr_model *m;
    model_planned *p;
    float *rows;
    pdr_tensor *map, *shortcut;
} pass;

static const float *values(const pdr_model *m, int64_t block)
{
    return engine_floats(m->params) + m->blocks.at[block].about.first;
}

static pdr_tensor *leaf(const pass *q, int64_t block) { return q->m->blocks.at[block].leaf; }

/* out [rows, n] with `stride` = in weight' + bias. */
static void linear(const pass *q, int64_t block, const float *in, int64_t inputs, float *out, int64_t n, int64_t stride)
{
    const int64_t rows = q->p->rows;
    rows_fill(out, stride, values(q->m, block + 1), rows, n);
    planned_multiply(q->s, &(planned_product){.turned_a = true,
                                              .m = n,
                                              .n = rows,
                                              .k = inputs,
                                              .a = values(q->m, block),
                                              .lda = inputs,
                                              .b = in,
                                              .ldb = inputs,
                                              .beta = 1,
                                              .c = out,
                                              .ldc = stride});
}

/* What comes into the first one may be mostly background. */
static void linear_layer(pass *q, const model_layer *l, const planned_layer *p, float *out)
{
    const int64_t inputs = l->in.at[0], n = l->to.at[0];
    const sparse_layer sparse = {q->p->rows, inputs, n, q->rows};
    if (p != &q->p->layers[q->p->first] ||
        !sparse_forward(&q->p->sparse, &sparse, values(q->m, l->block), values(q->m, l->block + 1), out))
        linear(q, l->block, q->rows, inputs, out, n, n);
}

static pdr_tensor *view(const pass *q, float *rows, int64_t n)
{
    return planned_view(q->s, rows, (const int64_t[]){q->p->rows, n}, 2);
}

static engine_norm norm_of(const pdr_model *m, const model_layer *l)
{
    const model_block *w = &m->blocks.at[l->block], *b = &m->buffers.at[l->buffer];
    return (engine_norm){w[0].leaf, w[1].leaf, b[0].leaf, b[1].leaf};
}

static float *rows_normed(pass *q, const model_layer *l, planned_layer *p)
{
    const engine_norm n = norm_of(q->m, l);
    return engine_floats(planned_norm(q->s, view(q, q->rows, l->to.at[0]), &n, false, p->extra));
}

/* What the layer makes of rows; NULL: the scope has an error. */
static float *rows_layer(pass *q, const model_layer *l, planned_layer *p)
{
    const int64_t n = l->to.at[0], count = q->p->rows * n;
    float *out = p->room ? p->room : q->rows;
    switch (l->kind) {
    case ENGINE_LINEAR: linear_layer(q, l, p, out); break;
    case ENGINE_RELU:
        if (out != q->rows)
            memcpy(out, q->rows, (size_t)count * sizeof *out);
        rows_relu(out, count);
        break;
    case ENGINE_LEAKY_RELU: rows_leaky(out, q->rows, (float)l->rate, count); break;
    case ENGINE_TANH:
    case ENGINE_SIGMOID: planned_curve(q->s, l->kind, view(q, out, n), view(q, q->rows, n)); break;
    case ENGINE_DROPOUT:
        if (p->mask) {
            layers_drop(q->m, l, p->mask, count);
            rows_times(out, q->rows, p->mask, count);
        }
        break;
    default: out = rows_normed(q, l, p); /* ENGINE_BATCH_NORM: all others are of maps */
    }
    return out;
}

static pdr_tensor *map_dropped(pass *q, const model_layer *l, planned_layer *p, pdr_tensor *h)
{
    if (l->rate <= 0 || !h)
        return h;
    p->extra[0] = layers_dropout(q->s, q->m, l, q->p->rows);
    return T->mul(q->s, h, p->extra[0]);
}

static pdr_tensor *map_convolved(pass *q, const model_layer *l, planned_layer *p, const pdr_tensor *h)
{
    p->in_map = planned_pixels(q->s, h);
    return engine_conv(q->s, p->in_map, leaf(q, l->block), l->bias ? leaf(q, l->block + 1) : NULL, l->stride,
                       l->padding);
}

static pdr_tensor *map_normed(pass *q, const model_layer *l, planned_layer *p, const pdr_tensor *h)
{
    const engine_norm n = norm_of(q->m, l);
    p->in_map = planned_pixels(q->s, h);
    return planned_norm(q->s, p->in_map, &n, p->relu, p->extra);
}

/* Nobody sees what stands between the layer and the relu behind it, so that one pass over the map may do both. */
static bool with_relu(const pdr_model *m, int64_t i)
{
    const int kind = m->layers[i].kind;
    return (kind == ENGINE_BATCH_NORM || kind == LAYER_ADD) && !m->layers[i].aside && i + 1 < m->layer_count &&
           m->layers[i + 1].kind == ENGINE_RELU && !m->layers[i + 1].aside && !has_gate(m, i);
}

/* What the layer makes of a map. */
static pdr_tensor *map_layer(pass *q, int64_t i, pdr_tensor *h)
{
    const model_layer *l = &q->m->layers[i];
    planned_layer *p = &q->p->layers[i];
    switch (l->kind) {
    case ENGINE_CONV: return map_convolved(q, l, p, h);
    case ENGINE_BATCH_NORM: return map_normed(q, l, p, h);
    case LAYER_ADD: return p->relu ? planned_add_relu(q->s, h, q->shortcut) : T->add(q->s, h, q->shortcut);
    case ENGINE_RELU:
        if (i && p[-1].relu)
            return h;
        return in_place(q->m, i) ? planned_relu(q->s, h) : engine_relu(q->s, h);
    case ENGINE_LEAKY_RELU: return engine_leaky_relu(q->s, h, l->rate);
    case ENGINE_TANH: return engine_tanh(q->s, h);
    case ENGINE_SIGMOID: return T->sigmoid(q->s, h);
    case ENGINE_MAX_POOL:
        return planned_max_pool(q->s, h, (engine_window){l->kernel, l->stride, l->padding}, &p->extra[0]);
    case ENGINE_AVERAGE_POOL: return engine_average_pool(q->s, h, l->kernel, l->stride, l->padding);
    case ENGINE_DROPOUT: return map_dropped(q, l, p, h);
    default: return engine_subsample(q->s, h, l->stride, l->to.at[0]); /* LAYER_SUBSAMPLE */
    }
}

/* Flatten and mean: from here on there are rows. */
static void map_end(pass *q, const model_layer *l, const planned_layer *p)
{
    const layer_shape *in = &l->in;
    if (l->kind == LAYER_MEAN)
        planned_mean(q->s, view(q, p->room, l->to.at[0]), q->map);
    else
        T->copy(q->s, planned_view(q->s, p->room, (const int64_t[]){q->p->rows, in->at[0], in->at[1], in->at[2]}, 4),
                q->map);
    q->rows = p->room;
    q->map = NULL;
}

static void layer_run(pass *q, int64_t i)
{
    const model_layer *l = &q->m->layers[i];
    planned_layer *p = &q->p->layers[i];
    pdr_tensor **on = l->aside ? &q->shortcut : &q->map;
    if (q->rows) {
        p->in = q->rows;
        p->out = q->rows = rows_layer(q, l, p);
    } else if (l->to.rank == 1) {
        map_end(q, l, p);
    } else {
        p->in_map = *on;
        p->relu = with_relu(q->m, i);
        p->out_map = *on = map_layer(q, i, *on);
    }
}

static void gate(pass *q, int64_t i)
{
    planned_layer *p = &q->p->layers[i];
    p->factor = has_gate(q->m, i) ? engine_adopt(q->s, q->m->gated[i]) : NULL; /* as it is now */
    if (!p->factor)
        return;
    if (q->map)
        q->map = T->mul(q->s, q->map, p->factor);
    else if (q->rows)
        rows_gate(p->gated, q->rows, engine_floats(p->factor), q->p->rows, q->m->layers[i].to.at[0]);
    q->rows = q->rows ? p->gated : NULL;
}

static void layers_pass(pass *q)
{
    for (int64_t i = 0; i < q->m->layer_count && !T->status(q->s); i++) {
        if (q->m->layers[i].kind == LAYER_SAVE) {
            q->shortcut = q->map;
            continue;
        }
        layer_run(q, i);
        gate(q, i);
    }
}

static void heads_pass(pass *q)
{
    const pdr_model *m = q->m;
    float *logits = NULL;
    if (m->head == m->blocks.count) {
        engine_scope_fail(q->s, PDR_EINVALID, "forward: the network has no head yet; it comes with the first task");
        return;
    }
    q->p->logits = planned_leaf(q->s, q->p->rows, m->columns, &logits);
    for (int64_t i = m->head; i < m->blocks.count && logits; i += 2) {
        const pdr_block *b = &m->blocks.at[i].about;
        linear(q, i, q->p->head_in, m->depth, logits + b->first_column, b->columns, m->columns);
    }
}

/* A leaf of its own: what a loss makes of the features is differentiated to here, and by hand from here on. */
static void features_give(pass *q)
{
    float *into = NULL;
    q->p->features = planned_leaf(q->s, q->p->rows, q->m->depth, &into);
    if (into && q->p->head_in)
        memcpy(into, q->p->head_in, (size_t)(q->p->rows * q->m->depth) * sizeof *into);
}

static pdr_status pass_begin(pass *q, const pdr_tensor *x)
{
    if (!engine_floats(q->m->params) || q->m->frozen) {
        engine_scope_fail(q->s, PDR_EINVALID, "forward: a snapshot, or parameters that are not on the CPU");
        return T->status(q->s);
    }
    pdr_tensor *plain = planned_plain(q->s, layers_shape(q->s, q->m, x));
    if (!plain || buffers_take(q->s, q->m, T->size(plain, 0)))
        return T->status(q->s);
    q->p = q->m->planned;
    q->p->scope = NULL;
    q->p->rows = T->size(plain, 0);
    q->p->x = plain;
    q->p->logits = q->p->features = NULL;
    q->p->cross = (planned_cross){0};
    q->rows = q->m->input.rank == 1 ? engine_floats(plain) : NULL;
    q->map = q->rows ? NULL : plain;
    return T->status(q->s);
}

static pdr_tensor *planned_step(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_tensor **features)
{
    pass q = {.s = s, .m = m};
    if (!m || !x || T->status(s))
        return NULL;
    const int32_t mode = engine_scope_mode(s, PDR_NO_GRAD);
    if (!pass_begin(&q, x) && q.p) {
        layers_pass(&q);
        q.p->head_in = q.rows;
        if (!T->status(s))
            heads_pass(&q);
        if (!T->status(s) && features)
            features_give(&q);
    }
    engine_scope_mode(s, mode);
    if (T->status(s) || !q.p)
        return NULL;
    q.p->scope = s;
    q.p->version = planned_version(m->params);
    q.p->x_version = planned_version(q.p->x);
    if (features)
        *features = q.p->features;
    return q.p->logits;
}

const engine_executor engine_planned = {"planned", planned_step, planned_backward, planned_loss};
