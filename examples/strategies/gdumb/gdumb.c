/* SPDX-License-Identifier: Apache-2.0
 *
 * GDumb: a greedy sampler keeps a balanced memory, and after each task a dumb learner trains the network from scratch on
 * that memory alone. What the stream does to the network in between is nothing. Rules (G1), ... are in README.md.
 */
#include <perdure/sugar.h>

typedef struct {
    const char *memory;
    int64_t passes, batch;
    double max_lr, min_lr, momentum, weight_decay, clip;
} config;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("", MEMORY, memory), .help = "capacity, policy, where"},
    {KEY("passes", INT, passes), .help = "over the memory, after each task", .fallback = "128", .min = 1, .max = 1e6},
    {KEY("batch", INT, batch), .help = "rows a step", .fallback = "16", .min = 1, .max = 1e9},
    {KEY("max_lr", REAL, max_lr), .help = "learning rate a cycle begins with", .fallback = "0.05", .max = 1e3},
    {KEY("min_lr", REAL, min_lr), .help = "and what it goes down to", .fallback = "0.0005", .max = 1e3},
    {KEY("momentum", REAL, momentum), .help = "of SGD", .fallback = "0.9", .max = 1},
    {KEY("weight_decay", REAL, weight_decay), .help = "of SGD", .fallback = "1e-6", .max = 1e3},
    {KEY("clip", REAL, clip), .help = "longest gradient", .fallback = "10", .min = 1e-9, .max = 1e9},
    {.key = NULL}};

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    pdr_tensor *scratch; /* [P] the parameters as each was when it came, before any training */
} strategy;

static pdr_status setup(strategy *self)
{
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR; /* the host has the words */
}

static void teardown(strategy *self)
{
    self->host->memory->close(self->memory);
    self->host->tensor->release(self->scratch);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    int64_t had = self->scratch ? T->size(self->scratch, 0) : 0, more = T->size(w, 0) - had;
    pdr_tensor *both[2] = {self->scratch, T->slice(t->scope, w, 0, had, more)}; /* a head that came with this task */
    pdr_hold(self->host, &self->scratch, self->scratch ? T->cat(t->scope, both, 2, 0) : T->clone(t->scope, w));
    return T->status(t->scope);
}

/* The loop goes on, as rows come by it; its steps move nothing. */
static pdr_status compute_loss(void *p, const pdr_step *s, pdr_tensor **rows)
{
    strategy *self = p;
    *rows = self->host->tensor->affine(s->scope, self->host->model->loss(s->scope, s->task, s->logits, s->y), 0, 0);
    return self->host->tensor->status(s->scope);
}

/* (G1) Each row is offered once, as it comes, as it was before augmentation. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (s->epoch)
        return PDR_OK;
    return self->host->memory->offer(s->scope, self->memory, s->raw, pdr_fresh_labels(self->host, s), NULL, NULL);
}

/* (G3) SGDR: a pass at a tenth of the highest rate, then cycles of 1, 2, 4, ... passes, each down half a cosine. */
static double rate(const config *c, int64_t pass)
{
    int64_t length = 1, at = pass - 1;
    if (!pass)
        return 0.1 * c->max_lr;
    for (; at >= length; length *= 2)
        at -= length;
    return c->min_lr + 0.5 * (c->max_lr - c->min_lr) * (1 + cos(acos(-1) * (double)at / (double)length));
}

/* (G2) A step of SGD with momentum on rows of the memory; velocity [P] is kept from step to step. */
static pdr_status descend(const strategy *self, const pdr_task *t, pdr_tensor *velocity, double lr)
{
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    const config *c = &self->config;
    pdr_scope *s = T->open(h, PDR_GRAD);
    pdr_tensor *x = NULL, *y = NULL, *w = h->model->flat_params(t->model);
    if (!s)
        return PDR_ENOMEM;
    h->memory->fetch(s, self->memory, h->memory->sample(s, self->memory, c->batch), &x, &y, NULL, NULL);
    pdr_tensor *z = h->model->forward(s, t->model, h->data->augment(s, x), PDR_TRAIN);
    pdr_tensor *loss = T->mean(s, h->model->loss(s, t, z, y), PDR_ALL, 0), *g = h->model->gradient(s, t->model, loss);
    pdr_tensor *length = T->sqrt(s, T->dot(s, g, g));
    g = T->div(s, g, T->clamp(s, T->affine(s, length, 1 / c->clip, 0), 1, HUGE_VAL));
    T->blend(s, velocity, c->momentum, g, 1);
    T->blend(s, velocity, 1, w, c->weight_decay);
    T->blend(s, w, 1, velocity, -lr);
    return T->close(s); /* the first error of the lines above */
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t rows = self->host->memory->count(self->memory, PDR_ALL), batch = self->config.batch;
    pdr_tensor *velocity = T->keep(self->host, T->affine(t->scope, self->scratch, 0, 0));
    pdr_status bad = T->copy(t->scope, self->host->model->flat_params(t->model), self->scratch);
    for (int64_t pass = 0; !bad && pass < self->config.passes; pass++)
        for (int64_t at = 0; !bad && at < rows; at += batch)
            bad = descend(self, t, velocity, rate(&self->config, pass));
    T->release(velocity);
    return bad;
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_tensor(out, "scratch", self->scratch);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version;
    self->scratch = self->host->state->get_tensor(in, "scratch");
    return PDR_OK;
}

/* clang-format off */
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .compute_loss = compute_loss,
    .after_batch = after_batch, .after_task = after_task, .save = save, .load = load};
/* clang-format on */

PDR_STRATEGY("gdumb", "1.0", "GDumb: a network from scratch on a balanced memory", "Prabhu et al. 2020, ECCV",
             PDR_NEEDS_BOUNDARIES | PDR_DIFFERENTIATES_MODEL)
