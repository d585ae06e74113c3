/* The table of a benchmark: methods beside the bare engine loop, and the line that says where the figures come from. */
#include <stdlib.h>

#include "base/alloc.h"
#include "report/grid.h"
#include "report/report.h"
#include "report/table.h"

static const char *const headings[] = {"method", "bare steps/s", "perdure steps/s", "ratio: median (min..max)",
                                       "n",      "bare memory",  "memory"};
enum { COLUMNS = sizeof headings / sizeof *headings };

static const char *word_of(const json_t *object, const char *key, const char *fallback)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : fallback;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static char *rate_words(const json_t *side)
{
    double rate = number_of(json_object_get(side, "steps_per_second"), "median");
    return json_is_object(side) ? alloc_format(rate < 100 ? "%.1f" : "%.0f", rate) : alloc_text("-");
}

static char *memory_words(const json_t *side)
{
    const json_t *bytes = json_object_get(side, "peak_memory_bytes");
    return json_is_number(bytes) ? alloc_format("%.0f MiB", json_number_value(bytes) / (1 << 20)) : alloc_text("-");
}

static char *ratio_words(const json_t *method)
{
    const json_t *ratio = json_object_get(method, "ratio");
    if (!json_is_object(ratio))
        return alloc_text(json_is_string(json_object_get(method, "error")) ? "failed" : "-");
    return alloc_format("%.3f (%.3f..%.3f)", number_of(ratio, "median"), number_of(ratio, "min"),
                        number_of(ratio, "max"));
}

static void method_fill(grid *g, size_t row, const json_t *method)
{
    const json_t *bare = json_object_get(method, "bare"), *perdure = json_object_get(method, "perdure");
    grid_set(g, row, 0, alloc_text(word_of(method, "name", "?")));
    grid_set(g, row, 1, rate_words(bare));
    grid_set(g, row, 2, rate_words(perdure));
    grid_set(g, row, 3, ratio_words(method));
    grid_set(g, row, 4, alloc_format("%.0f", number_of(method, "n")));
    grid_set(g, row, 5, memory_words(bare));
    grid_set(g, row, 6, memory_words(perdure));
}

static void methods_print(const json_t *methods, const struct page *page, text *out)
{
    grid g = grid_open(json_array_size(methods) + 1, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++)
        grid_set(&g, 0, i, alloc_text(headings[i]));
    for (size_t i = 0; i < json_array_size(methods); i++)
        method_fill(&g, i + 1, json_array_get(methods, i));
    grid_print(&g, page->columns, out);
    grid_close(&g);
}

/* "AMD EPYC 7763, 2 cores, 7.8 GiB, Linux 6.1.0; load 0.31 at the start" */
static void machine_print(const json_t *machine, text *out)
{
    const json_t *load = json_object_get(machine, "load_average");
    double cores = number_of(machine, "cores");
    text_addf(out, "%s, %.0f core%s, %.1f GiB, %s", word_of(machine, "processor", "unknown processor"), cores,
              cores == 1 ? "" : "s", number_of(machine, "memory_bytes") / (1 << 30), word_of(machine, "system", "?"));
    if (json_is_number(load))
        text_addf(out, "; load %.2f at the start", json_number_value(load));
    text_addf(out, "\n");
}

static void engine_print(const json_t *figures, text *out)
{
    const json_t *engine = json_object_get(figures, "engine");
    double threads = number_of(figures, "threads");
    const char *gpu = word_of(engine, "device", "");
    text_addf(out, "LibTorch %s (%s), %.0f thread%s, %s%s%s; %s, %s, seed %.0f\n", word_of(engine, "torch", "?"),
              word_of(engine, "cpu", "?"), threads, threads == 1 ? "" : "s", word_of(figures, "device", "?"),
              gpu[0] ? " " : "", gpu, word_of(figures, "scenario", "?"), word_of(figures, "data", "?"),
              number_of(figures, "seed"));
}

void bench_print(const json_t *figures, const struct page *page, text *out)
{
    methods_print(json_object_get(figures, "methods"), page, out);
    text_addf(out, "\nratio: perdure to bare, pair by pair; 1: the method costs nothing beside the bare engine loop\n");
    machine_print(json_object_get(figures, "machine"), out);
    engine_print(figures, out);
}

void report_bench(const json_t *figures, text *out)
{
    struct page page = page_here();
    bench_print(figures, &page, out);
}
