/* plugins/si in whole cells: against loops that share nothing with it, alone and beside others. */
#include "agree.h"

#define ADAM "set: {optimizer.type: adam, optimizer.lr: 0.02}, "
#define SGD ""
#define FORM ", gradient: total, negative: keep" /* van de Ven's */
/* Momentum still moves as before when a task begins: uphill, so that some importance is below 0. */
#define WILD "set: {optimizer.momentum: 0.99, optimizer.lr: 0.03, training.epochs: 8}, "
#define CLIPPED "set: {training.gradient_clip: 0.3}, "
#define FOUR "split: {by: class, order: [[0], [1], [2], [3]]}, scenario: class-il"
#define THREE "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il"

static const char *const streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "domain-il",
                                      TWO_TASKS "class-il, active: seen", THREE};
enum { STREAMS = sizeof streams / sizeof *streams };

static void loops_come_to_the_same_weights(void **state)
{
    (void)state;
    const char *slow = SAID("{plugin: %s, with: {c: 20}}", tiny("slow_si"));
    for (size_t i = 0; i < STREAMS; i++) {
        agree_with(SGD, streams[i], "{si: {c: 20" FORM "}}", slow, 1e-4);
        agree_with(ADAM, streams[i], "{si: {c: 20" FORM "}}", slow, 1e-4);
    }
    agree_with(CLIPPED, THREE, "{si: {c: 20" FORM "}}", slow, 1e-4); /* the gradient of `total` is the clipped one */
}

static void so_do_those_of_the_paper(void **state)
{
    (void)state;
    const char *slow = SAID("{plugin: %s, with: {c: 20, unregularised: true, clip: true}}", tiny("slow_si"));
    for (size_t i = 0; i < STREAMS; i++)
        agree_with(ADAM, streams[i], "{si: {c: 20}}", slow, 1e-4);
    agree_with(CLIPPED, THREE, "{si: {c: 20}}", slow, 1e-4);
}

static void damping_is_that_of_the_loops(void **state)
{
    (void)state;
    const char *slow = SAID("{plugin: %s, with: {c: 1, damping: 0.001}}", tiny("slow_si"));
    agree_with(ADAM, THREE, "{si: {c: 1, damping: 0.001" FORM "}}", slow, 1e-4);
    differ_with(ADAM, THREE, "{si: {c: 1" FORM "}}", slow, 0.1);
}

static void each_choice_is_another_method(void **state)
{
    (void)state;
    differ_with(ADAM, THREE, "{si: {c: 20" FORM "}}", "{si: {c: 20, negative: keep}}", 1e-3);
    differ_with(WILD, FOUR, "{si: {c: 1" FORM "}}", "{si: {c: 1, gradient: total}}", 1e-3);
    agree_with(WILD, FOUR, "{si: {c: 1" FORM "}}", SAID("{plugin: %s, with: {c: 1}}", tiny("slow_si")), 1e-3);
    agree_with(WILD, FOUR, "{si: {c: 1, gradient: total}}",
               SAID("{plugin: %s, with: {c: 1, clip: true}}", tiny("slow_si")), 1e-3);
}

/* The path is that of the whole step, rehearsed rows and others' penalties included. */
static void beside_replay_and_ewc(void **state)
{
    (void)state;
    const char *slow = tiny("slow_si"), *all = "replay: {capacity: 100, batch: 100}";
    agree_with(ADAM, THREE, SAID("%s, {si: {c: 20" FORM "}}", all), SAID("%s, {plugin: %s, with: {c: 20}}", all, slow),
               1e-4);
    agree_with(ADAM, THREE, SAID("{si: {c: 20" FORM "}}, %s", all), SAID("%s, {si: {c: 20" FORM "}}", all), 0);
    agree_with(ADAM, THREE, "{si: {c: 20" FORM "}}, ewc: {lambda: 5}",
               SAID("ewc: {lambda: 5}, {plugin: %s, with: {c: 20}}", slow), 1e-4);
    agree_with(ADAM, THREE, "{si: {c: 20" FORM "}}, ewc: {lambda: 5}", "ewc: {lambda: 5}, {si: {c: 20" FORM "}}", 1e-5);
}

/* Nothing is queued before the first task has ended, and nothing else touches the weights. */
static void a_first_task_is_finetuning(void **state)
{
    (void)state;
    const char *one = "split: {by: class, tasks: 1}, scenario: class-il";
    cell_result *a = trained_with(ADAM, one, "{si: {c: 20" FORM "}}"), *b = trained_with(ADAM, one, "");
    assert_memory_equal(a->parameters, b->parameters, (size_t)a->parameter_count * sizeof *a->parameters);
    assert_int_equal(a->warnings, 0);
    cell_result_close(a);
    cell_result_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_come_to_the_same_weights), cmocka_unit_test(so_do_those_of_the_paper),
        cmocka_unit_test(damping_is_that_of_the_loops),   cmocka_unit_test(each_choice_is_another_method),
        cmocka_unit_test(beside_replay_and_ewc),          cmocka_unit_test(a_first_task_is_finetuning),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
