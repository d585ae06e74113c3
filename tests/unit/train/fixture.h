/* Plans for tiny and real streams, and a cell that is set up but not run, for what lies between the hooks. */
#ifndef PERDURE_TESTS_TRAIN_FIXTURE_H
#define PERDURE_TESTS_TRAIN_FIXTURE_H
#include "../plan/fixture.h"

#include <math.h>

#include "train/cell.h"

/* Classes of six training and three test rows with two values; a batch holds four. `streams`, `rest`: YAML. */
static inline planned tiny_plan_of(int classes, const char *streams, const char *rest)
{
    text csv = {0};
    error e = {0};
    for (int c = 0; c < classes; c++)
        for (int i = 0; i < 9; i++)
            text_addf(&csv, "%d,0.%d,%d\n", c + 1, i, c);
    char *path = SAID("%s/t.csv", folder);
    assert_int_equal(file_write(path, csv.at, csv.length, &e), 0);
    char *yaml = SAID("perdure: 1\nname: t\ndata: {set: csv, train: t.csv, test_every: 3, label: last, normalize: "
                      "none}\nstream: {%s}\nnetwork: {type: mlp, hidden: [5]}\noptimizer: {type: sgd, lr: 0.1}\n"
                      "training: {batch: 4, epochs: 2}\n" CPU "%s",
                      streams, rest);
    planned p = planned_well(yaml);
    text_free(&csv);
    return p;
}

static inline planned tiny_plan(const char *streams, const char *rest) { return tiny_plan_of(4, streams, rest); }

/* Bytes that are made: rows [1, 4, width] of three classes, 24 to train on and 6 to test; a batch holds seven. `data`: more
 * keys of the section, with a comma in front. */
static inline planned picture_plan_of(int64_t width, const char *data, const char *streams, const char *rest)
{
    return planned_well(SAID("perdure: 1\nname: t\ndata: {set: synthetic, classes: 3, train_rows: 24, test_rows: 6, "
                             "shape: [1, 4, %lld]%s}\nstream: {%s}\nnetwork: {type: mlp, hidden: [5]}\n"
                             "optimizer: {type: sgd, lr: 0.1}\ntraining: {batch: 7, epochs: 2}\n" CPU "%s",
                             (long long)width, data, streams, rest));
}

static inline planned picture_plan(const char *data, const char *streams, const char *rest)
{
    return picture_plan_of(5, data, streams, rest);
}

#define TWO_TASKS "split: {by: class, tasks: 2}, scenario: "
#define ONE_METHOD "methods: [{name: a}]\n"

static inline dataset *data_of(const planned *p)
{
    dataset *d = NULL;
    error e = {0};
    if (dataset_open(p->scenario, &d, &e))
        fail_msg("%s", e.text);
    return d;
}

/* A whole cell by train_cell; its code, with *r or *e. */
static inline int cell_tried(const planned *p, int method, int64_t seed, const train_listener *listener,
                             cell_result **r, error *e)
{
    dataset *d = data_of(p);
    int code = train_cell(p->plan, method, seed, d, listener, r, e);
    dataset_close(d);
    return code;
}

static inline cell_result *cell_trained(const planned *p, int method, int64_t seed, const train_listener *listener)
{
    cell_result *r = NULL;
    error e = {0};
    if (cell_tried(p, method, seed, listener, &r, &e))
        fail_msg("%s", e.text);
    return r;
}

/* The one method of a plan that is for this cell alone, with seed 3. */
static inline cell_result *sole_trained(planned p)
{
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    planned_free(&p);
    return r;
}

/* A cell with its stages, engine and network, and no strategies. */
typedef struct bench {
    planned p;
    dataset *data;
    cell c;
    cell_result result;
    train_listener deaf;
} bench;

static inline void bench_engine(bench *b)
{
    cell *c = &b->c;
    error e = {0};
    const engine_options options = {"cpu", 1, true};
    if (engine_load(&c->engine, &e) || c->engine->open(&options, NULL, &e))
        fail_msg("%s", e.text);
    c->session.engine = c->engine;
    c->session.data = b->data;
    c->session.stream = c->stream;
    host_begin(&c->session);
    c->executor = strcmp(c->method->executor, "planned") ? c->engine->autograd : c->engine->planned;
    c->step.session = &c->session;
    c->step.scope = c->engine->tensor->open(NULL, PDR_GRAD);
}

static inline bench *bench_open(planned p, int method, int64_t seed)
{
    bench *b = alloc_zero(1, sizeof *b);
    error e = {0};
    b->p = p;
    b->data = data_of(&p);
    cell *c = &b->c;
    *c = (cell){.plan = p.plan,
                .method = &p.plan->methods[method],
                .scenario = p.scenario,
                .data = b->data,
                .seed = seed,
                .listener = &b->deaf,
                .result = &b->result};
    if (stream_open(p.scenario, b->data, (uint64_t)seed, &c->stream, &e))
        fail_msg("%s", e.text);
    bench_engine(b);
    stages_open(c);
    for (int64_t i = 0; i < c->stage_count; i++)
        stage_fill(c, &c->stages[i]); /* as each is when it runs */
    return b;
}

static inline void bench_close(bench *b)
{
    cell *c = &b->c;
    host_end(&c->session);
    c->engine->tensor->close(c->step.scope);
    if (c->optimizer)
        c->engine->optimizer_close(c->optimizer);
    c->engine->model->discard(c->session.model);
    batch_order_close(&c->order);
    check_close(c);
    stages_close(c);
    stream_close(c->stream);
    dataset_close(b->data);
    planned_free(&b->p);
    free(b);
}

#endif
