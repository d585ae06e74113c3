/* SPDX-License-Identifier: Apache-2.0
 *
 * Says that it only watches the first task (PDR_IDLE_FIRST_TASK), and then does one thing in it that is more than that, or nothing.
 * Behind it, it pulls the logits towards zero. */
#include "tiny.h"

typedef struct {
    double strength;
    int32_t does, reserved;
} config;

typedef struct {
    const pdr_host *host;
    config config;
    int64_t steps; /* what it keeps, where it does */
} strategy;

enum { NOTHING, REHEARSES, ADDS, READS, TELLS, LOGS, KEEPS, DRAWS, GATES };
static const char *const things[] = {"nothing", "rehearses", "adds",  "reads", "tells",
                                     "logs",    "keeps",     "draws", "gates", NULL};
static const pdr_param params[] = {{.key = "strength",
                                    .help = "of the pull",
                                    .type = PDR_PARAM_REAL,
                                    .offset = offsetof(config, strength),
                                    .fallback = "0.1",
                                    .max = 9},
                                   {.key = "does",
                                    .help = "in the first task",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, does),
                                    .fallback = "nothing",
                                    .choices = things},
                                   {.key = NULL}};

static int does(const strategy *self, const pdr_task *t, int32_t what)
{
    return !t->index && self->config.does == what;
}

static pdr_status before_task(void *me, const pdr_task *t)
{
    const strategy *self = me;
    int64_t units = self->host->model->units(t->model, 0);
    if (does(self, t, GATES))
        self->host->model->gate(t->scope, t->model, 0, self->host->tensor->full(t->scope, PDR_F32, &units, 1, 0.5));
    return self->host->tensor->status(t->scope);
}

static pdr_status before_batch(void *me, const pdr_step *s)
{
    const strategy *self = me;
    return does(self, s->task, REHEARSES) ? self->host->step->rehearse(s, s->x, s->y, PDR_JOIN, 1, NULL) : PDR_OK;
}

static pdr_status after_loss(void *me, const pdr_step *s)
{
    const strategy *self = me;
    const pdr_tensor_api *T = self->host->tensor;
    if (!s->task->index && self->config.does != ADDS)
        return PDR_OK;
    pdr_tensor *pull = T->mean(s->scope, T->square(s->scope, s->logits), PDR_ALL, 0);
    return self->host->step->add_loss(s, pull, PDR_ADD, self->config.strength, NULL);
}

static pdr_status after_batch(void *me, const pdr_step *s)
{
    strategy *self = me;
    if (does(self, s->task, READS))
        self->host->model->flat_params(s->task->model);
    if (does(self, s->task, TELLS))
        self->host->metric(self->host, "step", (double)s->index);
    if (does(self, s->task, LOGS) && !s->index)
        self->host->log(self->host, PDR_INFO, "watches");
    if (does(self, s->task, DRAWS))
        self->host->rng->unit(self->host->rng->stream(self->host, "watched", 0));
    self->steps += does(self, s->task, KEEPS);
    return PDR_OK;
}

static pdr_status save(void *me, pdr_state *out)
{
    const strategy *self = me;
    self->host->state->put_bytes(out, "steps", &self->steps, sizeof self->steps);
    return PDR_OK;
}

static pdr_status load(void *me, pdr_state *in, uint32_t state_version)
{
    strategy *self = me;
    (void)state_version;
    self->host->state->get_bytes(in, "steps", &self->steps, sizeof self->steps);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .save = save,
                                .load = load};
TINY_EMPTY_LIFE

PDR_STRATEGY("watcher", "1.0", "says that it only watches the first task", NULL, PDR_IDLE_FIRST_TASK)
