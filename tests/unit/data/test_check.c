/* Good data that does not fit the scenario: batches that are too large, test rows that are trained on, sets by name that
 * are not whole. */
#include "fixture.h"

#include <time.h>

static int checked(const char *data, const char *set, dataset **d, error *e)
{
    struct scenario *s = scenario_made(data, "split: {tasks: 1}", set);
    error open = {0};
    if (dataset_open(s, d, &open))
        fail_msg("%s", open.text);
    int code = dataset_check(s, *d, e);
    scenario_free(s);
    return code;
}

static void refused(const char *data, const char *set, int code, const char *words)
{
    dataset *d;
    error e = {0};
    assert_int_equal(checked(data, set, &d, &e), code);
    assert_error(&e, code, words);
    dataset_close(d);
}

/* ---- batches ---- */

static void batches_of_more_rows_than_there_are(void **state)
{
    dataset *d;
    error e = {0};
    (void)state;
    const char *made = "set: synthetic, train_rows: 50, test_rows: 20";
    assert_int_equal(checked(made, "training.batch=50", &d, &e), 0);
    dataset_close(d);
    refused(made, "training.batch=51", EXIT_SCENARIO,
            "--set training.batch: found 51; expected at most 50, the training rows of synthetic");
    assert_int_equal(checked(made, NULL, &d, &e), 0); /* the default of 128 was not asked for */
    dataset_close(d);
    refused(
        made, "methods=[{name: a, set: {training.batch: 10}}, {name: b, set: {training.batch: 60}}]", EXIT_SCENARIO,
        "--set methods: methods[1].set: found training.batch: 60; expected at most 50, the training rows of synthetic");
    assert_int_equal(checked(made, "methods=[{name: a, set: {training.batch: 10}}]", &d, &e), 0);
    dataset_close(d);
}

/* ---- leakage ---- */

/* Training rows 0 to 999, one a class of two, and test rows from `first` on. */
static void lay_rows(int test_rows, int first)
{
    char *words = alloc_zero(1 << 16, 1);
    size_t n = 0;
    for (int i = 0; i < 1000; i++)
        n += (size_t)snprintf(words + n, (1 << 16) - n, "%d,7,%d\n", i, i % 2);
    lay_text("train.csv", words);
    n = 0;
    for (int i = first; i < first + test_rows; i++)
        n += (size_t)snprintf(words + n, (1 << 16) - n, "%d,7,%d\n", i, (i + 1) % 2); /* of another label */
    lay_text("test.csv", words);
    free(words);
}

#define FILES "set: csv, train: '@/train.csv', test: '@/test.csv'"

static void test_rows_that_are_trained_on(void **state)
{
    dataset *d;
    error e = {0};
    (void)state;
    lay_rows(400, 1000);
    assert_int_equal(checked(FILES, NULL, &d, &e), 0);
    assert_true(d->leak.count == 0 && !d->warnings.at);
    dataset_close(d);
    lay_rows(400, 996);
    assert_int_equal(checked(FILES, NULL, &d, &e), 0); /* 1 %: a warning */
    assert_true(d->leak.count == 4 && d->leak.test_row == 0 && d->leak.train_row == 996);
    assert_non_null(strstr(d->warnings.at,
                           "test.csv: found 4 test rows that are training rows too (test row 0 is training "
                           "row 996); results are a little better than they should be\n"));
    dataset_close(d);
    lay_rows(400, 995);
    refused(FILES, NULL, EXIT_DATA,
            "@/test.csv: found 5 test rows that are training rows too (test row 0 is training row 995); expected none");
    e = (error){0};
    assert_int_equal(checked(FILES, NULL, &d, &e), EXIT_DATA);
    assert_string_equal(e.hint,
                        "rows count from 0 and are compared without their labels; up to 1 % of the test rows (4) "
                        "would be a warning");
    dataset_close(d);
    lay_rows(20, 999);
    refused(FILES, NULL, EXIT_DATA,
            "@/test.csv: found 1 test row that is a training row too (test row 0 is training row 999); expected none");
}

/* Whatever the bytes: all rows alike, a value of difference at any place, floats. */
static void rows_are_compared_whole(void **state)
{
    data_leak leak;
    error e = {0};
    (void)state;
    for (int64_t width = 1; width < 40; width++) {
        uint8_t train[3 * 40] = {0}, test[40 * 40] = {0};
        dataset d = {.train = {.count = 3, .width = width, .bytes = train},
                     .test = {.count = width, .width = width, .bytes = test}};
        for (int64_t i = 0; i < width; i++)
            test[i * width + i] = 1;
        assert_int_equal(dataset_leak(&d, &leak, &e), 0);
        assert_int_equal(leak.count, 0);
        test[(width - 1) * width + width - 1] = 0;
        assert_int_equal(dataset_leak(&d, &leak, &e), 0);
        assert_true(leak.count == 1 && leak.test_row == width - 1 && leak.train_row == 0);
    }
    float train[] = {1, 2, 3, 4}, test[] = {1, 2.5f, 3, 4};
    dataset d = {.train = {.count = 2, .width = 2, .reals = train}, .test = {.count = 2, .width = 2, .reals = test}};
    assert_int_equal(dataset_leak(&d, &leak, &e), 0);
    assert_true(leak.count == 1 && leak.test_row == 1 && leak.train_row == 1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* As large as MNIST, and then with nothing but equal rows, where a table could degenerate. */
static void a_glance_is_enough(void **state)
{
    data_leak leak;
    error e = {0};
    (void)state;
    dataset *d = dataset_made("set: synthetic, train_rows: 60000, test_rows: 10000");
    double start = seconds();
    assert_int_equal(dataset_leak(d, &leak, &e), 0);
    print_message("60000 and 10000 rows of 784 bytes: %.3f s\n", seconds() - start);
    assert_int_equal(leak.count, 0);
    memset(d->train.bytes, 1, 60000 * 784);
    memset(d->test.bytes, 1, 10000 * 784);
    start = seconds();
    assert_int_equal(dataset_leak(d, &leak, &e), 0);
    assert_int_equal(leak.count, 10000);
    assert_true(seconds() - start < 5); /* 0.02 s; quadratic it would be minutes */
    dataset_close(d);
}

/* ---- sets by name ---- */

static void sets_that_are_not_whole(void **state)
{
    dataset *d;
    error e = {0};
    (void)state;
    assert_int_equal(mkdir(in("mnist"), 0700), 0);
    uint8_t images[16 + 20 * 4] = {0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 2},
                             labels[8 + 20] = {0, 0, 8, 1, 0, 0, 0, 20};
    for (int i = 0; i < 20; i++) {
        labels[8 + i] = (uint8_t)(i % 10);
        images[16 + i * 4] = (uint8_t)(i + 1);
    }
    lay("mnist/train-images-idx3-ubyte", images, sizeof images);
    lay("mnist/train-labels-idx1-ubyte", labels, sizeof labels);
    for (int i = 0; i < 20; i++)
        images[16 + i * 4 + 1] = 9;
    lay("mnist/t10k-images-idx3-ubyte", images, sizeof images);
    lay("mnist/t10k-labels-idx1-ubyte", labels, sizeof labels);
    assert_int_equal(checked("set: mnist, root: '@'", "training.batch=4", &d, &e), 0);
    assert_string_equal(d->warnings.at, "mnist: found 20 training and 20 test rows; expected 60000 and 10000\n");
    dataset_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_of_more_rows_than_there_are),
        cmocka_unit_test(test_rows_that_are_trained_on),
        cmocka_unit_test(rows_are_compared_whole),
        cmocka_unit_test(a_glance_is_enough),
        cmocka_unit_test(sets_that_are_not_whole),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
