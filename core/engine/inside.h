/* What the C files of the engine (networks, loss, optimizers) take from the C++ files beyond the public tensor table.
 *
 * Small on purpose: whatever a strategy could need as well belongs into pdr_tensor_api. */
#ifndef PERDURE_ENGINE_INSIDE_H
#define PERDURE_ENGINE_INSIDE_H
#include <stdbool.h>

#include "engine/engine.h"

extern const pdr_tensor_api engine_tensor;
extern const pdr_model_api engine_model;
extern const engine_executor engine_autograd, engine_planned;

/* ---- scopes (scope.cpp) ---- */
pdr_scope *engine_scope_open(const pdr_host *h, pdr_grad mode);
pdr_status engine_scope_close(pdr_scope *s);
pdr_status engine_scope_status(const pdr_scope *s);
void engine_scope_clear(pdr_scope *s, int32_t mode);
const char *engine_scope_message(const pdr_scope *s);
void engine_scope_fail(pdr_scope *s, pdr_status code, const char *why);
bool engine_scope_records(const pdr_scope *s);         /* graphs */
bool engine_grad_enabled(void);                        /* of the thread, outside of any scope */
int32_t engine_scope_mode(pdr_scope *s, int32_t mode); /* another grad mode; returns what it was */
void engine_scope_guard(pdr_scope *s, bool guarded);
int64_t engine_scope_sweep(engine_owner *owner);

/* ---- handles (handle.cpp) ---- */
pdr_tensor *engine_keep(const pdr_host *h, const pdr_tensor *t);
void engine_release(pdr_tensor *owned);
pdr_tensor *engine_adopt(pdr_scope *into, const pdr_tensor *t);
/* A handle of a model's own, that release() leaves alone; `leaf`: gradients are recorded for it. NULL in, NULL out. */
pdr_tensor *engine_lend(pdr_scope *s, const pdr_tensor *t, bool leaf);
void engine_take_back(pdr_tensor *lent);
void engine_replace(pdr_tensor *lent, const pdr_tensor *t); /* other values under the same handle */
/* Its memory was written past LibTorch: a graph that still needs the old numbers is refused and not wrong. */
void engine_written(pdr_tensor *t);
/* Drops a temporary before its scope does. NULL is fine; nobody may hold the handle. */
void engine_forget(pdr_tensor *temporary);
/* The numbers of a contiguous float32 tensor in the memory of the CPU; NULL: it is none. */
float *engine_floats(const pdr_tensor *t);
/* The owner in a host's impl; NULL where there is none. */
engine_owner *engine_owner_of(const pdr_host *h);

/* ---- device and rows (device.cpp, rows.cpp) ---- */
int engine_open(const engine_options *options, engine_info *info, error *e);
const char *engine_configuration(void);
pdr_tensor *engine_blank(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, void **bytes);
pdr_tensor *engine_to_device(pdr_scope *s, const pdr_tensor *t);
const void *engine_bytes(pdr_scope *s, const pdr_tensor *t, pdr_dtype d);

/* ---- layers (layer_ops.cpp) ---- */
typedef struct engine_norm {
    const pdr_tensor *weight, *bias, *mean, *variance;
} engine_norm;
pdr_tensor *engine_linear(pdr_scope *s, const pdr_tensor *x, const pdr_tensor *weight, const pdr_tensor *bias);
pdr_tensor *engine_conv(pdr_scope *s, const pdr_tensor *x, const pdr_tensor *weight, const pdr_tensor *bias,
                        int64_t stride, int64_t padding); /* bias may be NULL */
/* train: by the batch's own mean and variance, which, with `move`, move the running ones. */
pdr_tensor *engine_batch_norm(pdr_scope *s, const pdr_tensor *x, const engine_norm *n, bool train, bool move);
pdr_tensor *engine_relu(pdr_scope *s, const pdr_tensor *x);
pdr_tensor *engine_leaky_relu(pdr_scope *s, const pdr_tensor *x, double slope);
pdr_tensor *engine_tanh(pdr_scope *s, const pdr_tensor *x);
pdr_tensor *engine_max_pool(pdr_scope *s, const pdr_tensor *x, int64_t kernel, int64_t stride, int64_t padding);
pdr_tensor *engine_average_pool(pdr_scope *s, const pdr_tensor *x, int64_t kernel, int64_t stride, int64_t padding);
pdr_tensor *engine_map_mean(pdr_scope *s, const pdr_tensor *x); /* [B, C, H, W] -> [B, C] */
pdr_tensor *engine_subsample(pdr_scope *s, const pdr_tensor *x, int64_t stride, int64_t channels);

/* ---- losses (loss_ops.cpp) ---- */
/* Cross entropy [n]; rows whose label is `ignored` give 0. */
pdr_tensor *engine_cross_entropy(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, int64_t ignored);

/* ---- autograd (autograd.cpp) ---- */
/* out[i]: gradient of loss [] to leaves[i], contiguous, zeros where loss does not depend on it, which reached[i] (NULL: not
 * wanted) tells. `again`: the graph stays. */
pdr_status engine_differentiate(pdr_scope *s, const pdr_tensor *loss, pdr_tensor *const *leaves, int64_t count,
                                bool again, pdr_tensor **out, bool *reached);
pdr_tensor *engine_derivative(pdr_scope *s, const pdr_tensor *sum, const pdr_tensor *leaf); /* as pdr_model_api says */
/* The parts one behind the other into the flat tensor `into`. */
pdr_status engine_join(pdr_scope *s, pdr_tensor *into, pdr_tensor *const *parts, int64_t count);

/* out[i]: gradient of logits to outputs[i] where that of the loss to the logits is `above`; NULL where they do not depend
 * on it. The graph stays. */
pdr_status engine_pull_back(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *above, pdr_tensor *const *outputs,
                            int64_t count, pdr_tensor **out);
/* Whether graphs are recorded for a lent tensor. */
void engine_record(pdr_tensor *lent, bool record);

/* ---- squared gradients of single rows, summed over rows (fisher_ops.cpp) ---- */
/* Where a layer's sums go: elements of the flat `into`; bias -1: none. `absolute`: |.| in the place of squares. */
typedef struct engine_squares {
    pdr_tensor *into;
    int64_t weight, bias;
    bool absolute;
} engine_squares;
/* sums [n, out]: of each row and output, the squared gradients (over labels); input [n, in]. */
void engine_squares_linear(pdr_scope *s, const engine_squares *q, const pdr_tensor *sums, const pdr_tensor *input);
/* above: gradient of the layer's output; input: what it got. */
typedef struct engine_window {
    int64_t kernel, stride, padding;
} engine_window;
void engine_squares_conv(pdr_scope *s, const engine_squares *q, const pdr_tensor *above, const pdr_tensor *input,
                         engine_window w);
void engine_squares_norm(pdr_scope *s, const engine_squares *q, const pdr_tensor *above, const pdr_tensor *input,
                         const pdr_tensor *mean, const pdr_tensor *variance);

/* ---- models (model.c, heads.c) ---- */
int engine_model_build(const engine_network *network, random_stream *r, pdr_model **out, error *e);
int64_t engine_model_size(const pdr_model *m);
int engine_model_grow(pdr_model *m, int64_t columns, random_stream *r, error *e);
pdr_status engine_model_cut(pdr_model *snapshot, int64_t size);
void engine_model_reach(pdr_model *m, int64_t first, int64_t count);
int64_t engine_model_columns(const pdr_model *m);
pdr_tensor *engine_model_buffers(pdr_model *m);
int64_t engine_buffer_count(const pdr_model *m);
pdr_status engine_buffer(const pdr_model *m, int64_t i, pdr_block *out);
random_stream *engine_model_stream(pdr_model *m);
void engine_model_claim(const pdr_host *h, pdr_model *m, const char *recipe);
const char *engine_model_recipe(const pdr_model *m);
bool engine_model_frozen(const pdr_model *m);

/* ---- forward (forward.c) ---- */
pdr_tensor *engine_forward_both(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode, pdr_tensor **features);

/* ---- gates (gates.c) ---- */
pdr_status engine_model_gate(pdr_scope *s, pdr_model *m, const char *who, int64_t layer, const pdr_tensor *mask);
int64_t engine_gate_count(const pdr_model *m);
pdr_tensor *engine_gate_at(const pdr_model *m, int64_t i, const char **who, int64_t *layer);
void gates_clear(pdr_model *m);
engine_gates *engine_gates_keep(const pdr_model *m);
pdr_status engine_gates_restore(pdr_model *m, engine_gates *kept);

/* ---- gradients (gradients.c) ---- */
double engine_gradient_norm(pdr_scope *s, pdr_model *m);
bool engine_gradient_finite(pdr_scope *s, pdr_model *m);
pdr_status engine_gradient_scale(pdr_scope *s, pdr_model *m, double factor);

/* ---- loss (loss.c) and optimizers (optimizer.c, penalty.c) ---- */
pdr_tensor *engine_row_loss(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, const engine_mask *mask);
/* Logits [n, C] with -infinity where a column does not compete in its row. y may be NULL where the mask is a run. */
pdr_tensor *loss_competing(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, const engine_mask *mask);
pdr_status engine_fisher(pdr_scope *s, pdr_model *m, const pdr_tensor *x, const pdr_tensor *y, const engine_mask *mask,
                         engine_fisher_mode mode, random_stream *r, pdr_tensor *into);
engine_optimizer *engine_optimizer_open(pdr_model *m, const engine_optimizer_options *options);
void engine_optimizer_close(engine_optimizer *o);
pdr_status engine_optimizer_step(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                 int64_t count);
pdr_status engine_descend(pdr_scope *s, engine_optimizer *const *optimizers, int64_t count, double lr,
                          const pdr_tensor *loss);
pdr_tensor *engine_optimizer_state(engine_optimizer *o, const char *name);
int64_t *engine_optimizer_steps(engine_optimizer *o);
int64_t *engine_optimizer_births(engine_optimizer *o);
pdr_status engine_penalty_apply(pdr_scope *s, pdr_model *m, const engine_penalty *penalties, int64_t count);
double engine_penalty_value(pdr_scope *s, const pdr_model *m, const engine_penalty *penalty);

#endif
