/* Drawing by passes, rows that a strategy lays itself, what is read back, and what is refused in which words. */
#include "fixture.h"

/* ---- drawing ---- */

/* Every row once before any twice, also where calls run over the border of a pass, and no row twice in a call. */
static void passes_draw_every_row_once(void **state)
{
    int64_t drawn[23] = {0}, slots[23], ids[23], total = 0;
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 23, 3);
    fixture_offer(m, 0, 23, 0);
    for (int call = 0; call < 200; call++) {
        bool seen[23] = {0};
        int64_t n = memory_sample(m, 1 + call % 23, slots);
        assert_int_equal(n, 1 + call % 23);
        fixture_ids(m, slots, n, ids);
        for (int64_t i = 0; i < n; i++, total++) {
            assert_false(seen[ids[i]]);
            seen[ids[i]] = true;
            assert_int_equal(drawn[ids[i]], total / 23); /* so often it came before */
            drawn[ids[i]]++;
        }
    }
    assert_int_equal(memory_sample(m, 100, slots), 23);
    memory_close(m);
}

/* Of a memory that takes as many rows as are drawn from it, old rows come as often as new ones: the age of what is drawn
 * has the mean of what is kept. With new rows always first it would be one step. */
static void rows_that_arrive_do_not_push_to_the_front(void **state)
{
    enum { CAPACITY = 200, STEPS = 120, N = 10, SEEDS = 40 };
    int64_t slots[CAPACITY], ids[CAPACITY];
    (void)state;
    for (int p = MEMORY_RESERVOIR; p <= MEMORY_FIFO; p++) {
        double drawn = 0, kept = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            memory *m = fixture_open((enum memory_policy)p, CAPACITY, seed);
            for (int64_t step = 0; step < STEPS; step++) {
                int64_t n = fixture_kept(m, INT32_MAX, ids);
                for (int64_t i = 0; i < n; i++)
                    kept += (double)(step - ids[i] / N) / (double)n;
                n = memory_sample(m, N, slots);
                fixture_ids(m, slots, n, ids);
                for (int64_t i = 0; i < n; i++)
                    drawn += (double)(step - ids[i] / N) / (double)n;
                fixture_offer(m, step * N, N, step % 3);
            }
            memory_close(m);
        }
        assert_true(drawn > 0.97 * kept && drawn < 1.03 * kept);
    }
}

/* Replacing rows at any moment of a pass, also when all of it is drawn, leaves every row drawn once a pass. */
static void replacing_rows_keeps_the_passes_whole(void **state)
{
    int64_t slots[16], ids[16], next = 16;
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        memory *m = fixture_open(MEMORY_FIFO, 16, seed);
        random_stream r = random_open(seed, "test", "store", 0);
        fixture_offer(m, 0, 16, 0);
        for (int step = 0; step < 200; step++) {
            int64_t n = memory_sample(m, random_below(&r, 17), slots);
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < i; j++)
                    assert_int_not_equal(slots[i], slots[j]);
            fixture_ids(m, slots, n, ids); /* refuses slots that hold nothing */
            fixture_offer(m, next, random_below(&r, 4), step % 3);
            next += 4;
            assert_int_equal(memory_count(m, INT32_MAX), 16);
            assert_int_equal(memory_count(m, 0) + memory_count(m, 1) + memory_count(m, 2), 16);
        }
        memory_close(m);
    }
}

/* ---- rows that the strategy lays ---- */

static void put_find_and_retain_keep_the_order(void **state)
{
    int64_t slots[10], kept[3], found[10], ids[10];
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 10, 0);
    assert_int_equal(fixture_give(m, true, 0, 6, 4, &e), 0);
    assert_int_equal(fixture_give(m, true, 6, 4, 2, &e), 0);
    assert_int_equal(memory_find(m, 4, slots), 6);
    fixture_ids(m, slots, 6, ids);
    for (int i = 0; i < 6; i++)
        assert_int_equal(ids[i], i);
    kept[0] = slots[5], kept[1] = slots[0], kept[2] = slots[3];
    assert_int_equal(memory_retain(m, 4, kept, 3, &e), 0);
    assert_int_equal(memory_find(m, 4, found), 3);
    assert_memory_equal(found, kept, sizeof kept);
    assert_int_equal(memory_count(m, 4), 3);
    assert_int_equal(memory_count(m, INT32_MAX), 7);
    assert_int_equal(fixture_give(m, true, 20, 3, 4, &e), 0); /* the room is free again */
    assert_int_equal(fixture_kept(m, 4, ids), 6);
    const int64_t expected[] = {5, 0, 3, 20, 21, 22};
    assert_memory_equal(ids, expected, sizeof expected);
    assert_int_equal(memory_retain(m, 2, NULL, 0, &e), 0); /* none stays */
    assert_int_equal(memory_count(m, 2), 0);
    assert_int_equal(memory_find(m, 2, found), 0);
    assert_int_equal(memory_retain(m, 77, NULL, 0, &e), 0); /* a column that never came */
    memory_close(m);
}

static void retain_then_offer(void **state)
{
    int64_t slots[10], ids[10];
    error e = {0};
    (void)state;
    for (int p = MEMORY_RESERVOIR; p <= MEMORY_FIFO; p++) {
        memory *m = fixture_open((enum memory_policy)p, 10, 2);
        fixture_offer(m, 0, 40, 0);
        memory_sample(m, 7, slots);
        memory_find(m, 0, slots);
        assert_int_equal(memory_retain(m, 0, slots + 4, 4, &e), 0);
        fixture_offer(m, 100, 6, 1);
        assert_int_equal(memory_count(m, 0), 4);
        assert_int_equal(memory_count(m, 1), 6);
        fixture_offer(m, 200, 100, 1);
        assert_int_equal(memory_count(m, INT32_MAX), 10);
        int64_t n = fixture_kept(m, 1, ids);
        for (int64_t i = 0; i < n; i++)
            assert_true(ids[i] >= 100);
        assert_int_equal(memory_sample(m, 10, slots), 10);
        memory_close(m);
    }
}

static void put_replaces_what_is_given(void **state)
{
    int64_t slots[3], y[3], column = 9;
    float x[3], value[3], extra[6], late[] = {1, 2, 3, 4}, other = 50, weight = 7;
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 3, 0);
    fixture_offer(m, 0, 3, 1);
    memory_find(m, 1, slots);
    memory_rows logits = {.count = 2, .extra = late, .extra_bytes = 2 * sizeof(float)}; /* the first extra comes late */
    assert_int_equal(memory_put(m, slots + 1, &logits, &e), 0);
    memory_rows row = {.count = 1, .x = &other, .row_bytes = sizeof other, .y = &column, .value = &weight};
    assert_int_equal(memory_put(m, slots + 2, &row, &e), 0);
    assert_int_equal(memory_fetch(m, slots, 3, x, y, value, extra, &e), 0);
    const float x_wanted[] = {0, 1, 50}, value_wanted[] = {0, 0, 7}, extra_wanted[] = {0, 0, 1, 2, 3, 4};
    const int64_t y_wanted[] = {1, 1, 9};
    assert_memory_equal(x, x_wanted, sizeof x);
    assert_memory_equal(y, y_wanted, sizeof y);
    assert_memory_equal(value, value_wanted, sizeof value);
    assert_memory_equal(extra, extra_wanted, sizeof extra);
    assert_int_equal(memory_count(m, 1), 2);
    assert_int_equal(memory_count(m, 9), 1);
    assert_int_equal(memory_extra_bytes(m), 8);
    memory_close(m);
}

/* Lists that grow: earlier rows keep theirs and read the blank behind; what is shorter than the longest is refused. */
static void extra_may_grow(void **state)
{
    const float x[] = {0, 1, 2}, narrow[] = {1, 2, 3}, wide[] = {10, 11, 12, 13, 14, 15}, blank[] = {-7, -8};
    const int64_t y[] = {0, 0, 0};
    float extra[2 * 302];
    int64_t slots[302], ids[302];
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 302, 0);
    memory_rows rows = {.count = 3, .x = x, .row_bytes = sizeof *x, .y = y, .extra = narrow, .extra_bytes = 4};
    for (int i = 0; i < 100; i++)
        assert_int_equal(memory_offer(m, &rows, &e), 0);
    memory_rows longer = rows;
    longer.extra = wide, longer.extra_bytes = 8;
    assert_int_equal(memory_offer(m, &longer, &e), EXIT_DATA);
    longer.extra_blank = blank, longer.count = 2, e.code = 0;
    assert_int_equal(memory_offer(m, &longer, &e), 0);
    assert_int_equal(memory_extra_bytes(m), 8);
    assert_int_equal(memory_find(m, INT32_MAX, slots), 302);
    assert_int_equal(memory_fetch(m, slots, 302, NULL, NULL, NULL, extra, &e), 0);
    fixture_ids(m, slots, 302, ids);
    for (int64_t i = 0; i < 302; i++) {
        bool late = i >= 300;
        assert_true(extra[2 * i] == (late ? wide[2 * ids[i]] : narrow[ids[i]]));
        assert_true(extra[2 * i + 1] == (late ? wide[2 * ids[i] + 1] : blank[1]));
    }
    assert_int_equal(memory_offer(m, &rows, &e), EXIT_DATA);
    memory_close(m);
}

static void bytes_extra_and_value_come_back(void **state)
{
    const uint8_t x[] = {1, 2, 3, 4, 5, 6};
    const int64_t y[] = {3, -1}, extra[] = {11, 22};
    const float value[] = {0.5f, 0.25f};
    uint8_t x_back[6];
    int64_t y_back[2], extra_back[2], slots[] = {1, 0};
    float value_back[2];
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_FIFO, 300, 0);
    memory_rows rows = {.count = 2,
                        .x = x,
                        .row_bytes = 3,
                        .is_bytes = true,
                        .y = y,
                        .value = value,
                        .extra = extra,
                        .extra_bytes = sizeof *extra};
    for (int i = 0; i < 300; i++) /* grows more than once, and turns over */
        assert_int_equal(memory_offer(m, &rows, &e), 0);
    assert_int_equal(memory_fetch(m, slots, 2, x_back, y_back, value_back, extra_back, &e), 0);
    assert_memory_equal(x_back, ((uint8_t[]){4, 5, 6, 1, 2, 3}), 6);
    assert_true(y_back[0] == -1 && y_back[1] == 3);
    assert_true(extra_back[0] == 22 && extra_back[1] == 11);
    assert_true(value_back[0] == 0.25f && value_back[1] == 0.5f);
    assert_true(memory_is_bytes(m));
    assert_int_equal(memory_row_bytes(m), 3);
    assert_int_equal(memory_capacity(m, 0), 300);
    assert_int_equal(memory_count(m, -1), 150);
    memory_close(m);
}

/* ---- what is refused ---- */

static void refused(int code, const error *e, const char *words)
{
    assert_int_equal(code, EXIT_DATA);
    assert_string_equal(e->text, words);
}

static void other_sizes_are_refused(void **state)
{
    const uint8_t bytes[16] = {0};
    const int64_t y[] = {0};
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 10, 0);
    memory_rows rows = {
        .count = 1, .x = bytes, .row_bytes = 8, .is_bytes = true, .y = y, .extra = bytes, .extra_bytes = 4};
    assert_int_equal(memory_offer(m, &rows, &e), 0);
    rows.row_bytes = 4;
    refused(memory_offer(m, &rows, &e), &e,
            "memory test: found rows of 4 bytes (uint8); expected 8 (uint8), as the first ones");
    rows.row_bytes = 8, rows.is_bytes = false, e.code = 0;
    refused(memory_put(m, NULL, &rows, &e), &e,
            "memory test: found rows of 8 bytes (float32); expected 8 (uint8), as the first ones");
    rows.is_bytes = true, rows.extra_bytes = 8, e.code = 0;
    refused(memory_offer(m, &rows, &e), &e, "memory test: found extra of 8 bytes a row; expected 4, as the first");
    rows.extra = NULL, rows.y = NULL, e.code = 0;
    refused(memory_put(m, NULL, &rows, &e), &e, "memory test: found new rows without x or y; expected both");
    assert_int_equal(memory_count(m, INT32_MAX), 1);
    memory_close(m);
}

static void other_slots_are_refused(void **state)
{
    int64_t slots[4], y;
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_RESERVOIR, 4, 0);
    fixture_offer(m, 0, 3, 0);
    memory_find(m, 0, slots);
    refused(fixture_give(m, true, 3, 2, 0, &e), &e,
            "memory test: found 2 new rows; expected at most 1, as it holds 3 of 4");
    e.code = 0, slots[3] = slots[0];
    refused(memory_retain(m, 0, slots, 4, &e), &e,
            "memory test: found slot 0 twice; expected slots of column 0, each once");
    e.code = 0;
    refused(memory_retain(m, 1, slots, 1, &e), &e,
            "memory test: found slot 0 of another column; expected slots of column 1, each once");
    assert_int_equal(memory_count(m, INT32_MAX), 3); /* a refusal changes nothing */
    e.code = 0;
    assert_int_equal(memory_retain(m, 0, slots, 2, &e), 0);
    refused(memory_fetch(m, slots + 2, 1, NULL, &y, NULL, NULL, &e), &e,
            "memory test: found slot 2, which holds no sample (any more)");
    slots[0] = -1, e.code = 0;
    refused(memory_fetch(m, slots, 1, NULL, &y, NULL, NULL, &e), &e,
            "memory test: found slot -1, which holds no sample (any more)");
    slots[0] = 4, e.code = 0;
    refused(memory_put(m, slots, &(memory_rows){.count = 1}, &e), &e,
            "memory test: found slot 4, which holds no sample (any more)");
    memory_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_draw_every_row_once),
        cmocka_unit_test(rows_that_arrive_do_not_push_to_the_front),
        cmocka_unit_test(replacing_rows_keeps_the_passes_whole),
        cmocka_unit_test(put_find_and_retain_keep_the_order),
        cmocka_unit_test(retain_then_offer),
        cmocka_unit_test(put_replaces_what_is_given),
        cmocka_unit_test(extra_may_grow),
        cmocka_unit_test(bytes_extra_and_value_come_back),
        cmocka_unit_test(other_sizes_are_refused),
        cmocka_unit_test(other_slots_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
