/* summary.json ("perdure.summary/1") out of the records of cells. Needs no plan, so that it can be made of any
 * results. */
#ifndef PERDURE_RUN_SUMMARY_H
#define PERDURE_RUN_SUMMARY_H
#include <jansson.h>
#include <stddef.h>

struct summary_head {
    const char *name, *scenario, *mask; /* "class-il"; "task-agnostic" */
    const char *error;                  /* which spread the table shows: "sem", "sd", "ci95" */
    const char *const *metrics;
    size_t metric_count;
};

json_t *summary_begin(const struct summary_head *h); /* owned; without methods yet */
/* Adds a row made of result.json objects, one a seed; there may be none where all its cells failed. */
void summary_method(json_t *summary, const struct summary_head *h, const char *method, json_t *const *results,
                    size_t count);
void summary_failed(json_t *summary, const char *method, long long seed, const char *reason);
const json_t *summary_method_find(const json_t *summary, const char *name); /* borrowed; NULL: none has it */

#endif
