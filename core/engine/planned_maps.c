/* Loops of batch norm over numbers whose channels lie side by side: [pixels, channels], or rows of units. What stands behind
 * it, a relu, is done in the same pass.
 *
 * Loops run over stretches of a whole number of pixels, long enough for vectors however few channels there are, and what
 * is known by channel is laid out once to that length. Sums are floats over a block of some thousand numbers, and doubles over
 * blocks, whose size follows from the channels alone: the same bits whatever the number of threads. */
#include <string.h>

#include "engine/planned.h"
#include "engine/wide.h"

enum { VECTOR = 16, LEAST = 64, BLOCK = 1 << 14 }; /* floats; a block stays in the second-level cache */

int64_t maps_stretch(int64_t channels)
{
    int64_t n = channels;
    while (n < LEAST || (channels < LEAST && n % VECTOR))
        n += channels;
    return n;
}

int64_t maps_block(int64_t channels)
{
    const int64_t stretch = maps_stretch(channels), stretches = BLOCK / stretch;
    return (stretches ? stretches : 1) * stretch;
}

void maps_lay(float *out, const float *by_channel, int64_t channels)
{
    for (int64_t i = 0, n = maps_stretch(channels); i < n; i += channels)
        memcpy(out + i, by_channel, (size_t)channels * sizeof *out);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- sums ---- */

WIDE static void sum_stretches(float *restrict lanes, const float *restrict x, int64_t count, int64_t n)
{
    int64_t at = 0;
    for (; at + 4 * n <= count; at += 4 * n) {
        const float *a = x + at, *b = a + n, *c = b + n, *d = c + n;
        for (int64_t i = 0; i < n; i++)
            lanes[i] += (a[i] + b[i]) + (c[i] + d[i]);
    }
    for (; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++)
            lanes[i] += x[at + i];
}

WIDE static void sum_squares(float *restrict lanes, const float *restrict x, const float *restrict mean, int64_t count,
                             int64_t n)
{
    for (int64_t at = 0; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++)
            lanes[i] += (x[at + i] - mean[i]) * (x[at + i] - mean[i]);
}

static void fold(double *out, const float *lanes, int64_t channels)
{
    memset(out, 0, (size_t)channels * sizeof *out);
    for (int64_t i = 0, n = maps_stretch(channels); i < n; i += channels)
        for (int64_t c = 0; c < channels; c++)
            out[c] += (double)lanes[i + c];
}

/* Squares are summed around the block's own mean as a float has it, and moved to the exact one: large means cost no digits. */
void maps_moments(const float *x, int64_t count, int64_t channels, float *room, double *mean, double *squares)
{
    const int64_t n = maps_stretch(channels), pixels = count / channels;
    float *lanes = room, *around = room + n, *rounded = room + 2 * n;
    memset(lanes, 0, (size_t)n * sizeof *lanes);
    sum_stretches(lanes, x, count, n);
    fold(mean, lanes, channels);
    for (int64_t c = 0; c < channels; c++) {
        mean[c] /= (double)pixels;
        rounded[c] = (float)mean[c];
    }
    maps_lay(around, rounded, channels);
    memset(lanes, 0, (size_t)n * sizeof *lanes);
    sum_squares(lanes, x, around, count, n);
    fold(squares, lanes, channels);
    for (int64_t c = 0; c < channels; c++) {
        const double off = mean[c] - (double)rounded[c];
        squares[c] -= (double)pixels * off * off;
        squares[c] = squares[c] < 0 ? 0 : squares[c]; /* rounding, where a channel is all one number */
    }
}

/* ---- forward ---- */

WIDE static void norm_plain(float *restrict out, const float *restrict x, const maps_terms *t, int64_t count)
{
    const float *restrict mean = t->mean, *restrict factor = t->factor, *restrict bias = t->bias;
    const int64_t n = t->stretch;
    for (int64_t at = 0; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++)
            out[at + i] = (x[at + i] - mean[i]) * factor[i] + bias[i];
}

WIDE static void norm_relu(float *restrict out, const float *restrict x, const maps_terms *t, int64_t count)
{
    const float *restrict mean = t->mean, *restrict factor = t->factor, *restrict bias = t->bias;
    const int64_t n = t->stretch;
    for (int64_t at = 0; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++) {
            const float y = (x[at + i] - mean[i]) * factor[i] + bias[i];
            out[at + i] = y < 0 ? 0 : y; /* what is not a number stays so */
        }
}

void maps_norm(float *out, const float *x, const maps_terms *t, bool relu, int64_t count)
{
    (relu ? norm_relu : norm_plain)(out, x, t, count);
}

WIDE_SHOWN void maps_add_relu(float *restrict out, const float *restrict a, const float *restrict b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float y = a[i] + b[i];
        out[i] = y < 0 ? 0 : y;
    }
}

/* ---- back ---- */

WIDE_SHOWN void maps_mask(float *restrict out, const float *restrict g, const float *restrict y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = y[i] <= 0 ? 0 : g[i];
}

WIDE static void sum_back(float *restrict sums, float *restrict dots, const float *restrict g, const float *restrict x,
                          const float *restrict mean, int64_t count, int64_t n)
{
    for (int64_t at = 0; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++) {
            sums[i] += g[at + i];
            dots[i] += g[at + i] * (x[at + i] - mean[i]);
        }
}

void maps_back_sums(const float *g, const float *x, const maps_terms *t, int64_t count, int64_t channels, float *room,
                    double *sums, double *dots)
{
    float *lanes = room, *more = room + t->stretch;
    memset(room, 0, 2 * (size_t)t->stretch * sizeof *room);
    sum_back(lanes, more, g, x, t->mean, count, t->stretch);
    fold(sums, lanes, channels);
    fold(dots, more, channels);
}

/* out may be g. */
WIDE_SHOWN void maps_back(float *out, const float *g, const float *restrict x, const maps_terms *t, int64_t count)
{
    const float *restrict mean = t->mean, *restrict factor = t->factor, *restrict level = t->level,
                          *restrict slope = t->slope;
    const int64_t n = t->stretch;
    for (int64_t at = 0; at < count; at += n)
        for (int64_t i = 0, end = least(n, count - at); i < end; i++)
            out[at + i] = (g[at + i] - level[i] - (x[at + i] - mean[i]) * slope[i]) * factor[i];
}
