/* The tables of a run as a README wants them: all rows and columns, whatever the page. */
#include "report/grid.h"
#include "report/report.h"
#include "report/table.h"

void grid_markdown(const grid *g, text *out)
{
    for (size_t i = 0; i < g->rows; i++) {
        text_addf(out, "|");
        for (size_t j = 0; j < g->columns; j++)
            text_addf(out, " %s |", grid_at(g, i, j));
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

static void comparisons_markdown(const json_t *summary, text *out)
{
    if (!comparisons_there(summary))
        return;
    grid g = comparisons_grid(summary, &style_markdown);
    text_addf(out, "\n");
    grid_markdown(&g, out);
    comparisons_explain(summary, &style_markdown, out);
    grid_close(&g);
}

static void gates_markdown(const json_t *summary, text *out)
{
    const struct page page = {.utf8 = true};
    if (json_array_size(json_object_get(summary, "gates")) == 0)
        return;
    grid g = gates_grid_whole(summary, &page);
    for (size_t i = 0; i < g.rows; i++)
        for (size_t j = 0; j < g.columns; j++)
            grid_set(&g, i, j, style_words(&style_markdown, grid_at(&g, i, j)));
    text_addf(out, "\n");
    grid_markdown(&g, out);
    gates_footer(&page, out);
    grid_close(&g);
}

void report_markdown(const json_t *summary, text *out)
{
    grid methods = summary_grid(summary, &style_markdown, true);
    grid_markdown(&methods, out);
    table_footer(summary, &style_markdown, out);
    grid_close(&methods);
    comparisons_markdown(summary, out);
    gates_markdown(summary, out);
}
