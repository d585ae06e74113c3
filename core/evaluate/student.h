/* Student's t distribution: what the intervals and tests over seeds go by. */
#ifndef PERDURE_EVALUATE_STUDENT_H
#define PERDURE_EVALUATE_STUDENT_H

/* P(|T| >= |t|) with `freedom` degrees of freedom, which need not be whole (Welch): the two-sided p of a test. Good to a
 * relative 1e-12, far out in the tail too. 0 for an infinite t; NaN for NaN, and for a freedom that is not above 0. */
double student_p(double t, double freedom);
/* The t of which student_p is `p`: 0.05 gives the half width of a 95 % interval in standard errors. 0 < p < 1, else NaN. */
double student_t(double p, double freedom);

#endif
