/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/host.h: what a plugin may call, besides tensors: models, the running step, data, memories, random
 * streams, the checkpoint, and the host itself with log, metrics and failure.
 *
 * Rules for every function below, unless its comment says otherwise
 *  - The rules at the top of tensor.h: one thread, NULL in gives NULL out, results are temporaries of the scope.
 *  - A function with a scope puts its words there. One without (open, snapshot, build, stream, mingle, the
 *    functions of step and state) leaves them with the host, and the hook, or create, then fails with these words,
 *    whatever it returns: training must not go on without what was refused.
 *  - "owned" objects that destroy() leaves behind are counted and reported like kept tensors.
 *  - A slot that this host does not fill yet stands in the table and answers PDR_EUNSUPPORTED (or NULL with that
 *    as the error), with words that name the function. No pointer in a table is NULL.
 */
#ifndef PERDURE_HOST_H
#define PERDURE_HOST_H

#include <perdure/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- models. All parameters of a model lie in one flat buffer [P], all gradients in another ---- */

/** What a block of the flat buffer is. */
enum {
    PDR_WEIGHT,      /**< of a layer: [out, in] or [out, in, height, width] */
    PDR_BIAS,        /**< of a layer: [out] */
    PDR_NORM,        /**< scale or shift of a normalisation: [channels] */
    PDR_HEAD_WEIGHT, /**< of a head: [columns, D] */
    PDR_HEAD_BIAS    /**< of a head: [columns] */
};

/** One parameter tensor, as a piece of the flat buffer. */
typedef struct pdr_block {
    uint32_t struct_size;   /**< in: set by the caller, so that the host writes no further */
    uint32_t kind;          /**< PDR_WEIGHT ... */
    int64_t first, count;   /**< elements first .. first + count - 1 of [P], row-major */
    int64_t rank, shape[4]; /**< of the parameter tensor: number of sizes, and the sizes; behind them 0 */
    int64_t first_column;   /**< of a head: the first logit that it makes; else 0 */
    int64_t columns;        /**< of a head: how many (its dim 0); else 0 */
    const char *name;       /**< "hidden.0.weight"; borrowed, as long as the model */
} pdr_block;

/** Networks: forward passes, gradients, snapshots, networks and optimizers of one's own, the Fisher information. */
typedef struct pdr_model_api {
    uint32_t struct_size, reserved;

    /** x [B, ...] as the batch's x -> logits [B, C]. In a [grad] scope with the training model it records a graph
     * (flag PDR_DIFFERENTIATES_MODEL); a snapshot never does. TRAIN moves running means of the model, EVAL moves
     * nothing; the mode that the model was in comes back. Gates apply. */
    pdr_tensor *(*forward)(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode);
    /** x [B, ...] -> [B, D]: what enters the head (for mlp: the last hidden layer after its activation). A graph as
     * forward() records one, with the same flag. */
    pdr_tensor *(*features)(pdr_scope *s, pdr_model *m, const pdr_tensor *x, pdr_mode mode);
    /** logits [n, C], y [n] -> [n]: the scenario's own loss with its masks (`active`, heads), never that of a
     * compute_loss hook. 0 for rows with y = -1. A row's task, and so its mask, follows from its label; where tasks
     * share columns (domain-il, or task-il with one head) a label names no task, and every row given here competes
     * among all columns, as a rehearsed row does in the step's own loss. Fresh rows have their task's there. */
    pdr_tensor *(*loss)(pdr_scope *s, const pdr_task *t, const pdr_tensor *logits, const pdr_tensor *y);
    /** Gradient of a scalar loss, computed in a [grad] scope, by all parameters of m: a new [P] in s; flat_grads() is
     * untouched and the loss's graph is freed. Parameters that the loss does not reach have 0. Mean over ranks.
     * PDR_EINVALID when the loss is no scalar or has no graph, and for the training model without the flag
     * PDR_DIFFERENTIATES_MODEL, as a step's own graph may end at its logits. */
    pdr_tensor *(*gradient)(pdr_scope *s, pdr_model *m, const pdr_tensor *loss);
    /** d sum / d leaf, in the shape of leaf, which leaf() made. In a [grad] scope it is itself differentiable, and
     * keeps the graph: gradient penalties (Gulrajani et al. 2017, arXiv 1704.00028, equation 3), learned scalars. Else
     * the graph is freed. PDR_EINVALID: sum is no scalar, has no graph or does not depend on leaf, or leaf is none (a
     * kept one is none either: keep() detaches). */
    pdr_tensor *(*derivative)(pdr_scope *s, const pdr_tensor *sum, const pdr_tensor *leaf);
    /** [P] f32, borrowed: the buffer itself; as long as the model, and until its parameters grow (before a
     * before_task): ask again in each hook. Writing acts at once (flag PDR_WRITES_PARAMS when in a step). */
    pdr_tensor *(*flat_params)(pdr_model *m);
    /** [P] f32, borrowed: the gradient of the step, from after_backward to after_batch. NULL for a snapshot. Without
     * the flag PDR_USES_GRADIENT none is built: NULL, and the hook fails with these words. */
    pdr_tensor *(*flat_grads)(pdr_model *m);
    /** Number of blocks; in the order of the buffer. -1 for NULL. */
    int64_t (*block_count)(const pdr_model *m);
    /** Fills *out up to out->struct_size. PDR_EINVALID for an index out of range. */
    pdr_status (*block)(const pdr_model *m, int64_t i, pdr_block *out);
    /** Units of a hidden layer (a convolution: channels), counted from 0 at the input; 0: there is no such layer. Heads
     * and shortcuts are none. */
    int64_t (*units)(const pdr_model *m, int64_t layer);
    /** mask [units] f32 is multiplied onto the output of a hidden layer until it is set anew; NULL: none. Each strategy
     * has its own gate, and the gates multiply. The output stands behind the first activation that follows the layer,
     * in a residual block the one behind the sum; where none does, behind its batch norm or itself. A convolution's
     * mask is one number a channel. The mask is copied, and no gradient flows to it; snapshots have the gates of their
     * moment. PDR_EINVALID: no such layer, a mask of another shape or not f32. (Masse et al. 2018, arXiv
     * 1802.01569.) */
    pdr_status (*gate)(pdr_scope *s, pdr_model *m, int64_t layer, const pdr_tensor *mask);
    /** A frozen copy with its gates: records no graph, cannot be trained. owned: discard(). NULL: no memory. */
    pdr_model *(*snapshot)(const pdr_host *h, const pdr_model *m);
    /** Parameters and buffers of m into `into`, which has the same blocks; else PDR_EINVALID. */
    pdr_status (*assign)(pdr_model *into, const pdr_model *m);
    /** A network of one's own (VAE, GAN parts): YAML as a PDR_PARAM_NETWORK hands over, shape [rank] of one row of its
     * input, number of outputs, which come from a linear layer without activation. Its initial weights, and dropout's
     * draws, come from a stream of this strategy. It is trained by an optimizer() of one's own. owned: discard(). NULL,
     * with words: a layer that does not fit its input, a size below 1, no memory. */
    pdr_model *(*build)(const pdr_host *h, const char *network_yaml, const int64_t *shape, int64_t rank,
                        int64_t outputs);
    /** Gives a snapshot or a built model back. NULL is allowed; task->model is not, nor a model that an optimizer
     * holds. */
    void (*discard)(pdr_model *owned);
    /** An optimizer over `count` models: YAML as a PDR_PARAM_OPTIMIZER hands over. owned: drop_optimizer(), before
     * its models are discarded. The training model may be one of them, for descend() in before_task and after_task.
     * NULL, with words: a snapshot, a model twice or NULL among them, no memory. */
    pdr_optim *(*optimizer)(const pdr_host *h, pdr_model *const *models, int64_t count, const char *optimizer_yaml);
    /** One step down a scalar loss, differentiated to the models of `o` only and in one pass, whatever else it depends
     * on; the loss's graph is freed; the gradient is the mean over ranks. Models that the loss does not depend on are
     * left alone, as torch leaves a parameter without a gradient. PDR_EINVALID: no scalar, no graph, no model of `o`
     * that it depends on, or the training model in another hook than these two. PDR_ENOTFINITE: a loss or a gradient
     * that is not finite; looked at in every step on a CPU, in every tenth on a GPU. PDR_EENGINE: a graph from before a
     * descent that wrote what it needs: compute both losses anew, or descend their sum. */
    pdr_status (*descend)(pdr_scope *s, pdr_optim *o, const pdr_tensor *loss);
    /** Gives it back. NULL is allowed. */
    void (*drop_optimizer)(pdr_optim *owned);
    /** [P]: diagonal of the Fisher information on the current task's training rows, mean over rows and ranks.
     * mode: exact (expectation over all labels), exact-n (on `limit` rows), sample (one label drawn from the
     * network), empirical (the true label), batched (square of the batch-mean gradient: Avalanche's), mas
     * (Aljundi et al. 2018, arXiv 1711.09601). limit: rows at most, 0: all. (Martens 2014, arXiv 1412.1193;
     * what each costs in accuracy: van de Ven 2025, arXiv 2502.11756.) */
    pdr_tensor *(*fisher)(pdr_scope *s, pdr_model *m, const pdr_task *t, const char *mode, int64_t limit);
} pdr_model_api;

/* ---- the running step: what a hook queues. It takes effect after the last strategy's hook of that moment ---- */

/** What a hook of a step queues. It takes effect after the last strategy's hook of that moment (rule 11). */
typedef struct pdr_step_api {
    uint32_t struct_size, reserved;

    /** [no-grad] In before_batch only (else PDR_EINVALID): appends rows to the batch. x [n, ...], as step->x, so
     * after augment() if at all; y [n] i64 logit columns, -1: no label; NULL: none has one, for a term of one's
     * own on their logits. blend and weight: as pdr_blend says; JOIN ignores weight. *first (or NULL): where the
     * rows will stand in x, y, logits and row_loss. n may be 0: nothing is appended. Host keeps x and y alive.
     * PDR_EINVALID: rows of another shape than the batch's or not f32, y of another length or beyond the columns, a
     * weight that is not finite, a SHARE below 0. (An ADD below 0 is allowed: it unlearns.) */
    pdr_status (*rehearse)(const pdr_step *s, const pdr_tensor *x, const pdr_tensor *y, pdr_blend blend, double weight,
                           int64_t *first);
    /** [grad] In after_loss only: a scalar term of one's own, PDR_SHARE or PDR_ADD, weight as for rehearse (ADD 0: the
     * term is logged and adds nothing). `name` labels it in the log: "replay.NAME"; NULL: it is not logged. Two terms
     * of one strategy in one step have two names. Host keeps the term alive. */
    pdr_status (*add_loss)(const pdr_step *s, const pdr_tensor *term, pdr_blend blend, double weight, const char *name);
    /** In after_loss only: weight/2 * sum(importance * (w - anchor)^2), its value logged, its gradient weight *
     * importance * (w - anchor) added between after_backward and clipping, in one fused pass over the flat buffers
     * instead of P autograd nodes: EWC (Kirkpatrick et al. 2017, equation 3, with its 1/2), SI (its c has no 1/2:
     * pass 2c), MAS. importance and anchor [p] f32, p <= P, both the same: they cover the first p parameters.
     * They must hold their values until the step ends; keep them. */
    pdr_status (*add_penalty)(const pdr_step *s, const pdr_tensor *importance, const pdr_tensor *anchor, double weight,
                              const char *name);
} pdr_step_api;

/* ---- data of the current task ---- */

/** Rows of the task in training, the scenario's augmentation, and mingling a memory with the task's rows. */
typedef struct pdr_data_api {
    uint32_t struct_size, reserved;

    /** Rows of the current task by number (index [k] i64, in its order; NULL: all training rows): 0 .. row_count - 1
     * are the training rows, row_count .. row_count + held_out - 1 those held out. *x [k, ...]: as the batch's x,
     * converted and normalised, not augmented; *y [k]: logit columns. Either may be NULL: not read. Reads a large
     * task in chunks (arange), or all of it is in memory at once. PDR_EINVALID: the task is over, or a number is
     * out of range. PDR_EUNSUPPORTED: an endless stream. */
    pdr_status (*rows)(pdr_scope *s, const pdr_task *t, const pdr_tensor *index, pdr_tensor **x, pdr_tensor **y);
    /** x [n, ...] of a memory, augmented as the scenario augments fresh rows, drawn from a stream of this strategy;
     * without augmentation in the scenario: x itself. */
    pdr_tensor *(*augment)(pdr_scope *s, const pdr_tensor *x);
    /** [no-grad] In before_task only: for this task the loader draws its batches from the task's rows and from the rows
     * of m (as they are when an epoch begins) together: one epoch sees all of both once. In a batch they stand after
     * the fresh rows. Several memories may be mingled. */
    pdr_status (*mingle)(const pdr_task *t, pdr_memory *m);
} pdr_data_api;

/* ---- memories: storage and eviction are the host's, the choice of samples the strategy's ---- */

/** Arguments that come again: x [n, ...]: rows as step->raw or as step->x. The first rows given fix how the memory
 * keeps them: a memory that was offered u8 rows keeps bytes, and fetch() returns them converted and normalised as
 * the batch's x are (f32); f32 rows are kept and returned as they are. Other rows afterwards (dtype or shape) are
 * PDR_EINVALID. y [n] i64: logit columns (regression: f32). value [n] f32: a rank for the policy `value`. extra [n,
 * ...]: whatever belongs to a row (its logits); dtype and shape are fixed by the first, too, but that a list a row,
 * extra [n, k], may come longer later, as logits grow with the classes: rows that came before read NaN behind their own
 * (0 of a whole type). slots [k] i64: places in
 * the memory. A slot number stays with its row until the row is evicted, replaced or not retained; then it may be
 * given anew, so numbers are good within one hook, or for as long as nobody offers to this memory.
 * NULL for value, extra: none, or as it was. Under data parallelism a memory holds capacity / ranks rows of its
 * rank. */
typedef struct pdr_memory_api {
    uint32_t struct_size, reserved;

    /** `name` tells memories of one strategy apart, in logs and checkpoints; `memory_yaml` is what a PDR_PARAM_MEMORY
     * handed over: capacity, policy (reservoir | class-balanced | fifo | value | none), where (ram | device | disk).
     * After a resume it is filled as it was, where create(), load() or before_run() opens it: rows of one that none of
     * them opens are an error then. owned: close(). In create() at the earliest. NULL, with words: policy or place that
     * this host lacks, no memory, a name that is open. */
    pdr_memory *(*open)(const pdr_host *h, const char *name, const char *memory_yaml);
    /** Offers rows, in order; the policy decides which stay, drawing from the memory's own stream:
     *   reservoir       each row offered so far is kept with equal chance: row number i > capacity replaces a
     *                   random slot with chance capacity / i (Vitter 1985, algorithm R)
     *   class-balanced  a row of a class that was never the largest takes the place of a random row of the largest; a
     *                   class that was is a reservoir of its own (Chrysakis and Moens 2020, algorithm 1)
     *   fifo            the oldest goes
     *   value           the row of the lowest value goes, the one that is offered among them; of equals the one that
     *                   came last; NaN is below every number. Rows without `value`: PDR_EINVALID
     *   none            only put() and retain() decide: PDR_EINVALID
     * With a budget a class (capacity: {per_class: N} in YAML) all this holds for each class of each task by itself,
     * the task being the one that runs when its rows are given; reservoir and class-balanced are then the same.
     * x, y and extra are copied. */
    pdr_status (*offer)(pdr_scope *s, pdr_memory *m, const pdr_tensor *x, const pdr_tensor *y, const pdr_tensor *value,
                        const pdr_tensor *extra);
    /** You decide. slots NULL: n new rows, PDR_EINVALID when there is no room for them (in all, or in their class).
     * Else: what is not NULL replaces that of the rows in `slots`; x and y may then both be NULL. */
    pdr_status (*put)(pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, const pdr_tensor *x, const pdr_tensor *y,
                      const pdr_tensor *value, const pdr_tensor *extra);
    /** Of the rows of one class only those in `slots` stay, in this order; the rest is dropped. */
    pdr_status (*retain)(pdr_scope *s, pdr_memory *m, int64_t column, const pdr_tensor *slots);
    /** [k] i64: slots of a class in the order in which put() or retain() left them (offer() may leave any order);
     * PDR_ALL: class by class. None: a tensor [0], not NULL. */
    pdr_tensor *(*find)(pdr_scope *s, pdr_memory *m, int64_t column);
    /** [min(n, count)] i64: distinct slots in random order, from the memory's own stream. Drawn in passes: every row
     * once before any comes again; a pass goes on from call to call, and rows that arrive join the one that runs. */
    pdr_tensor *(*sample)(pdr_scope *s, pdr_memory *m, int64_t n);
    /** The rows in `slots`, in that order. Any of the four may be NULL: not wanted. *extra is NULL when none was ever
     * given; a row without value or extra reads 0. PDR_EINVALID: a slot that is empty, a memory that never had rows. */
    pdr_status (*fetch)(pdr_scope *s, pdr_memory *m, const pdr_tensor *slots, pdr_tensor **x, pdr_tensor **y,
                        pdr_tensor **value, pdr_tensor **extra);
    /** Rows of a class, or of all with PDR_ALL. 0 for NULL. */
    int64_t (*count)(const pdr_memory *m, int64_t column);
    /** The most rows it holds (on this rank). With a budget a class: N for each class of each task up to the one that
     * runs, so that capacity / classes so far is N; before the first task 0. With a budget of bytes: rows that fit in
     * with their extra, fewer once extra comes or grows; before the first row, rows of floats without extra. 0 for
     * NULL. */
    int64_t (*capacity)(const pdr_memory *m);
    /** Gives it back. NULL is allowed. */
    void (*close)(pdr_memory *owned);
} pdr_memory_api;

/* ---- random streams. Counter-based: a stream is f(run seed, strategy, name, number) and shares no state with
 *      another, so a strategy that draws more changes nobody else's numbers ---- */

/** Random streams. Draws of a stream are the same whatever other strategies draw, and after a resume they go on. */
typedef struct pdr_rng_api {
    uint32_t struct_size, reserved;

    /** The stream of that name and number, where it stands: the same handle for the same arguments. borrowed, as
     * long as the strategy lives; the host saves it in checkpoints. Equal on all ranks: put host->rank in `number`
     * where ranks should differ. */
    pdr_rng *(*stream)(const pdr_host *h, const char *name, int64_t number);
    /** Back to its start: the same draws again. */
    void (*rewind)(pdr_rng *r);
    /** 0 .. n - 1, each equally likely, without modulo bias; 0 when n < 1. */
    int64_t (*below)(pdr_rng *r, int64_t n);
    /** In [0, 1), 53 random bits. */
    double (*unit)(pdr_rng *r);
    /** Mean 0, standard deviation 1. */
    double (*normal)(pdr_rng *r);
    /** f32 tensor of that shape: each in [0, 1). */
    pdr_tensor *(*units)(pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank);
    /** f32 tensor of that shape: mean 0, standard deviation 1. */
    pdr_tensor *(*normals)(pdr_scope *s, pdr_rng *r, const int64_t *shape, int32_t rank);
    /** [n] i64: 0 .. n - 1 in random order. */
    pdr_tensor *(*permutation)(pdr_scope *s, pdr_rng *r, int64_t n);
} pdr_rng_api;

/* ---- the checkpoint. Keys are the plugin's own. put of NULL stores nothing; a missing key gives NULL or 0,
 *      quietly: use your default. The shelf holds the first error, as a scope does ---- */

/** One strategy's shelf in a checkpoint: in save() to put on, in load() to take from (rule 21). */
typedef struct pdr_state_api {
    uint32_t struct_size, reserved;

    /** In save(): the values, as they are now. A key twice is PDR_EINVALID. */
    void (*put_tensor)(pdr_state *s, const char *key, const pdr_tensor *t);
    /** In load(). owned: release(). On the device of the run. */
    pdr_tensor *(*get_tensor)(pdr_state *s, const char *key);
    /** A snapshot or a built model, with its architecture, gates, running means and where its dropout stands. */
    void (*put_model)(pdr_state *s, const char *key, const pdr_model *m);
    /** owned: discard(). Built as it was: a snapshot is a snapshot again, and a built model can be trained on. */
    pdr_model *(*get_model)(pdr_state *s, const char *key);
    /** The state of an optimizer to the bit, averages and counts of updates, without its models. */
    void (*put_optim)(pdr_state *s, const char *key, const pdr_optim *o);
    /** Into an optimizer of the same type over models of the same shapes. PDR_ENOTFOUND: no such key; PDR_EINVALID,
     * with words: it does not fit. In both cases `into` is as it was. */
    pdr_status (*get_optim)(pdr_state *s, const char *key, pdr_optim *into);
    /** n bytes at p. Numbers are written as this machine has them; a checkpoint names its byte order. */
    void (*put_bytes)(pdr_state *s, const char *key, const void *p, uint64_t n);
    /** Copies at most `room` bytes to p and returns the stored length, which may be more; 0: no such key. */
    uint64_t (*get_bytes)(pdr_state *s, const char *key, void *p, uint64_t room);
} pdr_state_api;

/* ---- the host: one per strategy instance, so that logs, metrics, streams and leaks carry its name ---- */

/** All that a plugin may call. create() is given it; it lives until destroy() has returned. */
struct pdr_host {
    uint32_t abi_version; /**< of the host: major << 16 | minor */
    uint32_t struct_size; /**< sizeof(pdr_host) of the host */
    uint32_t rank, ranks; /**< this process among those of a data-parallel cell: 0, 1 */
    void *impl;           /**< the host's own */

    /* The tables: borrowed, as long as the host; none is NULL. */
    const pdr_tensor_api *tensor; /**< tensors and scopes (tensor.h) */
    const pdr_model_api *model;   /**< networks and optimizers */
    const pdr_step_api *step;     /**< what a hook of a step queues */
    const pdr_data_api *data;     /**< rows of the task in training */
    const pdr_memory_api *memory; /**< bounded stores of samples */
    const pdr_rng_api *rng;       /**< random streams */
    const pdr_state_api *state;   /**< the checkpoint, in save() and load() */

    /** Records why something failed, in one line, and returns `code`, to be returned by the hook at once. The text is
     * copied. The first words of a hook stay. A hook that called it and then returns PDR_OK fails all the same. */
    pdr_status (*fail)(const pdr_host *h, pdr_status code, const char *why);
    /** [any-thread] One line, without a line break, into the log of the cell. Copied. */
    void (*log)(const pdr_host *h, pdr_level level, const char *line);
    /** A number of this step or task, logged as "strategy.name". */
    void (*metric)(const pdr_host *h, const char *name, double value);
    /** The same of a scalar tensor, read later, when the device is waited for anyway. Host keeps it alive. */
    void (*metric_of)(const pdr_host *h, const char *name, const pdr_tensor *scalar);
    /** A table beyond this header, by id: "perdure.ranks/1", "perdure.tables/1". NULL: this host has none of that
     * name. Drafts change their number; what proves itself becomes a table here. */
    const void *(*extension)(const pdr_host *h, const char *id);
};

#ifdef __cplusplus
}
#endif
#endif
