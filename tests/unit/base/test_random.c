/* Philox against the known answers of Random123, and what is drawn from it against its distribution. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "base/random.h"

/* kat_vectors of Random123 1.14, philox4x32 with 10 rounds. */
static void philox_gives_the_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        random_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void streams_differ_in_every_part_of_their_name(void **state)
{
    (void)state;
    random_stream all[] = {
        random_open(0, "batch", "x", 0), random_open(1, "batch", "x", 0), random_open(0, "order", "x", 0),
        random_open(0, "batch", "y", 0), random_open(0, "batch", "x", 1), random_open(0, "batch", "x", -1),
        random_open(0, "batchx", "", 0), random_open(0, "", "batchx", 0), random_open(UINT64_MAX, "batch", "x", 0),
    };
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(all[i].key != all[j].key);
        }
    }
    random_stream again = random_open(0, "batch", "x", 0);
    assert_memory_equal(&again, &all[0], sizeof again);
    /* SHA-256 of "1:05:batch1:x1:0": stored, as another key would be another result of every scenario. */
    assert_true(all[0].key == UINT64_C(0xfdfdf840ae545baf));
}

static void a_stream_goes_on_where_it_stood(void **state)
{
    (void)state;
    random_stream r = random_open(7, "p", "n", 3);
    uint32_t words[50];
    for (size_t i = 0; i < 50; i++) {
        words[i] = random_word(&r);
    }
    assert_int_equal(r.drawn, 50);
    for (uint64_t from = 0; from < 50; from++) {
        random_stream other = {.key = r.key};
        random_seek(&other, from);
        assert_int_equal(random_word(&other), words[from]);
    }
    random_seek(&r, 0);
    assert_true(random_long(&r) == ((uint64_t)words[1] << 32 | words[0]));
}

/* Pearson's statistic over n equal boxes. For n - 1 = 99 degrees of freedom the 1e-6 point is 180. */
static double chi_square(const int64_t *boxes, int n, int64_t draws)
{
    double expected = (double)draws / n;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += ((double)boxes[i] - expected) * ((double)boxes[i] - expected) / expected;
    }
    return sum;
}

static void below_is_uniform_and_in_range(void **state)
{
    (void)state;
    random_stream r = random_open(1, "test", "below", 0);
    int64_t boxes[100] = {0};
    for (int i = 0; i < 200000; i++) {
        int64_t v = random_below(&r, 100);
        assert_true(v >= 0 && v < 100);
        boxes[v]++;
    }
    double chi = chi_square(boxes, 100, 200000);
    assert_true(chi > 45 && chi < 180);
    uint64_t drawn = r.drawn;
    assert_int_equal(random_below(&r, 1), 0);
    assert_int_equal(random_below(&r, 0), 0);
    assert_int_equal(random_below(&r, -5), 0);
    assert_int_equal(r.drawn, drawn);
    for (int i = 0; i < 1000; i++) {
        int64_t v = random_below(&r, INT64_MAX);
        assert_true(v >= 0 && v < INT64_MAX);
    }
    /* Where the bound does not divide 2^64, a plain remainder would favour the lower third by half. */
    int64_t thirds[3] = {0};
    int64_t bound = INT64_C(3) << 61;
    for (int i = 0; i < 30000; i++) {
        thirds[random_below(&r, bound) / (bound / 3)]++;
    }
    assert_true(chi_square(thirds, 3, 30000) < 28);
}

static void units_are_uniform_and_below_one(void **state)
{
    (void)state;
    random_stream r = random_open(2, "test", "unit", 0);
    int64_t boxes[100] = {0};
    int64_t small[100] = {0};
    float floats[1000];
    for (int i = 0; i < 200000; i++) {
        double u = random_unit(&r);
        assert_true(u >= 0 && u < 1);
        boxes[(int)(u * 100)]++;
    }
    for (int i = 0; i < 200; i++) {
        random_units(&r, floats, 1000);
        for (int j = 0; j < 1000; j++) {
            assert_true(floats[j] >= 0 && floats[j] < 1);
            small[(int)(floats[j] * 100)]++;
        }
    }
    assert_true(chi_square(boxes, 100, 200000) < 180);
    assert_true(chi_square(small, 100, 200000) < 180);
}

static void normals_have_their_moments(void **state)
{
    (void)state;
    random_stream r = random_open(3, "test", "normal", 0);
    enum { DRAWS = 200000 };
    float *values = malloc(DRAWS * sizeof *values);
    assert_non_null(values);
    random_normals(&r, values, DRAWS);
    assert_int_equal(r.drawn, DRAWS);
    double mean = 0;
    double square = 0;
    double fourth = 0;
    double pairs = 0;
    int64_t inside = 0;
    for (int i = 0; i < DRAWS; i++) {
        double v = values[i];
        assert_true(isfinite(v));
        mean += v / DRAWS;
        square += v * v / DRAWS;
        fourth += v * v * v * v / DRAWS;
        pairs += i % 2 ? v * values[i - 1] / (DRAWS / 2.0) : 0; /* the two of a pair share their radius alone */
        inside += fabs(v) < 1 ? 1 : 0;
    }
    free(values);
    assert_true(fabs(pairs) < 0.016);
    assert_true(fabs(mean) < 0.012); /* 5 standard errors of each */
    assert_true(fabs(square - 1) < 0.016);
    assert_true(fabs(fourth - 3) < 0.11);
    assert_true(fabs((double)inside / DRAWS - 0.682689) < 0.0053);
}

/* An odd count draws its last pair whole, so that a stream stands the same wherever tensors end. */
static void an_odd_count_drops_half_a_pair(void **state)
{
    (void)state;
    random_stream r = random_open(3, "test", "normal", 0), same = r;
    float three[3], four[4];
    random_normals(&r, three, 3);
    random_normals(&same, four, 4);
    assert_memory_equal(three, four, sizeof three);
    assert_int_equal(r.drawn, same.drawn);
}

static void permutations_are_whole_and_uniform(void **state)
{
    (void)state;
    random_stream r = random_open(4, "test", "permutation", 0);
    int64_t order[1000];
    bool seen[1000] = {0};
    random_permutation(&r, order, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_true(order[i] >= 0 && order[i] < 1000 && !seen[order[i]]);
        seen[order[i]] = true;
    }
    int64_t boxes[24] = {0}; /* all 24 orders of 4 */
    for (int i = 0; i < 48000; i++) {
        random_permutation(&r, order, 4);
        int64_t number = 0;
        for (int j = 0; j < 4; j++) {
            int64_t rank = 0;
            for (int k = j + 1; k < 4; k++) {
                rank += order[k] < order[j] ? 1 : 0;
            }
            number = number * (4 - j) + rank;
        }
        boxes[number]++;
    }
    assert_true(chi_square(boxes, 24, 48000) < 75); /* 1e-6 point of 23 degrees of freedom: 74 */
    random_permutation(&r, order, 0);
    random_permutation(&r, order, 1);
    assert_int_equal(order[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),  cmocka_unit_test(streams_differ_in_every_part_of_their_name),
        cmocka_unit_test(a_stream_goes_on_where_it_stood), cmocka_unit_test(below_is_uniform_and_in_range),
        cmocka_unit_test(units_are_uniform_and_below_one), cmocka_unit_test(normals_have_their_moments),
        cmocka_unit_test(an_odd_count_drops_half_a_pair),  cmocka_unit_test(permutations_are_whole_and_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
