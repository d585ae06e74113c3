/* From a file to a checked struct: read, tree, --set, rows, and the few values that follow from where the file lies. */
#include "scenario/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "scenario/row.h"
#include "scenario/set.h"

static void scenario_keep(struct scenario *s, const char *file, const char *bytes)
{
    char *folder = path_folder(file);
    s->bytes = arena_text(s->arena, bytes, s->byte_count);
    s->folder = arena_text(s->arena, folder, strlen(folder));
    s->file = arena_text(s->arena, file, strlen(file));
    free(folder);
}

static int scenario_load(struct scenario *s, const char *path, faults *f, error *e)
{
    char *bytes = NULL;
    error why = {0};
    int code = file_read(path, NODE_BYTES, &bytes, &s->byte_count, &why);
    if (code == EXIT_DATA) { /* too large: a fault of the scenario, not of data */
        faults_add(f, NULL, NULL, "found more than %d bytes; expected at most that", (int)NODE_BYTES);
        return EXIT_SCENARIO;
    }
    if (code != 0) {
        return error_set(e, code, "%s", why.text);
    }
    scenario_keep(s, path, bytes);
    free(bytes);
    return 0;
}

static int scenario_grow(struct scenario *s, const char *const *sets, size_t set_count, faults *f, error *e)
{
    node *root = node_parse(s->bytes, s->byte_count, NULL, s->arena, f);
    if (root == NULL) {
        return EXIT_SCENARIO;
    }
    if (root->kind != NODE_MAP) {
        faults_add(f, root, NULL, "found %s; expected a map, at least with perdure, data and methods",
                   node_shown(root));
        faults_hint(f, "`perdure describe scenario` prints a scenario with every key");
        return EXIT_SCENARIO;
    }
    s->root = root;
    const char **kept = arena_take(s->arena, set_count + 1, sizeof *kept);
    s->sets = kept;
    s->set_count = set_count;
    for (size_t i = 0; i < set_count; i++) {
        kept[i] = arena_text(s->arena, sets[i], strlen(sets[i]));
    }
    for (size_t i = 0; i < set_count; i++) {
        int code = set_lay(root, sets[i], s->arena, f, e);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

/* Without a name: the file's own, or its folder's when the file is called scenario.yaml, as in examples. */
static void scenario_name(struct scenario *s)
{
    if (s->name != NULL) {
        return;
    }
    const char *file = path_name(s->file);
    size_t length = strcspn(file, ".");
    char *whole = NULL;
    if (length == strlen("scenario") && strncmp(file, "scenario", length) == 0) {
        whole = realpath(s->folder, NULL);
        if (whole != NULL) {
            file = path_name(whole);
            length = strlen(file);
        }
    }
    char *name = arena_text(s->arena, file, length < 100 ? length : 100);
    for (char *at = name; *at != '\0'; at++) {
        char one[2] = {*at, '\0'};
        if (!value_named(one, "") && (at == name || strchr("._-", *at) == NULL)) {
            *at = at == name ? 'x' : '-';
        }
    }
    s->name = name[0] == '\0' ? "scenario" : name;
    free(whole);
}

static void scenario_folder(struct scenario *s, faults *f)
{
    const char *said = s->output.folder;
    const node *at = node_at(s->root, "output.folder");
    text folder = {0};
    for (const char *mark; *said != '\0'; said = mark) {
        mark = strstr(said, "{name}");
        size_t length = mark == NULL ? strlen(said) : (size_t)(mark - said);
        text_add(&folder, said, length);
        if (mark == NULL) {
            break;
        }
        text_addf(&folder, "%s", s->name);
        mark += strlen("{name}");
    }
    if (folder.at != NULL && strpbrk(folder.at, "{}$") != NULL) {
        faults_add(f, at, "output.folder", "found %s; expected a path in which only {name} is replaced",
                   text_quoted(s->output.folder));
    }
    char *whole = path_below(".", folder.at);
    s->output.folder = arena_text(s->arena, whole, strlen(whole));
    free(whole);
    text_free(&folder);
}

static int scenario_check(struct scenario *s, faults *f)
{
    struct check c = {.arena = s->arena, .faults = f, .folder = s->folder};
    row_fill_section(&c, scenario_rows, s->root, s->root, "", s);
    scenario_after(&c, s->root, "", s);
    if (s->output.folder != NULL) {
        scenario_name(s);
        scenario_folder(s, f);
    }
    return f->count > 0 ? EXIT_SCENARIO : 0;
}

static struct scenario *scenario_begin(void)
{
    arena *a = arena_open();
    struct scenario *s = arena_take(a, 1, sizeof *s);
    s->arena = a;
    return s;
}

/* `code`: of loading it. Takes `s`. */
static int scenario_make(struct scenario *s, int code, const char *const *sets, size_t set_count, struct scenario **out,
                         faults *f, error *e)
{
    *out = NULL;
    if (code == 0) {
        code = scenario_grow(s, sets, set_count, f, e);
    }
    if (code != 0) {
        scenario_free(s);
        return code;
    }
    *out = s;
    return scenario_check(s, f);
}

int scenario_read_faulty(const char *path, const char *const *sets, size_t set_count, struct scenario **out, faults *f,
                         error *e)
{
    struct scenario *s = scenario_begin();
    return scenario_make(s, scenario_load(s, path, f, e), sets, set_count, out, f, e);
}

int scenario_take_faulty(const char *words, const char *name, const char *const *sets, size_t set_count,
                         struct scenario **out, faults *f, error *e)
{
    struct scenario *s = scenario_begin();
    s->byte_count = strlen(words);
    scenario_keep(s, name, words);
    return scenario_make(s, 0, sets, set_count, out, f, e);
}

int scenario_read(const char *path, const char *const *sets, size_t set_count, struct scenario **out, faults *f,
                  error *e)
{
    int code = scenario_read_faulty(path, sets, set_count, out, f, e);
    if (code != 0) {
        scenario_free(*out);
        *out = NULL;
    }
    return code;
}

void scenario_free(struct scenario *s)
{
    if (s != NULL) {
        arena_close(s->arena);
    }
}

const node *scenario_node(const struct scenario *s, const char *path)
{
    char *shorter = alloc_text(path);
    const node *n = node_at(s->root, shorter);
    while (n == NULL) {
        char *cut = strrchr(shorter, '.');
        char *bracket = strrchr(shorter, '[');
        cut = bracket > cut || cut == NULL ? bracket : cut;
        *(cut == NULL ? shorter : cut) = '\0';
        n = node_at(s->root, shorter);
    }
    free(shorter);
    return n;
}

int scenario_error(const struct scenario *s, const char *path, int code, error *e, const char *format, ...)
{
    faults one;
    text line = {0};
    char words[sizeof e->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    faults_begin(&one, s->file);
    faults_add(&one, scenario_node(s, path), path, "%s", words);
    faults_line(&one, 0, &line);
    code = error_set(e, code, "%s", line.at);
    text_free(&line);
    faults_free(&one);
    return code;
}

/* ---- subtrees that plugins hand over ---- */

static int subtree_parse(const char *yaml, const char *what, const struct row *rows, void *out, arena *a, error *e)
{
    faults f;
    faults_begin(&f, what);
    struct check c = {.arena = a, .faults = &f, .folder = "."};
    const node *n = node_parse(yaml, strlen(yaml), what, a, &f);
    if (n != NULL) {
        row_fill_section(&c, rows, node_is_nothing(n) ? NULL : n, n, "", out);
    }
    int code = 0;
    if (f.count > 0) {
        text line = {0};
        faults_sort(&f);
        faults_line(&f, 0, &line);
        code = error_set(e, EXIT_SCENARIO, "%s", line.at);
        if (f.at[0].hint != NULL) {
            error_hint(e, "%s", f.at[0].hint);
        }
        text_free(&line);
    }
    faults_free(&f);
    return code;
}

int memory_options_parse(const char *yaml, const char *what, struct memory_options *out, arena *a, error *e)
{
    *out = (struct memory_options){0};
    return subtree_parse(yaml, what, memory_rows, out, a, e);
}

int network_options_parse(const char *yaml, const char *what, struct network_options *out, arena *a, error *e)
{
    *out = (struct network_options){0};
    return subtree_parse(yaml, what, network_rows, out, a, e);
}

int optimizer_options_parse(const char *yaml, const char *what, struct optimizer_options *out, arena *a, error *e)
{
    *out = (struct optimizer_options){0};
    return subtree_parse(yaml, what, optimizer_rows, out, a, e);
}
