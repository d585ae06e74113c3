/* `perdure data list` and `perdure data fetch`: the sets that are known by name, and bringing one to where runs look.
 * */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "data/data.h"

static int list_json(const char *root, error *e)
{
    json_t *all = json_object(), *rows = json_array();
    for (int64_t i = 0; i < data_set_count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:b}", "name", data_sets[i].name, "summary",
                                              data_sets[i].summary, "at_hand", data_at_hand(&data_sets[i], root)));
    json_object_set_new(all, "schema", json_string("perdure.data/1"));
    json_object_set_new(all, "root", json_string(root));
    json_object_set_new(all, "sets", rows);
    return cli_json(all, e);
}

static int list_words(const char *root, error *e)
{
    text words = {0};
    for (int64_t i = 0; i < data_set_count; i++)
        text_addf(&words, "%-14s  %-11s  %s\n", data_sets[i].name,
                  data_at_hand(&data_sets[i], root) ? "at hand" : "not at hand", data_sets[i].summary);
    text_addf(&words, "\nroot: %s\n", root);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int list_run(const call *c, const char *root, error *e)
{
    if (c->argument_count > 1) {
        error_set(e, EXIT_USAGE, "data list: found %s; expected no more words", text_quoted(c->arguments[1]));
        return error_hint(e, "perdure help data");
    }
    return call_has(c, "--json") ? list_json(root, e) : list_words(root, e);
}

static int fetch_run(const call *c, const char *root, error *e)
{
    const char *names[16] = {NULL}, *from = call_value(c, "--from");
    const data_set_info *set = NULL;
    if (c->argument_count < 2 || from == NULL) {
        error_set(e, EXIT_USAGE, "data fetch: found no %s; expected data fetch SET --from DIR",
                  c->argument_count < 2 ? "set" : "--from");
        return error_hint(e, "perdure help data");
    }
    for (int64_t i = 0; i < data_set_count && i < 15; i++) {
        names[i] = data_sets[i].name;
        if (!strcmp(names[i], c->arguments[1]))
            set = &data_sets[i];
    }
    if (set == NULL)
        return cli_unknown("one of", c->arguments[1], names, e);
    int code = data_fetch(set, from, root, e);
    if (!code)
        fprintf(stderr, "perdure: %s is at hand in %s\n", set->name, root);
    return code;
}

static int data_run(const call *c, error *e)
{
    static const char *const verbs[] = {"list", "fetch", NULL};
    char *root = data_root(call_value(c, "--root"));
    int code = !strcmp(c->arguments[0], "list")    ? list_run(c, root, e)
               : !strcmp(c->arguments[0], "fetch") ? fetch_run(c, root, e)
                                                   : cli_unknown("one of", c->arguments[0], verbs, e);
    free(root);
    return code;
}

static const option_row options[] = {
    {"--from", "DIR", "fetch: the folder that holds the files, packed (.gz) or not"},
    {"--root", "DIR", "where sets lie; else $PERDURE_DATA, else $XDG_DATA_HOME/perdure"},
    {"--json", NULL, "list: one object on standard output, perdure.data/1"},
    {NULL, NULL, NULL},
};

const command command_data = {
    .name = "data",
    .arguments = "list | fetch SET --from DIR",
    .summary = "Data sets: which are at hand, and bringing one in, checked by SHA-256",
    .options = options,
    .least = 1,
    .most = 2,
    .run = data_run,
};
