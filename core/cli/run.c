/* `perdure run SCENARIO`: from the file to the table of methods. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/scenario.h"
#include "report/report.h"
#include "run/profiles.h"
#include "run/run.h"
#include "run/shard.h"
#include "run/signals.h"

static int plan_show(const call *c, const plan *p, const run_options *o, error *e)
{
    text words = {0};
    if (call_has(c, "--json"))
        return cli_json(plan_json(p), e);
    plan_print(p, &words);
    selection_print(p, &o->selection, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int csv_write(const plan *p, const json_t *summary, error *e)
{
    char *path = alloc_format("%s/results.csv", p->folder);
    text csv = {0};
    report_csv(summary, &csv);
    int code = file_write(path, csv.at, csv.length, e);
    text_free(&csv);
    free(path);
    return code;
}

static int summary_show(const call *c, json_t *summary, error *e)
{
    text words = {0};
    if (call_has(c, "--json"))
        return cli_json(json_incref(summary), e);
    if (json_array_size(json_object_get(summary, "methods")) > 0)
        report_table(summary, &words);
    report_gates(summary, &words);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

enum { JOBS_MOST = 1024 };

/* Which part it is, said in one line where it was not said outright; and a word where it could be one and is none. */
static int shard_take(const call *c, run_selection *out, error *e)
{
    const char *said = call_value(c, "--shard");
    text told = {0};
    int code = said ? shard_read(said, &out->shard, &out->shards, &told, e) : 0;
    if (!code && said && told.at)
        fprintf(stderr, "perdure: %s\n", told.at);
    if (!said && shard_offered(&told))
        fprintf(stderr,
                "perdure: found %s and no --shard, so this run is of all cells; --shard auto: of this task's part\n",
                told.at);
    text_free(&told);
    return code;
}

/* Anew, from what there is, or both with what is of another plan out of the way: each means something else for the same cell. */
static int options_agree(const run_options *o, error *e)
{
    if (o->fresh && o->resume)
        return error_set(e, EXIT_USAGE, "run: found --fresh and --resume; expected one of them");
    if (o->changed && (o->fresh || o->resume))
        return error_set(e, EXIT_USAGE, "run: found --changed and --%s; expected one of them",
                         o->fresh ? "fresh" : "resume");
    return 0;
}

static int options_take(const call *c, run_options *out, error *e)
{
    long jobs = 1;
    *out = (run_options){.fresh = call_has(c, "--fresh"),
                         .changed = call_has(c, "--changed"),
                         .profile = call_has(c, "--profile"),
                         .resume = call_has(c, "--resume"),
                         .alone = call_has(c, "--alone")};
    int code = cli_number(c, "--jobs", 1, 1, JOBS_MOST, &jobs, e);
    out->jobs = (int)jobs;
    if (!code)
        code = shard_take(c, &out->selection, e);
    out->selection.only = call_values(c, "--only", &out->selection.only_count);
    if (!code)
        code = options_agree(out, e);
    return code;
}

/* No gate was judged, and no summary written: both wait for the cells of other runs. */
static void partial_tell(const plan *p, const json_t *partial, const run_selection *s)
{
    long long finished = json_integer_value(json_object_get(partial, "finished"));
    long long cells = json_integer_value(json_object_get(partial, "cells"));
    bool trials = !strcmp(json_string_value(json_object_get(partial, "of")), "trials");
    fprintf(stderr, "perdure: %lld of %lld %s are finished in %s; %s for the others\n", finished, cells,
            trials ? "trials" : "cells", p->folder, trials ? "what is chosen waits" : "summary and gates wait");
    fprintf(stderr, "hint: once %s, the same command%s%s\n",
            s->shards ? "the folders of all shards are copied into one" : "the others are run too",
            trials && s->shards          ? ""
            : s->shards && s->only_count ? " without --only and --shard"
            : s->shards                  ? " without --shard"
                                         : " without --only",
            trials ? " goes on with the best" : " puts all together");
}

/* Behind the results; with --json these stand alone, and the files say the rest. */
static int profiles_show(const call *c, const plan *p, error *e)
{
    int code = 0;
    if (!call_has(c, "--json")) {
        json_t *profiles = profiles_read(p);
        text words = {0};
        report_profile(profiles, &words);
        code = cli_print(words.at, e);
        text_free(&words);
        json_decref(profiles);
    }
    return code;
}

static int plan_run(const call *c, plan *p, const run_options *options, error *e)
{
    json_t *summary = NULL;
    if (p->scenario->device.type == DEVICE_AUTO)
        fprintf(stderr, "perdure: device: %s\n", p->device_why);
    int code = run_plan(p, options, &summary, e);
    if (summary == NULL)
        return code;
    const json_t *partial = json_object_get(summary, "partial");
    int shown = partial ? 0 : csv_write(p, summary, e);
    if (!shown)
        page_leave(p->folder, summary);
    if (!shown)
        shown = summary_show(c, summary, e);
    if (!shown && options->profile)
        shown = profiles_show(c, p, e);
    if (fflush(stdout) != 0 && !shown) /* where both go to one file, what is told next comes behind the table */
        shown = error_system(e, EXIT_IO, "standard output: cannot be written");
    if (!shown && options->profile)
        fprintf(stderr, "perdure: profile: the folder of each trained cell has profile.json, and trace.json for "
                        "https://ui.perfetto.dev or chrome://tracing\n");
    if (!shown && partial)
        partial_tell(p, partial, &options->selection);
    else if (!shown)
        fprintf(stderr, "perdure: results are in %s\n", p->folder);
    json_decref(summary);
    return shown ? shown : code;
}

static int run_run(const call *c, error *e)
{
    struct planned p = {0};
    run_options o;
    int code = options_take(c, &o, e);
    if (code) {
        free((void *)(size_t)o.selection.only);
        return code;
    }
    signals_take();
    code = planned_open(c, &p, e);
    if (p.faults.count > 0)
        faults_print(&p.faults);
    if (!code)
        code = selection_check(p.plan, &o.selection, e);
    if (!code)
        code = call_has(c, "--dry-run") ? plan_show(c, p.plan, &o, e) : plan_run(c, p.plan, &o, e);
    planned_close(&p);
    free((void *)(size_t)o.selection.only);
    signals_give_back();
    return code;
}

static const option_row options[] = {
    {"--set", "KEY=VALUE", "lays a value over the file: --set optimizer.lr=0.01; repeatable"},
    {"--out", "DIR", "the run folder, in place of output.folder"},
    {"--jobs", "N", "cells at a time, each a process with device.threads threads (1)"},
    {"--only", "METHOD[/SEED]", "these cells alone; a method with variants stands for all of them; repeatable"},
    {"--shard", "I/N", "the I-th of N parts of the cells; auto: as a Slurm array or an indexed Job says"},
    {"--profile", NULL,
     "tells where the time goes: a table a method, profile.json and trace.json a cell; as with --alone"},
    {"--alone", NULL, "each cell trains its first task itself, though others train the very same"},
    {"--changed", NULL, "puts cells of another plan aside and runs them again; keeps those that did not change"},
    {"--fresh", NULL, "runs finished cells again, over their results"},
    {"--resume", NULL, "fails where there is nothing to go on with, and does not begin anew"},
    {"--dry-run", NULL, "prints the plan and stops"},
    {"--json", NULL, "the summary on standard output: perdure.summary/1"},
    {NULL, NULL, NULL},
};

const command command_run = {
    .name = "run",
    .arguments = "SCENARIO",
    .summary = "Trains every method of a scenario with every seed, and compares them",
    .detail =
        "A cell (method and seed) that is finished is not run again: the same command goes on where the last one\n"
        "stopped. A cell that fails is told and the others go on; the exit code is then 1, as when a gate of\n"
        "evaluation.expect does not hold: gates are judged anew by every run, finished cells or not.\n"
        "A cell that is there of another plan is refused, with the keys that changed; --changed moves it, whole, to\n"
        "aside/METHOD/seed-N.DIGEST in the run folder, where nothing reads it or removes it, and trains it again.\n"
        "Cells that are the same up to the end of their first task, as their strategies only watch it, share it:\n"
        "it is trained once, and each of them comes to the bits that it has alone.\n"
        "Parts (--shard) run in folders of their own (--out): one process at a time owns a run folder. Their folders\n"
        "copied over each other are the folder of the whole, and the command without --shard writes its summary.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_run,
};
