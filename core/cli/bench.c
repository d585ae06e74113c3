/* `perdure bench [SCENARIO]`: what the methods of a scenario cost on this machine, beside the bare engine loop. */
#include "cli/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/scenario.h"
#include "report/report.h"
#include "run/bench.h"

enum { PAIRS = 5, PAIRS_MOST = 1000, STEPS = 300, STEPS_LEAST = 2, STEPS_MOST = 1000000000 };

static int numbers_take(const call *c, bench_options *out, error *e)
{
    long pairs = 0, steps = 0;
    int code = cli_number(c, "--pairs", PAIRS, 1, PAIRS_MOST, &pairs, e);
    if (!code)
        code = cli_number(c, "--steps", STEPS, STEPS_LEAST, STEPS_MOST, &steps, e);
    out->pairs = (int)pairs;
    out->steps = steps;
    return code;
}

static int only_check(const bench_options *o, const plan *p, error *e)
{
    const char **names = alloc_zero((size_t)p->method_count + 1, sizeof(char *));
    int code = 0;
    for (int i = 0; i < p->method_count; i++)
        names[i] = p->methods[i].name;
    for (size_t i = 0; i < o->only_count && !code; i++) {
        bool there = false;
        for (int j = 0; j < p->method_count; j++)
            there = there || !strcmp(names[j], o->only[i]);
        code = there ? 0 : cli_unknown("a method of the scenario", o->only[i], names, e);
    }
    free(names);
    return code;
}

static int figures_show(const call *c, json_t *figures, error *e)
{
    text words = {0};
    if (call_has(c, "--json"))
        return cli_json(figures, e);
    report_bench(figures, &words);
    json_decref(figures);
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}

static int plan_measure(const call *c, const plan *p, const bench_options *o, error *e)
{
    json_t *figures = NULL;
    int code = bench_run(p, o, &figures, e);
    int shown = figures ? figures_show(c, figures, e) : 0;
    return shown ? shown : code;
}

static int scenario_open(const call *c, struct planned *p, error *e)
{
    text words = {0};
    if (c->argument_count)
        return planned_open(c, p, e);
    bench_words(&words);
    int code = planned_open_words(c, "(built-in scenario)", words.at, p, e);
    text_free(&words);
    return code;
}

static int bench_command(const call *c, error *e)
{
    struct planned p = {0};
    bench_options o = {0};
    int code = numbers_take(c, &o, e);
    if (code)
        return code;
    const char **only = call_values(c, "--only", &o.only_count);
    o.only = only;
    code = scenario_open(c, &p, e);
    if (p.faults.count > 0)
        faults_print(&p.faults);
    if (!code && !(code = only_check(&o, p.plan, e)))
        code = plan_measure(c, p.plan, &o, e);
    planned_close(&p);
    free(only);
    return code;
}

static const option_row options[] = {
    {"--pairs", "N", "pairs of a method, of which the median counts (5)"},
    {"--steps", "N", "training steps a side, spread over the tasks (300)"},
    {"--only", "METHOD", "this method alone; repeatable"},
    {"--set", "KEY=VALUE", "lays a value over the file: --set device.threads=2; repeatable"},
    {"--json", NULL, "the figures, every pair and the machine: perdure.bench/1"},
    {NULL, NULL, NULL},
};

const command command_bench = {
    .name = "bench",
    .arguments = "[SCENARIO]",
    .summary = "Measures the methods of a scenario beside the bare engine loop",
    .detail =
        "Bare is forward, loss, backward and update by the engine alone, over the same rows in the same order: no\n"
        "strategy, no hook, no log, no evaluation. Each side is a process of its own, they take turns, and the ratio "
        "is\n"
        "taken pair by pair: 1 costs nothing beside bare, 0.5 takes twice its time. Steps count from the second on;\n"
        "loading, evaluation and the work between tasks do not. Without SCENARIO: 784-400-400-10, SGD, batches of "
        "128,\n"
        "five tasks, one thread, fine-tuning and each of replay, ewc, lwf, icarl and genreplay that is installed.\n"
        "Exit 1 when a method failed.",
    .options = options,
    .most = 1,
    .run = bench_command,
};
