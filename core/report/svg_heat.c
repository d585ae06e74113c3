/* The matrix as a heat map: rows are tasks trained, columns the tasks that accuracy is of. A staircase parts what was trained from
 * what was still to come. */
#include <math.h>

#include "report/html_text.h"
#include "report/svg.h"

enum {
    TOP = 20,
    LEFT = 28,
    RIGHT = 10,
    FOOT = 18,
    CELL_WIDE = 30,
    CELL_HIGH = 26,
    CELL_HIGHEST = 34,
    AXIS_NUMBERS = 10,
    HI = 14
};

struct layout {
    double width, height, cell, row;
};

int svg_heat_level(double accuracy)
{
    if (!isfinite(accuracy))
        return -1;
    int level = (int)floor(accuracy * HEAT_LEVELS);
    return level < 0 ? 0 : level >= HEAT_LEVELS ? HEAT_LEVELS - 1 : level;
}

/* With numbers each cell has room for one; without, the drawing is as wide as a panel and its cells are what remains. */
static struct layout layout_of(const struct svg_heat *h)
{
    double tasks = (double)h->tasks, room = SVG_PANEL - LEFT - RIGHT;
    struct layout l = {.cell = room / tasks};
    if (h->numbers && l.cell < CELL_WIDE)
        l.cell = CELL_WIDE;
    l.row = h->numbers ? CELL_HIGH : fmin(l.cell, CELL_HIGHEST);
    l.width = LEFT + l.cell * tasks + RIGHT;
    l.height = TOP + l.row * (tasks + 1) + FOOT;
    return l;
}

static void axis_number(double x, double y, const char *classes, int64_t number, text *out)
{
    text_addf(out, "<text class=\"%s\" x=\"", classes);
    svg_number(x, out);
    text_addf(out, "\" y=\"");
    svg_number(y, out);
    text_addf(out, "\">%lld</text>", (long long)number);
}

static void axes_add(const struct svg_heat *h, const struct layout *l, text *out)
{
    int64_t every = h->numbers || h->tasks <= AXIS_NUMBERS ? 1 : (h->tasks + AXIS_NUMBERS - 1) / AXIS_NUMBERS;
    for (int64_t j = 1; j <= h->tasks; j++)
        if (j % every == 0 || j == 1)
            axis_number(LEFT + l->cell * ((double)j - 0.5), TOP - 7, "tick middle", j, out);
    for (int64_t i = 0; i <= h->tasks; i++)
        if (i % every == 0)
            axis_number(LEFT - 6, TOP + l->row * ((double)i + 0.5) + 4, "tick end", i, out);
    text_addf(out,
              "<text class=\"label end\" x=\"%.0f\" y=\"%.0f\">accuracy on task \u2192, after so many \u2193</text>",
              l->width - RIGHT, l->height - 5);
}

/* ---- cells ---- */

static void cell_number_add(const struct layout *l, int64_t i, int64_t j, const struct course_place *p, text *out)
{
    int level = svg_heat_level(p->mean);
    double x = LEFT + l->cell * (double)(j - 1), y = TOP + l->row * (double)i;
    text_addf(out, "<g><title>after %lld, on task %lld: ", (long long)i, (long long)j);
    html_spread(p->mean, p->error, 4, out);
    text_addf(out, "</title><rect class=\"q%d\" x=\"", level);
    svg_number(x, out);
    text_addf(out, "\" y=\"");
    svg_number(y, out);
    text_addf(out, "\" width=\"");
    svg_number(l->cell, out);
    text_addf(out, "\" height=\"");
    svg_number(l->row, out);
    text_addf(out, "\"/><text class=\"%s\" x=\"", level >= HI ? "n hi" : "n");
    svg_number(x + l->cell / 2, out);
    text_addf(out, "\" y=\"");
    svg_number(y + l->row / 2 + 4, out);
    text_addf(out, "\">");
    html_number(p->mean, 2, out);
    text_addf(out, "</text></g>");
}

static const struct course_place *place_at(const struct svg_heat *h, int64_t i, int64_t j)
{
    return &h->at[i * h->tasks + j - 1];
}

static void cells_with_numbers(const struct svg_heat *h, const struct layout *l, text *out)
{
    for (int64_t i = 0; i <= h->tasks; i++)
        for (int64_t j = 1; j <= h->tasks; j++)
            if (isfinite(place_at(h, i, j)->mean))
                cell_number_add(l, i, j, place_at(h, i, j), out);
}

/* Cells of a level that stand side by side are one piece of its path: the one behind the last from column j on. */
static int64_t run_end(const struct svg_heat *h, int64_t i, int64_t j, int level)
{
    while (j <= h->tasks && svg_heat_level(place_at(h, i, j)->mean) == level)
        j++;
    return j;
}

static void level_add(const struct svg_heat *h, int level, text *out)
{
    bool begun = false;
    for (int64_t i = 0; i <= h->tasks; i++)
        for (int64_t j = 1; j <= h->tasks; j++) {
            int64_t wide = run_end(h, i, j, level) - j;
            if (wide == 0)
                continue;
            if (!begun)
                text_addf(out, "<path class=\"q%d\" d=\"", level);
            begun = true;
            text_addf(out, "M%lld %lldh%lldv1h-%lldz", (long long)(j - 1), (long long)i, (long long)wide,
                      (long long)wide);
            j += wide - 1;
        }
    if (begun)
        text_addf(out, "\"/>");
}

static void cells_by_level(const struct svg_heat *h, const struct layout *l, text *out)
{
    text_addf(out, "<g transform=\"translate(%d %d) scale(", LEFT, TOP);
    svg_number(l->cell, out);
    text_addf(out, " ");
    svg_number(l->row, out);
    text_addf(out, ")\">");
    for (int level = 0; level < HEAT_LEVELS; level++)
        level_add(h, level, out);
    text_addf(out, "</g>");
}

/* Below and to the left of it: tasks that were trained. */
static void stairs_add(const struct svg_heat *h, const struct layout *l, text *out)
{
    text_addf(out, "<path class=\"stairs\" d=\"M%d ", LEFT);
    svg_number(TOP + l->row, out);
    for (int64_t j = 1; j <= h->tasks; j++) {
        text_addf(out, "h");
        svg_number(l->cell, out);
        if (j < h->tasks) {
            text_addf(out, "v");
            svg_number(l->row, out);
        }
    }
    text_addf(out, "\"/>");
}

void svg_heat_add(const struct svg_heat *heat, text *out)
{
    struct layout l = layout_of(heat);
    text_addf(out, "<div class=\"map\" data-seed=\"");
    if (heat->seed >= 0)
        text_addf(out, "%lld\">", (long long)heat->seed);
    else
        text_addf(out, "mean\">");
    svg_begin(l.width, l.height, heat->classes, "", heat->title, heat->desc, out);
    axes_add(heat, &l, out);
    if (heat->numbers)
        cells_with_numbers(heat, &l, out);
    else
        cells_by_level(heat, &l, out);
    stairs_add(heat, &l, out);
    svg_end(out);
    text_addf(out, "</div>\n");
}
