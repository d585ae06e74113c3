/* Golden values: matrices with counts, and every metric of them worked out by hand. */
#include "../check.h"

#include <math.h>
#include <string.h>

#include "evaluate/matrix.h"

/* CMocka's own compares floats. */
#define assert_close(found, wanted, tolerance) assert_true(fabs((found) - (wanted)) <= (tolerance))

#define CLOSE 1e-12

static double of(const matrix *m, const char *name) { return metric_value(metric_find(name), m, NULL); }

/* Three tasks with 10, 20 and 50 test rows, so that means over tasks and over rows differ. Right answers:
 *   after 0:   1   2   5      R: 0.1  0.1  0.1
 *   after 1:   9   4  10         0.9  0.2  0.2
 *   after 2:  10  18  15         1.0  0.9  0.3
 *   after 3:   6  16  45         0.6  0.8  0.9   */
static matrix *whole(bool untrained)
{
    static const int64_t rows[] = {10, 20, 50};
    static const int64_t right[4][3] = {{1, 2, 5}, {9, 4, 10}, {10, 18, 15}, {6, 16, 45}};
    matrix *m = matrix_open(3);
    for (int64_t i = untrained ? 0 : 1; i <= 3; i++)
        for (int64_t j = 0; j < 3; j++)
            matrix_set(m, i, j + 1, right[i][j], rows[j]);
    return m;
}

static void metrics_agree_with_hand_calculation(void **state)
{
    matrix *m = whole(true);
    (void)state;
    assert_close(of(m, "acc.macro"), (0.6 + 0.8 + 0.9) / 3, CLOSE);
    assert_close(of(m, "acc.pooled"), 67.0 / 80, CLOSE);
    assert_close(of(m, "aia.icarl"), (9.0 / 10 + 28.0 / 30 + 67.0 / 80) / 3, CLOSE);
    assert_close(of(m, "bwt.gem"), ((0.6 - 0.9) + (0.8 - 0.9)) / 2, CLOSE);
    assert_close(of(m, "fwt.gem"), ((0.2 - 0.1) + (0.3 - 0.1)) / 2, CLOSE);
    assert_close(of(m, "forgetting.chaudhry"), ((1.0 - 0.6) + (0.9 - 0.8)) / 2,
                 CLOSE); /* the best of task 1 is row 2 */
    assert_close(of(m, "forgetting.first_last"), ((0.9 - 0.6) + (0.9 - 0.8)) / 2, CLOSE);
    assert_close(of(m, "a.diaz"), (0.9 + 1.0 + 0.9 + 0.6 + 0.8 + 0.9) / 6, CLOSE);
    matrix_close(m);
}

/* After two tasks, as if there were no third. */
static void on_the_way_the_first_tasks_count_alone(void **state)
{
    matrix *m = whole(true), *first = matrix_first(m, 2), *none = matrix_first(m, 0);
    (void)state;
    assert_int_equal(first->tasks, 2);
    assert_close(of(first, "acc.macro"), (1.0 + 0.9) / 2, CLOSE);
    assert_close(of(first, "acc.pooled"), 28.0 / 30, CLOSE);
    assert_close(of(first, "bwt.gem"), 1.0 - 0.9, CLOSE);
    assert_close(of(first, "fwt.gem"), 0.2 - 0.1, CLOSE);
    assert_close(of(first, "forgetting.chaudhry"), 0.9 - 1.0, CLOSE);
    assert_int_equal(none->tasks, 0);
    matrix_close(none);
    matrix_close(first);
    matrix_close(m);
}

/* What is drawn beside the metrics: the metrics are the end or the mean of it. */
static void curves_agree_with_hand_calculation(void **state)
{
    matrix *m = whole(true);
    (void)state;
    assert_close(matrix_seen(m, 1), 0.9, CLOSE);
    assert_close(matrix_seen(m, 2), (1.0 + 0.9) / 2, CLOSE);
    assert_close(matrix_seen(m, 3), of(m, "acc.macro"), CLOSE);
    assert_close(matrix_forgotten(m, 1), 1.0 - 0.6, CLOSE);
    assert_close(matrix_forgotten(m, 2), 0.9 - 0.8, CLOSE);
    matrix_set(m, 2, 1, 0, 0);
    assert_true(isnan(matrix_seen(m, 2)));
    assert_true(isnan(matrix_forgotten(m, 1)));
    matrix_close(m);
}

static void without_the_untrained_row_only_fwt_is_absent(void **state)
{
    matrix *m = whole(false);
    (void)state;
    for (int64_t i = 0; i < metric_count; i++) {
        bool absent = !metrics[i].of || !strcmp(metrics[i].name, "fwt.gem");
        assert_int_equal(isnan(of(m, metrics[i].name)) != 0, absent);
    }
    matrix_close(m);
}

/* joint trains once on everything: rows 0 and T only. */
static void of_joint_only_the_last_row_counts(void **state)
{
    matrix *m = matrix_open(3);
    (void)state;
    for (int64_t j = 1; j <= 3; j++) {
        matrix_set(m, 0, j, j, 10 * j);
        matrix_set(m, 3, j, 9 * j, 10 * j);
    }
    matrix_set(m, 3, 3, 15, 30);
    assert_close(of(m, "acc.macro"), (0.9 + 0.9 + 0.5) / 3, CLOSE);
    assert_close(of(m, "acc.pooled"), (9.0 + 18 + 15) / 60, CLOSE);
    static const char *const absent[] = {
        "aia.icarl", "bwt.gem", "fwt.gem", "forgetting.chaudhry", "forgetting.first_last", "a.diaz"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_true(isnan(of(m, absent[i])));
    matrix_close(m);
}

static void with_one_task_nothing_is_transferred_or_forgotten(void **state)
{
    matrix *m = matrix_open(1);
    (void)state;
    matrix_set(m, 0, 1, 1, 10);
    matrix_set(m, 1, 1, 7, 10);
    static const char *const there[] = {"acc.macro", "acc.pooled", "aia.icarl", "a.diaz"};
    static const char *const absent[] = {"bwt.gem", "fwt.gem", "forgetting.chaudhry", "forgetting.first_last"};
    for (size_t i = 0; i < 4; i++) {
        assert_close(of(m, there[i]), 0.7, CLOSE);
        assert_true(isnan(of(m, absent[i])));
    }
    matrix_close(m);
}

/* A hole above the diagonal: what needs the cell is absent, the rest stands. */
static void an_absent_cell_makes_absent_what_needs_it(void **state)
{
    matrix *m = whole(true);
    (void)state;
    matrix_set(m, 1, 2, 0, 0);
    assert_false(matrix_has(m, 1, 2));
    assert_true(isnan(matrix_at(m, 1, 2)));
    assert_true(isnan(of(m, "fwt.gem")));
    assert_true(isnan(of(m, "forgetting.chaudhry"))); /* the greatest of all rows, of which one is not known */
    assert_close(of(m, "forgetting.first_last"), 0.2, CLOSE);
    assert_close(of(m, "a.diaz"), 5.1 / 6, CLOSE);
    assert_close(of(m, "aia.icarl"), (9.0 / 10 + 28.0 / 30 + 67.0 / 80) / 3, CLOSE);
    matrix_close(m);
}

static void forgetting_may_be_negative(void **state)
{
    matrix *m = matrix_open(2);
    (void)state;
    matrix_set(m, 1, 1, 5, 10);
    matrix_set(m, 2, 1, 8, 10);
    matrix_set(m, 2, 2, 0, 10);
    assert_close(of(m, "forgetting.chaudhry"), -0.3, CLOSE);
    assert_close(of(m, "bwt.gem"), 0.3, CLOSE);
    matrix_close(m);
}

static void cells_are_what_was_set(void **state)
{
    matrix *m = whole(true);
    (void)state;
    assert_close(matrix_at(m, 2, 3), 0.3, CLOSE);
    assert_true(matrix_has(m, 0, 1));
    matrix_set(m, 2, 3, 0, 50); /* none right is not the same as not measured */
    assert_true(matrix_has(m, 2, 3));
    assert_close(matrix_at(m, 2, 3), 0, CLOSE);
    matrix_close(m);
    matrix_close(NULL);
}

/* ---- curves ---- */

static void point(curve *c, int64_t step, int64_t task, bool ended, const int64_t *right)
{
    curve_add(c, (curve_point){step, task, ended});
    for (int64_t j = 0; j < task; j++)
        curve_set(c, j + 1, right[j], 10);
}

#define RIGHT(...) ((const int64_t[]){__VA_ARGS__})

static double of_curve(const curve *c, const char *name) { return metric_value(metric_find(name), NULL, c); }

/* Three tasks of ten test rows; `ends`: whether it is said where tasks ended. */
static curve *course(bool ends)
{
    curve *c = curve_open(3);
    point(c, 10, 1, false, RIGHT(5));
    point(c, 20, 1, ends, RIGHT(9));
    point(c, 30, 2, false, RIGHT(2, 6));
    point(c, 40, 2, ends, RIGHT(4, 8));
    point(c, 50, 3, false, RIGHT(3, 7, 1));
    point(c, 60, 3, ends, RIGHT(5, 5, 9));
    return c;
}

static void metrics_of_a_curve_agree_with_hand_calculation(void **state)
{
    (void)state;
    curve *c = course(true);
    assert_close(of_curve(c, "acc.anytime"), (0.5 + 0.9 + 0.4 + 0.6 + 1.1 / 3 + 1.9 / 3) / 6, CLOSE);
    /* task 1 since step 20: 0.2, 0.4, 0.3, 0.5; task 2 since step 40: 0.7, 0.5 */
    assert_close(of_curve(c, "min.delange"), (0.2 + 0.5) / 2, CLOSE);
    assert_close(of_curve(c, "wc.delange"), 0.9 / 3 + 2.0 / 3 * 0.35, CLOSE);
    curve_close(c);
    curve_close(NULL);
}

/* All tasks at once: which of them was learned when is not known. */
static void without_ends_there_is_no_worst(void **state)
{
    (void)state;
    curve *c = course(false), *none = curve_open(3), *sole = curve_open(1);
    assert_close(of_curve(c, "acc.anytime"), (0.5 + 0.9 + 0.4 + 0.6 + 1.1 / 3 + 1.9 / 3) / 6, CLOSE);
    assert_true(isnan(of_curve(c, "min.delange")) && isnan(of_curve(c, "wc.delange")));
    assert_true(isnan(of_curve(none, "acc.anytime")) && isnan(of_curve(none, "min.delange")));
    assert_true(isnan(of_curve(none, "wc.delange")) && isnan(of(NULL, "acc.anytime")));
    point(sole, 5, 1, true, RIGHT(7));
    assert_close(of_curve(sole, "acc.anytime"), 0.7, CLOSE);
    assert_close(of_curve(sole, "wc.delange"), 0.7, CLOSE);
    assert_true(isnan(of_curve(sole, "min.delange")));
    curve_close(c);
    curve_close(none);
    curve_close(sole);
}

static void an_absent_place_of_a_curve_makes_absent_what_needs_it(void **state)
{
    (void)state;
    curve *c = course(true);
    c->rows[3 * 3] = 0; /* of task 1, at step 40 */
    assert_true(isnan(curve_at(c, 3, 1)));
    assert_close(curve_at(c, 3, 2), 0.8, CLOSE);
    assert_true(isnan(of_curve(c, "acc.anytime")) && isnan(of_curve(c, "min.delange")));
    curve_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_agree_with_hand_calculation),
        cmocka_unit_test(on_the_way_the_first_tasks_count_alone),
        cmocka_unit_test(curves_agree_with_hand_calculation),
        cmocka_unit_test(without_the_untrained_row_only_fwt_is_absent),
        cmocka_unit_test(of_joint_only_the_last_row_counts),
        cmocka_unit_test(with_one_task_nothing_is_transferred_or_forgotten),
        cmocka_unit_test(an_absent_cell_makes_absent_what_needs_it),
        cmocka_unit_test(forgetting_may_be_negative),
        cmocka_unit_test(cells_are_what_was_set),
        cmocka_unit_test(metrics_of_a_curve_agree_with_hand_calculation),
        cmocka_unit_test(without_ends_there_is_no_worst),
        cmocka_unit_test(an_absent_place_of_a_curve_makes_absent_what_needs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
