/* Student's t distribution against scipy's, and against what is known in closed form. */
#include "../check.h"

#include <math.h>
#include <stdbool.h>

#include "evaluate/student.h"
#include "golden.h"

static bool near(double found, double wanted) { return fabs(found - wanted) <= 1e-12 * fabs(wanted); }

static void tails_are_those_of_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        assert_true(near(student_p(tails[i].t, tails[i].freedom), tails[i].p));
        assert_true(student_p(-tails[i].t, tails[i].freedom) == student_p(tails[i].t, tails[i].freedom));
    }
}

static void quantiles_are_those_of_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        assert_true(near(student_t(quantiles[i].p, quantiles[i].freedom), quantiles[i].t));
}

/* One degree of freedom is Cauchy's distribution; two have a root alone: p = 1 - t / sqrt(2 + t^2). */
static void closed_forms(void **state)
{
    static const double ts[] = {1e-3, 0.25, 1, 1.7, 3, 12.7062, 40, 1e4, 1e9, 1e200};
    (void)state;
    for (size_t i = 0; i < sizeof ts / sizeof *ts; i++) {
        double t = ts[i], root = sqrt(2 + t * t);
        assert_true(near(student_p(t, 1), 2 / acos(-1) * atan(1 / t)));
        if (isfinite(root))
            assert_true(near(student_p(t, 2), 2 / (root * (root + t))));
    }
    assert_true(near(student_t(0.5, 1), 1));
    assert_true(near(student_t(0.05, 2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95))));
}

/* With very many degrees of freedom it is the normal distribution. */
static void large_freedom_is_normal(void **state)
{
    (void)state;
    assert_true(fabs(student_p(1.959963984540054, 1e8) - 0.05) < 1e-8);
    assert_true(fabs(student_p(3, 1e8) / erfc(3 / sqrt(2)) - 1) < 1e-6);
}

static void the_one_undoes_the_other(void **state)
{
    (void)state;
    for (double p = 1e-200; p < 1; p *= 7.3)
        for (double freedom = 0.5; freedom < 1e5; freedom *= 3.1) {
            double t = student_t(p, freedom);
            if (isfinite(t))
                assert_true(fabs(student_p(t, freedom) / p - 1) < 1e-11);
        }
}

static void what_has_no_answer(void **state)
{
    (void)state;
    assert_true(student_p((double)INFINITY, 4) == 0);
    assert_true(student_p(-(double)INFINITY, 4) == 0);
    assert_true(student_p(0, 4) == 1);
    assert_true(isnan(student_p((double)NAN, 4)) && isnan(student_p(1, 0)) && isnan(student_p(1, -1)));
    assert_true(isnan(student_p(1, (double)NAN)));
    assert_true(isnan(student_t(0, 4)) && isnan(student_t(1, 4)) && isnan(student_t(0.05, 0)));
    assert_true(isnan(student_t((double)NAN, 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_those_of_scipy),
        cmocka_unit_test(quantiles_are_those_of_scipy),
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(large_freedom_is_normal),
        cmocka_unit_test(the_one_undoes_the_other),
        cmocka_unit_test(what_has_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
