/* Herding as a loop over rows, sums in double: what <perdure/exemplars.h> and icarl are measured against. */
#ifndef PERDURE_TESTS_PLUGIN_HERDING_H
#define PERDURE_TESTS_PLUGIN_HERDING_H
#include "../check.h"

#include "base/alloc.h"
#include "base/random.h"

/* Features [n, width], for a test: of a stream of their own, or whole numbers so small that no sum is rounded. */
typedef struct table {
    int64_t n, width;
    float *at;
} table;

static inline table table_open(int64_t n, int64_t width, uint64_t seed, int64_t whole)
{
    table t = {n, width, alloc_zero((size_t)(n * width), sizeof(float))};
    random_stream r = random_open(seed, "features", "", 0);
    for (int64_t i = 0; i < n * width; i++)
        t.at[i] = whole ? (float)random_below(&r, whole) : (float)random_normal(&r);
    return t;
}

/* |k target - (row + sum)|^2, which is k^2 times what herding makes least: without a division, whole numbers stay whole. */
static inline double gap(const table *t, int64_t row, const double *sum, const double *target, double k)
{
    double all = 0;
    for (int64_t j = 0; j < t->width; j++) {
        double d = k * target[j] - ((double)t->at[row * t->width + j] + sum[j]);
        all += d * d;
    }
    return all;
}

static inline double *table_mean(const table *t)
{
    double *mean = alloc_zero((size_t)t->width, sizeof *mean);
    for (int64_t i = 0; i < t->n * t->width; i++)
        mean[i % t->width] += (double)t->at[i] / (double)t->n;
    return mean;
}

/* The first row that is nearest, among those not taken; *least: how near. */
static inline int64_t nearest(const table *t, const bool *taken, const double *sum, const double *target, double k,
                              double *least)
{
    int64_t best = -1;
    for (int64_t i = 0; i < t->n; i++) {
        double d = gap(t, i, sum, target, k);
        if (!taken[i] && (best < 0 || d < *least)) {
            best = i;
            *least = d;
        }
    }
    return best;
}

/* Every choice is as near as any could be, given those before it, and of another row; with `exact` it is the very row that
 * the loop finds. */
static inline void herded_well(const table *t, const double *target, const int64_t *order, int64_t count, bool exact)
{
    bool *taken = alloc_zero((size_t)t->n, sizeof *taken);
    double *sum = alloc_zero((size_t)t->width, sizeof *sum);
    for (int64_t k = 0; k < count; k++) {
        double least = 0, found;
        int64_t want = nearest(t, taken, sum, target, (double)k + 1, &least);
        assert_in_range(order[k], 0, t->n - 1);
        assert_false(taken[order[k]]);
        found = gap(t, order[k], sum, target, (double)k + 1);
        if (exact)
            assert_int_equal(order[k], want);
        else if (!(found <= least + 1e-4))
            fail_msg("choice %lld is %g from the target; expected %g", (long long)k + 1, found, least);
        taken[order[k]] = true;
        for (int64_t j = 0; j < t->width; j++)
            sum[j] += (double)t->at[order[k] * t->width + j];
    }
    free(taken);
    free(sum);
}

#endif
