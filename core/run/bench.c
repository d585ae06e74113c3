/* See bench.h. */
#include "run/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/machine.h"
#include "run/data_open.h"
#include "run/pairs.h"
#include "run/sides.h"

typedef struct bench {
    plan plan; /* the methods that are asked for, each cut to so many steps */
    plan_method *methods;
    struct method_options *options;
    dataset *data; /* read before the first fork */
    struct sides sides;
} bench;

/* ---- before the first side ---- */

static bool method_wanted(const bench_options *o, const char *name)
{
    bool wanted = o->only_count == 0;
    for (size_t i = 0; i < o->only_count; i++)
        wanted = wanted || !strcmp(o->only[i], name);
    return wanted;
}

/* Tasks count alike, so that strategies are seen at work and not only in the first task, where most have none. */
static int64_t steps_a_task(const plan *p, int64_t steps)
{
    int64_t tasks = p->scenario->stream.split.tasks;
    return (steps + tasks - 1) / tasks;
}

static void plan_cut(bench *b, const plan *p, const bench_options *o)
{
    b->methods = alloc_zero((size_t)p->method_count, sizeof *b->methods);
    b->options = alloc_zero((size_t)p->method_count, sizeof *b->options);
    b->plan = *p;
    b->plan.methods = b->methods;
    b->plan.method_count = 0;
    for (int i = 0; i < p->method_count; i++) {
        const plan_method *m = &p->methods[i];
        if (!method_wanted(o, m->name))
            continue;
        int at = b->plan.method_count++;
        b->options[at] = *m->options;
        b->options[at].training.epochs = 0;
        b->options[at].training.iterations = steps_a_task(p, o->steps);
        b->methods[at] = *m;
        b->methods[at].options = &b->options[at];
    }
}

static double load_warn(void)
{
    double load = machine_load();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (load > 0.5 * (double)cores)
        fprintf(stderr,
                "perdure: warning: found a load of %.2f on %ld core%s; expected at most %.1f: what else runs here "
                "disturbs the figures\n",
                load, cores, cores == 1 ? "" : "s", 0.5 * (double)cores);
    return load;
}

/* What would let every side fail for one reason is told once, before any. */
static int all_there(bench *b, const plan *p, error *e)
{
    char *torch = engine_torch_root(e);
    free(torch);
    return torch ? data_open(p, &b->data, e) : e->code;
}

static int bench_prepare(bench *b, const plan *p, const bench_options *o, error *e)
{
    int code = all_there(b, p, e);
    if (!code && !(b->sides.folder = folder_scratch("bench", e)))
        code = e->code;
    if (code)
        return code;
    plan_cut(b, p, o);
    b->sides.plan = &b->plan;
    b->sides.data = b->data;
    b->sides.pairs = o->pairs;
    b->sides.failures = alloc_zero((size_t)b->plan.method_count + 1, sizeof *b->sides.failures);
    b->sides.results = alloc_zero((size_t)(b->plan.method_count * b->sides.pairs * PAIR_SIDES) + 1, sizeof(json_t *));
    return 0;
}

/* ---- the figures ---- */

static json_t *strategies_json(const plan_method *m)
{
    json_t *names = json_array();
    for (int i = 0; i < m->count; i++)
        json_array_append_new(names, json_string(m->strategies[i].name));
    return names;
}

/* LibTorch as a side met it; all met the same. */
static json_t *engine_json(const bench *b)
{
    for (int i = 0; i < b->plan.method_count * b->sides.pairs * PAIR_SIDES; i++)
        if (b->sides.results[i])
            return json_incref(json_object_get(b->sides.results[i], "engine"));
    return json_null();
}

static json_t *figures_json(const bench *b, double load)
{
    const struct scenario *s = b->plan.scenario;
    json_t *machine = machine_json(), *methods = json_array();
    json_object_set_new(machine, "load_average", load < 0 ? json_null() : json_real(load));
    for (int i = 0; i < b->plan.method_count; i++) {
        json_t *row = pairs_json(b->plan.methods[i].name, b->sides.results + i * b->sides.pairs * PAIR_SIDES,
                                 (size_t)b->sides.pairs, b->sides.failures[i]);
        json_object_set_new(row, "strategies", strategies_json(&b->plan.methods[i]));
        json_array_append_new(methods, row);
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:o, s:o, s:o}", "schema", "perdure.bench/1", "scenario", s->name,
                     "data", data_set_name(s->data.set), "seed", (json_int_t)s->seeds.at[0], "device", b->plan.device,
                     "threads", (json_int_t)s->device.threads, "machine", machine, "engine", engine_json(b), "methods",
                     methods);
}

static void bench_close(bench *b)
{
    for (int i = 0; b->sides.results && i < b->plan.method_count * b->sides.pairs * PAIR_SIDES; i++)
        json_decref(b->sides.results[i]);
    for (int i = 0; b->sides.failures && i < b->plan.method_count; i++)
        free(b->sides.failures[i]);
    if (b->data)
        dataset_close(b->data);
    folder_remove(b->sides.folder);
    free(b->sides.results);
    free(b->sides.failures);
    free(b->methods);
    free(b->options);
    free(b->sides.folder);
}

int bench_run(const plan *p, const bench_options *o, json_t **figures, error *e)
{
    bench b = {0};
    double load = load_warn();
    *figures = NULL;
    int code = bench_prepare(&b, p, o, e);
    if (!code && !(code = sides_run(&b.sides, e))) {
        *figures = figures_json(&b, load);
        code = b.sides.failed ? EXIT_FAILED : 0;
    }
    bench_close(&b);
    return code;
}
