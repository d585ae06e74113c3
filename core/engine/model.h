/* A model: one flat buffer of parameters, the blocks that are views of it, and the network that reads them.
 *
 * Blocks are leaves of their own and not slices recorded in the graph: autograd then hands over each gradient as it made
 * it, without a pass to accumulate it (measured: +230 us on 784-400-400-10 for preset gradients). The flat gradient is
 * built when somebody asks for it. */
#ifndef PERDURE_ENGINE_MODEL_H
#define PERDURE_ENGINE_MODEL_H
#include "engine/inside.h"

typedef struct network_kind network_kind;

typedef struct model_block {
    pdr_block about;
    char name[64];
    int64_t fan_in;       /* of its initial weights */
    pdr_tensor *leaf;     /* view of `params` */
    pdr_tensor *gradient; /* of the last backward; NULL before the first */
} model_block;

struct pdr_model {
    const network_kind *kind;
    engine_owner *owner;
    bool frozen;       /* a snapshot: its leaves record nothing */
    bool has_gradient; /* backward ran at least once */
    bool flat;         /* `gradients` holds the gradient of the last backward */
    int64_t *hidden, hidden_count;
    int64_t *shape, rank; /* of one row of x */
    int64_t inputs, outputs, size;
    pdr_tensor *params, *gradients; /* [P]; gradients: NULL for a snapshot */
    model_block *blocks;
    int64_t block_count;
};

/* A kind of network: its blocks, and what it does with a batch. */
struct network_kind {
    const char *name;
    int64_t (*block_count)(const pdr_model *m);
    void (*describe)(const pdr_model *m, int64_t i, model_block *out); /* all of it but first, count, leaf, gradient */
    pdr_tensor *(*features)(pdr_scope *s, pdr_model *m, const pdr_tensor *x);
    pdr_tensor *(*head)(pdr_scope *s, pdr_model *m, const pdr_tensor *features);
    int64_t (*units)(const pdr_model *m, int64_t layer);
};

extern const network_kind network_mlp;

/* Where the gradient of block i lies: a part of the flat gradient where that was built. Not on the CPU: NULL. */
const float *model_gradient_floats(const pdr_model *m, int64_t i);
pdr_status model_make_flat(pdr_scope *s,
                           pdr_model *m); /* builds `gradients` from the last backward if it is not there */

#endif
