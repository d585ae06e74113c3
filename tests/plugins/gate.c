/* SPDX-License-Identifier: Apache-2.0
 *
 * Multiplies every hidden layer by one number: before a task, where it stays, or before an evaluation, which undoes it. */
#include "tiny.h"

typedef struct {
    double factor;
    int32_t moment, reserved;
} config;

typedef struct {
    const pdr_host *host;
    config config;
} strategy;

enum { BEFORE_TASK, BEFORE_EVAL };
static const char *const moments[] = {"before_task", "before_eval", NULL};
static const pdr_param params[] = {
    {.key = "factor", .help = "of every unit", .type = PDR_PARAM_REAL, .offset = offsetof(config, factor), .max = 9},
    {.key = "moment",
     .help = "when it is set",
     .type = PDR_PARAM_CHOICE,
     .offset = offsetof(config, moment),
     .choices = moments},
    {.key = NULL}};

static pdr_status gate(strategy *self, int32_t moment, pdr_scope *s, pdr_model *m)
{
    const pdr_model_api *M = self->host->model;
    for (int64_t i = 0, units; self->config.moment == moment && (units = M->units(m, i)) > 0; i++)
        M->gate(s, m, i, self->host->tensor->full(s, PDR_F32, &units, 1, self->config.factor));
    return self->host->tensor->status(s);
}

static pdr_status before_task(void *self, const pdr_task *t) { return gate(self, BEFORE_TASK, t->scope, t->model); }
static pdr_status before_eval(void *self, const pdr_eval *e) { return gate(self, BEFORE_EVAL, e->scope, e->model); }

static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .before_eval = before_eval};
TINY_EMPTY_LIFE

PDR_STRATEGY("gate", "1.0", "multiplies hidden layers", NULL, 0)
