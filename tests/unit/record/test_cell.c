/* What a cell leaves: fields, exact files, and the way back. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "../check.h"
#include "base/alloc.h"
#include "base/file.h"
#include "fabricate.h"
#include "record/cell.h"
#include "record/record.h"

static const struct cell_identity identity = {"replay", 3, "abc123", NULL};

static char *folder_new(void)
{
    static char pattern[64];
    snprintf(pattern, sizeof pattern, "/tmp/perdure-record-XXXXXX");
    assert_non_null(mkdtemp(pattern));
    return pattern;
}

static void record_gone(const char *folder)
{
    error e = {0};
    assert_int_equal(record_remove(folder, true, &e), 0);
    assert_int_equal(rmdir(folder), 0); /* so nothing else was left */
}

static void result_has_the_fields_of_the_design(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    json_t *j = cell_json(&identity, r, 0.5);
    static const char *const fields[] = {"schema",
                                         "method",
                                         "seed",
                                         "status",
                                         "tasks",
                                         "class_names",
                                         "leaked_test_rows",
                                         "matrix",
                                         "counts",
                                         "metrics",
                                         "memories",
                                         "warnings",
                                         "steps",
                                         "steps_per_second",
                                         "seconds",
                                         "weights_sha256",
                                         "peak_memory_bytes",
                                         "plan_sha256",
                                         "engine"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_non_null(json_object_get(j, fields[i]));
    assert_null(json_object_get(j, "matrix_network")); /* only where a strategy predicts */
    assert_null(json_object_get(j, "metrics_network"));
    assert_null(json_object_get(j, "matrix_validation")); /* only where rows are held out */
    assert_string_equal(json_string_value(json_object_get(j, "schema")), "perdure.result/1");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "warnings"), "count")), 2);
    assert_true(json_number_value(json_object_get(json_object_get(j, "seconds"), "start")) == 0.75);
    assert_true(json_integer_value(json_object_get(j, "peak_memory_bytes")) > 100000);
    json_t *metrics_of = json_object_get(j, "metrics");
    assert_true(json_number_value(json_object_get(metrics_of, "acc.macro")) == (0.7 + 0.375) / 2);
    assert_true(json_is_null(json_object_get(metrics_of, "fwt.gem"))); /* R[0][2] was not measured */
    json_decref(j);
    cell_result_close(r);
}

static void what_was_measured_within_tasks(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    json_t *without = cell_json(&identity, r, 0);
    assert_null(json_object_get(without, "anytime"));
    assert_true(json_is_null(json_object_get(json_object_get(without, "metrics"), "acc.anytime")));
    r->anytime = curve_open(2);
    r->anytime_batches = 5;
    curve_add(r->anytime, (curve_point){10, 1, true});
    curve_set(r->anytime, 1, 9, 10);
    curve_add(r->anytime, (curve_point){15, 2, true});
    curve_set(r->anytime, 1, 7, 10);
    curve_set(r->anytime, 2, 3, 8);
    json_t *j = cell_json(&identity, r, 0);
    char *words = json_dumps(json_object_get(j, "anytime"), JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert_string_equal(words, "{\"every\":5,\"steps\":[10,15],\"tasks\":[1,2],\"ended\":[true,true],"
                               "\"accuracy\":[[0.9],[0.7,0.375]],\"counts\":[10,8],\"rows\":null}");
    const json_t *metrics_of = json_object_get(j, "metrics");
    assert_true(json_number_value(json_object_get(metrics_of, "min.delange")) == 0.7);
    free(words);
    json_decref(without);
    json_decref(j);
    cell_result_close(r);
}

static void what_is_kept_of_samples_is_told(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    r->memories = alloc_zero(1, sizeof *r->memories);
    r->memory_count = 1;
    r->memories[0] = (struct cell_memory){alloc_text("replay"), alloc_text("rows"), 500, 500 * 784};
    json_t *j = cell_json(&identity, r, 0), *kept = json_array_get(json_object_get(j, "memories"), 0);
    assert_string_equal(json_string_value(json_object_get(kept, "strategy")), "replay");
    assert_string_equal(json_string_value(json_object_get(kept, "name")), "rows");
    assert_int_equal(json_integer_value(json_object_get(kept, "rows")), 500);
    assert_int_equal(json_integer_value(json_object_get(kept, "bytes")), 392000);
    json_decref(j);
    cell_result_close(r);
}

/* Every metric of what is read back is the one that was written; what is damaged is none. */
static void accuracies_within_tasks_read_back(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    r->anytime = curve_open(3);
    for (int64_t i = 0; i < 30; i++) {
        curve_add(r->anytime, (curve_point){i + 1, i / 10 + 1, i % 10 == 9});
        for (int64_t j = 1; j <= i / 10 + 1; j++)
            curve_set(r->anytime, j, (i * 37 + j * 11) % 97, 97 + j);
    }
    json_t *j = cell_json(&identity, r, 0);
    text words = {0};
    record_json_text(j, &words);
    json_t *again = json_loads(words.at, 0, NULL);
    curve *back = record_curve(again);
    assert_non_null(back);
    assert_int_equal(back->count, 30);
    assert_memory_equal(back->right, r->anytime->right, 90 * sizeof *back->right);
    assert_memory_equal(back->rows, r->anytime->rows, 90 * sizeof *back->rows);
    for (int64_t i = 0; i < metric_count; i++)
        if (metrics[i].of_curve)
            assert_true(metric_value(&metrics[i], NULL, back) == metric_value(&metrics[i], NULL, r->anytime));
    static const char *const parts[] = {"steps", "tasks", "ended", "accuracy", "counts"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *damaged = json_deep_copy(again);
        json_array_remove(json_object_get(json_object_get(damaged, "anytime"), parts[i]), 0);
        assert_null(record_curve(damaged));
        json_decref(damaged);
    }
    json_object_del(again, "anytime");
    assert_null(record_curve(again));
    curve_close(back);
    text_free(&words);
    json_decref(again);
    json_decref(j);
    cell_result_close(r);
}

static void leaked_rows_are_a_warning(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    r->leaked = 5;
    json_t *j = cell_json(&identity, r, 0), *warnings = json_object_get(j, "warnings");
    json_t *check = json_array_get(json_object_get(warnings, "checks"), 0);
    assert_int_equal(json_integer_value(json_object_get(warnings, "count")), 3);
    assert_string_equal(json_string_value(json_object_get(check, "check")), "leaked_rows");
    assert_int_equal(json_integer_value(json_object_get(check, "count")), 5);
    json_decref(j);
    cell_result_close(r);
}

static void matrix_csv_is_exact(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    text csv = {0};
    cell_matrix_csv(r->accuracy, &csv);
    assert_string_equal(csv.at, "after,task_1,task_2\n0,0.1,\n1,0.9,0\n2,0.7,0.375\n");
    text_free(&csv);
    cell_result_close(r);
}

static void written_cell_reads_back(void **state)
{
    (void)state;
    error e = {0};
    cell_result *r = result_fabricate();
    r->network = matrix_open(2);
    matrix_set(r->network, 2, 1, 2, 10);
    matrix_set(r->network, 2, 2, 5, 8);
    r->validation = matrix_open(2);
    matrix_set(r->validation, 2, 2, 2, 3);
    char *folder = folder_new();
    json_t *j = NULL;
    assert_int_equal(cell_write(folder, &identity, r, 0, &e), 0);
    assert_int_equal(record_read(folder, &j, &e), 0);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "plan_sha256")), "abc123");
    matrix *back = record_matrix(j, "matrix"), *network = record_matrix(j, "matrix_network");
    matrix *held_out = record_matrix(j, "matrix_validation");
    assert_true(held_out->right[5] == 2 && held_out->count[5] == 3);
    assert_int_equal(json_array_size(json_object_get(j, "counts_validation")), 3);
    matrix_close(held_out);
    assert_memory_equal(back->right, r->accuracy->right, 6 * sizeof *back->right);
    assert_memory_equal(back->count, r->accuracy->count, 6 * sizeof *back->count);
    assert_true(matrix_at(network, 2, 2) == 0.625);
    assert_false(matrix_has(network, 1, 1));
    assert_true(json_number_value(json_object_get(json_object_get(j, "metrics_network"), "acc.macro")) == 0.4125);
    matrix_close(back);
    matrix_close(network);
    json_decref(j);
    record_gone(folder);
    cell_result_close(r);
}

/* 10,007 rows: every count of right answers must survive the way through a decimal fraction. */
static void right_answers_survive_decimals(void **state)
{
    (void)state;
    cell_result *r = result_fabricate();
    for (int64_t right = 0; right <= 10007; right += 13) {
        matrix_set(r->accuracy, 1, 1, right, 10007);
        json_t *j = cell_json(&identity, r, 0);
        text words = {0};
        record_json_text(j, &words);
        json_t *again = json_loads(words.at, 0, NULL);
        matrix *back = record_matrix(again, "matrix");
        assert_int_equal(back->right[2], right);
        matrix_close(back);
        json_decref(again);
        json_decref(j);
        text_free(&words);
    }
    cell_result_close(r);
}

static void no_result_is_no_error(void **state)
{
    (void)state;
    error e = {0};
    json_t *j = NULL;
    assert_int_equal(record_read("/nowhere/at/all", &j, &e), 0);
    assert_null(j);
    assert_int_equal(record_remove("/nowhere/at/all", true, &e), 0);
}

static void damaged_result_is_65(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "[]", "{\"schema\": \"perdure.result/2\"}", "{\"schema\": 1}", "null"};
    char *folder = folder_new(), path[128];
    snprintf(path, sizeof path, "%s/result.json", folder);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error e = {0};
        json_t *j = NULL;
        assert_int_equal(file_write(path, bad[i], strlen(bad[i]), &e), 0);
        assert_int_equal(record_read(folder, &j, &e), EXIT_DATA);
        assert_null(j);
        assert_non_null(strstr(e.text, "result.json"));
    }
    record_gone(folder);
}

static void damaged_matrix_is_null(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"matrix\": [[0.5]], \"counts\": [[2]]}", /* one row: no task at all */
        "{\"matrix\": [[0.5], [2.0]], \"counts\": [[2], [2]]}",
        "{\"matrix\": [[0.5], [\"x\"]], \"counts\": [[2], [2]]}",
        "{\"matrix\": [[0.5], [0.5]], \"counts\": [[2], [-2]]}",
        "{\"matrix\": [[0.5], [0.5, 1]], \"counts\": [[2], [2]]}",
        "{\"matrix\": [[0.5], [0.5]], \"counts\": [[2], [0]]}", /* an accuracy over no rows */
        "{\"matrix\": [[0.5], [0.5]], \"counts\": [[2]]}",
        "{\"matrix\": 3, \"counts\": 4}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *j = json_loads(bad[i], 0, NULL);
        assert_non_null(j);
        assert_null(record_matrix(j, "matrix"));
        json_decref(j);
    }
}

static void json_is_readable_and_exact(void **state)
{
    (void)state;
    json_t *j = json_pack("{s:f, s:f, s:i, s:[[f, n], []], s:{}, s:s}", "a", 0.915, "b", 1.0, "c", 7, "m", 0.1, "o",
                          "t", "q\"\n\xc3\xa9");
    text words = {0};
    record_json_text(j, &words);
    assert_string_equal(words.at,
                        "{\n  \"a\": 0.915,\n  \"b\": 1.0,\n  \"c\": 7,\n  \"m\": [\n    [0.1, null],\n    []\n  ],\n"
                        "  \"o\": {},\n  \"t\": \"q\\\"\\n\xc3\xa9\"\n}");
    text_free(&words);
    json_decref(j);
    static const double hard[] = {0.1 + 0.2, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789012345680.0};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        json_t *real = json_real(hard[i]);
        record_json_text(real, &words);
        json_t *back = json_loads(words.at, JSON_DECODE_ANY, NULL);
        assert_true(json_is_real(back));
        double value = json_real_value(back);
        assert_memory_equal(&value, &hard[i], sizeof value);
        json_decref(back);
        json_decref(real);
        text_free(&words);
    }
}

static void log_lines_are_exact(void **state)
{
    (void)state;
    error e = {0};
    record_log *l = NULL;
    char *folder = folder_new(), path[128], *bytes = NULL;
    size_t count = 0;
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    record_log_point(l, "loss", 1, 10, 0.25);
    record_log_point(l, "a\"b", 2, 20, NAN);
    record_log_point(l, "loss", 2, 21, INFINITY);
    record_log_point(l, "\xff", 2, 22, -INFINITY);
    assert_int_equal(record_log_close(l, &e), 0);
    assert_int_equal(file_read(path, 4096, &bytes, &count, &e), 0);
    assert_string_equal(bytes,
                        "{\"name\": \"loss\", \"task\": 1, \"step\": 10, \"value\": 0.25}\n"
                        "{\"name\": \"a\\\"b\", \"task\": 2, \"step\": 20, \"value\": null, \"not_finite\": \"nan\"}\n"
                        "{\"name\": \"loss\", \"task\": 2, \"step\": 21, \"value\": null, \"not_finite\": \"inf\"}\n"
                        "{\"name\": \"?\", \"task\": 2, \"step\": 22, \"value\": null, \"not_finite\": \"-inf\"}\n");
    free(bytes);
    record_gone(folder);
}

static void log_goes_on_where_it_was_placed(void **state)
{
    (void)state;
    error e = {0};
    record_log *l = NULL;
    char *folder = folder_new(), path[128], *bytes = NULL;
    size_t count = 0;
    int64_t place = 0, end = 0;
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    record_log_point(l, "a", 1, 1, 1);
    assert_int_equal(record_log_place(l, &place, &e), 0); /* what came so far is in the file */
    assert_int_equal(file_read(path, 4096, &bytes, &count, &e), 0);
    assert_int_equal(place, count);
    free(bytes);
    record_log_point(l, "lost", 1, 2, 2);
    assert_int_equal(record_log_close(l, &e), 0);
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    assert_int_equal(record_log_keep(l, place, &e), 0);
    record_log_point(l, "b", 1, 2, 3);
    assert_int_equal(record_log_place(l, &end, &e), 0);
    assert_int_equal(record_log_close(l, &e), 0);
    assert_int_equal(file_read(path, 4096, &bytes, &count, &e), 0);
    assert_string_equal(bytes, "{\"name\": \"a\", \"task\": 1, \"step\": 1, \"value\": 1}\n"
                               "{\"name\": \"b\", \"task\": 1, \"step\": 2, \"value\": 3}\n");
    free(bytes);
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    assert_int_equal(record_log_keep(l, end + 1, &e), EXIT_DATA);
    char *words = alloc_format("%s: found %lld bytes; expected at least %lld, as the checkpoint says", path,
                               (long long)end, (long long)end + 1);
    assert_string_equal(e.text, words);
    free(words);
    assert_int_equal(record_log_keep(l, 0, NULL), 0);
    assert_int_equal(record_log_close(l, NULL), 0);
    assert_int_equal(file_read(path, 4096, &bytes, &count, NULL), 0);
    assert_int_equal(count, 0);
    free(bytes);
    record_gone(folder);
}

/* A cell that goes on loses its result, and keeps what it needs. */
static void what_a_cell_needs_to_go_on_stays(void **state)
{
    (void)state;
    error e = {0};
    cell_result *r = result_fabricate();
    record_log *l = NULL;
    char *folder = folder_new(), inside[128];
    assert_int_equal(cell_write(folder, &identity, r, 0, &e), 0);
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    assert_int_equal(record_log_close(l, &e), 0);
    assert_int_equal(record_picture(folder, "a", &(picture){1, 1, 1, (const uint8_t *)"x"}, &e), 0);
    snprintf(inside, sizeof inside, "%s/checkpoints/step-00000001-in-task-1", folder);
    assert_int_equal(folder_make(inside, &e), 0);
    assert_int_equal(record_remove(folder, false, &e), 0);
    static const char *const gone[] = {"result.json", "matrix.csv", "weights.safetensors"};
    static const char *const kept[] = {"log.jsonl", "samples/a.png"};
    for (int i = 0; i < 5; i++) {
        char *path = alloc_format("%s/%s", folder, i < 3 ? gone[i] : kept[i - 3]);
        assert_int_equal(file_exists(path), i >= 3);
        free(path);
    }
    assert_true(folder_exists(inside));
    record_gone(folder);
    cell_result_close(r);
}

/* The disk that is always full. */
static void log_that_cannot_be_written_is_74(void **state)
{
    (void)state;
    error e = {0};
    record_log *l = NULL;
    char *folder = folder_new(), path[128];
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    if (symlink("/dev/full", path) != 0)
        skip();
    assert_int_equal(record_log_open(folder, &l, &e), 0);
    for (int64_t i = 0; i < 5000; i++) /* more than the buffer */
        record_log_point(l, "loss", 1, i, 0.5);
    assert_int_equal(record_log_close(l, &e), EXIT_IO);
    assert_non_null(strstr(e.text, "No space left"));
    record_gone(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_has_the_fields_of_the_design),
        cmocka_unit_test(what_was_measured_within_tasks),
        cmocka_unit_test(what_is_kept_of_samples_is_told),
        cmocka_unit_test(accuracies_within_tasks_read_back),
        cmocka_unit_test(leaked_rows_are_a_warning),
        cmocka_unit_test(matrix_csv_is_exact),
        cmocka_unit_test(written_cell_reads_back),
        cmocka_unit_test(right_answers_survive_decimals),
        cmocka_unit_test(no_result_is_no_error),
        cmocka_unit_test(damaged_result_is_65),
        cmocka_unit_test(damaged_matrix_is_null),
        cmocka_unit_test(json_is_readable_and_exact),
        cmocka_unit_test(log_lines_are_exact),
        cmocka_unit_test(log_goes_on_where_it_was_placed),
        cmocka_unit_test(what_a_cell_needs_to_go_on_stays),
        cmocka_unit_test(log_that_cannot_be_written_is_74),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
