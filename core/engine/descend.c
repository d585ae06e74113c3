/* A step down a loss of a strategy's own: one backward pass for all models of its optimizer, then an update of each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/optimizer.h"

enum { LOOK_EVERY = 10 }; /* descents between two looks where a look waits for the device */

static pdr_status fail(pdr_scope *s, pdr_status code, const char *why)
{
    engine_scope_fail(s, code, why);
    return engine_tensor.status(s);
}

static bool loss_finite(pdr_scope *s, const pdr_tensor *loss)
{
    double value = 0;
    char words[96];
    if (engine_tensor.read(loss, PDR_F64, &value, sizeof value) != PDR_OK || isfinite(value))
        return true; /* what is no scalar the backward pass refuses */
    snprintf(words, sizeof words, "descend: found a loss of %s; expected a finite one",
             isnan(value) ? "nan"
             : value > 0  ? "inf"
                          : "-inf");
    fail(s, PDR_ENOTFINITE, words);
    return false;
}

/* What the raw loops wrote no version counter has seen, and a graph of before may still be alive. */
static pdr_status update(pdr_scope *s, engine_optimizer *o, double lr, bool look)
{
    pdr_model *m = o->model;
    engine_model_reach(m, 0, -1);
    bool finite = !look || engine_floats(m->params) || engine_gradient_finite(s, m);
    pdr_status code = finite ? engine_optimizer_step(s, o, lr, NULL, 0) : PDR_ENOTFINITE;
    engine_written(m->params);
    return code == PDR_ENOTFINITE ? fail(s, code, "descend: found a gradient that is not finite; expected a finite one")
                                  : code;
}

static pdr_status updates(pdr_scope *s, engine_optimizer *const *optimizers, int64_t count, double lr, bool look,
                          const bool *reached)
{
    pdr_status code = PDR_OK;
    bool any = false;
    for (int64_t i = 0; i < count && !code; i++) {
        any = any || reached[i];
        code = reached[i] ? update(s, optimizers[i], lr, look) : PDR_OK;
    }
    return code || any ? code
                       : fail(s, PDR_EINVALID,
                              "descend: found a loss that depends on no parameter of the optimizer's networks");
}

pdr_status engine_descend(pdr_scope *s, engine_optimizer *const *optimizers, int64_t count, double lr,
                          const pdr_tensor *loss)
{
    if (!loss || count < 1 || engine_tensor.status(s))
        return engine_tensor.status(s) ? engine_tensor.status(s) : PDR_EINVALID;
    const bool look = engine_floats(optimizers[0]->model->params) || optimizers[0]->steps % LOOK_EVERY == 0;
    if (look && !loss_finite(s, loss))
        return PDR_ENOTFINITE;
    pdr_model **models = alloc_zero((size_t)count, sizeof(pdr_model *));
    bool *reached = alloc_zero((size_t)count, sizeof *reached);
    for (int64_t i = 0; i < count; i++)
        models[i] = optimizers[i]->model;
    pdr_status code = models_backward(s, models, count, loss, reached);
    code = code ? code : updates(s, optimizers, count, lr, look, reached);
    free((void *)models);
    free(reached);
    return code;
}
