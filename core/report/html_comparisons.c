/* Comparisons with the baseline, as core/evaluate made them: marks in the table of methods, and a table of their own. */
#include <math.h>
#include <string.h>

#include "report/html_page.h"
#include "report/html_text.h"

const json_t *html_comparison(const struct finished_run *r, const char *method, const char *named)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(r->summary, "comparisons"), i,
                       one) if (!strcmp(html_word_at(one, "method", ""), method) &&
                                !strcmp(html_word_at(one, "metric", ""), named)) return one;
    return NULL;
}

static bool tests_there(const struct finished_run *r)
{
    return json_array_size(json_object_get(r->summary, "comparisons")) > 0;
}

#define P_LEAST 0.0001 /* as four digits show it */

static void p_add(double p, text *out)
{
    if (p < P_LEAST)
        text_addf(out, "&lt;&nbsp;0.0001");
    else
        html_number(p, 4, out);
}

static void interval_add(const json_t *test, text *out)
{
    const json_t *ci = json_object_get(test, "ci95");
    if (!json_is_number(json_array_get(ci, 0)) || !json_is_number(json_array_get(ci, 1)))
        return;
    text_addf(out, " [");
    html_number(json_number_value(json_array_get(ci, 0)), 4, out);
    text_addf(out, ", ");
    html_number(json_number_value(json_array_get(ci, 1)), 4, out);
    text_addf(out, "]");
}

/* A test that could not be made says so; it is not the same as one that found nothing. */
static const char *mark_of(const char *verdict)
{
    static const char *const marks[][2] = {
        {"better", "▲"}, {"worse", "▼"}, {"not significant", "≈"}, {"the same", "="}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!strcmp(verdict, marks[i][0]))
            return marks[i][1];
    return "?";
}

void html_comparison_mark(const struct finished_run *r, const char *method, const char *named, text *out)
{
    const json_t *test = html_comparison(r, method, named);
    const char *verdict = html_word_at(test, "verdict", NULL);
    if (!verdict) {
        text_addf(out, "%s", tests_there(r) ? "<span class=\"mark\"></span>" : "");
        return;
    }
    bool better = !strcmp(verdict, "better"), worse = !strcmp(verdict, "worse");
    text_addf(out, "<span class=\"mark %s\" title=\"", better ? "better" : worse ? "worse" : "unsure");
    html_add(verdict, out);
    text_addf(out, ": ");
    html_number(html_number_at(test, "mean_difference"), 4, out);
    interval_add(test, out);
    if (isfinite(html_number_at(test, "p_holm"))) {
        text_addf(out, html_number_at(test, "p_holm") < P_LEAST ? ", p " : ", p = ");
        p_add(html_number_at(test, "p_holm"), out);
    }
    text_addf(out, "\">%s</span>", mark_of(verdict));
}

/* Was anything tested by fewer seeds than that? With fewer still there is no test, and nothing can be told. */
static bool tested_by_few(const struct finished_run *r, double few)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(r->summary, "comparisons"), i, one)
    {
        if (html_number_at(one, "n") < few && isfinite(html_number_at(one, "p_holm")))
            return true;
    }
    return false;
}

/* How it was tested stands in the summary, as whoever tested knows it. */
void html_comparison_note(const struct finished_run *r, text *out)
{
    const json_t *test = json_object_get(r->summary, "test");
    double few = html_number_at(test, "n_few");
    if (!tests_there(r))
        return;
    text_addf(out, " <span class=\"better\">▲</span> <span class=\"worse\">▼</span> better, worse than the baseline: ");
    html_add(html_word_at(test, "name", "paired test"), out);
    text_addf(out, " over the seeds");
    if (isfinite(html_number_at(test, "level"))) {
        text_addf(out, ", p &lt; ");
        html_number(html_number_at(test, "level"), 2, out);
    }
    text_addf(out, " after ");
    html_add(html_word_at(test, "correction", "a"), out);
    text_addf(out, "’s correction over ");
    html_add(html_word_at(test, "family", "all tests"), out);
    text_addf(out, "; ≈ not significant; = the same in every seed; ? no test could be made.");
    if (tested_by_few(r, few))
        text_addf(out, " Few seeds (n &lt; %.0f): only large differences can be told.", few);
}

static void row_add(const struct finished_run *r, const json_t *test, text *out)
{
    static const char *const numbers[] = {"t", "df", "p", "p_holm", "effect"};
    const char *method = html_word_at(test, "method", "?");
    int number = -1;
    for (size_t i = 0; i < r->method_count; i++)
        if (!strcmp(r->methods[i].name, method))
            number = (int)i;
    text_addf(out, "<tr data-m=\"%d\"><th scope=\"row\">", number);
    html_name(method, out);
    text_addf(out, "</th><td>");
    html_add(html_word_at(test, "metric", "?"), out);
    text_addf(out, "</td><td>");
    html_number(html_number_at(test, "n"), 0, out);
    text_addf(out, "</td><td>");
    html_number(html_number_at(test, "mean_difference"), 4, out);
    interval_add(test, out);
    text_addf(out, "</td>");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value = html_number_at(test, numbers[i]);
        text_addf(out, "<td>");
        if (numbers[i][0] == 'p')
            p_add(value, out);
        else
            html_number(value, i == 1 ? 0 : 2, out);
        text_addf(out, "</td>");
    }
    text_addf(out, "<td>");
    html_add(html_word_at(test, "verdict", "?"), out);
    text_addf(out, "</td></tr>\n");
}

void html_comparisons(const struct finished_run *r, text *out)
{
    const json_t *tests = json_object_get(r->summary, "comparisons");
    if (!tests_there(r))
        return;
    html_numbers_begin("The tests against the baseline, in numbers", out);
    text_addf(out, "<thead><tr><th scope=\"col\">method</th><th scope=\"col\">metric</th><th scope=\"col\">n</th><th "
                   "scope=\"col\">mean difference [95 %%]</th><th scope=\"col\">t</th><th scope=\"col\">df</th><th "
                   "scope=\"col\">p</th><th scope=\"col\">p, Holm</th><th scope=\"col\">effect d<sub>z</sub></th><th "
                   "scope=\"col\">verdict</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < json_array_size(tests); i++)
        row_add(r, json_array_get(tests, i), out);
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}
