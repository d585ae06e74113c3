/* The diagonal of the Fisher information, and what is measured like it.
 *
 * With p the probabilities of a row's labels, log p(c) has the gradient e_c - p at the logits. That is pulled back to the
 * output of every layer with parameters, for all rows of a chunk at once and with no parameter's gradient made; each layer
 * then knows the sum over rows of its squares (fisher_ops.cpp). The expectation over labels weighs the square by p(c), so
 * the gradient by its root, and nothing behind the logits need know. A linear layer's squares are summed over labels
 * first, so it costs one product a chunk, however many labels there are. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/model.h"

static const pdr_tensor_api *const T = &engine_tensor;

enum { FLOATS_AT_ONCE = 12 << 20, ROWS_AT_ONCE = 1024 }; /* 48 MiB; longer chunks gain nothing */

typedef struct chunk {
    pdr_model *m;
    const engine_mask *mask;
    engine_fisher_mode mode;
    random_stream *r;
    pdr_tensor *into;
    pdr_scope *graph, *kept, *label; /* with the graph; as long as the chunk; as long as one label */
    layer_tap *taps;                 /* by layer */
    int64_t *layer, count;           /* layers with parameters */
    pdr_tensor **outputs, **above;   /* of these layers; the gradients of their outputs */
    pdr_tensor **sums;               /* of linear ones, [n, out]: squares over labels */
    pdr_tensor *logits, *p, *y, *head_sums;
} chunk;

/* ---- from the logits to the layers ---- */

static engine_squares squares_of(const chunk *k, int64_t block, bool bias)
{
    const model_block *b = &k->m->blocks.at[block];
    return (engine_squares){k->into, b->about.first, bias ? b[1].about.first : -1, k->mode == ENGINE_FISHER_MAS};
}

static void sum_up(const chunk *k, pdr_tensor **sum, const pdr_tensor *above)
{
    pdr_tensor *square = k->mode == ENGINE_FISHER_MAS ? T->abs(k->kept, above) : NULL;
    if (!*sum)
        *sum = square ? square : T->square(k->kept, above);
    else
        T->add_product(k->label, *sum, above, above, 1.0); /* MAS has one turn only */
}

static void layer_squares(chunk *k, int64_t i)
{
    const model_layer *l = &k->m->layers[k->layer[i]];
    const engine_squares q = squares_of(k, l->block, l->kind == ENGINE_BATCH_NORM || l->bias);
    const pdr_tensor *input = k->taps[k->layer[i]].in, *above = k->above[i];
    if (l->kind == ENGINE_LINEAR) {
        sum_up(k, &k->sums[i], above);
    } else if (l->kind == ENGINE_CONV) {
        engine_squares_conv(k->label, &q, above, input, (engine_window){l->kernel, l->stride, l->padding});
    } else {
        const model_block *b = &k->m->buffers.at[l->buffer];
        engine_squares_norm(k->label, &q, above, input, b[0].leaf, b[1].leaf);
    }
}

/* above [n, C]: gradient at the logits. */
static void add_gradient(chunk *k, const pdr_tensor *above)
{
    sum_up(k, &k->head_sums, above);
    if (k->count)
        engine_pull_back(k->label, k->logits, above, k->outputs, k->count, k->above);
    for (int64_t i = 0; i < k->count && !T->status(k->label); i++)
        if (k->above[i])
            layer_squares(k, i);
}

/* What waited for the last label. */
static void finish(chunk *k, const pdr_tensor *features)
{
    const pdr_model *m = k->m;
    for (int64_t i = 0; i < k->count; i++) {
        const model_layer *l = &m->layers[k->layer[i]];
        const engine_squares q = squares_of(k, l->block, l->bias);
        if (l->kind == ENGINE_LINEAR && k->sums[i])
            engine_squares_linear(k->kept, &q, k->sums[i], k->taps[k->layer[i]].in);
    }
    for (int64_t i = 0; i < heads_count(m); i++) {
        const pdr_block *b = &m->blocks.at[m->head + 2 * i].about;
        const engine_squares q = squares_of(k, m->head + 2 * i, true);
        engine_squares_linear(k->kept, &q, T->slice(k->kept, k->head_sums, 1, b->first_column, b->columns), features);
    }
}

/* ---- the gradients at the logits ---- */

static void all_labels(chunk *k)
{
    const bool run = k->mask && !k->mask->first_of;
    const int64_t first = run ? k->mask->first : 0, end = run ? first + k->mask->count : T->size(k->logits, 1);
    for (int64_t c = first; c < end && !T->status(k->label) && !T->status(k->kept); c++) {
        engine_scope_clear(k->label, PDR_NO_GRAD);
        pdr_tensor *above = T->affine(k->label, k->p, -1.0, 0.0);
        pdr_tensor *one = T->full(k->label, PDR_F32, NULL, 0, 1.0);
        T->blend(k->label, T->slice(k->label, above, 1, c, 1), 1.0, one, 1.0);
        add_gradient(k, T->mul(k->label, above, T->sqrt(k->label, T->slice(k->label, k->p, 1, c, 1))));
    }
}

static void one_label(chunk *k)
{
    const int64_t column[2] = {-1, 1};
    pdr_scope *s = k->label;
    pdr_tensor *none = T->less(s, T->reshape(s, k->y, column, 2), T->full(s, PDR_I64, NULL, 0, 0.0));
    pdr_tensor *above = T->sub(s, T->one_hot(s, k->y, T->size(k->logits, 1)), k->p);
    add_gradient(k, T->where(s, none, T->full(s, PDR_F32, NULL, 0, 0.0), above));
}

/* A label a row by its probabilities; the last possible one where rounding leaves their sum below the draw. */
static pdr_tensor *draw_labels(chunk *k)
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

static void norm_of_logits(chunk *k, const pdr_tensor *competing)
{
    pdr_scope *s = k->label;
    pdr_tensor *inside = T->less(s, T->full(s, PDR_F32, NULL, 0, -HUGE_VAL), competing);
    pdr_tensor *zero = T->full(s, PDR_F32, NULL, 0, 0.0);
    add_gradient(k, T->where(s, inside, T->affine(s, T->detach(s, k->logits), 2.0, 0.0), zero));
}

static void by_mode(chunk *k)
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

/* ---- chunks ---- */

static void run_chunk(chunk *k, const pdr_tensor *x, const pdr_tensor *y, int64_t first, int64_t rows)
{
    engine_scope_clear(k->graph, PDR_GRAD);
    engine_scope_clear(k->kept, PDR_NO_GRAD);
    engine_scope_clear(k->label, PDR_NO_GRAD);
    k->y = T->slice(k->kept, y, 0, first, rows);
    k->head_sums = NULL;
    pdr_tensor *some = T->slice(k->graph, x, 0, first, rows);
    pdr_tensor *features = some ? layers_run(k->graph, k->m, some, PDR_EVAL, k->taps) : NULL;
    k->logits = features ? heads_run(k->graph, k->m, features) : NULL;
    for (int64_t i = 0; i < k->count; i++) {
        k->outputs[i] = k->taps[k->layer[i]].out;
        k->sums[i] = NULL;
    }
    if (k->logits)
        by_mode(k);
    if (!T->status(k->label) && !T->status(k->kept))
        finish(k, features);
}

/* Rows at once: outputs of all layers, what their backward keeps, and a gradient of each. */
static int64_t chunk_rows(const pdr_model *m)
{
    int64_t floats = m->inputs + 4 * m->columns;
    for (int64_t i = 0; i < m->layer_count; i++) {
        const layer_shape *s = &m->layers[i].to;
        floats += 3 * s->at[0] * (s->rank == 3 ? s->at[1] * s->at[2] : 1);
    }
    int64_t rows = FLOATS_AT_ONCE / floats;
    return rows < 1 ? 1 : rows > ROWS_AT_ONCE ? ROWS_AT_ONCE : rows;
}

static void chunk_open(chunk *k)
{
    const pdr_model *m = k->m;
    const size_t room = (size_t)m->layer_count + 1;
    k->graph = engine_scope_open(NULL, PDR_GRAD);
    k->kept = engine_scope_open(NULL, PDR_NO_GRAD);
    k->label = engine_scope_open(NULL, PDR_NO_GRAD);
    k->taps = alloc_zero(room, sizeof *k->taps);
    k->layer = alloc_zero(room, sizeof *k->layer);
    k->outputs = alloc_zero(room, sizeof *k->outputs);
    k->above = alloc_zero(room, sizeof *k->above);
    k->sums = alloc_zero(room, sizeof *k->sums);
    for (int64_t i = 0; i < m->layer_count; i++)
        if (m->layers[i].block >= 0)
            k->layer[k->count++] = i;
}

/* The first error of its scopes goes to the caller's. */
static void chunk_close(chunk *k, pdr_scope *s)
{
    pdr_scope *const scopes[] = {k->graph, k->kept, k->label};
    for (int i = 0; i < 3; i++) {
        if (T->status(scopes[i]) && scopes[i])
            engine_scope_fail(s, T->status(scopes[i]), engine_scope_message(scopes[i]));
        else if (!scopes[i])
            engine_scope_fail(s, PDR_ENOMEM, "fisher: no memory for a scope");
        engine_scope_close(scopes[i]);
    }
    free(k->taps);
    free(k->layer);
    free((void *)k->outputs);
    free((void *)k->above);
    free((void *)k->sums);
}

static void by_rows(chunk *k, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *y)
{
    const int64_t rows = T->size(x, 0), step = chunk_rows(k->m);
    chunk_open(k);
    const bool open = k->graph && k->kept && k->label;
    for (int64_t i = 0; open && i < rows && !T->status(k->graph) && !T->status(k->kept) && !T->status(k->label);
         i += step)
        run_chunk(k, x, y, i, rows - i < step ? rows - i : step);
    chunk_close(k, s);
}

/* Avalanche's: the square of a batch's mean gradient, which is far smaller than the mean of squares. */
static void by_batch(const chunk *k, const pdr_tensor *x, const pdr_tensor *y, pdr_scope *s)
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

static const char *fault_of(const chunk *k, const pdr_tensor *x, const pdr_tensor *y)
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
    chunk k = {.m = m, .mask = mask, .mode = mode, .r = r, .into = into};
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
