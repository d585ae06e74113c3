/* The tables of a run as a paper wants them: booktabs, the best of a column in bold, marks for what differs from the baseline.
 * Metrics only: what a method costs depends on the machine, and papers have a table of their own for it. */
#include <ctype.h>

#include "report/report.h"
#include "report/table.h"

/* \label takes no special letters. */
static void label_add(const char *name, text *out)
{
    for (; *name; name++)
        text_addf(out, "%c", isalnum((unsigned char)*name) || *name == '.' ? *name : '-');
}

static void row_add(const grid *g, size_t row, text *out)
{
    for (size_t j = 0; j < g->columns; j++)
        text_addf(out, "%s%s", j ? " & " : "    ", grid_at(g, row, j));
    text_addf(out, " \\\\\n");
}

/* `names`: how many columns at the left are words; the others are numbers. */
static void tabular_add(const grid *g, size_t names, text *out)
{
    text_addf(out, "  \\begin{tabular}{");
    for (size_t j = 0; j < g->columns; j++)
        text_addf(out, j < names ? "l" : "r");
    text_addf(out, "}\n    \\toprule\n");
    for (size_t i = 0; i < g->rows; i++) {
        row_add(g, i, out);
        if (i == 0)
            text_addf(out, "    \\midrule\n");
    }
    text_addf(out, "    \\bottomrule\n  \\end{tabular}\n");
}

static void table_begin(const json_t *summary, const char *caption, const char *label, text *out)
{
    const char *name = json_string_value(json_object_get(summary, "name"));
    text_addf(out, "\\begin{table}\n  \\centering\n  \\caption{");
    style_latex.words_add(name ? name : "?", out);
    text_addf(out, ": %s}\n  \\label{tab:%s:", caption, label);
    label_add(name ? name : "", out);
    text_addf(out, "}\n");
}

static void notes_begin(text *out) { text_addf(out, "  \\par\\smallskip\n  {\\footnotesize\n"); }

static void table_end(text *out) { text_addf(out, "  \\par}\n\\end{table}\n"); }

void report_latex(const json_t *summary, text *out)
{
    grid methods = summary_grid(summary, &style_latex, false);
    text_addf(out, "%% perdure report --latex; needs \\usepackage{booktabs}\n");
    table_begin(summary, "metrics of each method; bold: the best of its column that trains task by task.", "methods",
                out);
    tabular_add(&methods, 1, out);
    notes_begin(out);
    table_footer(summary, &style_latex, out);
    table_end(out);
    grid_close(&methods);
    if (!comparisons_there(summary))
        return;
    grid tests = comparisons_grid(summary, &style_latex);
    text_addf(out, "\n");
    table_begin(summary, "tests against the baseline.", "tests", out);
    tabular_add(&tests, 2, out);
    notes_begin(out);
    comparisons_explain(summary, &style_latex, out);
    table_end(out);
    grid_close(&tests);
}
