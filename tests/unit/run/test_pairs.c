/* What pairs come to: the ratio is that of a pair, the figure is the median of the ratios, and half a pair is none. */
#include <math.h>
#include <stdlib.h>

#include "../check.h"
#include "run/pairs.h"

static json_t *side(double rate, long long memory, const char *weights)
{
    return json_pack("{s:i, s:f, s:{s:f}, s:I, s:s, s:s}", "steps", 20, "steps_per_second", rate, "seconds", "train",
                     0.5, "peak_memory_bytes", (json_int_t)memory, "weights_sha256", weights, "method", "left out");
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void sides_free(json_t **results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_decref(results[i]);
}

static void medians_of_any_count(void **state)
{
    (void)state;
    const double values[] = {5, 1, 4, 2};
    assert_true(median_of(values, 1) == 5);
    assert_true(median_of(values, 3) == 4);
    assert_true(median_of(values, 4) == 3);
    assert_true(isnan(median_of(values, 0)));
    assert_true(values[0] == 5);
}

/* Rates 100:50, 200:300, 400:320. The median of the ratios is not the ratio of the medians. */
static void ratios_are_taken_pair_by_pair(void **state)
{
    (void)state;
    json_t *results[] = {side(100, 10, "a"), side(50, 30, "b"),  side(200, 20, "a"),
                         side(300, 20, "a"), side(400, 10, "a"), side(320, 40, "b")};
    json_t *row = pairs_json("replay", results, 3, NULL);
    const json_t *ratio = json_object_get(row, "ratio"), *bare = json_object_get(row, "bare");
    const json_t *perdure = json_object_get(row, "perdure"), *pairs = json_object_get(row, "pairs");
    assert_string_equal(json_string_value(json_object_get(row, "name")), "replay");
    assert_true(json_is_null(json_object_get(row, "error")));
    assert_true(number(row, "n") == 3);
    assert_true(number(ratio, "median") == 0.8 && number(ratio, "min") == 0.5 && number(ratio, "max") == 1.5);
    assert_true(number(json_object_get(bare, "steps_per_second"), "median") == 200);
    assert_true(number(json_object_get(perdure, "steps_per_second"), "max") == 320);
    assert_true(number(bare, "peak_memory_bytes") == 20 && number(perdure, "peak_memory_bytes") == 40);
    assert_int_equal(json_array_size(pairs), 3);
    const json_t *second = json_array_get(pairs, 1);
    assert_true(number(second, "ratio") == 1.5);
    assert_true(json_is_true(json_object_get(second, "same_weights")));
    assert_true(json_is_false(json_object_get(json_array_get(pairs, 0), "same_weights")));
    assert_true(number(json_object_get(second, "perdure"), "steps") == 20);
    assert_null(json_object_get(json_object_get(second, "perdure"), "method"));
    json_decref(row);
    sides_free(results, 6);
}

static void half_a_pair_counts_nothing(void **state)
{
    (void)state;
    json_t *results[] = {side(100, 10, "a"), NULL, NULL, side(50, 10, "a"), side(100, 10, "a"), side(50, 10, "a")};
    json_t *row = pairs_json("x", results, 3, NULL);
    assert_true(number(row, "n") == 1);
    assert_true(number(json_object_get(row, "ratio"), "max") == 0.5);
    json_decref(row);
    row = pairs_json("x", results, 1, NULL);
    assert_true(number(row, "n") == 0);
    assert_true(json_is_null(json_object_get(row, "ratio")));
    json_decref(row);
    sides_free(results, 6);
}

static void a_failure_has_no_figures(void **state)
{
    (void)state;
    json_t *results[] = {side(100, 10, "a"), side(50, 10, "a"), NULL, NULL};
    json_t *row = pairs_json("x", results, 2, "after_batch failed");
    assert_string_equal(json_string_value(json_object_get(row, "error")), "after_batch failed");
    assert_true(json_is_null(json_object_get(row, "ratio")) && json_is_null(json_object_get(row, "bare")));
    assert_int_equal(json_array_size(json_object_get(row, "pairs")), 1);
    json_decref(row);
    row = pairs_json("x", results, 2, "\xff");
    assert_true(json_is_string(json_object_get(row, "error")));
    json_decref(row);
    sides_free(results, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_of_any_count),
        cmocka_unit_test(ratios_are_taken_pair_by_pair),
        cmocka_unit_test(half_a_pair_counts_nothing),
        cmocka_unit_test(a_failure_has_no_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
