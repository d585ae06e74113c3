/* SPDX-License-Identifier: Apache-2.0
 *
 * Can a strategy whose steps are captured into a CUDA graph be written against 1.0? Synaptic intelligence (Zenke et al. 2017,
 * arXiv 1703.04200) that warms up: within the first steps of a task the penalty grows from nothing to its strength, and no step
 * earns more credit than a bounded gradient gives. Between before_forward and after_update nothing is read back, no number of the
 * host changes within a task, and only tensors that were kept before are written (rule 18).
 *
 * It can. What it costs, as step->add_penalty takes its weight as a number, which a graph would hold fast: the importance is
 * multiplied by the strength of the moment in before_batch, one pass over [p] a step. A slot add_penalty_v2, whose weight is a
 * scalar tensor, would save that. pdr_step.lr is a number too: a captured hook that needs the rate keeps it as a tensor, filled in
 * before_batch.
 */
#include <perdure/sugar.h>

typedef struct {
    double c, damping, bound;
    int64_t warm;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *path, *before, *slope; /* [P] credit of the task so far; the parameters, the gradient of the step */
    pdr_tensor *importance, *anchor;   /* [P]; NULL in the first task */
    pdr_tensor *strength;              /* [P] the importance as it counts in this step */
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("c", REAL, c), .help = "strength of the penalty", .fallback = "1", .max = 1e9},
    {KEY("damping", REAL, damping), .help = "bounds the importance of what hardly moved", .fallback = "0.1",
     .min = 1e-9, .max = 1e6},
    {KEY("bound", REAL, bound), .help = "length of the gradient that earns credit, at most", .fallback = "10",
     .min = 1e-9, .max = 1e9},
    {KEY("warm", INT, warm), .help = "steps of a task until the penalty has its strength", .fallback = "20", .min = 1,
     .max = 1e9},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    pdr_tensor *kept[] = {self->path, self->before, self->slope, self->importance, self->anchor, self->strength};
    for (int32_t i = 0; i < PDR_COUNT(kept); i++)
        self->host->tensor->release(kept[i]);
}

/* [P]: old with zeros behind it; NULL: zeros. */
static pdr_tensor *grown(const strategy *self, pdr_scope *s, pdr_tensor *old, int64_t size)
{
    const pdr_tensor_api *ops = self->host->tensor;
    int64_t more = size - (old ? ops->size(old, 0) : 0);
    pdr_tensor *both[2];
    both[0] = old;
    both[1] = ops->full(s, PDR_F32, &more, 1, 0);
    return old ? ops->cat(s, both, 2, 0) : both[1];
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    const int64_t size = ops->size(w, 0);
    pdr_hold(self->host, &self->path, grown(self, t->scope, NULL, size));
    pdr_hold(self->host, &self->before, ops->clone(t->scope, w));
    pdr_hold(self->host, &self->slope, ops->clone(t->scope, w));
    pdr_hold(self->host, &self->anchor, ops->clone(t->scope, w));
    if (self->importance) {
        pdr_hold(self->host, &self->importance, grown(self, t->scope, self->importance, size));
        pdr_hold(self->host, &self->strength, grown(self, t->scope, NULL, size));
    }
    return ops->status(t->scope);
}

/* Never in a graph: here the host's numbers become a tensor's. */
static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    double share = (double)(s->index + 1) / (double)self->config.warm;
    if (!self->importance || s->index > self->config.warm)
        return PDR_OK;
    return self->host->tensor->blend(s->scope, self->strength, 0, self->importance, share < 1 ? share : 1);
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (!self->importance) /* the same for a whole task */
        return PDR_OK;
    return self->host->step->add_penalty(s, self->strength, self->anchor, 2 * self->config.c, "penalty");
}

/* slope = g min(1, bound / |g|), decided on the device. */
static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_tensor *g = self->host->model->flat_grads(s->task->model);
    pdr_tensor *length = ops->clamp(s->scope, ops->sqrt(s->scope, ops->dot(s->scope, g, g)), 1e-12, HUGE_VAL);
    pdr_tensor *most = pdr_scalar(self->host, s->scope, self->config.bound);
    pdr_tensor *share = ops->clamp(s->scope, ops->div(s->scope, most, length), 0, 1);
    (void)ops->copy(s->scope, self->slope, g);
    return ops->scale(s->scope, self->slope, share);
}

static pdr_status before_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    return self->host->tensor->copy(s->scope, self->before, self->host->model->flat_params(s->task->model));
}

static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_tensor *moved = ops->sub(s->scope, self->before, self->host->model->flat_params(s->task->model));
    return ops->add_product(s->scope, self->path, self->slope, moved, 1);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_tensor *way = ops->sub(t->scope, self->host->model->flat_params(t->model), self->anchor);
    pdr_tensor *earned =
        ops->div(t->scope, self->path, ops->affine(t->scope, ops->square(t->scope, way), 1, self->config.damping));
    if (self->importance)
        earned = ops->add(t->scope, self->importance, earned);
    pdr_hold(self->host, &self->importance, ops->clamp(t->scope, earned, 0, HUGE_VAL));
    return ops->status(t->scope);
}

static pdr_status save(void *p, pdr_state *out)
{
    const strategy *self = (const strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    shelf->put_tensor(out, "path", self->path);
    shelf->put_tensor(out, "anchor", self->anchor);
    shelf->put_tensor(out, "importance", self->importance);
    shelf->put_tensor(out, "strength", self->strength);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    (void)version;
    self->path = shelf->get_tensor(in, "path");
    self->anchor = shelf->get_tensor(in, "anchor");
    self->importance = shelf->get_tensor(in, "importance");
    self->strength = shelf->get_tensor(in, "strength");
    self->before =
        shelf->get_tensor(in, "path"); /* these two for their length: each step writes them before it reads */
    self->slope = shelf->get_tensor(in, "path");
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_task = after_task,
                                .save = save,
                                .load = load};
PDR_STRATEGY("graph_safe", "1.0", "Synaptic intelligence that warms up and can be captured", "Zenke et al. 2017",
             PDR_NEEDS_BOUNDARIES | PDR_USES_GRADIENT | PDR_GRAPH_SAFE | PDR_RANK_SAFE)
