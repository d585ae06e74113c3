/* `perdure report RUN`: the tables of a run out of its summary.json, as the run printed them or in another form. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "report/report.h"

enum { SUMMARY_BYTES = 256 << 20 };

static int summary_parse(const char *path, const char *bytes, size_t count, json_t **out, error *e)
{
    json_error_t why;
    json_t *read = json_loadb(bytes, count, 0, &why);
    const char *schema = json_string_value(json_object_get(read, "schema"));
    if (schema && !strcmp(schema, "perdure.summary/1")) {
        *out = read;
        return 0;
    }
    if (read)
        error_set(e, EXIT_DATA, "%s: found schema %s; expected perdure.summary/1", path,
                  schema ? text_quoted(schema) : "nothing");
    else
        error_set(e, EXIT_DATA, "%s:%d:%d: found damaged JSON (%s); expected a summary", path, why.line, why.column,
                  text_quoted(why.text));
    json_decref(read);
    return error_hint(e, "perdure run writes it anew; finished cells are not run again");
}

/* A stopped run has cells and no summary yet. */
static int summary_read(const char *folder, json_t **out, error *e)
{
    char *path = alloc_format("%s/summary.json", folder), *bytes = NULL;
    size_t count = 0;
    int code = 0;
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        code = error_set(e, EXIT_NO_INPUT, "%s: found no summary.json in it; expected the folder of a run", folder);
        error_hint(e, "it is written when the cells have run; perdure run goes on with a run that was stopped");
    } else {
        code = file_read(path, SUMMARY_BYTES, &bytes, &count, e);
    }
    if (!code)
        code = summary_parse(path, bytes, count, out, e);
    free(bytes);
    free(path);
    return code;
}

static int forms_check(const call *c, error *e)
{
    static const char *const forms[] = {"--markdown", "--csv", "--json"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (first && call_has(c, forms[i]))
            return error_set(e, EXIT_USAGE, "report: found %s and %s; expected one of them", first, forms[i]);
        first = call_has(c, forms[i]) ? forms[i] : first;
    }
    return 0;
}

static int summary_say(const call *c, const json_t *summary, error *e)
{
    text words = {0};
    if (call_has(c, "--markdown")) {
        report_markdown(summary, &words);
    } else if (call_has(c, "--csv")) {
        report_csv(summary, &words);
    } else {
        report_table(summary, &words);
        report_gates(summary, &words);
    }
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int report_run(const call *c, error *e)
{
    json_t *summary = NULL;
    int code = forms_check(c, e);
    if (!code)
        code = summary_read(c->arguments[0], &summary, e);
    if (code)
        return code;
    code = call_has(c, "--json") ? cli_json(json_incref(summary), e) : summary_say(c, summary, e);
    json_decref(summary);
    return code;
}

static const option_row options[] = {
    {"--markdown", NULL, "both tables in Markdown, with the source of every gate"},
    {"--csv", NULL, "a line a value: method,seed,metric,value"},
    {"--json", NULL, "the summary itself: perdure.summary/1"},
    {NULL, NULL, NULL},
};

static const char *const later[] = {"--html", "--latex", NULL};

const command command_report = {
    .name = "report",
    .arguments = "RUN",
    .summary = "The tables of a run that is there: methods and gates",
    .detail = "RUN: its folder. Trains and judges nothing; 'perdure run' with another evaluation.expect judges anew.",
    .options = options,
    .later = later,
    .least = 1,
    .most = 1,
    .run = report_run,
};
