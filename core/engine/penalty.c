/* Quadratic penalties: weight/2 * sum(importance * (w - anchor)^2) over the first p parameters.
 *
 * Their gradient is known, so it is added to that of the loss instead of recorded: autograd would take 3 ms a step of
 * 784-400-400-10 for what costs nothing measurable inside the optimizer's pass. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/optimizer.h"

static const pdr_tensor_api *const T = &engine_tensor;

static pdr_status refuse(pdr_scope *s, const char *why)
{
    engine_scope_fail(s, PDR_EINVALID, why);
    return T->status(s);
}

static pdr_status read_one(pdr_scope *s, const pdr_model *m, const engine_penalty *p, sweep_penalty *out)
{
    int64_t n = T->size(p->importance, PDR_ALL);
    if (n < 0)
        return refuse(s, "penalty: importance is NULL or was released");
    if (n > m->blocks.size)
        return refuse(s, "penalty: importance covers more parameters than there are");
    if (T->size(p->anchor, PDR_ALL) < n)
        return refuse(s, "penalty: anchor is NULL, was released, or is shorter than importance");
    if (T->dtype(p->importance) != PDR_F32 || T->dtype(p->anchor) != PDR_F32)
        return refuse(s, "penalty: importance and anchor must be f32");
    *out = (sweep_penalty){engine_floats(p->importance), engine_floats(p->anchor), (float)p->weight, n};
    return PDR_OK;
}

pdr_status penalty_read(pdr_scope *s, const pdr_model *m, const engine_penalty *penalties, int64_t count,
                        sweep_penalty *out, bool *reachable)
{
    pdr_status code = T->status(s);
    *reachable = engine_floats(m->params) != NULL;
    for (int64_t i = 0; i < count && !code; i++) {
        code = read_one(s, m, &penalties[i], &out[i]);
        *reachable = *reachable && out[i].importance && out[i].anchor;
    }
    return code;
}

/* importance * (w - anchor) over the p parameters that it covers. */
static pdr_tensor *pull(pdr_scope *s, const pdr_model *m, const engine_penalty *p, pdr_tensor **away)
{
    int64_t n = T->size(p->importance, PDR_ALL);
    *away = T->sub(s, T->slice(s, m->params, 0, 0, n), T->slice(s, p->anchor, 0, 0, n));
    return T->mul(s, p->importance, *away);
}

pdr_status penalty_add_by_tensors(pdr_scope *s, const pdr_model *m, const engine_penalty *p, pdr_tensor *g)
{
    pdr_tensor *away, *pulled = pull(s, m, p, &away);
    return T->blend(s, T->slice(s, g, 0, 0, T->size(p->importance, PDR_ALL)), 1.0, pulled, p->weight);
}

pdr_status engine_penalty_apply(pdr_scope *s, pdr_model *m, const engine_penalty *penalties, int64_t count)
{
    if (!m || m->frozen || !m->has_gradient)
        return refuse(s, "penalty: the model has no gradient; backward comes first");
    sweep_penalty *read = alloc_zero((size_t)count + 1, sizeof *read);
    bool reachable = false;
    pdr_status code = penalty_read(s, m, penalties, count, read, &reachable);
    if (!code)
        code = model_make_flat(s, m);
    float *g = engine_floats(m->gradients);
    if (!code && reachable && g)
        sweep_penalties(read, count, engine_floats(m->params), 0, m->blocks.size, g);
    else
        for (int64_t i = 0; i < count && !code; i++)
            code = penalty_add_by_tensors(s, m, &penalties[i], m->gradients);
    free(read);
    return code;
}

double engine_penalty_value(pdr_scope *s, const pdr_model *m, const engine_penalty *penalty)
{
    sweep_penalty read = {0};
    bool reachable = false;
    if (!m || penalty_read(s, m, penalty, 1, &read, &reachable))
        return 0.0;
    if (reachable)
        return sweep_value(&read, engine_floats(m->params));
    double value = 0.0;
    pdr_tensor *away, *pulled = pull(s, m, penalty, &away);
    if (T->read(T->sum(s, T->mul(s, pulled, away), PDR_ALL, 0), PDR_F64, &value, sizeof value))
        return 0.0;
    return 0.5 * penalty->weight * value;
}
