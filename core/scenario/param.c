/* See param.h: a plugin's rows become rows of the scenario room, so that there is one check and one set of words. */
#include "scenario/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

enum { PARAM_ROWS = 56 };
/* A row as 1.0 had it: one of a later minor may be longer, and an older plugin's is not refused for that. */
enum { PARAM_SMALLEST_ROW = offsetof(pdr_param, choices) + sizeof(((pdr_param *)0)->choices) };

static const struct {
    enum row_type type;
    size_t bytes, alignment;
    const char *name;
    const struct row *rows;
    size_t size;
} param_types[] = {
    [PDR_PARAM_INT] = {ROW_INT, sizeof(int64_t), _Alignof(int64_t), "INT", NULL, 0},
    [PDR_PARAM_REAL] = {ROW_REAL, sizeof(double), _Alignof(double), "REAL", NULL, 0},
    [PDR_PARAM_BOOL] = {ROW_BOOL, sizeof(int32_t), _Alignof(int32_t), "BOOL", NULL, 0},
    [PDR_PARAM_TEXT] = {ROW_TEXT, sizeof(char *), _Alignof(char *), "TEXT", NULL, 0},
    [PDR_PARAM_CHOICE] = {ROW_CHOICE, sizeof(int32_t), _Alignof(int32_t), "CHOICE", NULL, 0},
    [PDR_PARAM_PATH] = {ROW_PATH, sizeof(char *), _Alignof(char *), "PATH", NULL, 0},
    [PDR_PARAM_REALS] = {ROW_REALS, sizeof(pdr_reals), _Alignof(pdr_reals), "REALS", NULL, 0},
    [PDR_PARAM_MEMORY] = {ROW_SUBTREE, sizeof(char *), _Alignof(char *), "MEMORY", memory_rows,
                          sizeof(struct memory_options)},
    [PDR_PARAM_NETWORK] = {ROW_SUBTREE, sizeof(char *), _Alignof(char *), "NETWORK", network_rows,
                           sizeof(struct network_options)},
    [PDR_PARAM_OPTIMIZER] = {ROW_SUBTREE, sizeof(char *), _Alignof(char *), "OPTIMIZER", optimizer_rows,
                             sizeof(struct optimizer_options)},
};
enum { PARAM_TYPES = sizeof param_types / sizeof *param_types };

_Static_assert(sizeof(pdr_reals) == sizeof(struct real_list), "REALS are filled as a real_list");

static const pdr_param *param_row(const struct param_table *t, size_t i)
{
    return (const pdr_param *)(const void *)((const char *)(const void *)t->rows + i * t->row_size);
}

static size_t param_count(const struct param_table *t)
{
    size_t count = 0;
    while (t->rows != NULL && param_row(t, count)->key != NULL) {
        count++;
    }
    return count;
}

static struct row param_as_row(const pdr_param *p)
{
    struct row row = {.key = p->key,
                      .help = p->help,
                      .type = param_types[p->type].type,
                      .offset = p->offset,
                      .fallback = p->fallback,
                      .wide = true,
                      .choices = p->choices,
                      .rows = param_types[p->type].rows,
                      .size = param_types[p->type].size};
    if (p->type == PDR_PARAM_INT || p->type == PDR_PARAM_REAL || p->type == PDR_PARAM_REALS) {
        row.min = p->min;
        row.max = p->max;
    }
    return row;
}

/* Owned by the caller; rows of subtrees, under the plugin's own defaults, live in `a`. */
static struct row *param_rows(const struct param_table *t, arena *a)
{
    faults f;
    faults_begin(&f, "default"); /* the table was checked: there are none */
    struct check c = {.arena = a, .faults = &f, .folder = "."};
    size_t count = param_count(t);
    struct row *rows = alloc_zero(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = param_as_row(param_row(t, i));
        rows[i].rows = rows[i].rows == NULL ? NULL : row_under_default(&c, &rows[i]);
    }
    faults_free(&f);
    return rows;
}

/* ---- the table itself ---- */

static int param_refuse(const struct param_table *t, const char *key, error *e, const char *found, const char *expects)
{
    return error_set(e, EXIT_UNAVAILABLE, "plugin %s: parameter \"%s\": found %s; expected %s", text_quoted(t->plugin),
                     text_quoted(key), found, expects);
}

static bool param_is_key(const char *key)
{
    if (key[0] < 'a' || key[0] > 'z' || strlen(key) > 64) {
        return false;
    }
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static int param_check_shape(const struct param_table *t, const pdr_param *p, error *e)
{
    char found[96];
    if (p->type < PDR_PARAM_INT || p->type >= (pdr_param_type)PARAM_TYPES) {
        snprintf(found, sizeof found, "type %d", (int)p->type);
        return param_refuse(t, p->key, e, found, "a pdr_param_type that this build knows");
    }
    bool subtree = param_types[p->type].type == ROW_SUBTREE;
    if (!param_is_key(p->key) && !(subtree && p->key[0] == '\0')) {
        return param_refuse(t, p->key, e, "such a key", "small letters, digits, _ and -, at most 64");
    }
    if (p->help == NULL || p->help[0] == '\0' || !text_plain(p->help)) {
        return param_refuse(t, p->key, e, "no help of one line", "one, as describe prints it");
    }
    size_t bytes = param_types[p->type].bytes;
    if (bytes > t->config_size || p->offset > t->config_size - bytes) {
        snprintf(found, sizeof found, "offset %u + %zu bytes (%s)", (unsigned)p->offset, bytes,
                 param_types[p->type].name);
        char expects[64];
        snprintf(expects, sizeof expects, "at most config_size, which is %llu", (unsigned long long)t->config_size);
        return param_refuse(t, p->key, e, found, expects);
    }
    if (p->offset % param_types[p->type].alignment != 0) {
        snprintf(found, sizeof found, "offset %u", (unsigned)p->offset);
        return param_refuse(t, p->key, e, found, "one that is aligned for its type");
    }
    if (p->type == PDR_PARAM_CHOICE && row_choice_count(p->choices) == 0) {
        return param_refuse(t, p->key, e, "no choices", "a NULL-ended list of words");
    }
    for (size_t i = 0; p->type == PDR_PARAM_CHOICE && p->choices[i] != NULL; i++) {
        if (!text_plain(p->choices[i])) {
            snprintf(found, sizeof found, "choice \"%.60s\"", text_quoted(p->choices[i]));
            return param_refuse(t, p->key, e, found, "printable words");
        }
    }
    if (!(p->min <= p->max)) {
        return param_refuse(t, p->key, e, "min above max, or a NaN", "min <= max");
    }
    return 0;
}

static bool param_overlap(const pdr_param *a, const pdr_param *b)
{
    return a->offset < b->offset + param_types[b->type].bytes && b->offset < a->offset + param_types[a->type].bytes;
}

static bool param_has_key(const pdr_param *p, const char *key)
{
    if (p->key[0] != '\0') {
        return strcmp(p->key, key) == 0;
    }
    const struct row *rows = param_types[p->type].rows;
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        if (strcmp(rows[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static bool param_clash(const pdr_param *a, const pdr_param *b)
{
    if (a->key[0] != '\0') {
        return param_has_key(b, a->key);
    }
    const struct row *rows = param_types[a->type].rows;
    bool clash = false;
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        clash = clash || param_has_key(b, rows[i].key);
    }
    return clash;
}

static int param_check_pairs(const struct param_table *t, size_t i, error *e)
{
    const pdr_param *p = param_row(t, i);
    for (size_t j = 0; j < i; j++) {
        const pdr_param *before = param_row(t, j);
        char found[160];
        if (param_clash(p, before)) {
            snprintf(found, sizeof found, "a key that row %zu (\"%.40s\") has too", j, text_quoted(before->key));
            return param_refuse(t, p->key, e, found, "every key once");
        }
        if (param_overlap(p, before)) {
            snprintf(found, sizeof found, "the same bytes as those of \"%.40s\"", text_quoted(before->key));
            return param_refuse(t, p->key, e, found, "an offset of its own");
        }
    }
    return 0;
}

static int param_check_default(const struct param_table *t, const pdr_param *p, error *e)
{
    if (p->fallback == NULL) {
        return 0;
    }
    faults f;
    faults_begin(&f, "default");
    arena *a = arena_open();
    struct check c = {.arena = a, .faults = &f, .folder = "."};
    struct row row = param_as_row(p);
    const node *n = row_fallback(&c, &row);
    if (n != NULL) {
        row_fill(&c, &row, n, "", arena_take(a, 1, sizeof(struct optimizer_options)));
    }
    int code = 0;
    if (f.count > 0) {
        code = error_set(e, EXIT_UNAVAILABLE, "plugin %s: parameter \"%s\": its default: %s", text_quoted(t->plugin),
                         text_quoted(p->key), f.at[0].text);
    }
    arena_close(a);
    faults_free(&f);
    return code;
}

int param_table_check(const struct param_table *t, error *e)
{
    if (t->rows == NULL) {
        return 0;
    }
    if (t->row_size < PARAM_SMALLEST_ROW || t->row_size > 4096 || t->row_size % 8 != 0) {
        return error_set(e, EXIT_UNAVAILABLE,
                         "plugin %s: parameters: found param_size %llu; expected sizeof(pdr_param), here %zu",
                         text_quoted(t->plugin), (unsigned long long)t->row_size, sizeof(pdr_param));
    }
    for (size_t i = 0; param_row(t, i)->key != NULL; i++) {
        const pdr_param *p = param_row(t, i);
        if (i == PARAM_ROWS) {
            return error_set(e, EXIT_UNAVAILABLE,
                             "plugin %s: parameters: found more than %d rows; expected fewer, ended by a NULL key",
                             text_quoted(t->plugin), (int)PARAM_ROWS);
        }
        int code = param_check_shape(t, p, e);
        code = code != 0 ? code : param_check_pairs(t, i, e);
        code = code != 0 ? code : param_check_default(t, p, e);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

/* ---- what a scenario says ---- */

/* Plugins get whole paths: they may open a file when the working directory is another one. */
static const char *param_folder(const char *folder, arena *a)
{
    char *here = folder[0] == '/' ? NULL : getcwd(NULL, 0);
    if (here == NULL) {
        return folder;
    }
    const char *whole =
        strcmp(folder, ".") == 0 ? arena_text(a, here, strlen(here)) : arena_format(a, "%s/%s", here, folder);
    free(here);
    return whole;
}

int param_fill(const struct param_table *t, const node *map, const node *at, const char *path, const char *folder,
               void *config, arena *a, faults *f)
{
    size_t before = f->count + f->dropped;
    const char *owner = arena_format(a, "%s%s%s", text_quoted(t->plugin), t->version != NULL ? " " : "",
                                     t->version != NULL ? text_quoted(t->version) : "");
    struct check c = {a, f, param_folder(folder, a), owner};
    memset(config, 0, t->config_size);
    struct row *rows = param_rows(t, a);
    row_fill_section(&c, rows, map, map != NULL ? map : at, path, config);
    free(rows);
    return f->count + f->dropped > before ? EXIT_SCENARIO : 0;
}

void param_describe(const struct param_table *t, text *out)
{
    arena *a = arena_open();
    struct row *rows = param_rows(t, a);
    row_describe(rows, "", out);
    free(rows);
    arena_close(a);
}

char *param_schema_json(const struct param_table *t)
{
    arena *a = arena_open();
    struct row *rows = param_rows(t, a);
    json_t *schema = row_schema(rows);
    char *title = alloc_format("Parameters of %s", t->plugin);
    json_object_set_new(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
    json_object_set_new(schema, "title", json_string(title));
    char *out = json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(schema);
    free(title);
    free(rows);
    arena_close(a);
    return out;
}
