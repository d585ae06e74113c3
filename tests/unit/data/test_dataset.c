/* The sets and how their values are normalised. MNIST is read where PERDURE_DATA has it. */
#include "fixture.h"

static double at(const dataset *d, const data_rows *r, int64_t row, int64_t value)
{
    float *x = calloc((size_t)r->width, sizeof *x);
    dataset_gather(d, r, &row, 1, x);
    double v = x[value];
    free(x);
    return v;
}

/* Mean and SD of the normalised training rows of one channel. */
static void moments(const dataset *d, int64_t channel, double *mean, double *sd)
{
    int64_t n = d->train.count, width = d->train.width, part = width / d->channels;
    float *x = calloc((size_t)(n * width), sizeof *x);
    double sum = 0, squares = 0, count = (double)(n * part);
    dataset_gather(d, &d->train, NULL, n, x);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < part; j++)
            sum += x[i * width + channel * part + j];
    *mean = sum / count;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < part; j++)
            squares += pow(x[i * width + channel * part + j] - *mean, 2);
    *sd = sqrt(squares / count);
    free(x);
}

#define CLOSE(found, wanted, tolerance) assert_true(fabs((found) - (wanted)) <= (tolerance))

/* The sets that come with a promise have no test row among their training rows. */
static void assert_apart(const dataset *d)
{
    data_leak leak;
    error e = {0};
    assert_int_equal(dataset_leak(d, &leak, &e), 0);
    assert_int_equal(leak.count, 0);
}

/* ---- digits ---- */

/* The shipped file, wherever the program was built. */
static const char *digits_root(void)
{
    const char *tree = getenv("PERDURE_SOURCE_DIR");
    char command[512];
    snprintf(command, sizeof command, "mkdir -p '%s/digits' && cp '%s/examples/data/digits.csv.gz' '%s/digits/'",
             fixture_folder, tree ? tree : ".", fixture_folder);
    assert_int_equal(system(command), 0);
    return fixture_folder;
}

static void digits_have_their_rows_and_rule(void **state)
{
    data_rows all;
    error e = {0};
    (void)state;
    digits_root();
    dataset *d = dataset_made("set: digits, root: '@', normalize: unit");
    assert_true(d->train.count == 1438 && d->test.count == 359 && d->class_count == 10);
    assert_true(d->rank == 3 && d->shape[0] == 1 && d->shape[1] == 8 && d->shape[2] == 8);
    assert_true(d->maximum == 16 && d->channels == 1);
    assert_string_equal(d->files[0].path, in("digits/digits.csv.gz"));
    assert_int_equal(csv_read(in("digits/digits.csv"), &(csv_form){0}, &all, &e), 0);
    int64_t train = 0, test = 0;
    for (int64_t i = 0; i < all.count; i++) {
        const data_rows *to = i % 5 == 4 ? &d->test : &d->train;
        int64_t n = i % 5 == 4 ? test++ : train++;
        assert_int_equal(to->label[n], all.label[i]);
        assert_memory_equal(to->bytes + n * 64, all.bytes + i * 64, 64);
    }
    for (int64_t i = 0; i < 64; i++)
        CLOSE(at(d, &d->test, 7, i), d->test.bytes[7 * 64 + i] / 16.0, 1e-6);
    assert_apart(d);
    rows_close(&all);
    dataset_close(d);
}

static void digits_normalised(void **state)
{
    double mean, sd;
    (void)state;
    digits_root();
    dataset *d = dataset_made("set: digits, root: '@', normalize: none");
    assert_true(at(d, &d->train, 3, 20) == d->train.bytes[3 * 64 + 20]);
    dataset_close(d);
    d = dataset_made("set: digits, root: '@', normalize: standard");
    moments(d, 0, &mean, &sd);
    CLOSE(mean, 0, 1e-5);
    CLOSE(sd, 1, 1e-5);
    dataset_close(d);
    d = dataset_made("set: digits, root: '@', normalize: {mean: [0.25], std: [0.5]}");
    CLOSE(at(d, &d->train, 3, 20), (d->train.bytes[3 * 64 + 20] / 16.0 - 0.25) / 0.5, 1e-6);
    dataset_close(d);
}

static void digits_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("other"), 0700), 0);
    assert_int_equal(mkdir(in("other/digits"), 0700), 0);
    lay_text("other/digits/digits.csv", "1,2,0\n");
    dataset_refused("set: digits, root: '@/other'", EXIT_DATA,
                    "@/other/digits/digits.csv: found 2 values a row; expected 64");
    dataset_refused(
        "set: mnist, root: '@/other'", EXIT_NO_INPUT,
        "@/other/mnist/train-images-idx3-ubyte[.gz]: found no such file; expected the files of mnist in @/other/mnist");
}

/* ---- other data ---- */

/* Two channels of unlike scale, far from 0: each gets a map of its own, and squares do not swallow the spread. */
static void channels_are_normalised_each(void **state)
{
    char words[4096];
    size_t n = 0;
    double mean, sd;
    (void)state;
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(words + n, sizeof words - n, "%.2f,1000.5,%d,%d,%d\n", 1000 + i % 4 * 0.25, i % 7 - 3,
                              i % 3, i % 2);
    lay_text("c.csv", words);
    const char *standard = "set: csv, train: '@/c.csv', test_every: 5, shape: [2, 1, 2], normalize: standard";
    dataset *d = dataset_made(standard);
    assert_int_equal(d->channels, 2);
    for (int64_t c = 0; c < 2; c++) {
        moments(d, c, &mean, &sd);
        CLOSE(mean, 0, 1e-3);
        CLOSE(sd, 1, 1e-3);
    }
    dataset_close(d);
    d = dataset_made(
        "set: csv, train: '@/c.csv', test_every: 5, shape: [2, 1, 2], normalize: {mean: [0.1, 0.2], std: [2, 4]}");
    CLOSE(d->maximum, 1000.75 + 3, 1e-9);
    CLOSE(at(d, &d->train, 1, 0), (d->train.reals[4] - 0.1) / 2, 1e-3); /* in the data's own units */
    CLOSE(at(d, &d->train, 1, 2), (d->train.reals[6] - 0.2) / 4, 1e-5);
    dataset_close(d);
    d = dataset_made("set: csv, train: '@/c.csv', test_every: 5");
    CLOSE(at(d, &d->train, 3, 0), 1, 1e-5); /* unit: least and greatest of the training rows are 0 and 1 */
    CLOSE(at(d, &d->train, 0, 2), 0, 1e-5);
    dataset_close(d);
}

/* Small whole numbers are kept as bytes, which changes no unit: only the forms of bytes have 255 for 1. */
static void given_moments_are_in_units_that_can_be_known(void **state)
{
    (void)state;
    lay_text("w.csv", "5,7,0\n9,200,0\n5,7,0\n");
    dataset *d = dataset_made("set: csv, train: '@/w.csv', test_every: 3, normalize: {mean: [4], std: [2]}");
    assert_non_null(d->train.bytes);
    CLOSE(at(d, &d->train, 1, 1), (200 - 4) / 2.0, 1e-5);
    dataset_close(d);
    d = dataset_made("set: synthetic, normalize: {mean: [0.25], std: [0.5]}");
    CLOSE(at(d, &d->train, 3, 20), (d->train.bytes[3 * 784 + 20] / 255.0 - 0.25) / 0.5, 1e-5);
    dataset_close(d);
}

static void normalisations_that_cannot_be(void **state)
{
    (void)state;
    lay_text("e.csv", "5,5,0\n5,5,0\n5,5,0\n");
    dataset_refused("set: csv, train: '@/e.csv', test_every: 3, normalize: standard", EXIT_DATA,
                    "csv: found equal values in all training rows; expected some spread to normalise by");
    dataset *d = dataset_made("set: csv, train: '@/e.csv', test_every: 3, normalize: unit");
    assert_true(at(d, &d->train, 0, 0) == 0); /* no division by a range of 0 */
    dataset_close(d);
    struct scenario *s = scenario_made("set: csv, train: '@/e.csv', test_every: 3", "",
                                       "data.normalize={mean: [1, 2, 3], std: [1, 1, 1]}");
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), EXIT_SCENARIO);
    assert_error(&e, EXIT_SCENARIO, "--set data.normalize: found 3 means; expected 1, one a channel");
    scenario_free(s);
}

/* ---- MNIST ---- */

/* 0: at hand; 77, which CTest takes as skipped, or with PERDURE_CI=1 a failure: not. */
static int mnist_at_hand(void)
{
    const char *root = getenv("PERDURE_DATA"), *ci = getenv("PERDURE_CI");
    if (root && data_at_hand(set_named("mnist"), root))
        return 0;
    printf("mnist is not at hand; set PERDURE_DATA to the folder that holds mnist/\n");
    return ci && !strcmp(ci, "1") ? 1 : 77;
}

static void mnist_has_its_moments(void **state)
{
    (void)state;
    dataset *d = dataset_made("set: mnist, normalize: standard");
    assert_true(d->train.count == 60000 && d->test.count == 10000 && d->class_count == 10 && d->maximum == 255);
    assert_apart(d);
    double sd = 1 / (255.0 * d->scale), mean = -d->shift * sd;
    CLOSE(mean, 0.1307, 5e-5);
    CLOSE(sd, 0.3081, 5e-5);
    moments(d, 0, &mean, &sd);
    CLOSE(mean, 0, 1e-5);
    CLOSE(sd, 1, 1e-5);
    dataset_close(d);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_have_their_rows_and_rule),
        cmocka_unit_test(digits_normalised),
        cmocka_unit_test(digits_that_are_none),
        cmocka_unit_test(channels_are_normalised_each),
        cmocka_unit_test(given_moments_are_in_units_that_can_be_known),
        cmocka_unit_test(normalisations_that_cannot_be),
    };
    const struct CMUnitTest mnist[] = {cmocka_unit_test(mnist_has_its_moments)};
    bool only =
        count > 1 && !strcmp(arguments[1], "mnist"); /* a CTest of its own, so that only it is told as skipped */
    int absent = only ? mnist_at_hand() : 0;
    if (only)
        return absent ? absent : cmocka_run_group_tests(mnist, fixture_begin, fixture_end);
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
