/* Runs side by side: what differs in what they were made by comes first, for it is what a difference of numbers is read by. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/differ.h"
#include "report/report.h"
#include "report/table.h"

enum { VALUE_SHOWN = 40, FOLDER_SHOWN = 200 };

/* How a page of them is written: lines and aligned columns, or Markdown. */
struct sheet {
    const struct style *style;
    size_t columns;
    bool markdown;
};

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "?";
}

static char letter_of(size_t run) { return (char)('A' + (int)run); }

static size_t runs_of(const json_t *figures) { return json_array_size(json_object_get(figures, "runs")); }

/* A list of lines: Markdown would run them together. */
static void line_begin(const struct sheet *p, text *out) { text_addf(out, p->markdown ? "- " : "  "); }

static void words_add(const struct sheet *p, const char *words, size_t most, text *out)
{
    char *tamed = text_tamed(words, most);
    p->style->words_add(tamed, out);
    free(tamed);
}

/* ---- the runs, and what differs ---- */

static void runs_print(const json_t *figures, const struct sheet *p, text *out)
{
    const json_t *runs = json_object_get(figures, "runs");
    for (size_t i = 0; i < runs_of(figures); i++) {
        const json_t *run = json_array_get(runs, i);
        text_addf(out, p->markdown ? "- **%c**: " : "%c: ", letter_of(i));
        words_add(p, word_of(run, "folder"), FOLDER_SHOWN, out);
        text_addf(out, " (");
        words_add(p, word_of(run, "name"), FOLDER_SHOWN, out);
        text_addf(out, ")\n");
    }
    text_addf(out, "\n");
}

/* "[..]" of what is an object would be cut before it says anything. */
static void value_add(const struct sheet *p, const json_t *value, text *out)
{
    char *words =
        json_is_object(value) ? alloc_text("there") : differ_words(json_is_null(value) ? NULL : value, VALUE_SHOWN);
    p->style->words_add(words, out);
    free(words);
}

static void differences_print(const json_t *figures, const struct sheet *p, text *out)
{
    const json_t *all = json_object_get(figures, "differences");
    size_t i, j;
    json_t *one, *value;
    if (json_array_size(all) == 0) {
        text_addf(out, "no difference in their %s\n\n", word_of(figures, "compared"));
        return;
    }
    text_addf(out, "what differs in their %s:\n%s", word_of(figures, "compared"), p->markdown ? "\n" : "");
    json_array_foreach(all, i, one)
    {
        line_begin(p, out);
        words_add(p, word_of(one, "key"), FOLDER_SHOWN, out);
        text_addf(out, ": ");
        json_array_foreach(json_object_get(one, "values"), j, value)
        {
            text_addf(out, "%s", j ? p->markdown ? " \\| " : " | " : "");
            value_add(p, value, out);
        }
        text_addf(out, "\n");
    }
    text_addf(out, "\n");
}

static void only_print(const json_t *figures, const struct sheet *p, text *out)
{
    size_t i, j;
    json_t *one, *run;
    json_array_foreach(json_object_get(figures, "only"), i, one)
    {
        line_begin(p, out);
        words_add(p, word_of(one, "method"), FOLDER_SHOWN, out);
        text_addf(out, ": only in ");
        json_array_foreach(json_object_get(one, "runs"), j, run)
            text_addf(out, "%s%c", j ? ", " : "", letter_of((size_t)json_integer_value(run)));
        text_addf(out, "\n");
    }
    text_addf(out, i ? "\n" : "");
}

/* ---- the table ---- */

/* Grouped: a line with the method's name, its metrics below it, which is narrower than both in one column. */
struct layout {
    const struct style *style;
    bool grouped, intervals;
    json_int_t seeds; /* of all means; 0: they differ, and each says its own */
};

static const json_t *test_find(const json_t *figures, size_t run, const char *method, const char *metric)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(figures, "comparisons"), i, one)
    {
        bool same = json_integer_value(json_object_get(one, "run")) == (json_int_t)run &&
                    !strcmp(word_of(one, "method"), method) && !strcmp(word_of(one, "metric"), metric);
        if (same)
            return one;
    }
    return NULL;
}

static json_int_t seeds_of(const json_t *side) { return json_integer_value(json_object_get(side, "n")); }

/* Rows that nobody has a value for say nothing: joint has no forgetting. */
static bool sides_there(const json_t *sides)
{
    size_t i;
    json_t *side;
    json_array_foreach(sides, i, side) if (seeds_of(side) > 0) return true;
    return false;
}

static json_int_t seeds_common(const json_t *methods)
{
    json_int_t common = 0;
    size_t i, j;
    const char *metric;
    json_t *method, *sides, *side;
    json_array_foreach(methods, i, method)
    {
        json_object_foreach(json_object_get(method, "metrics"), metric, sides)
        {
            json_array_foreach(sides, j, side)
            {
                if (seeds_of(side) > 0 && common > 0 && seeds_of(side) != common)
                    return 0;
                common = seeds_of(side) > 0 ? seeds_of(side) : common;
            }
        }
    }
    return common;
}

static void heading_fill(grid *g, size_t runs, const struct layout *l)
{
    size_t column = 1;
    grid_set(g, 0, 0, alloc_text(l->grouped ? "metric" : "method, metric"));
    for (size_t i = 0; i < runs; i++)
        grid_set(g, 0, column++, alloc_format("%c", letter_of(i)));
    for (size_t i = 1; i < runs; i++) {
        grid_set(g, 0, column++, alloc_format("%c - A", letter_of(i)));
        if (l->intervals)
            grid_set(g, 0, column++, style_words(l->style, "95 % interval"));
        grid_set(g, 0, column++, alloc_text("p (Holm)"));
        grid_set(g, 0, column++, alloc_format("%c is", letter_of(i)));
    }
}

/* "0.9132 ± 0.0021 (5)" */
static char *side_words(const json_t *of, const char *error_kind, const struct layout *l)
{
    char *mean = metric_words(of, error_kind, l->style, false);
    char *out =
        seeds_of(of) > 0 && l->seeds == 0 ? alloc_format("%s (%lld)", mean, (long long)seeds_of(of)) : alloc_text(mean);
    free(mean);
    return out;
}

static char *verdict_words(const json_t *test)
{
    if (test == NULL)
        return alloc_text("-");
    return alloc_format("%s%s", word_of(test, "verdict"), word_of(test, "test")[0] == 'W' ? " (Welch)" : "");
}

static void row_fill(grid *g, size_t row, const json_t *figures, const char *method, const char *metric,
                     const json_t *sides, const struct layout *l)
{
    size_t column = 1, runs = runs_of(figures);
    char *name = l->grouped ? alloc_format("  %s", metric) : alloc_format("%s %s", method, metric);
    grid_set(g, row, 0, style_words(l->style, name));
    free(name);
    for (size_t i = 0; i < runs; i++)
        grid_set(g, row, column++, side_words(json_array_get(sides, i), word_of(figures, "error"), l));
    for (size_t i = 1; i < runs; i++) {
        const json_t *test = test_find(figures, i, method, metric);
        grid_set(g, row, column++, apart_words(json_object_get(test, "mean_difference"), l->style));
        if (l->intervals)
            grid_set(g, row, column++, interval_words(json_object_get(test, "ci95"), l->style));
        grid_set(g, row, column++, p_words(json_object_get(test, "p_holm"), l->style));
        grid_set(g, row, column++, verdict_words(test));
    }
}

static size_t rows_of(const json_t *method, const struct layout *l)
{
    size_t rows = l->grouped ? 1 : 0;
    const char *metric;
    json_t *sides;
    json_object_foreach(json_object_get(method, "metrics"), metric, sides) rows += sides_there(sides) ? 1 : 0;
    return rows;
}

static size_t method_fill(grid *g, size_t row, const json_t *figures, const json_t *method, const struct layout *l)
{
    const char *metric;
    json_t *sides;
    if (l->grouped)
        grid_set(g, row++, 0, style_words(l->style, word_of(method, "name")));
    json_object_foreach(json_object_get(method, "metrics"), metric, sides) if (sides_there(sides))
        row_fill(g, row++, figures, word_of(method, "name"), metric, sides, l);
    return row;
}

static grid compare_grid(const json_t *figures, const struct layout *l)
{
    const json_t *methods = json_object_get(figures, "methods");
    size_t rows = 1, runs = runs_of(figures), i;
    json_t *method;
    json_array_foreach(methods, i, method) rows += rows_of(method, l);
    grid g = grid_open(rows, 1 + runs + (runs - 1) * (l->intervals ? 4 : 3));
    heading_fill(&g, runs, l);
    rows = 1;
    json_array_foreach(methods, i, method) rows = method_fill(&g, rows, figures, method, l);
    return g;
}

/* Intervals where there is room for them. */
static void table_add(const json_t *figures, const struct sheet *p, json_int_t seeds, text *out)
{
    struct layout l = {p->style, !p->markdown, true, seeds};
    grid g = compare_grid(figures, &l);
    if (!p->markdown && grid_width(&g) > p->columns) {
        grid_close(&g);
        l.intervals = false;
        g = compare_grid(figures, &l);
    }
    if (p->markdown)
        grid_markdown(&g, out);
    else
        grid_print(&g, p->columns, out);
    text_addf(out, p->markdown ? "" : "\n");
    grid_close(&g);
}

static void footer_print(const json_t *figures, const struct sheet *p, json_int_t seeds, text *out)
{
    const json_t *test = json_object_get(figures, "test");
    text_addf(out, "mean%s%s", p->style->plus_minus_words, word_of(figures, "error"));
    if (seeds)
        text_addf(out, ", n = %lld seed%s; ", (long long)seeds, seeds == 1 ? "" : "s");
    else
        text_addf(out, " (seeds); ");
    char *words = alloc_format("%s; two-sided, %s's correction over %s, p < %g\n", word_of(test, "name"),
                               word_of(test, "correction"), word_of(test, "family"),
                               json_number_value(json_object_get(test, "level")));
    p->style->words_add(words, out);
    free(words);
    few_footer(json_object_get(figures, "comparisons"), test, p->style, out);
}

static void figures_print(const json_t *figures, const struct sheet *p, text *out)
{
    json_int_t seeds = seeds_common(json_object_get(figures, "methods"));
    runs_print(figures, p, out);
    differences_print(figures, p, out);
    only_print(figures, p, out);
    table_add(figures, p, seeds, out);
    footer_print(figures, p, seeds, out);
}

void compare_print(const json_t *figures, const struct page *page, text *out)
{
    const struct sheet p = {style_of(page->utf8), page->columns, false};
    figures_print(figures, &p, out);
}

void report_compare(const json_t *figures, text *out)
{
    struct page page = page_here();
    compare_print(figures, &page, out);
}

void report_compare_markdown(const json_t *figures, text *out)
{
    const struct sheet p = {&style_markdown, 0, true};
    figures_print(figures, &p, out);
}
