/* See difference.h. */
#include "evaluate/difference.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "evaluate/student.h"

/* Values are shares of right answers: differences that agree in the digits that a share has are one and the same, and what
 * binary fractions leave between them (0.9 - 0.8 against 0.8 - 0.7) is no spread to divide by. */
#define ROUNDING 1e-12

static double larger(double a, double b) { return fabs(b) > a ? fabs(b) : a; }

static const difference nothing = {.mean = (double)NAN,
                                   .sd = (double)NAN,
                                   .t = (double)NAN,
                                   .freedom = (double)NAN,
                                   .p = (double)NAN,
                                   .effect = (double)NAN,
                                   .low = (double)NAN,
                                   .high = (double)NAN};

/* From the mean, its standard error and the degrees of freedom on. */
static void difference_test(difference *d, double error)
{
    double reach = student_t(TEST_LEVEL, d->freedom) * error;
    d->t = d->mean / error;
    d->p = student_p(d->t, d->freedom);
    d->effect = d->mean / d->sd;
    d->low = d->mean - reach;
    d->high = d->mean + reach;
}

static bool all_equal(const double *values, int64_t n, double scale)
{
    for (int64_t i = 1; i < n; i++)
        if (fabs(values[i] - values[0]) > ROUNDING * scale)
            return false;
    return true;
}

difference difference_paired(const double *first, const double *second, int64_t n)
{
    difference out = nothing;
    double *apart = alloc_zero((size_t)n + 1, sizeof *apart), scale = 0, furthest = 0;
    for (int64_t i = 0; i < n; i++) {
        apart[i] = first[i] - second[i];
        scale = larger(larger(scale, first[i]), second[i]);
        furthest = larger(furthest, apart[i]);
    }
    spread s = spread_of(apart, n);
    out.n = n;
    out.mean = s.mean;
    out.same = n > 0 && furthest == 0;
    out.flat = n > 1 && all_equal(apart, n, scale);
    out.sd = out.flat ? 0 : s.sd;
    if (n > 1 && !out.flat) {
        out.freedom = (double)(n - 1);
        difference_test(&out, s.sem);
    }
    free(apart);
    return out;
}

static bool sample_flat(const double *values, int64_t n)
{
    double scale = 0;
    for (int64_t i = 0; i < n; i++)
        scale = larger(scale, values[i]);
    return all_equal(values, n, scale);
}

difference difference_welch(const double *first, int64_t first_n, const double *second, int64_t second_n)
{
    difference out = nothing;
    spread a = spread_of(first, first_n), b = spread_of(second, second_n);
    out.n = first_n < second_n ? first_n : second_n;
    out.mean = a.mean - b.mean;
    if (out.n < 2)
        return out;
    bool still = sample_flat(first, first_n), rigid = sample_flat(second, second_n);
    out.flat = still && rigid;
    out.same = out.flat && first[0] == second[0];
    double va = still ? 0 : a.sem * a.sem, vb = rigid ? 0 : b.sem * b.sem;
    out.sd = out.flat ? 0 : sqrt((a.sd * a.sd + b.sd * b.sd) / 2);
    if (out.flat)
        return out;
    /* Welch and Satterthwaite's degrees of freedom, with the variances as shares so that small ones do not vanish squared. */
    double share = va / (va + vb), rest = vb / (va + vb);
    out.freedom = 1 / (share * share / (double)(first_n - 1) + rest * rest / (double)(second_n - 1));
    difference_test(&out, sqrt(va + vb));
    return out;
}

int64_t difference_pairs(const int64_t *first_seeds, const double *first, int64_t first_n, const int64_t *second_seeds,
                         const double *second, int64_t second_n, double *first_out, double *second_out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < first_n; i++)
        for (int64_t j = 0; j < second_n; j++)
            if (first_seeds[i] == second_seeds[j] && isfinite(first[i]) && isfinite(second[j])) {
                first_out[n] = first[i];
                second_out[n] = second[j];
                n++;
                break;
            }
    return n;
}

/* ---- several tests at once ---- */

struct ranked {
    double p;
    int64_t at;
};

static int ranked_compare(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

/* The smallest of n p-values times n, the next times n - 1, and so on, and none below the one before it. Of equal ones the first
 * has the larger factor, and the next is not below it: so their order does not matter. */
void holm_adjust(const double *p, int64_t n, double *out)
{
    struct ranked *family = alloc_zero((size_t)n + 1, sizeof *family);
    int64_t count = 0;
    double highest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(p[i]))
            family[count++] = (struct ranked){p[i], i};
        out[i] = p[i];
    }
    qsort(family, (size_t)count, sizeof *family, ranked_compare);
    for (int64_t i = 0; i < count; i++) {
        highest = fmax(highest, fmin(1, family[i].p * (double)(count - i)));
        out[family[i].at] = highest;
    }
    free(family);
}

bool difference_tested(const difference *d) { return d->n >= TEST_LEAST && !isnan(d->p); }

enum verdict difference_verdict(const difference *d, double p, bool higher_is_better)
{
    if (d->same)
        return VERDICT_SAME;
    if (d->n < TEST_LEAST)
        return VERDICT_TOO_FEW;
    if (d->flat)
        return VERDICT_NO_SPREAD;
    if (!(p < TEST_LEVEL))
        return VERDICT_NOT_SIGNIFICANT;
    return (d->mean > 0) == higher_is_better ? VERDICT_BETTER : VERDICT_WORSE;
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {"the same", "too few seeds", "no spread", "better", "worse", "not significant"};
    return names[v];
}
