/* What is lost of each task: from its best to the end of training. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

/* [method, task]: of all tasks but the last, which nothing comes after. */
static struct course_place *forgotten_of(const struct finished_run *r)
{
    size_t tasks = (size_t)r->tasks - 1;
    struct course_place *at = alloc_zero(r->method_count * tasks + 1, sizeof *at);
    for (size_t i = 0; i < r->method_count; i++)
        for (size_t j = 0; j < tasks; j++)
            at[i * tasks + j] = place_of_forgotten(&r->methods[i], (int64_t)j + 1, r->error);
    return at;
}

static bool any_of(const struct course_place *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isfinite(at[i].mean))
            return true;
    return false;
}

/* One for all methods, so that they compare. Below zero it reaches as far as it must: what was gained is little, mostly. */
static struct svg_scale scale_of(const struct course_place *at, size_t count)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        double reach = isfinite(at[i].error) ? at[i].error : 0;
        low = fmin(low, at[i].mean - reach), high = fmax(high, at[i].mean + reach);
    }
    struct svg_scale scale = svg_scale_over(0, fmax(high, 0.05), 5);
    scale.low = fmin(low, 0);
    return scale;
}

static void panel_add(const struct finished_run *r, const struct finished_method *m, const struct course_place *at,
                      struct svg_scale scale, text *out)
{
    char style[16];
    html_style(m, style);
    struct svg_bars chart = {.title = m->name, .style = style, .at = at, .count = (size_t)r->tasks - 1, .scale = scale};
    chart.desc =
        "A bar for each task but the last: its best accuracy before the last task less its accuracy at the end.";
    html_panel_begin(r, m, out);
    svg_bars_add(&chart, out);
    html_panel_end(out);
}

static void numbers_add(const struct finished_run *r, const struct course_place *at, text *out)
{
    size_t tasks = (size_t)r->tasks - 1;
    html_numbers_begin("Forgetting in numbers", out);
    text_addf(out, "<thead><tr><th scope=\"col\">method</th>");
    for (size_t j = 0; j < tasks; j++)
        text_addf(out, "<th scope=\"col\">task %zu</th>", j + 1);
    text_addf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++) {
        text_addf(out, "<tr data-m=\"%zu\"><th scope=\"row\">", i);
        html_add(r->methods[i].name, out);
        text_addf(out, "</th>");
        for (size_t j = 0; j < tasks; j++) {
            text_addf(out, "<td>");
            html_spread(at[i * tasks + j].mean, at[i * tasks + j].error, 3, out);
            text_addf(out, "</td>");
        }
        text_addf(out, "</tr>\n");
    }
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}

/* With one task nothing can be forgotten. */
void html_forgetting(const struct finished_run *r, text *out)
{
    if (r->tasks < 2)
        return;
    size_t tasks = (size_t)r->tasks - 1;
    struct course_place *at = forgotten_of(r);
    struct svg_scale scale = scale_of(at, r->method_count * tasks);
    html_section("forgetting", "Forgetting by task", out);
    text_addf(out,
              "<p class=\"note\">The best accuracy on a task before the last one was trained, less that at the end "
              "(forgetting.chaudhry is its mean over tasks), with ± %s. Below zero: the task got better since. The "
              "last task is "
              "missing: nothing came after it.</p>\n<div class=\"panels\">\n",
              r->error);
    for (size_t i = 0; i < r->method_count; i++)
        if (any_of(at + i * tasks, tasks))
            panel_add(r, &r->methods[i], at + i * tasks, scale, out);
    text_addf(out, "</div>\n");
    numbers_add(r, at, out);
    text_addf(out, "</section>\n");
    free(at);
}
