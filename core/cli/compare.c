/* `perdure compare RUN RUN...`: what differs in how runs were made, then their methods side by side. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/summary.h"
#include "report/report.h"
#include "run/compare.h"

static int sides_read(const call *c, struct compare_side *sides, error *e)
{
    int code = 0;
    for (size_t i = 0; i < c->argument_count && !code; i++) {
        sides[i].folder = c->arguments[i];
        if (!folder_exists(sides[i].folder))
            code = error_set(e, EXIT_NO_INPUT, "%s: found no such folder; expected that of a run", sides[i].folder);
        else
            code = run_summary_read(sides[i].folder, &sides[i].summary, e);
    }
    return code;
}

static int figures_say(const call *c, json_t *figures, error *e)
{
    text words = {0};
    if (call_has(c, "--json"))
        return cli_json(json_incref(figures), e);
    if (call_has(c, "--markdown"))
        report_compare_markdown(figures, &words);
    else
        report_compare(figures, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int compare_run(const call *c, error *e)
{
    struct compare_side *sides = alloc_zero(c->argument_count, sizeof *sides);
    json_t *figures = NULL;
    int code = 0;
    if (call_has(c, "--json") && call_has(c, "--markdown"))
        code = error_set(e, EXIT_USAGE, "compare: found --markdown and --json; expected one of them");
    if (!code)
        code = sides_read(c, sides, e);
    if (!code)
        code = compare_runs(sides, c->argument_count, &figures, e);
    if (!code)
        code = figures_say(c, figures, e);
    json_decref(figures);
    for (size_t i = 0; i < c->argument_count; i++)
        json_decref(sides[i].summary);
    free(sides);
    return code;
}

static const option_row options[] = {
    {"--markdown", NULL, "the same in Markdown"},
    {"--json", NULL, "all of it: perdure.compare/1"},
    {NULL, NULL, NULL},
};

const command command_compare = {
    .name = "compare",
    .arguments = "RUN RUN...",
    .summary = "Runs side by side: what differs in how they were made, then their metrics",
    .detail =
        "RUN: a folder. The others are compared with the first, method by method of the same name: over seeds in "
        "pairs\n"
        "where both have the same seeds (paired t-test), else by Welch's t-test; Holm's correction over each metric.\n"
        "Paths and times are no difference. Where all cells have manifests, these are compared beside the plans.",
    .options = options,
    .least = 2,
    .most = COMPARE_RUNS,
    .run = compare_run,
};
