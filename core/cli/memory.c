/* `perdure memory`: the folder of a memory on disk, looked at, checked and made small. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "memory/inspect.h"

static long long number_of(const json_t *report, const char *key)
{
    return (long long)json_integer_value(json_object_get(report, key));
}

static const char *word_of(const json_t *report, const char *key)
{
    const char *word = json_string_value(json_object_get(report, key));
    return word ? word : "none yet";
}

static void bound_words(const json_t *report, text *out)
{
    if (number_of(report, "bytes"))
        text_addf(out, "capacity    %lld bytes\n", number_of(report, "bytes"));
    else if (number_of(report, "per_class"))
        text_addf(out, "capacity    %lld rows of each class of each task\n", number_of(report, "per_class"));
    else
        text_addf(out, "capacity    %lld rows\n", number_of(report, "capacity"));
}

static void classes_words(const json_t *report, text *out)
{
    size_t i;
    json_t *one;
    text_addf(out, "classes    ");
    json_array_foreach(json_object_get(report, "classes"), i, one)
    {
        if (number_of(one, "column") < 0)
            text_addf(out, " without: %lld", number_of(one, "rows"));
        else
            text_addf(out, "%s %lld: %lld", i ? "," : "", number_of(one, "column"), number_of(one, "rows"));
    }
    text_addf(out, "%s\n", i ? "" : " none");
}

static int report_print(const json_t *report, error *e)
{
    text out = {0};
    text_addf(&out, "memory      %s, of %s\n", word_of(report, "name"), word_of(report, "owner"));
    text_addf(&out, "policy      %s\n", word_of(report, "policy"));
    bound_words(report, &out);
    text_addf(&out, "rows        in %lld slots, %lld versions (checkpoints may need older ones)\n",
              number_of(report, "slots"), number_of(report, "versions"));
    text_addf(&out, "form        %s, %lld bytes a row, %lld of extra\n", word_of(report, "type"),
              number_of(report, "row_bytes"), number_of(report, "extra_bytes"));
    classes_words(report, &out);
    text_addf(&out, "generation  %lld\n", number_of(report, "generation"));
    text_addf(&out, "on disk     %lld bytes\n", number_of(report, "disk_bytes"));
    int code = cli_print(out.at, e);
    text_free(&out);
    return code;
}

static void bad_print(const json_t *report, const char *folder)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report, "bad"), i, one)
        fprintf(stderr, "perdure: %s: slot %lld, generation %lld: %s\n", folder, number_of(one, "slot"),
                number_of(one, "generation"), word_of(one, "words"));
}

static int look(const call *c, bool verify, error *e)
{
    const char *folder = c->arguments[1];
    json_t *report = memory_report(folder, verify, e);
    if (!report)
        return e->code;
    const long long versions = number_of(report, "versions"), bad = number_of(report, "bad_count");
    int code = 0;
    bad_print(report, folder);
    if (call_has(c, "--json"))
        code = cli_json(json_incref(report), e);
    else if (!verify)
        code = report_print(report, e);
    else if (!bad)
        fprintf(stderr, "perdure: %s: all %lld versions of rows are whole\n", folder, versions);
    if (!code && bad)
        code = error_set(e, EXIT_DATA, "%s: found %lld of %lld versions of rows damaged; expected them whole", folder,
                         bad, versions);
    json_decref(report);
    return code;
}

static int compact(const call *c, error *e)
{
    const char *folder = c->arguments[1];
    json_t *before = memory_report(folder, false, e), *after = NULL;
    int code = before ? memory_compact(folder, e) : e->code;
    if (!code && !(after = memory_report(folder, false, e)))
        code = e->code;
    if (!code && call_has(c, "--json"))
        code = cli_json(json_incref(after), e);
    else if (!code)
        fprintf(stderr, "perdure: %s: %lld bytes on disk, before %lld\n", folder, number_of(after, "disk_bytes"),
                number_of(before, "disk_bytes"));
    json_decref(before);
    json_decref(after);
    return code;
}

static int memory_run(const call *c, error *e)
{
    static const char *const verbs[] = {"show", "verify", "compact", NULL};
    if (!strcmp(c->arguments[0], "show"))
        return look(c, false, e);
    if (!strcmp(c->arguments[0], "verify"))
        return look(c, true, e);
    return strcmp(c->arguments[0], "compact") ? cli_unknown("one of", c->arguments[0], verbs, e) : compact(c, e);
}

static const option_row options[] = {
    {"--json", NULL, "one object on standard output, perdure.memory.report/1"},
    {NULL, NULL, NULL},
};

const command command_memory = {
    .name = "memory",
    .arguments = "show | verify | compact FOLDER",
    .summary = "A memory on disk: what it holds, whether it is whole, making its file small",
    .detail =
        "FOLDER is CELL/memory/STRATEGY/NAME of a run, or below the folder that where: {disk: ...} names. verify looks "
        "at "
        "the checksum of every row and names those that are damaged (65). compact needs room for a second file, and "
        "nobody may have the memory open.",
    .options = options,
    .least = 2,
    .most = 2,
    .run = memory_run,
};
