/* The words of progress.h: pure functions of numbers, so that tests can hold them to the letter. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run/progress.h"

enum { BAR_WIDEST = 30, BAR_NARROWEST = 8 };

void progress_duration(double seconds, text *out)
{
    long long s = seconds > 0 ? llround(seconds) : 0;
    if (s < 60)
        text_addf(out, "%lld s", s);
    else if (s < 3600)
        text_addf(out, "%lldm%02llds", s / 60, s % 60);
    else if (s < 24 * 3600)
        text_addf(out, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        text_addf(out, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

static void numbers_add(const struct progress_view *v, const char *separator, text *out)
{
    const train_progress *at = &v->at;
    text_addf(out, "task %lld/%lld%sstep %lld/%lld", (long long)at->task, (long long)at->tasks, separator,
              (long long)at->step, (long long)at->steps);
    text_addf(out, "%sloss %.4f%s%.*f it/s", separator, at->loss, separator, at->steps_per_second < 10 ? 1 : 0,
              at->steps_per_second);
    if (v->left >= 0) {
        text_addf(out, "%s", separator);
        progress_duration(v->left, out);
        text_addf(out, " left");
    }
}

void progress_line(const struct progress_view *v, text *out)
{
    text_addf(out, "[%d/%d] %s: ", v->cell, v->cells, v->name);
    numbers_add(v, ", ", out);
}

static void bar_add(const train_progress *at, size_t width, text *out)
{
    double share = at->steps > 0 ? (double)at->step / (double)at->steps : 0;
    size_t full = (size_t)llround((share < 0 ? 0 : share > 1 ? 1 : share) * (double)width);
    text_addf(out, " [");
    for (size_t i = 0; i < width; i++)
        text_add(out, i < full ? "#" : "-", 1);
    text_addf(out, "]");
}

void progress_bar(const struct progress_view *v, size_t columns, text *out)
{
    size_t from = out->length;
    text behind = {0};
    text_addf(out, "[%d/%d] %s", v->cell, v->cells, v->name);
    if (v->at.steps > 0) {
        text_addf(&behind, "  ");
        numbers_add(v, "  ", &behind);
    } else {
        text_addf(&behind, "  starts");
    }
    size_t used = out->length - from + behind.length + 4; /* a space, two brackets, and the last column stays free */
    size_t width = columns > used ? columns - used : 0;
    if (width >= BAR_NARROWEST)
        bar_add(&v->at, width < BAR_WIDEST ? width : BAR_WIDEST, out);
    text_add(out, behind.at, behind.length);
    text_free(&behind);
    if (columns > 0 && out->length - from > columns - 1) {
        out->length = from + columns - 1;
        out->at[out->length] = '\0';
    }
}
