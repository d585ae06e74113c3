/* Tests over seeds: against scipy's numbers, and in the cases that have none. */
#include "../check.h"

#include <math.h>

#include "evaluate/difference.h"
#include "golden.h"

enum { GOLDEN = sizeof methods / sizeof *methods, SEEDS = 5 };

static bool near(double found, double wanted) { return fabs(found - wanted) <= 1e-11 * fabs(wanted); }

static bool unknown(const difference *d)
{
    return isnan(d->t) && isnan(d->freedom) && isnan(d->p) && isnan(d->effect) && isnan(d->low) && isnan(d->high);
}

static void paired_tests_are_those_of_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN; i++) {
        difference d = difference_paired(methods[i].values, baseline, SEEDS);
        assert_int_equal(d.n, SEEDS);
        assert_false(d.same || d.flat);
        assert_true(near(d.mean, methods[i].mean) && near(d.sd, methods[i].sd));
        assert_true(near(d.t, methods[i].t) && near(d.freedom, methods[i].freedom));
        assert_true(near(d.p, methods[i].p) && near(d.effect, methods[i].effect));
        assert_true(near(d.low, methods[i].low) && near(d.high, methods[i].high));
    }
}

static void welch_tests_are_those_of_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN; i++) {
        difference d = difference_welch(methods[i].values, SEEDS, baseline, SEEDS);
        assert_true(near(d.mean, methods[i].mean) && near(d.t, methods[i].welch_t));
        assert_true(near(d.freedom, methods[i].welch_freedom) && near(d.p, methods[i].welch_p));
    }
}

static void holm_is_worked_out_by_hand(void **state)
{
    /* sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1: 0.02, 0.03, 0.06, 0.04; none falls: 0.06 */
    double p[] = {0.01, (double)NAN, 0.04, 0.03, 0.005}, out[5];
    (void)state;
    holm_adjust(p, 5, out);
    assert_true(near(out[0], 0.03) && near(out[2], 0.06) && near(out[3], 0.06) && near(out[4], 0.02));
    assert_true(isnan(out[1]));
    double equal[] = {0.5, 0.02, 0.02, 0.9}; /* 0.08, 0.06 -> 0.08; 1, 0.9 -> 1 */
    holm_adjust(equal, 4, equal);
    assert_true(near(equal[0], 1) && near(equal[1], 0.08) && near(equal[2], 0.08) && near(equal[3], 1));
    double one = 0.03;
    holm_adjust(&one, 1, &one);
    assert_true(near(one, 0.03));
    holm_adjust(NULL, 0, NULL);
}

static void holm_over_the_golden_family(void **state)
{
    double p[GOLDEN];
    (void)state;
    for (size_t i = 0; i < GOLDEN; i++)
        p[i] = difference_paired(methods[i].values, baseline, SEEDS).p;
    holm_adjust(p, GOLDEN, p);
    for (size_t i = 0; i < GOLDEN; i++)
        assert_true(near(p[i], methods[i].holm));
}

static void few_values_say_nothing(void **state)
{
    const double a[] = {0.9, 0.8}, b[] = {0.1, 0.2};
    (void)state;
    difference none = difference_paired(a, b, 0), one = difference_paired(a, b, 1), two = difference_paired(a, b, 2);
    assert_true(none.n == 0 && isnan(none.mean) && isnan(none.sd) && unknown(&none) && !none.same && !none.flat);
    assert_true(one.n == 1 && near(one.mean, 0.8) && isnan(one.sd) && unknown(&one) && !one.same && !one.flat);
    assert_true(two.n == 2 && near(two.mean, 0.7) && two.p < 0.2 && !two.flat);
    assert_false(difference_tested(&none) || difference_tested(&one) || difference_tested(&two));
    for (int higher = 0; higher < 2; higher++) {
        assert_int_equal(difference_verdict(&none, none.p, higher), VERDICT_TOO_FEW);
        assert_int_equal(difference_verdict(&one, one.p, higher), VERDICT_TOO_FEW);
        assert_int_equal(difference_verdict(&two, 1e-9, higher), VERDICT_TOO_FEW); /* whatever its p */
    }
}

/* One amount in every seed: the t would be infinite and p 0, of binary rounding alone. */
static void without_spread_there_is_no_p(void **state)
{
    const double a[] = {0.9, 0.3, 0.8, 0.45}, b[] = {0.8, 0.2, 0.7, 0.35};
    (void)state;
    assert_true(a[0] - b[0] != a[2] - b[2]); /* not in binary */
    difference d = difference_paired(a, b, 4);
    assert_true(d.flat && !d.same && d.sd == 0 && near(d.mean, 0.1) && unknown(&d));
    assert_false(difference_tested(&d));
    assert_int_equal(difference_verdict(&d, d.p, true), VERDICT_NO_SPREAD);
    d = difference_paired(a, b, 2);
    assert_int_equal(difference_verdict(&d, d.p, true), VERDICT_TOO_FEW);
    d = difference_paired(a, a, 4);
    assert_true(d.same && d.flat && d.mean == 0 && unknown(&d));
    assert_int_equal(difference_verdict(&d, d.p, true), VERDICT_SAME);
    d = difference_paired(a, a, 1); /* that nothing differs is seen with one seed */
    assert_int_equal(difference_verdict(&d, d.p, true), VERDICT_SAME);
    const double close[] = {0.9, 0.3, 0.8, 0.45 + 1e-9}; /* a spread that is one */
    d = difference_paired(close, b, 4);
    assert_true(!d.flat && d.sd > 0 && d.p < 1e-9);
}

static void welch_without_spread_or_values(void **state)
{
    const double a[] = {0.5, 0.5, 0.5}, b[] = {0.2, 0.2, 0.2, 0.2}, c[] = {0.1, 0.2, 0.3};
    (void)state;
    difference d = difference_welch(a, 3, b, 4);
    assert_true(d.flat && !d.same && d.n == 3 && near(d.mean, 0.3) && unknown(&d));
    d = difference_welch(a, 3, a, 2);
    assert_true(d.flat && d.same);
    d = difference_welch(a, 3, c, 3); /* one of them has a spread: two degrees of freedom, its own */
    assert_true(!d.flat && near(d.freedom, 2) && near(d.t, 0.3 / (0.1 / sqrt(3))));
    d = difference_welch(a, 1, c, 3);
    assert_true(d.n == 1 && near(d.mean, 0.3) && unknown(&d));
    d = difference_welch(a, 0, c, 3);
    assert_true(d.n == 0 && isnan(d.mean) && unknown(&d));
}

static void the_better_side_depends_on_the_metric(void **state)
{
    (void)state;
    difference up = difference_paired(methods[0].values, baseline, SEEDS);
    difference down = difference_paired(baseline, methods[0].values, SEEDS);
    assert_int_equal(difference_verdict(&up, up.p, true), VERDICT_BETTER);
    assert_int_equal(difference_verdict(&up, up.p, false), VERDICT_WORSE);
    assert_int_equal(difference_verdict(&down, down.p, true), VERDICT_WORSE);
    assert_int_equal(difference_verdict(&down, down.p, false), VERDICT_BETTER);
    assert_int_equal(difference_verdict(&up, 0.05, true), VERDICT_NOT_SIGNIFICANT); /* below it, not at it */
    assert_int_equal(difference_verdict(&up, (double)NAN, true), VERDICT_NOT_SIGNIFICANT);
}

static void seeds_pair_whatever_their_order(void **state)
{
    const int64_t first[] = {4, 0, 2, 7}, second[] = {0, 1, 7, 2};
    const double a[] = {0.4, 0.0, 0.2, 0.7}, b[] = {10, 11, 17, (double)NAN};
    double left[4], right[4];
    (void)state;
    assert_int_equal(difference_pairs(first, a, 4, second, b, 4, left, right), 2);
    assert_true(left[0] == 0.0 && right[0] == 10 && left[1] == 0.7 && right[1] == 17);
    assert_int_equal(difference_pairs(first, a, 4, second, b, 0, left, right), 0);
    assert_int_equal(difference_pairs(first, a, 1, second, b, 4, left, right), 0);
}

static void verdicts_have_words(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_SAME), "the same");
    assert_string_equal(verdict_name(VERDICT_TOO_FEW), "too few seeds");
    assert_string_equal(verdict_name(VERDICT_NO_SPREAD), "no spread");
    assert_string_equal(verdict_name(VERDICT_BETTER), "better");
    assert_string_equal(verdict_name(VERDICT_WORSE), "worse");
    assert_string_equal(verdict_name(VERDICT_NOT_SIGNIFICANT), "not significant");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paired_tests_are_those_of_scipy), cmocka_unit_test(welch_tests_are_those_of_scipy),
        cmocka_unit_test(holm_is_worked_out_by_hand),      cmocka_unit_test(holm_over_the_golden_family),
        cmocka_unit_test(few_values_say_nothing),          cmocka_unit_test(without_spread_there_is_no_p),
        cmocka_unit_test(welch_without_spread_or_values),  cmocka_unit_test(the_better_side_depends_on_the_metric),
        cmocka_unit_test(seeds_pair_whatever_their_order), cmocka_unit_test(verdicts_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
