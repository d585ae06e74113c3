/* Gradients of a model: as autograd hands them over, block by block, and flat where somebody asks for that. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/model.h"
#include "engine/sweep.h"

static pdr_status differentiate(pdr_scope *s, const pdr_model *m, const pdr_tensor *loss, pdr_tensor **found)
{
    pdr_tensor **leaves = alloc_zero((size_t)m->blocks.count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < m->blocks.count; i++)
        leaves[i] = m->blocks.at[i].leaf;
    pdr_status code = engine_differentiate(s, loss, leaves, m->blocks.count, false, found);
    free(leaves);
    return code;
}

static pdr_status hold_gradients(pdr_scope *s, pdr_model *m, pdr_tensor *const *found)
{
    for (int64_t i = 0; i < m->blocks.count; i++) {
        model_block *b = &m->blocks.at[i];
        if (!b->gradient)
            b->gradient = engine_lend(s, found[i], false);
        else
            engine_replace(b->gradient, found[i]);
    }
    m->has_gradient = true;
    m->flat = false;
    return engine_tensor.status(s);
}

pdr_status model_make_flat(pdr_scope *s, pdr_model *m)
{
    if (m->flat || !m->has_gradient)
        return engine_tensor.status(s);
    pdr_tensor **parts = alloc_zero((size_t)m->blocks.count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < m->blocks.count; i++)
        parts[i] = m->blocks.at[i].gradient;
    pdr_status code = engine_join(s, m->gradients, parts, m->blocks.count);
    free(parts);
    m->flat = code == PDR_OK;
    return code;
}

pdr_status model_backward(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat)
{
    if (!m || m->frozen || !loss) {
        engine_scope_fail(s, PDR_EINVALID, "backward: no loss, or a snapshot, which is frozen");
        return engine_tensor.status(s);
    }
    pdr_tensor **found = alloc_zero((size_t)m->blocks.count, sizeof(pdr_tensor *));
    pdr_status code = differentiate(s, m, loss, found);
    if (!code)
        code = hold_gradients(s, m, found);
    free(found);
    return code || !flat ? code : model_make_flat(s, m);
}

pdr_tensor *model_gradient(pdr_scope *s, pdr_model *m, const pdr_tensor *loss)
{
    if (!m || !loss)
        return NULL;
    pdr_tensor **found = alloc_zero((size_t)m->blocks.count, sizeof(pdr_tensor *)), *flat = NULL;
    const int64_t all = -1;
    if (m->frozen)
        engine_scope_fail(s, PDR_EINVALID, "gradient: a snapshot is frozen: nothing flows to its parameters");
    if (!engine_tensor.status(s) && !differentiate(s, m, loss, found)) {
        for (int64_t i = 0; i < m->blocks.count; i++)
            found[i] = engine_tensor.reshape(s, found[i], &all, 1);
        flat = engine_tensor.cat(s, found, (int32_t)m->blocks.count, 0);
    }
    free(found);
    return flat;
}

float *model_gradient_floats(const pdr_model *m, int64_t i)
{
    float *flat = m->flat ? engine_floats(m->gradients) : NULL;
    return flat ? flat + m->blocks.at[i].about.first : engine_floats(m->blocks.at[i].gradient);
}

/* Whoever asks gets the gradient of the last backward, also where that was told to build none. */
pdr_tensor *model_flat_grads(pdr_model *m)
{
    if (!m || m->frozen)
        return NULL;
    if (m->flat || !m->has_gradient)
        return m->gradients;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    pdr_status code = model_make_flat(s, m);
    engine_scope_close(s);
    return code ? NULL : m->gradients;
}

void model_forget_gradients(pdr_model *m)
{
    for (int64_t i = 0; i < m->blocks.count; i++) {
        engine_take_back(m->blocks.at[i].gradient);
        m->blocks.at[i].gradient = NULL;
    }
    m->has_gradient = m->flat = false;
}
