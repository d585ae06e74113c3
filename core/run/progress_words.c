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
    if (v->whole > 0)
        text_addf(out, "%sall %.0f%%", separator, 100 * v->whole);
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

/* What stands behind the bar, in this order; the last to be given up is the task. */
enum { SHOW_TASK, SHOW_STEP, SHOW_LOSS, SHOW_RATE, SHOW_ALL, SHOW_LEFT, SHOW_COUNT };

static void field_add(const struct progress_view *v, int field, text *out)
{
    const train_progress *at = &v->at;
    if (field == SHOW_TASK)
        text_addf(out, "  task %lld/%lld", (long long)at->task, (long long)at->tasks);
    if (field == SHOW_STEP)
        text_addf(out, "  step %lld/%lld", (long long)at->step, (long long)at->steps);
    if (field == SHOW_LOSS)
        text_addf(out, "  loss %.4f", at->loss);
    if (field == SHOW_RATE)
        text_addf(out, "  %.*f it/s", at->steps_per_second < 10 ? 1 : 0, at->steps_per_second);
    if (field == SHOW_ALL && v->whole > 0)
        text_addf(out, "  all %.0f%%", 100 * v->whole);
    if (field == SHOW_LEFT && v->left >= 0) {
        text_addf(out, "  ");
        progress_duration(v->left, out);
        text_addf(out, " left");
    }
}

static void fields_add(const struct progress_view *v, unsigned shown, text *out)
{
    out->length = 0;
    for (int i = 0; i < SHOW_COUNT; i++)
        if (shown & 1u << i)
            field_add(v, i, out);
    if (v->at.steps <= 0) {
        out->length = 0;
        text_addf(out, "  starts");
    }
}

/* What stands behind the bar, where it has room; and never a line that wraps. */
static void line_close(const text *behind, size_t from, size_t columns, text *out)
{
    if (out->length - from + behind->length < columns && behind->length)
        text_add(out, behind->at, behind->length);
    if (columns > 0 && out->length - from > columns - 1) {
        out->length = from + columns - 1;
        out->at[out->length] = '\0';
    }
}

/* A narrow window loses whole fields, the least telling first, so that the bar itself stays and no number is cut. */
void progress_bar(const struct progress_view *v, size_t columns, text *out)
{
    static const int least[] = {SHOW_RATE, SHOW_LOSS, SHOW_STEP, SHOW_ALL, SHOW_LEFT, SHOW_TASK};
    size_t from = out->length, count = sizeof least / sizeof *least, next = 0;
    unsigned shown = (1u << SHOW_COUNT) - 1;
    text behind = {0};
    text_addf(out, "[%d/%d] %s", v->cell, v->cells, v->name);
    size_t head = out->length - from + 4; /* a space, two brackets, and the last column stays free */
    fields_add(v, shown, &behind);
    while (head + behind.length + BAR_NARROWEST > columns && next < count) {
        shown &= ~(1u << least[next++]);
        fields_add(v, shown, &behind);
    }
    size_t width = columns > head + behind.length ? columns - head - behind.length : 0;
    if (width >= BAR_NARROWEST)
        bar_add(&v->at, width < BAR_WIDEST ? width : BAR_WIDEST, out);
    line_close(&behind, from, columns, out);
    text_free(&behind);
}

/* ---- several cells ---- */

static double share_of(const struct progress_view *v)
{
    double share = v->at.steps > 0 ? (double)v->at.step / (double)v->at.steps : 0;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Of `named` cells each how far it is, how many more there are, and the time that is left. */
static void cells_add(const struct progress_view *const *views, int count, int named, bool left, text *out)
{
    out->length = 0;
    for (int i = 0; i < named; i++)
        text_addf(out, "  %s %.0f%%", views[i]->name, 100 * share_of(views[i]));
    if (named < count)
        text_addf(out, "  +%d", count - named);
    if (left)
        field_add(views[0], SHOW_LEFT, out);
}

void progress_line_of(const struct progress_view *const *views, int count, int over, text *out)
{
    double sum = over;
    text_addf(out, "[%d/%d done]", over, views[0]->cells);
    for (int i = 0; i < count; i++) {
        text_addf(out, "%s %s %.0f%%", i ? "," : "", views[i]->name, 100 * share_of(views[i]));
        sum += share_of(views[i]);
    }
    text_addf(out, ", all %.0f%%", 100 * sum / views[0]->cells);
    if (views[0]->left >= 0) {
        text_addf(out, ", ");
        progress_duration(views[0]->left, out);
        text_addf(out, " left");
    }
}

static void bar_of_add(const struct progress_view *const *views, int count, int over, size_t width, text *out)
{
    double sum = over;
    for (int i = 0; i < count; i++)
        sum += share_of(views[i]);
    bar_add(&(train_progress){.step = llround(1000 * sum), .steps = 1000 * (int64_t)views[0]->cells}, width, out);
}

void progress_bar_of(const struct progress_view *const *views, int count, int over, size_t columns, text *out)
{
    size_t from = out->length;
    int named = count;
    text behind = {0};
    text_addf(out, "[%d/%d done]", over, views[0]->cells);
    size_t head = out->length - from + 4; /* a space, two brackets, and the last column stays free */
    cells_add(views, count, named, true, &behind);
    while (head + behind.length + BAR_NARROWEST > columns && named > 0)
        cells_add(views, count, --named, true, &behind);
    if (head + behind.length + BAR_NARROWEST > columns)
        cells_add(views, count, 0, false, &behind);
    size_t width = columns > head + behind.length ? columns - head - behind.length : 0;
    if (width >= BAR_NARROWEST)
        bar_of_add(views, count, over, width < BAR_WIDEST ? width : BAR_WIDEST, out);
    line_close(&behind, from, columns, out);
    text_free(&behind);
}
