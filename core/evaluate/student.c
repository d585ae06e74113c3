/* See student.h. p is the regularized incomplete beta function I_x(freedom/2, 1/2) with x = freedom / (freedom + t^2), by
 * its continued fraction (modified Lentz; Press et al., Numerical Recipes, 6.4; DLMF 8.17.22). */
#include "evaluate/student.h"

#include <float.h>
#include <math.h>

enum { TERMS_MOST = 100000 };

/* gamma(a + 1/2) / gamma(a). Differences of lgamma would lose as many digits as it has before the point; the series in 1/a
 * (Tricomi and Erdelyi) has them all from a = 30 on, and gamma(a + 1) = a gamma(a) leads there. */
static double gamma_ratio(double a)
{
    double lifted = 1;
    while (a < 30) {
        lifted *= a / (a + 0.5);
        a += 1;
    }
    const double z = 1 / a;
    static const double terms[] = {
        1, -1.0 / 8, 1.0 / 128, 5.0 / 1024, -21.0 / 32768, -399.0 / 262144, 869.0 / 4194304, 39325.0 / 33554432};
    double sum = 0;
    for (int i = (int)(sizeof terms / sizeof *terms) - 1; i >= 0; i--)
        sum = sum * z + terms[i];
    return lifted * sqrt(a) * sum;
}

static double away_from_zero(double v) { return fabs(v) < DBL_MIN / DBL_EPSILON ? DBL_MIN / DBL_EPSILON : v; }

/* The continued fraction of I_x(a, b), which converges fast for x below (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m < TERMS_MOST; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON)
            break;
    }
    return h;
}

double student_p(double t, double freedom)
{
    if (isnan(t) || !(freedom > 0))
        return (double)NAN;
    if (isinf(t))
        return 0;
    const double ratio = t / sqrt(freedom), a = freedom / 2;
    const double squared = ratio * ratio; /* t^2 / freedom; x = 1 / (1 + squared) */
    /* x^a sqrt(1 - x) / B(a, 1/2). Close to 1, x has lost the digits that the power needs; log1p has them. */
    const double power = isinf(squared) ? exp(-2 * a * log(fabs(ratio))) : exp(-a * log1p(squared));
    const double sine = isinf(squared) ? 1 : fabs(ratio) / sqrt(1 + squared);
    const double front = power * sine * gamma_ratio(a) / sqrt(3.14159265358979323846);
    const double x = 1 / (1 + squared);
    if (x < (a + 1) / (a + 2.5))
        return front * beta_fraction(x, a, 0.5) / a;
    return 1 - front * beta_fraction(squared / (1 + squared), 0.5, a) / 0.5;
}

/* p falls as t grows: halving finds the last double. It is asked for a few numbers a run, so it need not be fast. */
double student_t(double p, double freedom)
{
    if (!(p > 0 && p < 1) || !(freedom > 0))
        return (double)NAN;
    double low = 0, high = 1;
    while (student_p(high, freedom) > p && isfinite(high))
        high *= 2;
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            return middle;
        if (student_p(middle, freedom) > p)
            low = middle;
        else
            high = middle;
    }
}
