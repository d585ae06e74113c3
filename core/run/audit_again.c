/* Cells of a run once more, from the scenario that the run kept and in a folder of their own; audit_compare.c judges them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "record/record.h"
#include "run/audit.h"
#include "run/cells.h"
#include "run/folder.h"
#include "run/live.h"
#include "run/origin.h"
#include "run/progress.h"
#include "run/selection.h"

struct again {
    audit *audit;
    struct run_cells cells; /* of the plan, in the folder of this verification */
    int *chosen, count;     /* [count] in cells.at */
    int *recorded;          /* [cells.count] in audit->cells; -1: not recorded */
    struct progress progress;
    provenance origin;
};

static struct run_cell *cell_at(struct again *g, int number) { return &g->cells.at[g->chosen[number]]; }
static struct audit_cell *recorded_at(struct again *g, int number)
{
    return &g->audit->cells[g->recorded[g->chosen[number]]];
}

/* ---- which ---- */

static uint32_t drawn(void)
{
    uint32_t word = 0;
    if (getrandom(&word, sizeof word, 0) != (ssize_t)sizeof word)
        word = (uint32_t)getpid();
    return word;
}

/* Drawn anew each time: whoever changes a record does not know which cells will be asked for. */
static void cells_draw(struct again *g)
{
    long wanted = g->audit->options->cells;
    for (int i = 0; i < g->count - 1; i++) {
        int other = i + (int)(drawn() % (uint32_t)(g->count - i)), kept = g->chosen[i];
        g->chosen[i] = g->chosen[other];
        g->chosen[other] = kept;
    }
    if (wanted >= 0 && wanted < g->count)
        g->count = (int)wanted;
}

static int recorded_find(const audit *a, const char *name)
{
    for (int i = 0; i < a->cell_count; i++)
        if (!strcmp(a->cells[i].name, name))
            return i;
    return -1;
}

/* ---- what the coordinator asks and tells, as in sides.c ---- */

static int work_live(void *self, int number, const struct process_inside *inside, error *e)
{
    struct again *g = self;
    return cell_live(g->audit->recorded.plan, g->audit->data, cell_at(g, number), inside, &g->origin, e);
}

static bool work_recorded(void *self, int number, error *e)
{
    struct again *g = self;
    json_t *result = NULL;
    bool there = record_read(cell_at(g, number)->folder, &result, e) == 0 && result;
    json_decref(result);
    return there;
}

static void work_began(void *self, int number)
{
    struct again *g = self;
    origin_begun(&g->origin);
    progress_begin(&g->progress, number, cell_at(g, number)->name);
}

static void work_words(void *self, int number, const char *line)
{
    struct again *g = self;
    progress_words(&g->progress, cell_at(g, number)->name, line);
}

static void work_told(void *self, int number, const struct message *m)
{
    struct again *g = self;
    if (m->kind == MESSAGE_PROGRESS)
        progress_tell(&g->progress, number, &m->as.progress);
}

static double work_hook_limit(void *self, int number)
{
    struct again *g = self;
    return cell_hook_limit(g->audit->recorded.plan, cell_at(g, number)->method);
}

static void work_tick(void *self)
{
    struct again *g = self;
    progress_tick(&g->progress);
}

static void cell_judge(struct again *g, int number);

static void work_ended(void *self, int number, const error *why)
{
    struct again *g = self;
    char *words = alloc_format("done in %.1f s", progress_since(&g->progress, number));
    progress_end(&g->progress, number, why ? "failed" : words);
    if (!why)
        cell_judge(g, number);
    else if (why->code != EXIT_RESUMABLE)
        audit_bad(g->audit, cell_at(g, number)->name, "again: %s", why->text);
    free(words);
}

/* ---- the verdict on a cell ---- */

static json_t *manifest_read(const char *folder)
{
    char *path = alloc_format("%s/" PROVENANCE_FILE, folder);
    json_t *read = NULL;
    record_json_read(path, &read, NULL);
    free(path);
    return read;
}

static void cell_judge(struct again *g, int number)
{
    audit *a = g->audit;
    struct run_cell *c = cell_at(g, number);
    struct audit_cell *was = recorded_at(g, number);
    json_t *is = NULL, *manifest = manifest_read(c->folder);
    if (record_read(c->folder, &is, NULL) || !is || !was->result)
        audit_bad(a, c->name, "again: found no record to compare; expected two");
    else
        was->again = audit_compare(a, was, is, manifest) && audit_log(a, was, c->folder) ? 1 : -1;
    if (was->again > 0)
        audit_good(a, c->name, "run again: matrix and weights are the same, bit for bit");
    json_decref(manifest);
    json_decref(is);
}

/* ---- the whole ---- */

static int cells_train(struct again *g, error *e)
{
    int jobs = g->audit->options->jobs;
    struct cells_work work = {.count = g->count,
                              .jobs = jobs < g->count ? jobs : g->count,
                              .self = g,
                              .body = work_live,
                              .recorded = work_recorded,
                              .began = work_began,
                              .told = work_told,
                              .words = work_words,
                              .ended = work_ended,
                              .tick = work_tick,
                              .hook_limit = work_hook_limit};
    origin_begin(&g->origin, g->audit->data, false);
    progress_open(&g->progress, g->count, 0, work.jobs);
    int code = cells_run(&work, e);
    progress_close(&g->progress);
    origin_end(&g->origin);
    if (code == EXIT_RESUMABLE)
        error_hint(e, "nothing of a verification is kept: the same command starts over");
    return code;
}

static void cells_choose(struct again *g)
{
    const audit *a = g->audit;
    const verify_options *o = a->options;
    const run_selection only = {.only = (const char *const *)o->only, .only_count = o->only_count};
    int wanted = 0;
    g->chosen = alloc_zero((size_t)g->cells.count + 1, sizeof *g->chosen);
    g->recorded = alloc_zero((size_t)g->cells.count + 1, sizeof *g->recorded);
    for (int i = 0; i < g->cells.count; i++) {
        const struct run_cell *c = &g->cells.at[i];
        g->recorded[i] = recorded_find(a, c->name);
        if (!selection_names(a->recorded.plan, &only, c) || g->recorded[i] < 0 || !a->cells[g->recorded[i]].manifest)
            continue;
        wanted++;
        if (!a->cells[g->recorded[i]].other) /* audit_plans has told */
            g->chosen[g->count++] = i;
    }
    cells_draw(g);
    if (wanted == 0)
        audit_bad(g->audit, "again", "found no recorded cell to run again%s; expected one",
                  o->only_count ? " among those of --only" : "");
}

static int torch_there(audit *a)
{
    error why = {0};
    char *root = engine_torch_root(&why);
    if (!root)
        audit_bad(a, "again", "%s", why.text);
    free(root);
    return root != NULL;
}

int audit_again(audit *a, error *e)
{
    struct again g = {.audit = a};
    int code = 0;
    g.cells = cells_of(a->recorded.plan);
    cells_choose(&g);
    if (g.count > 0 && torch_there(a))
        code = cells_train(&g, e);
    cells_free(&g.cells);
    free(g.chosen);
    free(g.recorded);
    return code;
}
