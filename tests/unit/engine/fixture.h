/* What the engine's tests share: the engine loaded once a process, a scope a test, and comparing values. */
#ifndef PERDURE_TESTS_ENGINE_FIXTURE_H
#define PERDURE_TESTS_ENGINE_FIXTURE_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

static const struct engine *E;
static const pdr_tensor_api *T;
static engine_info INFO;

static inline int engine_setup(void **state)
{
    (void)state;
    error e = {0};
    const engine_options options = {"cpu", 1, true};
    if (engine_load(&E, &e) || E->open(&options, &INFO, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return -1;
    }
    T = E->tensor;
    return 0;
}

static inline int scope_setup(void **state)
{
    *state = T->open(NULL, PDR_NO_GRAD);
    return *state ? 0 : -1;
}

static inline int scope_teardown(void **state)
{
    T->close(*state);
    return 0;
}

#define WITH_SCOPE(test) cmocka_unit_test_setup_teardown(test, scope_setup, scope_teardown)
#define SHAPE(...) (const int64_t[]){__VA_ARGS__}, (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define FLOATS(s, shape, ...) T->from(s, PDR_F32, shape, (const float[]){__VA_ARGS__})
#define LONGS(s, shape, ...) T->from(s, PDR_I64, shape, (const int64_t[]){__VA_ARGS__})
/* The values of `t`, compared one by one. */
#define EXPECT(s, t, ...)                                                                                          \
    expect_values(s, t, (const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double), __FILE__, \
                  __LINE__)

static inline void expect_values(pdr_scope *s, const pdr_tensor *t, const double *want, size_t count, const char *file,
                                 int line)
{
    double got[256];
    if (!t)
        print_error("%s:%d: NULL: %s\n", file, line, E->scope_message(s));
    if (!t || T->read(t, PDR_F64, got, count * sizeof *got))
        _fail(file, line);
    for (size_t i = 0; i < count; i++) {
        bool same = isinf(want[i]) ? got[i] == want[i] : fabs(got[i] - want[i]) <= 1e-5 * (1.0 + fabs(want[i]));
        if (same)
            continue;
        print_error("%s:%d: value %zu is %.9g; expected %.9g\n", file, line, i, got[i], want[i]);
        _fail(file, line);
    }
}

/* ||a - b|| / ||b|| over all elements. */
static inline double distance(const pdr_tensor *a, const pdr_tensor *b)
{
    int64_t n = T->size(a, PDR_ALL);
    assert_int_equal(n, T->size(b, PDR_ALL));
    double *p = malloc((size_t)n * 16), *q = p + n, up = 0, down = 0;
    assert_int_equal(T->read(a, PDR_F64, p, (uint64_t)n * 8), PDR_OK);
    assert_int_equal(T->read(b, PDR_F64, q, (uint64_t)n * 8), PDR_OK);
    for (int64_t i = 0; i < n; i++) {
        up += (p[i] - q[i]) * (p[i] - q[i]);
        down += q[i] * q[i];
    }
    free(p);
    return sqrt(up) / (down > 0 ? sqrt(down) : 1.0);
}

static inline pdr_model *network(const int64_t *hidden, int64_t layers, int64_t inputs, int64_t outputs)
{
    const engine_network n = {
        .kind = "mlp", .hidden = hidden, .hidden_count = layers, .shape = &inputs, .rank = 1, .outputs = outputs};
    random_stream r = random_open(1, "weights", "", 0);
    error e = {0};
    pdr_model *m = NULL;
    assert_int_equal(E->model_build(&n, &r, &m, &e), 0);
    return m;
}

/* [rows, columns] of a fixed stream, in -1..1. */
static inline pdr_tensor *noise(pdr_scope *s, int64_t rows, int64_t columns, int64_t number)
{
    random_stream r = random_open(7, "test", "noise", number);
    void *bytes = NULL;
    const int64_t shape[2] = {rows, columns};
    pdr_tensor *t = E->blank(s, PDR_F32, shape, 2, &bytes);
    float *f = bytes;
    random_units(&r, f, (size_t)(rows * columns));
    for (int64_t i = 0; i < rows * columns; i++)
        f[i] = 2 * f[i] - 1;
    return E->to_device(s, t);
}

#endif
