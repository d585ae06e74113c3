/* SPDX-License-Identifier: Apache-2.0
 *
 * Experience replay with asymmetric cross entropy: among fresh rows only the classes of their own batch compete, so new
 * classes do not push old ones away; rehearsed rows compete among all. Equations (A1), ... are in README.md.
 */
#include <perdure/sugar.h>

typedef struct {
    const char *memory;
    int64_t batch;
} config;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {{KEY("", MEMORY, memory), .help = "capacity, policy, where"},
                                   {KEY("batch", INT, batch),
                                    .help = "rows rehearsed a step, 0: as many as a full batch has", .fallback = "0",
                                    .max = 1e9},
                                   {.key = NULL}};

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    int64_t full; /* rows of the largest batch so far: the last of an epoch may be shorter */
} strategy;

static pdr_status setup(strategy *self)
{
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR; /* the host has the words */
}

static void teardown(strategy *self) { self->host->memory->close(self->memory); }

/* (A3) The rehearsed rows are a part of their own, added with weight 1. */
static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_host *h = self->host;
    pdr_tensor *x = NULL, *y = NULL;
    if (s->fresh > self->full)
        self->full = s->fresh;
    if (h->memory->count(self->memory, PDR_ALL) == 0)
        return PDR_OK;
    pdr_tensor *slots = h->memory->sample(s->scope, self->memory, self->config.batch ? self->config.batch : self->full);
    pdr_status bad = h->memory->fetch(s->scope, self->memory, slots, &x, &y, NULL, NULL);
    return bad ? bad : h->step->rehearse(s, h->data->augment(s->scope, x), y, PDR_ADD, 1, NULL);
}

/* (A1) [n]: losses of fresh rows, among the classes that are in this batch. */
static pdr_tensor *fresh_losses(const strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *z = T->slice(s->scope, s->logits, 0, 0, s->fresh), *y = pdr_fresh_labels(self->host, s);
    pdr_tensor *rows = T->sum(s->scope, T->one_hot(s->scope, y, T->size(z, 1)), 0, 1); /* [1, C]: rows of each class */
    pdr_tensor *here = T->less(s->scope, pdr_scalar(self->host, s->scope, 0), rows);
    return T->cross_entropy(s->scope, T->where(s->scope, here, z, pdr_scalar(self->host, s->scope, -HUGE_VAL)), y);
}

/* (A2): the scenario's own loss for all others. */
static pdr_status compute_loss(void *p, const pdr_step *s, pdr_tensor **rows)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t others = T->size(s->y, 0) - s->fresh;
    *rows = fresh_losses(self, s);
    if (others) {
        pdr_tensor *z = T->slice(s->scope, s->logits, 0, s->fresh, others);
        pdr_tensor *y = T->slice(s->scope, s->y, 0, s->fresh, others);
        pdr_tensor *both[2] = {*rows, self->host->model->loss(s->scope, s->task, z, y)};
        *rows = T->cat(s->scope, both, 2, 0);
    }
    return T->status(s->scope);
}

/* Each row is offered once, as it was before augmentation. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (s->epoch)
        return PDR_OK;
    return self->host->memory->offer(s->scope, self->memory, s->raw, pdr_fresh_labels(self->host, s), NULL, NULL);
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_bytes(out, "full", &self->full, sizeof self->full);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version;
    self->host->state->get_bytes(in, "full", &self->full, sizeof self->full);
    return PDR_OK;
}

static const pdr_hooks hooks = {
    PDR_HOOKS,   .before_batch = before_batch, .compute_loss = compute_loss, .after_batch = after_batch, .save = save,
    .load = load};

PDR_STRATEGY("er-ace", "1.0", "Experience replay with asymmetric cross entropy", "Caccia et al. 2022, arXiv 2104.05025",
             PDR_GRAPH_SAFE)
