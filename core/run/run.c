/* A run from end to end: lock, look, read the data once, run what is missing, put the results together. See run.h. */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/data.h"
#include "record/record.h"
#include "run/aside.h"
#include "run/beginnings.h"
#include "run/cells.h"
#include "run/data_open.h"
#include "run/exporter.h"
#include "run/folder.h"
#include "run/gates.h"
#include "run/live.h"
#include "run/lock.h"
#include "run/origin.h"
#include "run/progress.h"
#include "run/results.h"
#include "run/search.h"
#include "run/signals.h"

typedef struct run {
    plan *plan;    /* only data_sha256 is filled in here */
    dataset *data; /* read before the first fork: every cell has it, copy on write */
    struct run_cells cells;
    bool trials;  /* they are those of the search */
    int *pending; /* [pending_count] in cells.at */
    int pending_count, wanted, failed, lock;
    struct beginnings beginnings; /* of the pending cells, while these run */
    int *work; /* what the coordinator's numbers mean: of pending, or behind them [pending_count + i] of beginnings */
    int work_count;
    int all, before; /* cells that the whole is of, trials too; those of them that are behind these */
    bool fresh, changed, profile, alone;
    const run_selection *selection;
    struct progress progress;
    provenance origin;  /* of cells */
    exporter *exporter; /* NULL: nobody wants metrics */
} run;

/* NULL: it is a cell. */
static struct beginning *beginning_at(const run *r, int number)
{
    const int at = r->work[number] - r->pending_count;
    return at < 0 ? NULL : &r->beginnings.at[at];
}

static struct beginning *beginning_of(const run *r, int number)
{
    const int at = r->alone ? -1 : r->beginnings.of[r->work[number]];
    return at < 0 ? NULL : &r->beginnings.at[at];
}

static struct run_cell *cell_at(run *r, int number) { return &r->cells.at[r->pending[r->work[number]]]; }

/* ---- what the coordinator asks and tells ---- */

static int work_live(void *self, int number, const struct process_inside *inside, error *e)
{
    run *r = self;
    if (beginning_at(r, number))
        return beginning_live(r->plan, r->data, beginning_at(r, number), inside, e);
    return cell_live(r->plan, r->data, cell_at(r, number), inside, &r->origin, e);
}

static double work_hook_limit(void *self, int number)
{
    run *r = self;
    const struct beginning *b = beginning_at(r, number);
    return cell_hook_limit(r->plan, b ? b->methods[0] : cell_at(r, number)->method);
}

/* What an earlier run left of a cell, and what it does not go on from, goes when the cell begins, not before: a run that
 * cannot start loses nothing. */
static int work_clear(void *self, int number, error *e)
{
    run *r = self;
    if (beginning_at(r, number))
        return beginning_clear(beginning_at(r, number), e);
    return record_remove(cell_at(r, number)->folder, r->fresh, e);
}

static bool work_recorded(void *self, int number, error *e)
{
    run *r = self;
    bool finished = false;
    if (beginning_at(r, number))
        return beginning_there(beginning_at(r, number));
    return cell_look(r->plan, cell_at(r, number), &finished, e) == 0 && finished;
}

static void work_began(void *self, int number)
{
    run *r = self;
    if (beginning_at(r, number)) {
        progress_begin_beside(&r->progress, number, beginning_at(r, number)->name);
        return;
    }
    origin_begun(&r->origin);
    progress_begin(&r->progress, number, cell_at(r, number)->name);
    exporter_began(r->exporter, number, r->plan->methods[cell_at(r, number)->method].name, cell_at(r, number)->seed);
}

static void work_words(void *self, int number, const char *line)
{
    run *r = self;
    const struct beginning *b = beginning_at(r, number);
    progress_words(&r->progress, b ? b->name : cell_at(r, number)->name, line);
}

static void work_told(void *self, int number, const struct message *m)
{
    run *r = self;
    if (!beginning_at(r, number))
        exporter_told(r->exporter, number, m);
    if (m->kind == MESSAGE_PROGRESS) {
        progress_tell(&r->progress, number, &m->as.progress);
    } else if (m->kind == MESSAGE_MEASURED) {
        progress_measured(&r->progress, number, m->as.measured.after, m->as.measured.on, m->as.measured.accuracy);
    } else if (m->kind == MESSAGE_NOTE) {
        char *line = alloc_format("%s: %s", m->as.note.level, m->as.note.line);
        work_words(self, number, line);
        free(line);
    }
}

static void cell_failed(run *r, int number, struct run_cell *c, const error *why)
{
    char *line =
        alloc_format("perdure: error: %s: %s%s%s", c->name, why->text, why->hint[0] ? "\nhint: " : "", why->hint);
    c->failure = alloc_text(why->text);
    r->failed++;
    progress_end(&r->progress, number, "failed");
    progress_note(&r->progress, line);
    free(line);
}

/* Where nothing came of it, its cells train their first task themselves, and say what is wrong with it. */
static void beginning_ended(run *r, int number, struct beginning *b, const error *why)
{
    const bool stopped = why && why->code == EXIT_RESUMABLE;
    char *words = !why
                      ? alloc_format("first task trained once for all, in %.1f s", progress_since(&r->progress, number))
                  : stopped && signals_stop()
                      ? alloc_text(why->text)
                      : alloc_format("%s; each trains its first task itself", stopped ? "stopped" : why->text);
    b->over = true;
    progress_end(&r->progress, number, words);
    free(words);
}

static void work_ended(void *self, int number, const error *why)
{
    run *r = self;
    if (beginning_at(r, number)) {
        beginning_ended(r, number, beginning_at(r, number), why);
        return;
    }
    if (beginning_of(r, number) && !(why && why->code == EXIT_RESUMABLE))
        beginning_left(beginning_of(r, number));
    struct run_cell *c = cell_at(r, number);
    const bool stopped = why && why->code == EXIT_RESUMABLE;
    exporter_ended(r->exporter, number, !why ? EXPORTED_FINISHED : stopped ? EXPORTED_STOPPED : EXPORTED_FAILED);
    if (stopped) {
        progress_end(&r->progress, number, why->text); /* and whether it was saved */
        return;
    }
    if (why) {
        cell_failed(r, number, c, why);
        return;
    }
    char *words = alloc_format("done in %.1f s", progress_since(&r->progress, number));
    c->finished = true;
    progress_end(&r->progress, number, words);
    free(words);
}

static void work_waits(void *self, int cells)
{
    run *r = self;
    char *line = alloc_format("perdure: %s: waits for %d running cell%s to stop; Ctrl-C again gives up at once",
                              signals_name(), cells, cells == 1 ? "" : "s");
    progress_note(&r->progress, line);
    free(line);
}

static void work_tick(void *self)
{
    run *r = self;
    char *words = NULL;
    progress_tick(&r->progress);
    if (exporter_tick(r->exporter, &words))
        progress_note(&r->progress, words);
    free(words);
}

/* Threads that share a core wait for each other in every operation. */
static void threads_warn(const run *r, int jobs)
{
    long long cores = sysconf(_SC_NPROCESSORS_ONLN), threads = r->plan->scenario->device.threads;
    if (jobs > 1 && jobs * threads > cores)
        fprintf(stderr,
                "perdure: warning: found %d cells at a time with %lld thread%s each; expected at most %lld threads, as "
                "many as there are cores: they slow each other down\n",
                jobs, threads, threads == 1 ? "" : "s", cores);
}

/* A cell waits for the first task that it shares. */
static bool work_ready(void *self, int number)
{
    run *r = self;
    const struct beginning *b = beginning_at(r, number) ? NULL : beginning_of(r, number);
    return !b || b->over;
}

static bool work_needed(void *self, int number) { return !beginning_at(self, number); }

/* Each beginning stands before the first of its cells. */
static void work_take(run *r)
{
    struct beginnings *b = &r->beginnings;
    beginnings_free(b);
    beginnings_take(r->plan, r->data, &r->cells, r->pending, r->alone ? 0 : r->pending_count, r->fresh, b);
    bool *taken = alloc_zero((size_t)b->count + 1, sizeof *taken);
    free(r->work);
    r->work = alloc_zero((size_t)(r->pending_count + b->count) + 1, sizeof *r->work);
    r->work_count = 0;
    for (int i = 0; i < r->pending_count; i++) {
        struct run_cell *c = &r->cells.at[r->pending[i]];
        const int of = r->alone ? -1 : b->of[i];
        c->beginning = of < 0 ? NULL : b->at[of].folder;
        c->beginning_sha256 = of < 0 ? NULL : b->at[of].digest;
        if (of >= 0 && !taken[of] && !b->at[of].over)
            r->work[r->work_count++] = r->pending_count + of;
        if (of >= 0)
            taken[of] = true;
        r->work[r->work_count++] = i;
    }
    free(taken);
}

static int cells_train(run *r, int jobs, error *e)
{
    work_take(r);
    struct cells_work work = {.count = r->work_count,
                              .jobs = jobs < r->work_count ? jobs : r->work_count,
                              .self = r,
                              .clear = work_clear,
                              .body = work_live,
                              .recorded = work_recorded,
                              .began = work_began,
                              .told = work_told,
                              .words = work_words,
                              .ended = work_ended,
                              .tick = work_tick,
                              .hook_limit = work_hook_limit,
                              .waits = work_waits,
                              .saves = true,
                              .ready = work_ready,
                              .needed = work_needed};
    threads_warn(r, work.jobs);
    origin_begin(&r->origin, r->data, true);
    progress_open(&r->progress, r->all, r->before + r->wanted - r->pending_count, work.jobs);
    int code = cells_run(&work, e);
    progress_close(&r->progress);
    origin_end(&r->origin);
    if (!code)
        beginnings_remove(r->plan);
    return code;
}

/* ---- before the first cell ---- */

/* What the data holds is a part of what a cell is, so it is read even when nothing is left to train. */
static int data_take(run *r, error *e)
{
    int code = data_open(r->plan, &r->data, e);
    if (code)
        return code;
    dataset_digest(r->data, r->plan->data_sha256);
    return 0;
}

/* Without LibTorch every cell would fail for one reason. */
static int torch_there(error *e)
{
    char *root = engine_torch_root(e);
    free(root);
    return root ? 0 : e->code;
}

static void pending_take(run *r)
{
    free(r->pending);
    r->pending = alloc_zero((size_t)r->cells.count + 1, sizeof *r->pending);
    r->pending_count = 0;
    for (int i = 0; i < r->cells.count; i++)
        if (r->cells.at[i].wanted && !r->cells.at[i].finished)
            r->pending[r->pending_count++] = i;
}

/* What is there of another plan goes aside once nothing else can keep the cells from being run, and before the folder's plan is written
 * over: until then that says what has changed. Tells what is finished and what begins anew. */
static int stage_clear(const run *r, error *e)
{
    int aside = 0;
    int code = aside_put(r->plan, &r->cells, &aside, e);
    char *of = alloc_format("%d %s", r->wanted, r->trials ? "trials" : "cells");
    char *words = aside_words(r->plan, r->wanted - r->pending_count, aside, of);
    if (words)
        fprintf(stderr, "perdure: %s\n", words);
    free(words);
    free(of);
    return code;
}

/* The cells of a stage: the trials of a search, then those of the methods. The plan is to hold what their digests cover. */
static int stage_take(run *r, bool trials, error *e)
{
    cells_free(&r->cells);
    r->trials = trials;
    r->cells = trials ? cells_of_trials(r->plan) : cells_of(r->plan);
    selection_take(r->plan, r->selection, &r->cells);
    for (int i = 0; i < r->cells.count; i++)
        r->cells.at[i].profiled = r->profile;
    r->wanted = cells_wanted(&r->cells);
    return cells_look(r->plan, &r->cells, r->fresh ? OTHER_OVER : r->changed ? OTHER_ASIDE : OTHER_REFUSED, e);
}

static int stage_run(run *r, int jobs, error *e)
{
    int code = r->pending_count > 0 ? torch_there(e) : 0;
    if (!code && r->pending_count > 0)
        code = cells_train(r, jobs, e);
    return code;
}

static int nothing_begun(const run *r, error *e)
{
    error_set(e, EXIT_NO_INPUT, "%s: found nothing to go on with; expected a finished cell or a checkpoint",
              r->plan->folder);
    return error_hint(e, "without --resume the run begins where there is nothing");
}

/* How many cells the bar and the metrics are of. */
static int cells_all(const run *r)
{
    if (!r->trials)
        return r->wanted;
    struct run_cells methods = cells_of(r->plan);
    selection_take(r->plan, r->selection, &methods);
    int all = r->wanted + cells_wanted(&methods);
    cells_free(&methods);
    return all;
}

static int metrics_open(run *r, error *e)
{
    const struct metrics_options *o = &r->plan->scenario->output.metrics;
    int code = exporter_open(r->plan, r->all, r->before + r->wanted - r->pending_count, &r->exporter, e);
    if (!code && o->port)
        fprintf(stderr, "perdure: metrics: http://127.0.0.1:%lld/metrics\n", (long long)o->port);
    return code;
}

/* A folder that holds something else is left as it is. That of a run is locked before its cells are looked at; one that
 * is not there has none, and is made only when the data proved good. */
static int run_prepare(run *r, const run_options *options, error *e)
{
    const char *folder = r->plan->folder;
    int code = signals_stopped(e); /* while the plan was made */
    if (!code)
        code = folder_look(r->plan, options->fresh, e);
    if (!code && folder_exists(folder))
        code = lock_take(folder, &r->lock, e);
    else if (!code && options->resume)
        code = nothing_begun(r, e);
    if (code || (code = data_take(r, e)) || (code = stage_take(r, r->plan->trial_count > 0, e)))
        return code;
    if (options->resume && !cells_begun(&r->cells))
        return nothing_begun(r, e);
    if ((code = signals_stopped(e))) /* before anything is written */
        return code;
    pending_take(r);
    r->all = cells_all(r);
    if (r->pending_count > 0 && ((code = torch_there(e)) || (code = metrics_open(r, e)))) /* before there is a folder */
        return code;
    if (r->lock < 0 && ((code = folder_make(folder, e)) || (code = lock_take(folder, &r->lock, e))))
        return code;
    file_sweep(folder);
    if ((code = stage_clear(r, e)))
        return code;
    if (r->pending_count > 0)
        origin_remove(r->plan);
    return folder_describe(r->plan, e);
}

/* The last word of a run that came to its end: what does not hold, and the exit code. */
static int run_judge(const run *r, const json_t *summary)
{
    size_t gates = json_array_size(json_object_get(summary, "gates")), open = gates_open(summary);
    if (r->failed > 0)
        fprintf(stderr, "perdure: %d of %d cells failed; the same command tries them again\n", r->failed, r->wanted);
    if (open > 0)
        fprintf(stderr, "perdure: of %zu gate%s %zu failed, %zu could not be decided\n", gates, gates == 1 ? "" : "s",
                gates_failed(summary), open - gates_failed(summary));
    return r->failed > 0 || open > 0 ? EXIT_FAILED : 0;
}

/* Its digest is for whoever publishes the run: it stands for all that the manifest holds. */
static int manifest_write(const run *r, error *e)
{
    char digest[SHA256_HEX];
    int code = origin_write(r->plan, &r->cells, digest, e);
    if (!code && digest[0])
        fprintf(stderr, "perdure: manifest: SHA-256 %s\n", digest);
    return code;
}

/* Of a run whose cells are all there, or have failed. */
static int run_conclude(const run *r, json_t **summary, error *e)
{
    int code = results_write(r->plan, &r->cells, summary, e);
    if (!code && (code = manifest_write(r, e))) {
        json_decref(*summary);
        *summary = NULL;
    }
    return code;
}

/* Of the cells behind the trials. Where no trial was left to run, nobody has asked for metrics yet. */
static int stage_metrics(run *r, error *e)
{
    pending_take(r);
    if (r->exporter)
        exporter_finished(r->exporter, r->wanted - r->pending_count);
    else if (r->pending_count > 0)
        return metrics_open(r, e);
    return 0;
}

/* Behind the trials: what is best, once all of them are there, and the cells of the methods as they are then. */
static int search_end(run *r, bool *waits, error *e)
{
    *waits = trials_wait(r->plan, r->selection, &r->cells);
    if (*waits)
        return 0;
    if (r->failed > 0)
        fprintf(stderr, "perdure: %d of %d trials failed; none of them is chosen\n", r->failed, r->wanted);
    r->before = r->wanted;
    r->failed = 0;
    int code = trials_choose(r->plan, &r->cells, e);
    if (!code)
        code = folder_describe(r->plan, e);
    if (!code)
        code = stage_take(r, false, e);
    if (!code)
        code = stage_metrics(r, e);
    if (!code && r->pending_count > 0)
        code = torch_there(e);
    if (!code)
        code = stage_clear(r, e);
    if (!code && r->pending_count > 0) /* where no trial was left to run, it is there still */
        origin_remove(r->plan);
    return code;
}

static int run_go(run *r, const run_options *options, json_t **summary, error *e)
{
    bool waits = false;
    int code = run_prepare(r, options, e);
    if (!code)
        code = stage_run(r, options->jobs, e);
    if (!code && r->trials && !(code = search_end(r, &waits, e)) && !waits)
        code = stage_run(r, options->jobs, e);
    if (code == EXIT_RESUMABLE)
        error_hint(e, "finished cells are kept; the same command goes on");
    if (!code && (waits || (r->wanted < r->cells.count && cells_finished(&r->cells, false) < r->cells.count)))
        code = results_partial(r->plan, &r->cells, summary, e);
    else if (!code)
        code = run_conclude(r, summary, e);
    return code ? code : run_judge(r, *summary);
}

int run_plan(plan *p, const run_options *options, json_t **summary, error *e)
{
    run r = {.plan = p,
             .lock = -1,
             .fresh = options->fresh,
             .changed = options->changed,
             .profile = options->profile,
             .alone = options->alone || options->profile, /* else what others trained would miss in the times */
             .selection = &options->selection};
    *summary = NULL;
    int code = run_go(&r, options, summary, e);
    exporter_close(r.exporter);
    if (r.data)
        dataset_close(r.data);
    cells_free(&r.cells);
    beginnings_free(&r.beginnings);
    free(r.work);
    free(r.pending);
    lock_drop(r.lock);
    return code;
}
