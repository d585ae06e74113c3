/* Where the time of a method's cells goes: a table a method, phases as they came first in a cell, and what is left. */
#include <stdlib.h>

#include "base/alloc.h"
#include "report/grid.h"
#include "report/report.h"
#include "report/table.h"

static const char *const headings[] = {"", "time", "share", "calls", "a call", "longest"};
enum { COLUMNS = sizeof headings / sizeof *headings };

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *name_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    return name ? name : "?";
}

static char *time_words(double seconds)
{
    if (seconds >= 99.95)
        return alloc_format("%.0f s", seconds);
    if (seconds >= 0.9995)
        return alloc_format("%.2f s", seconds);
    return seconds >= 0.9995e-3 ? alloc_format("%.1f ms", 1e3 * seconds) : alloc_format("%.1f us", 1e6 * seconds);
}

static void phase_fill(grid *g, size_t row, const json_t *phase)
{
    const double seconds = number_of(phase, "seconds"), calls = number_of(phase, "calls");
    grid_set(g, row, 0, alloc_text(name_of(phase)));
    grid_set(g, row, 1, time_words(seconds));
    grid_set(g, row, 2, alloc_format("%.1f %%", 100 * number_of(phase, "share")));
    if (calls <= 0) /* what is left was not called */
        return;
    grid_set(g, row, 3, alloc_format("%.0f", calls));
    grid_set(g, row, 4, time_words(seconds / calls));
    grid_set(g, row, 5, time_words(number_of(phase, "longest")));
}

static void heading_print(const json_t *method, text *out)
{
    const double cells = number_of(method, "cells"), of = number_of(method, "of");
    const double without = number_of(method, "steps_without");
    char *seconds = time_words(number_of(method, "seconds"));
    text_addf(out, "%s: %s and %.0f steps a cell", name_of(method), seconds, number_of(method, "steps"));
    if (cells < of)
        text_addf(out, ", mean of %.0f of %.0f seeds", cells, of);
    else if (of > 1)
        text_addf(out, ", mean of %.0f seeds", cells);
    if (without > 0)
        text_addf(out, "; %.0f steps before were trained without --profile", without);
    text_addf(out, "\n");
    free(seconds);
}

static void method_print(const json_t *method, const struct page *page, text *out)
{
    const json_t *phases = json_object_get(method, "phases");
    text_addf(out, "\n");
    if (number_of(method, "cells") <= 0) {
        text_addf(out, "%s: no profile, as no cell of it was trained with --profile\n", name_of(method));
        return;
    }
    heading_print(method, out);
    grid g = grid_open(json_array_size(phases) + 1, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++)
        grid_set(&g, 0, i, alloc_text(headings[i]));
    for (size_t i = 0; i < json_array_size(phases); i++)
        phase_fill(&g, i + 1, json_array_get(phases, i));
    grid_print(&g, page->columns, out);
    grid_close(&g);
}

void profile_print(const json_t *profiles, const struct page *page, text *out)
{
    const json_t *methods = json_object_get(profiles, "methods");
    for (size_t i = 0; i < json_array_size(methods); i++)
        method_print(json_array_get(methods, i), page, out);
    text_addf(out, "\ntime: of its own, without what is in it; longest: one call with all that is in it\n");
}

void report_profile(const json_t *profiles, text *out)
{
    struct page page = page_here();
    profile_print(profiles, &page, out);
}
