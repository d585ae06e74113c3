/* SPDX-License-Identifier: Apache-2.0 */
/* Memory aware synapses as one would write it down: the gradient of each row's squared output by itself, loops over numbers in
 * double precision, the penalty's gradient added by hand. What examples/strategies/mas is compared with; nothing is shared. */
#include <perdure/sugar.h>

typedef struct {
    double lambda;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    double *omega, *anchor;
    int64_t count;
} strategy;

static const pdr_param params[] = {{.key = "lambda",
                                    .help = "strength, without a half",
                                    .type = PDR_PARAM_REAL,
                                    .offset = offsetof(config, lambda),
                                    .max = 1e9},
                                   {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    free(self->omega);
    free(self->anchor);
}

static void numbers(const strategy *self, const pdr_tensor *t, double *out, int64_t n)
{
    self->host->tensor->read(t, PDR_F64, out, (uint64_t)n * sizeof *out);
}

/* omega += |d sum_k z_k^2 / d w| / rows, over the columns that compete. */
static void row_add(strategy *self, const pdr_task *t, int64_t row, double *slope)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t first = t->task_id_given ? t->seen_before : 0, end = t->task_id_given ? t->seen : t->columns;
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    pdr_tensor *x = NULL;
    self->host->data->rows(s, t, T->arange(s, row, 1), &x, NULL);
    pdr_tensor *z = T->slice(s, self->host->model->forward(s, t->model, x, PDR_EVAL), 1, first, end - first);
    pdr_tensor *norm = T->sum(s, T->mul(s, z, z), PDR_ALL, 0);
    numbers(self, self->host->model->gradient(s, t->model, norm), slope, self->count);
    T->close(s);
    for (int64_t i = 0; i < self->count; i++)
        self->omega[i] += fabs(slope[i]) / (double)t->row_count;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_tensor *flat = self->host->model->flat_params(t->model);
    int64_t n = self->host->tensor->size(flat, 0);
    double *slope = (double *)calloc((size_t)n, sizeof *slope);
    self->omega = (double *)realloc(self->omega, (size_t)n * sizeof *self->omega);
    self->anchor = (double *)realloc(self->anchor, (size_t)n * sizeof *self->anchor);
    for (; self->count < n; self->count++)
        self->omega[self->count] = 0;
    numbers(self, flat, self->anchor, n);
    for (int64_t row = 0; row < t->row_count; row++)
        row_add(self, t, row, slope);
    free(slope);
    return PDR_OK;
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    double *w = (double *)calloc((size_t)self->count + 1, sizeof *w);
    float *pull = (float *)calloc((size_t)self->count + 1, sizeof *pull);
    pdr_tensor *flat = self->host->model->flat_grads(s->task->model);
    numbers(self, T->slice(s->scope, self->host->model->flat_params(s->task->model), 0, 0, self->count), w,
            self->count);
    for (int64_t i = 0; i < self->count; i++)
        pull[i] = (float)(2 * self->config.lambda * self->omega[i] * (w[i] - self->anchor[i]));
    pdr_tensor *add = T->from(s->scope, PDR_F32, &self->count, 1, pull);
    free(w);
    free(pull);
    return T->blend(s->scope, T->slice(s->scope, flat, 0, 0, self->count), 1, add, 1);
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_backward = after_backward, .after_task = after_task};
PDR_STRATEGY("slow_mas", "1.0", "Memory aware synapses by loops", NULL, PDR_USES_GRADIENT | PDR_DIFFERENTIATES_MODEL)
