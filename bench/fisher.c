/* Seconds of the exact Fisher information of 12,000 rows by the engine: 784-400-400-10, ten labels, one thread.
 *
 * usage: fisher [ROWS]. bench/fisher_pairs compares it with bare_fisher. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/engine.h"

enum { INPUTS = 784, CHUNK = 2000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    const struct engine *engine = NULL;
    error e = {0};
    const engine_options options = {"cpu", 1, true};
    if (engine_load(&engine, &e) || engine->open(&options, NULL, &e))
        return error_print(&e);
    const int64_t rows = argc > 1 ? atoi(argv[1]) : 12000, hidden[] = {400, 400}, inputs = INPUTS;
    const engine_network n = {
        .kind = "mlp", .hidden = hidden, .hidden_count = 2, .shape = &inputs, .rank = 1, .outputs = 10};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    if (engine->model_build(&n, &r, &m, &e))
        return error_print(&e);
    pdr_scope *s = engine->tensor->open(NULL, PDR_NO_GRAD), *turn = engine->tensor->open(NULL, PDR_NO_GRAD);
    const int64_t size = engine->model_size(m), shape[] = {rows, INPUTS};
    void *bytes = NULL;
    pdr_tensor *x = engine->blank(s, PDR_F32, shape, 2, &bytes);
    random_units(&r, bytes, (size_t)(rows * INPUTS));
    pdr_tensor *into = engine->tensor->full(s, PDR_F32, &size, 1, 0);
    double start = 0;
    for (int64_t i = -CHUNK; i < rows; i += CHUNK) { /* the first chunk warms up */
        if (i == 0)
            start = now();
        engine->scope_clear(turn, PDR_NO_GRAD);
        int64_t first = i < 0 ? 0 : i, count = rows - first < CHUNK ? rows - first : CHUNK;
        engine->fisher(turn, m, engine->tensor->slice(turn, x, 0, first, count), NULL, NULL, ENGINE_FISHER_EXACT, NULL,
                       into);
    }
    printf("%.4f\n", now() - start);
    return engine->tensor->status(turn) ? 1 : 0;
}
