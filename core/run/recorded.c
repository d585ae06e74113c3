/* See recorded.h. The file is read twice: once to see what its paths lead to, and again with --set for those that lead nowhere here. */
#include "run/recorded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "data/data.h"
#include "plugin/plugin.h"
#include "record/provenance.h"
#include "record/record.h"
#include "run/origin.h"

enum { MANIFEST_MOST = 64 << 20 };

/* ---- the manifest ---- */

static int manifest_parse(const char *path, const char *bytes, size_t count, json_t **out, error *e)
{
    json_error_t why;
    json_t *read = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &why);
    const char *schema = json_string_value(json_object_get(read, "schema"));
    if (schema && !strcmp(schema, ORIGIN_SCHEMA)) {
        *out = read;
        return 0;
    }
    if (read)
        error_set(e, EXIT_DATA, "%s: schema: found %s; expected " ORIGIN_SCHEMA, path,
                  schema ? text_quoted(schema) : "none");
    else
        error_set(e, EXIT_DATA, "%s:%d:%d: found damaged JSON (%s); expected the manifest of a run", path, why.line,
                  why.column, text_quoted(why.text));
    json_decref(read);
    return EXIT_DATA;
}

int recorded_manifest(const char *run, json_t **out, char **bytes, size_t *count, error *e)
{
    char *path = alloc_format("%s/" PROVENANCE_FILE, run);
    int code = 0;
    *out = NULL;
    *bytes = NULL;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        code = error_set(e, EXIT_NO_INPUT, "%s: found no " PROVENANCE_FILE " in it; expected the folder of a run", run);
        error_hint(
            e,
            "it is written when all cells have run: perdure run goes on with a run that was stopped, and cells of an "
            "older Perdure, which wrote none, run again with --fresh");
    } else {
        code = file_read(path, MANIFEST_MOST, bytes, count, e);
    }
    if (!code)
        code = manifest_parse(path, *bytes, *count, out, e);
    if (code) {
        free(*bytes);
        *bytes = NULL;
    }
    free(path);
    return code;
}

/* ---- --set ---- */

struct sets {
    char **at;
    size_t count;
};

static void sets_add(struct sets *s, const char *set)
{
    s->at = alloc_again(s->at, s->count + 1, sizeof *s->at);
    s->at[s->count++] = alloc_text(set);
}

/* KEY='VALUE': in quotes nothing in it is taken for YAML. */
static void sets_put(struct sets *s, const char *key, const char *value)
{
    text set = {0};
    text_addf(&set, "%s='", key);
    for (const char *c = value; *c; c++)
        text_add(&set, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    text_addf(&set, "'");
    sets_add(s, set.at);
    text_free(&set);
}

static void sets_free(struct sets *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->at[i]);
    free(s->at);
}

/* ---- what is not where it was ---- */

static bool file_lies(const char *path)
{
    char *packed = alloc_format("%s.gz", path);
    bool there = file_exists(path) || file_exists(packed);
    free(packed);
    return there;
}

/* A folder that is given goes first, then the place of old, then the run's own folder; owned, NULL: it is nowhere. */
static char *file_find(const char *path, const char *given, const char *run, const char *beside)
{
    char *places[] = {given ? alloc_format("%s/%s", given, path_name(path)) : NULL, alloc_text(path),
                      alloc_format("%s/%s/%s", run, beside, path_name(path))};
    char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!found && places[i] && file_lies(places[i]))
            found = places[i];
        else
            free(places[i]);
    return found;
}

static void path_settle(struct sets *s, const char *key, const char *path, const char *given, const char *run,
                        const char *beside)
{
    char *found = path ? file_find(path, given, run, beside) : NULL;
    char *real = found && strcmp(found, path) != 0 ? realpath(found, NULL) : NULL;
    if (found && strcmp(found, path) != 0)
        sets_put(s, key, real ? real : found);
    free(real);
    free(found);
}

static void data_settle(struct sets *s, const struct data_options *d, const char *given, const char *run)
{
    const struct {
        enum data_set set;
        const char *key, *path;
    } paths[] = {
        {DATA_CSV, "data.train", d->csv.train},
        {DATA_CSV, "data.test", d->csv.test},
        {DATA_IDX, "data.train_images", d->idx.train_images},
        {DATA_IDX, "data.train_labels", d->idx.train_labels},
        {DATA_IDX, "data.test_images", d->idx.test_images},
        {DATA_IDX, "data.test_labels", d->idx.test_labels},
        {DATA_NPY, "data.train", d->npy.train},
        {DATA_NPY, "data.train_labels", d->npy.train_labels},
        {DATA_NPY, "data.test", d->npy.test},
        {DATA_NPY, "data.test_labels", d->npy.test_labels},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i].set == d->set)
            path_settle(s, paths[i].key, paths[i].path, given, run, "data");
    bool named = d->set != DATA_CSV && d->set != DATA_IDX && d->set != DATA_NPY && d->set != DATA_SYNTHETIC;
    char *real = given ? realpath(given, NULL) : NULL;
    if (named && given)
        sets_put(s, "data.root", real ? real : given);
    char *here = data_root(NULL);
    if (named && !given && d->root && !folder_exists(d->root))
        sets_put(s, "data.root", here);
    free(here);
    free(real);
}

/* A memory that lay in a folder of its own choice must not meet what the run left there. */
static void memory_settle(struct sets *s, const struct strategy_entry *entry)
{
    const node *where = node_find(entry->parameters, "where");
    char *key = alloc_format("%s.where", entry->path);
    if (where && where->kind == NODE_MAP)
        sets_put(s, key, "disk");
    free(key);
}

/* A strategy that is found by its name nowhere but in the run: {plugin: PATH, with: {..}} says the same. */
static void name_settle(struct sets *s, const struct strategy_entry *entry, const char *run, arena *a)
{
    size_t count = 0;
    char **files = plugin_files(entry->name, &count);
    plugin_names_free(files, count);
    char *path = alloc_format("%s/plugins/%s.so", run, entry->name), *real = count == 0 ? realpath(path, NULL) : NULL;
    if (real && !strchr(real, '\'')) {
        char *set = alloc_format("%s={plugin: '%s', with: %s}", entry->place, real,
                                 entry->parameters ? node_yaml(entry->parameters, a) : "{}");
        sets_add(s, set);
        free(set);
    }
    free(real);
    free(path);
}

static void methods_settle(struct sets *s, const struct method_list *methods, const char *run, arena *a)
{
    for (size_t i = 0; i < methods->count; i++)
        for (size_t j = 0; j < methods->at[i].strategy_count; j++) {
            const struct strategy_entry *entry = &methods->at[i].strategies[j];
            char *key = alloc_format("%s.plugin", entry->place);
            if (entry->plugin)
                path_settle(s, key, entry->plugin, NULL, run, "plugins");
            if (entry->parameters)
                memory_settle(s, entry);
            if (entry->name)
                name_settle(s, entry, run, a);
            free(key);
        }
}

/* Where the scenario left it to the machine, the run's was the CPU: bits of another device are others. */
static void device_settle(struct sets *s, const struct device_options *d, const char *run)
{
    char *path = alloc_format("%s/plan.json", run);
    json_t *plan_was = NULL;
    record_json_read(path, &plan_was, NULL);
    const char *type = json_string_value(json_object_get(json_object_get(plan_was, "device"), "type"));
    if (d->type == DEVICE_AUTO && type && !strcmp(type, "cpu"))
        sets_add(s, "device.type=cpu");
    json_decref(plan_was);
    free(path);
}

/* ---- the whole ---- */

static const char *word_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static struct sets sets_recorded(const json_t *manifest, const char *run, const struct recorded_places *places)
{
    const json_t *list = json_object_get(json_object_get(manifest, "scenario"), "set");
    struct sets s = {0};
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            sets_add(&s, json_string_value(json_array_get(list, i)));
    if (word_at(manifest, "name"))
        sets_put(&s, "name", word_at(manifest, "name"));
    sets_put(&s, "output.folder", places->out ? places->out : run);
    sets_add(&s, "output.checkpoint=none"); /* changes no number of a cell */
    return s;
}

static int scenario_take(const char *words, const char *name, const struct sets *s, struct recorded *out, error *e)
{
    int code = scenario_take_faulty(words, name, (const char *const *)s->at, s->count, &out->scenario, &out->faults, e);
    if (code != EXIT_SCENARIO)
        return code;
    text line = {0};
    faults_sort(&out->faults);
    if (out->faults.count > 0)
        faults_line(&out->faults, 0, &line);
    error_set(e, EXIT_DATA, "%s", line.at ? line.at : "scenario.yaml: found none; expected a scenario");
    text_free(&line);
    return EXIT_DATA;
}

/* ---- code that comes with a run is run only for who says that it may ---- */

static bool path_inside(const char *path, const char *folder)
{
    char *real = realpath(path, NULL), *whole = realpath(folder, NULL);
    size_t length = whole ? strlen(whole) : 0;
    bool inside = real && whole && !strncmp(real, whole, length) && real[length] == '/';
    free(whole);
    free(real);
    return inside;
}

static int plugins_trust(const struct scenario *s, const char *run, const struct recorded_places *places, error *e)
{
    for (size_t i = 0; i < s->methods.count && !places->plugins; i++)
        for (size_t j = 0; j < s->methods.at[i].strategy_count; j++) {
            const struct strategy_entry *entry = &s->methods.at[i].strategies[j];
            if (!entry->plugin || !path_inside(entry->plugin, run))
                continue;
            error_set(e, EXIT_UNAVAILABLE, "%s: found %s, which came with the run; expected a plugin of this machine",
                      entry->place, text_quoted(path_name(entry->plugin)));
            return error_hint(e, "its code runs with perdure verify --plugins alone");
        }
    return 0;
}

static int twice_take(const char *run, const char *words, const char *name, struct sets *s,
                      const struct recorded_places *places, struct recorded *out, error *e)
{
    size_t before = s->count;
    int code = scenario_take(words, name, s, out, e);
    if (code)
        return code;
    data_settle(s, &out->scenario->data, places->data, run);
    methods_settle(s, &out->scenario->methods, run, out->scenario->arena);
    device_settle(s, &out->scenario->device, run);
    path_settle(s, "network.weights", out->scenario->network.weights, NULL, run, "inputs");
    if (s->count != before) {
        scenario_free(out->scenario);
        out->scenario = NULL;
        code = scenario_take(words, name, s, out, e);
    }
    return code ? code : plugins_trust(out->scenario, run, places, e);
}

int recorded_open(const char *run, const json_t *manifest, const struct recorded_places *places, struct recorded *out,
                  error *e)
{
    const json_t *about = json_object_get(manifest, "scenario");
    const char *folder = word_at(about, "folder"), *was = word_at(about, "file");
    char *path = alloc_format("%s/scenario.yaml", run), *words = NULL;
    size_t count = 0;
    *out = (struct recorded){0};
    faults_begin(&out->faults, path);
    int code = file_read(path, NODE_BYTES, &words, &count, e);
    struct sets s = sets_recorded(manifest, run, places);
    if (!code)
        code = twice_take(run, words, folder && was && folder_exists(folder) ? was : path, &s, places, out, e);
    sets_free(&s);
    free(words);
    free(path);
    return code;
}

int recorded_plan(struct recorded *r, error *e)
{
    int code = plan_resolve(r->scenario, &r->plan, &r->faults, e);
    if (!code || e->code)
        return code;
    text line = {0};
    faults_sort(&r->faults);
    if (r->faults.count > 0)
        faults_line(&r->faults, 0, &line);
    error_set(e, EXIT_DATA, "%s", line.at ? line.at : "scenario.yaml: found that it does not fit what is here");
    text_free(&line);
    return EXIT_DATA;
}

void recorded_close(struct recorded *r)
{
    if (r->plan)
        plan_close(r->plan);
    if (r->scenario)
        scenario_free(r->scenario);
    if (r->faults.file)
        faults_free(&r->faults);
    *r = (struct recorded){0};
}
