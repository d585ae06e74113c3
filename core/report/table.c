/* The table of methods. Methods are rows as long as the page holds all columns; on a narrower one metrics are rows,
 * for the eye compares numbers of one metric, and those then stand side by side. */
#include "report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
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

char *metric_words(const json_t *of, const char *error_kind, const struct style *s, bool best)
{
    const json_t *mean = json_object_get(of, "mean"), *error = json_object_get(of, error_kind);
    text out = {0};
    if (!json_is_number(mean))
        return alloc_text("-");
    text_addf(&out, "%s%.4f", best ? s->best_open : s->open, json_number_value(mean));
    if (json_is_number(error))
        text_addf(&out, "%s%.4f", s->plus_minus, json_number_value(error));
    text_addf(&out, "%s", best ? s->best_close : s->close);
    return out.at;
}

/* ---- the best of a column, as far as its digits are shown ---- */

static double shown_of(const json_t *method, const char *metric_name)
{
    const json_t *mean = json_object_get(json_object_get(json_object_get(method, "metrics"), metric_name), "mean");
    return json_is_number(mean) ? round(json_number_value(mean) * 1e4) : (double)NAN;
}

/* What trains on all tasks at once is what the others are measured by: nobody is to beat them by that. */
static bool upper_is(const json_t *method) { return json_object_get(method, "train_on") != NULL; }

/* NaN where there are fewer than two to choose from, all are alike, or nobody knows which way is up. */
static double best_of(const json_t *methods, const char *metric_name)
{
    const metric *m = metric_find(metric_name);
    double best = (double)NAN, worst = (double)NAN;
    size_t i;
    json_t *method;
    json_array_foreach(methods, i, method)
    {
        double shown = upper_is(method) ? (double)NAN : shown_of(method, metric_name);
        bool up = m && m->higher_is_better;
        best = up ? fmax(best, shown) : fmin(best, shown); /* they leave NaN out */
        worst = up ? fmin(worst, shown) : fmax(worst, shown);
    }
    return m && best != worst ? best : (double)NAN;
}

/* ---- costs ---- */

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

static void heading_fill(grid *g, const json_t *names, const struct style *s, bool costs)
{
    static const char *const of_costs[COSTS] = {"steps/s", "time", "memory"};
    size_t column = 1;
    const char *name;
    json_t *unused;
    grid_set(g, 0, 0, alloc_text("method"));
    json_object_foreach((json_t *)(size_t)names, name, unused) /* the macro takes no const; it changes nothing */
        grid_set(g, 0, column++, style_words(s, name));
    for (int i = 0; costs && i < COSTS; i++)
        grid_set(g, 0, column++, alloc_text(of_costs[i]));
}

static char *value_words(const json_t *summary, const json_t *method, const char *metric_name, double best,
                         const struct style *s)
{
    const json_t *of = json_object_get(json_object_get(method, "metrics"), metric_name);
    char *mean = metric_words(of, error_of(summary), s, !upper_is(method) && shown_of(method, metric_name) == best);
    text out = {0};
    text_addf(&out, "%s", mean);
    comparison_mark(summary, word_of(method, "name", "?"), metric_name, s, &out);
    free(mean);
    return out.at;
}

/* What a method's network says by itself, where a strategy predicts by another rule; its costs are those above. */
static char *network_words(const json_t *summary, const json_t *method, const char *metric_name, const struct style *s)
{
    const json_t *of = json_object_get(json_object_get(method, "metrics_network"), metric_name);
    char *mean = metric_words(of, error_of(summary), s, false);
    char *out = alloc_format("%s%s", mean, comparisons_there(summary) ? s->mark_none : "");
    free(mean);
    return out;
}

static void costs_fill(grid *g, size_t row, size_t column, const json_t *method)
{
    grid_set(g, row, column++, rate_words(json_object_get(method, "steps_per_second")));
    grid_set(g, row, column++, time_words(json_object_get(method, "seconds")));
    grid_set(g, row, column++, memory_words(json_object_get(method, "peak_memory_bytes")));
}

/* One row, two where a strategy predicts by another rule than the network's. */
static size_t rows_of(const json_t *method) { return json_object_get(method, "metrics_network") ? 2 : 1; }

static void metric_fill(grid *g, size_t column, const json_t *summary, const char *metric_name, const struct style *s)
{
    const json_t *methods = json_object_get(summary, "methods");
    double best = best_of(methods, metric_name);
    size_t row = 1, i;
    json_t *method;
    json_array_foreach(methods, i, method)
    {
        grid_set(g, row, column, value_words(summary, method, metric_name, best, s));
        if (rows_of(method) > 1)
            grid_set(g, row + 1, column, network_words(summary, method, metric_name, s));
        row += rows_of(method);
    }
}

static void name_fill(grid *g, size_t row, const json_t *method, const struct style *s)
{
    char *name = style_words(s, word_of(method, "name", "?"));
    grid_set(g, row, 0, alloc_text(name));
    if (rows_of(method) > 1)
        grid_set(g, row + 1, 0, alloc_format("%s: network", name));
    free(name);
}

grid summary_grid(const json_t *summary, const struct style *s, bool costs)
{
    const json_t *methods = json_object_get(summary, "methods"), *names = metrics_of(summary);
    size_t rows = 1, columns = 1, i;
    const char *name;
    json_t *method, *unused;
    json_array_foreach(methods, i, method) rows += rows_of(method);
    grid g = grid_open(rows, columns + json_object_size(names) + (costs ? COSTS : 0));
    heading_fill(&g, names, s, costs);
    json_object_foreach((json_t *)(size_t)names, name, unused) metric_fill(&g, columns++, summary, name, s);
    rows = 1;
    json_array_foreach(methods, i, method)
    {
        name_fill(&g, rows, method, s);
        if (costs)
            costs_fill(&g, rows, columns, method);
        rows += rows_of(method);
    }
    return g;
}

/* ---- what the numbers are ---- */

static size_t seeds_of(const json_t *method) { return json_array_size(json_object_get(method, "seeds")); }

/* "n = 5 seeds", and who has fewer because cells failed. */
static void seeds_print(const json_t *summary, const struct style *s, text *out)
{
    const json_t *methods = json_object_get(summary, "methods");
    size_t most = 0, i;
    json_t *method;
    json_array_foreach(methods, i, method) most = seeds_of(method) > most ? seeds_of(method) : most;
    text_addf(out, "n = %zu %s", most, most == 1 ? "seed" : "seeds");
    json_array_foreach(methods, i, method) if (seeds_of(method) != most)
    {
        text_addf(out, "; ");
        s->words_add(word_of(method, "name", "?"), out);
        text_addf(out, ": n = %zu", seeds_of(method));
    }
}

static const char *error_words(const char *kind)
{
    return !strcmp(kind, "sd")     ? "standard deviation"
           : !strcmp(kind, "ci95") ? "half of the 95 % confidence interval"
                                   : "standard error of the mean";
}

void table_footer(const json_t *summary, const struct style *s, text *out)
{
    const char *error_kind = error_of(summary);
    text_addf(out, "mean%s", s->plus_minus_words);
    s->words_add(error_words(error_kind), out);
    text_addf(out, " (%s), ", error_kind);
    seeds_print(summary, s, out);
    text_addf(out, "; %s, %s\n", word_of(summary, "scenario", "?"), word_of(summary, "mask", "?"));
    comparisons_footer(summary, s, out);
}

void table_print(const json_t *summary, const struct page *page, text *out)
{
    const struct style *s = style_of(page->utf8);
    grid wide = summary_grid(summary, s, true);
    if (grid_width(&wide) <= page->columns) {
        grid_print(&wide, page->columns, out);
    } else {
        grid narrow = grid_turned(&wide);
        grid_print(&narrow, page->columns, out);
        grid_close(&narrow);
    }
    grid_close(&wide);
    text_addf(out, "\n");
    table_footer(summary, s, out);
}

void report_table(const json_t *summary, text *out)
{
    struct page page = page_here();
    table_print(summary, &page, out);
}
