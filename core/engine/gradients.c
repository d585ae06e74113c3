/* Gradients of a model: as autograd hands them over, block by block, and flat where somebody asks for that. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/planned.h"
#include "engine/sweep.h"

static void leaves_of(const pdr_model *m, pdr_tensor **leaves)
{
    for (int64_t i = 0; i < m->blocks.count; i++)
        leaves[i] = m->blocks.at[i].leaf;
}

static pdr_status differentiate(pdr_scope *s, const pdr_model *m, const pdr_tensor *loss, pdr_tensor **found)
{
    pdr_tensor **leaves = alloc_zero((size_t)m->blocks.count, sizeof(pdr_tensor *));
    leaves_of(m, leaves);
    pdr_status code = engine_differentiate(s, loss, leaves, m->blocks.count, false, found, NULL);
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

pdr_status models_backward(pdr_scope *s, pdr_model *const *models, int64_t count, const pdr_tensor *loss, bool *reached)
{
    int64_t all = 0, at = 0;
    for (int64_t i = 0; i < count; i++)
        all += models[i]->blocks.count;
    pdr_tensor **leaves = alloc_zero((size_t)all, sizeof(pdr_tensor *)),
               **found = alloc_zero((size_t)all, sizeof(pdr_tensor *));
    bool *touched = alloc_zero((size_t)all, sizeof *touched);
    for (int64_t i = 0; i < count; at += models[i++]->blocks.count)
        leaves_of(models[i], leaves + at);
    pdr_status code = engine_differentiate(s, loss, leaves, all, false, found, touched);
    at = 0;
    for (int64_t i = 0; i < count && !code; at += models[i++]->blocks.count) {
        reached[i] = false;
        for (int64_t j = 0; j < models[i]->blocks.count; j++)
            reached[i] = reached[i] || touched[at + j];
        if (reached[i])
            code = hold_gradients(s, models[i], found + at);
    }
    free((void *)leaves);
    free((void *)found);
    free(touched);
    return code;
}

pdr_tensor *model_gradient_flat(pdr_scope *s, const pdr_model *m, const pdr_tensor *loss)
{
    pdr_tensor **found = alloc_zero((size_t)m->blocks.count + 1, sizeof(pdr_tensor *)), *flat = NULL;
    const int64_t all = -1;
    if (!engine_tensor.status(s) && !differentiate(s, m, loss, found)) {
        for (int64_t i = 0; i < m->blocks.count; i++)
            found[i] = engine_tensor.reshape(s, found[i], &all, 1);
        flat = engine_tensor.cat(s, found, (int32_t)m->blocks.count, 0);
    }
    free(found);
    return flat;
}

pdr_tensor *model_gradient(pdr_scope *s, pdr_model *m, const pdr_tensor *loss)
{
    if (!m || !loss)
        return NULL;
    if (m->frozen)
        engine_scope_fail(s, PDR_EINVALID, "gradient: a snapshot is frozen: nothing flows to its parameters");
    return model_gradient_flat(s, m, loss);
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
    planned_forget(m);
}

/* ---- its size ---- */

static bool has_gradient(pdr_scope *s, const pdr_model *m)
{
    if (m && !m->frozen && m->has_gradient)
        return !engine_tensor.status(s);
    engine_scope_fail(s, PDR_EINVALID, "gradient: the model has none; backward comes first");
    return false;
}

static double block_squares(pdr_scope *s, const pdr_model *m, int64_t i)
{
    const float *g = model_gradient_floats(m, i);
    if (g)
        return sweep_squares(g, m->blocks.at[i].about.count);
    const pdr_tensor *t = m->blocks.at[i].gradient;
    double sum = NAN;
    engine_tensor.read(engine_tensor.sum(s, engine_tensor.square(s, t), PDR_ALL, 0), PDR_F64, &sum, sizeof sum);
    return sum;
}

/* In float64 and not block by block: one wait for the device. */
static double flat_norm(pdr_scope *s, const pdr_model *m)
{
    double sum = NAN;
    pdr_tensor *g = engine_tensor.cast(s, m->gradients, PDR_F64);
    engine_tensor.read(engine_tensor.dot(s, g, g), PDR_F64, &sum, sizeof sum);
    return sqrt(sum);
}

double engine_gradient_norm(pdr_scope *s, pdr_model *m)
{
    double sum = 0;
    if (!has_gradient(s, m))
        return NAN;
    if (!engine_floats(m->params))
        return model_make_flat(s, m) ? NAN : flat_norm(s, m);
    for (int64_t i = 0; i < m->blocks.count; i++)
        sum += block_squares(s, m, i);
    return sqrt(sum);
}

bool engine_gradient_finite(pdr_scope *s, pdr_model *m) { return isfinite(engine_gradient_norm(s, m)); }

pdr_status engine_gradient_scale(pdr_scope *s, pdr_model *m, double factor)
{
    if (!has_gradient(s, m))
        return engine_tensor.status(s);
    if (m->flat && !engine_floats(m->gradients))
        return engine_tensor.blend(s, m->gradients, factor, m->gradients, 0.0);
    for (int64_t i = 0; i < m->blocks.count; i++) {
        float *g = model_gradient_floats(m, i);
        if (g)
            sweep_scale(g, m->blocks.at[i].about.count, (float)factor);
        else
            engine_tensor.blend(s, m->blocks.at[i].gradient, factor, m->blocks.at[i].gradient, 0.0);
    }
    return engine_tensor.status(s);
}
