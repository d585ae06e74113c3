/* What the pairs of a benchmark come to: medians and ratios out of the results of both sides. Runs nothing. */
#ifndef PERDURE_RUN_PAIRS_H
#define PERDURE_RUN_PAIRS_H
#include <jansson.h>
#include <stddef.h>

enum { PAIR_BARE, PAIR_PERDURE, PAIR_SIDES };

double median_of(const double *values, size_t n); /* NaN where n is 0 */
/* A method's row of "perdure.bench/1"; owned. results: [pairs * PAIR_SIDES] of "perdure.result/1", side by side, NULL
 * where there is none; only whole pairs count. A method with a failure has no figures but its whole pairs. */
json_t *pairs_json(const char *method, json_t *const *results, size_t pairs, const char *failure);

#endif
