/* The engine: all that LibTorch does for Perdure, behind one table of C functions.
 *
 * `perdure` links none of LibTorch (loading it costs up to a second): the process of a cell loads libperdure_engine.so,
 * which exports this table alone. The vocabulary of tensors, scopes and models is that of the plugin ABI
 * (<perdure/host.h>), so that a plugin's call reaches LibTorch through one wrapper and not two. The engine knows no YAML,
 * no hooks and no tasks.
 *
 * Rules that all functions keep
 *  - NULL in gives NULL out; in a scope with an error nothing runs any more; the scope holds the first error.
 *  - A tensor made in a scope lives until the scope is cleared or closed; keep() makes an owned one.
 *  - An operation runs in the grad mode of its scope.
 *  - No C++ exception leaves the engine. */
#ifndef PERDURE_ENGINE_ENGINE_H
#define PERDURE_ENGINE_ENGINE_H
#include <perdure/host.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

#define ENGINE_VERSION 3u

/* The first member of what pdr_host.impl points to: what the host's plugin holds, counted by the engine. */
typedef struct engine_owner {
    int64_t kept;      /* tensors and models kept and not released */
    int64_t scopes;    /* scopes opened and not closed */
    pdr_status closed; /* what the last scope that was closed with an error came to, and its words */
    char why[1024];
} engine_owner;

enum { ENGINE_INFERENCE = 2 }; /* a third pdr_grad, for the core's own scopes: inference mode */

typedef struct engine_options {
    const char *device; /* "cpu" or "cuda:N" */
    int threads;        /* of one operation */
    bool deterministic;
} engine_options;

typedef struct engine_info {
    char torch[32];       /* version that runs, eg. "2.11.0" */
    char torch_built[32]; /* version that the engine was compiled against */
    char cpu[32];         /* capability that LibTorch took, and oneDNN where that multiplies, eg. "AVX512, oneDNN" */
    char device[128];     /* name of the GPU; "" on a CPU */
} engine_info;

/* A layer of the kind "layers". What is 0 and needs a value takes the one in brackets. */
typedef enum engine_layer_kind {
    ENGINE_LINEAR,     /* size: units */
    ENGINE_CONV,       /* size: channels; kernel [3], stride [1], padding */
    ENGINE_BATCH_NORM, /* over units or channels */
    ENGINE_RELU,
    ENGINE_LEAKY_RELU, /* rate: slope below 0 */
    ENGINE_TANH,
    ENGINE_SIGMOID,
    ENGINE_MAX_POOL,     /* kernel [2], stride [kernel], padding */
    ENGINE_AVERAGE_POOL, /* likewise; padding counts as zeros */
    ENGINE_FLATTEN,
    ENGINE_DROPOUT /* rate: chance to be dropped, in TRAIN */
} engine_layer_kind;
typedef struct engine_layer {
    engine_layer_kind kind;
    int64_t size, kernel, stride, padding;
    double rate;
} engine_layer;

/* A network to build; the head, linear, is appended to every kind. Kinds, with the fields that they read:
 *   mlp       rows flattened; hidden units a layer, ReLU between
 *   cnn       channels: a convolution each, kernel x kernel and of the same size, batch_norm, ReLU and 2x2 max pool where the
 *             map has 2 both ways; then as mlp
 *   resnet18  He et al. 2016 as it is used for 32x32: stem 3x3, 4 stages of 2 blocks, widths w, 2w, 4w, 8w [64]
 *   resnet32  the same paper's CIFAR form: 3 stages of 5 blocks, widths w, 2w, 4w [16], shortcuts without parameters
 *   layers    a list; flatten is implied before the first linear layer and before the head
 * All but mlp and a list without maps need rows [C, H, W] or [H, W]. */
typedef struct engine_network {
    const char *kind;
    const int64_t *hidden;
    int64_t hidden_count;
    const int64_t *shape; /* of one row of x */
    int64_t rank;
    int64_t outputs; /* logit columns */
    const int64_t *channels;
    int64_t channel_count;
    int64_t kernel; /* of cnn, odd [3] */
    bool batch_norm;
    int64_t width;
    const engine_layer *layers;
    int64_t layer_count;
    bool grows; /* heads come by model_grow: "head.0.weight", ...; `outputs` of the first one, 0: none yet */
} engine_network;

typedef enum engine_optimizer_kind { ENGINE_SGD, ENGINE_ADAM, ENGINE_ADAMW } engine_optimizer_kind;
typedef struct engine_optimizer_options { /* the learning rate is given with each step */
    engine_optimizer_kind kind;
    double momentum, weight_decay; /* SGD: L2 added to the gradient; ADAM: likewise; ADAMW: decoupled */
    double beta1, beta2, epsilon;
} engine_optimizer_options;
typedef struct engine_optimizer engine_optimizer;
typedef struct engine_gates engine_gates; /* those of a model at some time */

/* weight/2 * sum(importance * (w - anchor)^2) over the first p parameters; p is the length of importance. */
typedef struct engine_penalty {
    const pdr_tensor *importance, *anchor; /* [p], p <= P */
    double weight;
} engine_penalty;

/* Which logit columns compete in the loss of a row: the run [first, first + count) for every row; or, where first_of is
 * not NULL, the run that the row's own label names: [first_of[y], first_of[y] + count_of[y]). */
typedef struct engine_mask {
    int64_t first, count;
    const int64_t *first_of, *count_of; /* [columns], borrowed */
    int64_t columns;
} engine_mask;

/* Whose squared gradients a Fisher information sums: those of log p(label | row), EVAL, by every parameter. */
typedef enum engine_fisher_mode {
    ENGINE_FISHER_EXACT,     /* every competing label, weighted by its probability */
    ENGINE_FISHER_SAMPLE,    /* one label a row, drawn from the network's own probabilities */
    ENGINE_FISHER_EMPIRICAL, /* y; a row with -1 gives nothing */
    ENGINE_FISHER_BATCHED,   /* B times the square of the gradient of the mean loss of these B rows at y */
    ENGINE_FISHER_MAS        /* instead: |gradient of the squared L2 norm of the competing logits| */
} engine_fisher_mode;

/* One way to run a training step: `autograd` records the network's graph; `planned` knows the derivative of each layer and
 * records none, so a loss reaches the parameters through the logits and features of its own forward alone. */
typedef struct engine_executor {
    const char *name;
    /* Logits [B, C] that a loss may be built on, in a PDR_GRAD scope. *features (may be NULL): [B, D]. */
    pdr_tensor *(*forward)(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_tensor **features);
    /* Differentiates loss [] to the parameters. The gradient stays in the model until the next backward; with `flat` it
     * is flat_grads() as well, and what is done to flat_grads() then counts. In the scope of the forward, which was not
     * cleared since. */
    pdr_status (*backward)(pdr_scope *s, pdr_model *m, const pdr_tensor *loss, bool flat);
    /* NULL: row_loss() and what is built on it. Else the same in one pass: the losses [B] of these logits, and *loss [], their
     * sum by `weights` [B] f32 (NULL: their mean; rows of weight 0 are left out whatever they hold). Both can be
     * differentiated in a PDR_GRAD scope; backward of *loss itself needs no autograd. */
    pdr_tensor *(*loss)(pdr_scope *s, pdr_model *m, const pdr_tensor *logits, const pdr_tensor *y,
                        const engine_mask *mask, const pdr_tensor *weights, pdr_tensor **loss);
} engine_executor;

struct engine {
    uint32_t version, struct_size;
    /* First call of all, once a process: loads libtorch_cuda for a CUDA device before anything else of LibTorch runs, sets
     * threads and determinism. */
    int (*open)(const engine_options *options, engine_info *info, error *e);

    const pdr_tensor_api
        *tensor; /* every slot; a host given to open() and keep() may be NULL, else its impl begins with
                                     an engine_owner */
    /* forward, features, gradient, derivative, flat_params, flat_grads, block_count, block, units, snapshot, assign, discard; the
     * other slots are NULL here: the plugin room fills them */
    const pdr_model_api *model;
    const engine_executor *autograd, *planned; /* planned: on a CPU alone */

    /* ---- scopes, beyond tensor->open and close ---- */
    void (*scope_clear)(pdr_scope *s, int32_t mode);  /* frees temporaries and the error; sets the grad mode */
    const char *(*scope_message)(const pdr_scope *s); /* of the first error; borrowed until cleared */
    void (*scope_fail)(pdr_scope *s, pdr_status code, const char *why); /* sets the first error */
    pdr_tensor *(*adopt)(pdr_scope *into, const pdr_tensor *t);         /* the same tensor, living in another scope */
    void (*scope_guard)(pdr_scope *s, bool guarded); /* guarded: a hook's own scope, tensor->close() refuses it */
    bool (*scope_records)(const pdr_scope *s);       /* graphs: its mode is PDR_GRAD */
    int64_t (*scope_sweep)(engine_owner *owner);     /* closes what an owner left open and is not guarded; how many */

    /* ---- rows in and out ---- */
    /* A CPU tensor and its bytes, to be filled before anything reads it. */
    pdr_tensor *(*blank)(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, void **bytes);
    pdr_tensor *(*to_device)(pdr_scope *s, const pdr_tensor *t); /* the same on the CPU */
    /* The bytes of a contiguous CPU copy (or of the tensor itself where it is one already), in dtype d, until the scope
     * is cleared; NULL on failure. */
    const void *(*bytes)(pdr_scope *s, const pdr_tensor *t, pdr_dtype d);

    /* ---- models ---- */
    /* torch's default initial weights (U(-1/sqrt(fan_in), 1/sqrt(fan_in)), weights and biases; batch norm 1 and 0), drawn
     * from `r`, which also seeds the model's dropout. 78 in words for a layer that does not fit its input. */
    int (*model_build)(const engine_network *network, random_stream *r, pdr_model **out, error *e); /* discard() */
    int64_t (*model_size)(const pdr_model *m);                                                      /* P */
    /* One more head at the end of the flat buffer, for a network that `grows`, a snapshot too: the first p of [P] keep place
     * and meaning (rule 17), flat_params() stays the same handle, the gradient of the last backward is gone. Logits are those
     * of all heads side by side. */
    int (*model_grow)(pdr_model *m, int64_t columns, random_stream *r, error *e);
    int64_t (*model_columns)(const pdr_model *m); /* of the logits, now */
    /* Takes the last heads of a snapshot away until it has so many parameters: what an older one had. PDR_EINVALID: its
     * heads do not end there. */
    pdr_status (*model_cut)(pdr_model *snapshot, int64_t size);
    /* What is no parameter and belongs to the network all the same, running means and variances: [Q] f32, borrowed, NULL:
     * it has none. Each is described as a block is, by a range of [Q] and a name. snapshot() and assign() take them along. */
    pdr_tensor *(*model_buffers)(pdr_model *m);
    int64_t (*buffer_count)(const pdr_model *m);
    pdr_status (*buffer)(const pdr_model *m, int64_t i, pdr_block *out);
    /* The stream that dropout draws from: for a checkpoint. Borrowed. */
    random_stream *(*model_stream)(pdr_model *m);
    /* Logits [B, C] and, where `features` is not NULL, what entered the heads [B, D], by one pass. */
    pdr_tensor *(*forward_both)(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode, pdr_tensor **features);
    /* Makes m the host's plugin's own, counted until discard(), with a text that its snapshots have too; the text is copied. */
    void (*model_claim)(const pdr_host *h, pdr_model *m, const char *recipe);
    const char *(*model_recipe)(const pdr_model *m); /* borrowed; NULL: it has none */
    bool (*model_frozen)(const pdr_model *m);        /* a snapshot */
    /* As pdr_model_api.gate; `who` (copied) tells the factors of several strategies apart. A snapshot has them, too. */
    pdr_status (*model_gate)(pdr_scope *s, pdr_model *m, const char *who, int64_t layer, const pdr_tensor *mask);
    int64_t (*gate_count)(const pdr_model *m);
    /* The mask [units] of gate i, whose it is and where; borrowed until the gates change. */
    pdr_tensor *(*gate_at)(const pdr_model *m, int64_t i, const char **who, int64_t *layer);
    void (*gates_clear)(pdr_model *m); /* all of them, whoever's */
    /* The gates as they are, and back to them; restoring frees them. */
    engine_gates *(*gates_keep)(const pdr_model *m);
    pdr_status (*gates_restore)(pdr_model *m, engine_gates *kept);

    /* ---- the gradient of the last backward, flat or not: one pass over memory on a CPU ---- */
    /* L2 norm over all parameters, summed in double. Clipping: penalty_apply (a penalty's gradient counts, rule 15), then the
     * norm, then gradient_scale(limit / norm) where it is above the limit, then optimizer_step without penalties. NaN and
     * the scope's error where there is no gradient. */
    double (*gradient_norm)(pdr_scope *s, pdr_model *m);
    bool (*gradient_finite)(pdr_scope *s, pdr_model *m); /* by the norm, which is finite where every number is */
    pdr_status (*gradient_scale)(pdr_scope *s, pdr_model *m, double factor);

    /* ---- loss and update ---- */
    pdr_tensor *(*row_loss)(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y,
                            const engine_mask *mask); /* [n];
                             cross entropy; 0 for rows with y = -1 */
    /* Adds to `into` [P] f32 the sum over the rows of x of what `mode` says; columns compete by `mask` (NULL: all). No loop
     * over rows: one backward a label gives the gradients of all layers' outputs, and a layer's squares follow from these
     * and its input. Memory stays bounded (about 64 MiB) but for BATCHED, which takes x as one batch. y may be NULL
     * where neither mode nor mask asks for it, r where the mode is not SAMPLE. Snapshots are fine. */
    pdr_status (*fisher)(pdr_scope *s, pdr_model *m, const pdr_tensor *x, const pdr_tensor *y, const engine_mask *mask,
                         engine_fisher_mode mode, random_stream *r, pdr_tensor *into);
    engine_optimizer *(*optimizer_open)(pdr_model *m, const engine_optimizer_options *options);
    void (*optimizer_close)(engine_optimizer *o);
    /* What the loss of the coming update can reach: columns [first, first + count) of the logits; count -1: all of them,
     * which holds until it is said otherwise. Heads of a network that grows, none of whose columns it reaches and that no
     * penalty covers, are then left alone: no momentum and no decay moves them, as torch leaves a parameter without a
     * gradient. */
    void (*model_reach)(pdr_model *m, int64_t first, int64_t count);
    /* One update of the model's parameters by its gradient (flat_grads() if the last backward built it), with the
     * penalties' gradients added in the same pass. PDR_ENOTFINITE, and no error of the scope: it was made by a gradient that
     * was not finite. Only on the CPU, where looking costs nothing; elsewhere ask gradient_finite now and then. */
    pdr_status (*optimizer_step)(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                 int64_t count);
    /* One step down `loss`: one backward pass to the parameters of all models of these optimizers and no others, then an
     * update of each model that the loss depends on; the rest are left alone, as torch leaves a parameter without a
     * gradient. PDR_EINVALID where it depends on none, PDR_ENOTFINITE with words for a loss or a gradient that is not finite: on
     * the CPU it is looked at in every step, elsewhere in every tenth. */
    pdr_status (*descend)(pdr_scope *s, engine_optimizer *const *optimizers, int64_t count, double lr,
                          const pdr_tensor *loss);
    /* Adds the penalties' gradients to flat_grads(): where a strategy reads the final gradient. */
    pdr_status (*penalty_apply)(pdr_scope *s, pdr_model *m, const engine_penalty *penalties, int64_t count);
    double (*penalty_value)(pdr_scope *s, const pdr_model *m, const engine_penalty *penalty);
    /* The optimizer's own numbers, eg. "momentum", "first", "second" ([P], borrowed), NULL: it has none of that name. */
    pdr_tensor *(*optimizer_state)(engine_optimizer *o, const char *name);
    int64_t *(*optimizer_steps)(engine_optimizer *o); /* updates so far; may be set */
    /* [block_count]: updates that there had been when the block came, as Adam corrects its bias from there; may be set. */
    int64_t *(*optimizer_births)(engine_optimizer *o);

    /* What LibTorch says of its own build, many lines; asks about CUDA, so only after open(). Borrowed for good. */
    const char *(*configuration)(void);
    /* The calling thread's own grad mode, which no operation of the tables depends on or changes: who finds it changed has a
     * guest that speaks to LibTorch past them. */
    bool (*grad_enabled)(void);
};

/* The only symbol that libperdure_engine.so exports. */
const struct engine *perdure_engine(uint32_t version);

/* ---- outside the shared object (room_engine, linked into perdure) ---- */

/* Loads $TORCH_ROOT's (else .deps', in a build folder; else <prefix>/lib/perdure/torch's) libtorch_cpu and libperdure_engine.so beside the
 * program. Only the process of a cell (or of a probe) calls it, and who forks many cells that shall find it loaded. Fails with 69 and what was looked for. */
int engine_load(const struct engine **out, error *e);
/* The folder of LibTorch that engine_load would take: owned by the caller, NULL with the error where there is none. */
char *engine_torch_root(error *e);

/* Whether a network can be built for its shape and outputs: 78 in the words of model_build, which does the same. */
int engine_network_check(const engine_network *network, error *e);

/* One GPU as the driver tells it, without LibTorch. */
typedef struct engine_gpu {
    char name[128];
    int major, minor; /* compute capability */
    int64_t memory;   /* bytes */
} engine_gpu;
/* Asks the CUDA driver in a child process (CUDA does not survive a fork). *driver: version * 10 as the driver gives it
 * (13000: CUDA 13.0), 0: no driver. *release: eg. "580.65.06" or "". Returns how many GPUs were filled. */
int engine_gpu_probe(engine_gpu *gpus, int room, int *driver, char release[32]);

#endif
