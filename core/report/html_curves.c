/* Accuracy over training: all methods in one drawing first, then each task of each method. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/html_page.h"
#include "report/html_text.h"
#include "report/svg.h"

enum {
    WIDE = 1040,
    NARROW = 360,
    NAMES_WIDE = 170,
    NAMES_NARROW = 96,
    HEIGHT = 330,
    PANEL_HEIGHT = 230,
    NAME_APART = 13,
    TASK_COLOURS = 10,
    BANDS_MOST = 12, /* more bands than this cover each other */
    DOTS_MOST = 20,
    LINES_MOST = 20
};

/* ---- all methods ---- */

static void overview_drawing(const struct finished_run *r, const struct svg_line *lines, bool wide, text *out)
{
    double names = NAME_APART * (double)r->method_count + 60;
    struct svg_lines chart = {.width = wide ? WIDE : NARROW, .height = fmax(HEIGHT, names), .at = lines, .first = ""};
    chart.title = "Mean accuracy over the tasks trained so far";
    chart.desc = "A line for each method, over the number of tasks trained, with a band of its error.";
    chart.classes = wide ? "wide" : "narrow";
    chart.count = r->method_count;
    chart.tasks = r->tasks;
    chart.low = r->lowest_seen;
    chart.from = 1;
    chart.labelled = wide ? NAMES_WIDE : NAMES_NARROW;
    chart.bands = true;
    chart.dots = r->tasks <= DOTS_MOST;
    svg_lines_add(&chart, out);
}

static void overview_numbers(const struct finished_run *r, const struct svg_line *lines, text *out)
{
    html_numbers_begin("These curves in numbers", out);
    text_addf(out, "<thead><tr><th scope=\"col\">method</th>");
    for (int64_t i = 1; i <= r->tasks; i++)
        text_addf(out, "<th scope=\"col\">after %lld</th>", (long long)i);
    text_addf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->method_count; i++) {
        text_addf(out, "<tr data-m=\"%zu\"><th scope=\"row\">", i);
        html_name(r->methods[i].name, out);
        text_addf(out, "</th>");
        for (size_t k = 0; k < lines[i].course.count; k++) {
            text_addf(out, "<td>");
            html_spread(lines[i].course.places[k].mean, lines[i].course.places[k].error, 3, out);
            text_addf(out, "</td>");
        }
        text_addf(out, "</tr>\n");
    }
    text_addf(out, "</tbody>");
    html_numbers_end(out);
}

static void overview_add(const struct finished_run *r, text *out)
{
    struct svg_line *lines = alloc_zero(r->method_count + 1, sizeof *lines);
    char(*styles)[16] = alloc_zero(r->method_count + 1, sizeof *styles);
    for (size_t i = 0; i < r->method_count; i++) {
        html_style(&r->methods[i], styles[i]);
        lines[i] = (struct svg_line){.label = r->methods[i].name, .style = styles[i], .method = (int)i};
        lines[i].level = r->methods[i].role == METHOD_UPPER;
        lines[i].course = course_of_seen(&r->methods[i], r->tasks, r->error);
    }
    text_addf(out,
              "<figure class=\"whole\"><figcaption>Mean accuracy over the tasks trained so far<small>band: ± %s over "
              "the seeds</small></figcaption>\n",
              r->error);
    overview_drawing(r, lines, true, out);
    overview_drawing(r, lines, false, out);
    text_addf(out, "</figure>\n");
    overview_numbers(r, lines, out);
    for (size_t i = 0; i < r->method_count; i++)
        course_close(&lines[i].course);
    free(styles);
    free(lines);
}

/* ---- each task of a method ---- */

struct task_words {
    char label[24], style[24];
};

/* Of many tasks so many are drawn, evenly, the first and the last among them. */
static size_t lines_of(const struct finished_run *r) { return r->tasks < LINES_MOST ? (size_t)r->tasks : LINES_MOST; }

static void line_fill(const struct finished_run *r, const struct finished_method *m, size_t k, struct task_words *words,
                      struct svg_line *line)
{
    size_t last = (size_t)r->tasks - 1, lines = lines_of(r) - 1, task = lines > 0 ? (k * last + lines / 2) / lines : 0;
    snprintf(words->label, sizeof words->label, "%zu", task + 1);
    snprintf(words->style, sizeof words->style, "t%zu", last > 0 ? task * (TASK_COLOURS - 1) / last : 0);
    *line = (struct svg_line){.label = words->label, .style = words->style, .method = SVG_NO_METHOD};
    line->course = course_of_task(m, (int64_t)task + 1, r->error);
}

/* Is there anything between the beginning and the end? What trains on all tasks at once has one measurement, behind all of it. */
static bool has_course(const struct finished_run *r, const struct finished_method *m)
{
    for (int64_t after = 1; after < r->tasks; after++)
        for (int64_t on = 1; on <= after; on++)
            if (place_of_matrix(m, after, on, r->error).n > 0)
                return true;
    return r->tasks == 1 && html_drawn(m);
}

/* Who is not drawn, and why. */
static void rest_add(const struct finished_run *r, text *out)
{
    bool begun = false;
    for (size_t i = 0; i < r->method_count; i++) {
        if (!html_drawn(&r->methods[i]) || has_course(r, &r->methods[i]))
            continue;
        text_addf(out, begun ? ", " : "<p class=\"note\">Measured at the end alone, and not drawn: ");
        html_add(r->methods[i].name, out);
        begun = true;
    }
    if (begun)
        text_addf(out, ".</p>\n");
}

static void panel_add(const struct finished_run *r, const struct finished_method *m, text *out)
{
    size_t count = lines_of(r);
    struct svg_line *lines = alloc_zero(count + 1, sizeof *lines);
    struct task_words *words = alloc_zero(count + 1, sizeof *words);
    for (size_t k = 0; k < count; k++)
        line_fill(r, m, k, &words[k], &lines[k]);
    struct svg_lines chart = {.width = SVG_PANEL, .height = PANEL_HEIGHT, .classes = "", .first = "task"};
    chart.title = m->name;
    chart.desc = "A line for each task: accuracy on it from just before its training to the end.";
    chart.at = lines;
    chart.count = count;
    chart.tasks = r->tasks;
    chart.low = r->lowest_seen;
    chart.labelled = 34;
    chart.bands = r->tasks <= BANDS_MOST;
    chart.dots = r->tasks <= BANDS_MOST;
    html_panel_begin(r, m, out);
    svg_lines_add(&chart, out);
    html_panel_end(out);
    for (size_t k = 0; k < count; k++)
        course_close(&lines[k].course);
    free(words);
    free(lines);
}

void html_curves(const struct finished_run *r, text *out)
{
    if (r->tasks == 0)
        return;
    html_section("curves", "Accuracy over training", out);
    overview_add(r, out);
    text_addf(
        out,
        "<h3>Each task, by method</h3>\n<p class=\"note\">A line is a task, numbered at its end, from just before "
        "it is trained to the last one. A line that falls is a task that is being forgotten.%s%s</p>\n"
        "<div class=\"panels\">\n",
        r->tasks <= BANDS_MOST ? " Band: ± error over the seeds." : "",
        r->tasks > LINES_MOST ? " Of so many tasks every so many are drawn; the matrix below has all." : "");
    for (size_t i = 0; i < r->method_count; i++)
        if (has_course(r, &r->methods[i]))
            panel_add(r, &r->methods[i], out);
    text_addf(out, "</div>\n");
    rest_add(r, out);
    text_addf(out, "</section>\n");
}
