/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows of a class stay, (I3) and (I4), and the means that a row is compared with, (I5). */
#include "icarl.h"

#include <perdure/exemplars.h>

enum { CHUNK = 500 }; /* exemplars whose activations are in memory at once */

/* The first error of a scope of one's own, or what went wrong beside it. */
static pdr_status scope_over(const strategy *self, pdr_scope *s, pdr_status bad)
{
    pdr_status closed = self->host->tensor->close(s);
    return closed ? closed : bad;
}

/* ---- the sets ---- */

/* (I4) The first `quota` of a class stay: of so many rows they are the choice, whatever the quota was. */
static pdr_status set_shrink(strategy *self, pdr_scope *s, int64_t column, int64_t quota)
{
    const pdr_memory_api *mem = self->host->memory;
    if (mem->count(self->exemplars, column) <= quota)
        return PDR_OK;
    pdr_tensor *slots = mem->find(s, self->exemplars, column);
    return mem->retain(s, self->exemplars, column, self->host->tensor->slice(s, slots, 0, 0, quota));
}

/* Rows first .. of phi: the features of a chunk of `rows`, each of length 1. The first chunk makes phi. */
static pdr_status phi_add(const strategy *self, const pdr_task *t, const pdr_tensor *rows, int64_t first, int64_t count,
                          pdr_tensor **phi)
{
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    pdr_scope *s = T->open(h, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    pdr_status bad = h->data->rows(s, t, T->slice(s, rows, 0, first, count), &x, NULL);
    pdr_tensor *unit = bad ? NULL : pdr_unit_rows(h, s, h->model->features(s, t->model, x, PDR_EVAL));
    const int64_t shape[2] = {T->size(rows, 0), unit ? T->size(unit, 1) : 0};
    if (unit && !*phi)
        pdr_hold(h, phi, T->full(s, PDR_F32, shape, 2, 0));
    if (unit)
        bad = T->copy(s, T->slice(s, *phi, 0, first, count), unit);
    return scope_over(self, s, bad);
}

/* phi [n, D] of a class's rows, which are many: beside it only a chunk is in memory. To be released. */
static pdr_status phi_of(const strategy *self, const pdr_task *t, const pdr_tensor *rows, pdr_tensor **phi)
{
    const int64_t n = self->host->tensor->size(rows, 0);
    pdr_status bad = PDR_OK;
    *phi = NULL;
    for (int64_t first = 0; !bad && first < n; first += CHUNK)
        bad = phi_add(self, t, rows, first, n - first < CHUNK ? n - first : CHUNK, phi);
    return bad;
}

/* (I3) Of `rows` [n], all training rows of a class, those whose features come nearest to the class's mean. */
static pdr_status set_choose(strategy *self, pdr_scope *s, const pdr_task *t, const pdr_tensor *rows, int64_t quota)
{
    const pdr_host *h = self->host;
    const int64_t flat = -1;
    pdr_tensor *phi = NULL, *order = NULL, *x = NULL, *y = NULL;
    pdr_status bad = phi_of(self, t, rows, &phi);
    pdr_tensor *mean = bad ? NULL : pdr_unit_rows(h, s, h->tensor->mean(s, phi, 0, 1));
    if (!bad)
        bad = pdr_choose_herding(h, s, phi, h->tensor->reshape(s, mean, &flat, 1), quota, &order);
    h->tensor->release(phi);
    if (!bad)
        bad = h->data->rows(s, t, h->tensor->pick(s, rows, 0, order), &x, &y);
    return bad ? bad : h->memory->put(s, self->exemplars, NULL, x, y, NULL, NULL);
}

static pdr_status set_add(strategy *self, const pdr_task *t, const pdr_tensor *labels, int64_t column, int64_t quota)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = T->open(self->host, PDR_NO_GRAD);
    pdr_tensor *own = T->equal(s, labels, T->full(s, PDR_I64, NULL, 0, (double)column));
    pdr_tensor *rows = T->nonzero(s, own);
    return scope_over(self, s, T->size(rows, 0) > 0 ? set_choose(self, s, t, rows, quota) : PDR_OK);
}

pdr_status exemplars_update(strategy *self, const pdr_task *t)
{
    pdr_tensor *labels = NULL;
    int64_t quota = self->host->memory->capacity(self->exemplars) / t->seen;
    pdr_status bad = self->host->data->rows(t->scope, t, NULL, NULL, &labels);
    for (int64_t column = 0; !bad && column < t->seen_before; column++)
        bad = set_shrink(self, t->scope, column, quota);
    for (int64_t i = 0; !bad && i < t->class_count; i++)
        bad = set_add(self, t, labels, t->classes[i], quota);
    return bad;
}

/* ---- the means ---- */

/* Adds the features of some exemplars, each of length 1, to their class's row of means; the first makes the rows. */
static pdr_status mean_add(strategy *self, const pdr_task *t, int64_t column, int64_t first, int64_t count)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_memory_api *mem = self->host->memory;
    pdr_scope *s = T->open(self->host, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    pdr_status bad = mem->fetch(s, self->exemplars, T->slice(s, mem->find(s, self->exemplars, column), 0, first, count),
                                &x, NULL, NULL, NULL);
    pdr_tensor *features = self->host->model->features(s, t->model, x, PDR_EVAL);
    pdr_tensor *sum = T->sum(s, pdr_unit_rows(self->host, s, features), 0, 1);
    const int64_t shape[2] = {t->seen, T->size(sum, 1)};
    if (!self->means && sum)
        pdr_hold(self->host, &self->means, T->full(s, PDR_F32, shape, 2, 0));
    if (!bad)
        bad = T->blend(s, T->slice(s, self->means, 0, column, 1), 1, sum, 1);
    return scope_over(self, s, bad);
}

static pdr_status mean_of(strategy *self, const pdr_task *t, int64_t column)
{
    int64_t n = self->host->memory->count(self->exemplars, column);
    pdr_status bad = PDR_OK;
    for (int64_t first = 0; !bad && first < n; first += CHUNK)
        bad = mean_add(self, t, column, first, n - first < CHUNK ? n - first : CHUNK);
    return bad;
}

/* [seen] 0, and -inf of classes that have no exemplars: nothing is ever nearest to them. */
static pdr_tensor *lacks(const strategy *self, const pdr_task *t)
{
    float *at = (float *)malloc((size_t)t->seen * sizeof *at);
    for (int64_t column = 0; at && column < t->seen; column++)
        at[column] = self->host->memory->count(self->exemplars, column) > 0 ? 0 : -HUGE_VALF;
    pdr_tensor *out = at ? self->host->tensor->from(t->scope, PDR_F32, &t->seen, 1, at) : NULL;
    free(at);
    return out;
}

/* (I5) The mean made one of length 1 is the sum made one of length 1. */
pdr_status exemplars_average(strategy *self, const pdr_task *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_status bad = PDR_OK;
    pdr_hold(self->host, &self->means, NULL);
    for (int64_t column = 0; !bad && column < t->seen; column++)
        bad = mean_of(self, t, column);
    if (bad || !self->means) /* no row at all: the network goes on deciding */
        return bad;
    pdr_hold(self->host, &self->means, pdr_unit_rows(self->host, t->scope, self->means));
    pdr_tensor *lengths = T->sum(t->scope, T->square(t->scope, self->means), 1, 0);
    pdr_hold(self->host, &self->handicap, T->sub(t->scope, lacks(self, t), lengths));
    bad = T->status(t->scope);
    return bad || self->handicap ? bad : PDR_ENOMEM;
}
