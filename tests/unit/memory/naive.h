/* A memory that does everything the slow way: a plain list, searched from end to end. What the store keeps is compared with
 * it after every step. */
#ifndef PERDURE_TESTS_MEMORY_NAIVE_H
#define PERDURE_TESTS_MEMORY_NAIVE_H
#include "fixture.h"

#include <math.h>

enum { NAIVE_ROOM = 4096 };

typedef struct naive_row {
    int64_t id, task, column, arrived;
    float value;
} naive_row;

typedef struct naive {
    int64_t budget; /* of all, or of a class of a task */
    bool per_class, by_value;
    naive_row rows[NAIVE_ROOM];
    int64_t count, arrivals;
} naive;

/* Whether a is worth less than b. */
static inline bool naive_is_worse(const naive *n, const naive_row *a, const naive_row *b)
{
    if (!n->by_value)
        return a->arrived < b->arrived;
    if (isnan(a->value) != isnan(b->value))
        return isnan(a->value);
    if (!isnan(a->value) && a->value < b->value)
        return true;
    return (isnan(a->value) || a->value == b->value) && a->arrived > b->arrived;
}

static inline bool naive_competes(const naive *n, const naive_row *a, const naive_row *b)
{
    return !n->per_class || (a->task == b->task && a->column == b->column);
}

/* Appends, and lets the worst of those that compete with the row go when they are too many. */
static inline void naive_offer(naive *n, int64_t id, int64_t task, int64_t column, float value)
{
    int64_t worst = n->count, together = 0;
    assert_true(n->count < NAIVE_ROOM);
    n->rows[n->count++] = (naive_row){id, task, column, n->arrivals++, value};
    const naive_row *own = &n->rows[n->count - 1];
    for (int64_t i = 0; i < n->count; i++)
        if (naive_competes(n, &n->rows[i], own)) {
            together++;
            worst = naive_is_worse(n, &n->rows[i], &n->rows[worst]) ? i : worst;
        }
    if (together > n->budget)
        n->rows[worst] = n->rows[--n->count];
}

static inline naive_row *naive_find(naive *n, int64_t id)
{
    for (int64_t i = 0; i < n->count; i++)
        if (n->rows[i].id == id)
            return &n->rows[i];
    fail_msg("row %lld is kept; expected it evicted", (long long)id);
    return NULL;
}

/* The same rows, whatever their slots. */
static inline void naive_same(naive *n, const memory *m)
{
    int64_t *ids = calloc((size_t)memory_count(m, INT32_MAX) + 1, sizeof *ids);
    int64_t kept = fixture_kept(m, INT32_MAX, ids);
    assert_int_equal(kept, n->count);
    for (int64_t i = 0; i < kept; i++) {
        naive_find(n, ids[i]);
        for (int64_t j = 0; j < i; j++)
            assert_int_not_equal(ids[i], ids[j]);
    }
    free(ids);
}

#endif
