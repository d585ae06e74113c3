/* See grid.h. */
#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { GAP = 2 };

grid grid_open(size_t rows, size_t columns)
{
    return (grid){rows, columns, alloc_zero(rows * columns, sizeof(char *))};
}

void grid_close(grid *g)
{
    for (size_t i = 0; i < g->rows * g->columns; i++)
        free(g->at[i]);
    free(g->at);
    *g = (grid){0};
}

void grid_set(grid *g, size_t row, size_t column, char *owned)
{
    char **place = &g->at[row * g->columns + column];
    free(*place);
    *place = owned;
}

const char *grid_at(const grid *g, size_t row, size_t column)
{
    const char *found = g->at[row * g->columns + column];
    return found ? found : "";
}

grid grid_turned(const grid *g)
{
    grid turned = grid_open(g->columns, g->rows);
    for (size_t i = 0; i < g->rows; i++)
        for (size_t j = 0; j < g->columns; j++)
            grid_set(&turned, j, i, alloc_text(grid_at(g, i, j)));
    return turned;
}

/* Characters of UTF-8: bytes that do not continue one. */
static size_t characters(const char *s)
{
    size_t count = 0;
    for (; *s != '\0'; s++)
        count += ((unsigned char)*s & 0xc0) != 0x80;
    return count;
}

static size_t column_width(const grid *g, size_t column)
{
    size_t widest = 0;
    for (size_t i = 0; i < g->rows; i++) {
        size_t width = characters(grid_at(g, i, column));
        widest = width > widest ? width : widest;
    }
    return widest;
}

size_t grid_width(const grid *g)
{
    size_t width = 0;
    for (size_t j = 0; j < g->columns; j++)
        width += column_width(g, j) + (j > 0 ? GAP : 0);
    return width;
}

/* The columns from `first` on that stand beside column 0 within `width`: the one behind the last. */
static size_t block_end(const grid *g, size_t first, size_t width)
{
    size_t used = column_width(g, 0), last = first;
    while (last < g->columns) {
        used += GAP + column_width(g, last);
        if (used > width && last > first)
            break;
        last++;
    }
    return last;
}

static void line_print(const grid *g, size_t row, size_t first, size_t end, text *out)
{
    const char *name = grid_at(g, row, 0);
    text_addf(out, "%s", name);
    size_t behind = column_width(g, 0) - characters(name);
    for (size_t j = first; j < end; j++) {
        const char *value = grid_at(g, row, j);
        size_t before = column_width(g, j) - characters(value);
        text_addf(out, "%*s%s", (int)(behind + GAP + before), "", value);
        behind = 0;
    }
    while (out->length > 0 && out->at[out->length - 1] == ' ') /* an empty value leaves nothing behind */
        out->at[--out->length] = '\0';
    text_addf(out, "\n");
}

void grid_print(const grid *g, size_t width, text *out)
{
    size_t first = 1;
    do {
        size_t end = block_end(g, first, width);
        if (first > 1)
            text_addf(out, "\n");
        for (size_t i = 0; i < g->rows; i++)
            line_print(g, i, first, end, out);
        first = end;
    } while (first < g->columns);
}
