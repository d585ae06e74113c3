/* plugins/agem in whole cells: against loops that share nothing with it, and where it stands among others' edits. */
#include "agree.h"

#define ADAM "set: {optimizer.type: adam, optimizer.lr: 0.02}, "
#define SGD ""
#define THREE "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il"
#define ALL "agem: {capacity: 100, policy: reservoir, batch: 100" /* every row is kept, and every step draws them all */

static void loops_come_to_the_same_weights(void **state)
{
    (void)state;
    const char *streams[] = {TWO_TASKS "class-il",
                             TWO_TASKS "task-il",
                             TWO_TASKS "domain-il",
                             TWO_TASKS "class-il, active: seen",
                             TWO_TASKS "task-il, head: single",
                             THREE};
    const char *slow = SAID("{plugin: %s}", tiny("slow_agem"));
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        agree_with(SGD, streams[i], ALL "}", slow, 1e-4);
        agree_with(ADAM, streams[i], ALL "}", slow, 1e-3); /* Adam divides small differences by small numbers */
    }
}

static void epsilon_stands_beside_the_length(void **state)
{
    (void)state;
    agree_with(SGD, THREE, ALL ", epsilon: 0.5}", SAID("{plugin: %s, with: {epsilon: 0.5}}", tiny("slow_agem")), 1e-4);
    differ_with(SGD, THREE, ALL ", epsilon: 0.5}", ALL "}", 0.01);
}

/* The penalty comes to the gradient after all edits, wherever its strategy stands; an edit is seen by those behind it. */
static void edits_act_in_scenario_order(void **state)
{
    (void)state;
    const char *pull = SAID("{plugin: %s, with: {lambda: 5}}", tiny("slow_ewc")), *slow = tiny("slow_agem");
    agree_with(SGD, THREE, ALL "}, ewc: {lambda: 5}", "ewc: {lambda: 5}, " ALL "}", 0);
    agree_with(SGD, THREE, ALL "}, ewc: {lambda: 5}", SAID(ALL "}, %s", pull), 1e-4);
    differ_with(SGD, THREE, ALL "}, ewc: {lambda: 5}", SAID("%s, " ALL "}", pull), 0.01);
    agree_with(SGD, THREE, SAID("%s, " ALL "}", pull), SAID("%s, {plugin: %s}", pull, slow), 1e-4);
}

static void beside_si(void **state)
{
    (void)state;
    const char *slow = SAID("{plugin: %s, with: {c: 20, unregularised: true}}", tiny("slow_si"));
    agree_with(SGD, THREE, ALL "}, {si: {c: 20, negative: keep}}", SAID(ALL "}, %s", slow), 1e-4);
    differ_with(SGD, THREE, ALL "}, {si: {c: 20, negative: keep}}", "{si: {c: 20, negative: keep}}, " ALL "}", 1e-3);
    agree_with(SGD, THREE, ALL "}, {si: {c: 20, gradient: total}}", "{si: {c: 20, gradient: total}}, " ALL "}",
               0); /* the final gradient is the same one */
}

/* fill: stream holds rows of the running task, too, so it acts in the first. */
static void filled_as_rows_come(void **state)
{
    (void)state;
    const char *one = "split: {by: class, tasks: 1}, scenario: class-il";
    cell_result *never = trained_with(SGD, one, ALL "}");
    cell_result *start = trained_with("set: {training.executor: autograd}, ", one, ""); /* as A-GEM needs it */
    cell_result *at_once = trained_with(SGD, one, ALL ", fill: stream}");
    assert_memory_equal(never->parameters, start->parameters, (size_t)start->parameter_count * sizeof(float));
    assert_memory_not_equal(at_once->parameters, start->parameters, (size_t)start->parameter_count * sizeof(float));
    assert_int_equal(at_once->warnings, 0);
    cell_result_close(never);
    cell_result_close(at_once);
    cell_result_close(start);
    differ_with(SGD, THREE, ALL ", fill: stream}", ALL "}", 0.01);
}

/* No task ends but the last. */
static void without_boundaries_rows_must_be_taken_as_they_come(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, train_on: all, strategies: [" ALL "}]}]\n");
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text, "strategy agem, hook before_task, task 1, step 0: found a stream without task "
                                "boundaries; expected fill: stream, or boundaries");
    planned_free(&p);
    cell_result_close(sole_trained(tiny_plan(
        TWO_TASKS "class-il", "methods: [{name: a, train_on: all, strategies: [" ALL ", fill: stream}]}]\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_come_to_the_same_weights),
        cmocka_unit_test(epsilon_stands_beside_the_length),
        cmocka_unit_test(edits_act_in_scenario_order),
        cmocka_unit_test(beside_si),
        cmocka_unit_test(filled_as_rows_come),
        cmocka_unit_test(without_boundaries_rows_must_be_taken_as_they_come),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
