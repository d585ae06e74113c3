/* A cell: one method with one seed, trained through the stream and evaluated after every task. Runs in a process of its
 * own, with the engine loaded. */
#ifndef PERDURE_TRAIN_TRAIN_H
#define PERDURE_TRAIN_TRAIN_H
#include <stdbool.h>

#include "base/error.h"
#include "base/picture.h"
#include "base/sha256.h"
#include "data/data.h"
#include "plan/plan.h"
#include "record/profile.h"
#include "record/result.h"

typedef struct train_progress { /* one report, at most a few a second */
    int64_t task, tasks;        /* from 1 */
    int64_t step, steps;        /* of the whole cell */
    double loss, steps_per_second;
    int64_t peak_bytes; /* the most memory that the cell's process had so far */
} train_progress;

struct host_mark;

/* What a cell tells and asks while it runs. Everything in it may be NULL. */
typedef struct train_listener {
    void *self;
    void (*progress)(void *self, const train_progress *p);
    void (*note)(void *self, const char *level,
                 const char *line); /* "info", "warning": a plugin's or the core's words */
    /* one point of log.jsonl: a name ("loss", "replay.size"), task and step of the cell, from 1, and the value. What is
     * measured are points as well: "accuracy/task-J" after task i has the number i, and before any training 0 and step 0 */
    void (*point)(void *self, const char *name, int64_t task, int64_t step, double value);
    /* accuracy on task `on` after `after` tasks */
    void (*measured)(void *self, int64_t after, int64_t on, double accuracy);
    /* the row of the matrix after so many tasks is whole, `step` steps of the cell are done; rows before it stand in it, too */
    void (*row)(void *self, int64_t after, int64_t step, const matrix *m);
    /* a strategy shows something behind `step` steps, under a name that can be that of a file ("genreplay.after-task-1") */
    int (*picture)(void *self, const char *name, int64_t step, const picture *p, error *e);
    /* Of the cell: its checkpoints and its memories on disk lie there, and from there it goes on. NULL: it keeps nothing. */
    const char *folder;
    /* Asked behind every step and every task: true, and the cell saves its state and ends with EXIT_RESUMABLE. */
    bool (*stop)(void *self);
    /* log.jsonl with a checkpoint: how long it is; that so much is on disk (called by another thread); and what is kept of
     * it when the cell goes on (-1: it begins anew, with nothing of what an earlier one kept in its folder). */
    int (*log_place)(void *self, int64_t *bytes, error *e);
    int (*log_sync)(void *self, error *e);
    int (*log_keep)(void *self, int64_t bytes, error *e);
    struct host_mark *mark; /* written on the way, see plugin/mark.h */
    profile *profile;       /* is told where the time goes */
    /* Where the first task lies that cells with this plan_beginning_digest() share: a folder, which may be empty. Where it holds
     * none, or one that cannot be used, the cell trains its own. NULL: it does. */
    const char *beginning, *beginning_sha256;
} train_listener;

/* `data`: opened by the caller, may be shared by many cells. On failure the error names plugin, hook, task and step. */
int train_cell(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
               cell_result **out, error *e);
/* The same rows in the same order through the bare engine loop, see bare.c: what `perdure bench` measures against. Its
 * matrix stays empty. */
int train_bare(const plan *p, int method, int64_t seed, const dataset *data, cell_result **out, error *e);

/* Trains the first task for cells of these methods, whose plan_beginning_digest() is listener->beginning_sha256, and keeps it in
 * listener->beginning; of the listener beginning, progress, stop and mark are used. 1: a strategy did more than watch, in words, or
 * the training failed, and nothing is kept; 75: asked to stop; 73, 74. */
int train_beginning(const plan *p, const int *methods, int count, int64_t seed, const dataset *data,
                    const train_listener *listener, error *e);

/* ---- what no run asks for, and who tests strategies does: see unusual.c ---- */

/* As train_cell, with no row to train on in task `empty` (from 0): its hooks are called, and none of a step. */
int train_without_rows(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
                       int64_t empty, cell_result **out, error *e);
/* Opens the cell of listener->folder from its newest checkpoint, as going on does, and saves its strategies at once, before any
 * further step. *differs: the first name ("tensor/anchor", "memory/samples/x") of which the two states differ, and how; ""
 * where they are equal to the byte; owned. 65 where there is no checkpoint. */
int train_saved_again(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
                      char **differs, error *e);

#endif
