/* What a task does to its rows where tasks differ by that: a permutation of the values, or a rotation of the picture.
 *
 * Rows are changed as they are gathered, one at a time through a buffer that stays in the cache: the data is in memory
 * once, however many tasks there are. Bytes stay bytes, so that memories keep what the network saw. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "data/source.h"

struct transform {
    int64_t count, planes; /* values that the table covers: of a whole row, or of each plane */
    int32_t *from;         /* permutation: value i is what value from[i] was; or NULL */
    struct tap {           /* rotation: the four values around the place that value i comes from */
        int32_t at[4];
        float weight[4]; /* 0: outside */
    } * taps;
};

transform *transform_permutation(random_stream *r, int64_t width)
{
    transform *t = alloc_zero(1, sizeof *t);
    int64_t *order = alloc_zero((size_t)width, sizeof *order);
    random_permutation(r, order, width);
    *t = (transform){.count = width, .planes = 1, .from = alloc_zero((size_t)width, sizeof *t->from)};
    for (int64_t i = 0; i < width; i++)
        t->from[i] = (int32_t)order[i];
    free(order);
    return t;
}

/* Bilinear in a picture with zeros around it. */
static struct tap tap_of(double y, double x, int64_t height, int64_t width)
{
    struct tap tap = {{0}, {0}};
    double top = floor(y), left = floor(x);
    for (int i = 0; i < 4; i++) {
        double row = top + (i > 1), column = left + (i & 1);
        if (row < 0 || row >= (double)height || column < 0 || column >= (double)width)
            continue;
        tap.at[i] = (int32_t)row * (int32_t)width + (int32_t)column;
        tap.weight[i] = (float)((1 - fabs(y - row)) * (1 - fabs(x - column)));
    }
    return tap;
}

transform *transform_rotation(double degrees, int64_t planes, int64_t height, int64_t width)
{
    const double turn = degrees * 3.14159265358979323846 / 180, c = cos(turn), s = sin(turn);
    const double middle_y = (double)(height - 1) / 2, middle_x = (double)(width - 1) / 2;
    transform *t = alloc_zero(1, sizeof *t);
    *t = (transform){.count = height * width, .planes = planes};
    t->taps = alloc_zero((size_t)t->count, sizeof *t->taps);
    for (int64_t i = 0; i < t->count; i++) {
        int64_t row = i / width, column = i % width;
        double y = (double)row - middle_y, x = (double)column - middle_x;
        t->taps[i] = tap_of(x * s + y * c + middle_y, x * c - y * s + middle_x, height, width);
    }
    return t;
}

void transform_close(transform *t)
{
    if (!t)
        return;
    free(t->from);
    free(t->taps);
    free(t);
}

/* ---- one row ---- */

#define TAPPED(row)                                                                                     \
    ((row)[k->at[0]] * k->weight[0] + (row)[k->at[1]] * k->weight[1] + (row)[k->at[2]] * k->weight[2] + \
     (row)[k->at[3]] * k->weight[3])

static void bytes_transform(const transform *t, const uint8_t *restrict row, uint8_t *restrict out)
{
    for (int64_t i = 0; t->from && i < t->count; i++)
        out[i] = row[t->from[i]];
    for (int64_t p = 0; t->taps && p < t->planes; p++, row += t->count, out += t->count)
        for (int64_t i = 0; i < t->count; i++) {
            const struct tap *k = &t->taps[i];
            out[i] = (uint8_t)(TAPPED(row) + 0.5f); /* weights come to 1 at most: never above 255 */
        }
}

static void reals_transform(const transform *t, const float *restrict row, float *restrict out)
{
    for (int64_t i = 0; t->from && i < t->count; i++)
        out[i] = row[t->from[i]];
    for (int64_t p = 0; t->taps && p < t->planes; p++, row += t->count, out += t->count)
        for (int64_t i = 0; i < t->count; i++) {
            const struct tap *k = &t->taps[i];
            out[i] = TAPPED(row);
        }
}

/* ---- rows as tasks show them ---- */

static const transform *view_of(const stream *s, const data_rows *r, int64_t place)
{
    return s->views[place / r->count];
}

void stream_gather(const stream *s, const dataset *d, const data_rows *r, const int64_t *places, int64_t n, float *x)
{
    if (!s->views) {
        dataset_gather(d, r, places, n, x);
        return;
    }
    size_t width = (size_t)r->width;
    data_rows one = {.count = 1, .width = r->width};
    one.bytes = r->bytes ? alloc_zero(width, 1) : NULL;
    one.reals = r->reals ? alloc_zero(width, sizeof *one.reals) : NULL;
    for (int64_t i = 0; i < n; i++, x += width) {
        const transform *t = view_of(s, r, places[i]);
        int64_t row = place_row(r, places[i]);
        if (t && r->bytes)
            bytes_transform(t, r->bytes + row * r->width, one.bytes);
        else if (t && r->reals)
            reals_transform(t, r->reals + row * r->width, one.reals);
        dataset_gather(d, t ? &one : r, t ? NULL : &row, 1, x);
    }
    free(one.bytes);
    free(one.reals);
}

void stream_gather_bytes(const stream *s, const data_rows *r, const int64_t *places, int64_t n, uint8_t *raw)
{
    if (!s->views) {
        rows_gather_bytes(r, places, n, raw);
        return;
    }
    for (int64_t i = 0; i < n; i++, raw += r->width) {
        const transform *t = view_of(s, r, places[i]);
        int64_t row = place_row(r, places[i]);
        if (t)
            bytes_transform(t, r->bytes + row * r->width, raw);
        else
            rows_gather_bytes(r, &row, 1, raw);
    }
}
