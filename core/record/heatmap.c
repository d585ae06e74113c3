/* See heatmap.h. Colours are viridis at nine places, and between them in straight lines: equal steps of accuracy look equal, in grey
 * and to most of the colour-blind too. */
#include "record/heatmap.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { NUMBERED_MOST = 30, SIDE_LARGE = 36, SIDE_ALL = 640, GLYPH_WIDTH = 3, GLYPH_HEIGHT = 5, SCALE = 2 };
enum { RED, GREEN, BLUE, COLOURS };

static const uint8_t viridis[9][COLOURS] = {{68, 1, 84},    {71, 44, 122},  {59, 81, 139},
                                            {44, 113, 142}, {33, 144, 141}, {39, 173, 129},
                                            {92, 200, 99},  {170, 220, 50}, {253, 231, 37}};
static const uint8_t grey[COLOURS] = {224, 224, 224}, paper[COLOURS] = {255, 255, 255};

/* Digits of three columns and five lines, a bit a pixel, the left one high. */
static const uint8_t glyphs[10][GLYPH_HEIGHT] = {{7, 5, 5, 5, 7}, {2, 6, 2, 2, 7}, {7, 1, 7, 4, 7}, {7, 1, 7, 1, 7},
                                                 {5, 5, 7, 1, 1}, {7, 4, 7, 1, 7}, {7, 4, 7, 5, 7}, {7, 1, 1, 1, 1},
                                                 {7, 5, 7, 5, 7}, {7, 5, 7, 1, 7}};

typedef struct canvas {
    uint8_t *pixels;
    int64_t width, height;
} canvas;

static void dot(const canvas *c, int64_t x, int64_t y, const uint8_t *colour)
{
    memcpy(c->pixels + (y * c->width + x) * COLOURS, colour, COLOURS);
}

static void box(const canvas *c, int64_t x, int64_t y, int64_t side, const uint8_t *colour)
{
    for (int64_t i = 0; i < side * side; i++)
        dot(c, x + i % side, y + i / side, colour);
}

static void digit(const canvas *c, int64_t x, int64_t y, int number, uint8_t shade)
{
    const uint8_t colour[COLOURS] = {shade, shade, shade};
    for (int line = 0; line < GLYPH_HEIGHT * SCALE; line++)
        for (int at = 0; at < GLYPH_WIDTH * SCALE; at++)
            if (glyphs[number][line / SCALE] >> (GLYPH_WIDTH - 1 - at / SCALE) & 1)
                dot(c, x + at, y + line, colour);
}

/* In the middle of a box. */
static void number_draw(const canvas *c, int64_t x, int64_t y, int64_t side, int64_t number, uint8_t shade)
{
    char digits[24];
    const int64_t count = snprintf(digits, sizeof digits, "%lld", (long long)number), step = (GLYPH_WIDTH + 1) * SCALE;
    int64_t left = x + (side - (count * step - SCALE)) / 2, top = y + (side - GLYPH_HEIGHT * SCALE) / 2;
    for (int64_t i = 0; i < count; i++)
        digit(c, left + i * step, top, digits[i] - '0', shade);
}

static void colour_of(double share, uint8_t *out)
{
    const double at = share * 8;
    const int below = at < 7 ? (int)at : 7;
    for (int i = 0; i < COLOURS; i++)
        out[i] = (uint8_t)lround(viridis[below][i] + (at - below) * (viridis[below + 1][i] - viridis[below][i]));
}

static void cell_draw(const canvas *c, int64_t x, int64_t y, int64_t side, double share, bool numbered)
{
    uint8_t colour[COLOURS];
    if (isnan(share)) {
        box(c, x, y, side, grey);
        return;
    }
    colour_of(share, colour);
    box(c, x, y, side, colour);
    if (numbered)
        number_draw(c, x, y, side, lround(100 * share), share < 0.6 ? 255 : 0);
}

static void edges_draw(const canvas *c, const matrix *m, int64_t side, int64_t step)
{
    for (int64_t j = 1; j <= m->tasks; j++)
        number_draw(c, j * step, 0, side, j, 0);
    for (int64_t i = 0; i <= m->tasks; i++)
        number_draw(c, 0, (i + 1) * step, side, i, 0);
}

picture heatmap_of(const matrix *m, int64_t after, uint8_t **pixels)
{
    const bool numbered = m->tasks <= NUMBERED_MOST;
    const int64_t fit = SIDE_ALL / m->tasks, side = numbered ? SIDE_LARGE : fit < 1 ? 1 : fit;
    const int64_t gap = numbered ? 1 : 0, step = side + gap, edge = numbered ? 1 : 0;
    canvas c = {.width = (m->tasks + edge) * step, .height = (m->tasks + 1 + edge) * step};
    c.pixels = *pixels = alloc_zero((size_t)(c.width * c.height), COLOURS);
    memset(c.pixels, paper[0], (size_t)(c.width * c.height * COLOURS));
    if (numbered)
        edges_draw(&c, m, side, step);
    for (int64_t i = 0; i <= m->tasks; i++)
        for (int64_t j = 1; j <= m->tasks; j++)
            cell_draw(&c, (j - 1 + edge) * step, (i + edge) * step, side, i <= after ? matrix_at(m, i, j) : (double)NAN,
                      numbered);
    return (picture){c.width, c.height, COLOURS, c.pixels};
}
