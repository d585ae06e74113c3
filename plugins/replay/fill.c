/* SPDX-License-Identifier: Apache-2.0
 *
 * fill: task. At the end of a task its rows are offered: all of them, or of each class the first in the order of `select`.
 */
#include "replay.h"

#include <perdure/exemplars.h>

/* Offers these rows of the task (R1), in chunks, each with a scope of its own so that it is freed at once. rows NULL: all of
 * them. value: of the rows, NULL: their loss, where select wants it, else none. */
static pdr_status rows_offer(strategy *self, const pdr_task *t, const pdr_tensor *rows, const pdr_tensor *value)
{
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    const int64_t most = 1024, all = rows ? T->size(rows, 0) : t->row_count;

    for (int64_t first = 0; first < all; first += most) {
        int64_t count = all - first < most ? all - first : most;
        pdr_scope *s = T->open(h, PDR_NO_GRAD);
        pdr_tensor *x = NULL, *y = NULL, *logits = NULL, *worth = NULL;
        h->data->rows(s, t, rows ? T->slice(s, rows, 0, first, count) : T->arange(s, first, count), &x, &y);
        if (self->config.alpha > 0 || self->config.select == LOSS)
            logits = h->model->forward(s, t->model, x, PDR_EVAL);
        if (self->config.select == LOSS)
            worth = h->model->loss(s, t, logits, y);
        else if (value)
            worth = T->slice(s, value, 0, first, count);
        h->memory->offer(s, self->memory, x, y, worth, self->config.alpha > 0 ? logits : NULL);
        pdr_status bad = T->close(s); /* the first error of the chunk */
        if (bad)
            return bad;
    }
    return PDR_OK;
}

/* What a class may get: the memory shared among the classes of the tasks so far, rounded up. A class counts in the task
 * that brings it, where its rows come again (train_on: all-so-far); where no task brings any (domain-il), in each. */
static int64_t class_share(strategy *self, const pdr_task *t)
{
    int64_t classes = 0, capacity = self->host->memory->capacity(self->memory);
    for (; t; t = t->previous)
        classes += t->seen > t->seen_before ? t->seen - t->seen_before : t->class_count;
    return (capacity + classes - 1) / classes;
}

/* (R6) The first rows of a class, on features of length 1 about their mean, of length 1 too. Their value is minus their rank,
 * so that with policy: value every class loses its last first. */
static pdr_status class_offer(strategy *self, const pdr_task *t, pdr_scope *s, const pdr_tensor *rows)
{
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    const int64_t flat = -1, share = class_share(self, t);
    pdr_tensor *f = NULL, *order = NULL;
    if (T->size(rows, 0) < 1) /* a class without a training row, or an error of the scope */
        return T->status(s);
    pdr_status bad = pdr_task_features(h, s, t, t->model, rows, &f);
    if (bad)
        return bad;
    f = pdr_unit_rows(h, s, f);
    pdr_tensor *mean = T->reshape(s, pdr_unit_rows(h, s, T->mean(s, f, 0, 1)), &flat, 1);
    bad = self->config.select == HERDING ? pdr_choose_herding(h, s, f, mean, share, &order)
                                         : pdr_choose_closest(h, s, f, mean, share, &order);
    if (bad)
        return bad;
    pdr_tensor *rank = T->cast(s, T->arange(s, 0, T->size(order, 0)), PDR_F32);
    return rows_offer(self, t, T->pick(s, rows, 0, order), T->affine(s, rank, -1, 0));
}

pdr_status fill_task(strategy *self, const pdr_task *t)
{
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *labels = NULL;
    if (self->config.select == ALL || self->config.select == LOSS)
        return rows_offer(self, t, NULL, NULL);
    pdr_status bad = h->data->rows(t->scope, t, NULL, NULL, &labels);
    labels = bad ? NULL : T->slice(t->scope, labels, 0, 0, t->row_count);
    for (int64_t i = 0; !bad && i < t->class_count; i++) {
        pdr_scope *s = T->open(h, PDR_NO_GRAD);
        pdr_tensor *own = T->full(s, PDR_I64, NULL, 0, (double)t->classes[i]);
        bad = class_offer(self, t, s, T->nonzero(s, T->equal(s, labels, own)));
        pdr_status closed = T->close(s);
        bad = bad ? bad : closed;
    }
    return bad;
}
