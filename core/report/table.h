/* The table of methods on a page of a given width, apart from what the page is. */
#ifndef PERDURE_REPORT_TABLE_H
#define PERDURE_REPORT_TABLE_H
#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "report/grid.h"
#include "report/style.h"

struct page {
    size_t columns;
    bool utf8;
};

struct page page_here(void); /* of standard output: its width, else 100; UTF-8 where the locale says so */

/* "0.9132 ± 0.0021" of a summary's metric; without the error where one seed gives none, "-" where there is no mean. Owned. */
char *metric_words(const json_t *of, const char *error_kind, const struct style *s, bool best);

/* Numbers of a test, "-" where it has none; owned: "12.34", "+0.0123", "<0.0001", "[0.0100, 0.0200]". */
char *number_words(const json_t *value, int decimals, const struct style *s);
char *apart_words(const json_t *value, const struct style *s);
char *p_words(const json_t *p, const struct style *s);
char *interval_words(const json_t *interval, const struct style *s);

/* A row a method. `costs`: steps/s, time and memory behind the metrics. */
grid summary_grid(const json_t *summary, const struct style *s, bool costs);
/* A row a gate, with all that is known of it. */
grid gates_grid_whole(const json_t *summary, const struct page *page);
/* A row a comparison with the baseline. */
grid comparisons_grid(const json_t *summary, const struct style *s);
bool comparisons_there(const json_t *summary); /* whether there is one */
/* How the method does beside the baseline, behind its value; nothing in a summary without comparisons. */
void comparison_mark(const json_t *summary, const char *method, const char *metric, const struct style *s, text *out);

void verdict_mark(enum verdict v, const struct style *s, text *out);

void grid_markdown(const grid *g, text *out); /* cells as they are */

/* The lines that say what the numbers above them are. */
void table_footer(const json_t *summary, const struct style *s, text *out);
/* Below the tests themselves: which side is which, and what the columns are. */
void comparisons_explain(const json_t *summary, const struct style *s, text *out);
void comparisons_footer(const json_t *summary, const struct style *s, text *out);
/* That few seeds tell only large differences, where that is so of a test; a line, or nothing. `test`: as in the summary. */
void few_footer(const json_t *comparisons, const json_t *test, const struct style *s, text *out);
void gates_footer(const struct page *page, text *out);
void gates_print(const json_t *summary, const struct page *page, text *out);
void table_print(const json_t *summary, const struct page *page, text *out);
void compare_print(const json_t *figures, const struct page *page, text *out);
void profile_print(const json_t *profiles, const struct page *page, text *out);
void bench_print(const json_t *figures, const struct page *page, text *out);

#endif
