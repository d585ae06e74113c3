/* SPDX-License-Identifier: Apache-2.0 */
/* PackNet as one would write it down: an array of owners, the smallest free weight given back again and again until enough
 * are, loops that put weights back. What examples/strategies/packnet is compared with; nothing is shared, and as both only
 * copy numbers, they agree to the bit. */
#include <perdure/sugar.h>

enum { PARAMETERS = 1024 };
typedef struct {
    double prune;
    int64_t after;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    int64_t owner[PARAMETERS], count, task, pruned; /* owner 0: free */
    float held[PARAMETERS];
} strategy;

static const pdr_param params[] = {
    {.key = "prune", .help = "share", .type = PDR_PARAM_REAL, .offset = offsetof(config, prune), .max = 1},
    {.key = "after", .help = "epochs, 0: all", .type = PDR_PARAM_INT, .offset = offsetof(config, after), .max = 1e9},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self) { (void)self; }

static void take(const strategy *self, pdr_model *m, float *w)
{
    self->host->tensor->read(self->host->model->flat_params(m), PDR_F32, w, (uint64_t)self->count * sizeof *w);
}

static pdr_status give(const strategy *self, pdr_scope *s, pdr_model *m, const float *w)
{
    const pdr_tensor_api *T = self->host->tensor;
    return T->copy(s, self->host->model->flat_params(m), T->from(s, PDR_F32, &self->count, 1, w));
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    self->count = self->host->tensor->size(self->host->model->flat_params(t->model), 0);
    if (self->count > PARAMETERS)
        return PDR_ENOMEM;
    take(self, t->model, self->held);
    self->task = t->index + 1;
    self->pruned = 0;
    return PDR_OK;
}

static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    float w[PARAMETERS];
    take(self, s->task->model, w);
    for (int64_t i = 0; i < self->count; i++)
        if (self->owner[i] != (self->pruned ? self->task : 0))
            w[i] = self->held[i];
    return give(self, s->scope, s->task->model, w);
}

/* Weights of a layer: what is free is the task's but for those given back; of the latter each is the smallest left. */
static void layer_prune(strategy *self, const pdr_block *b, float *w)
{
    int64_t room = 0, back = 0;
    for (int64_t i = b->first; i < b->first + b->count; i++)
        room += self->owner[i] == 0;
    for (int64_t i = b->first; i < b->first + b->count; i++)
        if (self->owner[i] == 0)
            self->owner[i] = self->task;
    for (; b->kind == PDR_WEIGHT && (double)(back + 1) <= (double)room * self->config.prune; back++) {
        int64_t least = -1;
        for (int64_t i = b->first; i < b->first + b->count; i++)
            if (self->owner[i] == self->task && (least < 0 || fabsf(w[i]) < fabsf(w[least])))
                least = i;
        self->owner[least] = 0;
        w[least] = 0;
    }
}

static void head_share(strategy *self, const pdr_task *t, const pdr_block *b)
{
    for (int64_t i = 0; i < b->count; i++) {
        int64_t column = b->first_column + i / (b->count / b->columns);
        for (int64_t c = 0; c < t->class_count; c++)
            if (t->classes[c] == column && self->owner[b->first + i] == 0)
                self->owner[b->first + i] = self->task;
    }
}

static pdr_status pruned(strategy *self, const pdr_task *t)
{
    const pdr_model_api *m = self->host->model;
    float w[PARAMETERS];
    take(self, t->model, w);
    for (int64_t i = 0; i < m->block_count(t->model); i++) {
        pdr_block b = {.struct_size = sizeof b};
        m->block(t->model, i, &b);
        if (b.kind == PDR_HEAD_WEIGHT || b.kind == PDR_HEAD_BIAS)
            head_share(self, t, &b);
        else
            layer_prune(self, &b, w);
    }
    self->pruned = 1;
    memcpy(self->held, w, sizeof w);
    return give(self, t->scope, t->model, w);
}

static pdr_status after_epoch(void *p, const pdr_task *t, int64_t epoch)
{
    strategy *self = (strategy *)p;
    return epoch + 1 == self->config.after ? pruned(self, t) : PDR_OK;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    return self->pruned ? PDR_OK : pruned(self, t);
}

static pdr_status before_eval(void *p, const pdr_eval *e)
{
    strategy *self = (strategy *)p;
    float w[PARAMETERS];
    if (!self->task)
        return PDR_OK;
    take(self, e->model, w);
    for (int64_t i = 0; i < self->count; i++) /* what is free is 0, or at work for the task that runs */
        if (self->owner[i] > e->on_task + 1 || (self->owner[i] == 0 && e->on_task + 1 < self->task))
            w[i] = 0;
    return give(self, e->scope, e->model, w);
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .after_update = after_update,
                                .after_epoch = after_epoch,
                                .after_task = after_task,
                                .before_eval = before_eval};
PDR_STRATEGY("slow_packnet", "1.0", "PackNet by loops", NULL, PDR_WRITES_PARAMS)
