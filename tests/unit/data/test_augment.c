/* Crops and flips: against a plain computation on raw bytes that are normalised afterwards, and what is drawn. */
#include "fixture.h"

#define PICTURES "set: synthetic, classes: 2, train_rows: 40, test_rows: 4, "

/* What torchvision does: RandomCrop(side, padding) on the picture with black around it, then RandomHorizontalFlip. */
static void plainly(const uint8_t *row, const int64_t *shape, int64_t pad, random_stream *r, bool flip_first,
                    uint8_t *out)
{
    int64_t planes = shape[0], height = shape[1], width = shape[2], top = 0, left = 0;
    bool flip = false;
    for (int step = 0; step < 2; step++)
        if ((step == 0) == flip_first) {
            flip = random_below(r, 2);
        } else {
            top = random_below(r, 2 * pad + 1) - pad;
            left = random_below(r, 2 * pad + 1) - pad;
        }
    for (int64_t p = 0; p < planes; p++)
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++) {
                int64_t at_x = flip && !flip_first ? width - 1 - x : x;
                int64_t from_y = y + top, from_x = at_x + left;
                bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
                from_x = flip && flip_first ? width - 1 - from_x : from_x;
                out[(p * height + y) * width + x] = inside ? row[(p * height + from_y) * width + from_x] : 0;
            }
}

static void check(const char *keys, int64_t pad, bool flip_first)
{
    char data[256];
    snprintf(data, sizeof data, PICTURES "%s", keys);
    dataset *d = dataset_made(data);
    int64_t width = d->train.width;
    const int64_t shape[3] = {d->rank == 3 ? d->shape[0] : 1, d->shape[d->rank - 2], d->shape[d->rank - 1]};
    float *x = alloc_zero((size_t)(40 * width), sizeof *x), *wanted = alloc_zero((size_t)width, sizeof *wanted);
    uint8_t *raw = alloc_zero((size_t)width, 1);
    random_stream r = random_open(5, "augmentation", "", 0), again = r;
    dataset_gather(d, &d->train, NULL, 40, x);
    dataset_augment(d, &r, 40, x);
    for (int64_t i = 0; i < 40; i++) {
        plainly(d->train.bytes + i * width, shape, pad, &again, flip_first, raw);
        dataset_convert(d, raw, 1, wanted);
        assert_memory_equal(x + i * width, wanted, (size_t)width * sizeof *x);
    }
    assert_int_equal(r.drawn, again.drawn);
    free(x);
    free(wanted);
    free(raw);
    dataset_close(d);
}

static void as_raw_rows_normalised_afterwards(void **state)
{
    (void)state;
    check("shape: [3, 6, 5], augment: [{crop: 2}, flip]", 2, false);
    check("shape: [3, 6, 5], normalize: standard, augment: [{crop: 2}, flip]", 2, false);
    check("shape: [3, 6, 5], normalize: {mean: [0.1, 0.2, 0.3], std: [1, 2, 3]}, augment: [flip, {crop: 1}]", 1, true);
    check("shape: [1, 6, 5], normalize: standard, augment: [{crop: 4}, flip]", 4, false); /* up to one column is left */
    check("shape: [6, 5], normalize: none, augment: [{crop: 3}, flip]", 3, false);
    check("shape: [4, 2], augment: [{crop: 1}, flip]", 1, false);
}

/* Every shift is as likely as every other, and so are both sides. */
static void draws_are_even(void **state)
{
    enum { ROWS = 20000 };
    int shifts[9] = {0}, flips = 0;
    (void)state;
    dataset *d = dataset_made(PICTURES "shape: [3, 3], normalize: none, augment: [{crop: 1}, flip]");
    float *x = alloc_zero(ROWS * 9, sizeof *x);
    for (int i = 0; i < ROWS; i++) /* one lit pixel in the middle, and a fainter one to its right */
        x[i * 9 + 4] = 255, x[i * 9 + 5] = 7;
    random_stream r = random_open(5, "augmentation", "", 0);
    dataset_augment(d, &r, ROWS, x);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < 9; j++)
            if (x[i * 9 + j] == 255) {
                shifts[j]++;
                flips += j % 3 == 1 && x[i * 9 + j - 1] == 7;
            }
    for (int j = 0; j < 9; j++)
        assert_in_range(shifts[j], ROWS / 9 - 200, ROWS / 9 + 200);
    assert_in_range(flips, ROWS / 6 - 200, ROWS / 6 + 200);
    free(x);
    dataset_close(d);
}

static void none_is_asked_for(void **state)
{
    float x[2] = {1, 2};
    (void)state;
    dataset *d = dataset_made(PICTURES "shape: [2]");
    random_stream r = random_open(5, "augmentation", "", 0);
    dataset_augment(d, &r, 1, x);
    assert_true(x[0] == 1 && x[1] == 2 && r.drawn == 0);
    dataset_close(d);
}

static void refused(const char *data, const char *split, const char *words)
{
    struct scenario *s = scenario_made(data, split, NULL);
    dataset *d;
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), EXIT_SCENARIO);
    assert_null(d);
    assert_error(&e, EXIT_SCENARIO, words);
    scenario_free(s);
}

static void rows_that_cannot_be_augmented(void **state)
{
    (void)state;
    refused(
        "set: synthetic, augment: [flip], shape: [64]", "",
        "@/s.yaml:2:33: data.augment: found augmentations of rows of shape [64]; expected rows [C, H, W] or [H, W]");
    refused(
        "set: synthetic, augment: [flip], shape: [2, 2, 4, 4]", "",
        "@/s.yaml:2:33: data.augment: found augmentations of rows of shape [2, 2, 4, 4]; expected rows [C, H, W] or "
        "[H, W]");
    refused(
        "set: synthetic, augment: [flip]", "split: {by: permutation, tasks: 2}",
        "@/s.yaml:2:33: data.augment: found augmentations of permuted rows, whose values have no neighbours; expected "
        "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_raw_rows_normalised_afterwards),
        cmocka_unit_test(draws_are_even),
        cmocka_unit_test(none_is_asked_for),
        cmocka_unit_test(rows_that_cannot_be_augmented),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
