/* Accuracies out of a log: which lines count, and their order. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "report/points.h"

#define POINT(name, task, step, value) \
    "{\"name\": \"" name "\", \"task\": " #task ", \"step\": " #step ", \"value\": " #value "}\n"

static struct accuracy_point *read(const char *lines, size_t *count)
{
    return points_read(lines, lines ? strlen(lines) : 0, count);
}

static void expect_point(const struct accuracy_point *p, int64_t on, int64_t task, int64_t step, double value)
{
    assert_int_equal(p->on, on);
    assert_int_equal(p->task, task);
    assert_int_equal(p->step, step);
    assert_true(p->value == value);
}

static void ordered_by_the_task_they_are_of(void **state)
{
    (void)state;
    size_t count = 0;
    struct accuracy_point *p =
        read(POINT("loss", 1, 10, 0.5) POINT("accuracy/task-2", 1, 20, 0.25) POINT("accuracy/task-1", 1, 20, 0.5)
                 POINT("accuracy/task-1", 0, 0, 0.125) POINT("accuracy/task-1", 1, 10, 0.75),
             &count);
    assert_int_equal(count, 4);
    expect_point(&p[0], 1, 0, 0, 0.125);
    expect_point(&p[1], 1, 1, 10, 0.75);
    expect_point(&p[2], 1, 1, 20, 0.5);
    expect_point(&p[3], 2, 1, 20, 0.25);
    free(p);
}

static void other_lines_are_passed_over(void **state)
{
    (void)state;
    size_t count = 1;
    struct accuracy_point *p =
        read(POINT("accuracy/task-1x", 1, 1, 1) POINT("accuracy/task-", 1, 1, 1) POINT("accuracy/task-0", 1, 1, 1)
                 POINT("accuracy/task-1", -1, 1, 1) POINT("accuracy/task-1", 1, 1, null)
                     POINT("accuracy/task-1", "1", 1, 1) "{\"name\": \"accuracy/task-1\", \"task\": 1\n"
                                                         "{\"name\": \"accuracy/task-1\"",
             &count);
    assert_int_equal(count, 0);
    free(p);
    p = read(NULL, &count);
    assert_int_equal(count, 0);
    assert_null(p);
    p = read("", &count);
    assert_int_equal(count, 0);
    free(p);
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    size_t count = 0;
    struct accuracy_point *p = read("{\"name\": \"accuracy/task-3\", \"task\": 4, \"step\": 5, \"value\": 1}", &count);
    assert_int_equal(count, 1);
    expect_point(&p[0], 3, 4, 5, 1);
    free(p);
}

static void what_is_told_twice_counts_once(void **state)
{
    (void)state;
    size_t count = 0;
    struct accuracy_point *p = read(POINT("accuracy/task-1", 1, 5, 0.5) POINT("accuracy/task-1", 1, 5, 0.5), &count);
    assert_int_equal(count, 1);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordered_by_the_task_they_are_of), cmocka_unit_test(other_lines_are_passed_over),
        cmocka_unit_test(the_last_line_needs_no_end), cmocka_unit_test(what_is_told_twice_counts_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
