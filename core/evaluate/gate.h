/* Two-sided gates of a reproduction: the band that a mean must lie in, around a published one. Too good fails as well as
 * too bad, for either says that something else was measured than what was published. */
#ifndef PERDURE_EVALUATE_GATE_H
#define PERDURE_EVALUATE_GATE_H
#include <stdbool.h>
#include <stdint.h>

#include "evaluate/matrix.h"

/* What is published: a mean, the standard error of it (0: not said) over n seeds (0: not said). */
struct gate {
    double is, sem;
    int64_t n;
    double within; /* the band reaches at least so far to either side */
};

typedef struct band {
    double low, high; /* both belong to it */
    double own;       /* the standard error of our mean that went in; NaN: none is known, and 0 went in */
    bool wide;        /* it reaches to 2.5 combined standard errors, as these are more than `within` */
    double combined;  /* sqrt(published^2 + own^2) */
    bool borrowed;    /* own is the published standard deviation, as one seed has no spread */
} band;

/* is -+ the wider of `within` and 2.5 combined standard errors.
 *
 * With one seed of ours, its mean is that seed: its standard error is the standard deviation of a seed, and the best
 * estimate of that is the published one, sem * sqrt(n). Where sem or n was not published, ours counts as 0. */
band gate_band(const struct gate *g, const spread *ours);
/* Below 0: the mean lies so far under the band; above 0: so far over it; 0: in it, to 1e-9, so that a mean that equals a
 * bound in decimal digits is not thrown out by binary ones. NaN for a mean that is NaN. */
double band_miss(double low, double high, double mean);

#endif
