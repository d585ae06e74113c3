/* See search.h. Scores come from the matrix of the validation rows in each trial's record; no other rows were measured. */
#include "run/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "record/record.h"
#include "scenario/variant.h"

bool trials_wait(const plan *p, const run_selection *s, const struct run_cells *trials)
{
    bool wait = false;
    for (int i = 0; i < trials->count; i++) {
        const struct run_cell *c = &trials->at[i];
        wait = wait || (selection_names(p, s, c) && !c->finished && !c->failure);
    }
    return wait;
}

/* ---- what each trial came to ---- */

int trial_value(const plan *p, const struct run_cell *c, double *score, error *e)
{
    const metric *by = metric_find(metric_name_text(p->scenario->search.metric));
    json_t *result = NULL;
    *score = (double)NAN;
    int code = c->finished ? record_read(c->folder, &result, e) : 0;
    if (code || !result)
        return code;
    matrix *m = record_matrix(result, "matrix_validation");
    if (m && by)
        *score = by->of(m);
    else
        code = error_set(e, EXIT_DATA, "%s/result.json: found no matrix_validation; expected one, as it is a trial",
                         c->folder);
    matrix_close(m);
    json_decref(result);
    return code;
}

/* The mean over its seeds, and each in `values`; NaN where one is missing. */
static int trial_score(const plan *p, const struct run_cells *trials, int trial, double *mean, json_t *values, error *e)
{
    double sum = 0;
    int count = 0, code = 0;
    for (int i = 0; i < trials->count && !code; i++) {
        double score = 0;
        if (trials->at[i].method != trial)
            continue;
        code = trial_value(p, &trials->at[i], &score, e);
        json_array_append_new(values, record_number_json(score));
        sum += score;
        count++;
    }
    *mean = sum / count;
    return code;
}

/* ---- the best of each method ---- */

bool trial_better(const plan *p, double score, double best)
{
    const metric *by = metric_find(metric_name_text(p->scenario->search.metric));
    return isfinite(score) && (!isfinite(best) || (by->higher_is_better ? score > best : score < best));
}

static bool method_waits(const plan *p, const struct run_cells *trials, int method)
{
    bool wait = false;
    for (int i = 0; i < trials->count; i++)
        wait = wait ||
               (plan_trial_of(p, trials->at[i].method) == method && !trials->at[i].finished && !trials->at[i].failure);
    return wait;
}

static int method_choose(plan *p, int method, int trial, double score, json_t *chosen, error *e)
{
    const char *name = p->methods[method].name;
    if (trial < 0) {
        error_set(e, EXIT_FAILED, "search: found no trial of %s that came to its end; expected one at least", name);
        return error_hint(e, "every trial's own error stands above; search.space says what is tried");
    }
    json_array_append_new(chosen,
                          json_pack("{s:s, s:s, s:o, s:o}", "method", name, "trial", p->methods[trial].name, "set",
                                    variant_set_json(p->methods[trial].options), "score", record_number_json(score)));
    fprintf(stderr, "perdure: search: %s: chosen is %s, %s %.4f on the validation rows\n", name, p->methods[trial].name,
            metric_name_text(p->scenario->search.metric), score);
    plan_choose(p, method, trial);
    return 0;
}

/* Scores of all trials into `told` and `scores` [trial_count], in their order. */
static int trials_score(const plan *p, const struct run_cells *trials, json_t *told, double *scores, error *e)
{
    int code = 0;
    for (int i = 0; i < p->trial_count && !code; i++) {
        json_t *values = json_array(), *one = json_array_get(told, (size_t)i);
        code = trial_score(p, trials, p->method_count + i, &scores[i], values, e);
        json_object_set_new(one, "score", record_number_json(scores[i]));
        json_object_set_new(one, "values", values);
    }
    return code;
}

/* *best: -1: the method has trials, none of which can be chosen; -2: it has none, or some are still to come. */
static void method_best(const plan *p, const struct run_cells *trials, const double *scores, int method, int *best)
{
    *best = -2;
    for (int i = 0; i < p->trial_count; i++) {
        if (plan_trial_of(p, p->method_count + i) != method)
            continue;
        *best = *best == -2 ? -1 : *best;
        if (trial_better(p, scores[i], *best < 0 ? (double)NAN : scores[*best]))
            *best = i;
    }
    if (*best != -2 && method_waits(p, trials, method))
        *best = -2;
}

int trials_choose(plan *p, const struct run_cells *trials, error *e)
{
    json_t *told = plan_search_json(p), *chosen = json_array();
    double *scores = alloc_zero((size_t)p->trial_count + 1, sizeof *scores);
    int code = trials_score(p, trials, json_object_get(told, "trials"), scores, e);
    for (int i = 0; i < p->method_count && !code; i++) {
        int best = -2;
        method_best(p, trials, scores, i, &best);
        if (best != -2)
            code = method_choose(p, i, best < 0 ? -1 : p->method_count + best, best < 0 ? 0 : scores[best], chosen, e);
    }
    json_object_set_new(told, "chosen", chosen);
    free(scores);
    p->searched = told;
    return code;
}

/* ---- and as it was ---- */

/* -1: the plan has no such trial of that method. */
static int trial_find(const plan *p, int method, const char *name)
{
    for (int i = p->method_count; i < p->method_count + p->trial_count && name; i++)
        if (!strcmp(p->methods[i].name, name) && plan_trial_of(p, i) == method)
            return i;
    return -1;
}

static int method_find(const plan *p, const char *name)
{
    for (int i = 0; i < p->method_count && name; i++)
        if (!strcmp(p->methods[i].name, name))
            return i;
    return -1;
}

int trials_recall(plan *p, const json_t *search, error *e)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(search, "chosen"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "method"));
        const char *chosen = json_string_value(json_object_get(one, "trial"));
        int method = method_find(p, name), trial = method < 0 ? -1 : trial_find(p, method, chosen);
        if (trial < 0)
            return error_set(e, EXIT_DATA,
                             "search.chosen[%zu]: found trial %s of method %s; expected one of the plan's", i,
                             chosen ? text_quoted(chosen) : "nothing", name ? text_quoted(name) : "nothing");
        plan_choose(p, method, trial);
    }
    json_decref(p->searched);
    p->searched = json_incref((json_t *)(size_t)search);
    return 0;
}
