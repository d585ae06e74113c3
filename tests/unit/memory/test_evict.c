/* Who goes when there is no more room, exactly: the policies value and fifo, in all and of each class of each task, against
 * lists that are searched from end to end; the policy none; budgets a class under reservoir. */
#include "naive.h"

static memory *opened(enum memory_policy policy, int64_t capacity, int64_t per_class, uint64_t seed)
{
    return memory_open(
        &(memory_setup){.capacity = capacity, .per_class = per_class, .policy = policy, .seed = seed, .name = "test"},
        NULL);
}

/* One row; the word of whether it was taken is the store's content. */
static int given(memory *m, bool put, int64_t id, int64_t task, int64_t column, const float *value, error *e)
{
    float x = (float)id;
    memory_rows rows = {.count = 1, .x = &x, .row_bytes = sizeof x, .y = &column, .value = value, .task = task};
    return put ? memory_put(m, NULL, &rows, e) : memory_offer(m, &rows, e);
}

static void offered(memory *m, naive *n, int64_t id, int64_t task, int64_t column, float value)
{
    error e = {0};
    assert_int_equal(given(m, false, id, task, column, &value, &e), 0);
    naive_offer(n, id, task, column, value);
}

/* Few different values, so that most meet their equals; every tenth is none. */
static float some_value(random_stream *r)
{
    int64_t k = random_below(r, 10);
    return k == 0 ? NAN : k == 1 ? -INFINITY : k == 2 ? INFINITY : (float)(k - 6) / 2;
}

/* New values for some rows that are kept. */
static void refreshed(memory *m, naive *n, random_stream *r)
{
    int64_t slots[5], ids[5], count = memory_sample(m, random_below(r, 6), slots);
    float value[5];
    error e = {0};
    fixture_ids(m, slots, count, ids);
    for (int64_t i = 0; i < count; i++)
        naive_find(n, ids[i])->value = value[i] = some_value(r);
    assert_int_equal(memory_put(m, slots, &(memory_rows){.count = count, .value = value}, &e), 0);
}

/* Every other row of a class stays. */
static void retained(memory *m, naive *n, int64_t column)
{
    int64_t slots[256], ids[256], count = memory_find(m, column, slots), half = 0;
    error e = {0};
    fixture_ids(m, slots, count, ids);
    for (int64_t i = 0; i < count; i++) {
        if (i % 2 == 0) {
            slots[half++] = slots[i];
            continue;
        }
        naive_row *gone = naive_find(n, ids[i]);
        *gone = n->rows[--n->count];
    }
    assert_int_equal(memory_retain(m, column, slots, half, &e), 0);
}

/* Another row in the place of one: it has come last. */
static void replaced(memory *m, naive *n, int64_t id)
{
    int64_t slot, was;
    float x = (float)id;
    error e = {0};
    if (!memory_sample(m, 1, &slot))
        return;
    fixture_ids(m, &slot, 1, &was);
    naive_row *row = naive_find(n, was);
    row->id = id;
    row->arrived = n->arrivals++;
    assert_int_equal(memory_put(m, &slot, &(memory_rows){.count = 1, .x = &x, .row_bytes = sizeof x}, &e), 0);
}

static void as_naive(enum memory_policy policy, int64_t capacity, int64_t per_class, uint64_t seed)
{
    memory *m = opened(policy, capacity, per_class, seed);
    naive *n = calloc(1, sizeof *n);
    *n =
        (naive){.budget = per_class ? per_class : capacity, .per_class = per_class, .by_value = policy == MEMORY_VALUE};
    random_stream r = random_open(seed, "test", "evict", 0);
    int64_t slots[64];
    for (int64_t step = 0, id = 0; step < 300; step++) {
        for (int64_t rows = random_below(&r, 8); rows > 0; rows--)
            offered(m, n, id++, step / 100, random_below(&r, 4), some_value(&r));
        memory_sample(m, random_below(&r, 9), slots); /* draws change nothing of this */
        if (step % 3 == 0)
            refreshed(m, n, &r);
        if (step % 7 == 0)
            replaced(m, n, id++);
        if (step % 31 == 0)
            retained(m, n, random_below(&r, 4));
        naive_same(n, m);
    }
    free(n);
    memory_close(m);
}

static void value_and_fifo_let_go_whom_a_search_finds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++)
        for (int64_t budget = 1; budget < 60; budget = budget * 3 + 1) {
            as_naive(MEMORY_VALUE, budget, 0, seed);
            as_naive(MEMORY_FIFO, budget, 0, seed);
            as_naive(MEMORY_VALUE, 0, (budget + 1) / 2, seed);
            as_naive(MEMORY_FIFO, 0, (budget + 1) / 2, seed);
        }
}

static void assert_keeps(const memory *m, int64_t n, const int64_t *ids)
{
    int64_t kept[16];
    assert_int_equal(fixture_kept(m, INT32_MAX, kept), n);
    for (int64_t i = 0; i < n; i++) {
        int64_t found = 0;
        for (int64_t j = 0; j < n; j++)
            found += kept[j] == ids[i];
        assert_int_equal(found, 1);
    }
}

#define KEEPS(m, ...) \
    assert_keeps(m, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

/* By hand: low values are cleaned out, equals stay in the order in which they came, a NaN goes before all. */
static void value_by_hand(void **state)
{
    const float values[] = {1, 3, NAN, 2, 3, 1, 2, NAN};
    const int64_t after[][3] = {{0}, {0, 1}, {0, 1, 2}, {0, 1, 3}, {1, 3, 4}, {1, 3, 4}, {1, 3, 4}, {1, 3, 4}};
    error e = {0};
    (void)state;
    memory *m = opened(MEMORY_VALUE, 3, 0, 0);
    for (int64_t i = 0; i < 8; i++) {
        assert_int_equal(given(m, false, i, 0, i, &values[i], &e), 0);
        assert_keeps(m, i < 3 ? i + 1 : 3, after[i]);
    }
    int64_t slots[3], ids[3], at = 0;
    memory_find(m, INT32_MAX, slots);
    fixture_ids(m, slots, 3, ids);
    while (ids[at] != 1)
        at++;
    const float low = 0, middle = 1;
    assert_int_equal(memory_put(m, &slots[at], &(memory_rows){.count = 1, .value = &low}, &e), 0);
    assert_int_equal(given(m, false, 8, 0, 0, &middle, &e), 0); /* row 1 has fallen below it */
    KEEPS(m, 3, 4, 8);
    memory_close(m);
}

static void rows_without_values_are_refused_by_value(void **state)
{
    error e = {0};
    (void)state;
    memory *m = opened(MEMORY_VALUE, 3, 0, 0);
    assert_int_equal(given(m, false, 0, 0, 0, NULL, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found rows without values; expected one a row, as its policy is value");
    e.code = 0;
    assert_int_equal(given(m, true, 0, 0, 0, NULL, &e), 0); /* put: it reads 0 */
    assert_int_equal(memory_count(m, INT32_MAX), 1);
    memory_close(m);
}

static void none_refuses_offers_and_keeps_what_is_put(void **state)
{
    error e = {0};
    (void)state;
    memory *m = opened(MEMORY_NONE, 2, 0, 0);
    assert_int_equal(given(m, false, 0, 0, 0, NULL, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found rows that are offered; expected none, as its policy is none");
    for (int64_t i = 0; i < 2; i++) {
        e.code = 0;
        assert_int_equal(given(m, true, i, 0, i, NULL, &e), 0);
    }
    assert_int_equal(given(m, true, 2, 0, 2, NULL, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found 1 new rows; expected at most 0, as it holds 2 of 2");
    KEEPS(m, 0, 1);
    memory_close(m);
}

/* ---- a budget a class ---- */

static void a_class_never_has_more_than_its_budget_and_none_shrinks(void **state)
{
    const enum memory_policy policies[] = {MEMORY_RESERVOIR, MEMORY_CLASS_BALANCED, MEMORY_FIFO, MEMORY_VALUE};
    const float value = 1;
    error e = {0};
    (void)state;
    for (int p = 0; p < 4; p++) {
        memory *m = opened(policies[p], 0, 7, 3);
        for (int64_t column = 0; column < 6; column++) {
            for (int64_t i = 0; i < 50; i++)
                assert_int_equal(given(m, false, i, 0, column, &value, &e), 0);
            for (int64_t before = 0; before <= column; before++)
                assert_int_equal(memory_count(m, before), 7);
        }
        for (int64_t i = 0; i < 3; i++) /* the same columns in the next task are classes of their own */
            assert_int_equal(given(m, false, 100 + i, 1, 0, &value, &e), 0);
        assert_int_equal(memory_count(m, 0), 10);
        assert_int_equal(memory_count(m, INT32_MAX), 45);
        assert_int_equal(memory_capacity(m, 0), 0);
        assert_int_equal(memory_per_class(m), 7);
        memory_close(m);
    }
}

/* Every row of a class is kept as often as every other, whatever came between: 2,000 seeds, 12 of 60. */
static void reservoir_a_class_is_fair(void **state)
{
    enum { ROWS = 60, BUDGET = 12, SEEDS = 2000 };
    int64_t hits[ROWS] = {0}, ids[BUDGET];
    error e = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memory *m = opened(seed % 2 ? MEMORY_RESERVOIR : MEMORY_CLASS_BALANCED, 0, BUDGET, seed);
        for (int64_t i = 0; i < ROWS; i++) {
            assert_int_equal(given(m, false, i, 0, 4, NULL, &e), 0);
            for (int64_t other = 0; other < i % 3; other++)
                assert_int_equal(given(m, false, i, 0, 5 + other, NULL, &e), 0);
        }
        assert_int_equal(fixture_kept(m, 4, ids), BUDGET);
        for (int64_t i = 0; i < BUDGET; i++)
            hits[ids[i]]++;
        memory_close(m);
    }
    double expected = (double)SEEDS * BUDGET / ROWS, statistic = 0;
    for (int64_t i = 0; i < ROWS; i++)
        statistic += ((double)hits[i] - expected) * ((double)hits[i] - expected) / expected;
    statistic *= (double)(ROWS - 1) / (ROWS - BUDGET); /* keeping without replacement lowers it */
    assert_true(statistic < 98.3);                     /* the 99.9 % point of chi-square with 59 degrees */
}

static void put_has_room_a_class(void **state)
{
    const float x[5] = {0, 1, 2, 3, 4};
    const int64_t y[5] = {3, 3, 8, 3, 8};
    error e = {0};
    (void)state;
    memory *m = opened(MEMORY_NONE, 0, 2, 0);
    memory_rows rows = {.count = 5, .x = x, .row_bytes = sizeof *x, .y = y, .task = 1};
    assert_int_equal(memory_put(m, NULL, &rows, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found 3 new rows of column 3; expected at most 2, as it holds 0 of 2");
    assert_int_equal(memory_count(m, INT32_MAX), 0); /* a refusal changes nothing */
    rows.count = 3, e.code = 0;
    assert_int_equal(memory_put(m, NULL, &rows, &e), 0);
    assert_int_equal(memory_put(m, NULL, &rows, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found 2 new rows of column 3; expected at most 0, as it holds 2 of 2");
    rows.task = 2, e.code = 0;
    assert_int_equal(memory_put(m, NULL, &rows, &e), 0); /* of the next task there is room */
    assert_int_equal(memory_count(m, 3), 4);
    memory_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_and_fifo_let_go_whom_a_search_finds),
        cmocka_unit_test(value_by_hand),
        cmocka_unit_test(rows_without_values_are_refused_by_value),
        cmocka_unit_test(none_refuses_offers_and_keeps_what_is_put),
        cmocka_unit_test(a_class_never_has_more_than_its_budget_and_none_shrinks),
        cmocka_unit_test(reservoir_a_class_is_fair),
        cmocka_unit_test(put_has_room_a_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
