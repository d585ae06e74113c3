/* CSV files: what is read, and every fault with its line and column. */
#include "fixture.h"

static data_rows good(const char *bytes, csv_form form)
{
    data_rows rows;
    error e = {0};
    if (csv_read(lay_text("a.csv", bytes), &form, &rows, &e))
        fail_msg("%s", e.text);
    return rows;
}

static void refused_bytes(const char *bytes, size_t count, csv_form form, const char *words)
{
    data_rows rows;
    error e = {0};
    lay("a.csv", bytes, count);
    assert_int_equal(csv_read(in("a.csv"), &form, &rows, &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, words);
    assert_null(rows.reals);
    assert_null(rows.label);
}

static void refused(const char *bytes, const char *words) { refused_bytes(bytes, strlen(bytes), (csv_form){0}, words); }

static const csv_form last = {false, false}, first = {true, false}, headed = {false, true};

static void assert_bytes(data_rows rows, int64_t count, int64_t width, const uint8_t *bytes, const int32_t *label)
{
    assert_true(rows.count == count && rows.width == width);
    assert_null(rows.reals);
    assert_memory_equal(rows.bytes, bytes, (size_t)(count * width));
    assert_memory_equal(rows.label, label, (size_t)count * sizeof *label);
    rows_close(&rows);
}

static void whole_numbers_stay_bytes(void **state)
{
    const uint8_t bytes[] = {0, 255, 7, 16};
    const int32_t label[] = {3, 1};
    (void)state;
    assert_bytes(good("0,255,3\n7,16,1\n", last), 2, 2, bytes, label);
    assert_bytes(good("0,255,3\n7,16,1", last), 2, 2, bytes, label); /* the last line without its end */
    assert_bytes(good("0,255,3\r\n7,16,1\r\n", last), 2, 2, bytes, label);
    assert_bytes(good("0,255,3\r\n7,16,1\r", last), 2, 2, bytes, label);
    assert_bytes(good("3,0,255\n1,7,16\n", first), 2, 2, bytes, label);
    assert_bytes(good("a,b,\"c\"\n0,255,3\n7,16,1\n", headed), 2, 2, bytes, label);
    assert_bytes(good("\xef\xbb\xbf"
                      "0,255,3\n7,16,1\n",
                      last),
                 2, 2, bytes, label);
    assert_bytes(good(" 0 ,2.55e2,3\n7.0, 16,1.0\n", last), 2, 2, bytes, label);
}

static void packed_files_are_the_same(void **state)
{
    data_rows rows;
    error e = {0};
    (void)state;
    lay_packed("p.csv.gz", "1,2,0\n3,4,1\n", 12, "wb");
    assert_int_equal(csv_read(in("p.csv"), &last, &rows, &e), 0);
    assert_bytes(rows, 2, 2, (uint8_t[]){1, 2, 3, 4}, (int32_t[]){0, 1});
}

static void other_numbers_are_reals(void **state)
{
    (void)state;
    const struct {
        const char *text;
        float values[2];
    } cases[] = {{"0.5,1,0\n", {0.5f, 1}},
                 {"-1,1,0\n", {-1, 1}},
                 {"256,1,0\n", {256, 1}},
                 {"1e-3,+2.5E1,0\n", {1e-3f, 25}},
                 {"1234567890,.5,0", {1234567890.f, .5f}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        data_rows rows = good(cases[i].text, last);
        assert_null(rows.bytes);
        assert_memory_equal(rows.reals, cases[i].values, sizeof cases[i].values);
        rows_close(&rows);
    }
}

/* Longer than any buffer that is read at once. */
static void long_files_and_lines(void **state)
{
    size_t n = 0, room = (size_t)400 << 10;
    char *bytes = malloc(room);
    (void)state;
    for (int i = 0; n < room - 64; i++)
        n += (size_t)sprintf(bytes + n, "%d,%d,%d\n", i % 256, i % 100, i % 10);
    lay("long.csv", bytes, n);
    data_rows rows;
    error e = {0};
    assert_int_equal(csv_read(in("long.csv"), &last, &rows, &e), 0);
    for (int64_t i = 0; i < rows.count; i++)
        assert_true(rows.bytes[2 * i] == i % 256 && rows.bytes[2 * i + 1] == i % 100 && rows.label[i] == i % 10);
    rows_close(&rows);
    for (n = 0; n < room - 2; n += 2)
        memcpy(bytes + n, "1,", 2);
    bytes[n++] = '0';
    lay("wide.csv", bytes, n);
    assert_int_equal(csv_read(in("wide.csv"), &last, &rows, &e), 0);
    assert_true(rows.count == 1 && rows.width == (int64_t)n / 2);
    rows_close(&rows);
    free(bytes);
}

static void bad_values(void **state)
{
    (void)state;
    refused("1,2,0\n1,nan,0\n", "@/a.csv:2:2: found nan; expected a finite number");
    refused("inf,2,0\n", "@/a.csv:1:1: found inf; expected a finite number");
    refused("1e39,2,0\n", "@/a.csv:1:1: found 1e39; expected a finite number");
    refused("1,abc,0\n", "@/a.csv:1:2: found abc; expected a finite number");
    refused("1,0x10,0\n", "@/a.csv:1:2: found 0x10; expected a finite number");
    refused("1,2 3,0\n", "@/a.csv:1:2: found 2 3; expected a finite number");
    refused("1,,0\n", "@/a.csv:1:2: found nothing; expected a finite number");
    refused("1,2,\n3,4,5\n", "@/a.csv:1:3: found nothing; expected a finite number"); /* not the next line's 3 */
    refused("1;2;0,1\n", "@/a.csv:1:1: found 1;2;0; expected a finite number");
    refused("1,2,0\n1,\x1b[31m,0\n", "@/a.csv:2:2: found \\x1B[31m; expected a finite number");
    refused("1,2,0\n1,2\r3,0\n", "@/a.csv:2:2: found 2\\x0D3; expected a finite number");
}

static void bad_labels(void **state)
{
    (void)state;
    refused("1,2,0\n1,2,-1\n", "@/a.csv:2:3: found -1; expected a class: a whole number from 0");
    refused("1,2,0.5\n", "@/a.csv:1:3: found 0.5; expected a class: a whole number from 0");
    refused("1,2,9999999999\n", "@/a.csv:1:3: found 9999999999; expected a class: a whole number from 0");
    refused("1,2,cat\n", "@/a.csv:1:3: found cat; expected a finite number");
    refused_bytes("-1,2\n", 5, first, "@/a.csv:1:1: found -1; expected a class: a whole number from 0");
}

static void bad_rows(void **state)
{
    (void)state;
    refused("1,2,0\n1,0\n", "@/a.csv:2:2: found 2 columns; expected 3, as in the first row");
    refused("1,2,0\n1,2,3.5,0\n", "@/a.csv:2:4: found 4 columns; expected 3, as in the first row");
    refused("1,2,0\n\n1,2,0\n", "@/a.csv:2:1: found 1 column; expected 3, as in the first row");
    refused("1\n2\n", "@/a.csv:1:1: found 1 column; expected values and a label, parted by commas");
    refused("", "@/a.csv: found no rows; expected at least one");
    refused_bytes("a,b\n", 4, headed, "@/a.csv: found no rows; expected at least one");
    refused_bytes("a,b,c\n1,2,x\n", 12, headed, "@/a.csv:2:3: found x; expected a finite number");
    refused_bytes("1,2,0\n1,\0,0\n", 12, last, "@/a.csv:2:2: found a NUL byte; expected text");
}

static void no_files_and_bombs(void **state)
{
    static char zeros[1 << 20];
    data_rows rows;
    error e = {0};
    (void)state;
    assert_int_equal(csv_read(in("none.csv"), &last, &rows, &e), EXIT_NO_INPUT);
    assert_error(&e, EXIT_NO_INPUT, "@/none.csv: found no such file, packed (.gz) or not; expected a data file");
    e.code = 0;
    assert_int_equal(mkfifo(in("pipe"), 0600), 0);
    assert_int_equal(csv_read(in("pipe"), &last, &rows, &e), EXIT_NO_INPUT);
    memset(zeros, '1', sizeof zeros); /* one line without an end */
    for (int i = 0; i < 40; i++)
        lay_packed("bomb.csv.gz", zeros, sizeof zeros, "ab9");
    e.code = 0;
    assert_int_equal(csv_read(in("bomb.csv"), &last, &rows, &e), EXIT_DATA);
    assert_error(&e, EXIT_DATA, "@/bomb.csv.gz: found a line of more than 16777216 bytes; expected shorter ones");
}

/* ---- the rows as a data set ---- */

static void two_files_must_agree(void **state)
{
    (void)state;
    lay_text("train.csv", "1,2,0\n3,4,1\n");
    lay_text("test.csv", "1,2,3,0\n");
    const char *both = "set: csv, train: '@/train.csv', test: '@/test.csv'";
    dataset_refused(both, EXIT_DATA, "@/test.csv: found 3 values a row; expected 2, as in @/train.csv");
    lay_text("test.csv", "1.5,2,0\n");
    dataset *d = dataset_made(both);
    assert_true(!d->train.bytes && d->train.reals && d->test.reals && d->train.reals[3] == 4 && d->file_count == 2);
    dataset_close(d);
    lay_text("test.csv", "1,2,5\n");
    dataset_refused(both, EXIT_DATA,
                    "csv: found label 5 in test row 0; expected 0 to 1, the classes of its training rows");
    lay_text("train.csv", "1,2,1\n3,4,2\n");
    lay_text("test.csv", "1,2,1\n");
    dataset_refused(both, EXIT_DATA, "csv: found no training row of class 0; expected some of every class from 0 to 2");
}

static void shapes_must_fit(void **state)
{
    (void)state;
    lay_text("train.csv", "1,2,3,4,5,6,0\n1,2,3,4,5,7,0\n");
    dataset *d = dataset_made("set: csv, train: '@/train.csv', test_every: 2, shape: [3, 1, 2]");
    assert_true(d->rank == 3 && d->channels == 3 && d->shape[0] == 3 && d->shape[1] == 1 && d->shape[2] == 2);
    assert_true(d->train.count == 1 && d->test.count == 1);
    dataset_close(d);
    dataset_refused(
        "set: csv, train: '@/train.csv', test_every: 2, shape: [3, 3]", EXIT_SCENARIO,
        "@/s.yaml:2:85: data.shape: found 9 values; expected 6, the columns of @/train.csv without the label");
    dataset_refused("set: csv, train: '@/train.csv', test_every: 2, shape: [1, 1, 1, 1, 6]", EXIT_SCENARIO,
                    "@/s.yaml:2:85: data.shape: found 5 dimensions; expected at most 4");
}

static void no_test_rows(void **state)
{
    (void)state;
    lay_text("train.csv", "1,2,0\n");
    dataset_refused("set: csv, train: '@/train.csv', test_every: 2", EXIT_DATA,
                    "csv: found no test rows; expected at least one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_stay_bytes),
        cmocka_unit_test(packed_files_are_the_same),
        cmocka_unit_test(other_numbers_are_reals),
        cmocka_unit_test(long_files_and_lines),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(bad_labels),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(no_files_and_bombs),
        cmocka_unit_test(two_files_must_agree),
        cmocka_unit_test(shapes_must_fit),
        cmocka_unit_test(no_test_rows),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
