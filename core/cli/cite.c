/* `perdure cite SCENARIO|RUN`: what a paper that uses it should cite, as BibTeX. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/citations.h"
#include "cli/cli.h"
#include "run/recorded.h"

static void plugin_missing(void *self, const error *why)
{
    error *first = self;
    error_copy(first, why);
}

static int run_open(const char *folder, struct recorded *out, error *e)
{
    struct recorded_places places = {0};
    json_t *manifest = NULL;
    char *bytes = NULL;
    size_t count = 0;
    int code = recorded_manifest(folder, &manifest, &bytes, &count, e);
    if (!code)
        code = recorded_open(folder, manifest, &places, out, e);
    json_decref(manifest);
    free(bytes);
    return code;
}

static int file_open(const char *path, struct recorded *out, error *e)
{
    faults_begin(&out->faults, path);
    int code = scenario_read(path, NULL, 0, &out->scenario, &out->faults, e);
    if (code == EXIT_SCENARIO)
        faults_print(&out->faults);
    return code;
}

static int citations_print(const json_t *all, error *e)
{
    text words = {0};
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i), *reasons = json_object_get(one, "for");
        text_addf(&words, "%s%% for", i ? "\n" : "");
        for (size_t j = 0; j < json_array_size(reasons); j++)
            text_addf(&words, "%s %s", j ? "," : "", json_string_value(json_array_get(reasons, j)));
        text_addf(&words, "\n%s", json_string_value(json_object_get(one, "bibtex")));
    }
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int citations_show(const call *c, const struct scenario *s, error *e)
{
    error missing = {0};
    json_t *all = citations_of(s, plugin_missing, &missing);
    int code = 0;
    if (call_has(c, "--json")) {
        code = cli_json(json_pack("{s:s, s:o}", "schema", "perdure.cite/1", "citations", all), e);
    } else {
        code = citations_print(all, e);
        json_decref(all);
    }
    return code ? code : missing.code ? error_copy(e, &missing) : 0; /* what is there was told first */
}

static int cite_run(const call *c, error *e)
{
    struct recorded r = {0};
    const char *path = c->arguments[0];
    int code = folder_exists(path) ? run_open(path, &r, e) : file_open(path, &r, e);
    if (!code)
        code = citations_show(c, r.scenario, e);
    recorded_close(&r);
    return code;
}

static const option_row options[] = {
    {"--json", NULL, "one object on standard output: perdure.cite/1"},
    {NULL, NULL, NULL},
};

const command command_cite = {
    .name = "cite",
    .arguments = "SCENARIO|RUN",
    .summary = "What to cite of a scenario or a run, as BibTeX",
    .detail =
        "The framework, LibTorch, the data set, the kind of stream, strategies by what their plugins name, networks,\n"
        "optimizers and metrics: each paper once, with what it is cited for. RUN: the folder of a run that has ended.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = cite_run,
};
