/* See svg.h. */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

#include "report/html_text.h"

void svg_begin(double width, double height, const char *classes, const char *more, const char *title, const char *desc,
               text *out)
{
    text_addf(
        out,
        "<svg role=\"img\" class=\"drawing%s%s\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\"%s><title>",
        classes[0] ? " " : "", classes, width, height, width, height, more);
    html_add(title, out);
    text_addf(out, "</title>");
    if (desc) {
        text_addf(out, "<desc>");
        html_add(desc, out);
        text_addf(out, "</desc>");
    }
}

void svg_end(text *out) { text_addf(out, "</svg>\n"); }

void svg_number(double value, text *out)
{
    char digits[48];
    int length = snprintf(digits, sizeof digits, "%.2f", fabs(value) < 0.005 ? 0 : value);
    while (digits[length - 1] == '0')
        length--;
    length -= digits[length - 1] == '.';
    text_add(out, digits, (size_t)length);
}

/* 1, 2 or 5 times a power of ten, the one at or above `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least))), times = least / power;
    return (times <= 1.0000001 ? 1 : times <= 2.0000001 ? 2 : times <= 5.0000001 ? 5 : 10) * power;
}

struct svg_scale svg_scale_over(double low, double high, int ticks)
{
    if (!isfinite(low) || !isfinite(high) || high < low)
        low = 0, high = 1;
    if (high - low < 1e-9 * fmax(1, fabs(high)))
        low -= fabs(low) > 0 ? fabs(low) * 0.1 : 0.5, high += fabs(high) > 0 ? fabs(high) * 0.1 : 0.5;
    double step = round_step((high - low) / ticks);
    struct svg_scale s = {floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step, 0};
    s.digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    return s;
}

double svg_at(const struct svg_scale *s, double value, double from, double to)
{
    double share = (value - s->low) / (s->high - s->low);
    return from + (to - from) * fmin(fmax(share, 0), 1);
}

bool svg_tick(const struct svg_scale *s, int i, double *value)
{
    *value = (ceil(s->low / s->step - 1e-6) + i) * s->step;
    if (fabs(*value) < s->step * 1e-9)
        *value = 0;
    return *value <= s->high + s->step * 1e-6;
}
