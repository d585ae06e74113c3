/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds on one thing that a step gives out: a term on logits, features, row losses, the loss or a second loss of the logits;
 * every loss of a row, rows without a label too; the gradient; or, without the flag that this needs, a graph of its own. */
#include "tiny.h"

typedef struct {
    int32_t on, reserved;
} config;

typedef struct {
    const pdr_host *host;
    config config;
} strategy;

enum { LOGITS, FEATURES, ROWS, LOSS, AGAIN, SHARE, GRADIENT, FORWARD, GIVEN };
static const char *const things[] = {"logits", "features", "rows",    "loss",  "again",
                                     "share",  "gradient", "forward", "given", NULL};
static const pdr_param params[] = {{.key = "on",
                                    .help = "what it builds on",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, on),
                                    .choices = things},
                                   {.key = NULL}};

static pdr_tensor *mean_square(const pdr_tensor_api *T, pdr_scope *s, const pdr_tensor *t)
{
    return T->mean(s, T->square(s, t), PDR_ALL, 0);
}

static pdr_tensor *term(const strategy *self, const pdr_step *st)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *M = self->host->model;
    pdr_scope *s = st->scope;
    switch (self->config.on) {
    case FEATURES: return mean_square(T, s, st->features);
    case ROWS: return mean_square(T, s, st->row_loss);
    case LOSS: return T->square(s, st->loss);
    case AGAIN: return T->mean(s, M->loss(s, st->task, st->logits, st->y), PDR_ALL, 0);
    case GRADIENT: return T->sum(s, M->gradient(s, st->task->model, st->loss), PDR_ALL, 0);
    case FORWARD: return mean_square(T, s, M->forward(s, st->task->model, st->x, PDR_EVAL));
    case GIVEN: return M->derivative(s, st->loss, st->logits);
    default: return mean_square(T, s, st->logits);
    }
}

static pdr_status after_loss(void *me, const pdr_step *st)
{
    const strategy *self = me;
    pdr_tensor *built = term(self, st);
    if (!built)
        return self->host->tensor->status(st->scope);
    return self->host->step->add_loss(st, built, self->config.on == SHARE ? PDR_SHARE : PDR_ADD, 0.5, NULL);
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss};
TINY_EMPTY_LIFE

PDR_STRATEGY("terms", "1.0", "builds on what a step gives out", NULL, PDR_USES_FEATURES)
