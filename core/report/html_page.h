/* The sections of the page, in reading order. Each adds itself to the page, or nothing where there is nothing to show. */
#ifndef PERDURE_REPORT_HTML_PAGE_H
#define PERDURE_REPORT_HTML_PAGE_H
#include "base/text.h"
#include "report/finished.h"

void html_head(const struct finished_run *r,
               text *out); /* title, what came out in a sentence, what ran, which methods */
void html_failures(const struct finished_run *r, text *out);    /* cells that failed */
void html_methods(const struct finished_run *r, text *out);     /* the table, and every metric with its error */
void html_comparisons(const struct finished_run *r, text *out); /* against the baseline; html_comparisons.c */
void html_curves(const struct finished_run *r, text *out);
void html_matrices(const struct finished_run *r, text *out);
void html_forgetting(const struct finished_run *r, text *out);
void html_cost(const struct finished_run *r, text *out);
void html_gates(const struct finished_run *r, text *out);
void html_warnings(const struct finished_run *r, text *out); /* what the self-checks found */
void html_sources(const struct finished_run *r, text *out);  /* definitions, scenario, plan, manifest */

/* ---- html_parts.c: what they share ---- */

int html_method_number(const struct finished_run *r, const struct finished_method *m); /* of data-m */
void html_style(const struct finished_method *m, char style[16]);  /* its classes of colour and dash */
void html_method_name(const struct finished_method *m, text *out); /* its stroke and its name */
const char *html_error_words(const char *kind);                    /* "standard error of the mean" */
size_t html_seeds_most(const struct finished_run *r);              /* of all methods */
bool html_drawn(const struct finished_method *m);                  /* has a matrix at all */
void html_section(const char *id, const char *heading, text *out); /* opens it; "</section>" closes */
void html_numbers_begin(const char *summary, text *out);           /* a table that is folded away */
void html_numbers_end(text *out);
void html_panel_begin(const struct finished_run *r, const struct finished_method *m,
                      text *out); /* a figure of its own */
void html_panel_end(text *out);
/* The mark of a comparison with the baseline, and its words in a title; room for one where others have one. */
void html_comparison_mark(const struct finished_run *r, const char *method, const char *named, text *out);
void html_comparison_note(const struct finished_run *r, text *out); /* what the marks mean; nothing without any */
const json_t *html_comparison(const struct finished_run *r, const char *method, const char *named);

/* page.css and page.js, as CMake has put them in; NUL behind each. */
extern const char page_css[], page_js[];

#endif
