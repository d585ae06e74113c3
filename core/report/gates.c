/* The table of gates, and a line for each that does not hold. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report/grid.h"
#include "report/report.h"
#include "report/table.h"

enum { SOURCE_SHOWN = 200 };

static const char *const headings[] = {"gate", "published", "ours", "band", "result", NULL};
static const char *const headings_whole[] = {"method", "metric", "published", "ours",   "n",
                                             "band",   "result", "why",       "source", NULL};

static char *word_of(const json_t *gate, const char *key)
{
    const char *word = json_string_value(json_object_get(gate, key));
    return text_tamed(word ? word : "?", SOURCE_SHOWN);
}

/* All of it, on one line: a source that is folded over several has their ends in it. */
static char *words_whole(const json_t *gate, const char *key)
{
    const char *word = json_string_value(json_object_get(gate, key));
    char *line = alloc_text(word ? word : "?"), *out;
    for (char *c = line; *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    out = text_tamed(line, 4 * strlen(line) + 4); /* each byte may become four */
    free(line);
    return out;
}

static char *name_words(const json_t *gate)
{
    char *method = word_of(gate, "method"), *metric = word_of(gate, "metric");
    char *out = alloc_format("%s %s", method, metric);
    free(metric);
    free(method);
    return out;
}

/* "0.8880 ± 0.0030 (20)", as much of it as is known; `n` may be NULL. */
static char *mean_words(const json_t *mean, const json_t *sem, const json_t *n, const struct page *page)
{
    text out = {0};
    if (!json_is_number(mean))
        return alloc_text("-");
    text_addf(&out, "%.4f", json_number_value(mean));
    if (json_is_number(sem))
        text_addf(&out, " %s %.4f", page->utf8 ? "\u00b1" : "+-", json_number_value(sem));
    if (json_is_integer(n))
        text_addf(&out, " (%lld)", (long long)json_integer_value(n));
    return out.at;
}

static char *range_words(const json_t *low, const json_t *high)
{
    return json_is_number(low) && json_is_number(high)
               ? alloc_format("%.4f..%.4f", json_number_value(low), json_number_value(high))
               : alloc_text("-");
}

static char *published_words(const json_t *gate, const struct page *page)
{
    const json_t *between = json_object_get(gate, "between");
    if (between)
        return range_words(json_array_get(between, 0), json_array_get(between, 1));
    return mean_words(json_object_get(gate, "is"), json_object_get(gate, "sem"), json_object_get(gate, "n"), page);
}

static char *ours_words(const json_t *gate, bool seeds, const struct page *page)
{
    const json_t *ours = json_object_get(gate, "ours");
    return mean_words(json_object_get(ours, "mean"), json_object_get(ours, "sem"),
                      seeds ? json_object_get(ours, "n") : NULL, page);
}

static char *seeds_words(const json_t *gate)
{
    return alloc_format("%lld", (long long)json_integer_value(json_object_get(json_object_get(gate, "ours"), "n")));
}

static char *band_words(const json_t *gate)
{
    return range_words(json_object_get(gate, "low"), json_object_get(gate, "high"));
}

static const char *result_word(const json_t *gate)
{
    const json_t *pass = json_object_get(gate, "pass");
    return json_is_true(pass) ? "pass" : json_is_false(pass) ? "fail" : "not decided";
}

static grid gates_begin(const json_t *gates, const char *const *names)
{
    size_t columns = 0;
    while (names[columns])
        columns++;
    grid g = grid_open(json_array_size(gates) + 1, columns);
    for (size_t i = 0; i < columns; i++)
        grid_set(&g, 0, i, alloc_text(names[i]));
    return g;
}

static grid gates_grid(const json_t *gates, const struct page *page)
{
    grid g = gates_begin(gates, headings);
    for (size_t i = 0; i < json_array_size(gates); i++) {
        const json_t *gate = json_array_get(gates, i);
        grid_set(&g, i + 1, 0, name_words(gate));
        grid_set(&g, i + 1, 1, published_words(gate, page));
        grid_set(&g, i + 1, 2, ours_words(gate, true, page));
        grid_set(&g, i + 1, 3, band_words(gate));
        grid_set(&g, i + 1, 4, alloc_text(result_word(gate)));
    }
    return g;
}

grid gates_grid_whole(const json_t *summary, const struct page *page)
{
    const json_t *gates = json_object_get(summary, "gates");
    grid g = gates_begin(gates, headings_whole);
    for (size_t i = 0; i < json_array_size(gates); i++) {
        const json_t *gate = json_array_get(gates, i);
        size_t column = 0;
        grid_set(&g, i + 1, column++, word_of(gate, "method"));
        grid_set(&g, i + 1, column++, word_of(gate, "metric"));
        grid_set(&g, i + 1, column++, published_words(gate, page));
        grid_set(&g, i + 1, column++, ours_words(gate, false, page));
        grid_set(&g, i + 1, column++, seeds_words(gate));
        grid_set(&g, i + 1, column++, band_words(gate));
        grid_set(&g, i + 1, column++, alloc_text(result_word(gate)));
        grid_set(&g, i + 1, column++, words_whole(gate, "why"));
        grid_set(&g, i + 1, column++, words_whole(gate, "source"));
    }
    return g;
}

/* Who does not hold is told with the reason and the source of the figure, as that is what is looked up next. */
static void open_print(const json_t *gates, text *out)
{
    size_t i;
    json_t *gate;
    json_array_foreach(gates, i, gate)
    {
        if (json_is_true(json_object_get(gate, "pass")))
            continue;
        char *name = name_words(gate), *why = word_of(gate, "why"), *source = word_of(gate, "source");
        text_addf(out, "%s: %s: %s; source: %s\n", name, result_word(gate), why, source);
        free(source);
        free(why);
        free(name);
    }
}

void gates_footer(const struct page *page, text *out)
{
    text_addf(out, "mean %s SEM (seeds); band: the wider of `within` and 2.5 combined SEM, or `between`\n",
              page->utf8 ? "\u00b1" : "+-");
}

void gates_print(const json_t *summary, const struct page *page, text *out)
{
    const json_t *gates = json_object_get(summary, "gates");
    if (json_array_size(gates) == 0)
        return;
    grid g = gates_grid(gates, page);
    text_addf(out, "\n");
    grid_print(&g, page->columns, out);
    text_addf(out, "\n");
    gates_footer(page, out);
    open_print(gates, out);
    grid_close(&g);
}

void report_gates(const json_t *summary, text *out)
{
    struct page page = page_here();
    gates_print(summary, &page, out);
}
