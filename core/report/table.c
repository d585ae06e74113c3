/* The table of methods. Methods are rows as long as the page holds all columns; on a narrower one metrics are rows,
 * for the eye compares numbers of one metric, and those then stand side by side. */
#include "report/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report/grid.h"
#include "report/report.h"

enum { COSTS = 3 }; /* steps/s, time, memory */

static const char *word_of(const json_t *object, const char *key, const char *fallback)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : fallback;
}

/* Names of the metrics, as the first method has them; the others have the same. */
static const json_t *metrics_of(const json_t *summary)
{
    return json_object_get(json_array_get(json_object_get(summary, "methods"), 0), "metrics");
}

/* "0.9132 ± 0.0021"; the error is left out where one seed gives none. */
static char *value_words(const json_t *metric, const char *error_kind, const struct page *page)
{
    const json_t *mean = json_object_get(metric, "mean"), *spread = json_object_get(metric, error_kind);
    if (!json_is_number(mean))
        return alloc_text("-");
    if (!json_is_number(spread))
        return alloc_format("%.4f", json_number_value(mean));
    return alloc_format("%.4f %s %.4f", json_number_value(mean), page->utf8 ? "\u00b1" : "+-",
                        json_number_value(spread));
}

static char *rate_words(const json_t *rate)
{
    double value = json_number_value(rate);
    if (!json_is_number(rate))
        return alloc_text("-");
    return alloc_format(value < 10 ? "%.2f" : "%.0f", value);
}

static char *time_words(const json_t *seconds)
{
    double value = json_number_value(seconds);
    if (!json_is_number(seconds))
        return alloc_text("-");
    if (value < 100)
        return alloc_format("%.1f s", value);
    if (value < 5999.5)
        return alloc_format("%.0f s", value);
    return alloc_format("%.1f h", value / 3600);
}

static char *memory_words(const json_t *bytes)
{
    if (!json_is_number(bytes))
        return alloc_text("-");
    return alloc_format("%.0f MiB", json_number_value(bytes) / (1 << 20));
}

static const char *error_of(const json_t *summary) { return word_of(summary, "error", "sem"); }

static void heading_fill(grid *g, const json_t *names)
{
    static const char *const costs[COSTS] = {"steps/s", "time", "memory"};
    size_t column = 1;
    const char *name;
    json_t *unused;
    grid_set(g, 0, 0, alloc_text("method"));
    json_object_foreach((json_t *)(size_t)names, name, unused) /* the macro takes no const; it changes nothing */
        grid_set(g, 0, column++, alloc_text(name));
    for (int i = 0; i < COSTS; i++)
        grid_set(g, 0, column++, alloc_text(costs[i]));
}

/* From the second column on; the one after them. */
static size_t metrics_fill(grid *g, size_t row, const json_t *of, const json_t *names, const char *error_kind,
                           const struct page *page)
{
    size_t column = 1;
    const char *name;
    json_t *unused;
    json_object_foreach((json_t *)(size_t)names, name, unused)
        grid_set(g, row, column++, value_words(json_object_get(of, name), error_kind, page));
    return column;
}

/* What a method's network says by itself, where a strategy predicts by another rule; its costs are those above. */
static void network_fill(grid *g, size_t row, const json_t *method, const json_t *names, const char *error_kind,
                         const struct page *page)
{
    metrics_fill(g, row, json_object_get(method, "metrics_network"), names, error_kind, page);
    grid_set(g, row, 0, alloc_format("%s: network", word_of(method, "name", "?")));
}

static void method_fill(grid *g, size_t row, const json_t *method, const json_t *names, const char *error_kind,
                        const struct page *page)
{
    size_t column = metrics_fill(g, row, json_object_get(method, "metrics"), names, error_kind, page);
    grid_set(g, row, 0, alloc_text(word_of(method, "name", "?")));
    grid_set(g, row, column++, rate_words(json_object_get(method, "steps_per_second")));
    grid_set(g, row, column++, time_words(json_object_get(method, "seconds")));
    grid_set(g, row, column++, memory_words(json_object_get(method, "peak_memory_bytes")));
}

grid summary_grid(const json_t *summary, const struct page *page)
{
    const char *error_kind = error_of(summary);
    const json_t *methods = json_object_get(summary, "methods"), *names = metrics_of(summary);
    size_t rows = 1, i;
    json_t *method;
    json_array_foreach(methods, i, method) rows += json_object_get(method, "metrics_network") ? 2 : 1;
    grid g = grid_open(rows, 1 + json_object_size(names) + COSTS);
    heading_fill(&g, names);
    rows = 1;
    json_array_foreach(methods, i, method)
    {
        method_fill(&g, rows++, method, names, error_kind, page);
        if (json_object_get(method, "metrics_network"))
            network_fill(&g, rows++, method, names, error_kind, page);
    }
    return g;
}

static size_t seeds_of(const json_t *method) { return json_array_size(json_object_get(method, "seeds")); }

/* "n = 5 seeds", and who has fewer because cells failed. */
static void seeds_print(const json_t *summary, text *out)
{
    const json_t *methods = json_object_get(summary, "methods");
    size_t most = 0, i;
    json_t *method;
    json_array_foreach(methods, i, method) most = seeds_of(method) > most ? seeds_of(method) : most;
    text_addf(out, "n = %zu %s", most, most == 1 ? "seed" : "seeds");
    json_array_foreach(methods, i, method) if (seeds_of(method) != most)
        text_addf(out, "; %s: n = %zu", word_of(method, "name", "?"), seeds_of(method));
}

static const char *error_words(const char *kind)
{
    return !strcmp(kind, "sd")     ? "standard deviation"
           : !strcmp(kind, "ci95") ? "half of the 95 % confidence interval"
                                   : "standard error of the mean";
}

void table_footer(const json_t *summary, const struct page *page, text *out)
{
    const char *error_kind = error_of(summary);
    text_addf(out, "mean %s %s (%s), ", page->utf8 ? "\u00b1" : "+-", error_words(error_kind), error_kind);
    seeds_print(summary, out);
    text_addf(out, "; %s, %s\n", word_of(summary, "scenario", "?"), word_of(summary, "mask", "?"));
}

void table_print(const json_t *summary, const struct page *page, text *out)
{
    grid wide = summary_grid(summary, page);
    if (grid_width(&wide) <= page->columns) {
        grid_print(&wide, page->columns, out);
    } else {
        grid narrow = grid_turned(&wide);
        grid_print(&narrow, page->columns, out);
        grid_close(&narrow);
    }
    grid_close(&wide);
    text_addf(out, "\n");
    table_footer(summary, page, out);
}

void report_table(const json_t *summary, text *out)
{
    struct page page = page_here();
    table_print(summary, &page, out);
}
