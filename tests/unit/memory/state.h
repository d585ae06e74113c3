/* Anything that may be done with a memory, drawn by a stream of its own, and how two memories are compared. */
#ifndef PERDURE_TESTS_MEMORY_STATE_H
#define PERDURE_TESTS_MEMORY_STATE_H
#include "fixture.h"

#include <math.h>

/* What a memory is opened with, and what its rows are. */
typedef struct workload {
    enum memory_policy policy;
    int64_t capacity, per_class, most_bytes;
    bool bytes; /* rows of five bytes; else of one float */
    uint64_t seed;
    const char *folder; /* on disk; NULL: in RAM */
    int64_t waiting;
    const memory_keeper *keeper; /* NULL: none */
    void *kept;
} workload;

/* Does the same to every memory that it is used on with the same state. */
typedef struct worker {
    random_stream random;
    int64_t step, id, extra; /* steps done, rows given, floats of extra that rows have */
    bool bytes, puts;
} worker;

static inline memory *workload_open(const workload *w)
{
    error e = {0};
    memory *m = memory_open(&(memory_setup){.capacity = w->capacity,
                                            .per_class = w->per_class,
                                            .most_bytes = w->most_bytes,
                                            .policy = w->policy,
                                            .seed = w->seed,
                                            .name = "test",
                                            .where = w->folder   ? MEMORY_DISK
                                                     : w->keeper ? MEMORY_DEVICE
                                                                 : MEMORY_RAM,
                                            .keeper = w->keeper,
                                            .kept = w->kept,
                                            .folder = w->folder,
                                            .owner = "the test",
                                            .waiting = w->waiting},
                            &e);
    if (!m)
        fail_msg("%s", e.text);
    return m;
}

static inline worker worker_begin(const workload *w)
{
    return (worker){
        .random = random_open(w->seed, "test", "worker", 0), .bytes = w->bytes, .puts = w->policy == MEMORY_NONE};
}

/* Few different values, so that most meet their equals; some are none. */
static inline float worker_value(worker *w)
{
    int64_t k = random_below(&w->random, 10);
    return k == 0 ? NAN : k == 1 ? -INFINITY : (float)(k - 6) / 2;
}

enum { WORKER_ROWS = 16, WORKER_EXTRA = 8 };
typedef struct worker_rows {
    memory_rows rows;
    float x[WORKER_ROWS], value[WORKER_ROWS], extra[WORKER_ROWS * WORKER_EXTRA], blank[WORKER_EXTRA];
    uint8_t raw[WORKER_ROWS * 5];
    int64_t y[WORKER_ROWS];
} worker_rows;

/* n rows of the task that runs. Their extra comes late and grows. */
static inline void worker_fill(worker *w, worker_rows *r, int64_t n)
{
    bool wider = w->step == 12 || w->step == 33;
    w->extra += wider ? 2 : 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t id = w->id++;
        r->x[i] = (float)id;
        for (int64_t k = 0; k < 5; k++)
            r->raw[i * 5 + k] = (uint8_t)(id >> (8 * (k % 3)));
        r->y[i] = random_below(&w->random, 5) - 1;
        r->value[i] = worker_value(w);
        for (int64_t k = 0; k < w->extra; k++)
            r->extra[i * w->extra + k] = (float)(id * 10 + k);
    }
    for (int64_t k = 0; k < WORKER_EXTRA; k++)
        r->blank[k] = -7.0f - (float)k;
    bool extra = w->extra && (wider || random_below(&w->random, 4)); /* some rows have none */
    r->rows = (memory_rows){.count = n,
                            .x = w->bytes ? (const void *)r->raw : r->x,
                            .row_bytes = w->bytes ? 5 : 4,
                            .is_bytes = w->bytes,
                            .y = r->y,
                            .value = r->value,
                            .extra = extra ? r->extra : NULL,
                            .extra_bytes = extra ? w->extra * 4 : 0,
                            .extra_blank = extra ? r->blank : NULL,
                            .task = w->step / 20};
}

/* `e` NULL: nothing may be refused but more rows than there is room for. */
static inline void worker_outcome(int code, error *own, error *e)
{
    if (code && !e && !strstr(own->text, "expected at most"))
        fail_msg("%s", own->text);
    own->code = 0;
}

static inline void worker_give(worker *w, memory *m, error *e)
{
    worker_rows r;
    error own = {0};
    worker_fill(w, &r, random_below(&w->random, 9) + (w->step == 12 || w->step == 33));
    bool put = w->puts || random_below(&w->random, 10) == 0;
    worker_outcome(put ? memory_put(m, NULL, &r.rows, &own) : memory_offer(m, &r.rows, &own), &own, e);
}

/* Some parts of some rows anew. */
static inline void worker_change(worker *w, memory *m, error *e)
{
    worker_rows r;
    error own = {0};
    int64_t slots[WORKER_ROWS], n = memory_sample(m, random_below(&w->random, 6), slots);
    worker_fill(w, &r, n);
    int64_t parts = random_below(&w->random, 16);
    if (!(parts & 1))
        r.rows.x = NULL;
    if (!(parts & 2))
        r.rows.y = NULL;
    if (!(parts & 4))
        r.rows.value = NULL;
    if (!(parts & 8))
        r.rows.extra = NULL, r.rows.extra_bytes = 0;
    worker_outcome(memory_put(m, slots, &r.rows, &own), &own, e);
}

static inline void worker_retain(worker *w, memory *m, error *e)
{
    int64_t column = random_below(&w->random, 5) - 1, half = 0, n = memory_count(m, column);
    int64_t *slots = calloc((size_t)n + 1, sizeof *slots);
    error own = {0};
    memory_find(m, column, slots);
    for (int64_t i = 0; i < n; i++)
        if (random_below(&w->random, 2))
            slots[half++] = slots[i];
    worker_outcome(memory_retain(m, column, slots, half, &own), &own, e);
    free(slots);
}

static inline void worker_step(worker *w, memory *m, error *e)
{
    int64_t slots[64];
    worker_give(w, m, e);
    memory_sample(m, random_below(&w->random, 12), slots);
    if (w->step % 3 == 0)
        worker_change(w, m, e);
    if (w->step % 11 == 7)
        worker_retain(w, m, e);
    w->step++;
}

/* ---- comparing ---- */

/* As it comes back from a file: nothing of it is the memory's. */
static inline arrays state_taken(memory *m)
{
    arrays borrowed = {0}, own = {0};
    error e = {0};
    assert_int_equal(memory_save(m, "memory/a", &borrowed, &e), 0);
    for (int64_t i = 0; i < borrowed.count; i++) {
        const array *one = &borrowed.at[i];
        void *copy = calloc(one->size + 1, 1);
        if (one->size)
            memcpy(copy, one->bytes, one->size);
        arrays_take(&own, one->name, one->type, one->shape, one->rank, copy);
    }
    arrays_free(&borrowed);
    return own;
}

static inline array *state_array(arrays *a, const char *name)
{
    const array *one = arrays_find(a, name);
    assert_non_null(one);
    return &a->at[one - a->at];
}

static inline void arrays_same(const arrays *a, const arrays *b)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const array *one = &a->at[i], *other = arrays_find(b, one->name);
        if (!other || other->size != one->size || (one->size && memcmp(one->bytes, other->bytes, one->size)))
            fail_msg("%s differs", one->name);
        assert_int_equal(one->type, other->type);
        assert_int_equal(one->rank, other->rank);
        assert_memory_equal(one->shape, other->shape, (size_t)one->rank * sizeof *one->shape);
    }
}

/* All that can be seen of a memory: which rows in which slots, in which order, with all that they carry; and the draws. */
static inline void state_same(memory *a, memory *b)
{
    int64_t n = memory_count(a, INT32_MAX), extra = memory_extra_bytes(a), row = memory_row_bytes(a);
    assert_int_equal(n, memory_count(b, INT32_MAX));
    assert_int_equal(extra, memory_extra_bytes(b));
    assert_int_equal(row, memory_row_bytes(b));
    int64_t *slots = calloc((size_t)n + 1, 8), *other = calloc((size_t)n + 1, 8);
    char *rows[2], *extras[2];
    int64_t *y[2];
    float *value[2];
    error e = {0};
    assert_int_equal(memory_find(a, INT32_MAX, slots), memory_find(b, INT32_MAX, other));
    assert_memory_equal(slots, other, (size_t)n * 8);
    for (int i = 0; i < 2; i++) {
        rows[i] = calloc((size_t)(n * row) + 1, 1);
        extras[i] = calloc((size_t)(n * extra) + 1, 1);
        y[i] = calloc((size_t)n + 1, 8);
        value[i] = calloc((size_t)n + 1, 4);
        if (memory_fetch(i ? b : a, slots, n, rows[i], y[i], value[i], extras[i], &e))
            fail_msg("%s", e.text);
    }
    assert_memory_equal(rows[0], rows[1], (size_t)(n * row));
    assert_memory_equal(extras[0], extras[1], (size_t)(n * extra));
    assert_memory_equal(y[0], y[1], (size_t)n * 8);
    assert_memory_equal(value[0], value[1], (size_t)n * 4);
    for (int i = 0; i < 2; i++) {
        free(rows[i]);
        free(extras[i]);
        free(y[i]);
        free(value[i]);
    }
    free(slots);
    free(other);
}

/* Every policy with one budget, one a class and one in bytes, after more and more steps, and 40 behind them. */
static inline void every_workload(void (*body)(const workload *w, int before, int after))
{
    for (uint64_t seed = 0; seed < 6; seed++)
        for (int policy = MEMORY_RESERVOIR; policy <= MEMORY_NONE; policy++)
            for (int per_class = 0; per_class < 2; per_class++)
                for (int before = 0; before < 90; before = before * 2 + 1) {
                    workload w = {.policy = (enum memory_policy)policy,
                                  .capacity = per_class ? 0 : 37,
                                  .per_class = per_class ? 7 : 0,
                                  .most_bytes = !per_class && seed > 3 ? 400 : 0,
                                  .bytes = seed % 2,
                                  .seed = seed};
                    body(&w, before, 40);
                }
}

#endif
