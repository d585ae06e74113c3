/* Gates over fabricated results: which hold, which fail on either side, and which are not decided, with the words of each. */
#include "../check.h"

#include <math.h>

#include "run/gates.h"
#include "run/summary.h"

static const char *const names[] = {"acc.macro", "bwt.gem"};
static const struct summary_head head = {"x", "class-il", "task-agnostic", "sem", names, 2};

/* A summary of one method whose seeds came to these accuracies; bwt.gem is absent in all. */
static json_t *summary_of(const char *method, const double *accuracies, size_t count)
{
    json_t *summary = summary_begin(&head), *results[8];
    for (size_t i = 0; i < count; i++)
        results[i] = json_pack("{s:i, s:{s:f, s:n}}", "seed", (int)i, "metrics", "acc.macro", accuracies[i], "bwt.gem");
    summary_method(summary, &head, method, results, count);
    for (size_t i = 0; i < count; i++)
        json_decref(results[i]);
    return summary;
}

static const struct gate_options published = {.method = "replay",
                                              .metric = METRIC_ACC_MACRO,
                                              .is = 0.888,
                                              .sem = 0.003,
                                              .n = 16,
                                              .within = 0.015,
                                              .source = "a table"};

/* The gate, judged: owned. */
static json_t *judged(const struct gate_options *o, const double *accuracies, size_t count, int64_t seeds)
{
    json_t *summary = summary_of("replay", accuracies, count);
    gates_judge(summary, &(struct gate_list){o, 1}, seeds);
    json_t *gates = json_object_get(summary, "gates"), *gate = json_incref(json_array_get(gates, 0));
    assert_int_equal(json_array_size(gates), 1);
    assert_int_equal(gates_open(summary), json_is_true(json_object_get(gate, "pass")) ? 0 : 1);
    json_decref(summary);
    return gate;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void words_are(const json_t *gate, const char *why)
{
    assert_string_equal(json_string_value(json_object_get(gate, "why")), why);
}

static void a_mean_within_passes(void **state)
{
    (void)state;
    json_t *gate = judged(&published, (double[]){0.880, 0.884}, 2, 2);
    assert_true(json_is_true(json_object_get(gate, "pass")));
    words_are(gate, "band: within 0.015");
    assert_true(fabs(number(gate, "low") - 0.873) < 1e-12 && fabs(number(gate, "high") - 0.903) < 1e-12);
    assert_string_equal(json_string_value(json_object_get(gate, "method")), "replay");
    assert_string_equal(json_string_value(json_object_get(gate, "metric")), "acc.macro");
    assert_string_equal(json_string_value(json_object_get(gate, "source")), "a table");
    assert_true(number(gate, "is") == 0.888 && number(gate, "sem") == 0.003 && number(gate, "n") == 16);
    const json_t *ours = json_object_get(gate, "ours");
    assert_true(fabs(number(ours, "mean") - 0.882) < 1e-12 && number(ours, "n") == 2);
    assert_true(fabs(number(ours, "sem") - 0.002) < 1e-12);
    json_decref(gate);
}

static void either_side_fails(void **state)
{
    (void)state;
    json_t *low = judged(&published, (double[]){0.871, 0.871}, 2, 2);
    json_t *high = judged(&published, (double[]){0.95, 0.95}, 2, 2);
    assert_true(json_is_false(json_object_get(low, "pass")) && json_is_false(json_object_get(high, "pass")));
    words_are(low, "too low by 0.002; band: within 0.015");
    words_are(high, "too high by 0.047; band: within 0.015");
    json_decref(low);
    json_decref(high);
}

/* SEM of 0.84 and 0.90: 0.03. 2.5 x sqrt(0.03^2 + 0.003^2) = 0.0754 around 0.888: 0.87 holds. */
static void a_wide_spread_widens_the_band(void **state)
{
    (void)state;
    json_t *gate = judged(&published, (double[]){0.84, 0.90}, 2, 2);
    assert_true(json_is_true(json_object_get(gate, "pass")));
    words_are(gate, "band: 2.5 combined SEM (0.0301)");
    assert_true(fabs(number(gate, "low") - (0.888 - 2.5 * sqrt(0.000909))) < 1e-12);
    json_decref(gate);
}

/* The published SD is 0.003 x 4 = 0.012; 2.5 x sqrt(0.003^2 + 0.012^2) = 0.0309. */
static void one_seed_says_what_stands_for_its_spread(void **state)
{
    (void)state;
    struct gate_options bare = published;
    json_t *gate = judged(&published, (double[]){0.86}, 1, 1);
    assert_true(json_is_true(json_object_get(gate, "pass")));
    words_are(gate, "band: 2.5 combined SEM (0.0124); one seed: its SEM is the published SD (0.0120)");
    assert_true(json_is_null(json_object_get(json_object_get(gate, "ours"), "sem")));
    json_decref(gate);
    bare.sem = 0;
    bare.n = 0;
    gate = judged(&bare, (double[]){0.86}, 1, 1);
    assert_true(json_is_false(json_object_get(gate, "pass")));
    words_are(gate, "too low by 0.013; band: within 0.015; one seed: no SEM of its own");
    assert_true(json_is_null(json_object_get(gate, "sem")) && json_is_null(json_object_get(gate, "n")));
    json_decref(gate);
}

static void a_range_holds_with_both_ends(void **state)
{
    (void)state;
    static const struct {
        double accuracy;
        const char *why;
    } cases[] = {{0.88, "band: between"},
                 {0.925, "band: between"},
                 {0.87, "too low by 0.01; band: between"},
                 {0.93, "too high by 0.005; band: between"}};
    const struct gate_options range = {
        .method = "replay", .metric = METRIC_ACC_MACRO, .ranged = true, .low = 0.88, .high = 0.925, .source = "x"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *gate = judged(&range, &cases[i].accuracy, 1, 1);
        assert_int_equal(json_is_true(json_object_get(gate, "pass")), i < 2);
        words_are(gate, cases[i].why);
        assert_true(number(json_object_get(gate, "ours"), "mean") == cases[i].accuracy);
        assert_int_equal(json_array_size(json_object_get(gate, "between")), 2);
        assert_null(json_object_get(gate, "is"));
        json_decref(gate);
    }
}

static void what_is_missing_is_not_decided(void **state)
{
    (void)state;
    struct gate_options absent = published;
    json_t *gate = judged(&published, (double[]){0.888, 0.889}, 2, 5); /* would pass, but for three that fell out */
    assert_true(json_is_null(json_object_get(gate, "pass")) && json_is_null(json_object_get(gate, "low")));
    words_are(gate, "3 of 5 seeds missing");
    json_decref(gate);
    gate = judged(&published, NULL, 0, 1);
    words_are(gate, "1 of 1 seed missing");
    assert_true(json_is_null(json_object_get(json_object_get(gate, "ours"), "mean")));
    json_decref(gate);
    absent.metric = METRIC_BWT_GEM;
    gate = judged(&absent, (double[]){0.8, 0.9}, 2, 2);
    assert_true(json_is_null(json_object_get(gate, "pass")));
    words_are(gate, "bwt.gem is absent in 2 of 2 seeds");
    json_decref(gate);
}

static void the_open_ones_are_counted(void **state)
{
    (void)state;
    struct gate_options gates[3] = {published, published, published};
    json_t *summary = summary_of("replay", (double[]){0.888, 0.889}, 2);
    gates[1].is = 0.5;
    gates[2].metric = METRIC_BWT_GEM;
    gates_judge(summary, &(struct gate_list){gates, 3}, 2);
    assert_int_equal(json_array_size(json_object_get(summary, "gates")), 3);
    assert_int_equal(gates_open(summary), 2);
    gates_judge(summary, &(struct gate_list){NULL, 0}, 2); /* judging again puts a list in the place of the last */
    assert_int_equal(json_array_size(json_object_get(summary, "gates")), 0);
    assert_int_equal(gates_open(summary), 0);
    json_decref(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_within_passes),          cmocka_unit_test(either_side_fails),
        cmocka_unit_test(a_wide_spread_widens_the_band), cmocka_unit_test(one_seed_says_what_stands_for_its_spread),
        cmocka_unit_test(a_range_holds_with_both_ends),  cmocka_unit_test(what_is_missing_is_not_decided),
        cmocka_unit_test(the_open_ones_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
