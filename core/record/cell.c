/* A cell's record: matrix.csv for people, weights.safetensors for other tools, result.json for all that comes after.
 * The last one is what makes the cell finished, so it is written last. */
#include "record/cell.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/machine.h"
#include "record/record.h"
#include "record/safetensors.h"

void cell_result_clear(cell_result *r)
{
    matrix_close(r->accuracy);
    matrix_close(r->network);
    matrix_close(r->validation);
    curve_close(r->anytime);
    for (int64_t i = 0; i < r->task_count; i++) {
        for (int64_t j = 0; r->tasks[i].names && j < r->tasks[i].count; j++)
            free(r->tasks[i].names[j]);
        free(r->tasks[i].names);
        free(r->tasks[i].classes);
    }
    for (int64_t i = 0; i < r->loaded_count; i++)
        free(r->loaded[i].name);
    for (int64_t i = 0; i < r->memory_count; i++) {
        free(r->memories[i].strategy);
        free(r->memories[i].name);
    }
    free(r->memories);
    free(r->loaded);
    free(r->tasks);
    free(r->findings);
    free(r->weights);
    free(r->parameters);
    *r = (cell_result){0};
}

void cell_result_close(cell_result *r)
{
    if (r == NULL)
        return;
    cell_result_clear(r);
    free(r);
}

static json_t *tasks_json(const cell_result *r)
{
    json_t *tasks = json_array();
    for (int64_t i = 0; i < r->task_count; i++) {
        json_t *classes = json_array();
        for (int64_t j = 0; j < r->tasks[i].count; j++)
            json_array_append_new(classes, json_integer(r->tasks[i].classes[j]));
        json_array_append_new(tasks, classes);
    }
    return tasks;
}

static json_t *names_json(const cell_result *r)
{
    json_t *tasks = json_array();
    for (int64_t i = 0; i < r->task_count; i++) {
        json_t *names = json_array();
        for (int64_t j = 0; r->tasks[i].names && j < r->tasks[i].count; j++)
            json_array_append_new(names, json_string(r->tasks[i].names[j]));
        json_array_append_new(tasks, names);
    }
    return tasks;
}

/* Place i, j of an array [tasks + 1, tasks]: after i tasks, on the task that stands in column j from 0. */
static double share_at(const matrix *m, int64_t i, int64_t j)
{
    int64_t place = i * m->tasks + j;
    return m->count[place] > 0 ? (double)m->right[place] / (double)m->count[place] : NAN;
}

static json_t *matrix_json(const matrix *m)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i <= m->tasks; i++) {
        json_t *row = json_array();
        for (int64_t j = 0; j < m->tasks; j++)
            json_array_append_new(row, record_number_json(share_at(m, i, j)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *counts_json(const matrix *m)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i <= m->tasks; i++) {
        json_t *row = json_array();
        for (int64_t j = 0; j < m->tasks; j++)
            json_array_append_new(row, json_integer(m->count[i * m->tasks + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Every metric there is, whatever the scenario shows: they cost nothing, and another choice then needs no other run. */
static json_t *metrics_json(const matrix *m, const curve *anytime)
{
    json_t *all = json_object();
    for (int64_t i = 0; i < metric_count; i++)
        json_object_set_new(all, metrics[i].name, record_number_json(metric_value(&metrics[i], m, anytime)));
    return all;
}

/* Test rows of each task that a point has: the same ones at every point; 0: it never came. */
static json_t *anytime_counts(const curve *v)
{
    json_t *counts = json_array();
    for (int64_t j = 0; j < v->tasks; j++) {
        int64_t rows = 0;
        for (int64_t i = 0; i < v->count && !rows; i++)
            rows = v->rows[i * v->tasks + j];
        json_array_append_new(counts, json_integer(rows));
    }
    return counts;
}

/* A point is a step, the task in training, whether it is over with that step, and the accuracies on tasks 1 to that one. */
static json_t *anytime_json(const cell_result *r)
{
    const curve *v = r->anytime;
    json_t *steps = json_array(), *tasks = json_array(), *ended = json_array(), *all = json_array();
    for (int64_t i = 0; i < v->count; i++) {
        json_t *row = json_array();
        for (int64_t j = 1; j <= v->at[i].task; j++)
            json_array_append_new(row, record_number_json(curve_at(v, i, j)));
        json_array_append_new(steps, json_integer(v->at[i].step));
        json_array_append_new(tasks, json_integer(v->at[i].task));
        json_array_append_new(ended, json_boolean(v->at[i].ended));
        json_array_append_new(all, row);
    }
    json_t *out = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "every", (json_int_t)r->anytime_batches, "steps", steps,
                            "tasks", tasks, "ended", ended, "accuracy", all, "counts", anytime_counts(v));
    json_object_set_new(out, "rows", r->anytime_rows ? json_integer(r->anytime_rows) : json_null());
    return out;
}

/* The most memory that this process ever had (VmHWM); null where the kernel does not say. */
static json_t *memory_json(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long long kibibytes = -1;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %lld kB", &kibibytes) == 1)
            break;
    if (status)
        fclose(status);
    return kibibytes < 0 ? json_null() : json_integer(kibibytes * 1024);
}

static json_t *seconds_json(const cell_result *r, double seconds_start)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "start", r->seconds.start + seconds_start, "train", r->seconds.train,
                     "evaluate", r->seconds.evaluate, "between_tasks", r->seconds.between_tasks, "checkpoint",
                     r->seconds.checkpoint);
}

static json_t *warnings_json(const cell_result *r)
{
    json_t *checks = json_array();
    for (int64_t i = 0; i < r->finding_count; i++) {
        const struct cell_finding *f = &r->findings[i];
        json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "check", f->check, "strategy",
                                                f->strategy, "hook", f->hook, "task", (json_int_t)f->task, "step",
                                                (json_int_t)f->step, "count", (json_int_t)f->count, "words", f->words));
    }
    if (r->leaked) /* the run has said it, once for all of its cells */
        json_array_append_new(checks,
                              json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:s}", "check", "leaked_rows", "strategy", "",
                                        "hook", "", "task", 0, "step", 0, "count", (json_int_t)r->leaked, "words",
                                        "found test rows that are training rows too; expected none"));
    return json_pack("{s:I, s:o}", "count", (json_int_t)(r->warnings + (r->leaked > 0)), "checks", checks);
}

/* Tensors of the file that the network began with, and those of the network, by name. */
static json_t *loaded_json(const cell_result *r)
{
    static const char *const keys[] = {"matched", "only_in_file", "only_in_network"};
    json_t *out = json_object();
    for (int where = LOADED_MATCHED; where <= LOADED_ONLY_IN_NETWORK; where++) {
        json_t *names = json_array();
        for (int64_t i = 0; i < r->loaded_count; i++)
            if ((int)r->loaded[i].where == where)
                json_array_append_new(names, json_string(r->loaded[i].name));
        json_object_set_new(out, keys[where], names);
    }
    return out;
}

static bool id_is_trial(const struct cell_identity *id) { return json_is_true(json_object_get(id->variant, "trial")); }
static json_t *memories_json(const cell_result *r)
{
    json_t *out = json_array();
    for (int64_t i = 0; i < r->memory_count; i++) {
        const struct cell_memory *m = &r->memories[i];
        json_array_append_new(out, json_pack("{s:s, s:s, s:I, s:I}", "strategy", m->strategy, "name", m->name, "rows",
                                             (json_int_t)m->rows, "bytes", (json_int_t)m->bytes));
    }
    return out;
}

json_t *cell_json(const struct cell_identity *id, const cell_result *r, double seconds_start)
{
    json_t *result = json_object();
    json_object_set_new(result, "schema", json_string("perdure.result/1"));
    json_object_set_new(result, "method", json_string(id->method));
    if (id->variant)
        json_object_update(result, id->variant);
    json_object_set_new(result, "seed", json_integer(id->seed));
    json_object_set_new(result, "status", json_string("done"));
    json_object_set_new(result, "tasks", tasks_json(r));
    json_object_set_new(result, "class_names", names_json(r));
    if (!id_is_trial(id)) { /* a trial has not seen the test rows */
        json_object_set_new(result, "leaked_test_rows", json_integer(r->leaked));
        json_object_set_new(result, "matrix", matrix_json(r->accuracy));
        json_object_set_new(result, "counts", counts_json(r->accuracy));
        json_object_set_new(result, "metrics", metrics_json(r->accuracy, r->anytime));
    }
    if (r->network && !id_is_trial(id)) { /* of the logits, where a strategy predicts by another rule */
        json_object_set_new(result, "matrix_network", matrix_json(r->network));
        json_object_set_new(result, "metrics_network", metrics_json(r->network, NULL));
    }
    if (r->validation) {
        json_object_set_new(result, "matrix_validation", matrix_json(r->validation));
        json_object_set_new(result, "counts_validation", counts_json(r->validation));
        json_object_set_new(result, "metrics_validation", metrics_json(r->validation, NULL));
    }
    if (r->anytime)
        json_object_set_new(result, "anytime", anytime_json(r));
    if (r->loaded_count)
        json_object_set_new(result, "weights_loaded", loaded_json(r));
    json_object_set_new(result, "memories", memories_json(r));
    json_object_set_new(result, "warnings", warnings_json(r));
    json_object_set_new(result, "steps", json_integer(r->steps));
    json_object_set_new(result, "steps_per_second", record_number_json(r->steps_per_second));
    json_object_set_new(result, "seconds", seconds_json(r, seconds_start));
    json_object_set_new(result, "weights_sha256", json_string(r->weights_sha256));
    json_object_set_new(result, "peak_memory_bytes", memory_json());
    json_object_set_new(result, "plan_sha256", json_string(id->plan_sha256));
    json_object_set_new(result, "engine", machine_engine_json(&r->engine));
    return result;
}

void cell_matrix_csv(const matrix *m, text *out)
{
    text_addf(out, "after");
    for (int64_t j = 1; j <= m->tasks; j++)
        text_addf(out, ",task_%lld", (long long)j);
    text_addf(out, "\n");
    for (int64_t i = 0; i <= m->tasks; i++) {
        text_addf(out, "%lld", (long long)i);
        for (int64_t j = 0; j < m->tasks; j++) {
            text_addf(out, ",");
            record_number(share_at(m, i, j), out);
        }
        text_addf(out, "\n");
    }
}

static int matrix_write(const char *folder, const matrix *m, error *e)
{
    char *path = alloc_format("%s/matrix.csv", folder);
    text csv = {0};
    cell_matrix_csv(m, &csv);
    int code = file_write(path, csv.at, csv.length, e);
    text_free(&csv);
    free(path);
    return code;
}

static int weights_write(const char *folder, const struct cell_identity *id, const cell_result *r, error *e)
{
    char *path = alloc_format("%s/weights.safetensors", folder);
    char *seed = alloc_format("%lld", (long long)id->seed);
    json_t *metadata = json_pack("{s:s, s:s, s:s, s:s}", "format", "pt", "perdure.method", id->method, "perdure.seed",
                                 seed, "perdure.plan_sha256", id->plan_sha256);
    int code = safetensors_write(path, r, metadata, e);
    json_decref(metadata);
    free(seed);
    free(path);
    return code;
}

/* matrix.csv and weights.safetensors, and the words of result.json, which is not there yet. */
static int cell_begin(const char *folder, const struct cell_identity *id, const cell_result *r, double seconds_start,
                      text *result, error *e)
{
    int code = folder_make(folder, e);
    if (!code)
        code = matrix_write(folder, id_is_trial(id) ? r->validation : r->accuracy, e);
    if (!code)
        code = weights_write(folder, id, r, e);
    json_t *made = code ? NULL : cell_json(id, r, seconds_start);
    if (made) {
        record_json_text(made, result);
        text_add(result, "\n", 1);
    }
    json_decref(made);
    return code;
}

static int cell_finish(const char *folder, const text *result, error *e)
{
    char *path = alloc_format("%s/result.json", folder);
    int code = file_write(path, result->at, result->length, e);
    free(path);
    return code;
}

int cell_write(const char *folder, const struct cell_identity *id, const cell_result *r, double seconds_start, error *e)
{
    text result = {0};
    int code = cell_begin(folder, id, r, seconds_start, &result, e);
    if (!code)
        code = cell_finish(folder, &result, e);
    text_free(&result);
    return code;
}

int record_cell(const char *folder, const plan *p, int method, int64_t seed, const cell_result *r, double seconds_start,
                const provenance *origin, error *e)
{
    char digest[SHA256_HEX], written[SHA256_HEX];
    plan_cell_digest(p, method, seed, digest);
    struct cell_identity id = {p->methods[method].name, seed, digest, json_object()};
    text result = {0};
    plan_variant_add(&p->methods[method], id.variant);
    int code = cell_begin(folder, &id, r, seconds_start, &result, e);
    if (!code && origin) {
        sha256_bytes(result.at, result.length, written);
        code = provenance_write(folder, p, method, seed, &r->engine, written, origin, e);
    }
    if (!code)
        code = cell_finish(folder, &result, e);
    text_free(&result);
    json_decref(id.variant);
    return code;
}
