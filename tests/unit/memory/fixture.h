/* Memories whose rows say who they are: row number `id` is one float, or four bytes, of that value. */
#ifndef PERDURE_TESTS_MEMORY_FIXTURE_H
#define PERDURE_TESTS_MEMORY_FIXTURE_H
#include "../check.h"

#include <stdlib.h>
#include <string.h>

#include "memory/memory.h"

static inline memory *fixture_open(enum memory_policy policy, int64_t capacity, uint64_t seed)
{
    return memory_open(&(memory_setup){.capacity = capacity, .policy = policy, .seed = seed, .name = "test"}, NULL);
}

/* Offers (or puts) rows first .. first + n - 1, all of one column. */
static inline int fixture_give(memory *m, bool put, int64_t first, int64_t n, int64_t column, error *e)
{
    float *x = calloc((size_t)n + 1, sizeof *x);
    int64_t *y = calloc((size_t)n + 1, sizeof *y);
    for (int64_t i = 0; i < n; i++) {
        x[i] = (float)(first + i);
        y[i] = column;
    }
    memory_rows rows = {.count = n, .x = x, .row_bytes = sizeof *x, .y = y};
    int code = put ? memory_put(m, NULL, &rows, e) : memory_offer(m, &rows, e);
    free(x);
    free(y);
    return code;
}

static inline void fixture_offer(memory *m, int64_t first, int64_t n, int64_t column)
{
    error e = {0};
    assert_int_equal(fixture_give(m, false, first, n, column, &e), 0);
}

/* The ids of what the slots hold. */
static inline void fixture_ids(const memory *m, const int64_t *slots, int64_t n, int64_t *ids)
{
    error e = {0};
    float *x = calloc((size_t)n + 1, sizeof *x);
    assert_int_equal(memory_fetch(m, slots, n, x, NULL, NULL, NULL, &e), 0);
    for (int64_t i = 0; i < n; i++)
        ids[i] = (int64_t)x[i];
    free(x);
}

/* The ids of all rows of a column (INT32_MAX: of all); how many. */
static inline int64_t fixture_kept(const memory *m, int64_t column, int64_t *ids)
{
    int64_t n = memory_count(m, column), *slots = calloc((size_t)n + 1, sizeof *slots);
    assert_int_equal(memory_find(m, column, slots), n);
    fixture_ids(m, slots, n, ids);
    free(slots);
    return n;
}

#endif
