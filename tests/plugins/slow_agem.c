/* SPDX-License-Identifier: Apache-2.0 */
/* A-GEM as one would write it down: all rows of earlier tasks, their mean gradient by a loop over rows, the projection by
 * loops in double precision with an if. What plugins/agem is compared with; nothing is shared with it. */
#include <perdure/sugar.h>

enum { TASKS = 8 };
typedef struct {
    double epsilon;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *x[TASKS], *y[TASKS];
    int64_t tasks;
} strategy;

static const pdr_param params[] = {{.key = "epsilon",
                                    .help = "beside the squared length",
                                    .type = PDR_PARAM_REAL,
                                    .offset = offsetof(config, epsilon),
                                    .fallback = "0",
                                    .max = 1e9},
                                   {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    for (int64_t i = 0; i < self->tasks; i++) {
        self->host->tensor->release(self->x[i]);
        self->host->tensor->release(self->y[i]);
    }
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_tensor *x = NULL, *y = NULL;
    self->host->data->rows(t->scope, t, NULL, &x, &y);
    pdr_hold(self->host, &self->x[self->tasks], x);
    pdr_hold(self->host, &self->y[self->tasks++], y);
    return PDR_OK;
}

/* sum [count] += the gradient of one row's loss. */
static void row_add(const strategy *self, const pdr_step *st, int64_t task, int64_t row, double *sum, int64_t count)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *m = self->host->model;
    float *one = (float *)calloc((size_t)count, sizeof *one);
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    pdr_tensor *logits = m->forward(s, st->task->model, T->slice(s, self->x[task], 0, row, 1), PDR_TRAIN);
    pdr_tensor *rows = m->loss(s, st->task, logits, T->slice(s, self->y[task], 0, row, 1));
    T->read(m->gradient(s, st->task->model, T->sum(s, rows, PDR_ALL, 0)), PDR_F32, one, (uint64_t)count * sizeof *one);
    T->close(s);
    for (int64_t i = 0; i < count; i++)
        sum[i] += (double)one[i];
    free(one);
}

static void project(const strategy *self, float *g, const double *ref, int64_t count)
{
    double along = 0, length = 0;
    for (int64_t i = 0; i < count; i++) {
        along += (double)g[i] * ref[i];
        length += ref[i] * ref[i];
    }
    if (along < 0)
        for (int64_t i = 0; i < count; i++)
            g[i] = (float)((double)g[i] - along / (length + self->config.epsilon) * ref[i]);
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *flat = self->host->model->flat_grads(s->task->model);
    int64_t count = T->size(flat, 0), rows = 0;
    double *ref = (double *)calloc((size_t)count, sizeof *ref);
    float *g = (float *)calloc((size_t)count, sizeof *g);
    for (int64_t task = 0; task < self->tasks; task++)
        for (int64_t row = 0; row < T->size(self->y[task], 0); row++, rows++)
            row_add(self, s, task, row, ref, count);
    for (int64_t i = 0; i < count && rows; i++)
        ref[i] /= (double)rows;
    T->read(flat, PDR_F32, g, (uint64_t)count * sizeof *g);
    project(self, g, ref, count);
    pdr_status done = rows ? T->copy(s->scope, flat, T->from(s->scope, PDR_F32, &count, 1, g)) : PDR_OK;
    free(ref);
    free(g);
    return done;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_backward = after_backward, .after_task = after_task};
PDR_STRATEGY("slow_agem", "1.0", "A-GEM by loops", NULL, PDR_USES_GRADIENT | PDR_DIFFERENTIATES_MODEL)
