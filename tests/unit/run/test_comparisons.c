/* Comparisons of a summary with its baseline: which there are, and what stands in them. The arithmetic has its own tests in
 * tests/unit/evaluate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "run/comparisons.h"
#include "run/summary.h"

static const char words[] =
    "{'schema': 'perdure.summary/1', 'methods': ["
    " {'name': 'finetune', 'seeds': [0, 1, 2, 3], 'metrics': {"
    "   'acc.macro': {'values': [0.19, 0.21, 0.2, 0.2]},"
    "   'forgetting.chaudhry': {'values': [0.9, 0.95, 0.93, 0.97]}}},"
    " {'name': 'replay', 'seeds': [1, 2, 3, 4], 'metrics': {" /* seeds 1, 2, 3 are both's */
    "   'acc.macro': {'values': [0.82, 0.8, 0.83, 0.5]},"
    "   'forgetting.chaudhry': {'values': [0.2, 0.21, 0.19, 0.7]}}},"
    " {'name': 'joint', 'seeds': [0, 1, 2, 3], 'metrics': {" /* no forgetting; one amount above in every seed */
    "   'acc.macro': {'values': [0.69, 0.71, 0.7, 0.7]},"
    "   'forgetting.chaudhry': {'values': [null, null, null, null]}}},"
    " {'name': 'ewc', 'seeds': [3, 1], 'metrics': {"
    "   'acc.macro': {'values': [0.3, null]},"
    "   'forgetting.chaudhry': {'values': [0.8, 0.7]}}},"
    " {'name': 'si', 'seeds': [0, 1, 2, 3], 'metrics': {"
    "   'acc.macro': {'values': [0.2, 0.21, 0.19, 0.21]},"
    "   'forgetting.chaudhry': {'values': [0.9, 0.95, 0.93, 0.97]}}},"
    " {'name': 'broken', 'seeds': [], 'metrics': {'acc.macro': {'values': []}, 'forgetting.chaudhry': {'values': "
    "[]}}}]}";

static json_t *summary_make(const char *baseline)
{
    char quoted[sizeof words];
    memcpy(quoted, words, sizeof quoted);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *summary = json_loads(quoted, 0, NULL);
    assert_non_null(summary);
    comparisons_judge(summary, baseline);
    return summary;
}

static const json_t *row_of(const json_t *summary, const char *method, const char *metric)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(summary, "comparisons"), i,
                       row) if (!strcmp(json_string_value(json_object_get(row, "method")), method) &&
                                !strcmp(json_string_value(json_object_get(row, "metric")), metric)) return row;
    return NULL;
}

static double number(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *verdict_of(const json_t *summary, const char *method, const char *metric)
{
    return json_string_value(json_object_get(row_of(summary, method, metric), "verdict"));
}

static void seeds_that_both_have_are_pairs(void **state)
{
    (void)state;
    json_t *summary = summary_make("finetune");
    assert_string_equal(json_string_value(json_object_get(summary, "baseline")), "finetune");
    const json_t *row = row_of(summary, "replay", "acc.macro");
    assert_true(number(row, "n") == 3 && number(row, "df") == 2);
    assert_true(fabs(number(row, "mean_difference") - (0.61 + 0.6 + 0.63) / 3) < 1e-12);
    assert_true(json_is_true(json_object_get(row, "significant")));
    const json_t *interval = json_object_get(row, "ci95");
    assert_true(json_number_value(json_array_get(interval, 0)) < number(row, "mean_difference"));
    assert_true(json_number_value(json_array_get(interval, 1)) > number(row, "mean_difference"));
    assert_true(fabs(number(row, "effect") - number(row, "mean_difference") / number(row, "sd")) < 1e-12);
    json_decref(summary);
}

/* Of acc.macro: replay and si are tested; joint has no spread, ewc one seed. So Holm's factor is 2, and 1. */
static void a_family_is_what_can_be_tested(void **state)
{
    (void)state;
    json_t *summary = summary_make("finetune");
    const json_t *replay = row_of(summary, "replay", "acc.macro"), *si = row_of(summary, "si", "acc.macro");
    assert_true(fabs(number(replay, "p_holm") - 2 * number(replay, "p")) < 1e-15);
    assert_true(fabs(number(si, "p_holm") - number(si, "p")) < 1e-15);
    const json_t *forgetting = row_of(summary, "replay", "forgetting.chaudhry");
    assert_true(number(forgetting, "p_holm") == number(forgetting, "p")); /* alone in its family */
    json_decref(summary);
}

static void verdicts_follow_the_metric(void **state)
{
    (void)state;
    json_t *summary = summary_make("finetune");
    assert_string_equal(verdict_of(summary, "replay", "acc.macro"), "better");
    assert_string_equal(verdict_of(summary, "replay", "forgetting.chaudhry"), "better"); /* less of it */
    assert_true(number(row_of(summary, "replay", "forgetting.chaudhry"), "mean_difference") < 0);
    assert_string_equal(verdict_of(summary, "joint", "acc.macro"), "no spread");
    assert_string_equal(verdict_of(summary, "ewc", "acc.macro"), "too few seeds");
    assert_string_equal(verdict_of(summary, "ewc", "forgetting.chaudhry"), "too few seeds");
    assert_string_equal(verdict_of(summary, "si", "acc.macro"), "not significant");
    assert_string_equal(verdict_of(summary, "si", "forgetting.chaudhry"), "the same");
    const json_t *two = row_of(summary, "ewc", "forgetting.chaudhry");
    assert_true(number(two, "n") == 2 && !isnan(number(two, "p")) && isnan(number(two, "p_holm")));
    const json_t *flat = row_of(summary, "joint", "acc.macro");
    assert_true(isnan(number(flat, "p")) && number(flat, "sd") == 0 && number(flat, "n") == 4);
    assert_true(json_is_null(json_array_get(json_object_get(flat, "ci95"), 0)));
    json_decref(summary);
    summary = summary_make("replay");
    assert_string_equal(verdict_of(summary, "finetune", "acc.macro"), "worse");
    assert_string_equal(verdict_of(summary, "finetune", "forgetting.chaudhry"), "worse");
    json_decref(summary);
}

static void without_a_value_there_is_nothing_to_compare(void **state)
{
    (void)state;
    json_t *summary = summary_make("finetune");
    assert_null(row_of(summary, "joint", "forgetting.chaudhry"));
    assert_null(row_of(summary, "broken", "acc.macro"));
    assert_null(row_of(summary, "finetune", "acc.macro"));
    assert_int_equal(json_array_size(json_object_get(summary, "comparisons")), 7);
    json_decref(summary);
    summary = summary_make("joint"); /* a baseline without forgetting */
    assert_null(row_of(summary, "replay", "forgetting.chaudhry"));
    assert_non_null(row_of(summary, "replay", "acc.macro"));
    json_decref(summary);
    summary = summary_make("broken");
    assert_int_equal(json_array_size(json_object_get(summary, "comparisons")), 0);
    json_decref(summary);
}

static void without_a_baseline_nothing_is_tested(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, "gone"}; /* the second: not among the methods that are there */
    for (int i = 0; i < 2; i++) {
        json_t *summary = summary_make(none[i]);
        assert_true(json_is_null(json_object_get(summary, "baseline")));
        assert_int_equal(json_array_size(json_object_get(summary, "comparisons")), 0);
        assert_null(json_object_get(summary, "test"));
        json_decref(summary);
    }
}

static void what_the_test_is_stands_there(void **state)
{
    (void)state;
    json_t *summary = summary_make("finetune");
    const json_t *test = json_object_get(summary, "test");
    assert_string_equal(json_string_value(json_object_get(test, "name")), "paired t-test");
    assert_string_equal(json_string_value(json_object_get(test, "correction")), "Holm");
    assert_true(number(test, "level") == 0.05 && number(test, "n_least") == 3 && number(test, "n_few") == 5);
    json_decref(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_that_both_have_are_pairs),
        cmocka_unit_test(a_family_is_what_can_be_tested),
        cmocka_unit_test(verdicts_follow_the_metric),
        cmocka_unit_test(without_a_value_there_is_nothing_to_compare),
        cmocka_unit_test(without_a_baseline_nothing_is_tested),
        cmocka_unit_test(what_the_test_is_stands_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
