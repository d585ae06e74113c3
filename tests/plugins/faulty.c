/* SPDX-License-Identifier: Apache-2.0 */
/* Does one thing that makes a result silently wrong, from the second task on: each is for one self-check of the host. Or
 * tells of itself when it is made. */
#include <perdure/sugar.h>

enum {
    ZERO_PENALTY,
    FOLLOWING_ANCHOR,
    EMPTY_MEMORY,
    LABEL,
    STILL_HEAD,
    NAN_TERM,
    NAN_ROWS,
    NAN_PENALTY,
    NAN_GRADIENT,
    NAN_METRIC,
    HUGE_WEIGHTS,
    HUGE_PENALTY,
    CUT_HEAD,
    MINGLED_LABEL,
    MINGLED_BEYOND,
    MINGLED_NAN,
    NOISY_START
};
typedef struct {
    int32_t fault, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    pdr_tensor *importance, *anchor, *start;
} strategy;

static const char *const faults[] = {
    "zero-penalty", "following-anchor", "empty-memory",   "label",       "still-head",   "nan-term",
    "nan-rows",     "nan-penalty",      "nan-gradient",   "nan-metric",  "huge-weights", "huge-penalty",
    "cut-head",     "mingled-label",    "mingled-beyond", "mingled-nan", "noisy-start",  NULL};
static const pdr_param params[] = {{.key = "fault",
                                    .help = "what is done wrong",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, fault),
                                    .choices = faults},
                                   {.key = NULL}};

static pdr_status setup(strategy *self)
{
    if (self->config.fault == NOISY_START)
        self->host->log(self->host, PDR_WARNING, "is made");
    else if (self->config.fault == EMPTY_MEMORY || self->config.fault >= MINGLED_LABEL)
        self->memory = self->host->memory->open(self->host, "rows", "{capacity: 4}");
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->importance);
    self->host->tensor->release(self->anchor);
    self->host->tensor->release(self->start);
    self->host->memory->close(self->memory);
}

static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    if (self->config.fault == NOISY_START) {
        self->host->metric(self->host, "tasks", (double)task_count);
        self->host->metric(self->host, "not\xff a\nname", (double)NAN);
    }
    return PDR_OK;
}

/* One row, with a label that is still to come, one that never comes, or values that are none. */
static pdr_status mingle(strategy *self, const pdr_task *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t shape[] = {1, t->shape[0]};
    int32_t fault = self->config.fault;
    if (fault < MINGLED_LABEL || fault == NOISY_START || t->index != 1)
        return PDR_OK;
    pdr_tensor *x = T->full(t->scope, PDR_F32, shape, 2, fault == MINGLED_NAN ? (double)NAN : 0.5);
    double label = fault == MINGLED_NAN ? 0 : (double)t->columns - (fault == MINGLED_LABEL);
    pdr_tensor *y = T->full(t->scope, PDR_I64, shape, 1, label);
    pdr_status bad = self->host->memory->put(t->scope, self->memory, NULL, x, y, NULL, NULL);
    return bad ? bad : self->host->data->mingle(t, self->memory);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    int64_t n = T->size(w, 0);
    int32_t fault = self->config.fault;
    double importance = fault == NAN_PENALTY ? (double)NAN : fault == HUGE_PENALTY ? 1e30 : fault == FOLLOWING_ANCHOR;
    pdr_hold(self->host, &self->importance, T->full(t->scope, PDR_F32, &n, 1, importance));
    pdr_hold(self->host, &self->anchor, fault == FOLLOWING_ANCHOR ? w : T->clone(t->scope, w));
    pdr_hold(self->host, &self->start, T->clone(t->scope, w));
    return mingle(self, t);
}

static pdr_tensor *filled(const strategy *self, pdr_scope *s, const pdr_tensor *like, double value)
{
    return self->host->tensor->affine(s, like, 0, value);
}

static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    if (!s->task->previous)
        return PDR_OK;
    if (self->config.fault == NAN_ROWS)
        return self->host->step->rehearse(s, filled(self, s->scope, s->x, (double)NAN), s->y, PDR_JOIN, 1, NULL);
    int64_t n = T->size(s->y, 0);
    if (self->config.fault == LABEL) /* of a class that is still to come: known, and not active */
        return self->host->step->rehearse(s, s->x, T->full(s->scope, PDR_I64, &n, 1, (double)s->task->columns - 1),
                                          PDR_JOIN, 1, NULL);
    return PDR_OK;
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    int32_t fault = self->config.fault;
    if (!s->task->previous)
        return PDR_OK;
    if (fault == NAN_TERM)
        return self->host->step->add_loss(s, pdr_scalar(self->host, s->scope, (double)NAN), PDR_ADD, 1, "nan");
    if (fault == NAN_METRIC)
        self->host->metric(self->host, "size", (double)NAN);
    if (fault == ZERO_PENALTY || fault == FOLLOWING_ANCHOR || fault == NAN_PENALTY || fault == HUGE_PENALTY)
        return self->host->step->add_penalty(s, self->importance, self->anchor, 1, "penalty");
    return PDR_OK;
}

/* No gradient of the loss reaches the head: weight decay moves it all the same. */
static void head_cut(const strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *m = self->host->model;
    pdr_tensor *g = m->flat_grads(s->task->model);
    for (int64_t i = 0; i < m->block_count(s->task->model); i++) {
        pdr_block b = {.struct_size = sizeof b};
        m->block(s->task->model, i, &b);
        if (b.kind == PDR_HEAD_WEIGHT || b.kind == PDR_HEAD_BIAS)
            T->scale(s->scope, T->slice(s->scope, g, 0, b.first, b.count), pdr_scalar(self->host, s->scope, 0));
    }
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    if (self->config.fault == CUT_HEAD && s->task->previous)
        head_cut(self, s);
    if (self->config.fault != NAN_GRADIENT || !s->task->previous)
        return PDR_OK;
    return T->scale(s->scope, self->host->model->flat_grads(s->task->model),
                    pdr_scalar(self->host, s->scope, (double)NAN));
}

/* Puts the head back to what it was. */
static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *m = self->host->model;
    pdr_tensor *w = m->flat_params(s->task->model);
    if (self->config.fault != STILL_HEAD || !s->task->previous)
        return PDR_OK;
    for (int64_t i = 0; i < m->block_count(s->task->model); i++) {
        pdr_block b = {.struct_size = sizeof b};
        m->block(s->task->model, i, &b);
        if (b.kind == PDR_HEAD_WEIGHT || b.kind == PDR_HEAD_BIAS)
            T->copy(s->scope, T->slice(s->scope, w, 0, b.first, b.count),
                    T->slice(s->scope, self->start, 0, b.first, b.count));
    }
    return PDR_OK;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    if (self->config.fault != HUGE_WEIGHTS || !t->previous)
        return PDR_OK;
    return self->host->tensor->copy(t->scope, w, self->host->tensor->full(t->scope, PDR_F32, NULL, 0, 3e38));
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .after_update = after_update,
                                .after_task = after_task};
PDR_STRATEGY("faulty", "1.0", "wrong in one way", NULL, PDR_USES_GRADIENT | PDR_WRITES_PARAMS)
