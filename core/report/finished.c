/* See finished.h. */
#include "report/finished.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"
#include "report/points.h"

enum { SCENARIO_BYTES = 1 << 20, LOG_BYTES = 64 << 20 };

/* ---- what may be there, or not ---- */

/* NULL: it is not there, or not fit to be read; nothing hangs on it. */
static char *file_if_there(const char *folder, const char *name, size_t limit, size_t *count)
{
    char *path = alloc_format("%s/%s", folder, name), *bytes = NULL;
    if (file_read(path, limit, &bytes, count, NULL))
        bytes = NULL;
    free(path);
    return bytes;
}

static json_t *json_if_there(const char *folder, const char *name)
{
    char *path = alloc_format("%s/%s", folder, name);
    json_t *out = NULL;
    record_json_read(path, &out, NULL);
    free(path);
    return out;
}

/* ---- cells ---- */

static int cell_read(const struct finished_run *r, const char *method, struct finished_cell *c, error *e)
{
    if (!path_is_name(method)) /* that of a folder below cells/, and nothing else */
        return 0;
    char *folder = alloc_format("%s/cells/%s/seed-%lld", r->folder, method, (long long)c->seed);
    error why = {0};
    int code = record_read(folder, &c->result, &why);
    if (code == EXIT_NO_INPUT) /* a name that is none of a file, of a summary from elsewhere */
        code = 0;
    else if (code)
        error_copy(e, &why);
    if (!code && c->result) {
        size_t count = 0;
        char *log = file_if_there(folder, "log.jsonl", LOG_BYTES, &count);
        c->accuracy = record_matrix(c->result, "matrix");
        c->points = points_read(log, count, &c->point_count);
        free(log);
    }
    free(folder);
    return code;
}

static int cells_read(struct finished_run *r, struct finished_method *m, error *e)
{
    const json_t *seeds = json_object_get(m->row, "seeds");
    int code = 0;
    m->cell_count = json_array_size(seeds);
    m->cells = alloc_zero(m->cell_count + 1, sizeof *m->cells);
    for (size_t i = 0; i < m->cell_count && !code; i++) {
        struct finished_cell *c = &m->cells[i];
        c->seed = json_integer_value(json_array_get(seeds, i));
        code = cell_read(r, m->name, c, e);
        r->missing += !c->result;
        if (c->accuracy && c->accuracy->tasks > r->tasks)
            r->tasks = c->accuracy->tasks;
    }
    return code;
}

/* ---- methods ---- */

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *its = json_string_value(json_object_get(one, "name"));
        if (its && !strcmp(its, name))
            return one;
    }
    return NULL;
}

/* The upper reference trains on all tasks at once; the baseline is what the summary names, or else what trains task by task and does
 * nothing against forgetting. */
static enum method_role role_of(const struct finished_run *r, const struct finished_method *m)
{
    const char *baseline = json_string_value(json_object_get(r->summary, "baseline"));
    const char *trains = json_string_value(json_object_get(m->config, "train_on"));
    if (trains && strcmp(trains, "task") != 0)
        return METHOD_UPPER;
    if (baseline)
        return strcmp(baseline, m->name) == 0 ? METHOD_BASELINE : METHOD_PLAIN;
    const json_t *strategies = json_object_get(m->config, "strategies");
    return m->config && json_array_size(strategies) == 0 && !json_object_get(m->config, "training") ? METHOD_BASELINE
                                                                                                    : METHOD_PLAIN;
}

static int methods_read(struct finished_run *r, error *e)
{
    const json_t *rows = json_object_get(r->summary, "methods");
    int code = 0, colours = 0;
    r->method_count = json_array_size(rows);
    r->methods = alloc_zero(r->method_count + 1, sizeof *r->methods);
    for (size_t i = 0; i < r->method_count && !code; i++) {
        struct finished_method *m = &r->methods[i];
        m->row = json_array_get(rows, i);
        m->name = json_string_value(json_object_get(m->row, "name"));
        m->name = m->name ? m->name : "?";
        m->config = named(json_object_get(r->plan, "methods"), m->name);
        m->role = role_of(r, m);
        m->colour = m->role == METHOD_PLAIN ? colours++ : 0;
        code = cells_read(r, m, e);
    }
    return code;
}

/* ---- the whole ---- */

/* That of the first cell that has one. */
static void cell_manifest_read(struct finished_run *r)
{
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t k = 0; k < r->methods[i].cell_count; k++) {
            const struct finished_cell *c = &r->methods[i].cells[k];
            if (!c->result)
                continue;
            char *name = alloc_format("%s/seed-%lld", r->methods[i].name, (long long)c->seed);
            char *folder = alloc_format("%s/cells/%s", r->folder, name);
            r->cell_manifest = json_if_there(folder, "manifest.json");
            r->cell_manifest_name = name;
            free(folder);
            return;
        }
}

/* Of what curves show: of each task from just before its training on. */
static double lowest_of(const struct finished_run *r)
{
    double lowest = 1;
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t k = 0; k < r->methods[i].cell_count; k++) {
            const matrix *m = r->methods[i].cells[k].accuracy;
            for (int64_t a = 0; m && a <= m->tasks; a++)
                for (int64_t j = 1; j <= m->tasks && j <= a + 1; j++)
                    lowest = fmin(lowest, matrix_at(m, a, j)); /* fmin leaves NaN out */
        }
    return lowest < 0.5 ? 0 : floor(lowest * 10) / 10;
}

static const char *error_of(const json_t *summary)
{
    const char *kind = json_string_value(json_object_get(summary, "error"));
    return kind && !strcmp(kind, "sd") ? "sd" : kind && !strcmp(kind, "ci95") ? "ci95" : "sem";
}

int finished_read(const char *folder, const json_t *summary, struct finished_run *out, error *e)
{
    size_t count = 0;
    *out = (struct finished_run){.folder = folder, .summary = summary, .error = error_of(summary)};
    out->plan = json_if_there(folder, "plan.json");
    out->manifest = json_if_there(folder, "manifest.json");
    out->scenario = file_if_there(folder, "scenario.yaml", SCENARIO_BYTES, &count);
    int code = methods_read(out, e);
    if (code) {
        finished_close(out);
        return code;
    }
    cell_manifest_read(out);
    out->lowest_seen = lowest_of(out);
    return 0;
}

void finished_close(struct finished_run *r)
{
    for (size_t i = 0; i < r->method_count; i++) {
        for (size_t k = 0; r->methods[i].cells && k < r->methods[i].cell_count; k++) {
            json_decref(r->methods[i].cells[k].result);
            matrix_close(r->methods[i].cells[k].accuracy);
            free(r->methods[i].cells[k].points);
        }
        free(r->methods[i].cells);
    }
    free(r->methods);
    json_decref(r->plan);
    json_decref(r->manifest);
    json_decref(r->cell_manifest);
    free(r->cell_manifest_name);
    free(r->scenario);
    *r = (struct finished_run){0};
}
