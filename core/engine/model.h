/* A model: one flat buffer of parameters, the blocks that are views of it, and the list of layers that reads them.
 *
 * Blocks are leaves of their own and not slices recorded in the graph: autograd then hands over each gradient as it made
 * it, without a pass to accumulate it (measured: +230 us on 784-400-400-10 for preset gradients). The flat gradient is
 * built when somebody asks for it. */
#ifndef PERDURE_ENGINE_MODEL_H
#define PERDURE_ENGINE_MODEL_H
#include "engine/inside.h"

typedef struct model_block {
    pdr_block about;      /* its name is the block's own, and stays where it is when blocks are added */
    int64_t fan_in;       /* of its initial weights; 0: all of it is `fill` */
    float fill;           /* the first value where nothing is drawn */
    pdr_tensor *leaf;     /* view of `params`, or of `buffers` */
    pdr_tensor *gradient; /* of the last backward; NULL before the first, and of a buffer */
} model_block;

/* Blocks one behind the other in a flat tensor. */
typedef struct model_part {
    model_block *at;
    int64_t count, size; /* size: elements */
} model_part;

/* Kinds of layers that only networks of Perdure's own have, beyond engine_layer_kind. */
enum {
    LAYER_MEAN = ENGINE_DROPOUT + 1, /* of each map */
    LAYER_SAVE,                      /* what comes in is the shortcut as well */
    LAYER_ADD,                       /* adds the shortcut */
    LAYER_SUBSAMPLE                  /* every stride-th pixel, with channels of zeros behind */
};

typedef struct layer_shape { /* of one row */
    int64_t rank, at[3];
} layer_shape;

typedef struct model_layer {
    int kind;
    bool aside;         /* works on the shortcut */
    bool bias;          /* of linear and conv: block `block` + 1 */
    int64_t block;      /* its weight; of a batch norm the bias follows; -1: none */
    int64_t buffer;     /* running mean, the variance follows; -1: none */
    layer_shape in, to; /* what it gets and makes */
    int64_t kernel, stride, padding;
    double rate;
} model_layer;

/* A strategy's factor for the output of a hidden layer. */
typedef struct model_gate {
    char *who;
    int64_t layer;
    pdr_tensor *mask; /* [units], lent */
} model_gate;

struct model_planned; /* planned.h */

struct pdr_model {
    const char *kind;
    char *recipe; /* whatever its maker wrote down to build it again; NULL: nothing. A snapshot has it too */
    engine_owner *owner;
    bool frozen;       /* a snapshot: its leaves record nothing, its buffers do not move */
    bool grows;        /* heads may be added */
    bool has_gradient; /* backward ran at least once */
    bool flat;         /* `gradients` holds the gradient of the last backward */
    layer_shape input; /* of one row, as the first layer takes it */
    int64_t inputs;    /* numbers in a row */
    model_layer *layers;
    int64_t layer_count;
    int64_t depth;                           /* D: what enters a head */
    int64_t head;                            /* first block of the heads: weight and bias of each, to the end */
    int64_t columns;                         /* of all heads */
    int64_t reach, reached;                  /* columns that the coming update can reach; reached -1: all */
    model_part blocks, buffers;              /* parameters; running means and variances */
    pdr_tensor *params, *gradients, *moving; /* [P], [P] (NULL for a snapshot), [Q] (NULL without buffers) */
    random_stream dropout;
    model_gate *gates;
    int64_t gate_count;
    pdr_tensor *
        *gated; /* [layer_count] what a layer's output is multiplied by, [units] or [units, 1, 1]; NULL: ungated */
    struct model_planned *planned; /* what the executor `planned` has of it; NULL: nothing yet */
};

/* ---- layers.c: the list, run ---- */
/* What a layer with parameters got and made, for whoever differentiates to it; temporaries of the scope. */
typedef struct layer_tap {
    pdr_tensor *in, *out;
} layer_tap;
/* The batch in the shape that the first layer takes. */
pdr_tensor *layers_shape(pdr_scope *s, const pdr_model *m, const pdr_tensor *x);
/* Dropout's factors: drawn from the model's own stream and never from LibTorch's generator, whose state no checkpoint
 * holds. [rows, ...] as a tensor, or so many in memory. */
pdr_tensor *layers_dropout(pdr_scope *s, pdr_model *m, const model_layer *l, int64_t rows);
void layers_drop(pdr_model *m, const model_layer *l, float *factors, int64_t count);
/* What enters the heads, [B, D]. taps [layer_count] or NULL: without them temporaries go as soon as they may. */
pdr_tensor *layers_run(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode, layer_tap *taps);

/* ---- gates.c ---- */
int64_t gates_point(const pdr_model *m,
                    int64_t layer); /* the layer of the list whose output is gated; -1: no such one */

/* ---- heads.c ---- */
int64_t heads_count(const pdr_model *m);
int heads_add(pdr_model *m, int64_t columns, error *e); /* its blocks, without values */
bool heads_alone(const pdr_model *m, int64_t i);        /* block i is of a head that the coming update does not reach */
pdr_tensor *heads_run(pdr_scope *s, pdr_model *m, const pdr_tensor *features); /* logits [B, C] */

/* ---- outline.c: layers and blocks, without numbers and without LibTorch ---- */
int outline_make(const engine_network *n, pdr_model **out, error *e);
void outline_free(pdr_model *m);

/* ---- parts.c ---- */
/* A block at the end, all of it but its place, which follows from those before it. 78 where the size overflows. */
int part_add(model_part *p, const model_block *block, error *e);
void part_copy(model_part *into, const model_part *p); /* the outline, without values */
void part_drop_last(model_part *p);                    /* its tensors were taken back */
void part_clear(model_part *p);                        /* names and list; tensors were taken back */
/* The first values of the blocks from `first` on; out: those of block `first` and all behind it. */
void part_draw(const model_part *p, int64_t first, random_stream *r, float *out);
pdr_status part_describe(const model_part *p, int64_t i, pdr_block *out);

/* ---- model.c ---- */
/* Makes `values` [P] the model's parameters and the blocks views of them; gradients are forgotten. */
pdr_status model_set_params(pdr_scope *s, pdr_model *m, const pdr_tensor *values);

/* ---- forward.c ---- */
pdr_tensor *model_features(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode);
pdr_tensor *model_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode);
pdr_tensor *model_step_forward(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_tensor **features);

/* ---- gradients.c ---- */
/* Where the gradient of block i lies: a part of the flat gradient where that was built. Not on the CPU: NULL. */
float *model_gradient_floats(const pdr_model *m, int64_t i);
/* Builds `gradients` from the last backward if it is not there. */
pdr_status model_make_flat(pdr_scope *s, pdr_model *m);
void model_forget_gradients(pdr_model *m);
/* A new [P], whether m is frozen or not: somebody must have had its leaves recorded. */
pdr_tensor *model_gradient_flat(pdr_scope *s, const pdr_model *m, const pdr_tensor *loss);
pdr_tensor *model_gradient(pdr_scope *s, pdr_model *m, const pdr_tensor *loss);
pdr_tensor *model_flat_grads(pdr_model *m);
pdr_status model_backward(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat);
/* One pass for several models. reached[i]: the loss depends on a parameter of models[i]. */
pdr_status models_backward(pdr_scope *s, pdr_model *const *models, int64_t count, const pdr_tensor *loss,
                           bool *reached);

#endif
