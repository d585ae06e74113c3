/* The executor `planned`: a training step without a graph through the network. Forward keeps what backward needs in buffers
 * of the model's own; autograd runs from the loss to the logits only, and from there each layer's gradient is written by
 * hand, that of its parameters straight into its place in the flat gradient.
 *
 * Between the layers pass rows ([rows, size], in buffers that are made once for the largest batch) and, in front of
 * `flatten`, maps: these are LibTorch's tensors, which oneDNN hands out anew in every step. Only on a CPU. */
#ifndef PERDURE_ENGINE_PLANNED_H
#define PERDURE_ENGINE_PLANNED_H
#include "engine/model.h"
#include "engine/planned_sparse.h"

/* Where a layer's own memory lies; what passed through it in the last forward. */
typedef struct planned_layer {
    float *room, *mask, *gated; /* buffers: what it makes, dropout's factors, what its gate makes; NULL: none needed */
    float *in, *out;            /* of rows; in place: the same */
    pdr_tensor *in_map, *out_map;
    bool relu;            /* of maps: the relu behind it is done already, by batch norm or the sum of a shortcut */
    pdr_tensor *factor;   /* its gate as it was; NULL: none */
    pdr_tensor *extra[2]; /* max pool: indices; batch norm: mean, 1/deviation; dropout of maps: its factors */
} planned_layer;

/* The cross entropy of a step: [B] and [], and [B, C] the derivative of each row's by its logits; temporaries. */
typedef struct planned_cross {
    const pdr_tensor *logits, *weights;
    pdr_tensor *slope, *rows, *loss;
} planned_cross;

typedef struct model_planned {
    int64_t rows_held;  /* by the buffers */
    pdr_tensor *memory; /* lent: all buffers */
    float *wide[2];     /* gradients of what passes between two layers */
    int64_t first;      /* the first layer with parameters: no gradient goes further */
    planned_layer *layers;
    planned_sparse *sparse; /* of layer `first`; NULL: nothing yet */
    /* the last forward; its tensors are temporaries of `scope` */
    pdr_scope *scope; /* NULL: backward came, or the parameters are others */
    int64_t rows;
    uint32_t version, x_version; /* of the parameters; of x, whose memory a memory's rows may share */
    pdr_tensor *x, *logits, *features;
    planned_cross cross; /* of these logits; loss NULL: none was asked for */
    float *head_in;      /* [rows, depth] */
} model_planned;

/* ---- planned.c ---- */
void planned_free(pdr_model *m);
void planned_forget(pdr_model *m); /* the last forward counts no more */

/* ---- planned_back.c ---- */
pdr_status planned_backward(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat);

/* ---- planned_loss.c ---- */
pdr_tensor *planned_loss(pdr_scope *s, pdr_model *m, const pdr_tensor *logits, const pdr_tensor *y,
                         const engine_mask *mask, const pdr_tensor *weights, pdr_tensor **loss);
pdr_tensor *planned_cross_back(pdr_scope *s, const planned_cross *p); /* gradient of its loss by the logits, [B, C] */

/* ---- planned_node.cpp ---- */
void planned_exp(pdr_scope *s, pdr_tensor *t); /* in place */
/* p->rows and p->loss as what follows from p->logits: recorded in a PDR_GRAD scope. */
pdr_tensor *planned_cross_record(pdr_scope *s, const planned_cross *p, pdr_tensor **loss);

/* ---- planned_rows.c: loops over rows ---- */
void rows_fill(float *out, int64_t stride, const float *bias, int64_t rows, int64_t n); /* every row becomes `bias` */
void rows_relu(float *h, int64_t n);
void rows_relu_back(float *g, const float *out, int64_t n);
void rows_leaky(float *out, const float *in, float slope, int64_t n);
void rows_leaky_back(float *g, const float *in, float slope, int64_t n);
void rows_times(float *out, const float *in, const float *factors, int64_t n);
void rows_gate(float *out, const float *in, const float *factor, int64_t rows, int64_t n); /* out may be in */
/* out [n, rows] with `to`, becomes in [rows, n] with `from` turned, `add`: that is added. */
void rows_turn(float *out, int64_t to, const float *in, int64_t from, int64_t rows, int64_t n, bool add);
void rows_add(float *g, const float *more, int64_t n);
void rows_sum(float *sum, const float *g, int64_t stride, int64_t rows, int64_t n); /* over the rows */
bool rows_zero(const float *g, int64_t stride, int64_t rows, int64_t n);            /* all of them */

/* ---- planned_maps.c: loops over blocks of [pixels, channels], which begin and end with a pixel ---- */
/* By channel, laid out to a stretch. Forward takes mean, factor and bias; back all but bias. */
typedef struct maps_terms {
    int64_t stretch;
    const float *mean, *factor, *bias, *level, *slope;
} maps_terms;
int64_t maps_stretch(int64_t channels);                               /* floats, of whole pixels */
int64_t maps_block(int64_t channels);                                 /* floats, of whole stretches */
void maps_lay(float *out, const float *by_channel, int64_t channels); /* out [stretch] */
void maps_moments(const float *x, int64_t count, int64_t channels, float *room, double *mean,
                  double *squares); /* room [3 stretches]; squares: summed around the mean, [channels] */
void maps_norm(float *out, const float *x, const maps_terms *t, bool relu, int64_t count);
void maps_add_relu(float *out, const float *a, const float *b, int64_t count);
void maps_mask(float *out, const float *g, const float *y, int64_t count); /* g where y > 0 */
/* room [2 stretches]; sums of g, and of g (x - mean), [channels]. */
void maps_back_sums(const float *g, const float *x, const maps_terms *t, int64_t count, int64_t channels, float *room,
                    double *sums, double *dots);
/* out = (g - level - (x - mean) slope) factor; out may be g. */
void maps_back(float *out, const float *g, const float *x, const maps_terms *t, int64_t count);

/* ---- planned_gemm.cpp ---- */
/* c [m, n] = op(a) [m, k] op(b) [k, n] + beta c, column by column as BLAS has it; `turned`: op transposes. */
typedef struct planned_product {
    bool turned_a, turned_b;
    int64_t m, n, k;
    const float *a;
    int64_t lda;
    const float *b;
    int64_t ldb;
    float beta;
    float *c;
    int64_t ldc;
} planned_product;
void planned_multiply(pdr_scope *s, const planned_product *p);
void planned_multiply_by_tensors(pdr_scope *s, const planned_product *p); /* where LibTorch shows no BLAS */
/* ---- planned_small.cpp: the same for few numbers; false: not here, and nothing happened ---- */
bool planned_multiply_small(pdr_scope *s, const planned_product *p);

/* Gradients of the parameters go to `weight` and `bias` (NULL: none); that of the input is made where it is `wanted`. */
typedef struct planned_target {
    float *weight, *bias;
    bool wanted;
} planned_target;

/* ---- planned_norm.cpp: temporaries of the scope, and nothing is recorded ---- */
/* x: maps as planned_pixels gives them, or rows. saved: mean and 1/deviation. The running ones move. relu: of what it makes. */
pdr_tensor *planned_norm(pdr_scope *s, const pdr_tensor *x, const engine_norm *n, bool relu, pdr_tensor **saved);
/* in: what it got. out: what it made, with its relu; NULL: it had none. Returns the gradient of `in`, NULL: not wanted. */
pdr_tensor *planned_norm_back(pdr_scope *s, const pdr_tensor *g, const pdr_tensor *in, const pdr_tensor *out,
                              const pdr_tensor *weight, pdr_tensor *const *saved, planned_target to);
pdr_tensor *planned_add_relu(pdr_scope *s, const pdr_tensor *a, const pdr_tensor *b);
pdr_tensor *planned_mask(pdr_scope *s, const pdr_tensor *g, const pdr_tensor *out); /* relu's, which made `out` */

/* ---- planned_ops.cpp: what LibTorch does of it; temporaries of the scope, and nothing is recorded ---- */
pdr_tensor *planned_view(pdr_scope *s, float *rows, const int64_t *shape, int32_t rank); /* the same memory */
/* A new [rows, n] that losses may be built on, and its numbers. */
pdr_tensor *planned_leaf(pdr_scope *s, int64_t rows, int64_t n, float **numbers);
pdr_tensor *planned_plain(pdr_scope *s, const pdr_tensor *x);  /* f32, its numbers one behind the other */
pdr_tensor *planned_pixels(pdr_scope *s, const pdr_tensor *x); /* as convolutions like it, see layer_ops.cpp */
pdr_tensor *planned_relu(pdr_scope *s, pdr_tensor *x);         /* in place: x itself */
pdr_tensor *planned_max_pool(pdr_scope *s, const pdr_tensor *x, engine_window w, pdr_tensor **index);
void planned_mean(pdr_scope *s, pdr_tensor *into, const pdr_tensor *x);                /* of each map */
void planned_curve(pdr_scope *s, int kind, pdr_tensor *out, const pdr_tensor *in);     /* tanh, sigmoid */
void planned_curve_back(pdr_scope *s, int kind, pdr_tensor *g, const pdr_tensor *out); /* in place */

pdr_tensor *planned_act_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const planned_layer *p);
pdr_tensor *planned_pool_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const planned_layer *p);
pdr_tensor *planned_mean_back(pdr_scope *s, const pdr_tensor *g, const layer_shape *maps);
pdr_tensor *planned_subsample_back(pdr_scope *s, const pdr_tensor *g, const layer_shape *in, int64_t stride);
/* Returns the gradient of the input; NULL: not wanted. */
pdr_tensor *planned_conv_back(pdr_scope *s, const model_layer *l, const pdr_tensor *g, const pdr_tensor *in,
                              const pdr_tensor *weight, planned_target to);
uint32_t planned_version(const pdr_tensor *t); /* rises with every write that LibTorch sees */

#endif
