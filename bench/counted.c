/* The work whose instructions bench/instructions counts: whole cells, and calls of a memory. LibTorch is loaded once for all.
 *
 * usage: counted SCENARIO ...   (each method of each scenario is trained with its first seed; then a memory's rows go in and out)
 * Under valgrind --tool=callgrind --instr-atstart=no every piece of work ends with a dump that has its name, "FILE/METHOD" or
 * "memory/insert"; without valgrind they are no-ops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "memory/memory.h"
#include "train/train.h"

enum { CAPACITY = 1000, CALLS = 200, INSERTED = 10, DRAWN = 128, WIDTH = 784 };

/* In the place of core/base/clock.c: what happens every so often happens as often in every run, however fast the machine. */
double clock_seconds(void)
{
    static double now;
    return now += 1e-3;
}

int64_t clock_nanoseconds(void) { return (int64_t)(clock_seconds() * 1e9); }

static void count_begin(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

static void count_end(const char *of, const char *name)
{
    char *told = alloc_format("%s/%s", of, name);
    CALLGRIND_DUMP_STATS_AT(told);
    CALLGRIND_STOP_INSTRUMENTATION;
    puts(told);
    free(told);
}

/* ---- cells ---- */

static int cells_work(const plan *p, const dataset *data, const char *name, error *e)
{
    const train_listener quiet = {0};
    int code = 0;
    for (int m = 0; !code && m < p->method_count; m++) {
        cell_result *result = NULL;
        count_begin();
        code = train_cell(p, m, 1, data, &quiet, &result, e);
        count_end(name, p->methods[m].name);
        cell_result_close(code ? NULL : result);
    }
    return code;
}

static int scenario_work(const char *path, error *e)
{
    struct scenario *s = NULL;
    plan *p = NULL;
    dataset *data = NULL;
    faults f;
    faults_begin(&f, path);
    int code = scenario_read(path, NULL, 0, &s, &f, e);
    code = code ? code : plan_resolve(s, &p, &f, e);
    code = code ? code : dataset_open(s, &data, e);
    code = code ? code : cells_work(p, data, s->name, e);
    faults_print(&f);
    faults_free(&f);
    dataset_close(data);
    plan_close(p);
    if (s)
        scenario_free(s);
    return code;
}

/* ---- a memory ---- */

typedef struct rows {
    uint8_t x[DRAWN * WIDTH];
    int64_t y[DRAWN], slots[DRAWN];
} rows;

static int rows_offer(memory *m, const rows *r, error *e)
{
    return memory_offer(
        m, &(memory_rows){.count = INSERTED, .x = r->x, .row_bytes = WIDTH, .is_bytes = true, .y = r->y}, e);
}

static int calls_work(memory *m, rows *r, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < CAPACITY / INSERTED; i++)
        code = rows_offer(m, r, e);
    count_begin();
    for (int i = 0; !code && i < CALLS; i++)
        code = rows_offer(m, r, e);
    count_end("memory", "insert");
    count_begin();
    for (int i = 0; !code && i < CALLS; i++) {
        memory_sample(m, DRAWN, r->slots);
        code = memory_fetch(m, r->slots, DRAWN, r->x, r->y, NULL, NULL, e);
    }
    count_end("memory", "draw");
    return code;
}

static int memory_work(error *e)
{
    const memory_setup setup = {.capacity = CAPACITY, .policy = MEMORY_RESERVOIR, .seed = 1, .name = "counted"};
    rows *r = alloc_zero(1, sizeof *r);
    memory *m = memory_open(&setup, e);
    int code = m ? calls_work(m, r, e) : e->code;
    if (m)
        memory_close(m);
    free(r);
    return code;
}

int main(int argc, char **argv)
{
    const struct engine *engine;
    error e = {0};
    int code = engine_load(&engine, &e);
    for (int i = 1; !code && i < argc; i++)
        code = scenario_work(argv[i], &e);
    code = code ? code : memory_work(&e);
    return code && e.code ? error_print(&e) : code;
}
