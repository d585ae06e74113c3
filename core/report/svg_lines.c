/* Lines over training with their bands, named at their ends. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/html_text.h"
#include "report/svg.h"

enum { TOP = 10, BOTTOM = 34, LEFT = 34, LABEL_APART = 13, LABEL_CLOSEST = 11, TICKS_ALONG = 10, LABEL_CHARACTER = 8 };

struct frame {
    double left, right, top, bottom;
    struct svg_scale up, along;
};

static double x_of(const struct frame *f, double at) { return svg_at(&f->along, at, f->left, f->right); }

static double y_of(const struct frame *f, double value) { return svg_at(&f->up, value, f->bottom, f->top); }

static void text_at(double x, double y, const char *classes, text *out)
{
    text_addf(out, "<text class=\"%s\" x=\"", classes);
    svg_number(x, out);
    text_addf(out, "\" y=\"");
    svg_number(y, out);
    text_addf(out, "\">");
}

static void line_at(double x1, double y1, double x2, double y2, const char *classes, text *out)
{
    text_addf(out, "<path class=\"%s\" d=\"M", classes);
    svg_number(x1, out);
    text_addf(out, " ");
    svg_number(y1, out);
    text_addf(out, "L");
    svg_number(x2, out);
    text_addf(out, " ");
    svg_number(y2, out);
    text_addf(out, "\"/>");
}

/* ---- axes ---- */

static void up_add(const struct frame *f, text *out)
{
    double value;
    for (int i = 0; svg_tick(&f->up, i, &value); i++) {
        double y = y_of(f, value);
        line_at(f->left, y, f->right, y, i == 0 ? "axis" : "grid", out);
        text_at(f->left - 6, y + 4, "tick end", out);
        html_number(value, f->up.digits, out);
        text_addf(out, "</text>");
    }
}

static void along_add(const struct frame *f, const struct svg_lines *chart, text *out)
{
    int64_t every = 1 + (chart->tasks - 1) / TICKS_ALONG;
    for (int64_t task = chart->from; task <= chart->tasks; task++) {
        if (task % every != 0 && task != chart->from)
            continue;
        text_at(x_of(f, (double)task), f->bottom + 15, "tick middle", out);
        text_addf(out, "%lld</text>", (long long)task);
    }
    text_at((f->left + f->right) / 2, f->bottom + 30, "label middle", out);
    text_addf(out, "tasks trained</text>");
}

/* ---- a line ---- */

static void point_add(const struct frame *f, char command, const struct course_place *p, double value, text *out)
{
    text_addf(out, "%c", command);
    svg_number(x_of(f, p->at), out);
    text_addf(out, " ");
    svg_number(y_of(f, value), out);
}

static bool measured(const struct course_place *p) { return isfinite(p->mean); }

/* The places from `first` on that follow each other with a mean and an error: the one behind the last. */
static size_t band_end(const struct course *c, size_t first)
{
    while (first < c->count && measured(&c->places[first]) && isfinite(c->places[first].error))
        first++;
    return first;
}

static void band_add(const struct frame *f, const struct svg_line *line, text *out)
{
    const struct course *c = &line->course;
    for (size_t first = 0, end; first < c->count; first = end + 1) {
        end = band_end(c, first);
        if (end - first < 2)
            continue;
        text_addf(out, "<path class=\"band %s\" d=\"", line->style);
        for (size_t i = first; i < end; i++)
            point_add(f, i == first ? 'M' : 'L', &c->places[i], c->places[i].mean + c->places[i].error, out);
        for (size_t i = end; i-- > first;)
            point_add(f, 'L', &c->places[i], c->places[i].mean - c->places[i].error, out);
        text_addf(out, "Z\"/>");
    }
}

/* The only place that was measured; NULL: there are none, or more. */
static const struct course_place *only_place(const struct course *c)
{
    const struct course_place *only = NULL;
    for (size_t i = 0; i < c->count; i++)
        if (measured(&c->places[i])) {
            if (only)
                return NULL;
            only = &c->places[i];
        }
    return only;
}

static void level_add(const struct frame *f, double value, text *out)
{
    const struct course_place from = {.at = f->along.low}, to = {.at = f->along.high};
    point_add(f, 'M', &from, value, out);
    point_add(f, 'L', &to, value, out);
}

static void path_add(const struct frame *f, const struct svg_lines *chart, const struct svg_line *line, text *out)
{
    const struct course *c = &line->course;
    bool drawing = false;
    text_addf(out, "<path class=\"line %s\" data-name=\"%s%s", line->style, chart->first, chart->first[0] ? " " : "");
    html_add(line->label, out);
    text_addf(out, "\" d=\"");
    if (line->level && only_place(c))
        level_add(f, only_place(c)->mean, out);
    for (size_t i = 0; i < c->count && !(line->level && only_place(c)); i++) {
        if (measured(&c->places[i]))
            point_add(f, drawing ? 'L' : 'M', &c->places[i], c->places[i].mean, out);
        drawing = measured(&c->places[i]);
    }
    text_addf(out, "\"/>");
}

static void dot_title(const struct svg_lines *chart, const struct svg_line *line, const struct course_place *p,
                      text *out)
{
    text_addf(out, "<title>%s%s", chart->first, chart->first[0] ? " " : "");
    html_add(line->label, out);
    text_addf(out, " after %.0f: ", p->at);
    html_spread(p->mean, p->error, 3, out);
    text_addf(out, "</title>");
}

/* Where a row of the matrix stands; places within a task are many and carry no mark. */
static void dots_add(const struct frame *f, const struct svg_lines *chart, const struct svg_line *line, text *out)
{
    for (size_t i = 0; i < line->course.count; i++) {
        const struct course_place *p = &line->course.places[i];
        if (!measured(p) || p->at != floor(p->at))
            continue;
        text_addf(out, "<circle class=\"dot %s\" cx=\"", line->style);
        svg_number(x_of(f, p->at), out);
        text_addf(out, "\" cy=\"");
        svg_number(y_of(f, p->mean), out);
        text_addf(out, "\" r=\"2.5\">");
        dot_title(chart, line, p, out);
        text_addf(out, "</circle>");
    }
}

/* ---- names at the ends ---- */

struct ending {
    const struct svg_line *line;
    double x, y, shown;
};

static int by_height(const void *a, const void *b)
{
    const struct ending *x = a, *y = b;
    if (x->y != y->y)
        return x->y < y->y ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Pushed apart downwards, and up again where that went below the drawing. */
static void endings_spread(struct ending *at, size_t count, double top, double bottom)
{
    double apart = fmin(LABEL_APART, (bottom - top) / fmax(1, (double)count - 1));
    for (size_t i = 0; i < count; i++)
        at[i].shown = fmax(at[i].y, i > 0 ? at[i - 1].shown + apart : top);
    for (size_t i = count; i-- > 0;)
        at[i].shown = fmin(at[i].shown, i + 1 < count ? at[i + 1].shown - apart : bottom);
}

static size_t endings_of(const struct frame *f, const struct svg_lines *chart, struct ending *out)
{
    size_t count = 0;
    for (size_t i = 0; i < chart->count; i++) {
        const struct course *c = &chart->at[i].course;
        size_t last = c->count;
        while (last > 0 && !measured(&c->places[last - 1]))
            last--;
        if (last > 0)
            out[count++] =
                (struct ending){&chart->at[i], x_of(f, c->places[last - 1].at), y_of(f, c->places[last - 1].mean), 0};
    }
    return count;
}

static void ending_add(const struct frame *f, const struct svg_lines *chart, const struct ending *e, text *out)
{
    size_t most = (size_t)(chart->labelled - 12) / LABEL_CHARACTER;
    char classes[48];
    if (e->line->method != SVG_NO_METHOD)
        text_addf(out, "<g data-m=\"%d\">", e->line->method);
    snprintf(classes, sizeof classes, "leader %s", e->line->style);
    line_at(e->x + 3, e->y, f->right + 9, e->shown, classes, out);
    text_addf(out, "<text class=\"name %s\" x=\"", e->line->style);
    svg_number(f->right + 11, out);
    text_addf(out, "\" y=\"");
    svg_number(e->shown + 4, out);
    text_addf(out, "\">");
    if (html_characters(e->line->label) > most) {
        text_addf(out, "<title>");
        html_add(e->line->label, out);
        text_addf(out, "</title>");
    }
    html_short(e->line->label, most < 3 ? 3 : most, out);
    text_addf(out, "</text>%s", e->line->method != SVG_NO_METHOD ? "</g>" : "");
}

/* Where there are more lines than names fit, every so many are named, the first and the last among them. */
static void endings_add(const struct frame *f, const struct svg_lines *chart, text *out)
{
    struct ending *at = alloc_zero(chart->count + 1, sizeof *at);
    size_t count = endings_of(f, chart, at), fit = (size_t)((f->bottom - f->top) / LABEL_CLOSEST) + 1, kept = 0;
    size_t every = 1;
    while (every * fit < count)
        every++;
    for (size_t i = 0; i < count; i++)
        if (i % every == 0 || i + 1 == count)
            at[kept++] = at[i];
    if (kept > 0)
        qsort(at, kept, sizeof *at, by_height);
    endings_spread(at, kept, f->top, f->bottom);
    for (size_t i = 0; i < kept; i++)
        ending_add(f, chart, &at[i], out);
    free(at);
}

/* ---- the whole ---- */

static void series_add(const struct frame *f, const struct svg_lines *chart, const struct svg_line *line, text *out)
{
    if (line->method != SVG_NO_METHOD)
        text_addf(out, "<g data-m=\"%d\">", line->method);
    if (chart->bands)
        band_add(f, line, out);
    path_add(f, chart, line, out);
    if (chart->dots)
        dots_add(f, chart, line, out);
    text_addf(out, "%s\n", line->method != SVG_NO_METHOD ? "</g>" : "");
}

/* What page.js reads values back by: where the axes lie in the drawing, and what they reach over. */
static void frame_words(const struct frame *f, text *out)
{
    text_addf(out, " data-lines=\"%g %g %g %g %g %g %g %g\"", f->left, f->right, f->top, f->bottom, f->along.low,
              f->along.high, f->up.low, f->up.high);
}

void svg_lines_add(const struct svg_lines *chart, text *out)
{
    text more = {0};
    struct frame f = {
        .left = LEFT, .right = chart->width - chart->labelled, .top = TOP, .bottom = chart->height - BOTTOM};
    f.up = svg_scale_over(chart->low, 1, 5);
    f.along = (struct svg_scale){(double)chart->from, fmax((double)chart->tasks, (double)chart->from + 1), 1, 0};
    frame_words(&f, &more);
    svg_begin(chart->width, chart->height, chart->classes, more.at, chart->title, chart->desc, out);
    text_free(&more);
    up_add(&f, out);
    along_add(&f, chart, out);
    for (size_t i = 0; i < chart->count; i++)
        series_add(&f, chart, &chart->at[i], out);
    endings_add(&f, chart, out);
    svg_end(out);
}
