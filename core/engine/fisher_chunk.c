/* A chunk of rows: forward once with the inputs and outputs of all layers kept, then, for each gradient at the logits, back
 * to these outputs and on to the sums of squares. */
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/fisher.h"

static const pdr_tensor_api *const T = &engine_tensor;

enum { FLOATS_AT_ONCE = 12 << 20, ROWS_AT_ONCE = 1024 }; /* 48 MiB; longer chunks gain nothing */

/* Rows at once: outputs of all layers, what their backward keeps, and a gradient of each. */
int64_t chunk_rows(const pdr_model *m)
{
    int64_t floats = m->inputs + 4 * m->columns;
    for (int64_t i = 0; i < m->layer_count; i++) {
        const layer_shape *s = &m->layers[i].to;
        floats += 3 * s->at[0] * (s->rank == 3 ? s->at[1] * s->at[2] : 1);
    }
    int64_t rows = FLOATS_AT_ONCE / floats;
    return rows < 1 ? 1 : rows > ROWS_AT_ONCE ? ROWS_AT_ONCE : rows;
}

void chunk_open(fisher_chunk *k)
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

void chunk_close(fisher_chunk *k, pdr_scope *s)
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

bool chunk_well(const fisher_chunk *k)
{
    return k->graph && k->kept && k->label && !T->status(k->graph) && !T->status(k->kept) && !T->status(k->label);
}

pdr_tensor *chunk_forward(fisher_chunk *k, const pdr_tensor *x, const pdr_tensor *y, int64_t first, int64_t rows)
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
    return k->logits ? features : NULL;
}

static engine_squares squares_of(const fisher_chunk *k, int64_t block, bool bias)
{
    const model_block *b = &k->m->blocks.at[block];
    return (engine_squares){k->into, b->about.first, bias ? b[1].about.first : -1, k->mode == ENGINE_FISHER_MAS};
}

static void sum_up(const fisher_chunk *k, pdr_tensor **sum, const pdr_tensor *above)
{
    pdr_tensor *square = k->mode == ENGINE_FISHER_MAS ? T->abs(k->kept, above) : NULL;
    if (!*sum)
        *sum = square ? square : T->square(k->kept, above);
    else
        T->add_product(k->label, *sum, above, above, 1.0); /* MAS has one turn only */
}

static void layer_squares(fisher_chunk *k, int64_t i)
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

void chunk_add(fisher_chunk *k, const pdr_tensor *above)
{
    sum_up(k, &k->head_sums, above);
    if (k->count)
        engine_pull_back(k->label, k->logits, above, k->outputs, k->count, k->above);
    for (int64_t i = 0; i < k->count && !T->status(k->label); i++)
        if (k->above[i])
            layer_squares(k, i);
}

void chunk_finish(fisher_chunk *k, const pdr_tensor *features)
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
