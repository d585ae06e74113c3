/* `perdure describe NAME`: a strategy, a set, a network, a metric, or the scenario file itself, out of the tables that the program
 * works by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/data.h"
#include "evaluate/matrix.h"
#include "plugin/plugin.h"
#include "scenario/param.h"
#include "scenario/scenario.h"

enum { NETWORK_TYPES = NETWORK_LAYERS + 1 };

static json_t *text_or_null(const char *words) { return words ? json_string(words) : json_null(); }

/* Prints words, or JSON under "perdure.describe/1", and lets both go. */
static int say(const call *c, text *words, json_t *json, error *e)
{
    int code;
    if (call_has(c, "--json")) {
        json_object_set_new(json, "schema", json_string("perdure.describe/1"));
        code = cli_json(json, e);
    } else {
        code = cli_print(words->at, e);
        json_decref(json);
    }
    text_free(words);
    return code;
}

static int scenario_say(const call *c, error *e)
{
    text words = {0};
    char *schema = NULL;
    if (call_has(c, "--json")) { /* the schema alone: editors take it as it is */
        schema = scenario_schema_json();
        text_addf(&words, "%s\n", schema);
    } else {
        scenario_describe(&words);
    }
    int code = cli_print(words.at, e);
    free(schema);
    text_free(&words);
    return code;
}

static int metric_say(const call *c, const metric *m, error *e)
{
    text words = {0};
    text_addf(&words, "%s: %s\n\n  %s\n\n%s is better. T tasks; %s.\n%s\n", m->name, m->summary, m->formula,
              m->higher_is_better ? "Higher" : "Lower",
              m->of ? "R[i][j]: accuracy on task j after training i tasks"
                    : "A[e][j]: accuracy on task j at evaluation e, every evaluation.anytime.batches steps and behind "
                      "each task",
              m->source ? m->source : "");
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "kind", "metric", "name", m->name, "formula", m->formula, "summary",
                  m->summary, "higher_is_better", m->higher_is_better, "source", text_or_null(m->source));
    return say(c, &words, json, e);
}

static json_t *files_json(const data_set_info *set)
{
    json_t *files = json_array();
    for (size_t i = 0; i < sizeof set->files / sizeof *set->files && set->files[i].name; i++)
        json_array_append_new(files,
                              json_pack("{s:s, s:o, s:I}", "name", set->files[i].name, "sha256",
                                        text_or_null(set->files[i].sha256), "size", (json_int_t)set->files[i].size));
    return files;
}

/* Each file with its own SHA-256, or that of what it is published in. */
static void set_add_files(const data_set_info *set, text *out)
{
    for (size_t i = 0; i < sizeof set->files / sizeof *set->files && set->files[i].name; i++)
        text_addf(out, "  %s, %lld bytes%s%s%s%s\n", set->files[i].name, (long long)set->files[i].size,
                  set->files[i].sha256 ? ", sha256 " : "", set->files[i].sha256 ? set->files[i].sha256 : "",
                  set->packed[i] ? ", sha256 of its .gz " : "", set->packed[i] ? set->packed[i] : "");
    if (set->archive)
        text_addf(out, "  in %s, %lld bytes, sha256 %s\n", set->archive, (long long)set->archive_size,
                  set->archive_sha256);
}

static int set_say(const call *c, const data_set_info *set, error *e)
{
    text words = {0};
    char *root = data_root(NULL);
    bool here = data_at_hand(set, root);
    text_addf(&words, "%s: %s\n\n  %lld classes, %lld training rows, %lld test rows; licence: %s\n  %s", set->name,
              set->summary, (long long)set->classes, (long long)set->train, (long long)set->test, set->licence,
              here ? "at hand\n" : "not at hand: perdure data fetch ");
    if (!here)
        text_addf(&words, "%s\n", set->name);
    set_add_files(set, &words);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "kind", "set", "name", set->name, "summary",
                  set->summary, "licence", set->licence, "classes", (json_int_t)set->classes, "train",
                  (json_int_t)set->train, "test", (json_int_t)set->test, "at_hand", here, "files", files_json(set));
    free(root);
    return say(c, &words, json, e);
}

static int network_say(const call *c, enum network_type type, error *e)
{
    text words = {0};
    char *schema = network_schema_json(type);
    network_describe(type, &words);
    json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "kind", "network", "name", network_type_name(type), "summary",
                             network_type_summary(type), "keys", json_loads(schema, 0, NULL));
    free(schema);
    return say(c, &words, json, e);
}

static json_t *strategy_json(const plugin *p)
{
    const pdr_plugin *d = p->descriptor;
    char *schema = param_schema_json(&p->parameters);
    json_t *out = json_object();
    json_object_set_new(out, "kind", json_string("strategy"));
    json_object_set_new(out, "name", json_string(d->name));
    json_object_set_new(out, "version", text_or_null(d->version));
    json_object_set_new(out, "summary", text_or_null(d->summary));
    json_object_set_new(out, "paper", text_or_null(d->paper));
    json_object_set_new(out, "path", json_string(p->path));
    json_object_set_new(out, "sha256", json_string(p->sha256));
    json_object_set_new(out, "parameters", schema ? json_loads(schema, 0, NULL) : json_null());
    free(schema);
    return out;
}

static int strategy_say(const call *c, const plugin *p, error *e)
{
    const pdr_plugin *d = p->descriptor;
    text words = {0};
    text_addf(&words, "%s %s: %s\n", d->name, d->version ? d->version : "", d->summary ? d->summary : "");
    if (d->paper)
        text_addf(&words, "  %s\n", d->paper);
    text_addf(&words, "  %s\n\n", p->path);
    if (p->parameters.rows)
        param_describe(&p->parameters, &words);
    else
        text_addf(&words, "no parameters\n");
    return say(c, &words, strategy_json(p), e);
}

/* Everything that could have been meant. */
static int nothing_found(const char *name, error *e)
{
    size_t plugins = 0, count = 0;
    char **names = plugin_names(&plugins);
    const char **all =
        alloc_zero(plugins + (size_t)metric_count + (size_t)data_set_count + NETWORK_TYPES + 1, sizeof(char *));
    all[count++] = "scenario";
    for (int i = 0; i < NETWORK_TYPES; i++)
        all[count++] = network_type_name((enum network_type)i);
    for (int64_t i = 0; i < metric_count; i++)
        all[count++] = metrics[i].name;
    for (int64_t i = 0; i < data_set_count; i++)
        all[count++] = data_sets[i].name;
    for (size_t i = 0; i < plugins; i++)
        all[count++] = names[i];
    const char *nearest = text_nearest(name, all, count);
    error_set(e, EXIT_USAGE,
              "found no %s; expected a strategy, a set, a network, a metric, 'scenario', or the path of a plugin",
              text_quoted(name));
    if (nearest)
        error_hint(e, "did you mean %s?", nearest);
    else
        error_hint(e, "'perdure list' tells all names");
    free(all);
    plugin_names_free(names, plugins);
    return EXIT_USAGE;
}

static bool plugin_is_there(const char *name)
{
    size_t count = 0;
    char **names = plugin_names(&count);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || !strcmp(names[i], name);
    plugin_names_free(names, count);
    return found;
}

static int describe_run(const call *c, error *e)
{
    const char *name = c->arguments[0];
    const plugin *found = NULL;
    enum network_type network;
    if (!strcmp(name, "scenario"))
        return scenario_say(c, e);
    if (network_type_find(name, &network))
        return network_say(c, network, e);
    if (metric_find(name))
        return metric_say(c, metric_find(name), e);
    for (int64_t i = 0; i < data_set_count; i++)
        if (!strcmp(data_sets[i].name, name))
            return set_say(c, &data_sets[i], e);
    if (!strchr(name, '/') && !plugin_is_there(name))
        return nothing_found(name, e);
    int code = strchr(name, '/') ? plugin_open(name, &found, e) : plugin_find(name, &found, e);
    return code ? code : strategy_say(c, found, e);
}

static const option_row options[] = {
    {"--json", NULL, "one object: perdure.describe/1; of 'scenario' the JSON Schema (draft-07)"},
    {NULL, NULL, NULL},
};

const command command_describe = {
    .name = "describe",
    .arguments = "NAME|scenario",
    .summary = "A strategy or network with its keys, a set, a metric, or the scenario file",
    .detail = "NAME: as 'perdure list' shows it, or the path of a plugin (with a '/').",
    .options = options,
    .least = 1,
    .most = 1,
    .run = describe_run,
};
