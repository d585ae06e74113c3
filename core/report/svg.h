/* The drawings of the page, as SVG within HTML. Colours are classes of page.css, so that one drawing serves light, dark and print;
 * numbers are in the units of CSS pixels at the drawing's natural width.
 *
 * A drawing says what it is to who cannot see it (role img, title, desc), and each of its marks carries its number in a title,
 * which a pointer shows. `data-m` is the number of a method: page.js hides what belongs to methods that are not chosen. */
#ifndef PERDURE_REPORT_SVG_H
#define PERDURE_REPORT_SVG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/course.h"

enum { SVG_PANEL = 340, SVG_NO_METHOD = -1 }; /* width of a panel among others */

/* Opens the drawing; `classes` may be "", `more` are attributes with a space before each, may be "". Close it with svg_end. */
void svg_begin(double width, double height, const char *classes, const char *more, const char *title, const char *desc,
               text *out);
void svg_end(text *out);
void svg_number(double value,
                text *out); /* a coordinate: at most two digits behind the point, and no more than needed */

/* A scale of round numbers over [low, high]: where ticks stand, and how many digits they need. */
struct svg_scale {
    double low, high, step;
    int digits;
};
/* Widened to round numbers, with about `ticks` of them. */
struct svg_scale svg_scale_over(double low, double high, int ticks);
double svg_at(const struct svg_scale *s, double value, double from,
              double to); /* a coordinate, clamped to [from, to] */
/* The i-th tick, a multiple of the step; false: behind the last. */
bool svg_tick(const struct svg_scale *s, int i, double *value);

/* ---- svg_lines.c ---- */

struct svg_line {
    const char *label; /* at its end */
    const char *style; /* classes: "c0 d1" */
    int method;        /* data-m, or SVG_NO_METHOD */
    struct course course;
    bool level; /* where one place alone was measured, that is a level to compare with, drawn all along */
};
struct svg_lines {
    double width, height;
    const char *title, *desc, *classes; /* classes: of the drawing, may be "" */
    const char *first;                  /* of a line's name in the words of its points: "task" */
    const struct svg_line *at;
    size_t count;
    int64_t tasks;
    double low;       /* the axis begins here and ends at 1 */
    int64_t from;     /* where the axis along begins, in tasks */
    double labelled;  /* room for labels to the right */
    bool bands, dots; /* dots: at the places themselves */
};
void svg_lines_add(const struct svg_lines *chart, text *out);

/* ---- svg_heat.c ---- */

struct svg_heat {
    const char *title, *desc, *classes;
    int64_t tasks;
    const struct course_place *at; /* [(tasks + 1) * tasks], row by row */
    bool numbers;                  /* in the cells, and a title for each; else the cells alone */
    int64_t seed;                  /* data-seed; -1: the mean */
};
void svg_heat_add(const struct svg_heat *heat, text *out);
enum { HEAT_LEVELS = 20, HEAT_NUMBERS_MOST = 20 }; /* of tasks, with numbers */
int svg_heat_level(double accuracy);               /* from 0; NaN: -1 */

/* ---- svg_rows.c ---- */

struct svg_row {
    const char *label, *style;
    int method;
    double value, error; /* NaN: absent */
    const double *each;  /* [each_count]: small marks beside it */
    size_t each_count;
    const double *parts; /* [part_count]: that a bar is made of, classes p0, p1, ...; else it is one */
    size_t part_count;
    const char *words; /* the value at the end of the row */
    const char *title; /* of its mark */
};
struct svg_rows {
    const char *title, *desc;
    const struct svg_row *at;
    size_t count;
    struct svg_scale scale;
    bool bars; /* from 0; else dots */
};
void svg_rows_add(const struct svg_rows *chart, text *out);

/* ---- svg_bars.c: upright bars, a task each ---- */

struct svg_bars {
    const char *title, *desc, *style;
    const struct course_place *at; /* [count] */
    size_t count;
    struct svg_scale scale;
};
void svg_bars_add(const struct svg_bars *chart, text *out);

/* ---- svg_band.c: a band, and a value with its error beside or within it ---- */

struct svg_band {
    const char *title;
    double low, high, value, error;
    bool held;
};
void svg_band_add(const struct svg_band *band, text *out);

#endif
