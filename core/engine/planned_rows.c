/* Loops over rows of numbers, each so that gcc and clang vectorise it. Compiled twice, as those of sweep.c: the same bits
 * either way, since no sum runs across the elements of a vector. */
#include <string.h>

#include "engine/planned.h"
#include "engine/wide.h"

void rows_fill(float *out, int64_t stride, const float *bias, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++)
        memcpy(out + r * stride, bias, (size_t)n * sizeof *out);
}

/* What is not a number stays so. */
WIDE_SHOWN void rows_relu(float *h, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        h[i] = h[i] < 0 ? 0 : h[i];
}

WIDE_SHOWN void rows_relu_back(float *restrict g, const float *restrict out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        g[i] = out[i] <= 0 ? 0 : g[i];
}

WIDE_SHOWN void rows_leaky(float *restrict out, const float *restrict in, float slope, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = in[i] > 0 ? in[i] : in[i] * slope;
}

WIDE_SHOWN void rows_leaky_back(float *restrict g, const float *restrict in, float slope, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        g[i] = in[i] > 0 ? g[i] : g[i] * slope;
}

WIDE_SHOWN void rows_times(float *out, const float *in, const float *factors, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = in[i] * factors[i];
}

void rows_gate(float *out, const float *in, const float *factor, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++)
        rows_times(out + r * n, in + r * n, factor, n);
}

/* In stretches of rows, so that what is written fills lines of the cache. */
WIDE_SHOWN void rows_turn(float *restrict out, int64_t to, const float *restrict in, int64_t from, int64_t rows,
                          int64_t n, bool add)
{
    for (int64_t first = 0; first < rows; first += 16) {
        const int64_t end = first + 16 < rows ? first + 16 : rows;
        for (int64_t i = 0; i < n; i++)
            for (int64_t r = first; r < end; r++)
                out[i * to + r] = add ? out[i * to + r] + in[r * from + i] : in[r * from + i];
    }
}

WIDE_SHOWN void rows_add(float *restrict g, const float *restrict more, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        g[i] += more[i];
}

void rows_sum(float *sum, const float *g, int64_t stride, int64_t rows, int64_t n)
{
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t r = 0; r < rows; r++)
        rows_add(sum, g + r * stride, n);
}

bool rows_zero(const float *g, int64_t stride, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++)
            if (g[r * stride + i] != 0) /* nor is NaN */
                return false;
    return true;
}
