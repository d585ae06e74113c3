/* SPDX-License-Identifier: Apache-2.0 */
/* DER++ as one would write it down: every row that ever came, kept with its logits in arrays, run through the network one by
 * one, and the two sums added to the loss. What plugins/replay is compared with; nothing is shared with it. */
#include <perdure/sugar.h>

enum { ROWS = 64, WIDTH = 8, COLUMNS = 8 };
typedef struct {
    double alpha, beta;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    float x[ROWS][WIDTH], logits[ROWS][COLUMNS];
    int64_t y[ROWS], columns[ROWS], count;
} strategy;

static const pdr_param params[] = {
    {.key = "alpha", .help = "of the logits", .type = PDR_PARAM_REAL, .offset = offsetof(config, alpha), .max = 1e9},
    {.key = "beta", .help = "of the labels", .type = PDR_PARAM_REAL, .offset = offsetof(config, beta), .max = 1e9},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self) { (void)self; }

/* sum_k (z_k - stored_k)^2 over the columns that were there, and the scenario's loss of the row. */
static void row_add(strategy *self, const pdr_step *st, int64_t i, pdr_tensor **squares, pdr_tensor **losses)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    const int64_t x_shape[2] = {1, st->task->shape[0]}, z_shape[2] = {1, self->columns[i]}, one = 1;
    pdr_tensor *x = T->from(s, PDR_F32, x_shape, 2, self->x[i]),
               *then = T->from(s, PDR_F32, z_shape, 2, self->logits[i]);
    pdr_tensor *z = self->host->model->forward(s, st->task->model, x, PDR_TRAIN);
    pdr_tensor *gap = T->sub(s, T->slice(s, z, 1, 0, self->columns[i]), then);
    pdr_tensor *loss = self->host->model->loss(s, st->task, z, T->from(s, PDR_I64, &one, 1, &self->y[i]));
    *squares = T->add(s, *squares, T->sum(s, T->square(s, gap), PDR_ALL, 0));
    *losses = T->add(s, *losses, T->sum(s, loss, PDR_ALL, 0));
}

static pdr_status after_loss(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *squares = pdr_scalar(self->host, st->scope, 0), *losses = pdr_scalar(self->host, st->scope, 0);
    int64_t logits = 0;
    if (!st->task->previous || !self->count)
        return PDR_OK;
    for (int64_t i = 0; i < self->count; i++) {
        row_add(self, st, i, &squares, &losses);
        logits += self->columns[i];
    }
    self->host->step->add_loss(st, T->affine(st->scope, squares, self->config.alpha / (double)logits, 0), PDR_ADD, 1,
                               NULL);
    return self->host->step->add_loss(st, T->affine(st->scope, losses, self->config.beta / (double)self->count, 0),
                                      PDR_ADD, 1, NULL);
}

static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t width = s->task->shape[0], columns = s->task->columns;
    for (int64_t i = 0; !s->epoch && i < s->fresh; i++) {
        int64_t at = self->count++;
        T->read(T->slice(s->scope, s->x, 0, i, 1), PDR_F32, self->x[at], (uint64_t)width * sizeof(float));
        T->read(T->slice(s->scope, s->y, 0, i, 1), PDR_I64, &self->y[at], sizeof(int64_t));
        T->read(T->slice(s->scope, s->logits, 0, i, 1), PDR_F32, self->logits[at], (uint64_t)columns * sizeof(float));
        self->columns[at] = columns;
    }
    return T->status(s->scope);
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss, .after_batch = after_batch};
PDR_STRATEGY("slow_der", "1.0", "DER++ by loops", NULL, PDR_DIFFERENTIATES_MODEL)
