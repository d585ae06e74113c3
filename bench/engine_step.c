/* Steps per second of the engine through its table: 784-400-400-10, SGD, one thread, fixed batches.
 *
 * usage: engine_step planned|autograd ROWS STEPS [HIDDEN ...]. Prints microseconds a step; bench/engine_pairs compares it with bare_step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"

enum { BATCHES = 32, INPUTS = 784 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct engine *E;
static const engine_executor *by;
static pdr_tensor *x[BATCHES], *y[BATCHES];

static void make_batches(pdr_scope *s, int64_t count)
{
    random_stream r = random_open(1, "bench", "", 0);
    const int64_t shape[2] = {count, INPUTS};
    for (int b = 0; b < BATCHES; b++) {
        void *rows = NULL, *labels = NULL;
        x[b] = E->tensor->keep(NULL, E->blank(s, PDR_F32, shape, 2, &rows));
        y[b] = E->tensor->keep(NULL, E->blank(s, PDR_I64, shape, 1, &labels));
        random_units(&r, rows, (size_t)count * INPUTS);
        for (int i = 0; i < count; i++)
            ((int64_t *)labels)[i] = random_below(&r, 10);
    }
}

static void step(pdr_scope *s, pdr_model *m, engine_optimizer *o, int b)
{
    E->scope_clear(s, PDR_GRAD);
    pdr_tensor *logits = by->forward(s, m, x[b], NULL), *loss = NULL;
    if (by->loss)
        by->loss(s, m, logits, y[b], NULL, NULL, &loss);
    else
        loss = E->tensor->mean(s, E->row_loss(s, logits, y[b], NULL), PDR_ALL, 0);
    by->backward(s, m, loss, false);
    E->optimizer_step(s, o, 0.01, NULL, 0);
}

int main(int argc, char **argv)
{
    error e = {0};
    const engine_options options = {"cpu", 1, true};
    if (engine_load(&E, &e) || E->open(&options, NULL, &e))
        return error_print(&e);
    by = argc > 1 && strcmp(argv[1], "autograd") == 0 ? E->autograd : E->planned;
    const int rows = argc > 2 ? atoi(argv[2]) : 128, steps = argc > 3 ? atoi(argv[3]) : 1000;
    int64_t hidden[8] = {400, 400}, layers = argc > 4 ? 0 : 2, inputs = INPUTS;
    for (int i = 4; i < argc && layers < 8; i++)
        hidden[layers++] = atoi(argv[i]);
    const engine_network n = {
        .kind = "mlp", .hidden = hidden, .hidden_count = layers, .shape = &inputs, .rank = 1, .outputs = 10};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    if (E->model_build(&n, &r, &m, &e))
        return error_print(&e);
    pdr_scope *s = E->tensor->open(NULL, PDR_NO_GRAD);
    make_batches(s, rows);
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    engine_optimizer *o = E->optimizer_open(m, &sgd);
    for (int i = 0; i < 20; i++)
        step(s, m, o, i % BATCHES);
    double start = now();
    for (int i = 0; i < steps; i++)
        step(s, m, o, i % BATCHES);
    printf("%.2f\n", 1e6 * (now() - start) / steps);
    return E->tensor->status(s) ? 1 : 0;
}
