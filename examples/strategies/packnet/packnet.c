/* SPDX-License-Identifier: Apache-2.0
 *
 * PackNet: a task keeps the largest of the weights that were free, the rest is given back as zeros; what is kept never
 * moves again, and a task is measured with its own and earlier tasks' weights. Rules (P1), ... are in README.md.
 */
#include <perdure/sugar.h>

typedef struct {
    double prune;
    int64_t after;
} config;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("prune", REAL, prune), .help = "share of a layer's free weights given back", .fallback = "0.5", .max = 1},
    {KEY("after", INT, after), .help = "epochs before pruning, those that follow retrain what is kept; 0: at the end",
     .fallback = "0", .max = 1e9},
    {.key = NULL}};

typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *owner, *held; /* [P] 0: free, k: of the k-th task; [P] where all but the parameters in training stay */
    int64_t training;         /* whose parameters move: the free ones, and once the k-th task is pruned, k's */
} strategy;

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->owner);
    self->host->tensor->release(self->held);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    int64_t more = T->size(w, 0) - (self->owner ? T->size(self->owner, 0) : 0); /* a head that came with this task */
    pdr_tensor *both[2] = {self->owner, T->full(t->scope, PDR_F32, &more, 1, 0)};
    pdr_hold(self->host, &self->owner, self->owner ? T->cat(t->scope, both, 2, 0) : both[1]);
    pdr_hold(self->host, &self->held, T->clone(t->scope, w));
    self->training = 0;
    return T->status(t->scope);
}

/* (P3) Put back, not masked out of the gradient: momentum and weight decay move what has none. */
static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(s->task->model);
    pdr_tensor *moves = T->equal(s->scope, self->owner, pdr_scalar(self->host, s->scope, (double)self->training));
    return T->copy(s->scope, w, T->where(s->scope, moves, w, self->held));
}

/* (P2) Outputs belong to the task that brings their class. */
static void head_claim(const strategy *self, const pdr_task *t, const pdr_block *b, const pdr_tensor *own)
{
    const pdr_tensor_api *T = self->host->tensor;
    int64_t each = b->count / b->columns;
    pdr_tensor *zero = pdr_scalar(self->host, t->scope, 0);
    pdr_tensor *k = pdr_scalar(self->host, t->scope, (double)t->index + 1);
    for (int64_t i = 0; i < t->class_count; i++) {
        int64_t row = t->classes[i] - b->first_column;
        if (row < 0 || row >= b->columns)
            continue;
        pdr_tensor *part = T->slice(t->scope, own, 0, row * each, each);
        T->copy(t->scope, part, T->where(t->scope, T->equal(t->scope, part, zero), k, part));
    }
}

/* (P1) The largest of a layer's free weights become the task's, the others 0; biases are its first task's as a whole. */
static pdr_status layer_claim(const strategy *self, const pdr_task *t, const pdr_block *b, pdr_tensor *own,
                              pdr_tensor *w)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = t->scope;
    pdr_tensor *zero = pdr_scalar(self->host, s, 0), *free = T->equal(s, own, zero), *index = NULL;
    int64_t room = 0;
    pdr_status bad = T->read(T->sum(s, free, PDR_ALL, 0), PDR_I64, &room, sizeof room);
    int64_t keep = b->kind == PDR_WEIGHT ? (int64_t)ceil((double)room * (1 - self->config.prune)) : room;
    if (!bad && keep > 0) {
        T->top(s, T->where(s, free, T->abs(s, w), pdr_scalar(self->host, s, -1)), keep, 0, 1, &index);
        T->place(s, own, index, T->full(s, PDR_F32, &keep, 1, (double)t->index + 1));
    }
    T->copy(s, w, T->where(s, T->equal(s, own, zero), zero, w));
    return bad;
}

static pdr_status prune(strategy *self, const pdr_task *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    pdr_status bad = PDR_OK;
    for (int64_t i = 0; !bad && i < self->host->model->block_count(t->model); i++) {
        pdr_block b = {.struct_size = sizeof b};
        bad = self->host->model->block(t->model, i, &b);
        pdr_tensor *own = bad ? NULL : T->slice(t->scope, self->owner, 0, b.first, b.count);
        if (b.columns)
            head_claim(self, t, &b, own);
        else if (!bad)
            bad = layer_claim(self, t, &b, own, T->slice(t->scope, w, 0, b.first, b.count));
    }
    self->training = t->index + 1;
    pdr_hold(self->host, &self->held, T->clone(t->scope, w));
    return bad ? bad : T->status(t->scope);
}

static pdr_status after_epoch(void *p, const pdr_task *t, int64_t epoch)
{
    strategy *self = p;
    return epoch + 1 == self->config.after ? prune(self, t) : PDR_OK;
}

static pdr_status after_task(void *p, const pdr_task *t) { return ((strategy *)p)->training ? PDR_OK : prune(p, t); }

/* (P4) The host puts the parameters back afterwards. What is free works for the running task, and for those to come. */
static pdr_status before_eval(void *p, const pdr_eval *e)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *all = self->host->model->flat_params(e->model), *w = all, *zero = pdr_scalar(self->host, e->scope, 0);
    pdr_tensor *last = pdr_scalar(self->host, e->scope, (double)e->on_task + 1);
    if (e->on_task + 1 < e->after_task)
        w = T->where(e->scope, T->equal(e->scope, self->owner, zero), zero, w);
    return self->owner ? T->copy(e->scope, all, T->where(e->scope, T->less(e->scope, last, self->owner), zero, w)) : 0;
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_tensor(out, "owner", self->owner);
    self->host->state->put_tensor(out, "held", self->held);
    self->host->state->put_bytes(out, "training", &self->training, sizeof self->training);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    self->owner = self->host->state->get_tensor(in, "owner");
    self->held = self->host->state->get_tensor(in, "held");
    (void)state_version;
    self->host->state->get_bytes(in, "training", &self->training, sizeof self->training);
    return PDR_OK;
}

/* clang-format off */
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .after_update = after_update,
    .after_epoch = after_epoch, .after_task = after_task, .before_eval = before_eval, .save = save, .load = load};
/* clang-format on */

PDR_STRATEGY("packnet", "1.0", "PackNet: prune, freeze and reuse weights", "Mallya and Lazebnik 2018, arXiv 1711.05769",
             PDR_NEEDS_TASK_ID | PDR_NEEDS_BOUNDARIES | PDR_WRITES_PARAMS)
