/* Curves out of matrices and logs put together by hand. */
#include <math.h>
#include <stdlib.h>

#include "../check.h"
#include "base/alloc.h"
#include "report/course.h"

/* Right answers of 10, after 0, 1 and 2 tasks. */
static matrix *matrix_made(int a, int b, int c, int d, int e, int f)
{
    const int right[] = {a, b, c, d, e, f};
    matrix *m = matrix_open(2);
    for (int i = 0; i < 6; i++)
        if (right[i] >= 0)
            matrix_set(m, i / 2, i % 2 + 1, right[i], 10);
    return m;
}

static struct finished_method method_of(struct finished_cell *cells, size_t count)
{
    return (struct finished_method){.name = "x", .cells = cells, .cell_count = count};
}

static void expect_place(const struct course_place *p, double at, double mean, double wide)
{
    assert_true(p->at == at);
    assert_true(isnan(mean) ? isnan(p->mean) : fabs(p->mean - mean) < 1e-12);
    assert_true(isnan(wide) ? isnan(p->error) : fabs(p->error - wide) < 1e-12);
}

static void of_a_task_from_just_before_its_training(void **state)
{
    (void)state;
    struct finished_cell cells[] = {{.accuracy = matrix_made(1, 1, 9, 2, 5, 8)},
                                    {.accuracy = matrix_made(1, 1, 7, 2, 5, 8)}};
    struct finished_method m = method_of(cells, 2);
    struct course c = course_of_task(&m, 1, "sem");
    assert_int_equal(c.count, 3);
    expect_place(&c.places[0], 0, 0.1, 0);
    expect_place(&c.places[1], 1, 0.8, 0.1);
    expect_place(&c.places[2], 2, 0.5, 0);
    course_close(&c);
    c = course_of_task(&m, 2, "sem");
    assert_int_equal(c.count, 2);
    expect_place(&c.places[0], 1, 0.2, 0);
    course_close(&c);
    c = course_of_seen(&m, 2, "sem");
    assert_int_equal(c.count, 2);
    expect_place(&c.places[0], 1, 0.8, 0.1);
    expect_place(&c.places[1], 2, 0.65, 0);
    course_close(&c);
    struct course_place lost = place_of_forgotten(&m, 1, "sem");
    expect_place(&lost, 1, 0.3, 0.1);
    matrix_close(cells[0].accuracy);
    matrix_close(cells[1].accuracy);
}

static void what_was_not_measured_leaves_a_gap(void **state)
{
    (void)state;
    struct finished_cell cells[] = {{.accuracy = matrix_made(1, 1, -1, -1, 5, 8)}, {.accuracy = NULL}};
    struct finished_method m = method_of(cells, 2);
    struct course c = course_of_task(&m, 1, "sem");
    assert_int_equal(c.count, 3);
    expect_place(&c.places[0], 0, 0.1, NAN);
    expect_place(&c.places[1], 1, NAN, NAN);
    expect_place(&c.places[2], 2, 0.5, NAN);
    course_close(&c);
    matrix_close(cells[0].accuracy);
}

/* Task 1 trained for 40 steps, task 2 for 20; steps of the seeds need not agree, their number must. */
static void points_within_a_task_lie_where_their_steps_say(void **state)
{
    (void)state;
    struct accuracy_point first[] = {
        {1, 0, 0, 0.1}, {1, 1, 10, 0.3}, {1, 1, 40, 0.9}, {1, 2, 45, 0.8}, {1, 2, 60, 0.5}};
    struct accuracy_point second[] = {{1, 0, 0, 0.1}, {1, 1, 10, 0.5}, {1, 1, 40, 0.9}, {1, 2, 60, 0.5}};
    struct finished_cell cells[] = {{.accuracy = matrix_made(1, 1, 9, 2, 5, 8), .points = first, .point_count = 5},
                                    {.accuracy = matrix_made(1, 1, 9, 2, 5, 8), .points = second, .point_count = 4}};
    struct finished_method m = method_of(cells, 2);
    struct course c = course_of_task(&m, 1, "sd");
    assert_int_equal(c.count, 4); /* in the second task the seeds do not match */
    expect_place(&c.places[1], 0.25, 0.4, sqrt(0.02));
    expect_place(&c.places[2], 1, 0.9, 0);
    course_close(&c);
    m = method_of(cells, 1);
    c = course_of_task(&m, 1, "sd");
    assert_int_equal(c.count, 5);
    expect_place(&c.places[3], 1.25, 0.8, NAN);
    course_close(&c);
    matrix_close(cells[0].accuracy);
    matrix_close(cells[1].accuracy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_a_task_from_just_before_its_training),
                                       cmocka_unit_test(what_was_not_measured_leaves_a_gap),
                                       cmocka_unit_test(points_within_a_task_lie_where_their_steps_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
