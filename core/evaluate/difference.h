/* How far apart two methods lie over seeds, and whether that is more than chance: pure functions of their values.
 *
 * The seeds pair the methods: the same seed gives both the same network to begin with, the same order of tasks and of batches.
 * So the differences are tested, seed by seed (Student's paired t-test, two-sided), and of several methods against one
 * baseline Holm's step-down correction keeps the chance of a single false claim at 5 %. */
#ifndef PERDURE_EVALUATE_DIFFERENCE_H
#define PERDURE_EVALUATE_DIFFERENCE_H
#include <stdbool.h>
#include <stdint.h>

#define TEST_LEVEL 0.05 /* of Holm's p */
enum {
    TEST_LEAST = 3, /* fewer seeds say nothing, whatever their p */
    TEST_FEW = 5    /* with fewer, only differences of several standard deviations can be told */
};

/* Of one side from another: first - second. NaN: what cannot be said of so few, or of differences without spread. */
typedef struct difference {
    int64_t n; /* pairs; of Welch's test the smaller side */
    bool same; /* n > 0, and no value differs */
    bool flat; /* n > 1, and there is no spread to measure a difference by: as `same`, or all differ by one amount */
    double mean, sd;      /* of the differences; Welch: difference of the means, root mean square of the two SD */
    double t, freedom, p; /* two-sided */
    double effect;        /* mean / sd: Cohen's d of pairs (dz), or of two samples (Welch) */
    double low, high;     /* 95 % interval of the mean difference, not corrected */
} difference;

difference difference_paired(const double *first, const double *second, int64_t n);
/* Two samples that nothing pairs, of unlike spread: Welch's t-test. */
difference difference_welch(const double *first, int64_t first_n, const double *second, int64_t second_n);

/* The values of the seeds that both sides have, finite on both, in the order of the first: how many. first_out and second_out
 * have room for first_n. No seed comes twice on one side. */
int64_t difference_pairs(const int64_t *first_seeds, const double *first, int64_t first_n, const int64_t *second_seeds,
                         const double *second, int64_t second_n, double *first_out, double *second_out);

/* Holm's step-down p of a family of tests, in their order; NaN belongs to no family and stays. In place is fine. */
void holm_adjust(const double *p, int64_t n, double *out);

/* In this order they are tried: `same` is seen, not tested; then too few seeds, then no spread. */
enum verdict {
    VERDICT_SAME,
    VERDICT_TOO_FEW,
    VERDICT_NO_SPREAD,
    VERDICT_BETTER,
    VERDICT_WORSE,
    VERDICT_NOT_SIGNIFICANT
};
/* `p`: after Holm. */
enum verdict difference_verdict(const difference *d, double p, bool higher_is_better);
const char *verdict_name(enum verdict v); /* "the same", "too few seeds", "no spread", "better", ... */
/* Whether it enters its family: enough seeds, and a p. */
bool difference_tested(const difference *d);

#endif
