/* What each method costs: time and where it goes, memory, samples kept. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

enum { PARTS = 5, KINDS = 4 };
static const char *const parts[PARTS] = {"train", "evaluate", "between_tasks", "checkpoint", "start"};
static const char *const part_words[PARTS] = {"training", "evaluation", "between tasks", "checkpoints", "start"};

/* What a cell's result says of one kind of cost; NaN: nothing. */
typedef double cost_of_cell(const json_t *result);

static double seconds_all(const json_t *result)
{
    const json_t *all = json_object_get(result, "seconds");
    double sum = 0;
    for (int i = 0; i < PARTS; i++)
        sum += json_number_value(json_object_get(all, parts[i]));
    return json_is_object(all) ? sum : (double)NAN;
}

static double memory_mebibytes(const json_t *result) { return html_number_at(result, "peak_memory_bytes") / (1 << 20); }

static double rate_of(const json_t *result) { return html_number_at(result, "steps_per_second"); }

static double samples_kept(const json_t *result)
{
    const json_t *memories = json_object_get(result, "memories");
    double sum = 0;
    size_t i;
    json_t *one;
    json_array_foreach(memories, i, one) sum += json_number_value(json_object_get(one, "rows"));
    return json_is_array(memories) ? sum : (double)NAN;
}

static const struct cost {
    const char *heading, *note, *unit;
    cost_of_cell *of;
    bool parted;
} costs[KINDS] = {
    {"Time of a cell", "seconds, by what they went to", " s", seconds_all, true},
    {"Training speed", "steps a second", "/s", rate_of, false},
    {"Peak memory of a cell", "MiB", " MiB", memory_mebibytes, false},
    {"Samples kept", "rows in memories at the end", "", samples_kept, false},
};

/* ---- one kind of cost over the methods ---- */

struct cost_row {
    char style[16];
    double *each, shares[PARTS];
    text words, title;
};

static struct course_place mean_of_part(const struct finished_run *r, const struct finished_method *m, const char *part)
{
    double *values = alloc_zero(m->cell_count + 1, sizeof *values);
    for (size_t i = 0; i < m->cell_count; i++)
        values[i] = html_number_at(json_object_get(m->cells[i].result, "seconds"), part);
    spread s = spread_of_there(values, (int64_t)m->cell_count);
    free(values);
    return (struct course_place){.mean = s.mean, .error = spread_error(&s, r->error), .n = s.n};
}

static void amount_add(double value, const char *unit, text *out)
{
    html_number(value, value < 10 && value != round(value) ? 2 : value < 100 && value != round(value) ? 1 : 0, out);
    if (isfinite(value))
        text_addf(out, "%s", unit);
}

static struct svg_row row_fill(const struct finished_run *r, const struct finished_method *m, const struct cost *cost,
                               struct cost_row *own)
{
    own->each = alloc_zero(m->cell_count + 1, sizeof *own->each);
    for (size_t i = 0; i < m->cell_count; i++)
        own->each[i] = m->cells[i].result ? cost->of(m->cells[i].result) : (double)NAN;
    spread s = spread_of_there(own->each, (int64_t)m->cell_count);
    html_style(m, own->style);
    amount_add(s.mean, "", &own->words);
    text_addf(&own->title, "%s: ", m->name);
    amount_add(s.mean, cost->unit, &own->title);
    struct svg_row row = {.label = m->name, .style = own->style, .method = html_method_number(r, m), .value = s.mean};
    row.error = cost->parted ? (double)NAN : spread_error(&s, r->error);
    for (int i = 0; cost->parted && i < PARTS; i++) {
        own->shares[i] = mean_of_part(r, m, parts[i]).mean;
        text_addf(&own->title, "; %s ", part_words[i]);
        amount_add(own->shares[i], cost->unit, &own->title);
    }
    row.parts = own->shares;
    row.part_count = cost->parted ? PARTS : 0;
    row.words = own->words.at;
    row.title = own->title.at;
    return row;
}

static double highest_of(const struct svg_row *rows, size_t count)
{
    double high = (double)NAN;
    for (size_t i = 0; i < count; i++)
        high = fmax(high, rows[i].value + (isfinite(rows[i].error) ? rows[i].error : 0)); /* fmax leaves NaN out */
    return high;
}

static void legend_add(text *out)
{
    text_addf(out, "<p class=\"legend\">");
    for (int i = 0; i < PARTS; i++)
        text_addf(
            out,
            "<span><svg aria-hidden=\"true\" viewBox=\"0 0 10 10\" width=\"10\" height=\"10\"><rect class=\"part p%d\" "
            "width=\"10\" height=\"10\"/></svg>%s</span> ",
            i, part_words[i]);
    text_addf(out, "</p>\n");
}

static void figure_add(const struct cost *cost, const struct svg_row *rows, size_t count, double high, text *out)
{
    struct svg_rows chart = {.title = cost->heading, .at = rows, .count = count, .bars = true};
    chart.desc = "A bar for each method: the mean over its seeds.";
    chart.scale = svg_scale_over(0, high, 4);
    text_addf(out, "<figure><figcaption>%s<small>%s</small></figcaption>\n", cost->heading, cost->note);
    svg_rows_add(&chart, out);
    if (cost->parted)
        legend_add(out);
    text_addf(out, "</figure>\n");
}

/* Nothing where no method has such a cost: runs that keep no samples need no drawing of that. */
static void cost_add(const struct finished_run *r, const struct cost *cost, text *out)
{
    struct svg_row *rows = alloc_zero(r->method_count + 1, sizeof *rows);
    struct cost_row *own = alloc_zero(r->method_count + 1, sizeof *own);
    for (size_t i = 0; i < r->method_count; i++)
        rows[i] = row_fill(r, &r->methods[i], cost, &own[i]);
    double high = highest_of(rows, r->method_count);
    if (high > 0)
        figure_add(cost, rows, r->method_count, high, out);
    for (size_t i = 0; i < r->method_count; i++) {
        free(own[i].each);
        text_free(&own[i].words);
        text_free(&own[i].title);
    }
    free(own);
    free(rows);
}

/* ---- the same as a table ---- */

static void value_add(const struct finished_run *r, const struct finished_method *m, cost_of_cell *of, int digits,
                      text *out)
{
    double *each = alloc_zero(m->cell_count + 1, sizeof *each);
    for (size_t i = 0; i < m->cell_count; i++)
        each[i] = m->cells[i].result ? of(m->cells[i].result) : (double)NAN;
    spread s = spread_of_there(each, (int64_t)m->cell_count);
    text_addf(out, "<td>");
    html_spread(s.mean, spread_error(&s, r->error), digits, out);
    text_addf(out, "</td>");
    free(each);
}

static void row_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    text_addf(out, "<tr data-m=\"%d\"><th scope=\"row\">", html_method_number(r, m));
    html_add(m->name, out);
    text_addf(out, "</th>");
    value_add(r, m, seconds_all, 2, out);
    for (int i = 0; i < PARTS; i++) {
        struct course_place part = mean_of_part(r, m, parts[i]);
        text_addf(out, "<td>");
        html_number(part.mean, 2, out);
        text_addf(out, "</td>");
    }
    value_add(r, m, rate_of, 0, out);
    value_add(r, m, memory_mebibytes, 0, out);
    value_add(r, m, samples_kept, 0, out);
    text_addf(out, "</tr>\n");
}

static void numbers_add(const struct finished_run *r, text *out)
{
    html_numbers_begin("Cost in numbers", out);
    text_addf(out, "<thead><tr><th scope=\"col\">method</th><th scope=\"col\">seconds</th>");
    for (int i = 0; i < PARTS; i++)
        text_addf(out, "<th scope=\"col\">%s</th>", part_words[i]);
    text_addf(out, "<th scope=\"col\">steps/s</th><th scope=\"col\">memory, MiB</th><th scope=\"col\">samples "
                   "kept</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++)
        row_add(r, &r->methods[i], out);
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}

void html_cost(const struct finished_run *r, text *out)
{
    if (html_seeds_most(r) == 0)
        return;
    html_section("cost", "Cost", out);
    text_addf(out, "<p class=\"note\">Means over the seeds, a cell each. Cells that ran side by side slow each other "
                   "down.</p>\n<div class=\"panels\">\n");
    for (int i = 0; i < KINDS; i++)
        cost_add(r, &costs[i], out);
    text_addf(out, "</div>\n");
    numbers_add(r, out);
    text_addf(out, "</section>\n");
}
