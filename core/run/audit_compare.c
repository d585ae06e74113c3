/* Two cells side by side: their plans, their results bit by bit and, where these are others, their manifests: what else is other there
 * is where to look for the cause. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "record/differ.h"
#include "record/record.h"
#include "run/audit.h"
#include "run/folder.h"

enum { VALUE_SHOWN = 60, CAUSES_MOST = 12 };

/* ---- plans: what must be the same, so that the same numbers may be expected ---- */

struct plan_tell {
    text words; /* of what is another */
    int told;
    bool memory; /* memories were given another place */
};

/* What a file holds is compared by its SHA-256, not by the path that it has here. */
static bool is_place(const char *path)
{
    static const char *const places[] = {"data.train",       "data.test",         "data.train_labels",
                                         "data.test_labels", "data.train_images", "data.test_images"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!strcmp(path, places[i]))
            return true;
    return false;
}

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), most = strlen(end);
    return length >= most && !strcmp(path + length - most, end);
}

/* Another file gives other numbers, perhaps: it is run with this one, and told as a cause where it does. */
static bool is_input(const char *path)
{
    return ends_in(path, "sha256") || ends_in(path, ".version") || !strcmp(path, "perdure");
}

static void plan_differs(void *self, const char *path, const json_t *const *values, size_t count)
{
    struct plan_tell *t = self;
    (void)count;
    if (is_place(path) || is_input(path) || (t->memory && ends_in(path, ".memory")))
        return;
    char *expected = differ_words(values[0], VALUE_SHOWN), *found = differ_words(values[1], VALUE_SHOWN);
    if (t->told++ < 5)
        text_addf(&t->words, "%s%s: found %s; expected %s", t->told > 1 ? ", " : "", path, found, expected);
    free(found);
    free(expected);
}

static bool memory_moved(const plan *p)
{
    for (size_t i = 0; i < p->scenario->set_count; i++)
        if (strstr(p->scenario->sets[i], ".where='disk'"))
            return true;
    return false;
}

/* What of `was` the other says otherwise: owned; NULL: nothing. */
static char *plans_differ(const audit *a, const json_t *was, const json_t *is)
{
    struct plan_tell t = {.memory = memory_moved(a->recorded.plan)};
    const json_t *const both[] = {was, is};
    differ_walk(both, 2, plan_differs, &t);
    if (t.told > 5)
        text_addf(&t.words, ", and more");
    return t.words.at;
}

/* Cells of which the same is another are one row. */
static void others_tell(audit *a)
{
    const char *end = a->options->cells != 0 ? "; so it is not run again" : "";
    for (int i = 0; i < a->cell_count; i++) {
        const struct audit_cell *c = &a->cells[i];
        int before = 0, behind = 0;
        for (int j = 0; j < a->cell_count && c->other; j++)
            if (j != i && a->cells[j].other && !strcmp(a->cells[j].other, c->other))
                *(j < i ? &before : &behind) += 1;
        if (c->other && before == 0 && behind == 0)
            audit_bad(a, "scenario.yaml", "%s: %s%s", c->name, c->other, end);
        else if (c->other && before == 0)
            audit_bad(a, "scenario.yaml", "%s and %d more cell%s: %s%s", c->name, behind, behind == 1 ? "" : "s",
                      c->other, end);
    }
}

static void cell_plans(audit *a)
{
    struct run_cells cells = cells_of(a->recorded.plan);
    for (int i = 0; i < cells.count; i++)
        for (int j = 0; j < a->cell_count; j++) {
            struct audit_cell *c = &a->cells[j];
            if (strcmp(cells.at[i].name, c->name) != 0 || !c->manifest || c->other)
                continue;
            json_t *is = differ_as_written(plan_cell_json(a->recorded.plan, cells.at[i].method, cells.at[i].seed));
            c->other = plans_differ(a, json_object_get(c->manifest, "plan"), is);
            json_decref(is);
        }
    cells_free(&cells);
    others_tell(a);
}

/* What is of this verification, or of who looks on: no number depends on it. */
static void aside_drop(json_t *whole)
{
    static const char *const keys[] = {"folder", "device_why", "checkpoint", "tensorboard", "metrics_port"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_del(whole, keys[i]);
}

static void whole_plan(audit *a)
{
    char *path = alloc_format("%s/plan.json", a->folder), *other = NULL;
    json_t *was = NULL, *is = differ_as_written(plan_json(a->recorded.plan));
    record_json_read(path, &was, NULL);
    if (was) { /* else its digest has told */
        aside_drop(was);
        aside_drop(is);
        const json_t *const both[] = {is, was};
        other = plans_differ(a, both[0], both[1]);
        if (other)
            audit_bad(a, "plan.json", "%s, as scenario.yaml says", other);
    }
    free(other);
    json_decref(is);
    json_decref(was);
    free(path);
}

void audit_plans(audit *a)
{
    int64_t bad = a->bad;
    whole_plan(a);
    cell_plans(a);
    if (a->bad == bad)
        audit_good(a, "scenario", "plan.json and the plans of all cells are what it asks for");
}

/* ---- causes ---- */

static void cause_add(audit *a, const char *what, const json_t *found, const json_t *expected)
{
    char *is = differ_words(found, VALUE_SHOWN), *was = differ_words(expected, VALUE_SHOWN);
    char *words = alloc_format("found %s; expected %s", is, was);
    json_array_append_new(a->rows, json_pack("{s:s, s:s, s:s}", "level", "cause", "what", what, "words", words));
    free(words);
    free(was);
    free(is);
}

struct cause_tell {
    audit *audit;
    const char *section;
    int told;
};

static void cause_differs(void *self, const char *path, const json_t *const *values, size_t count)
{
    struct cause_tell *t = self;
    (void)count;
    if (is_place(path) || ends_in(path, ".memory"))
        return;
    char *what = alloc_format("%s%s%s", t->section, path[0] ? "." : "", path);
    if (t->told++ < CAUSES_MOST)
        cause_add(t->audit, what, values[1], values[0]);
    free(what);
}

/* {"torch lib/libc10.so": "ab12.."}: files by what they are called, so that their places do not matter. */
static json_t *files_named(const json_t *manifest)
{
    const json_t *files = json_object_get(manifest, "files");
    json_t *out = json_object();
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        char *key = alloc_format("%s %s", audit_word(row, "role"), audit_word(row, "name"));
        json_object_set(out, key, json_object_get(row, "sha256"));
        free(key);
    }
    return out;
}

/* What decides bits: not the size of the machine's memory, nor its name. */
static json_t *machine_part(const json_t *manifest)
{
    static const char *const keys[] = {"cpu", "capability", "architecture", "gpu", "driver"};
    const json_t *machine = json_object_get(manifest, "machine");
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(out, keys[i], json_object_get(machine, keys[i]));
    return out;
}

static void part_compare(struct cause_tell *t, const char *section, const json_t *was, const json_t *is)
{
    const json_t *const both[] = {was, is};
    t->section = section;
    differ_walk(both, 2, cause_differs, t);
}

static void causes_tell(audit *a, const json_t *was, const json_t *is)
{
    static const char *const sections[] = {"plan", "threads", "determinism", "versions", "abi", "build"};
    struct cause_tell t = {a, "", 0};
    json_t *files[] = {files_named(was), files_named(is)}, *machines[] = {machine_part(was), machine_part(is)};
    part_compare(&t, "file", files[0], files[1]);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        part_compare(&t, sections[i], json_object_get(was, sections[i]), json_object_get(is, sections[i]));
    part_compare(&t, "machine", machines[0], machines[1]);
    if (!strcmp(audit_word(was, "determinism"), "fastest"))
        json_array_append_new(a->rows, json_pack("{s:s, s:s, s:s}", "level", "cause", "what", "determinism", "words",
                                                 "device.deterministic was false: the same inputs need not give the "
                                                 "same bits"));
    else if (!t.told)
        json_array_append_new(
            a->rows, json_pack("{s:s, s:s, s:s}", "level", "cause", "what", "manifest", "words",
                               "nothing that it records differs: what is recorded is not what came of these inputs"));
    for (int i = 0; i < 2; i++) {
        json_decref(files[i]);
        json_decref(machines[i]);
    }
}

/* The first number of a matrix that is another; false: none is. */
static bool matrix_differs(audit *a, const char *name, const char *key, const json_t *was, const json_t *is)
{
    const json_t *old = json_object_get(was, key), *new = json_object_get(is, key);
    if ((!old && !new) || json_equal(old, new))
        return false;
    for (size_t i = 0; i < json_array_size(old) || i < json_array_size(new); i++) {
        const json_t *row = json_array_get(old, i), *again = json_array_get(new, i);
        for (size_t j = 0; j < json_array_size(row) || j < json_array_size(again); j++) {
            const json_t *x = json_array_get(row, j), *y = json_array_get(again, j);
            if (x && y && json_equal(x, y))
                continue;
            char *expected = differ_words(x, VALUE_SHOWN), *found = differ_words(y, VALUE_SHOWN);
            audit_bad(a, name, "again: %s[%zu][%zu]: found %s; expected %s, as recorded", key, i, j, found, expected);
            free(found);
            free(expected);
            return true;
        }
    }
    audit_bad(a, name, "again: %s: found another; expected the recorded one", key);
    return true;
}

static void value_tell(void *self, const char *path, const json_t *const *values, size_t count)
{
    text *first = self;
    (void)count;
    if (first->at)
        return;
    char *expected = differ_words(values[0], VALUE_SHOWN), *found = differ_words(values[1], VALUE_SHOWN);
    text_addf(first, "%s%sfound %s; expected %s", path, path[0] ? ": " : "", found, expected);
    free(found);
    free(expected);
}

/* The first of its values that is another; false: none is. */
static bool section_differs(audit *a, const char *name, const char *key, const json_t *was, const json_t *is)
{
    const json_t *const both[] = {json_object_get(was, key), json_object_get(is, key)};
    text first = {0};
    differ_walk(both, 2, value_tell, &first);
    bool other = first.at != NULL;
    if (other)
        audit_bad(a, name, "again: %s: %s, as recorded", key, first.at);
    text_free(&first);
    return other;
}

/* What a manifest says of program and plan beside their files: the same program and plan say it again. */
static bool words_differ(audit *a, const struct audit_cell *was, const json_t *manifest)
{
    static const char *const sections[] = {"threads", "determinism", "abi", "versions", "build", "metrics"};
    bool other = false;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!a->options->elsewhere || !strcmp(sections[i], "threads") || !strcmp(sections[i], "determinism"))
            other = section_differs(a, was->name, sections[i], was->manifest, manifest) || other;
    return other;
}

/* All of a result but times, memory and machine: what the seed decides. */
bool audit_compare(audit *a, const struct audit_cell *was, const json_t *is, const json_t *manifest)
{
    static const char *const matrices[] = {"matrix", "counts", "matrix_network", "matrix_validation",
                                           "counts_validation"};
    static const char *const sections[] = {"metrics", "metrics_network", "metrics_validation", "anytime",
                                           "tasks",   "class_names",     "leaked_test_rows",   "steps"};
    bool other = false;
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++)
        other = matrix_differs(a, was->name, matrices[i], was->result, is) || other;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        other = section_differs(a, was->name, sections[i], was->result, is) || other;
    const char *found = audit_word(is, "weights_sha256"), *expected = audit_word(was->result, "weights_sha256");
    if (strcmp(found, expected) != 0)
        audit_bad(a, was->name, "again: weights: found SHA-256 %.*s; expected %.*s, as recorded", AUDIT_DIGEST, found,
                  AUDIT_DIGEST, expected);
    other = other || strcmp(found, expected) != 0;
    if (other)
        causes_tell(a, was->manifest, manifest);
    else
        other = words_differ(a, was, manifest);
    return !other;
}
