/* The set that is made: balanced, the same always and everywhere, and as hard as it says. */
#include "fixture.h"

static void rows_and_classes(void **state)
{
    (void)state;
    dataset *d = dataset_made("set: synthetic, classes: 4, train_rows: 30, test_rows: 9, shape: [3, 5, 7]");
    assert_true(d->train.count == 30 && d->test.count == 9 && d->class_count == 4 && d->train.width == 105);
    assert_true(d->rank == 3 && d->shape[0] == 3 && d->shape[2] == 7 && d->channels == 3 && d->maximum == 255);
    assert_int_equal(d->file_count, 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(d->train.label[i], i % 4);
    for (int i = 0; i < 9; i++)
        assert_int_equal(d->test.label[i], i % 4);
    assert_memory_not_equal(d->train.bytes, d->test.bytes, 105);
    dataset_close(d);
}

/* The bytes are a promise: results of one machine are compared with those of another. */
static void the_same_bytes_always(void **state)
{
    char digest[SHA256_HEX];
    (void)state;
    dataset *d = dataset_made("set: synthetic, classes: 4, train_rows: 30, test_rows: 9, shape: [3, 5, 7]");
    dataset *more = dataset_made("set: synthetic, classes: 4, train_rows: 50, test_rows: 20, shape: [3, 5, 7]");
    assert_memory_equal(d->train.bytes, more->train.bytes, 30 * 105);
    assert_memory_equal(d->test.bytes, more->test.bytes, 9 * 105);
    dataset_digest(d, digest);
    assert_string_equal(digest, "67f80cc2d6373cb872552496fdd6eaa9df9674360c02ede6bfb060f74a2706dd");
    dataset_close(d);
    dataset_close(more);
}

/* A linear model without training: scores of the class means. Its share of right answers on the test rows. */
static double means_right(const dataset *d)
{
    int64_t width = d->train.width, right = 0;
    double *mean = alloc_zero((size_t)(d->class_count * width), sizeof *mean);
    for (int64_t i = 0; i < d->train.count; i++)
        for (int64_t j = 0; j < width; j++)
            mean[d->train.label[i] * width + j] += d->train.bytes[i * width + j];
    for (int64_t j = 0; j < d->class_count * width; j++)
        mean[j] /= (double)d->train.count / (double)d->class_count;
    for (int64_t i = 0; i < d->test.count; i++) {
        int64_t best = 0;
        double least = HUGE_VAL;
        for (int64_t c = 0; c < d->class_count; c++) {
            double distance = 0;
            for (int64_t j = 0; j < width; j++)
                distance += pow(d->test.bytes[i * width + j] - mean[c * width + j], 2);
            best = distance < least ? c : best;
            least = distance < least ? distance : least;
        }
        right += best == d->test.label[i];
    }
    free(mean);
    return (double)right / (double)d->test.count;
}

static void learned_well_and_not_perfectly(void **state)
{
    static const char *const sets[] = {"set: synthetic", "set: synthetic, shape: [3, 32, 32], classes: 100",
                                       "set: synthetic, shape: [64], classes: 2", "set: synthetic, shape: [8, 8]"};
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        dataset *d = dataset_made(sets[i]);
        double right = means_right(d);
        if (!(right > 0.90 && right < 0.99))
            fail_msg("%s: a linear model has %.4f right", sets[i], right);
        dataset_close(d);
    }
}

static void refused(const char *set, const char *words)
{
    struct scenario *s = scenario_made("set: synthetic", "", set);
    dataset *d;
    error e = {0};
    assert_int_equal(dataset_open(s, &d, &e), EXIT_SCENARIO);
    assert_error(&e, EXIT_SCENARIO, words);
    scenario_free(s);
}

static void what_cannot_be_made(void **state)
{
    (void)state;
    refused("data.train_rows=9", "--set data.train_rows: found 9 rows; expected at least 10, one a class");
    refused("data.shape=[1, 2, 3, 4, 5]", "--set data.shape: found 5 dimensions; expected 1 to 4");
    refused("data.shape=[1000000, 1000000, 1000000]",
            "--set data.shape: found 7000 rows of that shape; expected at most 64 GiB in all");
    error e = {0};
    assert_int_equal(data_fetch(set_named("synthetic"), in("a"), in("b"), &e), EXIT_UNAVAILABLE);
    assert_error(&e, EXIT_UNAVAILABLE, "synthetic: found no files to fetch; expected none, as it is made and not read");
    assert_true(data_at_hand(set_named("synthetic"), in("nowhere")));
    dataset *one = dataset_made("set: synthetic, classes: 1, train_rows: 3, test_rows: 1, shape: [2]");
    assert_int_equal(one->class_count, 1);
    dataset_close(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_classes),
        cmocka_unit_test(the_same_bytes_always),
        cmocka_unit_test(learned_well_and_not_perfectly),
        cmocka_unit_test(what_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
