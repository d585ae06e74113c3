/* See results.h. Records are read back from the files, also of the cells that this process has just run: what stands
 * there is what everybody else will see. */
#include "run/results.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"
#include "run/comparisons.h"
#include "run/gates.h"
#include "run/summary.h"

static struct summary_head head_of(const struct scenario *s, const char **names)
{
    size_t count = (size_t)s->evaluation.metrics.count;
    for (size_t i = 0; i < count; i++)
        names[i] = metric_name_text((enum metric_name)s->evaluation.metrics.at[i]);
    return (struct summary_head){.name = s->name,
                                 .scenario = scenario_kind_name(s->stream.scenario),
                                 .mask = s->stream.scenario == TASK_IL ? "task-aware" : "task-agnostic",
                                 .error = error_kind_name(s->evaluation.error),
                                 .metrics = names,
                                 .metric_count = count};
}

static int method_add(const plan *p, int method, const struct run_cells *c, const struct summary_head *h,
                      json_t *summary, error *e)
{
    json_t **results = alloc_zero((size_t)c->count, sizeof(json_t *));
    size_t count = 0;
    int code = 0;
    for (int i = 0; i < c->count && !code; i++) {
        const struct run_cell *cell = &c->at[i];
        if (cell->method != method)
            continue;
        if (cell->finished && !(code = record_read(cell->folder, &results[count], e)) && results[count])
            count++;
        if (cell->failure)
            summary_failed(summary, p->methods[method].name, cell->seed, cell->failure);
    }
    if (!code) {
        summary_method(summary, h, p->methods[method].name, results, count);
        json_t *rows = json_object_get(summary, "methods");
        json_t *row = json_array_get(rows, json_array_size(rows) - 1);
        plan_variant_add(&p->methods[method], row);
        if (p->methods[method].train_on != TRAIN_TASK) /* a reference to the others, and not one of them */
            json_object_set_new(row, "train_on", json_string(train_on_name(p->methods[method].train_on)));
    }
    for (size_t i = 0; i < count; i++)
        json_decref(results[i]);
    free(results);
    return code;
}

/* Those of all methods, or of those that have a finished cell. */
static int methods_add(const plan *p, const struct run_cells *c, bool all, json_t **summary, error *e)
{
    const char **names = alloc_zero((size_t)p->scenario->evaluation.metrics.count + 1, sizeof(char *));
    struct summary_head head = head_of(p->scenario, names);
    json_t *made = summary_begin(&head);
    int code = 0;
    for (int m = 0; m < p->method_count && !code; m++) {
        bool there = all;
        for (int i = 0; i < c->count && !there; i++)
            there = c->at[i].method == m && (c->at[i].finished || c->at[i].failure);
        code = there ? method_add(p, m, c, &head, made, e) : 0;
    }
    if (p->searched)
        json_object_set_new(made, "search", plan_search_json(p));
    free(names);
    *summary = code ? NULL : made;
    if (code)
        json_decref(made);
    return code;
}

int results_partial(const plan *p, const struct run_cells *c, json_t **summary, error *e)
{
    int code = methods_add(p, c, false, summary, e);
    if (!code)
        json_object_set_new(*summary, "partial",
                            json_pack("{s:s, s:i, s:i}", "of",
                                      c->count && p->methods[c->at[0].method].trial ? "trials" : "cells", "finished",
                                      cells_finished(c, false), "cells", c->count));
    return code;
}

int results_make(const plan *p, const struct run_cells *c, json_t **summary, error *e)
{
    int code = methods_add(p, c, true, summary, e);
    if (code)
        return code;
    comparisons_judge(*summary, p->scenario->evaluation.baseline);
    gates_judge(*summary, &p->scenario->evaluation.expect, p->scenario->seeds.count);
    return 0;
}

int results_write(const plan *p, const struct run_cells *c, json_t **summary, error *e)
{
    char *path = alloc_format("%s/summary.json", p->folder);
    int code = results_make(p, c, summary, e);
    if (!code && (code = record_json(path, *summary, e))) {
        json_decref(*summary);
        *summary = NULL;
    }
    free(path);
    return code;
}
