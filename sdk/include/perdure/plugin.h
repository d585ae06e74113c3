/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/plugin.h: what a strategy provides: one descriptor, a table of hooks, and the moments they are given.
 *
 * A strategy is a shared object with one exported function:
 *
 *     PDR_EXPORT const pdr_plugin *perdure_plugin(void) { return &plugin; }
 *
 * The host checks the descriptor, validates the parameters of the scenario against the plugin's table, makes one
 * instance a place in a method (create), calls its hooks in the course of training, and destroys it.
 *
 * THE RULES. Between plugin and host
 *
 *  1 A plugin links nothing of Perdure's and nothing of LibTorch's. It exports one symbol, perdure_plugin, and
 *    imports libc and libm only (C++ or Rust: its run-time library too). All else comes by the host tables.
 *  2 Every table, descriptor and moment struct begins with struct_size (pdr_plugin and pdr_host: abi_version, then
 *    struct_size). Members are 8 bytes or pairs of uint32_t, so sizeof has no tail padding and a member's presence can
 *    be asked (PDR_HAS).
 *  3 A plugin loads if and only if majors are equal and its minor <= the host's. A slot is never removed or reused
 *    within a major; a successor is appended as name_v2 and the old one warns once a run.
 *  4 It is loaded with dlopen(RTLD_NOW | RTLD_LOCAL) and never dlclosed. Instances are destroyed in reverse order.
 *  5 Tensors made in a hook belong to its scope and die when the hook returns; keep() and release() for what outlives
 *    it. NULL in gives NULL out; the scope holds the first error; one status() check ends a hook, and the host looks at
 *    the scope itself, so a forgotten check is no silent error. At destroy the host counts what was kept and not
 *    released and says "ewc leaked 3 tensors".
 *  6 An operation runs in the grad mode of the scope that it is given, and its result lives in that scope. In a scope
 *    with an error nothing runs any more, so an optional NULL is never a failed one. keep() is one more owner of the
 *    same values: clone() what must not follow the parameters. What a hook hands over (rehearse, add_loss, offer,
 *    *rows, *scores) the host keeps alive or copies.
 *  7 Each side frees what it allocated. No allocator crosses.
 *  8 [sole] hooks: at most one strategy of a method may have them; the plan refuses a second one and names both lines
 *    of the scenario. All others compose, in scenario order.
 *  9 Hooks run on one thread and are never nested. Only log() may be called from other threads; a plugin that starts
 *    threads joins them before its hook returns.
 * 10 A C++ exception never crosses, in either direction: every host function catches all and turns it into the scope's
 *    error; a plugin in C++ does the same for its hooks.
 *
 * Between strategies of one method: how they compose
 *
 * 11 Moments are read-only. What hooks queue (rehearse, add_loss, add_penalty) takes effect after the last strategy's
 *    hook of that moment: none sees another's in the same moment. Only edits of flat_grads() and flat_params() act at
 *    once, in scenario order.
 * 12 Rows: in before_batch x and y are the fresh rows. Afterwards they are fresh rows, then memory rows of mingle(),
 *    then the rehearsed parts in scenario order. Only fresh rows have `raw` and `row` to be stored. Where the loader
 *    mingles, before_batch sees the fresh rows only, and a rehearsed part's *first counts the mingled rows already.
 * 13 y is [B], always: logit columns, -1 in rows rehearsed without labels (regression: float, NaN). Columns are
 *    numbered as classes arrive. Logits are raw [B, C]; masks (`active`, the task's head) are in loss() and in the
 *    evaluation only. A row's task is that of its label; where tasks share columns, a rehearsed row competes among
 *    all of them.
 * 14 Loss = (M + sum r_i S_i) / (1 + sum r_i) + sum w_j A_j. M: mean row loss of the fresh, mingled and JOINed rows;
 *    S_i, A_j: mean row loss of a SHARE or ADD part, or a SHARE or ADD term of add_loss. Unlabelled rows are in no
 *    mean, and a part of them alone has no r or w. Row losses are loss(), or the sole compute_loss for every labelled
 *    row, whoever rehearsed it; s->loss in after_loss is the loss before any term of add_loss.
 * 15 Gradient: backward, unscale, mean over ranks, after_backward (edit), penalties, clip, before_update (read: final),
 *    optimizer, after_update (still there). A step whose scaled gradient overflowed skips those hooks and has
 *    `skipped` in after_batch.
 * 16 Whatever the precision, logits, losses, parameters and gradients that a plugin sees are float32, unscaled.
 * 17 Parameters grow at the end only, before before_task: the first p of [P] keep place and meaning, and a shorter
 *    importance or anchor covers those. Sparse tables are outside: the plan says so for every plugin that reads
 *    flat_params() without asking for extension "perdure.tables/1". A bundle as x (CTR: dense and ids) goes through
 *    forward, memories, rehearse and row selection; arithmetic on it is PDR_EUNSUPPORTED.
 * 18 Capture: before_batch and after_batch are never in a CUDA graph; a GRAPH_SAFE hook between them runs at capture
 *    only: weights constant in a task, no state changed but device tensors kept before, no host read.
 * 19 Ranks: every rank makes the same calls; gradient(), fisher() and descend() are means over ranks; a memory holds
 *    capacity / ranks rows of its own rank; streams are equal on all ranks unless numbered by host->rank.
 * 20 Evaluation: what before_eval did to parameters and gates, the host undoes after after_eval. At evaluation of task
 *    j after task i: in task-il the task's own columns compete, else the columns seen after max(i, j) tasks.
 * 21 Checkpoint, between steps: the host saves network with its gates, optimizer, memories with their mingling,
 *    streams and loader; save() only the rest. To resume: create (memories and streams are back), load, before_run;
 *    before_task is not repeated.
 */
#ifndef PERDURE_PLUGIN_H
#define PERDURE_PLUGIN_H

#include <perdure/host.h>
#include <perdure/param.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- moments: filled by the host, borrowed until the hook returns, read-only, fields only appended ---- */

/** A task. Chained to the ones before it: `previous` and what it points to lives as long as the run. */
struct pdr_task {
    uint32_t struct_size;     /**< of the host: ask PDR_HAS for what came later */
    uint32_t boundary_known;  /**< 0: a task-free stream, and this its only task, whose classes grow */
    uint32_t task_id_given;   /**< 1 in task-il: the task of a row is known, also at evaluation */
    uint32_t augmented;       /**< 1 when a row differs from epoch to epoch */
    int64_t index;            /**< 0 for the first */
    int64_t row_count;        /**< training rows; -1: endless, as a task-free stream is */
    int64_t held_out;         /**< rows row_count .. row_count + held_out - 1 are held out (data.validation) */
    int64_t class_count;      /**< length of `classes` */
    int64_t seen_before;      /**< columns 0 .. seen_before - 1 are of earlier tasks */
    int64_t seen;             /**< columns 0 .. seen - 1: with this task's. Domain-il: seen_before = seen from task 1 */
    int64_t columns;          /**< C of the logits, now; not all of them need be seen */
    const int64_t *classes;   /**< the columns that its rows have, ascending; borrowed, as long as the task */
    const int64_t *shape;     /**< of one row of x, without the batch dimension; likewise */
    int64_t rank;             /**< length of `shape` */
    const pdr_task *previous; /**< NULL: none. Its rows are gone: only memories keep any */
    pdr_model *model;         /**< the network in training; borrowed, as long as the run */
    pdr_scope *scope;         /**< the scope of the hook that is running; NULL in a task of `previous` */
};

/** A training step. Which tensors are there yet: x, y, raw, row from before_batch; logits and features from
 * after_forward; row_loss and loss in after_loss; all of them to after_batch. NULL before they exist. */
struct pdr_step {
    uint32_t struct_size, reserved;
    uint32_t epoch;             /**< how often these fresh rows came before in this task */
    uint32_t skipped;           /**< in after_batch: 1 when the scaled gradient overflowed and no update was made */
    int64_t index;              /**< of the step in this task, from 0 */
    int64_t fresh;              /**< leading rows that are new data; B rows in all, the size of y */
    double lr;                  /**< learning rate of the coming or just made update */
    const pdr_task *task;       /**< its scope is this step's scope */
    pdr_scope *scope;           /**< of the hook that is running: [grad] or [no-grad] as the hook is */
    const pdr_tensor *x;        /**< [B, ...] f32, normalised and augmented; before_batch: [fresh, ...] */
    const pdr_tensor *y;        /**< [B] i64 */
    const pdr_tensor *logits;   /**< [B, C] f32, raw; can be differentiated in [grad] hooks */
    const pdr_tensor *row_loss; /**< [B], 0 in unlabelled rows */
    const pdr_tensor *loss;     /**< []: before the terms of add_loss and the penalties, in every moment */
    const pdr_tensor *features; /**< [B, D] with the flag PDR_USES_FEATURES, else NULL */
    const pdr_tensor *raw; /**< [fresh, ...] the fresh rows before augmentation, to be stored. Of a byte data set: u8,
                                    in raw units (0..255, not normalised); else f32 as x */
    const pdr_tensor *row; /**< [fresh] i64: their numbers in the task, as data->rows takes them */
};

/** An evaluation: one cell of the accuracy matrix. */
struct pdr_eval {
    uint32_t struct_size, reserved;
    int64_t after_task;   /**< row of the matrix: tasks trained so far, within a task with that one; 0: untrained */
    int64_t on_task;      /**< column: pdr_task.index of the task evaluated on */
    const pdr_task *task; /**< the one evaluated on */
    pdr_model *model;     /**< the network in training; in predict the one that is measured: for a task whose head is
                                    still to come a copy that has it */
    pdr_scope *scope;     /**< [no-grad] */
    const pdr_tensor *x;  /**< in predict: a large batch of test rows [n, ...]; else NULL */
    const pdr_tensor *features; /**< in predict: [n, D], with or without PDR_USES_FEATURES; else NULL */
    const pdr_tensor *logits;   /**< in predict: [n, C], the network's own, whose accuracy is reported beside that of
                                    the scores; else NULL */
};

/* ---- hooks, in the order of training. NULL: not interested. Each returns PDR_OK or fails the cell ---- */

/** The hooks: what a strategy does at each moment of training. NULL: not interested. Each returns PDR_OK or fails the
 * cell. `self` is what create() made. A pointer at the very end may be left out by a smaller struct_size. */
typedef struct pdr_hooks {
    uint32_t struct_size, reserved;

    /** Once, before everything (after load, when the run is resumed). There is no scope: open() one. */
    pdr_status (*before_run)(void *self, int64_t task_count);

    /** [no-grad] The network has grown its columns for this task. May mingle, write parameters, set gates. */
    pdr_status (*before_task)(void *self, const pdr_task *t);
    /** [no-grad] Before the first batch of an epoch. epoch: from 0 in each task. */
    pdr_status (*before_epoch)(void *self, const pdr_task *t, int64_t epoch);

    /** [no-grad] Fresh rows are there. May rehearse. */
    pdr_status (*before_batch)(void *self, const pdr_step *s);
    /** [grad] The batch is complete. */
    pdr_status (*before_forward)(void *self, const pdr_step *s);
    /** [grad] Logits are there. */
    pdr_status (*after_forward)(void *self, const pdr_step *s);
    /** [no-grad] The place to ask a teacher: what it says must be kept, for after_loss is another hook. */
    pdr_status (*before_loss)(void *self, const pdr_step *s);
    /** [grad] [sole] *rows: [B] loss of each row, a tensor of s->scope; those of unlabelled rows are ignored. */
    pdr_status (*compute_loss)(void *self, const pdr_step *s, pdr_tensor **rows);
    /** [grad] May add_loss, add_penalty. */
    pdr_status (*after_loss)(void *self, const pdr_step *s);
    /** [no-grad] May edit the gradient of the data loss and of all terms; penalties are added afterwards. */
    pdr_status (*after_backward)(void *self, const pdr_step *s);
    /** [no-grad] The gradient is final: to be read. */
    pdr_status (*before_update)(void *self, const pdr_step *s);
    /** [no-grad] Parameters have moved; the gradient is still there. */
    pdr_status (*after_update)(void *self, const pdr_step *s);
    /** [no-grad] The end of a step. The place to offer rows to a memory. */
    pdr_status (*after_batch)(void *self, const pdr_step *s);

    /** [no-grad] Behind the last batch of an epoch. epoch: from 0 in each task. */
    pdr_status (*after_epoch)(void *self, const pdr_task *t, int64_t epoch);
    /** [no-grad] The last moment at which data->rows reads this task. Before the evaluation. */
    pdr_status (*after_task)(void *self, const pdr_task *t);

    /** [no-grad] Before a cell of the matrix is measured. Changes of parameters and gates are undone after
     * after_eval. */
    pdr_status (*before_eval)(void *self, const pdr_eval *e);
    /** [no-grad] [sole] *scores: [n, C] f32, a tensor of e->scope; the host masks the columns and takes the
     * greatest. */
    pdr_status (*predict)(void *self, const pdr_eval *e, pdr_tensor **scores);
    /** [no-grad] A cell of the matrix has been measured. What before_eval changed is still so, and is undone now. */
    pdr_status (*after_eval)(void *self, const pdr_eval *e);

    /** Once, after the last evaluation. There is no scope: open() one. */
    pdr_status (*after_run)(void *self);

    /** Between two steps: what create() and the host do not bring back (rule 21). Must not change the strategy. */
    pdr_status (*save)(void *self, pdr_state *out);
    /** After create(). state_version: of the plugin that saved; refuse, in words, what you cannot read. */
    pdr_status (*load)(void *self, pdr_state *in, uint32_t state_version);
} pdr_hooks;

/** What a strategy needs or does. The plan refuses what does not fit, with the reason, and picks how a step is
 * executed. A flag that is not set and would be needed makes the host function that needs it fail, in words. */
enum {
    PDR_NEEDS_BOUNDARIES = 1u,      /**< refused on streams whose task boundaries are not known */
    PDR_NEEDS_TASK_ID = 2u,         /**< refused where the task of a row is not given (other than task-il) */
    PDR_GRAPH_SAFE = 4u,            /**< per-step hooks enqueue fixed-shape device work only: may be captured */
    PDR_RANK_SAFE = 8u,             /**< defined under data parallelism: see extension("perdure.ranks/1") */
    PDR_USES_GRADIENT = 16u,        /**< reads or edits flat_grads(): only then is the flat gradient built */
    PDR_DIFFERENTIATES_MODEL = 32u, /**< forward() or features() of the training model in a PDR_GRAD scope, or
                                        gradient() of it: needs autograd through the network; losses on logits
                                        alone do not */
    PDR_USES_FEATURES = 64u,        /**< reads step->features */
    PDR_WRITES_PARAMS = 128u,       /**< writes flat_params() in a step: never between before_forward and backward */
    PDR_IDLE_FIRST_TASK = 256u /**< until the first after_task it only watches: cells that differ in such strategies
                                        alone train their first task once, and share it */
};

/** The descriptor: constant, valid as long as the process runs. */
typedef struct pdr_plugin {
    uint32_t abi_version;    /**< PDR_ABI_VERSION. These eight bytes never change meaning, */
    uint32_t struct_size;    /**< sizeof(pdr_plugin): so that every host can refuse every plugin */
    const char *name;        /**< as in the scenario: lower case, digits, '-', '_'; required */
    const char *version;     /**< of the plugin: "1.0"; required */
    const char *summary;     /**< one line; required */
    const char *paper;       /**< "Rolnick et al. 2019, arXiv 1811.11682"; or NULL */
    const pdr_param *params; /**< ends with a NULL key; NULL: no parameters */
    uint64_t param_size;     /**< sizeof(pdr_param), so that rows can grow */
    uint64_t config_size;    /**< sizeof of the struct that the rows fill; 0: none, and create is given NULL */
    uint32_t state_version;  /**< of what save() writes; raise it when that changes */
    uint32_t flags;          /**< PDR_NEEDS_... and so on, or-ed */
    const pdr_hooks *hooks;  /**< required, and at least one of them */
    /** Makes an instance. host: lives until destroy has returned; keep the pointer. config: the filled struct, borrowed
     * for the call: copy it; what it points to (texts, lists) lives until destroy has returned. Once *self is set,
     * destroy follows, even when create then fails. No training yet: no model, no task; memories and streams may be
     * opened. Required. */
    pdr_status (*create)(const pdr_host *host, const void *config, void **self);
    /** Releases all that is owned and frees `self`. Required. */
    void (*destroy)(void *self);
    /** Answers extensions beyond this header by id, drafts: "perdure.x/1". NULL function or NULL answer: none. */
    const void *(*extension)(const char *id);
} pdr_plugin;

/** The only symbol that a strategy exports. Returns its descriptor, does nothing else, and never fails. */
PDR_EXPORT const pdr_plugin *perdure_plugin(void);

#ifdef __cplusplus
}
#endif
#endif
