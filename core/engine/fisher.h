/* What the two files of the Fisher information share: a chunk of rows on its way from the logits to the sums. */
#ifndef PERDURE_ENGINE_FISHER_H
#define PERDURE_ENGINE_FISHER_H
#include "engine/model.h"

typedef struct fisher_chunk {
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
} fisher_chunk;

/* ---- fisher_chunk.c ---- */
void chunk_open(fisher_chunk *k);
void chunk_close(fisher_chunk *k, pdr_scope *s); /* the first error of its scopes goes to s */
bool chunk_well(const fisher_chunk *k);          /* no scope of it has an error */
int64_t chunk_rows(const pdr_model *m);          /* rows at once */
/* Takes rows [first, first + rows) to `logits`. Returns what entered the heads, or NULL and an error. */
pdr_tensor *chunk_forward(fisher_chunk *k, const pdr_tensor *x, const pdr_tensor *y, int64_t first, int64_t rows);
/* above [n, C]: a gradient at the logits, whose squares at all parameters count. */
void chunk_add(fisher_chunk *k, const pdr_tensor *above);
void chunk_finish(fisher_chunk *k, const pdr_tensor *features); /* what waited for the last gradient */

#endif
