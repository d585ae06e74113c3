/* SPDX-License-Identifier: Apache-2.0
 *
 * Averaged gradient episodic memory: a step may not raise the loss on rows of a bounded memory. Where its gradient would,
 * the part of it that points there is taken out.
 *
 * Equations (A1), (A2), ... and how other libraries differ are in README.md beside this file. Nothing in a step reads a
 * number from the device: that the gradient is left alone where it does no harm is a clamp, not an if.
 */
#include <perdure/sugar.h>

/* ---- parameters ---- */

enum { TASK, STREAM }; /* fill */

typedef struct {
    const char *memory; /* YAML of its own keys: only passed on to memory->open */
    int64_t batch;
    double epsilon;
    int32_t fill, reserved;
} config;

static const char *const fills[] = {"task", "stream", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("", MEMORY, memory), .help = "the episodic memory"},
    {KEY("batch", INT, batch), .help = "rows of the reference gradient, 0: as many as a full batch has",
     .fallback = "0", .max = 1e9},
    {KEY("fill", CHOICE, fill), .help = "offer rows at the end of their task, or as they come", .fallback = "task",
     .choices = fills},
    {KEY("epsilon", REAL, epsilon), .help = "added to the reference's squared length", .fallback = "0", .max = 1e6},
    {.key = NULL}};

/* ---- the instance ---- */

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    pdr_tensor *projected; /* [] steps of this task whose gradient was changed */
    int64_t steps;         /* of this task that were looked at */
    int64_t full;          /* the most fresh rows that a batch had: the last one of an epoch is often short */
} strategy;

static pdr_status setup(strategy *self)
{
    if (strstr(self->config.memory, "policy: none") || strstr(self->config.memory, "policy: value"))
        return self->host->fail(self->host, PDR_EINVALID,
                                "found policy: none or value, which keep nothing that comes without a value; expected "
                                "another policy");
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR; /* the host has the words */
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->projected);
    self->host->memory->close(self->memory);
}

/* ---- hooks ---- */

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    if (!t->boundary_known && self->config.fill == TASK)
        return self->host->fail(self->host, PDR_EINVALID,
                                "found a stream without task boundaries; expected fill: stream, or boundaries");
    self->steps = 0;
    pdr_hold(self->host, &self->projected, pdr_scalar(self->host, t->scope, 0));
    return self->host->tensor->status(t->scope);
}

/* (A1), (A2) g_ref, in the scope of the hook; its graph is gone. NULL: *bad says why, or the hook's scope does. */
static pdr_tensor *reference(strategy *self, const pdr_step *st, pdr_status *bad)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *M = self->host->model;
    const pdr_memory_api *mem = self->host->memory;
    pdr_tensor *x = NULL, *y = NULL;
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    mem->fetch(s, self->memory, mem->sample(s, self->memory, self->config.batch ? self->config.batch : self->full), &x,
               &y, NULL, NULL);
    pdr_tensor *logits = M->forward(s, st->task->model, self->host->data->augment(s, x), PDR_TRAIN);
    pdr_tensor *loss = T->mean(s, M->loss(s, st->task, logits, y), PDR_ALL, 0);
    pdr_tensor *g = M->gradient(st->scope, st->task->model, loss);
    *bad = T->close(s);
    return g;
}

/* (A3) g <- g - min(0, g.g_ref) / (g_ref.g_ref + epsilon) g_ref; of a g_ref of zeros nothing is taken. */
static pdr_status project(strategy *self, pdr_scope *s, pdr_tensor *g, const pdr_tensor *ref)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *along = T->dot(s, g, ref), *zero = pdr_scalar(self->host, s, 0);
    pdr_tensor *length = T->affine(s, T->dot(s, ref, ref), 1, self->config.epsilon);
    pdr_tensor *share = T->div(s, along, T->maximum(s, length, pdr_scalar(self->host, s, 1e-37)));
    T->add_product(s, g, ref, T->clamp(s, share, -HUGE_VAL, 0), -1);
    return T->blend(s, self->projected, 1, T->less(s, along, zero), 1);
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_status bad = PDR_OK;
    if (s->fresh > self->full)
        self->full = s->fresh;
    if (self->host->memory->count(self->memory, PDR_ALL) == 0)
        return PDR_OK;
    self->steps++;
    pdr_tensor *ref = reference(self, s, &bad);
    return bad ? bad : project(self, s->scope, self->host->model->flat_grads(s->task->model), ref);
}

/* fill: stream. The fresh rows as they were before augmentation, once each, so not in later epochs. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (self->config.fill != STREAM || s->epoch)
        return PDR_OK;
    return self->host->memory->offer(s->scope, self->memory, s->raw, pdr_fresh_labels(self->host, s), NULL, NULL);
}

/* fill: task. All rows of the task, in chunks, each with a scope of its own so that it is freed at once. */
static pdr_status rows_offer(strategy *self, const pdr_task *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t most = 1024;
    pdr_status bad = PDR_OK;
    for (int64_t first = 0; !bad && first < t->row_count; first += most) {
        int64_t count = t->row_count - first < most ? t->row_count - first : most;
        pdr_scope *s = T->open(self->host, PDR_NO_GRAD);
        pdr_tensor *x = NULL, *y = NULL;
        self->host->data->rows(s, t, T->arange(s, first, count), &x, &y);
        self->host->memory->offer(s, self->memory, x, y, NULL, NULL);
        bad = T->close(s);
    }
    return bad;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    if (self->steps)
        self->host->metric_of(self->host, "projected",
                              self->host->tensor->affine(t->scope, self->projected, 1 / (double)self->steps, 0));
    return self->config.fill == TASK ? rows_offer(self, t) : PDR_OK;
}

/* ---- the checkpoint: the host keeps the memory and its draws ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    V->put_bytes(out, "full", &self->full, sizeof self->full);
    V->put_bytes(out, "steps", &self->steps, sizeof self->steps);
    V->put_tensor(out, "projected", self->projected);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    (void)state_version;
    V->get_bytes(in, "full", &self->full, sizeof self->full); /* no such key: it stays as it is */
    V->get_bytes(in, "steps", &self->steps, sizeof self->steps);
    self->projected = V->get_tensor(in, "projected");
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .after_backward = after_backward,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("agem", "1.0", "Averaged gradient episodic memory", "Chaudhry et al. 2019, arXiv 1812.00420",
             PDR_USES_GRADIENT | PDR_DIFFERENTIATES_MODEL | PDR_RANK_SAFE)
