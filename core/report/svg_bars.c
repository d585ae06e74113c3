/* Upright bars, one a task, with their errors: what is lost of each. Below zero: what was gained since. */
#include <math.h>

#include "report/html_text.h"
#include "report/svg.h"

enum { HEIGHT = 170, TOP = 10, BOTTOM = 34, LEFT = 38, RIGHT = 8, WIDEST = 34, NUMBERS = 12, ERRORS_MOST = 40 };

struct frame {
    double left, right, top, bottom, slot;
    const struct svg_scale *scale;
};

static double y_of(const struct frame *f, double value) { return svg_at(f->scale, value, f->bottom, f->top); }

static void axes_add(const struct svg_bars *c, const struct frame *f, text *out)
{
    double value;
    for (int i = 0; svg_tick(f->scale, i, &value); i++) {
        double y = y_of(f, value);
        text_addf(out, "<path class=\"%s\" d=\"M%.0f ", value == 0 ? "axis" : "grid", f->left);
        svg_number(y, out);
        text_addf(out, "H%.0f\"/><text class=\"tick end\" x=\"%.0f\" y=\"", f->right, f->left - 6);
        svg_number(y + 4, out);
        text_addf(out, "\">");
        html_number(value, f->scale->digits, out);
        text_addf(out, "</text>");
    }
    size_t every = (c->count + NUMBERS - 1) / NUMBERS;
    for (size_t i = 0; i < c->count; i++) {
        if ((i + 1) % every != 0 && i != 0)
            continue;
        text_addf(out, "<text class=\"tick middle\" x=\"");
        svg_number(f->left + f->slot * ((double)i + 0.5), out);
        text_addf(out, "\" y=\"%.0f\">%.0f</text>", f->bottom + 15, c->at[i].at);
    }
    text_addf(out, "<text class=\"label middle\" x=\"%.0f\" y=\"%.0f\">task</text>", (f->left + f->right) / 2,
              f->bottom + 30);
}

static void bar_add(const struct svg_bars *c, const struct frame *f, size_t i, text *out)
{
    const struct course_place *p = &c->at[i];
    double x = f->left + f->slot * ((double)i + 0.5), wide = fmin(f->slot * 0.7, WIDEST);
    double zero = y_of(f, 0), y = y_of(f, p->mean);
    text_addf(out, "<g><title>task %.0f: ", p->at);
    html_spread(p->mean, p->error, 4, out);
    text_addf(out, "</title><rect class=\"bar %s\" x=\"", c->style);
    svg_number(x - wide / 2, out);
    text_addf(out, "\" y=\"");
    svg_number(fmin(y, zero), out);
    text_addf(out, "\" width=\"");
    svg_number(wide, out);
    text_addf(out, "\" height=\"");
    svg_number(fmax(fabs(y - zero), 0.5), out);
    text_addf(out, "\"/>");
    if (isfinite(p->error) && p->error > 0 && c->count <= ERRORS_MOST) {
        text_addf(out, "<path class=\"error\" d=\"M");
        svg_number(x, out);
        text_addf(out, " ");
        svg_number(y_of(f, p->mean + p->error), out);
        text_addf(out, "V");
        svg_number(y_of(f, p->mean - p->error), out);
        text_addf(out, "\"/>");
    }
    text_addf(out, "</g>");
}

void svg_bars_add(const struct svg_bars *chart, text *out)
{
    struct frame f = {LEFT, SVG_PANEL - RIGHT, TOP, HEIGHT - BOTTOM, 0, &chart->scale};
    f.slot = (f.right - f.left) / (double)chart->count;
    svg_begin(SVG_PANEL, HEIGHT, "", "", chart->title, chart->desc, out);
    axes_add(chart, &f, out);
    for (size_t i = 0; i < chart->count; i++)
        if (isfinite(chart->at[i].mean))
            bar_add(chart, &f, i, out);
    svg_end(out);
}
