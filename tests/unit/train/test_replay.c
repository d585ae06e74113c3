/* plugins/replay in whole cells: dark experience against loops that share nothing with it, and each of its ways to fill the
 * memory from the first task to the last. */
#include "fixture.h"

static cell_result *trained(const char *streams, const char *strategy_yaml)
{
    return sole_trained(tiny_plan(streams, SAID("methods: [{name: a, strategies: [%s]}]\n", strategy_yaml)));
}

static double distance(const cell_result *a, const cell_result *b)
{
    double sum = 0;
    assert_int_equal(a->parameter_count, b->parameter_count);
    for (int64_t i = 0; i < a->parameter_count; i++)
        sum += ((double)a->parameters[i] - (double)b->parameters[i]) *
               ((double)a->parameters[i] - (double)b->parameters[i]);
    return sqrt(sum);
}

/* A memory that holds all rows and a batch that takes all of them leave nothing to chance. */
static void dark_experience_is_that_by_loops(void **state)
{
    (void)state;
    const char *streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "domain-il",
                             "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: task-il",
                             TWO_TASKS "class-il, active: seen"};
    const double weights[][2] = {{0.5, 0}, {0.5, 0.75}};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (int k = 0; k < 2; k++) {
            char *fast =
                SAID("{replay: {capacity: 100, batch: 100, alpha: %g, beta: %g}}", weights[k][0], weights[k][1]);
            char *loops =
                SAID("{plugin: %s, with: {alpha: %g, beta: %g}}", tiny("slow_der"), weights[k][0], weights[k][1]);
            cell_result *a = trained(streams[i], fast), *b = trained(streams[i], loops),
                        *start = trained(streams[i], "");
            double apart = distance(a, b), moved = distance(b, start);
            if (!(moved > 1e-3) || !(apart < 1e-5 * moved))
                fail_msg("%s, beta %g: %g apart of %g; expected 1e-5 of it", streams[i], weights[k][1], apart, moved);
            assert_int_equal(a->warnings, 0);
            cell_result_close(a);
            cell_result_close(b);
            cell_result_close(start);
        }
}

static void every_way_to_fill_trains(void **state)
{
    (void)state;
    const char *ways[] = {"capacity: 6, policy: value, select: loss",
                          "capacity: 6, policy: value, select: loss, fill: task",
                          "capacity: {per_class: 2}, policy: value, select: loss, online: true",
                          "capacity: 6, policy: value, select: herding, fill: task",
                          "capacity: {per_class: 3}, select: closest, fill: task",
                          "capacity: {per_class: 3}, fill: task, blend: per-task",
                          "capacity: 6, fill: task, alpha: 1, beta: 1",
                          "capacity: 6, fill: task, select: herding, policy: class-balanced, alpha: 1",
                          "capacity: 6, online: true, every_epoch: true, alpha: 1, batch: 3"};
    const char *streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "domain-il",
                             "split: {by: permutation, tasks: 3}, scenario: domain-il"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (size_t k = 0; k < sizeof streams / sizeof *streams; k++) {
            cell_result *one = trained(streams[k], SAID("{replay: {%s}}", ways[i])), *start = trained(streams[k], "");
            if (!(distance(one, start) > 1e-4) || one->warnings)
                fail_msg("%s in %s: %lld warnings", ways[i], streams[k], (long long)one->warnings);
            cell_result_close(one);
            cell_result_close(start);
        }
}

/* (R3) k - 1 is 1 in the second of two tasks, to the bit; and in the third it is something else. */
static void per_task_is_a_share_that_grows(void **state)
{
    (void)state;
    const char *streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "domain-il",
                             "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il"};
    const char *fills[] = {"capacity: 6", "capacity: {per_class: 2}, fill: task, batch: 3"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (size_t k = 0; k < sizeof fills / sizeof *fills; k++) {
            cell_result *one = trained(streams[i], SAID("{replay: {%s, blend: per-task}}", fills[k]));
            cell_result *same = trained(streams[i], SAID("{replay: {%s, blend: share, weight: 1}}", fills[k]));
            cell_result *other = trained(streams[i], SAID("{replay: {%s, blend: share, weight: 2}}", fills[k]));
            double apart = distance(one, same), moved = distance(one, other);
            if (!(moved > 1e-3) || (i < 3 ? apart > 0 : !(apart > 1e-3)))
                fail_msg("%s, %s: %g from a share of 1, %g from one of 2", streams[i], fills[k], apart, moved);
            cell_result_close(one);
            cell_result_close(same);
            cell_result_close(other);
        }
}

/* Byte rows and augmentation: what is stored is the row before it, and what is rehearsed is augmented anew. */
static void bytes_are_rehearsed_like_fresh_rows(void **state)
{
    (void)state;
    const char *ways[] = {"alpha: 1, beta: 1", "policy: value, select: loss",
                          "policy: value, fill: task, select: closest"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        cell_result *one = sole_trained(
            picture_plan(", augment: [flip]", "split: {by: class, tasks: 3}, scenario: class-il",
                         SAID("methods: [{name: a, strategies: [{replay: {capacity: 9, %s}}]}]\n", ways[i])));
        assert_int_equal(one->warnings, 0);
        cell_result_close(one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dark_experience_is_that_by_loops),
        cmocka_unit_test(every_way_to_fill_trains),
        cmocka_unit_test(per_task_is_a_share_that_grows),
        cmocka_unit_test(bytes_are_rehearsed_like_fresh_rows),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
