/* `perdure report RUN`: the tables of a run out of its summary.json, as the run printed them or in another form. */
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/summary.h"
#include "report/report.h"

static int forms_check(const call *c, error *e)
{
    static const char *const forms[] = {"--markdown", "--latex", "--csv", "--json", "--html"};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (first && call_has(c, forms[i]))
            return error_set(e, EXIT_USAGE, "report: found %s and %s; expected one of them", first, forms[i]);
        first = call_has(c, forms[i]) ? forms[i] : first;
    }
    if (call_has(c, "--out") && !call_has(c, "--html"))
        return error_set(e, EXIT_USAGE, "report: found --out without --html; expected it with the form that is a file");
    return 0;
}

static int html_write(const call *c, const json_t *summary, error *e)
{
    char *path = call_has(c, "--out") ? alloc_text(call_value(c, "--out")) : page_path(c->arguments[0]);
    int code = page_write(c->arguments[0], summary, path, e);
    if (!code) {
        char *line = alloc_format("%s\n", path);
        code = cli_print(line, e);
        free(line);
    }
    free(path);
    return code;
}

static int summary_say(const call *c, const json_t *summary, error *e)
{
    text words = {0};
    if (call_has(c, "--markdown")) {
        report_markdown(summary, &words);
    } else if (call_has(c, "--latex")) {
        report_latex(summary, &words);
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
        code = run_summary_read(c->arguments[0], &summary, e);
    if (code)
        return code;
    if (call_has(c, "--html"))
        code = html_write(c, summary, e);
    else
        code = call_has(c, "--json") ? cli_json(json_incref(summary), e) : summary_say(c, summary, e);
    json_decref(summary);
    return code;
}

static const option_row options[] = {
    {"--markdown", NULL, "all tables in Markdown: methods, tests against the baseline, gates with their source"},
    {"--latex", NULL, "methods (metrics only) and tests in LaTeX; needs booktabs"},
    {"--csv", NULL, "a line a value: method,seed,metric,value"},
    {"--json", NULL, "the summary itself: perdure.summary/1"},
    {"--html", NULL, "writes RUN/report.html, a page that needs nothing else, and prints where it is"},
    {"--out", "FILE", "with --html: writes the page there"},
    {NULL, NULL, NULL},
};

const command command_report = {
    .name = "report",
    .arguments = "RUN",
    .summary = "The tables of a run that is there: methods, tests and gates",
    .detail = "RUN: its folder. Trains and judges nothing; 'perdure run' with another evaluation.expect or\n"
              "evaluation.baseline judges and tests anew, without training.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = report_run,
};
