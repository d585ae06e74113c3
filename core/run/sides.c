/* See sides.h. Bare, perdure, perdure, bare, ...: a machine that gets slower as it gets warm does so to both sides. */
#include "run/sides.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "record/record.h"
#include "run/cells.h"
#include "run/live.h"
#include "run/pairs.h"

static const char *const side_names[PAIR_SIDES] = {"bare", "perdure"};

/* ---- which side is which number of the coordinator ---- */

struct place {
    int method, pair, side;
};

static struct place place_of(const struct sides *s, int number)
{
    int pair = number / PAIR_SIDES % s->pairs;
    return (struct place){number / PAIR_SIDES / s->pairs, pair, (number + pair) % PAIR_SIDES};
}

static json_t **result_at(const struct sides *s, const struct place *p)
{
    return &s->results[(p->method * s->pairs + p->pair) * PAIR_SIDES + p->side];
}

/* ---- what the coordinator asks and tells ---- */

static int bare_live(const struct sides *s, const struct run_cell *c, error *e)
{
    cell_result *result = NULL;
    int code = train_bare(s->plan, c->method, c->seed, s->data, &result, e);
    if (!code)
        code = record_cell(c->folder, s->plan, c->method, c->seed, result, 0, NULL, e);
    cell_result_close(result);
    return code;
}

static int work_live(void *self, int number, const struct process_inside *inside, error *e)
{
    const struct sides *s = self;
    struct place at = place_of(s, number);
    struct run_cell cell = {.method = at.method, .seed = s->plan->scenario->seeds.at[0], .folder = s->folder};
    return at.side == PAIR_BARE ? bare_live(s, &cell, e) : cell_live(s->plan, s->data, &cell, inside, NULL, e);
}

/* A method that failed once is not tried again. */
static int work_clear(void *self, int number, error *e)
{
    const struct sides *s = self;
    struct place at = place_of(s, number);
    if (s->failures[at.method])
        return error_set(e, EXIT_FAILED, "%s", s->failures[at.method]);
    return record_remove(s->folder, true, e);
}

static bool work_recorded(void *self, int number, error *e)
{
    struct sides *s = self;
    struct place at = place_of(s, number);
    json_t **result = result_at(s, &at);
    return record_read(s->folder, result, e) == 0 && *result;
}

static void work_began(void *self, int number)
{
    struct sides *s = self;
    struct place at = place_of(s, number);
    snprintf(s->name, sizeof s->name, "%s, pair %d, %s", s->plan->methods[at.method].name, at.pair + 1,
             side_names[at.side]);
    progress_begin(&s->progress, number, s->name);
}

static void work_words(void *self, int number, const char *line)
{
    struct sides *s = self;
    (void)number;
    progress_words(&s->progress, s->name, line);
}

/* Accuracies are not what it is about, and what a strategy says it says in every pair. */
static void work_told(void *self, int number, const struct message *m)
{
    struct sides *s = self;
    if (m->kind == MESSAGE_PROGRESS)
        progress_tell(&s->progress, number, &m->as.progress);
    if (m->kind == MESSAGE_NOTE && place_of(s, number).pair == 0) {
        char *line = alloc_format("%s: %s", m->as.note.level, m->as.note.line);
        work_words(self, number, line);
        free(line);
    }
}

static void method_failed(struct sides *s, int number, int method, const error *why)
{
    if (s->failures[method]) {
        progress_end(&s->progress, number, NULL);
        return;
    }
    char *line =
        alloc_format("perdure: error: %s: %s%s%s", s->name, why->text, why->hint[0] ? "\nhint: " : "", why->hint);
    s->failures[method] = alloc_text(why->text);
    s->failed++;
    progress_end(&s->progress, number, "failed");
    progress_note(&s->progress, line);
    free(line);
}

static void work_ended(void *self, int number, const error *why)
{
    struct sides *s = self;
    struct place at = place_of(s, number);
    if (why) {
        method_failed(s, number, at.method, why);
        return;
    }
    char *words =
        alloc_format("%.1f steps/s", json_number_value(json_object_get(*result_at(s, &at), "steps_per_second")));
    progress_end(&s->progress, number, words);
    free(words);
}

static double work_hook_limit(void *self, int number)
{
    const struct sides *s = self;
    return cell_hook_limit(s->plan, place_of(s, number).method);
}

static void work_tick(void *self)
{
    struct sides *s = self;
    progress_tick(&s->progress);
}

/* ---- the whole ---- */

int sides_run(struct sides *s, error *e)
{
    struct cells_work work = {.count = s->plan->method_count * s->pairs * PAIR_SIDES,
                              .jobs = 1,
                              .self = s,
                              .clear = work_clear,
                              .body = work_live,
                              .recorded = work_recorded,
                              .began = work_began,
                              .told = work_told,
                              .words = work_words,
                              .ended = work_ended,
                              .tick = work_tick,
                              .hook_limit = work_hook_limit};
    progress_open(&s->progress, work.count, 0, work.jobs);
    int code = cells_run(&work, e);
    progress_close(&s->progress);
    if (code == EXIT_RESUMABLE)
        error_hint(e, "nothing of a benchmark is kept: the same command starts over");
    return code;
}
