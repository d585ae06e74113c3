/* SPDX-License-Identifier: Apache-2.0
 *
 * steady: parameters that a task moved with large gradients are held where that task left them.
 *
 *     (1)  v = sum over the task's steps of g^2             g: gradient of the step's loss, without penalties
 *     (2)  F <- F + sqrt(v) / mean(sqrt(v))                 at the end of the task; w* <- w
 *     (3)  loss + strength / 2 * sum F (w - w*)^2           from the second task on
 *
 * The same in C++ and in Rust stands beside this file, line for line where the languages allow it.
 */
#include <perdure/sugar.h>

/* ---- what YAML may set: one member and one row each ---- */

enum { BY_GRADIENT, EQUALLY }; /* weigh */

typedef struct {
    double strength;
    int32_t weigh;
} config;

static const char *const ways[] = {"gradient", "equal", NULL};

static const pdr_param params[] = {{.key = "strength",
                                    .help = "how firmly parameters are held; the penalty has half of it",
                                    .type = PDR_PARAM_REAL,
                                    .offset = offsetof(config, strength),
                                    .fallback = "0.01",
                                    .max = 1e9},
                                   {.key = "weigh",
                                    .help = "by the gradients that moved them, or all parameters alike",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, weigh),
                                    .fallback = "gradient",
                                    .choices = ways},
                                   {.key = NULL}};

/* ---- the instance: starts as zeros, with host and config filled in ---- */

typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *squares;             /* [P], owned: v so far; NULL before the first task */
    pdr_tensor *importance, *anchor; /* [p], owned: F and w*; NULL in the first task */
} strategy;

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->squares);
    self->host->tensor->release(self->importance);
    self->host->tensor->release(self->anchor);
}

/* ---- hooks ---- */

/* Parameters may have grown by a head: v has a number for each of them. */
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t count = T->size(self->host->model->flat_params(t->model), 0);
    pdr_hold(self->host, &self->squares, T->full(t->scope, PDR_F32, &count, 1, 0));
    return T->status(t->scope);
}

/* (1) */
static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor *g = self->host->model->flat_grads(s->task->model);
    return self->host->tensor->add_product(s->scope, self->squares, g, g, 1);
}

/* About 1, so that `strength` means the same however long the task was. */
static pdr_tensor *weights(const strategy *self, pdr_scope *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    if (self->config.weigh == EQUALLY)
        return T->affine(s, self->squares, 0, 1);
    pdr_tensor *root = T->sqrt(s, self->squares), *mean = T->mean(s, root, PDR_ALL, 0);
    return T->div(s, root, T->maximum(s, mean, pdr_scalar(self->host, s, 1e-37))); /* 0 / 0 is 0 here */
}

/* (2) What older tasks need covers the parameters that there were then: the first ones. */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *older = self->importance;
    self->importance = T->keep(self->host, weights(self, t->scope));
    if (older)
        T->blend(t->scope, T->slice(t->scope, self->importance, 0, 0, T->size(older, 0)), 1, older, 1);
    T->release(older);
    pdr_hold(self->host, &self->anchor, T->clone(t->scope, self->host->model->flat_params(t->model)));
    self->host->metric_of(self->host, "importance.largest", T->max(t->scope, self->importance, PDR_ALL, 0));
    return T->status(t->scope);
}

/* (3) */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (!self->anchor)
        return PDR_OK;
    return self->host->step->add_penalty(s, self->importance, self->anchor, self->config.strength, "penalty");
}

/* ---- the checkpoint, between any two steps. NULL is not stored, and what was not stored reads as NULL ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    self->host->state->put_tensor(out, "squares", self->squares);
    self->host->state->put_tensor(out, "importance", self->importance);
    self->host->state->put_tensor(out, "anchor", self->anchor);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    (void)state_version; /* there is one so far */
    self->squares = self->host->state->get_tensor(in, "squares");
    self->importance = self->host->state->get_tensor(in, "importance");
    self->anchor = self->host->state->get_tensor(in, "anchor");
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("steady", "1.0", "Holds parameters by the size of the gradients that moved them", NULL,
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE | PDR_USES_GRADIENT)
