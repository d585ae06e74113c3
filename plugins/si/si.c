/* SPDX-License-Identifier: Apache-2.0
 *
 * Synaptic intelligence: while a task is learned each parameter is credited with what its moves took off the loss; after
 * the task it is tied to where it is, as strongly as it was credited for the way that it came.
 *
 * Equations (S1), (S2), ... and how the c of other libraries converts are in README.md beside this file. The penalty is
 * the host's (step->add_penalty); what is left here is the path integral, in a few passes over the flat buffers a step.
 */
#include <perdure/sugar.h>

/* ---- parameters ---- */

enum { LOSS, TOTAL }; /* gradient */
enum { CLIP, KEEP };  /* negative */

typedef struct {
    double c, damping;
    int32_t gradient, negative;
} config;

static const char *const gradients[] = {"loss", "total", NULL};
static const char *const negatives[] = {"clip", "keep", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("c", REAL, c), .help = "strength; the penalty has c and no half, as the paper's equation 4", .max = 1e18},
    {KEY("damping", REAL, damping), .help = "xi, which bounds the importance of what hardly moved", .fallback = "0.1",
     .min = 1e-12, .max = 1e6},
    {KEY("gradient", CHOICE, gradient), .help = "along the way: of the loss alone, or with the penalties in it",
     .fallback = "loss", .choices = gradients},
    {KEY("negative", CHOICE, negative), .help = "importance below 0: clip to 0, or keep", .fallback = "clip",
     .choices = negatives},
    {.key = NULL}};

/* ---- the instance ---- */

typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *path;   /* [P] omega of the running task so far */
    pdr_tensor *before; /* [P] the parameters before the update that is running */
    pdr_tensor *slope;  /* [P] with LOSS: the gradient before penalties came to it */
    pdr_tensor *importance,
        *anchor; /* [P] Omega, with 0 for what came since; where the parameters were when the task began */
} strategy;

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    const pdr_tensor_api *T = self->host->tensor;
    T->release(self->path);
    T->release(self->before);
    T->release(self->slope);
    T->release(self->importance);
    T->release(self->anchor);
}

/* ---- hooks ---- */

/* `old` with zeros behind it for the parameters that came since; NULL: zeros. */
static pdr_tensor *grown(const strategy *self, pdr_scope *s, pdr_tensor *old, const pdr_tensor *like)
{
    const pdr_tensor_api *T = self->host->tensor;
    int64_t more = T->size(like, 0) - (old ? T->size(old, 0) : 0);
    pdr_tensor *both[2] = {old, T->full(s, PDR_F32, &more, 1, 0)};
    return old ? T->cat(s, both, 2, 0) : both[1];
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = self->host->model->flat_params(t->model);
    pdr_hold(self->host, &self->path, grown(self, t->scope, NULL, w));
    pdr_hold(self->host, &self->before, T->clone(t->scope, w));
    pdr_hold(self->host, &self->anchor, T->clone(t->scope, w));
    if (self->config.gradient == LOSS)
        pdr_hold(self->host, &self->slope, T->clone(t->scope, w));
    if (self->importance)
        pdr_hold(self->host, &self->importance, grown(self, t->scope, self->importance, w));
    return T->status(t->scope);
}

/* (S4); the host's penalty has a half, that of the paper has none. In the first task there is none to hold. */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (!self->importance)
        return PDR_OK;
    return self->host->step->add_penalty(s, self->importance, self->anchor, 2 * self->config.c, "penalty");
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (self->config.gradient != LOSS)
        return PDR_OK;
    return self->host->tensor->copy(s->scope, self->slope, self->host->model->flat_grads(s->task->model));
}

static pdr_status before_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    return self->host->tensor->copy(s->scope, self->before, self->host->model->flat_params(s->task->model));
}

/* (S1) path += g (w before - w after) */
static pdr_status after_update(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_model *m = s->task->model;
    pdr_tensor *g = self->config.gradient == LOSS ? self->slope : self->host->model->flat_grads(m);
    pdr_tensor *moved = T->sub(s->scope, self->before, self->host->model->flat_params(m));
    return T->add_product(s->scope, self->path, g, moved, 1);
}

/* (S2), (S3) */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = t->scope;
    pdr_tensor *way = T->sub(s, self->host->model->flat_params(t->model), self->anchor);
    pdr_tensor *sum = T->div(s, self->path, T->affine(s, T->square(s, way), 1, self->config.damping));
    if (self->importance)
        sum = T->add(s, self->importance, sum);
    if (self->config.negative == CLIP)
        sum = T->clamp(s, sum, 0, HUGE_VAL);
    self->host->metric_of(self->host, "importance", T->mean(s, sum, PDR_ALL, 0));
    if (!T->status(s))
        pdr_hold(self->host, &self->importance, sum);
    return T->status(s);
}

/* ---- the checkpoint ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    V->put_tensor(out, "path", self->path);
    V->put_tensor(out, "anchor", self->anchor);
    V->put_tensor(out, "importance", self->importance);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    (void)state_version;
    self->path = V->get_tensor(in, "path");
    self->anchor = V->get_tensor(in, "anchor");
    self->importance = V->get_tensor(in, "importance");
    self->before = V->get_tensor(in, "path"); /* the room alone: every step writes them before it reads them */
    self->slope = V->get_tensor(in, "path");
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("si", "1.0", "Synaptic intelligence", "Zenke et al. 2017, arXiv 1703.04200",
             PDR_NEEDS_BOUNDARIES | PDR_USES_GRADIENT | PDR_GRAPH_SAFE | PDR_RANK_SAFE)
