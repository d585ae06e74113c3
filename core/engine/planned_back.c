/* Backward of the planned executor: autograd from the loss to the logits, and to the features where these were given out;
 * the layers by hand, from the heads to the first one with parameters. Gradients land in the flat gradient. */
#include <string.h>

#include "engine/planned.h"

static const pdr_tensor_api *const T = &engine_tensor;

/* The gradient on its way: of rows or of maps, whichever is set. */
typedef struct flow {
    pdr_scope *s;
    pdr_model *m;
    const model_planned *p;
    float *to; /* the flat gradient */
    float *rows;
    pdr_tensor *map, *shortcut;
} flow;

static float *place(const flow *f, int64_t block) { return f->to + f->m->blocks.at[block].about.first; }

static const float *values(const flow *f, int64_t block)
{
    return engine_floats(f->m->params) + f->m->blocks.at[block].about.first;
}

static pdr_tensor *view(const flow *f, float *rows, int64_t n)
{
    return planned_view(f->s, rows, (const int64_t[]){f->p->rows, n}, 2);
}

/* The buffer that does not hold what comes in. */
static float *other(const flow *f) { return f->rows == f->p->wide[0] ? f->p->wide[1] : f->p->wide[0]; }

/* ---- a linear layer ---- */

/* g [rows, n] with `stride`: of its output; in: what it got. */
static void linear_parameters(const flow *f, int64_t block, const float *g, int64_t stride, int64_t n, const float *in,
                              int64_t inputs)
{
    planned_multiply(f->s, &(planned_product){.turned_b = true,
                                              .m = inputs,
                                              .n = n,
                                              .k = f->p->rows,
                                              .a = in,
                                              .lda = inputs,
                                              .b = g,
                                              .ldb = stride,
                                              .c = place(f, block),
                                              .ldc = inputs});
    rows_sum(place(f, block + 1), g, stride, f->p->rows, n);
}

/* beta 1: added to what is there. */
static void linear_input(const flow *f, int64_t block, const float *g, int64_t stride, int64_t n, float *back,
                         int64_t inputs, float beta)
{
    planned_multiply(f->s, &(planned_product){.m = inputs,
                                              .n = f->p->rows,
                                              .k = n,
                                              .a = values(f, block),
                                              .lda = inputs,
                                              .b = g,
                                              .ldb = stride,
                                              .beta = beta,
                                              .c = back,
                                              .ldc = inputs});
}

static void linear_back(flow *f, int64_t i)
{
    const model_layer *l = &f->m->layers[i];
    const int64_t n = l->to.at[0], inputs = l->in.at[0];
    if (i == f->p->first && sparse_weights(f->p->sparse, f->rows, place(f, l->block)))
        rows_sum(place(f, l->block + 1), f->rows, n, f->p->rows, n);
    else
        linear_parameters(f, l->block, f->rows, n, n, f->p->layers[i].in, inputs);
    float *back = i > f->p->first ? other(f) : NULL;
    if (back)
        linear_input(f, l->block, f->rows, n, n, back, inputs, 0);
    f->rows = back;
}

/* ---- layers of rows ---- */

static pdr_tensor *norm_back(const flow *f, int64_t i, const pdr_tensor *g, const pdr_tensor *in)
{
    const model_layer *l = &f->m->layers[i];
    const planned_layer *p = &f->p->layers[i];
    return planned_norm_back(f->s, g, in, p->relu ? p->out_map : NULL, f->m->blocks.at[l->block].leaf, p->extra,
                             (planned_target){place(f, l->block), place(f, l->block + 1), i > f->p->first});
}

static void rows_back(flow *f, int64_t i)
{
    const model_layer *l = &f->m->layers[i];
    const planned_layer *p = &f->p->layers[i];
    const int64_t n = l->to.at[0], count = f->p->rows * n;
    switch (l->kind) {
    case ENGINE_LINEAR: linear_back(f, i); break;
    case ENGINE_RELU: rows_relu_back(f->rows, p->out, count); break;
    case ENGINE_LEAKY_RELU: rows_leaky_back(f->rows, p->in, (float)l->rate, count); break;
    case ENGINE_TANH:
    case ENGINE_SIGMOID: planned_curve_back(f->s, l->kind, view(f, f->rows, n), view(f, p->out, n)); break;
    case ENGINE_DROPOUT:
        if (p->mask)
            rows_times(f->rows, f->rows, p->mask, count);
        break;
    default: /* ENGINE_BATCH_NORM */
        f->rows = engine_floats(planned_plain(f->s, norm_back(f, i, view(f, f->rows, n), view(f, p->in, n))));
    }
}

/* ---- layers of maps ---- */

static void map_begin(flow *f, const model_layer *l)
{
    const layer_shape *in = &l->in;
    f->map = l->kind == LAYER_MEAN
                 ? planned_mean_back(f->s, view(f, f->rows, l->to.at[0]), in)
                 : planned_view(f->s, f->rows, (const int64_t[]){f->p->rows, in->at[0], in->at[1], in->at[2]}, 4);
    f->rows = NULL;
}

static pdr_tensor *map_back(const flow *f, int64_t i, pdr_tensor *g)
{
    const model_layer *l = &f->m->layers[i];
    const planned_layer *p = &f->p->layers[i];
    switch (l->kind) {
    case ENGINE_CONV:
        return planned_conv_back(
            f->s, l, g, p->in_map, f->m->blocks.at[l->block].leaf,
            (planned_target){place(f, l->block), l->bias ? place(f, l->block + 1) : NULL, i > f->p->first});
    case ENGINE_BATCH_NORM: return norm_back(f, i, g, p->in_map);
    case ENGINE_MAX_POOL:
    case ENGINE_AVERAGE_POOL: return planned_pool_back(f->s, l, g, p);
    case ENGINE_DROPOUT: return l->rate > 0 ? T->mul(f->s, g, p->extra[0]) : g;
    case LAYER_SUBSAMPLE: return planned_subsample_back(f->s, g, &l->in, l->stride);
    case ENGINE_RELU:
        if (i && p[-1].relu)
            return g; /* the layer before does it */
        return planned_act_back(f->s, l, g, p);
    default: return planned_act_back(f->s, l, g, p);
    }
}

/* Dropout of nothing hands on what came in, which the layer before may need to go back. */
static bool has_made(const model_layer *l) { return l->kind != ENGINE_DROPOUT || l->rate > 0; }

/* `*on` becomes the gradient of what came in; what it was, and what the layer made, are needed no more. */
static void map_advance(flow *f, int64_t i, pdr_tensor **on)
{
    pdr_tensor *before = *on, *beside = on == &f->map ? f->shortcut : f->map;
    *on = map_back(f, i, before);
    if (before != *on && before != beside)
        engine_forget(before);
    const bool shared = i && f->p->layers[i - 1].relu && !f->m->layers[i].aside; /* with the layer before */
    if (has_made(&f->m->layers[i]) && !shared)
        engine_forget(f->p->layers[i].out_map);
}

static void shortcut_back(flow *f, int64_t i)
{
    if (f->m->layers[i].kind == LAYER_ADD) {
        if (f->p->layers[i].relu)
            f->map = planned_mask(f->s, f->map, f->p->layers[i].out_map);
        f->shortcut = f->map;
        engine_forget(f->p->layers[i].out_map);
        return;
    }
    f->map = T->add(f->s, f->map, f->shortcut);
    f->shortcut = NULL;
}

/* ---- all of them ---- */

static void gate_back(flow *f, int64_t i)
{
    const pdr_tensor *factor = f->p->layers[i].factor;
    if (!factor)
        return;
    if (f->rows)
        rows_gate(f->rows, f->rows, engine_floats(factor), f->p->rows, f->m->layers[i].to.at[0]);
    else
        f->map = T->mul(f->s, f->map, factor);
}

static void layers_back(flow *f)
{
    for (int64_t i = f->m->layer_count - 1; i >= f->p->first && !T->status(f->s); i--) {
        const model_layer *l = &f->m->layers[i];
        if (l->kind != LAYER_SAVE)
            gate_back(f, i);
        if (l->kind == LAYER_SAVE || l->kind == LAYER_ADD)
            shortcut_back(f, i);
        else if (l->in.rank == 1)
            rows_back(f, i);
        else if (l->to.rank == 1)
            map_begin(f, l);
        else
            map_advance(f, i, l->aside ? &f->shortcut : &f->map);
    }
}

/* A head whose columns the loss does not reach costs nothing. Leaves the gradient of what entered the heads in f->rows. */
static void heads_back(flow *f, const float *g)
{
    const pdr_model *m = f->m;
    const int64_t stride = m->columns, rows = f->p->rows;
    const bool on = f->p->first < m->layer_count;
    float beta = 0;
    f->rows = on ? f->p->wide[0] : NULL;
    for (int64_t i = m->head; i < m->blocks.count; i += 2) {
        const pdr_block *b = &m->blocks.at[i].about;
        const float *part = g + b->first_column;
        if (rows_zero(part, stride, rows, b->columns)) {
            memset(place(f, i), 0, (size_t)(b->count + b->columns) * sizeof *f->to);
            continue;
        }
        linear_parameters(f, i, part, stride, b->columns, f->p->head_in, m->depth);
        if (on)
            linear_input(f, i, part, stride, b->columns, f->rows, m->depth, beta);
        beta = 1;
    }
    if (on && beta == 0)
        memset(f->rows, 0, (size_t)(rows * m->depth) * sizeof *f->rows);
}

static void parameters_back(flow *f, const float *of_logits, const float *of_features)
{
    heads_back(f, of_logits);
    if (f->rows && of_features)
        rows_add(f->rows, of_features, f->p->rows * f->m->depth);
    if (f->rows)
        layers_back(f);
}

/* ---- the loss ---- */

static pdr_status refuse(pdr_scope *s, const char *why)
{
    engine_scope_fail(s, PDR_EINVALID, why);
    return T->status(s);
}

/* Why there is nothing to go back through; NULL: there is. */
static const char *fault_of(const pdr_scope *s, const pdr_model *m, const pdr_tensor *loss)
{
    if (!m || m->frozen || !loss)
        return "backward: no loss, or a snapshot, which is frozen";
    if (!m->planned || m->planned->scope != s)
        return "backward: no forward of this step; it comes first, in the same scope";
    if (planned_version(m->params) != m->planned->version)
        return "backward: found parameters that were written since the forward; expected the same ones";
    if (planned_version(m->planned->x) != m->planned->x_version)
        return "backward: found rows that were written since the forward; expected the same ones";
    return NULL;
}

/* found: the gradients of logits and features; [1] NULL: zero. */
static pdr_status loss_back(pdr_scope *s, const model_planned *p, const pdr_tensor *loss, pdr_tensor **found)
{
    pdr_tensor *leaves[2] = {p->logits, p->features};
    if (loss == p->cross.loss)
        found[0] = planned_cross_back(s, &p->cross);
    else
        engine_differentiate(s, loss, leaves, p->features ? 2 : 1, false, found, NULL);
    return T->status(s);
}

pdr_status planned_backward(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat)
{
    (void)flat; /* it always is */
    const char *fault = T->status(s) ? "" : fault_of(s, m, loss);
    if (fault)
        return refuse(s, fault); /* the first error stays */
    model_planned *p = m->planned;
    pdr_tensor *found[2] = {NULL};
    if (loss_back(s, p, loss, found))
        return T->status(s);
    flow f = {.s = s, .m = m, .p = p, .to = engine_floats(m->gradients)};
    const int32_t mode = engine_scope_mode(s, PDR_NO_GRAD);
    parameters_back(&f, engine_floats(found[0]), found[1] ? engine_floats(found[1]) : NULL);
    engine_scope_mode(s, mode);
    p->scope = NULL;
    m->has_gradient = m->flat = T->status(s) == PDR_OK;
    return T->status(s);
}
