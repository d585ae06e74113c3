/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls every function of the tables that exercise_tensor leaves: streams, memories, data, models, state. `misuse` does
 * one wrong thing on purpose, so that a test can read the words. Needs a scenario with at least 8 training rows a task and labels by class.
 */
#include "check.h"

typedef struct {
    const char *memory;
    int32_t misuse, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *fixed, *policy;
    pdr_tensor *kept;
    pdr_model *frozen;
    double drawn; /* the first number of the stream "saved" */
} strategy;

enum {
    NOTHING,
    GRADIENT,
    GATE,
    DERIVATIVE,
    BUILD,
    OPTIMIZER,
    DESCEND,
    FISHER,
    LATE_REHEARSE,
    BAD_ROWS,
    BAD_LABELS,
    BAD_WEIGHT,
    EARLY_TERM,
    JOINED_TERM,
    LATE_MINGLE,
    OPEN_SCOPE,
    FAIL_AND_OK
};
static const char *const misuses[] = {"none",       "gradient",    "gate",       "derivative",    "build",
                                      "optimizer",  "descend",     "fisher",     "late-rehearse", "bad-rows",
                                      "bad-labels", "bad-weight",  "early-term", "joined-term",   "late-mingle",
                                      "open-scope", "fail-and-ok", NULL};

static const pdr_param params[] = {
    {.key = "", .help = "of two memories", .type = PDR_PARAM_MEMORY, .offset = offsetof(config, memory)},
    {.key = "misuse",
     .help = "one wrong thing",
     .type = PDR_PARAM_CHOICE,
     .offset = offsetof(config, misuse),
     .fallback = "none",
     .choices = misuses},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    const pdr_host *h = self->host;
    pdr_rng *r = h->rng->stream(h, "saved", 0);
    CHECK("stream", r != NULL);
    self->drawn = h->rng->unit(r);
    self->fixed = h->memory->open(h, "fixed", self->config.memory);
    self->policy = h->memory->open(h, "policy", self->config.memory);
    return self->fixed && self->policy ? PDR_OK : PDR_ERROR;
}

static void teardown(strategy *self)
{
    const pdr_host *h = self->host;
    h->memory->close(self->fixed);
    h->memory->close(self->policy);
    h->memory->close(NULL);
    h->tensor->release(self->kept);
    h->model->discard(self->frozen);
    h->model->discard(NULL);
    h->model->drop_optimizer(NULL);
}

/* ---- random streams ---- */

static pdr_status streams(const pdr_host *h, pdr_scope *s)
{
    const pdr_rng_api *R = h->rng;
    const pdr_tensor_api *T = h->tensor;
    pdr_rng *r = R->stream(h, "test", 1), *other = R->stream(h, "test", 2);
    const int64_t shape[] = {40, 25}, n = 1000;
    double first, sum = 0;

    CHECK("stream", r && other && r != other && r == R->stream(h, "test", 1));
    R->rewind(r);
    R->rewind(other);
    first = R->unit(r);
    CHECK("unit", first >= 0 && first < 1 && fabs(first - R->unit(other)) > 0);
    R->rewind(r);
    CHECK("rewind", !(fabs(R->unit(r) - first) > 0));
    for (int i = 0; i < 1000; i++) {
        int64_t v = R->below(r, 7);
        CHECK("below", v >= 0 && v < 7);
        sum += (double)v;
    }
    CHECK("below", fabs(sum / 1000 - 3) < 0.3 && R->below(r, 0) == 0 && R->below(r, 1) == 0);
    sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += R->normal(r);
    CHECK("normal", fabs(sum / 1000) < 0.2);

    pdr_tensor *u = R->units(s, r, shape, 2), *g = R->normals(s, r, shape, 2), *p = R->permutation(s, r, n);
    CHECK("units", T->rank(u) == 2 && T->size(u, 1) == 25 && T->dtype(u) == PDR_F32);
    CHECK("units", fabs(pdr_number(h, T->mean(s, u, PDR_ALL, 0)) - 0.5) < 0.06);
    CHECK("units", pdr_number(h, T->max(s, u, PDR_ALL, 0)) < 1);
    CHECK("normals", fabs(pdr_number(h, T->mean(s, g, PDR_ALL, 0))) < 0.2);
    CHECK("normals", fabs(pdr_number(h, T->mean(s, T->square(s, g), PDR_ALL, 0)) - 1) < 0.25);
    pdr_tensor *sorted = T->top(s, T->cast(s, p, PDR_F32), n, 0, 0, NULL);
    CHECK("permutation", T->dtype(p) == PDR_I64);
    IS("permutation", T->sum(s, T->equal(s, sorted, T->arange(s, 0, n)), PDR_ALL, 0), 1000);
    CHECK("permutation", pdr_number(h, T->sum(s, T->equal(s, p, T->arange(s, 0, n)), PDR_ALL, 0)) < 20);
    return PDR_OK;
}

/* ---- memories ---- */

static pdr_tensor *numbers(const pdr_host *h, pdr_scope *s, int64_t n, const int64_t *at)
{
    return h->tensor->from(s, PDR_I64, &n, 1, at);
}
#define NUMBERS(...) \
    numbers(h, s, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

/* Rows of our own choice: put, retain, find, and what fetch gives back. x: rows [n, 2] of floats. */
static pdr_status own_rows(const pdr_host *h, pdr_scope *s, pdr_memory *m)
{
    const pdr_memory_api *Y = h->memory;
    const pdr_tensor_api *T = h->tensor;
    const int64_t pairs[] = {4, 2}, one_pair[] = {1, 2};
    pdr_tensor *x = T->from(s, PDR_F32, pairs, 2, (const float[]){0, 1, 10, 11, 20, 21, 30, 31}), *gx, *gy, *gv, *ge;
    pdr_tensor *extra = T->affine(s, x, 2, 0), *slots;

    CHECK("capacity", Y->capacity(m) >= 4 && Y->capacity(NULL) == 0);
    CHECK("count", Y->count(m, PDR_ALL) == 0 && Y->count(NULL, PDR_ALL) == 0);
    CHECK("find", T->size(Y->find(s, m, PDR_ALL), 0) == 0);
    CHECK("sample", T->size(Y->sample(s, m, 3), 0) == 0);
    CHECK("put", Y->put(s, m, NULL, x, NUMBERS(0, 1, 0, 1), NULL, extra) == PDR_OK);
    CHECK("count", Y->count(m, PDR_ALL) == 4 && Y->count(m, 0) == 2 && Y->count(m, 7) == 0);
    slots = Y->find(s, m, 1);
    CHECK("find", T->size(slots, 0) == 2 && T->dtype(slots) == PDR_I64);

    CHECK("fetch", Y->fetch(s, m, slots, &gx, &gy, &gv, &ge) == PDR_OK);
    CHECK("fetch", T->dtype(gx) == PDR_F32 && T->rank(gx) == 2);
    IS("fetch x", gx, 10, 11, 30, 31); /* floats come back as they were */
    IS("fetch y", gy, 1, 1);
    IS("fetch extra", ge, 20, 22, 60, 62);
    IS("fetch value", gv, 0, 0); /* none was given */

    CHECK("put value",
          Y->put(s, m, slots, NULL, NULL, T->from(s, PDR_F32, one_pair + 1, 1, (const float[]){5, 6}), NULL) == PDR_OK);
    CHECK("fetch", Y->fetch(s, m, Y->find(s, m, 1), NULL, NULL, &gv, NULL) == PDR_OK);
    IS("fetch value", gv, 5, 6);
    CHECK("put x",
          Y->put(s, m, T->slice(s, slots, 0, 1, 1), T->full(s, PDR_F32, one_pair, 2, -1), NULL, NULL, NULL) == PDR_OK);
    CHECK("fetch", Y->fetch(s, m, slots, &gx, &gy, NULL, NULL) == PDR_OK);
    IS("fetch x", gx, 10, 11, -1, -1);
    IS("fetch y", gy, 1, 1);

    CHECK("retain", Y->retain(s, m, 1, T->pick(s, slots, 0, NUMBERS(1, 0))) == PDR_OK); /* the other order */
    CHECK("fetch", Y->fetch(s, m, Y->find(s, m, 1), &gx, NULL, NULL, NULL) == PDR_OK);
    IS("retain", gx, -1, -1, 10, 11);
    CHECK("retain", Y->retain(s, m, 0, T->slice(s, Y->find(s, m, 0), 0, 0, 1)) == PDR_OK);
    CHECK("retain", Y->count(m, 0) == 1 && Y->count(m, PDR_ALL) == 3);
    IS("sample", T->top(s, Y->sample(s, m, 100), 3, 0, 0, NULL),
       pdr_number(h, T->sum(s, T->slice(s, T->top(s, Y->find(s, m, PDR_ALL), 3, 0, 0, NULL), 0, 0, 1), PDR_ALL, 0)),
       pdr_number(h, T->sum(s, T->slice(s, T->top(s, Y->find(s, m, PDR_ALL), 3, 0, 0, NULL), 0, 1, 1), PDR_ALL, 0)),
       pdr_number(h, T->sum(s, T->slice(s, T->top(s, Y->find(s, m, PDR_ALL), 3, 0, 0, NULL), 0, 2, 1), PDR_ALL, 0)));
    CHECK("retain", Y->retain(s, m, 1, T->slice(s, slots, 0, 0, 0)) == PDR_OK && Y->count(m, 1) == 0); /* none */

    pdr_scope *bad = T->open(h, PDR_NO_GRAD); /* rows of another shape than the first */
    CHECK("put", Y->put(bad, m, NULL, T->full(bad, PDR_F32, pairs, 1, 0), NULL, NULL, NULL) < 0);
    CHECK("put", T->close(bad) < 0);
    bad = T->open(h, PDR_NO_GRAD); /* a slot that is empty */
    CHECK("fetch", Y->fetch(bad, m, T->arange(bad, Y->capacity(m) + 5, 1), &gx, NULL, NULL, NULL) < 0);
    CHECK("fetch", T->close(bad) < 0);
    return PDR_OK;
}

/* Bytes that the policy keeps: come back as the batch's x are, never beyond the capacity. */
static pdr_status offered_rows(const pdr_host *h, pdr_memory *m, const pdr_step *step)
{
    const pdr_memory_api *Y = h->memory;
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *s = step->scope;
    int64_t before = Y->count(m, PDR_ALL), room = Y->capacity(m) - before;
    pdr_tensor *labels = pdr_fresh_labels(h, step), *x = NULL, *y = NULL;

    CHECK("raw", T->size(step->raw, 0) == step->fresh && T->size(step->row, 0) == step->fresh);
    CHECK("offer", Y->offer(s, m, step->raw, labels, NULL, NULL) == PDR_OK);
    int64_t now = Y->count(m, PDR_ALL);
    CHECK("offer", now <= Y->capacity(m) && now == before + (room < step->fresh ? room : step->fresh));
    pdr_tensor *slots = Y->sample(s, m, 4);
    CHECK("sample", T->size(slots, 0) == (now < 4 ? now : 4));
    CHECK("fetch", Y->fetch(s, m, slots, &x, &y, NULL, NULL) == PDR_OK);
    CHECK("fetch", T->dtype(x) == PDR_F32 && T->rank(x) == (int32_t)step->task->rank + 1 && T->dtype(y) == PDR_I64);
    if (step->index || step->task->index || now != step->fresh)
        return PDR_OK;

    /* The first batch is all there: without augmentation its sum must be that of the batch's x. */
    CHECK("fetch", Y->fetch(s, m, Y->find(s, m, PDR_ALL), &x, NULL, NULL, NULL) == PDR_OK);
    double stored = pdr_number(h, T->sum(s, x, PDR_ALL, 0));
    double fresh = pdr_number(h, T->sum(s, T->slice(s, step->x, 0, 0, step->fresh), PDR_ALL, 0));
    CHECK("fetch normalised", step->task->augmented || fabs(stored - fresh) <= 1e-3 * (1 + fabs(fresh)));
    return PDR_OK;
}

/* ---- data ---- */

static pdr_status data(const pdr_host *h, const pdr_task *t)
{
    const pdr_data_api *D = h->data;
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *s = t->scope;
    pdr_tensor *x = NULL, *y = NULL, *again = NULL, *all = NULL, *none = NULL;

    CHECK("rows", D->rows(s, t, NUMBERS(3, 0, 3), &x, &y) == PDR_OK);
    CHECK("rows", T->dtype(x) == PDR_F32 && T->size(x, 0) == 3 && T->rank(x) == (int32_t)t->rank + 1);
    for (int32_t d = 0; d < (int32_t)t->rank; d++)
        CHECK("shape", T->size(x, d + 1) == t->shape[d]);
    CHECK("rows", D->rows(s, t, NUMBERS(0), &again, NULL) == PDR_OK);
    IS("rows", T->sum(s, T->abs(s, T->sub(s, T->slice(s, x, 0, 1, 1), again)), PDR_ALL, 0), 0);
    IS("rows", T->sum(s, T->abs(s, T->sub(s, T->slice(s, x, 0, 0, 1), T->slice(s, x, 0, 2, 1))), PDR_ALL, 0), 0);
    CHECK("rows", D->rows(s, t, NULL, NULL, &all) == PDR_OK && T->size(all, 0) == t->row_count);
    CHECK("rows", D->rows(s, t, NULL, &none, NULL) == PDR_OK && T->size(none, 0) == t->row_count);
    double low =
        pdr_number(h, T->affine(s, T->max(s, T->affine(s, T->cast(s, all, PDR_F32), -1, 0), PDR_ALL, 0), -1, 0));
    double top = pdr_number(h, T->max(s, all, PDR_ALL, 0));
    CHECK("classes",
          t->class_count > 0 && (double)t->classes[0] <= low && top <= (double)t->classes[t->class_count - 1]);
    CHECK("task", t->seen <= t->columns && t->seen_before <= t->seen && (t->index == 0) == (t->previous == NULL));
    CHECK("augment", T->size(D->augment(s, x), 0) == 3 && D->augment(s, NULL) == NULL);

    pdr_scope *bad = T->open(h, PDR_NO_GRAD);
    CHECK("rows", D->rows(bad, t, T->arange(bad, t->row_count + t->held_out, 1), &x, NULL) == PDR_EINVALID);
    CHECK("rows", T->close(bad) == PDR_EINVALID);
    return PDR_OK;
}

/* ---- models ---- */

static pdr_status blocks(const pdr_host *h, const pdr_task *t)
{
    const pdr_model_api *M = h->model;
    int64_t at = 0, heads = 0, size = h->tensor->size(M->flat_params(t->model), 0);
    CHECK("block_count", M->block_count(t->model) > 0 && M->block_count(NULL) == -1);
    for (int64_t i = 0; i < M->block_count(t->model); i++) {
        pdr_block b = {.struct_size = sizeof b};
        int64_t count = 1;
        CHECK("block", M->block(t->model, i, &b) == PDR_OK && b.name && b.name[0] && b.first == at);
        for (int64_t d = 0; d < b.rank && d < 4; d++)
            count *= b.shape[d];
        CHECK("block", count == b.count && b.kind <= PDR_HEAD_BIAS);
        if (b.kind == PDR_HEAD_WEIGHT)
            CHECK("block", b.columns == b.shape[0] && b.first_column == heads);
        if (b.kind == PDR_HEAD_WEIGHT)
            heads += b.columns;
        at += b.count;
    }
    CHECK("block", at == size && heads == t->columns);
    pdr_block b = {.struct_size = offsetof(pdr_block, shape), .rank = -1, .shape = {-5}};
    CHECK("block", M->block(t->model, 0, &b) == PDR_OK && b.rank > 0 && b.shape[0] == -5); /* no further than asked */
    CHECK("block", M->block(t->model, -1, &b) == PDR_EINVALID);
    CHECK("block", M->block(t->model, M->block_count(t->model), &b) == PDR_EINVALID);
    CHECK("units", M->units(t->model, 1000) == 0 && M->units(t->model, -1) == 0);
    return PDR_OK;
}

static pdr_tensor *mean_loss(const pdr_host *h, pdr_scope *s, const pdr_task *t, const pdr_tensor *x,
                             const pdr_tensor *y)
{
    pdr_tensor *z = h->model->forward(s, t->model, x, PDR_EVAL);
    return h->tensor->mean(s, h->model->loss(s, t, z, y), PDR_ALL, 0);
}

/* gradient(): its square length is the slope of the loss along itself, measured by two steps. */
static pdr_status slope(const pdr_host *h, const pdr_task *t, const pdr_tensor *x, const pdr_tensor *y)
{
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *s = t->scope, *g = T->open(h, PDR_GRAD);
    pdr_tensor *w = h->model->flat_params(t->model), *saved = T->clone(s, w);
    pdr_tensor *grad = h->model->gradient(s, t->model, mean_loss(h, g, t, x, y));
    CHECK("gradient", T->close(g) == PDR_OK && T->size(grad, 0) == T->size(w, 0));
    double square = pdr_number(h, T->dot(s, grad, grad)), step = 1e-2 / sqrt(square);
    CHECK("gradient", square > 0);
    CHECK("blend", T->blend(s, w, 1, grad, step) == PDR_OK);
    double up = pdr_number(h, mean_loss(h, s, t, x, y));
    CHECK("blend", T->blend(s, w, 1, grad, -2 * step) == PDR_OK);
    double down = pdr_number(h, mean_loss(h, s, t, x, y));
    CHECK("copy", T->copy(s, w, saved) == PDR_OK);
    double measured = (up - down) / (2 * step);
    if (fabs(measured - square) <= 0.05 * square)
        return PDR_OK;
    return pdr_failf(h, PDR_ERROR, "gradient: slope %.6g instead of %.6g", measured, square);
}

static pdr_status models(const pdr_host *h, const pdr_task *t)
{
    const pdr_model_api *M = h->model;
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *s = t->scope;
    pdr_tensor *x = NULL, *y = NULL;
    pdr_status wrong;

    CHECK("rows", h->data->rows(s, t, T->arange(s, 0, 8), &x, &y) == PDR_OK);
    pdr_tensor *z = M->forward(s, t->model, x, PDR_EVAL), *f = M->features(s, t->model, x, PDR_EVAL);
    CHECK("forward", T->size(z, 0) == 8 && T->size(z, 1) == t->columns && T->dtype(z) == PDR_F32);
    CHECK("features", T->rank(f) == 2 && T->size(f, 0) == 8);
    if (M->units(t->model, 0) > 0)
        CHECK("units", M->units(t->model, 0) < 1 << 24);
    pdr_tensor *rows = M->loss(s, t, z, y),
               *unlabelled = M->loss(s, t, z, T->full(s, PDR_I64, (const int64_t[]){8}, 1, -1));
    CHECK("loss", T->size(rows, 0) == 8 && pdr_number(h, T->mean(s, rows, PDR_ALL, 0)) > 0);
    IS("loss", unlabelled, 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK("forward", M->forward(s, t->model, NULL, PDR_EVAL) == NULL);
    if ((wrong = blocks(h, t)) || (wrong = slope(h, t, x, y)))
        return wrong;

    /* A snapshot stays where it was while the parameters move, and assign brings them back. */
    pdr_model *old = M->snapshot(h, t->model);
    pdr_tensor *w = M->flat_params(t->model), *saved = T->clone(s, w);
    CHECK("snapshot", old && M->block_count(old) == M->block_count(t->model));
    CHECK("scale", T->scale(s, w, pdr_scalar(h, s, 0)) == PDR_OK);
    double moved = pdr_number(h, T->sum(s, T->abs(s, T->sub(s, M->forward(s, t->model, x, PDR_EVAL), z)), PDR_ALL, 0));
    CHECK("flat_params", moved > 0); /* the buffer is the network's own */
    IS("snapshot", T->sum(s, T->abs(s, T->sub(s, M->forward(s, old, x, PDR_EVAL), z)), PDR_ALL, 0), 0);
    CHECK("assign", M->assign(t->model, old) == PDR_OK);
    IS("assign", T->sum(s, T->abs(s, T->sub(s, w, saved)), PDR_ALL, 0), 0);
    M->discard(old);
    return PDR_OK;
}

/* ---- networks of one's own ---- */

/* One step of gradient descent on the sum of what a single unit makes of ones: each weight goes down by the rate. */
static pdr_status descent(const pdr_host *h, pdr_scope *s, pdr_model *m, pdr_optim *o)
{
    const pdr_model_api *M = h->model;
    const pdr_tensor_api *T = h->tensor;
    const int64_t ones[] = {1, 3}, all = -1;
    pdr_tensor *before = T->clone(s, M->flat_params(m));
    pdr_scope *g = T->open(h, PDR_GRAD);
    pdr_tensor *leaf = T->leaf(g, T->full(g, PDR_F32, ones, 2, 1)), *z = M->forward(g, m, leaf, PDR_TRAIN);
    pdr_tensor *slope = M->derivative(g, T->sum(g, z, PDR_ALL, 0), leaf);
    IS("derivative", T->sub(s, T->reshape(s, slope, &all, 1), T->slice(s, before, 0, 0, 3)), 0, 0, 0);
    CHECK("descend", M->descend(g, o, T->add(g, T->sum(g, z, PDR_ALL, 0), T->sum(g, slope, PDR_ALL, 0))) == PDR_OK);
    CHECK("descend", T->close(g) == PDR_OK);
    IS("descend", T->sub(s, M->flat_params(m), before), -0.2, -0.2, -0.2, -0.1);
    return PDR_OK;
}

static pdr_status own_networks(const pdr_host *h, const pdr_task *t)
{
    const pdr_model_api *M = h->model;
    const pdr_tensor_api *T = h->tensor;
    const int64_t three = 3, two = 2;
    pdr_scope *s = T->open(h, PDR_NO_GRAD);
    pdr_model *m = M->build(h, "{type: mlp, hidden: []}", &three, 1, 1);
    pdr_model *deep = M->build(h, "{type: mlp, hidden: [2]}", &three, 1, 1);
    pdr_optim *o = M->optimizer(h, &m, 1, "{type: sgd, lr: 0.1}");
    CHECK("build", m && deep && o && M->units(deep, 0) == 2 && M->units(deep, 1) == 0 && M->units(m, 0) == 0);
    pdr_status wrong = descent(h, s, m, o);
    if (wrong)
        return wrong;
    CHECK("gate", M->gate(s, deep, 0, T->full(s, PDR_F32, &two, 1, 0)) == PDR_OK);
    pdr_tensor *bias = T->slice(s, M->flat_params(deep), 0, T->size(M->flat_params(deep), 0) - 1, 1);
    pdr_tensor *silent = M->forward(s, deep, T->full(s, PDR_F32, (const int64_t[]){1, 3}, 2, 5), PDR_EVAL);
    IS("gate", T->sub(s, T->reshape(s, silent, (const int64_t[]){1}, 1), bias), 0);
    const pdr_tensor *f = M->fisher(s, t->model, t, "exact", 8);
    CHECK("fisher", f && T->size(f, 0) == T->size(M->flat_params(t->model), 0));
    M->drop_optimizer(o);
    M->discard(m);
    M->discard(deep);
    CHECK("fisher", T->close(s) == PDR_OK);
    return PDR_OK;
}

static pdr_status misused(const pdr_host *h, const pdr_task *t, int32_t misuse)
{
    const pdr_model_api *M = h->model;
    const pdr_tensor_api *T = h->tensor;
    const int64_t four = 4;
    if (misuse == GATE)
        return M->gate(t->scope, t->model, 99, NULL);
    if (misuse == FISHER)
        return M->fisher(t->scope, t->model, t, "exakt", 8) ? PDR_OK : T->status(t->scope);
    if (misuse == DERIVATIVE)
        return M->derivative(t->scope, pdr_scalar(h, t->scope, 1), pdr_scalar(h, t->scope, 1)) ? PDR_OK
                                                                                               : T->status(t->scope);
    if (misuse == BUILD)
        return M->build(h, "{type: mlp, hidden: [0]}", &four, 1, 2) ? PDR_OK : PDR_ERROR;
    if (misuse == OPTIMIZER)
        return M->optimizer(h, NULL, 0, "{type: sgd, lr: 0.1}") ? PDR_OK : PDR_ERROR;
    if (misuse == DESCEND) {
        pdr_model *m = t->model;
        pdr_optim *o = M->optimizer(h, &m, 1, "{type: sgd, lr: 0.1}");
        return M->descend(t->scope, o, pdr_scalar(h, t->scope, 1)); /* the host takes the optimizer back */
    }
    return PDR_OK;
}

/* ---- hooks ---- */

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_host *h = self->host;
    pdr_status wrong;
    CHECK("host",
          h->struct_size >= sizeof *h && h->abi_version >> 16 == PDR_ABI_MAJOR && h->ranks >= 1 && h->rank < h->ranks);
    CHECK("extension", h->extension(h, "perdure.no-such-thing/1") == NULL);
    if (self->config.misuse == GRADIENT) /* PDR_USES_GRADIENT is not among the flags */
        return h->model->flat_grads(t->model) ? h->fail(h, PDR_ERROR, "flat_grads: given without the flag") : PDR_OK;
    if (self->config.misuse == OPEN_SCOPE)
        return h->tensor->open(h, PDR_GRAD) ? PDR_OK : PDR_ERROR;
    if (self->config.misuse == FAIL_AND_OK)
        return (void)h->fail(h, PDR_ERROR, "said, and then forgotten"), PDR_OK;
    if ((wrong = misused(h, t, self->config.misuse)) || (wrong = own_networks(h, t)))
        return wrong;
    if ((wrong = data(h, t)) || (wrong = models(h, t)))
        return wrong;
    if (t->index)
        return PDR_OK;
    if ((wrong = check_in_scope(h, "streams", PDR_NO_GRAD, streams)))
        return wrong;
    if ((wrong = own_rows(h, t->scope, self->fixed)))
        return wrong;
    h->metric(h, "one", 1);
    h->metric_of(h, "two", pdr_scalar(h, t->scope, 2));
    pdr_logf(h, PDR_DEBUG, "exercise_rest: %d columns", (int)t->columns);
    pdr_hold(h, &self->kept, h->tensor->arange(t->scope, 0, 3));
    self->frozen = h->model->snapshot(h, t->model);
    return self->frozen ? PDR_OK : PDR_ERROR;
}

static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_step_api *S = self->host->step;
    const int64_t other[] = {2, 3, 5, 7}, n = s->fresh < 2 ? s->fresh : 2;
    pdr_tensor *x = T->slice(s->scope, s->x, 0, 0, n), *y = T->slice(s->scope, s->y, 0, 0, n);
    int64_t first = -1;
    if (self->config.misuse == BAD_ROWS) /* the result is dropped: the hook must fail all the same */
        (void)S->rehearse(s, T->full(s->scope, PDR_F32, other, 4, 0), y, PDR_JOIN, 0, NULL);
    if (self->config.misuse == BAD_LABELS)
        return S->rehearse(s, x, T->full(s->scope, PDR_I64, &n, 1, 1e6), PDR_JOIN, 0, NULL);
    if (self->config.misuse == BAD_WEIGHT)
        return S->rehearse(s, x, y, PDR_SHARE, -1, NULL);
    if (self->config.misuse == EARLY_TERM)
        return S->add_loss(s, pdr_scalar(self->host, s->scope, 1), PDR_ADD, 1, "early");
    if (self->config.misuse == LATE_MINGLE)
        return self->host->data->mingle(s->task, self->policy);
    pdr_status bad =
        S->rehearse(s, T->slice(s->scope, x, 0, 0, 0), T->slice(s->scope, y, 0, 0, 0), PDR_SHARE, 3, &first);
    if (bad)
        return bad; /* no rows: nothing is appended, and its weight does not count */
    return first == s->fresh ? PDR_OK : pdr_failf(self->host, PDR_ERROR, "rehearse: first is %lld", (long long)first);
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_tensor *one = pdr_scalar(self->host, s->scope, 1);
    if (self->config.misuse == JOINED_TERM)
        return self->host->step->add_loss(s, one, PDR_JOIN, 1, "joined");
    if (self->config.misuse == LATE_REHEARSE)
        return self->host->step->rehearse(s, s->x, NULL, PDR_JOIN, 0, NULL);
    return self->host->step->add_loss(s, one, PDR_ADD, 0, "nothing");
}

static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    return s->epoch ? PDR_OK : offered_rows(self->host, self->policy, s);
}

/* ---- the checkpoint: what save() wrote, load() must find, and no more ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    V->put_tensor(out, "kept", self->kept);
    V->put_tensor(out, "nothing", NULL);
    V->put_bytes(out, "drawn", &self->drawn, sizeof self->drawn);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    const pdr_host *h = self->host;
    const pdr_state_api *V = h->state;
    double old = -1, cut[2] = {-1, -1};
    CHECK("state_version", version == 1);
    CHECK("get_tensor", V->get_tensor(in, "nothing") == NULL && V->get_tensor(in, "never put") == NULL);
    CHECK("get_bytes", V->get_bytes(in, "never put", &old, sizeof old) == 0 && old < 0);
    CHECK("get_bytes", V->get_bytes(in, "drawn", &old, sizeof old) == sizeof old && old >= 0 && old < 1);
    CHECK("get_bytes", V->get_bytes(in, "drawn", cut, 4) == sizeof old && cut[1] < 0);
    CHECK("stream", fabs(old - self->drawn) > 0); /* the stream went on where it stood */
    h->tensor->release(self->kept);
    self->kept = V->get_tensor(in, "kept");
    if (self->kept)
        IS("get_tensor", self->kept, 0, 1, 2);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .save = save,
                                .load = load};
PDR_STRATEGY("exercise_rest", "1.0", "checks streams, memories, data, models and state", NULL,
             PDR_DIFFERENTIATES_MODEL | PDR_WRITES_PARAMS)
