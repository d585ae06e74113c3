/* What a memory costs as it grows: training steps with rehearsal from one of so many rows, in RAM or on disk, and what a few rows
 * in and a batch out take.
 *
 * usage: memory_step full|growing ram|disk ROWS STEPS FOLDER   (a line: steps/s, RssAnon and RssFile in KiB, seconds to
 *            fill it, CPU microseconds a step of the thread that trains and of all)
 *        memory_step calls ram|disk ROWS FOLDER                (a line: microseconds to insert 10 rows and to read 128)
 * Rows are permuted MNIST's ($PERDURE_DATA), as bytes; the network is 784-400-400-10, SGD 0.1, 128 fresh and 128 rehearsed
 * rows a step, one thread. full: nearly each fresh row takes an old one's place, anywhere, as many writes as there can be;
 * growing: each is added, and the last step fills it. bench/memory runs the sides in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "data/data.h"
#include "engine/engine.h"
#include "memory/memory.h"

enum { ROWS = 128, INPUTS = 784, TASKS = 34, FILL = 1000, WARM = 20, CALLS = 20000, INSERTED = 10 };

static struct scenario *scenario;
static dataset *data;
static stream *tasks;
static random_stream draws;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static int data_begin(error *e)
{
    faults f;
    char *words =
        alloc_format("perdure: 1\nname: memory\ndata: {set: mnist}\nstream: {split: {by: permutation, tasks: %d}, "
                     "scenario: domain-il}\nmethods: [{name: a}]\n",
                     TASKS);
    faults_begin(&f, "memory_step");
    int code = scenario_take_faulty(words, "memory_step", NULL, 0, &scenario, &f, e);
    faults_print(&f);
    free(words);
    code = code ? code : dataset_open(scenario, &data, e);
    return code ? code : stream_open(scenario, data, 1, &tasks, e);
}

/* ---- rows ---- */

typedef struct batch {
    uint8_t raw[FILL * INPUTS];
    int64_t y[FILL];
} batch;

/* n rows of the places from `first` on, or of any. */
static memory_rows batch_take(batch *b, int64_t first, int64_t n)
{
    int64_t places[FILL], all = data->train.count * TASKS;
    for (int64_t i = 0; i < n; i++) {
        places[i] = first < 0 ? random_below(&draws, all) : (first + i) % all;
        b->y[i] = data->train.label[place_row(&data->train, places[i])];
    }
    stream_gather_bytes(tasks, &data->train, places, n, b->raw);
    return (memory_rows){.count = n, .x = b->raw, .row_bytes = INPUTS, .is_bytes = true, .y = b->y};
}

static memory *memory_filled(const char *where, int64_t capacity, int64_t rows, const char *folder, batch *b, error *e)
{
    memory *m = memory_open(&(memory_setup){.capacity = capacity,
                                            .policy = MEMORY_RESERVOIR,
                                            .seed = 1,
                                            .name = "bench",
                                            .where = strcmp(where, "disk") ? MEMORY_RAM : MEMORY_DISK,
                                            .folder = folder,
                                            .owner = "bench"},
                            e);
    int code = m ? 0 : e->code;
    for (int64_t i = 0; !code && i < rows; i += FILL) {
        memory_rows some = batch_take(b, i, rows - i < FILL ? rows - i : FILL);
        code = memory_offer(m, &some, e);
    }
    return code ? NULL : m;
}

static long status_of(const char *key)
{
    char line[256];
    long kib = 0;
    FILE *in = fopen("/proc/self/status", "r");
    while (in && fgets(line, sizeof line, in))
        if (!strncmp(line, key, strlen(key)))
            kib = strtol(line + strlen(key), NULL, 10);
    if (in)
        fclose(in);
    return kib;
}

/* ---- training ---- */

static const struct engine *E;
static pdr_model *model;
static engine_optimizer *sgd;

static int engine_begin(error *e)
{
    const engine_options options = {"cpu", 1, true};
    const engine_optimizer_options kind = {.kind = ENGINE_SGD};
    int64_t hidden[2] = {400, 400}, inputs = INPUTS;
    const engine_network n = {
        .kind = "mlp", .hidden = hidden, .hidden_count = 2, .shape = &inputs, .rank = 1, .outputs = 10};
    random_stream r = random_open(1, "weights", "", 0);
    int code = engine_load(&E, e);
    code = code ? code : E->open(&options, NULL, e);
    code = code ? code : E->model_build(&n, &r, &model, e);
    if (!code)
        sgd = E->optimizer_open(model, &kind);
    return code;
}

static int step(pdr_scope *s, memory *m, batch *b, error *e)
{
    const int64_t shape[2] = {2 * ROWS, INPUTS};
    int64_t slots[ROWS];
    uint8_t raw[ROWS * INPUTS];
    void *x = NULL, *y = NULL;
    E->scope_clear(s, PDR_GRAD);
    memory_rows fresh = batch_take(b, -1, ROWS);
    pdr_tensor *rows = E->blank(s, PDR_F32, shape, 2, &x), *labels = E->blank(s, PDR_I64, shape, 1, &y);
    dataset_convert(data, b->raw, ROWS, x);
    memcpy(y, b->y, ROWS * sizeof *b->y);
    memory_sample(m, ROWS, slots);
    int code = memory_fetch(m, slots, ROWS, raw, (int64_t *)y + ROWS, NULL, NULL, e);
    dataset_convert(data, raw, ROWS, (float *)x + (size_t)ROWS * INPUTS);
    pdr_tensor *logits = E->autograd->forward(s, model, rows, NULL);
    pdr_tensor *loss = E->tensor->mean(s, E->row_loss(s, logits, labels, NULL), PDR_ALL, 0);
    E->autograd->backward(s, model, loss, false);
    E->optimizer_step(s, sgd, 0.1, NULL, 0);
    return code ? code : memory_offer(m, &fresh, e);
}

static int train(const char *where, bool growing, int64_t capacity, int64_t steps, const char *folder, error *e)
{
    int64_t rows = growing ? capacity - (WARM + steps) * ROWS : capacity;
    batch *b = alloc_zero(1, sizeof *b);
    int code = engine_begin(e);
    double start = now();
    memory *m = code ? NULL : memory_filled(where, capacity, rows, folder, b, e);
    double filled = now() - start, trained = 0, all = 0;
    for (int64_t slot = 0; m && !code && slot < rows; slot++) /* page cache and mapping are warm then */
        code = memory_fetch(m, &slot, 1, b->raw, NULL, NULL, NULL, e);
    pdr_scope *s = m ? E->tensor->open(NULL, PDR_NO_GRAD) : NULL;
    for (int64_t i = -WARM; m && !code && i < steps; i++) {
        if (i == 0) {
            start = now();
            trained = seconds_of(CLOCK_THREAD_CPUTIME_ID);
            all = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        }
        code = step(s, m, b, e);
    }
    if (m && !code)
        printf("%.2f %ld %ld %.2f %.1f %.1f\n", (double)steps / (now() - start), status_of("RssAnon:"),
               status_of("RssFile:"), filled, 1e6 * (seconds_of(CLOCK_THREAD_CPUTIME_ID) - trained) / (double)steps,
               1e6 * (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - all) / (double)steps);
    if (m)
        memory_close(m);
    free(b);
    return m ? code : e->code;
}

/* ---- calls ---- */

static int calls(const char *where, int64_t rows, const char *folder, error *e)
{
    batch *b = alloc_zero(1, sizeof *b);
    uint8_t *raw = alloc_zero(ROWS, INPUTS);
    int64_t slots[ROWS], y[ROWS];
    double spent[2] = {0};
    memory *m = memory_filled(where, rows, rows, folder, b, e);
    int code = m ? 0 : e->code;
    for (int i = 0; !code && i < CALLS; i++) {
        memory_rows some = batch_take(b, -1, INSERTED);
        double start = now();
        code = memory_offer(m, &some, e);
        double between = now();
        memory_sample(m, ROWS, slots);
        code = code ? code : memory_fetch(m, slots, ROWS, raw, y, NULL, NULL, e);
        spent[0] += between - start;
        spent[1] += now() - between;
    }
    if (!code)
        printf("%.2f %.2f\n", 1e6 * spent[0] / CALLS, 1e6 * spent[1] / CALLS);
    if (m)
        memory_close(m);
    free(raw);
    free(b);
    return code;
}

int main(int argc, char **argv)
{
    error e = {0};
    bool growing = argc == 6 && !strcmp(argv[1], "growing"), calling = argc == 5 && !strcmp(argv[1], "calls");
    if (!calling && !growing && !(argc == 6 && !strcmp(argv[1], "full"))) {
        fprintf(stderr, "usage: memory_step full|growing ram|disk ROWS STEPS FOLDER | calls ram|disk ROWS FOLDER\n");
        return EXIT_USAGE;
    }
    draws = random_open(1, "bench", "", 0);
    int code = data_begin(&e);
    if (!code)
        code = calling ? calls(argv[2], atoll(argv[3]), argv[4], &e)
                       : train(argv[2], growing, atoll(argv[3]), atoll(argv[4]), argv[5], &e);
    return code ? error_print(&e) : 0;
}
