/* Black around pictures: value by value against the picture without it, for bytes and reals, and what comes after. */
#include "fixture.h"

#define MADE "set: synthetic, classes: 2, train_rows: 6, test_rows: 4, "

/* Value (plane, y, x) of the padded picture by the one without, where the pad is not it. */
static int64_t inside(int64_t i, int64_t pad, int64_t height, int64_t width)
{
    int64_t wide = width + 2 * pad, high = height + 2 * pad;
    int64_t x = i % wide - pad, y = i / wide % high - pad, plane = i / wide / high;
    bool in_picture = x >= 0 && x < width && y >= 0 && y < height;
    return in_picture ? (plane * height + y) * width + x : -1;
}

static void bytes_keep_their_place(void **state)
{
    static const struct {
        const char *shape;
        int64_t pad, planes, height, width;
    } cases[] = {
        {"[1, 28, 28]", 2, 1, 28, 28}, {"[3, 5, 4]", 1, 3, 5, 4}, {"[2, 1, 3]", 7, 2, 1, 3}, {"[6, 5]", 3, 1, 6, 5}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char plain[128], padded[128];
        int64_t pad = cases[c].pad, height = cases[c].height, width = cases[c].width;
        snprintf(plain, sizeof plain, MADE "shape: %s", cases[c].shape);
        snprintf(padded, sizeof padded, MADE "shape: %s, pad: %d", cases[c].shape, (int)pad);
        dataset *a = dataset_made(plain), *b = dataset_made(padded);
        int64_t whole = cases[c].planes * (height + 2 * pad) * (width + 2 * pad);
        assert_int_equal(b->rank, a->rank);
        assert_int_equal(b->shape[b->rank - 2], height + 2 * pad);
        assert_int_equal(b->shape[b->rank - 1], width + 2 * pad);
        for (int part = 0; part < 2; part++) {
            const data_rows *from = part ? &a->test : &a->train, *to = part ? &b->test : &b->train;
            assert_true(to->count == from->count && to->width == whole);
            for (int64_t i = 0; i < to->count * whole; i++) {
                int64_t at = inside(i % whole, pad, height, width), row = i / whole;
                assert_int_equal(to->bytes[i], at < 0 ? 0 : from->bytes[row * from->width + at]);
            }
        }
        dataset_close(a);
        dataset_close(b);
    }
}

/* The pad is raw 0, so what normalisation makes of raw 0, and the mean and SD are those of the padded rows. */
static void black_is_raw_zero(void **state)
{
    float x[2 * 16];
    (void)state;
    lay_text("r.csv", "2,4,6,8,0\n3,5,7,9,0\n2,4,6,8,0\n3,5,7,9,0\n");
    dataset *d = dataset_made("set: csv, train: '@/r.csv', test_every: 2, shape: [1, 2, 2], pad: 1, "
                              "normalize: {mean: [1], std: [2]}");
    static const float wanted[16] = {-.5F, -.5F, -.5F, -.5F, -.5F, .5F,  1.5F, -.5F,
                                     -.5F, 2.5F, 3.5F, -.5F, -.5F, -.5F, -.5F, -.5F};
    assert_int_equal(d->train.width, 16);
    dataset_gather(d, &d->train, NULL, 2, x);
    assert_memory_equal(x, wanted, sizeof wanted);
    dataset_close(d);
    d = dataset_made("set: csv, train: '@/r.csv', test_every: 2, shape: [1, 2, 2], pad: 1, normalize: standard");
    dataset_gather(d, &d->train, NULL, 2, x);
    /* 2, 4, 6, 8 and twelve zeros: mean 20/16, mean square 120/16 */
    double mean = 1.25, sd = sqrt(7.5 - mean * mean);
    assert_true(fabs(x[0] + mean / sd) < 1e-6 && fabs(x[5] - (2 - mean) / sd) < 1e-6);
    dataset_close(d);
}

/* As the permuted MNIST of van de Ven and Tolias: 32x32 values are permuted, those of the pad among them. */
static void a_permutation_moves_the_pad(void **state)
{
    enum { WIDTH = 36 };
    uint8_t out[WIDTH];
    int64_t order[WIDTH], from_pad = 0;
    (void)state;
    opened o = open_stream(MADE "shape: [1, 4, 4], pad: 1", "split: {by: permutation, tasks: 2}", 3);
    random_stream r = random_open(3, "stream", "permutation", 1);
    random_permutation(&r, order, WIDTH);
    for (int64_t i = 0; i < o.d->train.count; i++) {
        int64_t place = o.d->train.count + i;
        stream_gather_bytes(o.made, &o.d->train, &place, 1, out);
        for (int64_t j = 0; j < WIDTH; j++)
            assert_int_equal(out[j], o.d->train.bytes[i * WIDTH + order[j]]);
    }
    for (int64_t j = 0; j < WIDTH; j++)
        from_pad += inside(j, 1, 4, 4) >= 0 && inside(order[j], 1, 4, 4) < 0;
    assert_true(from_pad > 0);
    close_stream(&o);
}

static void rows_that_are_no_pictures(void **state)
{
    (void)state;
    dataset_refused("set: synthetic, shape: [64], pad: 2", EXIT_SCENARIO,
                    "@/s.yaml:2:42: data.pad: found 2 for rows of shape [64]; expected rows [C, H, W] or [H, W]");
    dataset_refused(
        "set: synthetic, pad: 1, shape: [2, 2, 4, 4]", EXIT_SCENARIO,
        "@/s.yaml:2:29: data.pad: found 1 for rows of shape [2, 2, 4, 4]; expected rows [C, H, W] or [H, W]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_keep_their_place),
        cmocka_unit_test(black_is_raw_zero),
        cmocka_unit_test(a_permutation_moves_the_pad),
        cmocka_unit_test(rows_that_are_no_pictures),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
