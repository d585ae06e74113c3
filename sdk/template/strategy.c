/* my_strategy: pulls the parameters towards those after the last task (plain L2, the baseline of Kirkpatrick et al. 2017).
 *
 * A working skeleton: replace the parameter, the state and the hooks by yours. All hooks: <perdure/plugin.h>, whose opening
 * comment has the rules; all that you may call: <perdure/host.h> and <perdure/tensor.h>.
 */
#include <perdure/sugar.h>

/* What YAML may set: one member and one row each. */
typedef struct {
    double strength;
} config;

static const pdr_param params[] = {{.key = "strength",
                                    .help = "weight of the pull; the penalty has half of it",
                                    .type = PDR_PARAM_REAL,
                                    .offset = offsetof(config, strength),
                                    .fallback = "0.1",
                                    .min = 0,
                                    .max = 1e9},
                                   {.key = NULL}};

/* One instance. It starts as zeros, with host and config filled in. */
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *anchor, *ones; /* [P], owned; NULL in the first task */
} strategy;

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->tensor->release(self->anchor);
    self->host->tensor->release(self->ones);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *w = T->clone(t->scope, self->host->model->flat_params(t->model)); /* clone: w goes on moving */
    pdr_hold(self->host, &self->anchor, w);
    pdr_hold(self->host, &self->ones, T->affine(t->scope, w, 0, 1));
    return T->status(t->scope); /* the first error of the lines above */
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (!self->anchor)
        return PDR_OK;
    return self->host->step->add_penalty(s, self->ones, self->anchor, self->config.strength, "pull");
}

/* What a resumed run needs. A key that was never put reads as NULL: still the first task. */
static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_tensor(out, "anchor", self->anchor);
    self->host->state->put_tensor(out, "ones", self->ones);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version; /* compare it when save() has changed */
    self->anchor = self->host->state->get_tensor(in, "anchor");
    self->ones = self->host->state->get_tensor(in, "ones");
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss, .after_task = after_task, .save = save,
                                .load = load};

PDR_STRATEGY("my_strategy", "0.1", "Pulls parameters towards those after the last task", NULL,
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE)
