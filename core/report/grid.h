/* A grid of short texts, printed as aligned columns. Widths are counted in characters, not bytes, since a plus-minus
 * sign takes two. */
#ifndef PERDURE_REPORT_GRID_H
#define PERDURE_REPORT_GRID_H
#include <stddef.h>

#include "base/text.h"

typedef struct grid {
    size_t rows, columns;
    char **at; /* [rows, columns], owned; NULL: empty */
} grid;

grid grid_open(size_t rows, size_t columns);
void grid_close(grid *g);
void grid_set(grid *g, size_t row, size_t column, char *owned); /* frees what stood there */
const char *grid_at(const grid *g, size_t row, size_t column);  /* "" where empty */
grid grid_turned(const grid *g);                                /* rows as columns */
size_t grid_width(const grid *g);                               /* of the widest line */
/* The first column to the left, the others to the right. What is wider than `width` goes on in a further block below,
 * which repeats the first column; one column always stands beside it, however narrow the page. */
void grid_print(const grid *g, size_t width, text *out);

#endif
