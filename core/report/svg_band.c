/* A gate: the band that a mean must lie in, and where it lies. */
#include <math.h>

#include "report/html_text.h"
#include "report/svg.h"

enum { WIDTH = 160, HEIGHT = 22, EDGE = 8, MIDDLE = 11 };

static void at_add(const char *before, double value, text *out)
{
    text_addf(out, "%s", before);
    svg_number(value, out);
}

static void band_rect(double low, double high, text *out)
{
    at_add("<rect class=\"gate-band\" x=\"", low, out);
    at_add("\" y=\"4\" width=\"", fmax(high - low, 1), out);
    text_addf(out, "\" height=\"14\"/>");
}

static void value_mark(const struct svg_band *b, double x, double low, double high, text *out)
{
    if (high > low) {
        at_add("<path class=\"error\" d=\"M", low, out);
        text_addf(out, " %dH", MIDDLE);
        svg_number(high, out);
        text_addf(out, "\"/>");
    }
    text_addf(out, "<circle class=\"%s\"", b->held ? "gate-in" : "gate-out");
    at_add(" cx=\"", x, out);
    text_addf(out, "\" cy=\"%d\" r=\"4\"/>", MIDDLE);
}

/* The scale reaches over the band, the value and its error, so that a miss is seen in widths of the band. */
void svg_band_add(const struct svg_band *b, text *out)
{
    double reach = isfinite(b->error) ? b->error : 0, value = isfinite(b->value) ? b->value : b->low;
    double low = fmin(b->low, value - reach), high = fmax(b->high, value + reach),
           room = fmax((high - low) * 0.08, 1e-9);
    struct svg_scale scale = {low - room, high + room, 1, 0};
    svg_begin(WIDTH, HEIGHT, "gate", "", b->title, NULL, out);
    text_addf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>", EDGE, MIDDLE, WIDTH - EDGE);
    band_rect(svg_at(&scale, b->low, EDGE, WIDTH - EDGE), svg_at(&scale, b->high, EDGE, WIDTH - EDGE), out);
    if (isfinite(b->value))
        value_mark(b, svg_at(&scale, b->value, EDGE, WIDTH - EDGE),
                   svg_at(&scale, b->value - reach, EDGE, WIDTH - EDGE),
                   svg_at(&scale, b->value + reach, EDGE, WIDTH - EDGE), out);
    svg_end(out);
}
