/* The model table: the engine's functions, the scenario's loss, and what depends on whose hook runs. */
#include "plugin/host.h"

/* What would reach the network in training, or the place of its dropout. */
static void network_acts(const pdr_model *m, const char *call)
{
    const strategy *s = host_running();
    if (s && m == s->session->model)
        host_acts(s, call);
}

static pdr_tensor *model_loss(pdr_scope *s, const pdr_task *t, const pdr_tensor *logits, const pdr_tensor *y)
{
    const host_task *task = (const host_task *)t;
    return task ? host_engine()->row_loss(s, logits, y, &task->any) : NULL;
}

/* NULL means that it was not built, and a strategy that goes on with NULL would do nothing without a word. */
static pdr_tensor *model_flat_grads(pdr_model *m)
{
    strategy *s = host_running();
    network_acts(m, "flat_grads");
    const bool lacks = s && m == s->session->model && !s->needs_gradient;
    if (lacks)
        host_fail(s, PDR_EINVALID,
                  "flat_grads: the strategy lacks the flag PDR_USES_GRADIENT, so no flat gradient is built");
    return lacks ? NULL : host_engine()->model->flat_grads(m);
}

/* A step may run without a graph through the network, and what is built on one of a strategy's own would then reach no
 * parameter without a word. */
static bool lacks_graph(const pdr_model *m, const char *call)
{
    strategy *s = host_running();
    const bool lacks = s && m && m == s->session->model && !s->differentiates;
    if (lacks)
        host_fail(s, PDR_EINVALID,
                  "%s: the strategy lacks the flag PDR_DIFFERENTIATES_MODEL, so there is no graph through the network",
                  call);
    return lacks;
}

static pdr_tensor *model_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    network_acts(m, "forward");
    bool lacks = host_engine()->scope_records(s) && lacks_graph(m, "forward in a [grad] scope");
    return lacks ? NULL : host_engine()->model->forward(s, m, x, mode);
}

static pdr_tensor *model_features(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    network_acts(m, "features");
    bool lacks = host_engine()->scope_records(s) && lacks_graph(m, "features in a [grad] scope");
    return lacks ? NULL : host_engine()->model->features(s, m, x, mode);
}

static pdr_tensor *model_gradient(pdr_scope *s, pdr_model *m, const pdr_tensor *loss)
{
    network_acts(m, "gradient");
    return lacks_graph(m, "gradient") ? NULL : host_engine()->model->gradient(s, m, loss);
}

/* Each strategy has its own, by its name in the method. */
static pdr_status model_gate(pdr_scope *s, pdr_model *m, int64_t layer, const pdr_tensor *mask)
{
    const strategy *me = host_running();
    network_acts(m, "gate");
    return me ? host_engine()->model_gate(s, m, me->name, layer, mask) : PDR_EINVALID;
}

/* The buffer itself: it may be written to. */
static pdr_tensor *model_flat_params(pdr_model *m)
{
    network_acts(m, "flat_params");
    return host_engine()->model->flat_params(m);
}

static pdr_status model_assign(pdr_model *into, const pdr_model *m)
{
    network_acts(into, "assign");
    return host_engine()->model->assign(into, m);
}

void host_model_fill(pdr_model_api *table, const pdr_model_api *engine)
{
    *table = *engine;
    table->struct_size = sizeof *table;
    table->forward = model_forward;
    table->features = model_features;
    table->gradient = model_gradient;
    table->loss = model_loss;
    table->flat_grads = model_flat_grads;
    table->gate = model_gate;
    table->flat_params = model_flat_params;
    table->assign = model_assign;
    host_build_fill(table);
    table->fisher = host_fisher;
}
