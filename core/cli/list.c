/* `perdure list`: what a scenario can name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "data/data.h"
#include "evaluate/matrix.h"
#include "plugin/plugin.h"
#include "scenario/scenario.h"

/* ---- rows: {"name", "summary", ..}, the same for words and JSON ---- */

static json_t *row_of(const char *name, const char *summary)
{
    json_t *row = json_object();
    json_object_set_new(row, "name", json_string(name));
    json_object_set_new(row, "summary", json_string(summary ? summary : ""));
    return row;
}

/* Files of the same name in later folders of the search path: "hidden", and only when there are any. */
static void hidden_add(json_t *row, const char *name)
{
    size_t count;
    char **files = plugin_files(name, &count);
    json_t *hidden = json_array();
    for (size_t i = 1; i < count; i++)
        json_array_append_new(hidden, json_string(files[i]));
    if (count > 1)
        json_object_set(row, "hidden", hidden);
    json_decref(hidden);
    plugin_names_free(files, count);
}

/* A plugin that is refused is listed with the reason: "it is not there" would be no help. */
static json_t *strategy_row(const char *name)
{
    const plugin *found = NULL;
    error why = {0};
    if (plugin_find(name, &found, &why)) {
        json_t *row = row_of(name, NULL);
        json_object_set_new(row, "refused", json_string(why.text));
        json_object_set_new(row, "hint", why.hint[0] ? json_string(why.hint) : json_null());
        return row;
    }
    const pdr_plugin *d = found->descriptor;
    json_t *row = row_of(name, d->summary);
    json_object_set_new(row, "version", json_string(d->version ? d->version : ""));
    json_object_set_new(row, "paper", d->paper ? json_string(d->paper) : json_null());
    json_object_set_new(row, "path", json_string(found->path));
    hidden_add(row, name);
    return row;
}

static json_t *strategies_list(void)
{
    size_t count = 0;
    char **names = plugin_names(&count);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, strategy_row(names[i]));
    plugin_names_free(names, count);
    return rows;
}

static json_t *sets_list(void)
{
    char *root = data_root(NULL);
    json_t *rows = json_array();
    for (int64_t i = 0; i < data_set_count; i++) {
        const data_set_info *set = &data_sets[i];
        json_t *row = row_of(set->name, set->summary);
        json_object_set_new(row, "licence", json_string(set->licence ? set->licence : ""));
        json_object_set_new(row, "classes", json_integer(set->classes));
        json_object_set_new(row, "train", json_integer(set->train));
        json_object_set_new(row, "test", json_integer(set->test));
        json_object_set_new(row, "at_hand", json_boolean(data_at_hand(set, root)));
        json_array_append_new(rows, row);
    }
    free(root);
    return rows;
}

static json_t *networks_list(void)
{
    json_t *rows = json_array();
    for (int i = NETWORK_MLP; i <= NETWORK_LAYERS; i++)
        json_array_append_new(
            rows, row_of(network_type_name((enum network_type)i), network_type_summary((enum network_type)i)));
    return rows;
}

static json_t *metrics_list(void)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i < metric_count; i++) {
        json_t *row = row_of(metrics[i].name, metrics[i].summary);
        json_object_set_new(row, "formula", json_string(metrics[i].formula));
        json_object_set_new(row, "higher_is_better", json_boolean(metrics[i].higher_is_better));
        json_array_append_new(rows, row);
    }
    return rows;
}

static const struct section {
    const char *name;
    json_t *(*rows)(void);
} sections[] = {
    {"strategies", strategies_list}, {"sets", sets_list}, {"networks", networks_list}, {"metrics", metrics_list}};
enum { SECTIONS = sizeof sections / sizeof *sections };

/* ---- printing ---- */

static const char *word_of(const json_t *row, const char *key) { return json_string_value(json_object_get(row, key)); }

static void row_print(const json_t *row, text *out)
{
    const char *refused = word_of(row, "refused"), *hint = word_of(row, "hint");
    const json_t *at_hand = json_object_get(row, "at_hand"), *hidden = json_object_get(row, "hidden");
    text_addf(out, "  %-22s %s%s", word_of(row, "name"), refused ? "refused: " : word_of(row, "summary"),
              refused ? refused : "");
    if (at_hand)
        text_addf(out, " (%s)", json_is_true(at_hand) ? "at hand" : "not at hand: perdure data fetch");
    text_addf(out, "\n");
    if (hint)
        text_addf(out, "  %-22s hint: %s\n", "", hint);
    for (size_t i = 0; i < json_array_size(hidden); i++)
        text_addf(out, "  %-22s hides %s\n", "", json_string_value(json_array_get(hidden, i)));
}

static int sections_print(const json_t *all, error *e)
{
    text words = {0};
    const char *name;
    json_t *rows;
    json_object_foreach((json_t *)(size_t)all, name, rows)
    { /* the macro takes no const; it changes nothing */
        if (!json_is_array(rows))
            continue;
        text_addf(&words, "%s%s\n", words.length ? "\n" : "", name);
        if (json_array_size(rows) == 0)
            text_addf(&words, "  none; searched:\n%s\n", plugin_search_path());
        for (size_t i = 0; i < json_array_size(rows); i++)
            row_print(json_array_get(rows, i), &words);
    }
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int list_run(const call *c, error *e)
{
    const char *names[SECTIONS + 1] = {NULL}, *asked = c->argument_count ? c->arguments[0] : NULL;
    json_t *all = json_object();
    bool found = false;
    json_object_set_new(all, "schema", json_string("perdure.list/1"));
    for (size_t i = 0; i < SECTIONS; i++) {
        names[i] = sections[i].name;
        if (asked && strcmp(asked, sections[i].name) != 0)
            continue;
        json_object_set_new(all, sections[i].name, sections[i].rows());
        found = true;
    }
    int code = 0;
    if (!found)
        code = cli_unknown("one of", asked, names, e);
    else if (call_has(c, "--json"))
        return cli_json(all, e);
    else
        code = sections_print(all, e);
    json_decref(all);
    return code;
}

static const option_row options[] = {
    {"--json", NULL, "one object on standard output: perdure.list/1"},
    {NULL, NULL, NULL},
};

const command command_list = {
    .name = "list",
    .arguments = "[strategies|sets|networks|metrics]",
    .summary = "What a scenario can name: strategies, data sets, networks, metrics",
    .options = options,
    .most = 1,
    .run = list_run,
};
