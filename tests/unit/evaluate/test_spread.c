/* Mean and error over seeds, against known values; Student's t against the published quantiles. */
#include "../check.h"

#include <math.h>

#include "evaluate/matrix.h"

/* CMocka's own compares floats. */
#define assert_close(found, wanted, tolerance) assert_true(fabs((found) - (wanted)) <= (tolerance))

static void too_few_values_have_no_error(void **state)
{
    double one = 0.25;
    (void)state;
    spread none = spread_of(NULL, 0), single = spread_of(&one, 1);
    assert_int_equal(none.n, 0);
    assert_true(isnan(none.mean) && isnan(none.sd) && isnan(none.sem) && isnan(none.ci95));
    assert_int_equal(single.n, 1);
    assert_true(single.mean == 0.25);
    assert_true(isnan(single.sd) && isnan(single.sem) && isnan(single.ci95));
}

static void two_values(void **state)
{
    const double values[] = {1, 3};
    (void)state;
    spread s = spread_of(values, 2);
    assert_close(s.mean, 2, 1e-12);
    assert_close(s.sd, sqrt(2), 1e-12);
    assert_close(s.sem, 1, 1e-12);
    assert_close(s.ci95, 12.7062, 1e-3);
}

static void eight_values(void **state)
{
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* squares about the mean of 5: 32 */
    (void)state;
    spread s = spread_of(values, 8);
    assert_close(s.mean, 5, 1e-12);
    assert_close(s.sd, sqrt(32.0 / 7), 1e-12);
    assert_close(s.sem, sqrt(32.0 / 56), 1e-12);
    assert_close(s.ci95, 2.36462 * sqrt(32.0 / 56), 1e-3);
}

static void what_is_not_there_is_not_counted(void **state)
{
    const double values[] = {1, NAN, 3, NAN};
    (void)state;
    spread s = spread_of_there(values, 4);
    assert_int_equal(s.n, 2);
    assert_close(s.mean, 2, 1e-12);
    assert_close(spread_error(&s, "sd"), sqrt(2), 1e-12);
    assert_close(spread_error(&s, "sem"), 1, 1e-12);
    assert_close(spread_error(&s, "ci95"), 12.7062, 1e-3);
    s = spread_of_there(values + 1, 1);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.mean) && isnan(spread_error(&s, "sem")));
}

static void equal_values_have_no_spread(void **state)
{
    const double values[] = {0.1, 0.1, 0.1, 0.1, 0.1};
    (void)state;
    spread s = spread_of(values, 5);
    assert_close(s.mean, 0.1, 1e-15);
    assert_close(s.sd, 0, 1e-15);
}

/* The quantile is ci95 / sem. Values: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
static void quantiles_are_the_published_ones(void **state)
{
    static const struct {
        int64_t freedom;
        double quantile;
    } published[] = {{1, 12.706}, {2, 4.303},  {4, 2.776},  {10, 2.228}, {19, 2.093},
                     {30, 2.042}, {31, 2.040}, {40, 2.021}, {60, 2.000}, {100, 1.984}};
    double values[101];
    (void)state;
    for (int i = 0; i < 101; i++)
        values[i] = i % 7;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        spread s = spread_of(values, published[i].freedom + 1);
        assert_close(s.ci95 / s.sem, published[i].quantile, 1e-3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_values_have_no_error),
        cmocka_unit_test(two_values),
        cmocka_unit_test(eight_values),
        cmocka_unit_test(what_is_not_there_is_not_counted),
        cmocka_unit_test(equal_values_have_no_spread),
        cmocka_unit_test(quantiles_are_the_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
