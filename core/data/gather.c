/* Rows into a batch: gathered, converted and normalised in one pass, in loops that compilers turn into vector code. This
 * is all that data costs a step.
 *
 * The loop over bytes exists twice, for AVX2 and for any x86-64: widening bytes is what the older set is slow at. Both
 * multiply and add apart (-ffp-contract=off), so that they give the same bits. */
#include <string.h>

#include "data/data.h"

static inline __attribute__((always_inline)) void convert(const uint8_t *restrict raw, float *restrict x, int64_t n,
                                                          float scale, float shift)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)raw[i] * scale + shift;
}

__attribute__((target("avx2"))) static void convert_avx2(const uint8_t *raw, float *x, int64_t n, float scale,
                                                         float shift)
{
    convert(raw, x, n, scale, shift);
}

static void convert_plain(const uint8_t *raw, float *x, int64_t n, float scale, float shift)
{
    convert(raw, x, n, scale, shift);
}

static void bytes_convert(const uint8_t *raw, float *x, int64_t n, float scale, float shift)
{
    if (__builtin_cpu_supports("avx2"))
        convert_avx2(raw, x, n, scale, shift);
    else
        convert_plain(raw, x, n, scale, shift);
}

static void reals_convert(const float *restrict raw, float *restrict x, int64_t n, float scale, float shift)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = raw[i] * scale + shift;
}

void dataset_convert(const dataset *d, const uint8_t *raw, int64_t n, float *x)
{
    int64_t width = d->train.width, part = width / d->channels;
    if (d->channels == 1) {
        bytes_convert(raw, x, n * width, d->scale, d->shift);
        return;
    }
    for (int64_t i = 0; i < n * d->channels; i++)
        bytes_convert(raw + i * part, x + i * part, part, d->channel_scale[i % d->channels],
                      d->channel_shift[i % d->channels]);
}

static void row_convert(const dataset *d, const data_rows *r, int64_t at, float *x)
{
    int64_t part = r->width / d->channels;
    for (int64_t c = 0; c < d->channels; c++) {
        int64_t from = at * r->width + c * part;
        if (r->bytes)
            bytes_convert(r->bytes + from, x + c * part, part, d->channel_scale[c], d->channel_shift[c]);
        else
            reals_convert(r->reals + from, x + c * part, part, d->channel_scale[c], d->channel_shift[c]);
    }
}

/* Rows are drawn at random from more than any cache holds: the one after next is asked for while this one is converted. */
static void row_prefetch(const data_rows *r, int64_t at)
{
    for (int64_t i = 0; r->bytes && i < r->width && i < 4096; i += 64)
        __builtin_prefetch(r->bytes + at * r->width + i);
}

void dataset_gather(const dataset *d, const data_rows *r, const int64_t *index, int64_t n, float *x)
{
    for (int64_t i = 0; i < n; i++) {
        if (index && i + 2 < n)
            row_prefetch(r, index[i + 2]);
        row_convert(d, r, index ? index[i] : i, x + i * r->width);
    }
}

void rows_gather_bytes(const data_rows *r, const int64_t *index, int64_t n, uint8_t *raw)
{
    size_t width = (size_t)r->width;
    for (int64_t i = 0; i < n; i++) {
        if (index && i + 2 < n)
            row_prefetch(r, index[i + 2]);
        memcpy(raw + (size_t)i * width, r->bytes + (size_t)(index ? index[i] : i) * width, width);
    }
}
