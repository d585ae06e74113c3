/* A batch through the whole network: for strategies and evaluation by mode, for a training step with a graph. */
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/model.h"

enum { FLOATS_AT_ONCE = 4 << 20 }; /* 16 MiB: what a layer gets and makes, so that both stay in a processor's cache */

static int64_t rows_at_once(const pdr_model *m)
{
    int64_t most = m->inputs;
    for (int64_t i = 0; i < m->layer_count; i++) {
        const layer_shape *in = &m->layers[i].in, *to = &m->layers[i].to;
        int64_t floats = in->at[0] * (in->rank == 3 ? in->at[1] * in->at[2] : 1) +
                         to->at[0] * (to->rank == 3 ? to->at[1] * to->at[2] : 1);
        most = floats > most ? floats : most;
    }
    return FLOATS_AT_ONCE / most + 1;
}

static pdr_tensor *features_by_parts(pdr_scope *s, pdr_model *m, const pdr_tensor *x, int64_t rows, int64_t step)
{
    const int64_t count = (rows + step - 1) / step;
    pdr_tensor **parts = alloc_zero((size_t)count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < count; i++) {
        pdr_tensor *some = engine_tensor.slice(s, x, 0, i * step, rows - i * step < step ? rows - i * step : step);
        parts[i] = some ? layers_run(s, m, some, PDR_EVAL, NULL) : NULL;
    }
    pdr_tensor *all = parts[count - 1] ? engine_tensor.cat(s, parts, (int32_t)count, 0) : NULL;
    for (int64_t i = 0; i < count; i++)
        engine_forget(parts[i]);
    free(parts);
    return all;
}

/* Where no graph asks for all of them, rows with large maps go through in parts, so that an evaluation's memory is bounded
 * whatever the network; in EVAL they know nothing of each other. */
pdr_tensor *model_features(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    if (!m || !x)
        return NULL;
    const int64_t rows = engine_tensor.size(x, 0), step = rows_at_once(m);
    if (mode == PDR_TRAIN || rows <= step || engine_scope_records(s))
        return layers_run(s, m, x, mode, NULL);
    return features_by_parts(s, m, x, rows, step);
}

pdr_tensor *engine_forward_both(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode, pdr_tensor **features)
{
    pdr_tensor *d = model_features(s, m, x, mode);
    if (features)
        *features = d;
    return d ? heads_run(s, m, d) : NULL;
}

pdr_tensor *model_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode)
{
    return engine_forward_both(s, m, x, mode, NULL);
}

pdr_tensor *model_step_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_tensor **features)
{
    return engine_forward_both(s, m, x, PDR_TRAIN, features);
}
