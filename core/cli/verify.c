/* `perdure verify RUN`: whether a run is what its manifests say, and whether its cells come out again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "run/signals.h"
#include "run/verify.h"

enum { CELLS = 1, CELLS_MOST = 1000000, JOBS_MOST = 1024 };

static int options_take(const call *c, verify_options *out, error *e)
{
    const char *cells = call_value(c, "--cells");
    long jobs = 1;
    bool all = cells && !strcmp(cells, "all");
    out->cells = -1;
    int code = all ? 0 : cli_number(c, "--cells", CELLS, 0, CELLS_MOST, &out->cells, e);
    if (!code)
        code = cli_number(c, "--jobs", 1, 1, JOBS_MOST, &jobs, e);
    out->jobs = (int)jobs;
    out->data = call_value(c, "--data");
    out->plugins = call_has(c, "--plugins");
    out->elsewhere = call_has(c, "--elsewhere");
    return code;
}

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "";
}

/* Where cells ran, once a machine. */
static void machines_add(const json_t *report, text *out)
{
    const json_t *cells = json_object_get(report, "cells");
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *one = json_array_get(cells, i);
        size_t count = 0;
        bool told = false;
        for (size_t j = 0; j < json_array_size(cells); j++) {
            const json_t *other = json_array_get(cells, j);
            bool same = !strcmp(word_of(one, "host"), word_of(other, "host")) &&
                        !strcmp(word_of(one, "cpu"), word_of(other, "cpu")) &&
                        !strcmp(word_of(one, "gpu"), word_of(other, "gpu"));
            told = told || (same && j < i);
            count += same;
        }
        if (!told)
            text_addf(out, "%-8s %zu cell%s on %s: %s%s%s\n", "ran", count, count == 1 ? "" : "s", word_of(one, "host"),
                      word_of(one, "cpu"), word_of(one, "gpu")[0] ? ", " : "", word_of(one, "gpu"));
    }
}

static int report_print(const json_t *report, error *e)
{
    const json_t *rows = json_object_get(report, "rows");
    text words = {0};
    machines_add(report, &words);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        text_addf(&words, "%-8s %s: %s\n", word_of(row, "level"), word_of(row, "what"), word_of(row, "words"));
    }
    text_addf(&words, "%s: manifest SHA-256 %s\n",
              json_is_true(json_object_get(report, "good")) ? "verified" : "NOT verified",
              word_of(report, "manifest_sha256"));
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int verify_show(const call *c, const verify_options *o, error *e)
{
    json_t *report = NULL;
    int code = verify_run(c->arguments[0], o, &report, e), shown = 0;
    if (!report)
        return code;
    if (call_has(c, "--json"))
        return (shown = cli_json(report, e)) ? shown : code;
    shown = report_print(report, e);
    json_decref(report);
    return shown ? shown : code;
}

static int verify_call(const call *c, error *e)
{
    verify_options o = {0};
    int code = options_take(c, &o, e);
    if (code)
        return code;
    o.only = call_values(c, "--only", &o.only_count);
    signals_take();
    code = verify_show(c, &o, e);
    signals_give_back();
    free((void *)(size_t)o.only);
    return code;
}

static const option_row options[] = {
    {"--cells", "N", "runs so many cells again, drawn anew each time, or all; 0: only compares files (1)"},
    {"--only", "METHOD[/SEED]", "draws them among these; repeatable"},
    {"--data", "DIR", "a folder in which data files are looked for first"},
    {"--plugins", NULL, "loads plugins that lie in RUN itself, as a bundle has them: code of whoever made it"},
    {"--elsewhere", NULL, "program, engine and LibTorch may be others: they are told, and the bits of cells decide"},
    {"--jobs", "N", "cells at a time (1)"},
    {"--json", NULL, "one object on standard output: perdure.verify/1"},
    {NULL, NULL, NULL},
};

const command command_verify = {
    .name = "verify",
    .arguments = "RUN",
    .summary = "Whether a run is what its manifests say, and comes out again bit for bit",
    .detail = "RUN: its folder, or an archive of `perdure bundle`. First every file of the record, of the data, the "
              "plugins, the engine and LibTorch is compared with\n"
              "the manifests, and every number that follows from others is worked out again. Then cells are run again, "
              "and their\n"
              "matrices and weights compared bit for bit; where they differ the manifests say what else does. Nothing "
              "is written\n"
              "into RUN. Lines: good; differs, what is another here and fails nothing by itself; bad; cause, of what "
              "is bad above\n"
              "it. Exit 0, or 1 where a line is bad. Who rewrites a whole run with all its digests is found by running "
              "its cells\n"
              "again, and by the SHA-256 of the manifest where that was printed elsewhere.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = verify_call,
};
