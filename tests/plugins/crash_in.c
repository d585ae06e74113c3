/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to nowhere in the one moment that its parameter names: create, a hook, or destroy. (load: a run
 * that was not resumed fails in a batch; then in load.) */
#include <perdure/sugar.h>

enum {
    CREATE,
    BEFORE_RUN,
    BEFORE_TASK,
    BEFORE_EPOCH,
    BEFORE_BATCH,
    BEFORE_FORWARD,
    AFTER_FORWARD,
    BEFORE_LOSS,
    COMPUTE_LOSS,
    AFTER_LOSS,
    AFTER_BACKWARD,
    BEFORE_UPDATE,
    AFTER_UPDATE,
    AFTER_BATCH,
    AFTER_EPOCH,
    AFTER_TASK,
    BEFORE_EVAL,
    PREDICT,
    AFTER_EVAL,
    AFTER_RUN,
    SAVE,
    LOAD,
    DESTROY
};
static const char *const moments[] = {
    "create",        "before_run",  "before_task",  "before_epoch", "before_batch",   "before_forward",
    "after_forward", "before_loss", "compute_loss", "after_loss",   "after_backward", "before_update",
    "after_update",  "after_batch", "after_epoch",  "after_task",   "before_eval",    "predict",
    "after_eval",    "after_run",   "save",         "load",         "destroy",        NULL};

typedef struct {
    int32_t moment, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
} strategy;
static const pdr_param params[] = {{.key = "moment",
                                    .help = "where it crashes",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, moment),
                                    .choices = moments},
                                   {.key = NULL}};

static volatile int *volatile nowhere;

static pdr_status crash(const void *p, int32_t here)
{
    const strategy *self = (const strategy *)p;
    if (self->config.moment == here)
        *nowhere = 1;
    return PDR_OK;
}

static pdr_status setup(strategy *self) { return crash(self, CREATE); }
static void teardown(strategy *self) { (void)crash(self, DESTROY); }
static pdr_status before_run(void *p, int64_t count) { return (void)count, crash(p, BEFORE_RUN); }
static pdr_status before_task(void *p, const pdr_task *t) { return (void)t, crash(p, BEFORE_TASK); }
static pdr_status before_epoch(void *p, const pdr_task *t, int64_t n)
{
    return (void)t, (void)n, crash(p, BEFORE_EPOCH);
}
static pdr_status before_batch(void *p, const pdr_step *s) { return (void)s, crash(p, BEFORE_BATCH); }
static pdr_status before_forward(void *p, const pdr_step *s) { return (void)s, crash(p, BEFORE_FORWARD); }
static pdr_status after_forward(void *p, const pdr_step *s) { return (void)s, crash(p, AFTER_FORWARD); }
static pdr_status before_loss(void *p, const pdr_step *s) { return (void)s, crash(p, BEFORE_LOSS); }
static pdr_status after_loss(void *p, const pdr_step *s) { return (void)s, crash(p, AFTER_LOSS); }
static pdr_status after_backward(void *p, const pdr_step *s) { return (void)s, crash(p, AFTER_BACKWARD); }
static pdr_status before_update(void *p, const pdr_step *s) { return (void)s, crash(p, BEFORE_UPDATE); }
static pdr_status after_update(void *p, const pdr_step *s) { return (void)s, crash(p, AFTER_UPDATE); }
/* To come to load() a run must have ended before: the first one fails here, with a checkpoint on disk. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    const strategy *self = (const strategy *)p;
    if (self->config.moment == LOAD && s->task->index == 1 && s->index == 2)
        return self->host->fail(self->host, PDR_ERROR, "go on, to come to load()");
    return crash(p, AFTER_BATCH);
}
static pdr_status after_epoch(void *p, const pdr_task *t, int64_t n) { return (void)t, (void)n, crash(p, AFTER_EPOCH); }
static pdr_status after_task(void *p, const pdr_task *t) { return (void)t, crash(p, AFTER_TASK); }
static pdr_status before_eval(void *p, const pdr_eval *e) { return (void)e, crash(p, BEFORE_EVAL); }
static pdr_status after_eval(void *p, const pdr_eval *e) { return (void)e, crash(p, AFTER_EVAL); }
static pdr_status after_run(void *p) { return crash(p, AFTER_RUN); }
static pdr_status save(void *p, pdr_state *out) { return (void)out, crash(p, SAVE); }
static pdr_status load(void *p, pdr_state *in, uint32_t v) { return (void)in, (void)v, crash(p, LOAD); }

static pdr_status compute_loss(void *p, const pdr_step *s, pdr_tensor **rows)
{
    const pdr_host *h = ((const strategy *)p)->host;
    *rows = h->model->loss(s->scope, s->task, s->logits, s->y);
    return crash(p, COMPUTE_LOSS);
}

static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    *scores = ((const strategy *)p)->host->tensor->clone(e->scope, e->logits);
    return crash(p, PREDICT);
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_task = before_task,
                                .before_epoch = before_epoch,
                                .before_batch = before_batch,
                                .before_forward = before_forward,
                                .after_forward = after_forward,
                                .before_loss = before_loss,
                                .compute_loss = compute_loss,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_batch = after_batch,
                                .after_epoch = after_epoch,
                                .after_task = after_task,
                                .before_eval = before_eval,
                                .predict = predict,
                                .after_eval = after_eval,
                                .after_run = after_run,
                                .save = save,
                                .load = load};
PDR_STRATEGY("crash_in", "1.0", "crashes in the moment that it is told", NULL, 0)
