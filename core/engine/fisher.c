/* The diagonal of the Fisher information, and what is measured like it.
 *
 * With p the probabilities of a row's labels, log p(c) has the gradient e_c - p at the logits. That is pulled back to the
 * output of every layer with parameters, for all rows of a chunk at once and with no parameter's gradient made; each layer
 * then knows the sum over rows of its squares (fisher_ops.cpp). The expectation over labels weighs the square by p(c), so
 * the gradient by its root, and nothing behind the logits need know. A linear layer's squares are summed over labels
 * first, so it costs one product a chunk, however many labels there are. */
#include <math.h>

#include "engine/fisher.h"

static const pdr_tensor_api *const T = &engine_tensor;

static void all_labels(fisher_chunk *k)
{
    const bool run = k->mask && !k->mask->first_of;
    const int64_t first = run ? k->mask->first : 0, end = run ? first + k->mask->count : T->size(k->logits, 1);
    for (int64_t c = first; c < end && chunk_well(k); c++) {
        engine_scope_clear(k->label, PDR_NO_GRAD);
        pdr_tensor *above = T->affine(k->label, k->p, -1.0, 0.0);
        pdr_tensor *one = T->full(k->label, PDR_F32, NULL, 0, 1.0);
        T->blend(k->label, T->slice(k->label, above, 1, c, 1), 1.0, one, 1.0);
        chunk_add(k, T->mul(k->label, above, T->sqrt(k->label, T->slice(k->label, k->p, 1, c, 1))));
    }
}

static void one_label(fisher_chunk *k)
{
    const int64_t column[2] = {-1, 1};
    pdr_scope *s = k->label;
    pdr_tensor *none = T->less(s, T->reshape(s, k->y, column, 2), T->full(s, PDR_I64, NULL, 0, 0.0));
    pdr_tensor *above = T->sub(s, T->one_hot(s, k->y, T->size(k->logits, 1)), k->p);
    chunk_add(k, T->where(s, none, T->full(s, PDR_F32, NULL, 0, 0.0), above));
}

/* A label a row by its probabilities; the last possible one where rounding leaves their sum below the draw. */
static pdr_tensor *draw_labels(fisher_chunk *k)
{
    const int64_t rows = T->size(k->p, 0), columns = T->size(k->p, 1);
    void *bytes = NULL;
    pdr_tensor *y = engine_blank(k->kept, PDR_I64, &rows, 1, &bytes);
    const float *p = engine_bytes(k->kept, k->p, PDR_F32);
    for (int64_t i = 0; p && bytes && i < rows; i++) {
        double left = random_unit(k->r);
        int64_t label = 0;
        for (int64_t c = 0; c < columns && left >= 0; c++) {
            if (p[i * columns + c] <= 0)
                continue;
            label = c;
            left -= (double)p[i * columns + c];
        }
        ((int64_t *)bytes)[i] = label;
    }
    return engine_to_device(k->kept, y);
}

static void norm_of_logits(fisher_chunk *k, const pdr_tensor *competing)
{
    pdr_scope *s = k->label;
    pdr_tensor *inside = T->less(s, T->full(s, PDR_F32, NULL, 0, -HUGE_VAL), competing);
    pdr_tensor *zero = T->full(s, PDR_F32, NULL, 0, 0.0);
    chunk_add(k, T->where(s, inside, T->affine(s, T->detach(s, k->logits), 2.0, 0.0), zero));
}

static void by_mode(fisher_chunk *k)
{
    pdr_tensor *competing = loss_competing(k->kept, k->logits, k->y, k->mask);
    k->p = T->softmax(k->kept, competing, 1, 0);
    if (k->mode == ENGINE_FISHER_SAMPLE)
        k->y = draw_labels(k);
    if (k->mode == ENGINE_FISHER_MAS)
        norm_of_logits(k, competing);
    else if (k->mode == ENGINE_FISHER_EXACT)
        all_labels(k);
    else
        one_label(k);
}

/* ---- rows ---- */

static void by_rows(fisher_chunk *k, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *y)
{
    const int64_t rows = T->size(x, 0), step = chunk_rows(k->m);
    chunk_open(k);
    for (int64_t i = 0; i < rows && chunk_well(k); i += step) {
        pdr_tensor *features = chunk_forward(k, x, y, i, rows - i < step ? rows - i : step);
        if (features)
            by_mode(k);
        if (chunk_well(k))
            chunk_finish(k, features);
    }
    chunk_close(k, s);
}

/* Avalanche's: the square of a batch's mean gradient, which is far smaller than the mean of squares. */
static void by_batch(const fisher_chunk *k, const pdr_tensor *x, const pdr_tensor *y, pdr_scope *s)
{
    pdr_scope *graph = engine_scope_open(NULL, PDR_GRAD);
    pdr_tensor *features = layers_run(graph, k->m, x, PDR_EVAL, NULL);
    pdr_tensor *logits = features ? heads_run(graph, k->m, features) : NULL;
    pdr_tensor *loss = T->mean(graph, engine_row_loss(graph, logits, y, k->mask), PDR_ALL, 0);
    pdr_tensor *g = loss ? model_gradient_flat(graph, k->m, loss) : NULL;
    T->add_product(graph, k->into, g, g, (double)T->size(x, 0));
    if (T->status(graph))
        engine_scope_fail(s, T->status(graph), engine_scope_message(graph));
    engine_scope_close(graph);
}

static const char *fault_of(const fisher_chunk *k, const pdr_tensor *x, const pdr_tensor *y)
{
    const bool labels =
        k->mode == ENGINE_FISHER_EMPIRICAL || k->mode == ENGINE_FISHER_BATCHED || (k->mask && k->mask->first_of);
    if (!x || !k->into || T->size(k->into, PDR_ALL) != k->m->blocks.size || T->dtype(k->into) != PDR_F32)
        return "fisher: no rows, or no f32 tensor of the parameters' length to add to";
    if (labels && T->size(y, PDR_ALL) != T->size(x, 0))
        return "fisher: this mode, or this mask, needs a label for each row";
    if (k->mask && !k->mask->first_of &&
        (k->mask->count < 1 || k->mask->first < 0 || k->mask->first + k->mask->count > k->m->columns))
        return "fisher: columns compete that the network does not have";
    return k->mode == ENGINE_FISHER_SAMPLE && !k->r ? "fisher: the mode sample needs a stream" : NULL;
}

pdr_status engine_fisher(pdr_scope *s, pdr_model *m, const pdr_tensor *x, const pdr_tensor *y, const engine_mask *mask,
                         engine_fisher_mode mode, random_stream *r, pdr_tensor *into)
{
    if (!m || T->status(s))
        return m ? T->status(s) : PDR_EINVALID;
    fisher_chunk k = {.m = m, .mask = mask, .mode = mode, .r = r, .into = into};
    const char *fault = fault_of(&k, x, y);
    if (fault) {
        engine_scope_fail(s, PDR_EINVALID, fault);
        return T->status(s);
    }
    for (int64_t i = 0; m->frozen && i < m->blocks.count; i++)
        engine_record(m->blocks.at[i].leaf, true);
    if (mode == ENGINE_FISHER_BATCHED)
        by_batch(&k, x, y, s);
    else
        by_rows(&k, s, x, y);
    for (int64_t i = 0; m->frozen && i < m->blocks.count; i++)
        engine_record(m->blocks.at[i].leaf, false);
    return T->status(s);
}
