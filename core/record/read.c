/* Reading result.json back: whether a cell is finished, and its matrix. A file that is there but cannot be understood
 * is an error and not an unfinished cell, for running it again would overwrite what somebody may still want to look
 * at. */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/checkpoint.h"
#include "record/profile.h"
#include "record/record.h"
#include "record/tfevents.h"

enum { RESULT_BYTES = 64 << 20 };

static int result_parse(const char *path, const char *bytes, size_t count, json_t **out, error *e)
{
    json_error_t why;
    json_t *result = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &why);
    if (result == NULL)
        return error_set(e, EXIT_DATA, "%s:%d:%d: found no JSON: %s", path, why.line, why.column, why.text);
    const char *schema = json_string_value(json_object_get(result, "schema"));
    if (schema && !strcmp(schema, "perdure.result/1")) {
        *out = result;
        return 0;
    }
    error_set(e, EXIT_DATA, "%s: schema: found %s; expected perdure.result/1", path,
              schema ? text_quoted(schema) : "none");
    json_decref(result);
    return EXIT_DATA;
}

int record_read(const char *folder, json_t **out, error *e)
{
    char *path = alloc_format("%s/result.json", folder), *bytes = NULL;
    size_t count = 0;
    int code = 0;
    *out = NULL;
    if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
        code = file_read(path, RESULT_BYTES, &bytes, &count, e);
    if (!code && bytes)
        code = result_parse(path, bytes, count, out, e);
    free(bytes);
    free(path);
    return code;
}

static int file_remove(const char *folder, const char *name, error *e)
{
    char *path = alloc_format("%s/%s", folder, name);
    int code = 0;
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        code = error_system(e, EXIT_IO, "%s: cannot be removed", path);
    free(path);
    return code;
}

static int checkpoints_remove(const char *folder, error *e)
{
    char *path = alloc_format("%s/checkpoints", folder);
    int code = checkpoint_remove_all(path, e);
    free(path);
    return code;
}

static int memory_entry_remove(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    const char *name = path + place->base;
    (void)about;
    if (kind == FTW_DP)
        rmdir(path); /* where something else lies in it, it stays */
    else if (!strcmp(name, "data.mdb") || !strcmp(name, "lock.mdb"))
        return unlink(path);
    return 0;
}

int record_begin_anew(const char *folder, error *e)
{
    char *path = alloc_format("%s/memory", folder);
    int code = 0;
    if (nftw(path, memory_entry_remove, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT && errno != ENOTDIR)
        code = error_system(e, EXIT_IO, "%s: cannot be removed", path);
    free(path);
    if (!code)
        code = record_pictures_remove(folder, e);
    return code ? code : tfevents_remove(folder, e);
}

int record_remove(const char *folder, bool all, error *e)
{
    static const char *const files[] = {"result.json", PROVENANCE_FILE,       "matrix.csv",
                                        PROFILE_FILE,  "weights.safetensors", TRACE_FILE};
    int code = 0;
    file_sweep(folder);
    for (size_t i = 0; i < sizeof files / sizeof *files && !code; i++)
        code = file_remove(folder, files[i], e);
    if (code || !all)
        return code;
    code = file_remove(folder, "log.jsonl", e);
    if (!code)
        code = checkpoints_remove(folder, e);
    return code ? code : record_begin_anew(folder, e);
}

/* One cell of the matrix: the accuracy is right / count, so rounding gives the very number of right answers back. */
static bool place_set(matrix *m, int64_t i, int64_t j, const json_t *accuracy, const json_t *count)
{
    int64_t rows = json_integer_value(count);
    if (!json_is_integer(count) || rows < 0)
        return false;
    if (json_is_null(accuracy) || rows == 0)
        return json_is_null(accuracy) || accuracy == NULL;
    double share = json_number_value(accuracy);
    if (!json_is_number(accuracy) || !(share >= 0 && share <= 1))
        return false;
    m->right[i * m->tasks + j] = llround(share * (double)rows);
    m->count[i * m->tasks + j] = rows;
    return true;
}

static bool matrix_fill(matrix *m, const json_t *rows, const json_t *counts)
{
    for (int64_t i = 0; i <= m->tasks; i++) {
        const json_t *row = json_array_get(rows, (size_t)i), *count = json_array_get(counts, (size_t)i);
        if (json_array_size(row) != (size_t)m->tasks || json_array_size(count) != (size_t)m->tasks)
            return false;
        for (int64_t j = 0; j < m->tasks; j++)
            if (!place_set(m, i, j, json_array_get(row, (size_t)j), json_array_get(count, (size_t)j)))
                return false;
    }
    return true;
}

matrix *record_matrix(const json_t *result, const char *key)
{
    bool held_out = !strcmp(key, "matrix_validation"); /* the one matrix of other rows than the test's */
    const json_t *rows = json_object_get(result, key);
    const json_t *counts = json_object_get(result, held_out ? "counts_validation" : "counts");
    size_t count = json_array_size(rows);
    if (count < 2 || json_array_size(counts) != count)
        return NULL;
    matrix *m = matrix_open((int64_t)count - 1);
    if (matrix_fill(m, rows, counts))
        return m;
    matrix_close(m);
    return NULL;
}

/* One point, after which the curve has it; the accuracy is right / rows, as in the matrix. */
static bool point_add(curve *c, const json_t *counts, int64_t step, int64_t task, bool ended, const json_t *accuracy)
{
    if (task < 1 || task > c->tasks || json_array_size(accuracy) != (size_t)task)
        return false;
    curve_add(c, (curve_point){step, task, ended});
    for (int64_t j = 0; j < task; j++) {
        const json_t *share = json_array_get(accuracy, (size_t)j);
        const int64_t rows = json_integer_value(json_array_get(counts, (size_t)j));
        if (!json_is_number(share) || !(json_number_value(share) >= 0 && json_number_value(share) <= 1) || rows < 1)
            return false;
        curve_set(c, j + 1, llround(json_number_value(share) * (double)rows), rows);
    }
    return true;
}

curve *record_curve(const json_t *result)
{
    const json_t *all = json_object_get(result, "anytime"), *counts = json_object_get(all, "counts");
    const json_t *steps = json_object_get(all, "steps"), *tasks = json_object_get(all, "tasks");
    const json_t *ended = json_object_get(all, "ended"), *accuracy = json_object_get(all, "accuracy");
    const size_t count = json_array_size(steps);
    bool good = json_array_size(counts) > 0 && json_array_size(tasks) == count && json_array_size(ended) == count &&
                json_array_size(accuracy) == count;
    curve *c = curve_open((int64_t)json_array_size(counts));
    for (size_t i = 0; good && i < count; i++)
        good = point_add(c, counts, json_integer_value(json_array_get(steps, i)),
                         json_integer_value(json_array_get(tasks, i)), json_is_true(json_array_get(ended, i)),
                         json_array_get(accuracy, i));
    if (good)
        return c;
    curve_close(c);
    return NULL;
}
