/* See inside.h. A ground is a scenario in words, as a user would write it, so that parameters are read, checked and refused as
 * everywhere. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conform/inside.h"

#define NAME "(scenario of the test)" /* where a file's name stands in messages */

/* Of each class nine rows to train on and three held out, so that a task has batches of 8, 8 and 2. */
static const ground_words plain = {
    .data = "{set: synthetic, classes: 6, train_rows: 72, test_rows: 24, shape: [1, 4, 4], validation: 0.25}",
    .network = "{type: mlp, hidden: [12]}",
    .training = "{batch: 8, epochs: 2}",
    .device = "{type: cpu, threads: 1}",
    .output = "checkpoint: none",
    .tasks = 3,
};

static void path_add(text *out, const char *path)
{
    for (const char *c = path; *c; c++)
        text_add(out, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
}

/* Lines of the parameters, which may be several in one text, each further in. */
static void with_add(text *out, const conform_options *o)
{
    text_addf(out, o->with_count ? "        with:\n" : "");
    for (size_t i = 0; i < o->with_count; i++)
        for (const char *line = o->with[i]; *line;) {
            size_t length = strcspn(line, "\n");
            text_addf(out, "          %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
}

static void stream_add(text *out, const conform *k, const ground_words *w)
{
    if (w->stream)
        text_addf(out, "stream: %s\n", w->stream);
    else
        text_addf(out, "stream: {split: {by: class, tasks: %d}, %s}\n", w->tasks ? w->tasks : plain.tasks, k->kind);
}

static void words_make(const conform *k, const ground_words *w, text *out)
{
    const plugin *p = k->real;
    text_addf(out, "perdure: 1\nname: conformance\nseeds: [1]\ndata: %s\n", w->data ? w->data : plain.data);
    stream_add(out, k, w);
    text_addf(out, "network: %s\noptimizer: {type: sgd, lr: 0.1}\n", w->network ? w->network : plain.network);
    text_addf(out, "training: %s\ndevice: %s\noutput: {%s}\nmethods:\n", w->training ? w->training : plain.training,
              w->device ? w->device : plain.device, w->output ? w->output : plain.output);
    text_addf(out, "  - name: method\n    strategies:\n      - plugin: '");
    path_add(out, p->path);
    text_addf(out, "'\n");
    with_add(out, k->options);
}

/* In the place of the plugin stands the witness, which has it behind itself. */
static void witness_place(const plugin *p, plan *to)
{
    plugin *as = arena_take(to->arena, 1, sizeof *as);
    pdr_plugin *descriptor = arena_take(to->arena, 1, sizeof *descriptor);
    witness_plan(p, as, descriptor);
    to->methods[0].strategies[0].plugin = as;
}

/* The first one: the others are in `faults`. */
static int fault_say(ground *g, int code, error *e)
{
    text line = {0};
    if (code && g->faults.count) {
        faults_sort(&g->faults);
        faults_line(&g->faults, 0, &line);
        error_set(e, code, "%s", line.at);
    }
    text_free(&line);
    return code;
}

int ground_open(const conform *k, const ground_words *words, ground *out, error *e)
{
    text yaml = {0};
    *out = (ground){0};
    faults_begin(&out->faults, NAME);
    words_make(k, words, &yaml);
    int code = scenario_take_faulty(yaml.at, NAME, NULL, 0, &out->scenario, &out->faults, e);
    if (!code)
        code = plan_resolve(out->scenario, &out->plan, &out->faults, e);
    if (!code)
        code = dataset_open(out->scenario, &out->data, e);
    if (!code)
        witness_place(k->real, out->plan);
    text_free(&yaml);
    return fault_say(out, code, e);
}

void ground_close(ground *g)
{
    dataset_close(g->data);
    plan_close(g->plan);
    if (g->scenario)
        scenario_free(g->scenario);
    faults_free(&g->faults);
    *g = (ground){0};
}
