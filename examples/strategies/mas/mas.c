/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory aware synapses: after each task the parameters are tied to where they are, each as strongly as the network's
 * output is sensitive to it. Equations (M1), (M2), ... are in README.md beside this file.
 */
#include <perdure/sugar.h>

typedef struct {
    double lambda;
    int64_t limit;
} config;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("lambda", REAL, lambda), .help = "strength; the penalty has no half, as in the paper", .max = 1e15},
    {KEY("limit", INT, limit), .help = "rows of a task that importance is measured on, 0: all", .fallback = "0",
     .max = 1e12},
    {.key = NULL}};

typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *importance, *anchor; /* [P] at the end of the last task; owned, NULL in the first task */
} strategy;

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->importance);
    self->host->tensor->release(self->anchor);
}

/* `old` with zeros behind it, for the parameters that came since (rule 17: they come at the end). */
static pdr_tensor *grown(const strategy *self, pdr_scope *s, pdr_tensor *old, const pdr_tensor *like)
{
    const pdr_tensor_api *T = self->host->tensor;
    int64_t more = T->size(like, 0) - T->size(old, 0);
    pdr_tensor *both[2] = {old, T->full(s, PDR_F32, &more, 1, 0)};
    return T->cat(s, both, 2, 0);
}

/* (M1) is one pass over the task's rows, which the host makes; (M2) adds it to what earlier tasks need. */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    pdr_tensor *sum = h->model->fisher(t->scope, t->model, t, "mas", self->config.limit);
    h->metric_of(h, "importance", T->mean(t->scope, sum, PDR_ALL, 0));
    if (self->importance)
        sum = T->add(t->scope, grown(self, t->scope, self->importance, sum), sum);
    if (T->status(t->scope))
        return T->status(t->scope);
    pdr_hold(h, &self->importance, sum);
    pdr_hold(h, &self->anchor, T->clone(t->scope, h->model->flat_params(t->model))); /* the parameters go on moving */
    return T->status(t->scope);
}

/* (M3); the host's penalty has a half, that of the paper has none. */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (!self->importance)
        return PDR_OK;
    return self->host->step->add_penalty(s, self->importance, self->anchor, 2 * self->config.lambda, "penalty");
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_tensor(out, "importance", self->importance);
    self->host->state->put_tensor(out, "anchor", self->anchor);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version;
    self->importance = self->host->state->get_tensor(in, "importance");
    self->anchor = self->host->state->get_tensor(in, "anchor");
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss, .after_task = after_task, .save = save,
                                .load = load};

PDR_STRATEGY("mas", "1.0", "Memory aware synapses", "Aljundi et al. 2018, arXiv 1711.09601",
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE | PDR_IDLE_FIRST_TASK)
