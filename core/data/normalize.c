/* The affine map that makes stored values into x, one for all or one a channel, from training rows only. */
#include <math.h>

#include "base/alloc.h"
#include "data/source.h"

typedef struct sums {
    double sum, squares;
} sums;

/* In blocks small enough for whole numbers, so that the sums of bytes are exact. */
static void bytes_sum(const uint8_t *v, int64_t count, sums *s)
{
    enum { BLOCK = 4096 };
    for (int64_t j = 0; j < count; j += BLOCK) {
        int64_t n = count - j < BLOCK ? count - j : BLOCK;
        uint32_t sum = 0, squares = 0;
        for (int64_t k = 0; k < n; k++) {
            uint32_t x = v[j + k];
            sum += x;
            squares += x * x;
        }
        s->sum += sum;
        s->squares += squares;
    }
}

/* About a centre: values far from 0 would lose their spread in the squares. */
static void reals_sum(const float *v, int64_t count, double centre, sums *s)
{
    for (int64_t k = 0; k < count; k++) {
        double x = v[k] - centre;
        s->sum += x;
        s->squares += x * x;
    }
}

static sums channel_sums(const dataset *d, int64_t channel, double centre)
{
    const data_rows *r = &d->train;
    int64_t part = r->width / d->channels;
    sums s = {0, 0};
    for (int64_t i = 0; i < r->count; i++) {
        int64_t at = i * r->width + channel * part;
        if (r->bytes)
            bytes_sum(r->bytes + at, part, &s);
        else
            reals_sum(r->reals + at, part, centre, &s);
    }
    return s;
}

static int standard_fix(dataset *d, int64_t channel, error *e)
{
    int64_t part = d->train.width / d->channels; /* whole: a channel has as many values as every other */
    double n = (double)(d->train.count * part), centre = 0;
    sums s = channel_sums(d, channel, 0);
    if (!d->train.bytes) {
        centre = s.sum / n;
        s = channel_sums(d, channel, centre);
    }
    double offset = s.sum / n, variance = s.squares / n - offset * offset, mean = centre + offset;
    if (!(variance > 0))
        return error_set(e, EXIT_DATA,
                         "%s: found equal values in all training rows; expected some spread to normalise by", d->name);
    d->channel_scale[channel] = (float)(1 / sqrt(variance));
    d->channel_shift[channel] = (float)(-mean / sqrt(variance));
    return 0;
}

/* (x - mean) / std. Where the form of the data says what `unit` divides by, mean and std are those after it, as torchvision
 * has them; where that is measured they are in the data's own units: nobody could give them in others. */
static void given_fix(const struct scenario *s, dataset *d, int64_t channel)
{
    int64_t at = s->data.mean.count > 1 ? channel : 0;
    double mean = s->data.mean.at[at], std = s->data.std.at[at];
    double unit = d->measured ? 1 : d->maximum;
    d->channel_scale[channel] = (float)(1 / (unit * std));
    d->channel_shift[channel] = (float)(-mean / std);
}

void normalize_range(dataset *d, double *least)
{
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (int64_t i = 0; i < d->train.count * d->train.width; i++) {
        double v = d->train.bytes ? d->train.bytes[i] : d->train.reals[i];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    *least = low;
    d->maximum = high > low ? high - low : 1;
    d->measured = true;
}

int normalize_fix(const struct scenario *s, dataset *d, double least, error *e)
{
    enum normalize how = s->data.normalize;
    int64_t means = s->data.mean.count;
    int code = 0;
    d->channel_scale = alloc_zero((size_t)d->channels, sizeof(float));
    d->channel_shift = alloc_zero((size_t)d->channels, sizeof(float));
    if (how == NORMALIZE_GIVEN && means > 1 && means != d->channels)
        return scenario_fault(s, "data.normalize", e,
                              d->channels > 1 ? "found %lld means; expected 1 or %lld, one a channel"
                                              : "found %lld means; expected %lld, one a channel",
                              (long long)means, (long long)d->channels);
    for (int64_t c = 0; !code && c < d->channels; c++) {
        d->channel_scale[c] = how == NORMALIZE_NONE ? 1 : (float)(1 / d->maximum);
        d->channel_shift[c] = how == NORMALIZE_NONE ? 0 : (float)(-least / d->maximum);
        if (how == NORMALIZE_STANDARD)
            code = standard_fix(d, c, e);
        if (how == NORMALIZE_GIVEN)
            given_fix(s, d, c);
    }
    d->scale = d->channel_scale[0];
    d->shift = d->channel_shift[0];
    return code;
}
