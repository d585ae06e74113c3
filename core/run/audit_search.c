/* The search of a run: what it chose becomes a part of the plan again, and is held to what each trial came to. Trials are no
 * cells of the record: where they lie beside it, their validation rows must give the scores; a bundle has none of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/differ.h"
#include "record/record.h"
#include "run/audit.h"
#include "run/folder.h"
#include "run/search.h"

enum { VALUE_SHOWN = 60 };

static bool alike(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void score_bad(audit *a, const char *trial, const char *key, double found, double expected, const char *by)
{
    json_t *values[] = {record_number_json(found), record_number_json(expected)};
    char *is = differ_words(values[0], VALUE_SHOWN), *was = differ_words(values[1], VALUE_SHOWN);
    audit_bad(a, "manifest.json", "search: %s: %s: found %s; expected %s, %s", trial, key, is, was, by);
    free(was);
    free(is);
    json_decref(values[0]);
    json_decref(values[1]);
}

/* ---- what was asked for: all but what came out ---- */

static void asked_differs(void *self, const char *path, const json_t *const *values, size_t count)
{
    audit *a = self;
    (void)count;
    char *found = differ_words(values[0], VALUE_SHOWN), *expected = differ_words(values[1], VALUE_SHOWN);
    audit_bad(a, "manifest.json", "search.%s: found %s; expected %s, as scenario.yaml says", path, found, expected);
    free(expected);
    free(found);
}

static void asked_check(audit *a, const json_t *search)
{
    json_t *found = json_deep_copy(search), *asked = differ_as_written(plan_search_json(a->recorded.plan));
    size_t i;
    json_t *trial;
    json_object_del(found, "chosen");
    json_array_foreach(json_object_get(found, "trials"), i, trial)
    {
        json_object_del(trial, "score");
        json_object_del(trial, "values");
    }
    const json_t *const both[] = {found, asked};
    differ_walk(both, 2, asked_differs, a);
    json_decref(asked);
    json_decref(found);
}

/* ---- scores ---- */

static double value_at(const json_t *trial, size_t i)
{
    const json_t *value = json_array_get(json_object_get(trial, "values"), i);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void mean_check(audit *a, const json_t *trial, size_t seeds)
{
    double sum = 0;
    for (size_t i = 0; i < seeds; i++)
        sum += value_at(trial, i);
    if (!alike(record_number_at(trial, "score"), sum / (double)seeds))
        score_bad(a, audit_word(trial, "name"), "score", record_number_at(trial, "score"), sum / (double)seeds,
                  "the mean of its values");
}

/* Returns how many of their records are there. */
static int values_check(audit *a, const json_t *rows)
{
    const plan *p = a->recorded.plan;
    struct run_cells trials = cells_of_trials(p);
    const size_t seeds = (size_t)p->scenario->search.seeds.count;
    int there = 0;
    for (int i = 0; i < trials.count; i++) {
        struct run_cell *c = &trials.at[i];
        const json_t *trial = json_array_get(rows, (size_t)i / seeds);
        error why = {0};
        double score = 0;
        char *path = alloc_format("%s/result.json", c->folder);
        c->finished = file_exists(path);
        free(path);
        if (!c->finished)
            continue;
        there++;
        if (trial_value(p, c, &score, &why))
            audit_bad(a, "trials", "%s", why.text);
        else if (!alike(score, value_at(trial, (size_t)i % seeds)))
            score_bad(a, c->name, "score", value_at(trial, (size_t)i % seeds), score, "as its matrix gives");
    }
    cells_free(&trials);
    return there;
}

/* ---- the choice ---- */

static const json_t *trial_named(const json_t *rows, const char *name)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!strcmp(audit_word(json_array_get(rows, i), "name"), name))
            return json_array_get(rows, i);
    return NULL;
}

static void choice_check(audit *a, const json_t *rows, const json_t *one)
{
    const char *name = audit_word(one, "trial");
    double score = record_number_at(one, "score"), known = record_number_at(trial_named(rows, name), "score");
    if (!alike(score, known))
        score_bad(a, name, "score where it is chosen", score, known, "as its trial's");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *trial = json_array_get(rows, i);
        if (!strcmp(audit_word(trial, "method"), audit_word(one, "method")) &&
            trial_better(a->recorded.plan, record_number_at(trial, "score"), known))
            audit_bad(a, "manifest.json", "search: %s: found %s chosen; expected %s, whose score is better",
                      audit_word(one, "method"), text_quoted(name), text_quoted(audit_word(trial, "name")));
    }
}

static void search_check(audit *a, const json_t *search)
{
    const json_t *rows = json_object_get(search, "trials"), *chosen = json_object_get(search, "chosen");
    int64_t bad = a->bad;
    asked_check(a, search);
    if (a->bad != bad) /* trials of something else */
        return;
    for (size_t i = 0; i < json_array_size(rows); i++)
        mean_check(a, json_array_get(rows, i), (size_t)a->recorded.plan->scenario->search.seeds.count);
    for (size_t i = 0; i < json_array_size(chosen); i++)
        choice_check(a, rows, json_array_get(chosen, i));
    int there = values_check(a, rows);
    if (a->bad == bad)
        audit_good(a, "search",
                   "%zu trial%s: what was chosen is the best by the validation rows; %d record%s of them here",
                   json_array_size(rows), json_array_size(rows) == 1 ? "" : "s", there, there == 1 ? "" : "s");
}

void audit_search(audit *a)
{
    plan *p = a->recorded.plan;
    const json_t *search = json_object_get(a->whole, "search");
    error why = {0};
    char *out = p->folder;
    if (p->trial_count == 0)
        return;
    if (!json_is_object(search)) {
        audit_bad(a, "manifest.json", "search: found none; expected what each trial came to");
        return;
    }
    p->folder = (char *)(uintptr_t)a->folder;
    search_check(a, search);
    p->folder = out;
    if (trials_recall(p, search, &why))
        audit_bad(a, "manifest.json", "%s", why.text);
}
