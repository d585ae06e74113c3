/* A row for each method: a dot with its error and its seeds around it, or a bar, that may be made of parts. */
#include <math.h>
#include <stdio.h>

#include "report/html_text.h"
#include "report/svg.h"

enum {
    TOP = 6,
    ROW = 22,
    FOOT = 22,
    VALUES = 58,
    NAME_MOST = 15,
    NAME_LEAST = 6,
    CHARACTER = 8,
    NAME_GAP = 12,
    NUMBER_CHARACTER = 7
};

struct frame {
    double left, right;
    const struct svg_scale *scale;
};

static double x_of(const struct frame *f, double value) { return svg_at(f->scale, value, f->left, f->right); }

static void pair_add(const char *before, double a, const char *between, double b, const char *after, text *out)
{
    text_addf(out, "%s", before);
    svg_number(a, out);
    text_addf(out, "%s", between);
    svg_number(b, out);
    text_addf(out, "%s", after);
}

/* Numbers at every so many ticks, as they find room. */
static int numbers_every(const struct frame *f)
{
    double apart = (f->right - f->left) * f->scale->step / (f->scale->high - f->scale->low);
    double wide = NUMBER_CHARACTER * (f->scale->digits + 4 + (f->scale->low < 0));
    return apart < wide ? (int)ceil(wide / apart) : 1;
}

static void axis_add(const struct frame *f, double bottom, text *out)
{
    double value;
    int every = numbers_every(f);
    for (int i = 0; svg_tick(f->scale, i, &value); i++) {
        double x = x_of(f, value);
        pair_add("<path class=\"grid\" d=\"M", x, " ", TOP, "V", out);
        svg_number(bottom, out);
        text_addf(out, "\"/>");
        if (i % every != 0)
            continue;
        pair_add("<text class=\"tick middle\" x=\"", x, "\" y=\"", bottom + 15, "\">", out);
        html_number(value, f->scale->digits, out);
        text_addf(out, "</text>");
    }
}

static void seeds_add(const struct svg_row *r, const struct frame *f, double y, text *out)
{
    for (size_t i = 0; i < r->each_count; i++)
        if (isfinite(r->each[i]))
            pair_add("<circle class=\"seed\" cx=\"", x_of(f, r->each[i]), "\" cy=\"", y, "\" r=\"2\"/>", out);
}

static void error_add(const struct svg_row *r, const char *style, const struct frame *f, double y, text *out)
{
    if (!isfinite(r->error) || r->error <= 0)
        return;
    double low = x_of(f, r->value - r->error), high = x_of(f, r->value + r->error);
    text_addf(out, "<path class=\"error %s\" d=\"", style);
    pair_add("M", low, " ", y, "H", out);
    pair_add("", high, "M", low, " ", out);
    pair_add("", y - 4, "v8M", high, " ", out);
    svg_number(y - 4, out);
    text_addf(out, "v8\"/>");
}

static void dot_add(const struct svg_row *r, const struct frame *f, double y, text *out)
{
    seeds_add(r, f, y, out);
    error_add(r, r->style, f, y, out);
    text_addf(out, "<circle class=\"mark %s\"", r->style);
    pair_add(" cx=\"", x_of(f, r->value), "\" cy=\"", y, "\" r=\"4.5\"><title>", out);
    html_add(r->title, out);
    text_addf(out, "</title></circle>");
}

static void piece_add(double from, double to, double y, const char *classes, text *out)
{
    text_addf(out, "<rect class=\"%s\"", classes);
    pair_add(" x=\"", from, "\" y=\"", y - 6, "\"", out);
    pair_add(" width=\"", fmax(to - from, 0.5), "\" height=\"", 12, "\"/>", out);
}

static void bar_add(const struct svg_row *r, const struct frame *f, double y, text *out)
{
    double sum = 0;
    text_addf(out, "<g><title>");
    html_add(r->title, out);
    text_addf(out, "</title>");
    for (size_t i = 0; i < r->part_count; i++) {
        char classes[32];
        snprintf(classes, sizeof classes, "part p%zu", i);
        if (r->parts[i] > 0)
            piece_add(x_of(f, sum), x_of(f, sum + r->parts[i]), y, classes, out);
        sum += r->parts[i] > 0 ? r->parts[i] : 0;
    }
    if (r->part_count == 0 && r->value > 0)
        piece_add(x_of(f, 0), x_of(f, r->value), y, r->style, out);
    error_add(r, "", f, y, out);
    text_addf(out, "</g>");
}

static void row_add(const struct svg_rows *c, const struct svg_row *r, const struct frame *f, double y, text *out)
{
    if (r->method != SVG_NO_METHOD)
        text_addf(out, "<g data-m=\"%d\">", r->method);
    text_addf(out, "<text class=\"name %s end\"", r->style);
    pair_add(" x=\"", f->left - NAME_GAP, "\" y=\"", y + 4, "\">", out);
    if (html_characters(r->label) > NAME_MOST) {
        text_addf(out, "<title>");
        html_add(r->label, out);
        text_addf(out, "</title>");
    }
    html_short(r->label, NAME_MOST, out);
    text_addf(out, "</text>");
    if (isfinite(r->value) && c->bars)
        bar_add(r, f, y, out);
    else if (isfinite(r->value))
        dot_add(r, f, y, out);
    pair_add("<text class=\"value end\" x=\"", SVG_PANEL - 2, "\" y=\"", y + 4, "\">", out);
    html_add(r->words, out);
    text_addf(out, "</text>%s\n", r->method != SVG_NO_METHOD ? "</g>" : "");
}

static double names_width(const struct svg_rows *c)
{
    size_t most = NAME_LEAST;
    for (size_t i = 0; i < c->count; i++) {
        size_t count = html_characters(c->at[i].label);
        most = count > most ? count : most;
    }
    return CHARACTER * (double)(most < NAME_MOST ? most : NAME_MOST);
}

void svg_rows_add(const struct svg_rows *chart, text *out)
{
    double bottom = TOP + ROW * (double)chart->count;
    struct frame f = {names_width(chart) + NAME_GAP, SVG_PANEL - VALUES - 8, &chart->scale};
    svg_begin(SVG_PANEL, bottom + FOOT, "", "", chart->title, chart->desc, out);
    axis_add(&f, bottom, out);
    for (size_t i = 0; i < chart->count; i++)
        row_add(chart, &chart->at[i], &f, TOP + ROW * ((double)i + 0.5), out);
    svg_end(out);
}
