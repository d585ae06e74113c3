/* A run against itself: each file against the manifest that has its SHA-256, each manifest against the one above it, and every
 * number that can be worked out from others against these. Whoever changes a number and all digests over it is found here by
 * what else follows from the number; whoever changes that as well, by running the cell again alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "record/arrays_file.h"
#include "record/cell.h"
#include "record/differ.h"
#include "record/provenance.h"
#include "record/record.h"
#include "record/seal.h"
#include "run/audit.h"
#include "run/folder.h"
#include "run/results.h"

enum { MANIFEST_MOST = 64 << 20, SUMMARY_MOST = 256 << 20, VALUE_SHOWN = 60 };

/* ---- JSON files ---- */

/* NULL: no such file, or none that is JSON; the row says so. */
static json_t *json_take(audit *a, const char *what, const char *path, size_t most, bool sealed)
{
    char *bytes = NULL;
    size_t count = 0;
    error why = {0};
    json_error_t fault;
    if (file_read(path, most, &bytes, &count, &why)) {
        audit_bad(a, what, "found no file that can be read; expected one");
        return NULL;
    }
    if (sealed && seal_check("", bytes, count, &why))
        audit_bad(a, what, "%s", why.text + strlen(": "));
    json_t *read = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &fault);
    if (!read)
        audit_bad(a, what, "found no JSON at line %d: %s; expected an object", fault.line, fault.text);
    free(bytes);
    return read;
}

/* ---- a cell ---- */

static const char *cell_expected(const audit *a, const struct audit_cell *c, const char *key)
{
    const json_t *rows = json_object_get(a->whole, "cells");
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!strcmp(audit_word(json_array_get(rows, i), "name"), c->name))
            return audit_word(json_array_get(rows, i), key);
    return "";
}

static void cell_manifest(audit *a, struct audit_cell *c)
{
    char *path = alloc_format("%s/" PROVENANCE_FILE, c->folder);
    char *what = alloc_format("cells/%s/" PROVENANCE_FILE, c->name);
    const char *expected = cell_expected(a, c, "manifest_sha256");
    if (!expected[0] && !file_exists(path)) {
        audit_bad(a, what, "found none; expected one, which an older Perdure did not write");
    } else {
        audit_file(a, what, path, expected);
        c->manifest = file_exists(path) ? json_take(a, what, path, MANIFEST_MOST, true) : NULL;
    }
    if (c->manifest && strcmp(audit_word(c->manifest, "schema"), PROVENANCE_SCHEMA) != 0) {
        audit_bad(a, what, "schema: found %s; expected " PROVENANCE_SCHEMA,
                  text_quoted(audit_word(c->manifest, "schema")));
        json_decref(c->manifest);
        c->manifest = NULL;
    }
    free(what);
    free(path);
}

static void cell_files(audit *a, const struct audit_cell *c)
{
    static const char *const names[] = {"result.json", "matrix.csv", "weights.safetensors", "log.jsonl"};
    const json_t *results = json_object_get(c->manifest, "results");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = alloc_format("%s/%s", c->folder, names[i]), *what = alloc_format("cells/%s/%s", c->name, names[i]);
        if (i < 3 || json_object_get(results, names[i]))
            audit_file(a, what, path, audit_word(results, names[i]));
        free(what);
        free(path);
    }
}

/* digest NULL: any file of this role. */
static bool file_named(const struct audit_cell *c, const char *role, const char *digest)
{
    const json_t *files = json_object_get(c->manifest, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        if (!strcmp(audit_word(row, "role"), role) && (!digest || !strcmp(audit_word(row, "sha256"), digest)))
            return true;
    }
    return false;
}

/* What a cell cannot have been without: a list that was shortened is compared with nothing. */
static void roles_check(audit *a, const struct audit_cell *c)
{
    static const char *const roles[] = {"program", "engine", "torch", "data"};
    const json_t *planned = json_object_get(c->manifest, "plan");
    const json_t *strategies = json_object_get(json_object_get(planned, "method"), "strategies");
    bool made = !strcmp(audit_word(json_object_get(planned, "data"), "set"), "synthetic");
    char *what = alloc_format("cells/%s/" PROVENANCE_FILE, c->name);
    for (size_t i = 0; i < sizeof roles / sizeof *roles - (made ? 1U : 0U); i++)
        if (!file_named(c, roles[i], NULL))
            audit_bad(a, what, "files: found none of role %s; expected at least one", roles[i]);
    for (size_t i = 0; i < json_array_size(strategies); i++) {
        const json_t *one = json_array_get(strategies, i);
        if (!file_named(c, "plugin", audit_word(one, "sha256")))
            audit_bad(a, what, "files: found no plugin of SHA-256 %.*s; expected that of strategy %s", AUDIT_DIGEST,
                      audit_word(one, "sha256"), text_quoted(audit_word(one, "strategy")));
    }
    free(what);
}

static void plan_check(audit *a, const struct audit_cell *c)
{
    char found[SHA256_HEX], *what = alloc_format("cells/%s/" PROVENANCE_FILE, c->name);
    char *bytes = json_dumps(json_object_get(c->manifest, "plan"), JSON_COMPACT | JSON_SORT_KEYS);
    const char *said = audit_word(c->manifest, "plan_sha256"), *whole = cell_expected(a, c, "plan_sha256");
    sha256_bytes(bytes ? bytes : "", bytes ? strlen(bytes) : 0, found);
    if (strcmp(found, said) != 0 || strcmp(said, whole) != 0)
        audit_bad(a, what, "plan: found SHA-256 %.*s; expected %.*s, and %.*s in the run's", AUDIT_DIGEST, found,
                  AUDIT_DIGEST, said, AUDIT_DIGEST, whole);
    else
        a->same++;
    free(bytes);
    free(what);
}

/* ---- what follows from the matrix ---- */

static void metric_check(audit *a, const char *what, const char *group, const metric *known, const json_t *said,
                         const matrix *m, const curve *anytime)
{
    double found = record_number_at(said, known->name), expected = metric_value(known, m, anytime);
    if (found == expected || (isnan(found) && isnan(expected))) {
        a->same++;
        return;
    }
    text words[2] = {{0}, {0}};
    record_number(found, &words[0]);
    record_number(expected, &words[1]);
    audit_bad(a, what, "%s.%s: found %s; expected %s, as its matrix gives", group, known->name,
              words[0].at ? words[0].at : "none", words[1].at ? words[1].at : "none");
    text_free(&words[0]);
    text_free(&words[1]);
}

static void csv_check(audit *a, const struct audit_cell *c, const matrix *m)
{
    char *path = alloc_format("%s/matrix.csv", c->folder), *what = alloc_format("cells/%s/matrix.csv", c->name);
    char *bytes = NULL;
    size_t count = 0;
    text csv = {0};
    cell_matrix_csv(m, &csv);
    if (file_read(path, MANIFEST_MOST, &bytes, &count, NULL) == 0 &&
        (count != csv.length || memcmp(bytes, csv.at, count)))
        audit_bad(a, what, "found another matrix than result.json has; expected the same");
    text_free(&csv);
    free(bytes);
    free(what);
    free(path);
}

static void matrix_check(audit *a, const struct audit_cell *c, const char *what, const char *key, const char *group)
{
    const json_t *said = json_object_get(c->result, group);
    if (!json_object_get(c->result, key))
        return;
    matrix *m = record_matrix(c->result, key);
    if (!m) {
        audit_bad(a, what, "%s: found no whole matrix; expected accuracies and their counts", key);
        return;
    }
    bool test = !strcmp(key, "matrix"); /* what was measured within tasks is the strategies' own */
    curve *anytime = test ? record_curve(c->result) : NULL;
    for (int64_t i = 0; i < metric_count; i++)
        metric_check(a, what, group, &metrics[i], said, m, anytime);
    if (test)
        csv_check(a, c, m);
    curve_close(anytime);
    matrix_close(m);
}

/* The values in the file of weights, in its order, which is that of the parameters: result.json has their SHA-256. */
static void weights_check(audit *a, const struct audit_cell *c)
{
    char *path = alloc_format("%s/weights.safetensors", c->folder), found[SHA256_HEX];
    char *what = alloc_format("cells/%s/weights.safetensors", c->name);
    const char *expected = audit_word(c->result, "weights_sha256");
    arrays weights = {0};
    error why = {0};
    if (file_exists(path) && arrays_read(path, NULL, &weights, &why)) {
        audit_bad(a, what, "%s", why.text);
    } else if (file_exists(path)) { /* else its manifest has told */
        sha256 *values = sha256_begin();
        for (int64_t i = 0; i < weights.count; i++)
            sha256_add(values, weights.at[i].bytes, weights.at[i].size);
        sha256_end(values, found);
        if (strcmp(found, expected) != 0)
            audit_bad(a, what, "found values of SHA-256 %.*s; expected %.*s, as result.json says", AUDIT_DIGEST, found,
                      AUDIT_DIGEST, expected);
        else
            a->same++;
    }
    arrays_free(&weights);
    free(what);
    free(path);
}

static void cell_result_check(audit *a, struct audit_cell *c)
{
    char *path = alloc_format("%s/result.json", c->folder), *what = alloc_format("cells/%s/result.json", c->name);
    c->result = file_exists(path) ? json_take(a, what, path, MANIFEST_MOST, false) : NULL;
    if (c->result && c->manifest &&
        strcmp(audit_word(c->result, "plan_sha256"), audit_word(c->manifest, "plan_sha256")) != 0)
        audit_bad(a, what, "plan_sha256: found %.*s; expected %.*s, as its manifest says", AUDIT_DIGEST,
                  audit_word(c->result, "plan_sha256"), AUDIT_DIGEST, audit_word(c->manifest, "plan_sha256"));
    if (c->result && !json_object_get(c->result, "matrix"))
        audit_bad(a, what, "matrix: found none; expected one");
    if (c->result)
        weights_check(a, c);
    matrix_check(a, c, what, "matrix", "metrics");
    matrix_check(a, c, what, "matrix_network", "metrics_network");
    matrix_check(a, c, what, "matrix_validation", "metrics_validation");
    free(what);
    free(path);
}

/* ---- the whole record ---- */

void audit_record(audit *a)
{
    static const char *const names[] = {"scenario.yaml", "plan.json", "summary.json"};
    const json_t *files = json_object_get(a->whole, "files"), *missing = json_object_get(a->whole, "missing");
    int64_t bad = a->bad;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = alloc_format("%s/%s", a->folder, names[i]);
        audit_file(a, names[i], path, audit_word(files, names[i]));
        free(path);
    }
    for (int i = 0; i < a->cell_count; i++) {
        cell_manifest(a, &a->cells[i]);
        if (a->cells[i].manifest) {
            cell_files(a, &a->cells[i]);
            roles_check(a, &a->cells[i]);
            plan_check(a, &a->cells[i]);
        }
        cell_result_check(a, &a->cells[i]);
    }
    for (size_t i = 0; i < json_array_size(missing); i++)
        audit_differs(a, "manifest.json", "found %s without a result; it failed, or is still to be run",
                      text_quoted(json_string_value(json_array_get(missing, i))
                                      ? json_string_value(json_array_get(missing, i))
                                      : "a cell"));
    if (a->bad == bad)
        audit_good(a, "record",
                   "%d cell%s: every file has the SHA-256 of its manifest, every metric is that of its matrix",
                   a->cell_count, a->cell_count == 1 ? "" : "s");
}

/* ---- the summary: of the cells that the manifest names ---- */

struct summary_tell {
    audit *audit;
    int told;
};

static void summary_differs(void *self, const char *path, const json_t *const *values, size_t count)
{
    enum { MOST = 5 };
    struct summary_tell *t = self;
    (void)count;
    if (++t->told > MOST)
        return;
    char *found = differ_words(values[0], VALUE_SHOWN), *expected = differ_words(values[1], VALUE_SHOWN);
    audit_bad(t->audit, "summary.json", "%s: found %s; expected %s, as its cells give", path, found, expected);
    free(expected);
    free(found);
}

static bool is_missing(const audit *a, const char *name)
{
    const json_t *missing = json_object_get(a->whole, "missing");
    for (size_t i = 0; i < json_array_size(missing); i++) {
        const char *said = json_string_value(json_array_get(missing, i));
        if (said && !strcmp(said, name))
            return true;
    }
    return false;
}

/* A seed that is left out of a run without a word makes its means others, and no cell that is run again would show it. */
static void cells_mark(audit *a, struct run_cells *cells)
{
    for (int i = 0; i < cells->count; i++) {
        struct run_cell *c = &cells->at[i];
        for (int j = 0; j < a->cell_count; j++)
            c->finished = c->finished || !strcmp(c->name, a->cells[j].name);
        if (!c->finished && !is_missing(a, c->name))
            audit_bad(a, PROVENANCE_FILE, "found no word of %s; expected it in cells or missing, as scenario.yaml says",
                      text_quoted(c->name));
    }
    for (int j = 0; j < a->cell_count; j++) {
        bool asked = false;
        for (int i = 0; i < cells->count; i++)
            asked = asked || !strcmp(cells->at[i].name, a->cells[j].name);
        if (!asked)
            audit_bad(a, PROVENANCE_FILE, "found %s; expected cells that scenario.yaml asks for alone",
                      text_quoted(a->cells[j].name));
    }
}

void audit_summary(audit *a)
{
    char *path = alloc_format("%s/summary.json", a->folder), *out = a->recorded.plan->folder;
    json_t *found = file_exists(path) ? json_take(a, "summary.json", path, SUMMARY_MOST, false) : NULL, *made = NULL;
    struct summary_tell t = {a, 0};
    error why = {0};
    a->recorded.plan->folder = (char *)(uintptr_t)a->folder;
    struct run_cells cells = cells_of(a->recorded.plan);
    cells_mark(a, &cells);
    if (found && results_make(a->recorded.plan, &cells, &made, &why) == 0) {
        made = differ_as_written(made);
        json_object_del(made, "failed"); /* why a cell failed stands nowhere else */
        json_object_del(found, "failed");
        const json_t *const both[] = {found, made};
        differ_walk(both, 2, summary_differs, &t);
        if (!t.told)
            audit_good(a, "summary", "its means and gates are those of the cells");
    }
    a->recorded.plan->folder = out;
    cells_free(&cells);
    json_decref(made);
    json_decref(found);
    free(path);
}
