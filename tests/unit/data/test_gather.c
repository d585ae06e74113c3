/* A batch gathered in one pass against a plain loop; the same bits by the way over bytes. */
#include "fixture.h"

enum { ROWS = 50, BATCH = 33 };

/* Rows of `channels` x `part` values, with maps that differ from channel to channel. */
static dataset *made(int64_t channels, int64_t part, bool bytes)
{
    dataset *d = alloc_zero(1, sizeof *d);
    int64_t width = channels * part;
    random_stream r = random_open(1, "test", "gather", channels);
    d->train = (data_rows){.count = ROWS, .width = width, .label = alloc_zero(ROWS, sizeof(int32_t))};
    d->channels = channels;
    if (bytes)
        d->train.bytes = alloc_zero((size_t)(ROWS * width), 1);
    else
        d->train.reals = alloc_zero((size_t)(ROWS * width), sizeof(float));
    for (int64_t i = 0; i < ROWS * width; i++)
        if (bytes)
            d->train.bytes[i] = (uint8_t)random_word(&r);
        else
            d->train.reals[i] = (float)random_normal(&r);
    d->channel_scale = alloc_zero((size_t)channels, sizeof(float));
    d->channel_shift = alloc_zero((size_t)channels, sizeof(float));
    for (int64_t c = 0; c < channels; c++) {
        d->channel_scale[c] = 0.01f * (float)(c + 1);
        d->channel_shift[c] = 0.3f - (float)c;
    }
    d->scale = d->channel_scale[0];
    d->shift = d->channel_shift[0];
    return d;
}

static void assert_gathered(const dataset *d, const int64_t *index, int64_t n, const float *x)
{
    int64_t width = d->train.width, part = width / d->channels;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) {
            int64_t from = (index ? index[i] : i) * width + j;
            float raw = d->train.bytes ? (float)d->train.bytes[from] : d->train.reals[from];
            float scaled = raw * d->channel_scale[j / part]; /* two roundings: no fused multiply-add */
            float wanted = scaled + d->channel_shift[j / part];
            assert_true(fabsf(x[i * width + j] - wanted) <= 1e-6f * (1 + fabsf(wanted)));
        }
}

static void check(int64_t channels, int64_t part, bool bytes)
{
    dataset *d = made(channels, part, bytes);
    size_t values = (size_t)(ROWS * d->train.width);
    float *x = alloc_zero(values, sizeof *x), *again = alloc_zero(values, sizeof *again);
    uint8_t *raw = alloc_zero(values, 1);
    int64_t index[BATCH];
    for (int64_t i = 0; i < BATCH; i++)
        index[i] = (i * 17 + 3) % 20 * 2; /* in no order, and some twice */
    dataset_gather(d, &d->train, index, BATCH, x);
    assert_gathered(d, index, BATCH, x);
    if (bytes) {
        rows_gather_bytes(&d->train, index, BATCH, raw);
        dataset_convert(d, raw, BATCH, again);
        assert_memory_equal(x, again, (size_t)(BATCH * d->train.width) * sizeof *x);
    }
    dataset_gather(d, &d->train, NULL, ROWS, x);
    assert_gathered(d, NULL, ROWS, x);
    if (bytes) {
        rows_gather_bytes(&d->train, NULL, ROWS, raw);
        assert_memory_equal(raw, d->train.bytes, values);
    }
    free(x);
    free(again);
    free(raw);
    dataset_close(d);
}

static void bytes_of_one_channel(void **state)
{
    (void)state;
    check(1, 784, true);
    check(1, 1, true);
    check(1, 67, true);
}

static void bytes_of_many_channels(void **state)
{
    (void)state;
    check(3, 64, true);
    check(5, 7, true);
    check(3, 1, true);
}

static void reals(void **state)
{
    (void)state;
    check(1, 33, false);
    check(3, 10, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_one_channel),
        cmocka_unit_test(bytes_of_many_channels),
        cmocka_unit_test(reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
