/* `perdure doctor`: whether this machine can run it all, line by line, and for each line that is not good what to do.
 * */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/probe.h"
#include "data/data.h"
#include "engine/engine.h"
#include "plugin/plugin.h"

/* Findings as JSON rows {"level", "what", "found", "do"}: the words are printed from them. */
static void finding(json_t *all, const char *level, const char *what, const char *found, const char *advice)
{
    json_t *row = json_object(), *words = json_string(found);
    json_object_set_new(row, "level", json_string(level));
    json_object_set_new(row, "what", json_string(what));
    json_object_set_new(row, "found", words ? words : json_string("?"));
    json_object_set_new(row, "do", advice && advice[0] ? json_string(advice) : json_null());
    json_array_append_new(all, row);
}

static void program_look(json_t *all)
{
    char *found =
        alloc_format("%s, plugin ABI %u.%u", PERDURE_VERSION, PDR_ABI_VERSION >> 16, PDR_ABI_VERSION & 0xffffu);
    finding(all, "good", "perdure", found, NULL);
    free(found);
}

static void torch_look(json_t *all)
{
    error e = {0};
    engine_info info = {0};
    char *root = engine_torch_root(&e);
    if (root == NULL) {
        const char *words = strncmp(e.text, "LibTorch: ", 10) ? e.text : e.text + 10;
        finding(all, "bad", "LibTorch", words, e.hint[0] ? e.hint : "run scripts/setup, or set TORCH_ROOT");
        return;
    }
    if (probe_engine(&info, &e)) {
        char *found = alloc_format("%s: %s", root, e.text);
        finding(all, "bad", "LibTorch", found, e.hint[0] ? e.hint : "build again with the TORCH_ROOT that is used now");
        free(found);
    } else {
        bool same = !strcmp(info.torch, info.torch_built);
        char *found =
            alloc_format("%s in %s (built against %s; CPU: %s)", info.torch, root, info.torch_built, info.cpu);
        finding(all, same ? "good" : "warning", "LibTorch", found,
                same ? NULL
                     : "numbers may differ from the version it was built against: build again, or set TORCH_ROOT");
        free(found);
    }
    free(root);
}

static void plugin_look(json_t *all, const char *name)
{
    const plugin *p = NULL;
    error e = {0};
    if (plugin_find(name, &p, &e)) {
        finding(all, "warning", "plugin", e.text, e.hint);
        return;
    }
    const pdr_plugin *d = p->descriptor;
    char *found = alloc_format("%s %s, ABI %u.%u, %s", d->name, d->version ? d->version : "", d->abi_version >> 16,
                               d->abi_version & 0xffffu, p->path);
    finding(all, "good", "plugin", found, NULL);
    free(found);
}

static void plugins_look(json_t *all)
{
    size_t count = 0;
    char **names = plugin_names(&count), *path = alloc_text(plugin_search_path());
    for (char *rest = path, *folder; (folder = strsep(&rest, "\n"));) {
        bool there = folder_exists(folder);
        if (folder[0] != '\0')
            finding(all, there ? "good" : "warning", "plugin folder", folder,
                    there ? NULL : "it is not there: install the plugins, or correct PERDURE_PLUGIN_PATH");
    }
    for (size_t i = 0; i < count; i++)
        plugin_look(all, names[i]);
    if (count == 0)
        finding(all, "warning", "plugin", "none found", "PERDURE_PLUGIN_PATH names folders with strategies");
    free(path);
    plugin_names_free(names, count);
}

/* No GPU is no fault: a scenario that needs one says so and is refused. */
static void gpus_look(json_t *all)
{
    enum { MOST = 16 };
    engine_gpu gpus[MOST];
    int driver = 0;
    char release[32] = "";
    int count = engine_gpu_probe(gpus, MOST, &driver, release);
    if (driver == 0) {
        finding(all, "good", "CUDA driver", "none: scenarios run on the CPU", NULL);
        return;
    }
    char *found =
        alloc_format("CUDA %d.%d%s%s", driver / 1000, driver % 1000 / 10, release[0] ? ", release " : "", release);
    finding(all, "good", "CUDA driver", found, NULL);
    free(found);
    for (int i = 0; i < count; i++) {
        found = alloc_format("cuda:%d %s, capability %d.%d, %.1f GiB", i, gpus[i].name, gpus[i].major, gpus[i].minor,
                             (double)gpus[i].memory / (1 << 30));
        finding(all, "good", "GPU", found, NULL);
        free(found);
    }
    if (count == 0)
        finding(all, "warning", "GPU", "the driver shows none", "is CUDA_VISIBLE_DEVICES set to nothing?");
}

static void data_look(json_t *all)
{
    char *root = data_root(NULL);
    bool there = folder_exists(root);
    finding(all, there ? "good" : "warning", "data folder", root,
            there ? NULL : "it is not there: set PERDURE_DATA, or bring a set in with 'perdure data fetch'");
    free(root);
}

static const char *word_of(const json_t *row, const char *key)
{
    const char *word = json_string_value(json_object_get(row, key));
    return word ? word : "";
}

static bool findings_bad(const json_t *all)
{
    bool bad = false;
    for (size_t i = 0; i < json_array_size(all); i++)
        bad = bad || !strcmp(word_of(json_array_get(all, i), "level"), "bad");
    return bad;
}

static int findings_print(const json_t *all, error *e)
{
    text words = {0};
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *row = json_array_get(all, i);
        text_addf(&words, "%-8s %-13s %s\n", word_of(row, "level"), word_of(row, "what"), word_of(row, "found"));
        if (word_of(row, "do")[0])
            text_addf(&words, "%-8s %-13s -> %s\n", "", "", word_of(row, "do"));
    }
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int doctor_run(const call *c, error *e)
{
    json_t *all = json_array();
    program_look(all);
    torch_look(all);
    plugins_look(all);
    gpus_look(all);
    data_look(all);
    bool bad = findings_bad(all);
    int code;
    if (call_has(c, "--json")) {
        code = cli_json(json_pack("{s:s, s:b, s:o}", "schema", "perdure.doctor/1", "good", !bad, "findings", all), e);
    } else {
        code = findings_print(all, e);
        json_decref(all);
    }
    return code ? code : bad ? EXIT_FAILED : 0;
}

static const option_row options[] = {
    {"--json", NULL, "one object on standard output: perdure.doctor/1"},
    {NULL, NULL, NULL},
};

const command command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "Whether this machine can run it all: LibTorch, plugins, CUDA driver, GPUs",
    .detail = "Exit 0 unless a line is bad, then 1.",
    .options = options,
    .run = doctor_run,
};
