/* The model table: the engine's functions, the scenario's loss, and plain words for what comes with a later release. */
#include "plugin/host.h"

static pdr_tensor *model_loss(pdr_scope *s, const pdr_task *t, const pdr_tensor *logits, const pdr_tensor *y)
{
    const host_task *task = (const host_task *)t;
    return task ? host_engine()->row_loss(s, logits, y, &task->any) : NULL;
}

/* NULL means that it was not built, and a strategy that goes on with NULL would do nothing without a word. */
static pdr_tensor *model_flat_grads(pdr_model *m)
{
    strategy *s = host_running();
    if (s && !s->needs_gradient)
        host_fail(s, PDR_EINVALID,
                  "flat_grads: the strategy lacks the flag PDR_USES_GRADIENT, so no flat gradient is built");
    return s && !s->needs_gradient ? NULL : host_engine()->model->flat_grads(m);
}

#define LATER "%s is not in this build: it comes with a later release"

static pdr_tensor *later_derivative(pdr_scope *s, const pdr_tensor *sum, const pdr_tensor *leaf)
{
    (void)sum;
    (void)leaf;
    scope_fail(s, PDR_EUNSUPPORTED, LATER, "derivative()");
    return NULL;
}

static pdr_status later_gate(pdr_scope *s, pdr_model *m, int64_t layer, const pdr_tensor *mask)
{
    (void)m;
    (void)layer;
    (void)mask;
    return scope_fail(s, PDR_EUNSUPPORTED, LATER, "gate()");
}

static pdr_model *later_build(const pdr_host *h, const char *network_yaml, const int64_t *shape, int64_t rank,
                              int64_t outputs)
{
    (void)network_yaml;
    (void)shape;
    (void)rank;
    (void)outputs;
    host_fail(host_strategy(h), PDR_EUNSUPPORTED, LATER, "build()");
    return NULL;
}

static pdr_optim *later_optimizer(const pdr_host *h, pdr_model *const *models, int64_t count,
                                  const char *optimizer_yaml)
{
    (void)models;
    (void)count;
    (void)optimizer_yaml;
    host_fail(host_strategy(h), PDR_EUNSUPPORTED, LATER, "optimizer()");
    return NULL;
}

static pdr_status later_descend(pdr_scope *s, pdr_optim *o, const pdr_tensor *loss)
{
    (void)o;
    (void)loss;
    return scope_fail(s, PDR_EUNSUPPORTED, LATER, "descend()");
}

/* optimizer() never gives one in this build, so there is only NULL to drop. */
static void later_drop_optimizer(pdr_optim *owned) { (void)owned; }

void host_model_fill(pdr_model_api *table, const pdr_model_api *engine)
{
    *table = *engine;
    table->struct_size = sizeof *table;
    table->loss = model_loss;
    table->flat_grads = model_flat_grads;
    table->derivative = later_derivative;
    table->gate = later_gate;
    table->build = later_build;
    table->optimizer = later_optimizer;
    table->descend = later_descend;
    table->drop_optimizer = later_drop_optimizer;
    table->fisher = host_fisher;
}
