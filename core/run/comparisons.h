/* The methods of a summary against its baseline: "baseline", "test" and "comparisons" of summary.json. */
#ifndef PERDURE_RUN_COMPARISONS_H
#define PERDURE_RUN_COMPARISONS_H
#include <jansson.h>

#include "evaluate/difference.h"

/* Puts "baseline" (null where there is none) and "comparisons" into a summary whose methods are all there: metric by metric one
 * object for every other method, over the seeds that both have. Where one of the two has no value at all, as joint has no
 * forgetting, there is nothing to compare and no object. With a baseline "test" says what the test is. */
void comparisons_judge(json_t *summary, const char *baseline);

/* ---- for whoever else puts values of seeds side by side (compare) ---- */

/* The seeds and values of one metric of one method: borrowed from nothing, run_values_close. A seed without a value is left out. */
struct run_values {
    int64_t *seeds;
    double *values;
    int64_t count;
};
struct run_values run_values_of(const json_t *method, const char *metric_name);
void run_values_close(struct run_values *v);

/* "n", "mean_difference", "sd", "t", "df", "p", "p_holm", "effect", "ci95", "significant", "verdict" of a difference, null where
 * it has none: put into `out`. */
void difference_put(json_t *out, const difference *d, double p_holm, const char *metric_name);
json_t *difference_test_json(const char *name); /* what the test is; owned */

#endif
