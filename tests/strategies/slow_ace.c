/* SPDX-License-Identifier: Apache-2.0 */
/* ER-ACE as one would write it down: every row that came is kept in arrays and run through the network one by one; a row's
 * loss is a logarithm of a sum over the columns that compete, column by column. What examples/strategies/er-ace is compared
 * with; nothing is shared. */
#include <perdure/sugar.h>

enum { ROWS = 64, WIDTH = 8 };
typedef struct {
    int64_t unused;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    float x[ROWS][WIDTH];
    int64_t y[ROWS], count;
} strategy;

static const pdr_param params[] = {{.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self) { (void)self; }

/* log sum_k exp(z_k) - z_y over the columns k whose bit is set; z [1, C]. */
static pdr_tensor *row_loss(const strategy *self, pdr_scope *s, const pdr_tensor *z, int64_t y, uint64_t columns)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *sum = pdr_scalar(self->host, s, 0);
    for (int64_t k = 0; k < T->size(z, 1); k++)
        if (columns >> k & 1)
            sum = T->add(s, sum, T->exp(s, T->slice(s, z, 1, k, 1)));
    return T->sum(s, T->sub(s, T->log(s, sum), T->slice(s, z, 1, y, 1)), PDR_ALL, 0);
}

/* Which columns compete for rows of any task: those of the row's own where it is told, else all. */
static uint64_t competing(const pdr_task *t, int64_t y)
{
    for (; t->task_id_given && t; t = t->previous) {
        uint64_t own = 0;
        for (int64_t i = 0; i < t->class_count; i++)
            own |= (uint64_t)1 << t->classes[i];
        if (own >> y & 1)
            return own;
    }
    return t ? ((uint64_t)1 << t->columns) - 1 : 0;
}

static pdr_status compute_loss(void *p, const pdr_step *st, pdr_tensor **rows)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *each[ROWS];
    const int64_t one = 1;
    int64_t y[ROWS];
    uint64_t here = 0;
    T->read(st->y, PDR_I64, y, (uint64_t)st->fresh * sizeof *y);
    for (int64_t i = 0; i < st->fresh; i++)
        here |= (uint64_t)1 << y[i];
    for (int64_t i = 0; i < st->fresh; i++) {
        pdr_tensor *z = T->slice(st->scope, st->logits, 0, i, 1);
        each[i] = T->reshape(st->scope, row_loss(self, st->scope, z, y[i], here), &one, 1);
    }
    *rows = T->cat(st->scope, each, (int32_t)st->fresh, 0);
    return T->status(st->scope);
}

static pdr_status after_loss(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *sum = pdr_scalar(self->host, st->scope, 0);
    const int64_t shape[2] = {1, st->task->shape[0]};
    if (!self->count)
        return PDR_OK;
    for (int64_t i = 0; i < self->count; i++) {
        pdr_tensor *x = T->from(st->scope, PDR_F32, shape, 2, self->x[i]);
        pdr_tensor *z = self->host->model->forward(st->scope, st->task->model, x, PDR_TRAIN);
        sum = T->add(st->scope, sum, row_loss(self, st->scope, z, self->y[i], competing(st->task, self->y[i])));
    }
    return self->host->step->add_loss(st, T->affine(st->scope, sum, 1 / (double)self->count, 0), PDR_ADD, 1, NULL);
}

static pdr_status after_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    uint64_t bytes = (uint64_t)st->task->shape[0] * sizeof(float);
    for (int64_t i = 0; i < st->fresh && !st->epoch; i++, self->count++) {
        T->read(T->slice(st->scope, st->raw, 0, i, 1), PDR_F32, self->x[self->count], bytes);
        T->read(T->slice(st->scope, st->y, 0, i, 1), PDR_I64, &self->y[self->count], sizeof(int64_t));
    }
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .compute_loss = compute_loss, .after_loss = after_loss,
                                .after_batch = after_batch};
PDR_STRATEGY("slow_ace", "1.0", "ER-ACE row by row", NULL, PDR_DIFFERENTIATES_MODEL)
