/* The table of methods on a page of a given width, apart from what the page is. */
#ifndef PERDURE_REPORT_TABLE_H
#define PERDURE_REPORT_TABLE_H
#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "report/grid.h"

struct page {
    size_t columns;
    bool utf8;
};

struct page page_here(void); /* of standard output: its width, else 100; UTF-8 where the locale says so */
grid summary_grid(const json_t *summary, const struct page *page); /* a row a method */
/* A row a gate, with all that is known of it. */
grid gates_grid_whole(const json_t *summary, const struct page *page);
/* The lines that say what the numbers above them are. */
void table_footer(const json_t *summary, const struct page *page, text *out);
void gates_footer(const struct page *page, text *out);
void gates_print(const json_t *summary, const struct page *page, text *out);
void table_print(const json_t *summary, const struct page *page, text *out);
void bench_print(const json_t *figures, const struct page *page, text *out);

#endif
