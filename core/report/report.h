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
/* All tables in Markdown, for a README: methods, tests against the baseline, gates with why and source. */
void report_markdown(const json_t *summary, text *out);
/* The tables of methods (metrics only) and of tests in LaTeX, for a paper: a fragment that needs booktabs. */
void report_latex(const json_t *summary, text *out);
void report_csv(const json_t *summary, text *out); /* results.csv: method, seed, metric, value */

/* "perdure.compare/1": what differs first, then the metrics of every run side by side, with tests against the first. */
void report_compare(const json_t *figures, text *out);
void report_compare_markdown(const json_t *figures, text *out);

/* Where the time of the cells goes (run/profiles.h): a table a method, a row a phase or hook. */
void report_profile(const json_t *profiles, text *out);

/* "perdure.bench/1": a row a method, what the ratio is, and the machine. Fitted to the page like the other. */
void report_bench(const json_t *figures, text *out);

#endif
