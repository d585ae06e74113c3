/* Runs side by side: "perdure.compare/1". */
#ifndef PERDURE_RUN_COMPARE_H
#define PERDURE_RUN_COMPARE_H
#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

enum { COMPARE_RUNS = 26 }; /* a letter each */

struct compare_side {
    const char *folder;
    json_t *summary; /* perdure.summary/1 */
};

/* What differs in what they were made by, then the methods that the first has in common with the others: each metric of every run,
 * and every other run less the first, tested over the seeds: in pairs where both have the same seeds, else by Welch's test.
 * *out: owned. 65: no method in common with the first; and as about_read. */
int compare_runs(const struct compare_side *sides, size_t count, json_t **out, error *e);

#endif
