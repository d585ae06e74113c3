/* SPDX-License-Identifier: Apache-2.0 */
/* EWC as one would write it down: the Fisher by a loop over rows and labels, a term a task, gradients added by hand. What
 * plugins/ewc is compared with; nothing is shared with it. */
#include <perdure/sugar.h>

enum { TERMS = 8 };
typedef struct {
    double lambda;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *fisher[TERMS], *anchor[TERMS];
    int64_t count;
} strategy;

static const pdr_param params[] = {{.key = "lambda",
                                    .help = "strength, with its half",
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
    for (int64_t i = 0; i < self->count; i++) {
        self->host->tensor->release(self->fisher[i]);
        self->host->tensor->release(self->anchor[i]);
    }
}

/* sum += p(label) * (d log p(label) / d w)^2; true where the label competes at all. */
static void label_add(strategy *self, const pdr_task *t, const pdr_tensor *x, int64_t label, pdr_tensor *sum)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *m = self->host->model;
    const int64_t one = 1;
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    pdr_tensor *y = T->from(s, PDR_I64, &one, 1, &label);
    pdr_tensor *loss = T->sum(s, m->loss(s, t, m->forward(s, t->model, x, PDR_EVAL), y), PDR_ALL, 0);
    double p = exp(-pdr_number(self->host, loss));
    pdr_tensor *g = m->gradient(s, t->model, loss);
    T->add_product(s, sum, g, g, p);
    T->close(s);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    int64_t n = T->size(w, 0), first = t->task_id_given ? t->seen_before : 0;
    pdr_tensor *sum = T->full(t->scope, PDR_F32, &n, 1, 0);
    for (int64_t row = 0; row < t->row_count; row++) {
        pdr_tensor *x = NULL;
        self->host->data->rows(t->scope, t, T->arange(t->scope, row, 1), &x, NULL);
        for (int64_t label = first; label < t->columns; label++)
            label_add(self, t, x, label, sum);
    }
    pdr_hold(self->host, &self->fisher[self->count], T->affine(t->scope, sum, 1 / (double)t->row_count, 0));
    pdr_hold(self->host, &self->anchor[self->count++], T->clone(t->scope, w));
    return T->status(t->scope);
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(s->task->model), *g = self->host->model->flat_grads(s->task->model);
    for (int64_t i = 0; i < self->count; i++) {
        int64_t n = T->size(self->fisher[i], 0);
        pdr_tensor *away = T->sub(s->scope, T->slice(s->scope, w, 0, 0, n), self->anchor[i]);
        T->add_product(s->scope, T->slice(s->scope, g, 0, 0, n), self->fisher[i], away, self->config.lambda);
    }
    return T->status(s->scope);
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_backward = after_backward, .after_task = after_task};
PDR_STRATEGY("slow_ewc", "1.0", "EWC by loops", NULL, PDR_USES_GRADIENT | PDR_DIFFERENTIATES_MODEL)
