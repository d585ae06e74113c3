/* SPDX-License-Identifier: Apache-2.0 */
/* Synaptic intelligence as one would write it down: loops over numbers in double precision, the penalty's gradient added
 * by hand. What plugins/si is compared with; nothing is shared with it. */
#include <perdure/sugar.h>

typedef struct {
    double c, damping;
    int32_t unregularised, clip;
} config;
/* One a parameter. */
typedef struct {
    double before, slope, path, omega, anchor;
} synapse;
typedef struct {
    const pdr_host *host;
    config config;
    synapse *at;
    int64_t count;
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("c", REAL, c), .help = "strength, without a half", .max = 1e9},
    {KEY("damping", REAL, damping), .help = "xi", .fallback = "0.1", .max = 1e9},
    {KEY("unregularised", BOOL, unregularised), .help = "the gradient before the penalty", .fallback = "false"},
    {KEY("clip", BOOL, clip), .help = "no importance below 0", .fallback = "false"},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self) { free(self->at); }

/* The numbers of a flat buffer, to be freed. */
static double *numbers(const strategy *self, const pdr_tensor *t)
{
    int64_t n = self->host->tensor->size(t, 0);
    double *out = (double *)calloc((size_t)n + 1, sizeof *out);
    if (out)
        self->host->tensor->read(t, PDR_F64, out, (uint64_t)n * sizeof *out);
    return out;
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_tensor *flat = self->host->model->flat_params(t->model);
    int64_t n = self->host->tensor->size(flat, 0);
    double *w = numbers(self, flat);
    self->at = (synapse *)realloc(self->at, (size_t)n * sizeof *self->at);
    for (int64_t i = 0; i < n; i++)
        self->at[i] = (synapse){.anchor = w[i], .omega = i < self->count ? self->at[i].omega : 0};
    self->count = n;
    free(w);
    return PDR_OK;
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_tensor *flat = self->host->model->flat_grads(s->task->model);
    double *w = numbers(self, self->host->model->flat_params(s->task->model)), *g = numbers(self, flat);
    float *pull = (float *)calloc((size_t)self->count, sizeof *pull);
    for (int64_t i = 0; i < self->count; i++) {
        synapse *one = &self->at[i];
        one->slope = g[i];
        one->before = w[i];
        pull[i] = (float)(2 * self->config.c * one->omega * (w[i] - one->anchor));
    }
    pdr_tensor *add = self->host->tensor->from(s->scope, PDR_F32, &self->count, 1, pull);
    free(w);
    free(g);
    free(pull);
    return self->host->tensor->blend(s->scope, flat, 1, add, 1);
}

static pdr_status before_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    double *g = numbers(self, self->host->model->flat_grads(s->task->model));
    for (int64_t i = 0; i < self->count && !self->config.unregularised; i++)
        self->at[i].slope = g[i];
    free(g);
    return PDR_OK;
}

static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    double *w = numbers(self, self->host->model->flat_params(s->task->model));
    for (int64_t i = 0; i < self->count; i++)
        self->at[i].path -= self->at[i].slope * (w[i] - self->at[i].before);
    free(w);
    return PDR_OK;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    double *w = numbers(self, self->host->model->flat_params(t->model));
    for (int64_t i = 0; i < self->count; i++) {
        synapse *one = &self->at[i];
        double way = w[i] - one->anchor;
        one->omega += one->path / (way * way + self->config.damping);
        if (self->config.clip && one->omega < 0)
            one->omega = 0;
    }
    free(w);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .after_backward = after_backward,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_task = after_task};
PDR_STRATEGY("slow_si", "1.0", "Synaptic intelligence by loops", NULL, PDR_USES_GRADIENT)
