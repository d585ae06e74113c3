/* summary.json out of several results; what progress says; the lock. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "run/lock.h"
#include "run/progress.h"
#include "run/summary.h"

static json_t *result_of(int seed, double accuracy, double seconds, long long memory)
{
    return json_pack("{s:i, s:{s:f, s:n}, s:f, s:{s:f, s:f}, s:I}", "seed", seed, "metrics", "acc.macro", accuracy,
                     "bwt.gem", "steps_per_second", 100.0 * (seed + 1), "seconds", "train", seconds, "evaluate", 1.0,
                     "peak_memory_bytes", (json_int_t)memory);
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void summary_of_three_seeds(void **state)
{
    (void)state;
    static const char *const names[] = {"acc.macro", "bwt.gem"};
    struct summary_head head = {"x", "class-il", "task-agnostic", "sem", names, 2};
    json_t *results[3] = {result_of(0, 0.8, 2, 100), result_of(1, 0.9, 4, 300), result_of(5, 1.0, 6, 200)};
    json_t *summary = summary_begin(&head);
    summary_method(summary, &head, "replay", results, 3);
    summary_method(summary, &head, "broken", NULL, 0);
    summary_failed(summary, "broken", 1, "was killed by SIGSEGV");
    const json_t *row = json_array_get(json_object_get(summary, "methods"), 0);
    const json_t *accuracy = json_object_get(json_object_get(row, "metrics"), "acc.macro");
    assert_string_equal(json_string_value(json_object_get(summary, "schema")), "perdure.summary/1");
    assert_true(fabs(number(accuracy, "mean") - 0.9) < 1e-12);
    assert_true(fabs(number(accuracy, "sd") - 0.1) < 1e-12);
    assert_true(fabs(number(accuracy, "sem") - 0.1 / sqrt(3)) < 1e-12);
    assert_true(number(accuracy, "n") == 3);
    assert_true(json_number_value(json_array_get(json_object_get(accuracy, "values"), 2)) == 1.0);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(row, "seeds"), 2)), 5);
    assert_true(fabs(number(row, "seconds") - 5) < 1e-12);
    assert_true(number(row, "peak_memory_bytes") == 300);
    const json_t *absent = json_object_get(json_object_get(row, "metrics"), "bwt.gem");
    assert_true(json_is_null(json_object_get(absent, "mean")));
    assert_true(number(absent, "n") == 0);
    const json_t *broken = json_array_get(json_object_get(summary, "methods"), 1);
    assert_true(json_is_null(json_object_get(broken, "seconds")));
    assert_int_equal(json_array_size(json_object_get(broken, "seeds")), 0);
    assert_int_equal(json_array_size(json_object_get(summary, "failed")), 1);
    json_decref(summary);
    for (int i = 0; i < 3; i++)
        json_decref(results[i]);
}

/* Beside the metrics of the method stand those of its network alone, where its results have them. */
static void summary_of_a_network_beside_its_method(void **state)
{
    (void)state;
    static const char *const names[] = {"acc.macro", "bwt.gem"};
    struct summary_head head = {"x", "class-il", "task-agnostic", "sem", names, 2};
    json_t *results[2] = {result_of(0, 0.8, 2, 100), result_of(1, 0.9, 4, 300)};
    json_t *summary = summary_begin(&head);
    summary_method(summary, &head, "replay", results, 2);
    for (int i = 0; i < 2; i++)
        json_object_set_new(results[i], "metrics_network", json_pack("{s:f}", "acc.macro", 0.25 * (i + 1)));
    summary_method(summary, &head, "icarl", results, 2);
    const json_t *methods = json_object_get(summary, "methods"), *row = json_array_get(methods, 1);
    const json_t *network = json_object_get(row, "metrics_network");
    assert_null(json_object_get(json_array_get(methods, 0), "metrics_network"));
    assert_true(number(json_object_get(network, "acc.macro"), "mean") == 0.375);
    assert_true(number(json_object_get(network, "bwt.gem"), "n") == 0);
    assert_true(fabs(number(json_object_get(json_object_get(row, "metrics"), "acc.macro"), "mean") - 0.85) < 1e-12);
    json_decref(summary);
    for (int i = 0; i < 2; i++)
        json_decref(results[i]);
}

static void one_seed_has_no_spread(void **state)
{
    (void)state;
    static const char *const names[] = {"acc.macro"};
    struct summary_head head = {"x", "class-il", "task-agnostic", "sem", names, 1};
    json_t *result = result_of(0, 0.8, 2, 100), *summary = summary_begin(&head);
    summary_method(summary, &head, "replay", &result, 1);
    const json_t *row = json_array_get(json_object_get(summary, "methods"), 0);
    const json_t *accuracy = json_object_get(json_object_get(row, "metrics"), "acc.macro");
    assert_true(number(accuracy, "mean") == 0.8);
    assert_true(json_is_null(json_object_get(accuracy, "sem")));
    json_decref(result);
    json_decref(summary);
}

static const struct progress_view view = {
    .cell = 3, .cells = 10, .name = "replay/seed-2", .left = 252, .at = {2, 5, 311, 622, 0.23124, 811.6, 0}};

static void plain_line_is_exact(void **state)
{
    (void)state;
    text out = {0};
    progress_line(&view, &out);
    assert_string_equal(out.at, "[3/10] replay/seed-2: task 2/5, step 311/622, loss 0.2312, 812 it/s, 4m12s left");
    text_free(&out);
}

static void bar_is_exact(void **state)
{
    (void)state;
    text out = {0};
    progress_bar(&view, 100, &out);
    assert_string_equal(out.at,
                        "[3/10] replay/seed-2 [#########--------]  task 2/5  step 311/622  loss 0.2312  812 it/s  "
                        "4m12s left");
    assert_int_equal(out.length, 99);
    text_free(&out);
    progress_bar(&view, 200, &out);
    assert_non_null(strstr(out.at, " [###############---------------]  task"));
    text_free(&out);
    for (size_t columns = 1; columns < 120; columns++) { /* never a line that wraps */
        progress_bar(&view, columns, &out);
        assert_true(out.length < columns);
        text_free(&out);
    }
    progress_bar(&view, 80, &out); /* the least telling go first, and whole */
    assert_string_equal(out.at, "[3/10] replay/seed-2 [##########----------]  task 2/5  step 311/622  4m12s left");
    text_free(&out);
    struct progress_view fresh = {.cell = 1, .cells = 2, .name = "a/seed-0", .left = -1};
    progress_bar(&fresh, 60, &out);
    assert_non_null(strstr(out.at, "[1/2] a/seed-0 [----"));
    assert_non_null(strstr(out.at, "]  starts"));
    text_free(&out);
}

/* Beside one cell of a sweep stands how much of the whole is done. */
static void share_of_the_whole_is_exact(void **state)
{
    (void)state;
    text out = {0};
    struct progress_view one = view;
    one.whole = 0.25;
    progress_bar(&one, 100, &out);
    assert_string_equal(out.at,
                        "[3/10] replay/seed-2 [####----]  task 2/5  step 311/622  loss 0.2312  812 it/s  all 25%  "
                        "4m12s left");
    text_free(&out);
    progress_bar(&one, 60, &out);
    assert_string_equal(out.at, "[3/10] replay/seed-2 [#######-------]  task 2/5  4m12s left");
    text_free(&out);
    progress_line(&one, &out);
    assert_string_equal(out.at,
                        "[3/10] replay/seed-2: task 2/5, step 311/622, loss 0.2312, 812 it/s, all 25%, 4m12s left");
    text_free(&out);
}

static void line_of_several_cells_is_exact(void **state)
{
    (void)state;
    text out = {0};
    struct progress_view a = view, b = {.cell = 5, .cells = 10, .name = "ewc/seed-0", .left = 252};
    const struct progress_view *const both[] = {&a, &b};
    progress_line_of(both, 2, 2, &out);
    assert_string_equal(out.at, "[2/10 done] replay/seed-2 50%, ewc/seed-0 0%, all 25%, 4m12s left");
    text_free(&out);
}

static void bar_of_several_cells_is_exact(void **state)
{
    (void)state;
    text out = {0};
    struct progress_view a = view, b = view, c = {.cell = 5, .cells = 10, .name = "ewc/seed-0", .left = 252};
    const struct progress_view *const all[] = {&a, &b, &c};
    b.name = "replay/seed-3";
    b.at.step = 0;
    progress_bar_of(all, 3, 2, 100, &out);
    assert_string_equal(out.at,
                        "[2/10 done] [#####----------------]  replay/seed-2 50%  replay/seed-3 0%  ewc/seed-0 0%  "
                        "4m12s left");
    text_free(&out);
    progress_bar_of(all, 3, 2, 70, &out);
    assert_string_equal(out.at, "[2/10 done] [#####---------------]  replay/seed-2 50%  +2  4m12s left");
    text_free(&out);
    progress_bar_of(all, 3, 2, 40, &out);
    assert_string_equal(out.at, "[2/10 done] [##-------]  +3  4m12s left");
    text_free(&out);
    for (size_t columns = 1; columns < 140; columns++) { /* never a line that wraps */
        progress_bar_of(all, 3, 2, columns, &out);
        assert_true(out.length < columns);
        text_free(&out);
    }
}

static void durations_are_short(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *words;
    } cases[] = {{-1, "0 s"},    {0.4, "0 s"},     {59.4, "59 s"},   {60, "1m00s"},
                 {252, "4m12s"}, {3599, "59m59s"}, {11220, "3h07m"}, {190800, "2d05h"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text out = {0};
        progress_duration(cases[i].seconds, &out);
        assert_string_equal(out.at, cases[i].words);
        text_free(&out);
    }
}

static void second_process_is_told_who_holds_the_lock(void **state)
{
    (void)state;
    char folder[] = "/tmp/perdure-lock-XXXXXX", path[64], pid[32];
    int ready[2], over[2], lock = -1;
    char c = 0;
    assert_non_null(mkdtemp(folder));
    assert_true(pipe(ready) == 0 && pipe(over) == 0);
    pid_t child = fork();
    if (child == 0) {
        error e = {0};
        int code = lock_take(folder, &lock, &e);
        ssize_t done = write(ready[1], code ? "n" : "y", 1);
        close(over[1]);
        done += read(over[0], &c, 1);
        _exit(done < 0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    error e = {0};
    assert_int_equal(lock_take(folder, &lock, &e), EXIT_CREATE);
    assert_int_equal(lock, -1);
    snprintf(pid, sizeof pid, "process %ld on ", (long)child);
    assert_non_null(strstr(e.text, pid));
    assert_non_null(strstr(e.hint, "--out DIR"));
    close(over[0]);
    close(over[1]);
    waitpid(child, NULL, 0); /* its end is the lock's end */
    e = (error){0};
    assert_int_equal(lock_take(folder, &lock, &e), 0);
    lock_drop(lock);
    snprintf(path, sizeof path, "%s/.lock", folder);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary_of_three_seeds),
        cmocka_unit_test(summary_of_a_network_beside_its_method),
        cmocka_unit_test(one_seed_has_no_spread),
        cmocka_unit_test(plain_line_is_exact),
        cmocka_unit_test(bar_is_exact),
        cmocka_unit_test(share_of_the_whole_is_exact),
        cmocka_unit_test(bar_of_several_cells_is_exact),
        cmocka_unit_test(line_of_several_cells_is_exact),
        cmocka_unit_test(durations_are_short),
        cmocka_unit_test(second_process_is_told_who_holds_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
