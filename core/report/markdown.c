/* The tables of a run as a README wants them: all rows and columns, whatever the page. */
#include "report/grid.h"
#include "report/report.h"
#include "report/table.h"

/* A bar would end the cell. */
static void cell_add(const char *words, text *out)
{
    text_addf(out, " ");
    for (const char *c = words; *c != '\0'; c++) {
        if (*c == '|')
            text_addf(out, "\\");
        text_add(out, c, 1);
    }
    text_addf(out, " |");
}

static void grid_markdown(const grid *g, text *out)
{
    for (size_t i = 0; i < g->rows; i++) {
        text_addf(out, "|");
        for (size_t j = 0; j < g->columns; j++)
            cell_add(grid_at(g, i, j), out);
        text_addf(out, "\n");
        if (i > 0)
            continue;
        text_addf(out, "|");
        for (size_t j = 0; j < g->columns; j++)
            text_addf(out, "---|");
        text_addf(out, "\n");
    }
    text_addf(out, "\n");
}

void report_markdown(const json_t *summary, text *out)
{
    const struct page page = {.utf8 = true};
    grid methods = summary_grid(summary, &page);
    grid_markdown(&methods, out);
    table_footer(summary, &page, out);
    grid_close(&methods);
    if (json_array_size(json_object_get(summary, "gates")) == 0)
        return;
    grid gates = gates_grid_whole(summary, &page);
    text_addf(out, "\n");
    grid_markdown(&gates, out);
    gates_footer(&page, out);
    grid_close(&gates);
}
