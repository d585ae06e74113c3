/* The names that a scenario may ask for and the metrics that there are must be one list, in one order. */
#include "../check.h"

#include "evaluate/matrix.h"
#include "scenario/scenario.h"

static void names_are_those_of_the_scenario(void **state)
{
    (void)state;
    assert_int_equal(metric_count, METRIC_COUNT);
    for (int i = 0; i < METRIC_COUNT; i++) {
        assert_string_equal(metrics[i].name, metric_name_text((enum metric_name)i));
        assert_ptr_equal(metric_find(metrics[i].name), &metrics[i]);
    }
    assert_null(metric_find("accuracy"));
}

static void every_metric_says_what_it_is(void **state)
{
    (void)state;
    for (int64_t i = 0; i < metric_count; i++) {
        assert_true(metrics[i].formula[0] && metrics[i].summary[0]);
        assert_non_null(metrics[i].source);
        bool forgetting = metrics[i].name[0] == 'f' && metrics[i].name[1] == 'o';
        assert_int_equal(metrics[i].higher_is_better, !forgetting);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_scenario),
        cmocka_unit_test(every_metric_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
