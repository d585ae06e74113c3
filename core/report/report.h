/* Tables out of summary.json. Reads results, computes nothing. */
#ifndef PERDURE_REPORT_REPORT_H
#define PERDURE_REPORT_REPORT_H
#include <jansson.h>

#include "base/text.h"

/* The table of methods: a row a method, every metric as mean +- error over its seeds, then steps/s, time, memory.
 * Fitted to the terminal on standard output (100 columns where there is none); where it is too wide, a row a metric. */
void report_table(const json_t *summary, text *out);
/* The gates of the scenario: what is published, ours, the band, and what does not hold and why. Nothing where there are none. */
void report_gates(const json_t *summary, text *out);
/* Both tables in Markdown, for a README: all columns, with why and source of every gate. */
void report_markdown(const json_t *summary, text *out);
void report_csv(const json_t *summary, text *out); /* results.csv: method, seed, metric, value */

/* "perdure.bench/1": a row a method, what the ratio is, and the machine. Fitted to the page like the other. */
void report_bench(const json_t *figures, text *out);

#endif
