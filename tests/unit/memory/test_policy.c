/* What each policy keeps: uniformity by chi-square over many seeds (all fixed, so the test never flickers), quotas, bounds. */
#include "fixture.h"

enum { SEEDS = 2000 };

/* The 99.9 % point of chi-square by Wilson and Hilferty; good to a few parts in a thousand for these degrees. */
static double chi_square_limit(double freedom)
{
    double a = 2 / (9 * freedom), c = 1 - a + 3.0902 * __builtin_sqrt(a);
    return freedom * c * c * c;
}

/* How often each id was kept over the seeds, against equal chances. Keeping k of n without replacement lowers the
 * statistic by (n - k) / n, which is undone here. */
static void assert_uniform(const int64_t *hits, int64_t n, int64_t total)
{
    double expected = (double)total / (double)n, statistic = 0, kept = (double)total / SEEDS;
    for (int64_t i = 0; i < n; i++)
        statistic += ((double)hits[i] - expected) * ((double)hits[i] - expected) / expected;
    statistic *= (double)(n - 1) / ((double)n - kept);
    if (statistic > chi_square_limit((double)(n - 1)))
        fail_msg("chi-square %.1f; expected at most %.1f", statistic, chi_square_limit((double)(n - 1)));
}

static void reservoir_keeps_every_row_with_equal_chance(void **state)
{
    enum { ROWS = 120, CAPACITY = 20 };
    int64_t hits[ROWS] = {0}, ids[CAPACITY], total = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memory *m = fixture_open(MEMORY_RESERVOIR, CAPACITY, seed);
        for (int64_t first = 0; first < ROWS; first += 7) {
            fixture_offer(m, first, ROWS - first < 7 ? ROWS - first : 7, first % 3);
            assert_true(memory_count(m, INT32_MAX) <= CAPACITY);
        }
        int64_t n = fixture_kept(m, INT32_MAX, ids);
        assert_int_equal(n, CAPACITY);
        for (int64_t i = 0; i < n; i++, total++)
            hits[ids[i]]++;
        memory_close(m);
    }
    assert_uniform(hits, ROWS, total);
}

/* Draws between the offers must not disturb what is kept, so they are part of this stream. */
static void balanced_keeps_rows_of_a_class_with_equal_chance(void **state)
{
    enum { A = 60, B = 90, CAPACITY = 24 };
    int64_t hits_a[A] = {0}, hits_b[B] = {0}, ids[CAPACITY], slots[CAPACITY], total_a = 0, total_b = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memory *m = fixture_open(MEMORY_CLASS_BALANCED, CAPACITY, seed);
        fixture_offer(m, 0, A / 2, 0);
        memory_sample(m, 10, slots);
        fixture_offer(m, 0, B / 2, 1);
        fixture_offer(m, A / 2, A / 2, 0); /* the class comes back */
        memory_sample(m, 10, slots);
        fixture_offer(m, 0, 40, 2);
        fixture_offer(m, B / 2, B / 2, 1);
        int64_t n = fixture_kept(m, 0, ids);
        for (int64_t i = 0; i < n; i++, total_a++)
            hits_a[ids[i]]++;
        n = fixture_kept(m, 1, ids);
        for (int64_t i = 0; i < n; i++, total_b++)
            hits_b[ids[i]]++;
        memory_close(m);
    }
    assert_uniform(hits_a, A, total_a);
    assert_uniform(hits_b, B, total_b);
}

static void assert_equal_quotas(const memory *m, int64_t classes)
{
    int64_t least = INT64_MAX, most = 0;
    for (int64_t c = 0; c < classes; c++) {
        int64_t n = memory_count(m, c);
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    assert_true(most - least <= 1);
}

static void balanced_gives_equal_quotas(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        memory *m = fixture_open(MEMORY_CLASS_BALANCED, 50, seed);
        for (int64_t c = 0; c < 7; c++) {
            fixture_offer(m, 0, c == 3 ? 5 : 200, c);
            if (c < 3)
                assert_equal_quotas(m, c + 1);
            assert_int_equal(memory_count(m, INT32_MAX), 50);
        }
        assert_int_equal(memory_count(m, 3), 5); /* a small class keeps all it has */
        fixture_offer(m, 5, 200, 3);             /* and grows when it comes back */
        assert_equal_quotas(m, 7);
        fixture_offer(m, 200, 300, 0);
        assert_equal_quotas(m, 7);
        memory_close(m);
    }
}

static void balanced_lets_a_retained_class_grow_again(void **state)
{
    int64_t slots[20];
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_CLASS_BALANCED, 20, 1);
    fixture_offer(m, 0, 100, 0);
    memory_find(m, 0, slots);
    assert_int_equal(memory_retain(m, 0, slots, 3, &e), 0);
    fixture_offer(m, 0, 100, 1);
    assert_int_equal(memory_count(m, INT32_MAX), 20);
    fixture_offer(m, 100, 100, 0);
    assert_equal_quotas(m, 2);
    memory_close(m);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void assert_holds(const memory *m, int64_t first, int64_t n)
{
    int64_t ids[64];
    assert_int_equal(fixture_kept(m, INT32_MAX, ids), n);
    qsort(ids, (size_t)n, sizeof *ids, by_value);
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(ids[i], first + i);
}

static void fifo_keeps_the_newest(void **state)
{
    (void)state;
    memory *m = fixture_open(MEMORY_FIFO, 10, 0);
    fixture_offer(m, 0, 7, 0);
    assert_holds(m, 0, 7);
    fixture_offer(m, 7, 5, 1);
    assert_holds(m, 2, 10);
    fixture_offer(m, 12, 31, 0);
    assert_holds(m, 33, 10);
    memory_close(m);
}

static void fifo_keeps_the_newest_after_retain(void **state)
{
    int64_t slots[10], kept[2];
    error e = {0};
    (void)state;
    memory *m = fixture_open(MEMORY_FIFO, 10, 0);
    fixture_offer(m, 0, 10, 0);
    memory_find(m, 0, slots);
    kept[0] = slots[8], kept[1] = slots[9]; /* ids 8 and 9 */
    assert_int_equal(memory_retain(m, 0, kept, 2, &e), 0);
    fixture_offer(m, 10, 8, 1);
    assert_holds(m, 8, 10);
    for (int64_t i = 0; i < 25; i++) {
        fixture_offer(m, 18 + i, 1, i % 3);
        assert_holds(m, 9 + i, 10);
    }
    memory_close(m);
}

static void same_seed_same_content(void **state)
{
    int64_t a[3][30], slots[30];
    (void)state;
    for (int p = MEMORY_RESERVOIR; p <= MEMORY_FIFO; p++) {
        for (int k = 0; k < 3; k++) {
            memory *m = fixture_open((enum memory_policy)p, 30, k == 2 ? 8 : 7);
            for (int64_t c = 0; c < 5; c++) {
                fixture_offer(m, c * 100, 100, c);
                for (int draws = 0; k == 1 && draws < 9; draws++)
                    memory_sample(m, 11, slots); /* drawing more does not change what is kept */
            }
            assert_int_equal(fixture_kept(m, INT32_MAX, a[k]), 30);
            memory_close(m);
        }
        assert_memory_equal(a[0], a[1], sizeof a[0]);
        if (p == MEMORY_FIFO)
            assert_memory_equal(a[0], a[2], sizeof a[0]);
        else
            assert_memory_not_equal(a[0], a[2], sizeof a[0]);
    }
}

static void capacity_of_nothing_keeps_nothing(void **state)
{
    error e = {0};
    int64_t slots[1];
    (void)state;
    for (int p = MEMORY_RESERVOIR; p <= MEMORY_FIFO; p++) {
        memory *m = fixture_open((enum memory_policy)p, 0, 0);
        fixture_offer(m, 0, 5, 0);
        assert_int_equal(memory_count(m, INT32_MAX), 0);
        assert_int_equal(memory_sample(m, 3, slots), 0);
        memory_close(m);
    }
    memory *m = fixture_open(MEMORY_FIFO, 0, 0);
    assert_int_equal(fixture_give(m, true, 0, 1, 0, &e), EXIT_DATA);
    assert_string_equal(e.text, "memory test: found 1 new rows; expected at most 0, as it holds 0 of 0");
    memory_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reservoir_keeps_every_row_with_equal_chance),
        cmocka_unit_test(balanced_keeps_rows_of_a_class_with_equal_chance),
        cmocka_unit_test(balanced_gives_equal_quotas),
        cmocka_unit_test(balanced_lets_a_retained_class_grow_again),
        cmocka_unit_test(fifo_keeps_the_newest),
        cmocka_unit_test(fifo_keeps_the_newest_after_retain),
        cmocka_unit_test(same_seed_same_content),
        cmocka_unit_test(capacity_of_nothing_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
