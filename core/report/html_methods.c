/* The table of methods, and every metric as a dot with its error among its seeds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

/* Names of the metrics, as the first method has them; the others have the same. */
static json_t *metrics_of(const struct finished_run *r)
{
    return r->method_count > 0 ? json_object_get(r->methods[0].row, "metrics") : NULL;
}

static const json_t *spread_at(const struct finished_method *m, const char *named)
{
    return json_object_get(json_object_get(m->row, "metrics"), named);
}

/* ---- the table ---- */

/* It may break behind a point: many metrics are to stand side by side. */
static void metric_name(const char *name, text *out)
{
    char *words = alloc_text(name), *rest = words;
    for (char *part; (part = strsep(&rest, "."));) {
        html_add(part, out);
        text_addf(out, "%s", rest ? ".<wbr>" : "");
    }
    free(words);
}

static void heading_add(const struct finished_run *r, text *out)
{
    const char *name;
    json_t *unused;
    text_addf(out, "<thead><tr><th scope=\"col\">method</th>");
    json_object_foreach(metrics_of(r), name, unused)
    {
        const metric *m = metric_find(name);
        text_addf(out, "<th scope=\"col\" title=\"%s\">", m ? m->summary : "");
        metric_name(name, out);
        text_addf(out, "%s</th>", !m ? "" : m->higher_is_better ? "&nbsp;↑" : "&nbsp;↓");
    }
    text_addf(out, "<th scope=\"col\">n</th></tr></thead>\n");
}

/* The best mean of a metric among the methods that train task by task; NaN: nobody is to be marked, as nobody is better than another. */
static double best_of(const struct finished_run *r, const char *name)
{
    const metric *known = metric_find(name);
    double best = (double)NAN, worst = (double)NAN;
    for (size_t i = 0; known && i < r->method_count; i++) {
        double mean = html_number_at(spread_at(&r->methods[i], name), "mean");
        if (r->methods[i].role == METHOD_UPPER || !isfinite(mean))
            continue;
        best = known->higher_is_better ? fmax(best, mean) : fmin(best, mean); /* they leave NaN out */
        worst = known->higher_is_better ? fmin(worst, mean) : fmax(worst, mean);
    }
    return best != worst ? best : (double)NAN;
}

/* The error in small figures, so that the eye goes down the means. */
static void error_add(const struct finished_run *r, const json_t *its, text *out)
{
    double reach = html_number_at(its, r->error);
    if (!isfinite(reach) || !isfinite(html_number_at(its, "mean")))
        return;
    text_addf(out, "<small>\u00a0\u00b1\u00a0");
    html_number(reach, 4, out);
    text_addf(out, "</small>");
}

/* Of many metrics the error stands below its mean (page.css), so that as many as there are have room side by side. */
enum { BESIDE_MOST = 6 };
static bool stacked(const struct finished_run *r) { return json_object_size(metrics_of(r)) > BESIDE_MOST; }

/* method: whose comparison is marked, "": of nobody. */
static void cell_add(const struct finished_run *r, const json_t *its, const char *method, const char *name, text *out)
{
    html_number(html_number_at(its, "mean"), 4, out);
    if (!stacked(r))
        error_add(r, its, out);
    html_comparison_mark(r, method, name, out);
    if (stacked(r))
        error_add(r, its, out);
    text_addf(out, "</td>");
}

static void value_add(const struct finished_run *r, const struct finished_method *m, const char *name, double best,
                      text *out)
{
    const json_t *its = spread_at(m, name);
    double mean = html_number_at(its, "mean");
    text_addf(out, mean == best && m->role != METHOD_UPPER ? "<td class=\"best\">" : "<td>");
    cell_add(r, its, m->name, name, out);
}

static void role_add(const struct finished_method *m, text *out)
{
    if (m->role == METHOD_UPPER)
        text_addf(out, " <span class=\"role\">upper reference</span>");
    if (m->role == METHOD_BASELINE)
        text_addf(out, " <span class=\"role\">baseline</span>");
}

static void row_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    const char *name;
    json_t *unused;
    text_addf(out, "<tr data-m=\"%d\"><th scope=\"row\">", html_method_number(r, m));
    html_method_name(m, out);
    role_add(m, out);
    text_addf(out, "</th>");
    json_object_foreach(metrics_of(r), name, unused) value_add(r, m, name, best_of(r, name), out);
    text_addf(out, "<td>%zu</td></tr>\n", m->cell_count);
}

/* What a method's network says by itself, where a strategy predicts by another rule. */
static void network_row_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    const json_t *of = json_object_get(m->row, "metrics_network");
    const char *name;
    json_t *unused;
    if (!of)
        return;
    text_addf(out, "<tr class=\"network\" data-m=\"%d\"><th scope=\"row\">", html_method_number(r, m));
    html_name(m->name, out);
    text_addf(out, ": its network alone</th>");
    json_object_foreach(metrics_of(r), name, unused)
    {
        text_addf(out, "<td>");
        cell_add(r, json_object_get(of, name), "", name, out);
    }
    text_addf(out, "<td>%zu</td></tr>\n", m->cell_count);
}

static void table_add(const struct finished_run *r, text *out)
{
    text_addf(out, "<div class=\"scroll\"><table class=\"results%s\">\n", stacked(r) ? " stacked" : "");
    heading_add(r, out);
    text_addf(out, "<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++) {
        row_add(r, &r->methods[i], out);
        network_row_add(r, &r->methods[i], out);
    }
    text_addf(out,
              "</tbody></table></div>\n<p class=\"note\">Mean ± %s (%s) over n seeds; ↑ higher is better, ↓ lower; "
              "bold: the best mean of those that train task by task; –: not measured, or not defined.",
              html_error_words(r->error), r->error);
    html_comparison_note(r, out);
    text_addf(out, "</p>\n");
}

/* ---- dots ---- */

static char *words_of(double mean)
{
    text out = {0};
    html_number(mean, fabs(mean) < 10 ? 3 : 1, &out);
    return out.at;
}

static char *title_of(const struct finished_run *r, const struct finished_method *m, const char *named)
{
    text out = {0};
    text_addf(&out, "%s: ", m->name);
    html_spread(html_number_at(spread_at(m, named), "mean"), html_number_at(spread_at(m, named), r->error), 4, &out);
    text_addf(&out, " (%s, n = %.0f)", r->error, html_number_at(spread_at(m, named), "n"));
    return out.at;
}

static double *each_of(const json_t *values, size_t count)
{
    double *out = alloc_zero(count + 1, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(values, i);
        out[i] = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    return out;
}

static struct svg_row row_of(const struct finished_run *r, const struct finished_method *m, const char *named,
                             char *style)
{
    const json_t *its = spread_at(m, named), *values = json_object_get(its, "values");
    html_style(m, style);
    struct svg_row row = {.label = m->name, .style = style, .method = html_method_number(r, m)};
    row.value = html_number_at(its, "mean");
    row.error = html_number_at(its, r->error);
    row.each_count = json_array_size(values);
    row.each = each_of(values, row.each_count);
    row.words = words_of(row.value);
    row.title = title_of(r, m, named);
    return row;
}

static struct svg_scale scale_of(const struct svg_row *rows, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        double reach = isfinite(rows[i].error) ? rows[i].error : 0;
        low = fmin(low, rows[i].value - reach), high = fmax(high, rows[i].value + reach);
        for (size_t k = 0; k < rows[i].each_count; k++)
            low = fmin(low, rows[i].each[k]), high = fmax(high, rows[i].each[k]);
    }
    return svg_scale_over(low, high, 4);
}

static void rows_free(struct svg_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(size_t)rows[i].each);
        free((void *)(size_t)rows[i].words);
        free((void *)(size_t)rows[i].title);
    }
    free(rows);
}

static void metric_add(const struct finished_run *r, const char *name, text *out)
{
    const metric *known = metric_find(name);
    struct svg_row *rows = alloc_zero(r->method_count + 1, sizeof *rows);
    char(*styles)[16] = alloc_zero(r->method_count + 1, sizeof *styles);
    for (size_t i = 0; i < r->method_count; i++)
        rows[i] = row_of(r, &r->methods[i], name, styles[i]);
    struct svg_rows chart = {.title = name, .at = rows, .count = r->method_count};
    chart.desc = "A row for each method: its mean with its error, and its seeds as small dots.";
    chart.scale = scale_of(rows, r->method_count);
    text_addf(out, "<figure><figcaption>");
    html_add(name, out);
    text_addf(out, "<small>%s%s</small></figcaption>\n", known ? known->summary : "",
              !known                    ? ""
              : known->higher_is_better ? " ↑"
                                        : " ↓");
    svg_rows_add(&chart, out);
    text_addf(out, "</figure>\n");
    rows_free(rows, r->method_count);
    free(styles);
}

void html_methods(const struct finished_run *r, text *out)
{
    const char *name;
    json_t *unused;
    html_section("results", "Results", out);
    table_add(r, out);
    html_comparisons(r, out);
    if (html_seeds_most(r) > 0) {
        text_addf(out,
                  "<h3>Every metric with its error</h3>\n<p class=\"note\">Large dot: the mean; bar: ± %s; small dots: "
                  "the seeds. Each axis fits its own values.</p>\n<div class=\"panels\">\n",
                  r->error);
        json_object_foreach(metrics_of(r), name, unused) metric_add(r, name, out);
        text_addf(out, "</div>\n");
    }
    text_addf(out, "</section>\n");
}
