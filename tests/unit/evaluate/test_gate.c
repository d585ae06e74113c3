/* Bands worked out by hand, and what lies on either side of them. */
#include "../check.h"

#include <math.h>

#include "evaluate/gate.h"

#define assert_close(found, wanted) assert_true(fabs((found) - (wanted)) <= 1e-12)

static const struct gate published = {.is = 0.888, .sem = 0.003, .n = 20, .within = 0.015};

static spread ours_of(int64_t n, double mean, double sem)
{
    return (spread){
        .n = n, .mean = mean, .sd = n > 1 ? sem * sqrt((double)n) : (double)NAN, .sem = sem, .ci95 = (double)NAN};
}

/* 2.5 x sqrt(0.003^2 + 0.004^2) = 2.5 x 0.005 = 0.0125 < 0.015. */
static void within_is_the_wider(void **state)
{
    (void)state;
    spread ours = ours_of(5, 0.89, 0.004);
    band b = gate_band(&published, &ours);
    assert_close(b.low, 0.873);
    assert_close(b.high, 0.903);
    assert_close(b.own, 0.004);
    assert_close(b.combined, 0.005);
    assert_false(b.wide);
    assert_false(b.borrowed);
}

/* 2.5 x sqrt(0.003^2 + 0.0072^2) = 2.5 x 0.0078 = 0.0195 > 0.015. */
static void errors_are_the_wider(void **state)
{
    (void)state;
    spread ours = ours_of(3, 0.89, 0.0072);
    band b = gate_band(&published, &ours);
    assert_close(b.combined, 0.0078);
    assert_true(b.wide);
    assert_close(b.low, 0.8685);
    assert_close(b.high, 0.9075);
}

/* The standard deviation of a published seed: 0.003 x sqrt(16) = 0.012; 2.5 x sqrt(0.003^2 + 0.012^2). */
static void one_seed_has_the_published_spread(void **state)
{
    (void)state;
    struct gate g = published;
    spread ours = ours_of(1, 0.89, (double)NAN);
    g.n = 16;
    band b = gate_band(&g, &ours);
    assert_true(b.borrowed);
    assert_close(b.own, 0.012);
    assert_close(b.combined * b.combined, 0.000153);
    assert_close(b.high - g.is, 2.5 * sqrt(0.000153));
    ours = ours_of(2, 0.89, 0.0001); /* two have one of their own, however small */
    assert_false(gate_band(&g, &ours).borrowed);
    assert_close(gate_band(&g, &ours).high, 0.903);
}

static void one_seed_without_a_published_spread(void **state)
{
    (void)state;
    spread ours = ours_of(1, 0.89, (double)NAN);
    const struct gate without_n = {.is = 0.888, .sem = 0.008, .within = 0.015};
    const struct gate without_sem = {.is = 0.888, .n = 20, .within = 0.015};
    band b = gate_band(&without_n, &ours);
    assert_true(isnan(b.own));
    assert_false(b.borrowed);
    assert_close(b.low, 0.868); /* 2.5 x 0.008 */
    b = gate_band(&without_sem, &ours);
    assert_true(isnan(b.own));
    assert_close(b.combined, 0);
    assert_close(b.low, 0.873);
}

static void either_side_fails_and_bounds_hold(void **state)
{
    (void)state;
    assert_close(band_miss(0.873, 0.903, 0.888), 0);
    assert_close(band_miss(0.873, 0.903, 0.873), 0);
    assert_close(band_miss(0.873, 0.903, 0.903), 0);
    assert_true(band_miss(0.873, 0.903, 0.8729) < 0);
    assert_close(band_miss(0.873, 0.903, 0.8729), -0.0001);
    assert_close(band_miss(0.873, 0.903, 0.9531), 0.0501);
    assert_true(isnan(band_miss(0.873, 0.903, (double)NAN)));
}

/* 0.1 + 0.2 is more than 0.3 in binary: a bound that is met to its digits holds, as does one that is hit from below. */
static void rounding_throws_nothing_out(void **state)
{
    (void)state;
    assert_true(0.1 + 0.2 > 0.3);
    assert_close(band_miss(0.2, 0.3, 0.1 + 0.2), 0);
    assert_close(band_miss(0.1 + 0.2, 0.4, 0.3), 0);
    assert_true(band_miss(0.2, 0.3, 0.3 + 1e-8) > 0);
    const struct gate exact = {.is = 0.5};
    spread ours = ours_of(2, 0.5, 0);
    band b = gate_band(&exact, &ours);
    assert_close(band_miss(b.low, b.high, 0.5), 0);
    assert_true(band_miss(b.low, b.high, 0.5001) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_is_the_wider),
        cmocka_unit_test(errors_are_the_wider),
        cmocka_unit_test(one_seed_has_the_published_spread),
        cmocka_unit_test(one_seed_without_a_published_spread),
        cmocka_unit_test(either_side_fails_and_bounds_hold),
        cmocka_unit_test(rounding_throws_nothing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
