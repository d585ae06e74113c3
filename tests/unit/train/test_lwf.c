/* plugins/lwf in whole cells: against a loss that shares nothing with it, for each of its forms; its table of what the
 * teacher says, which nobody must notice; and beside other strategies. */
#include "agree.h"

/* Six classes, so that the third task has two others before it. */
#define PAIRS(rest) "split: {by: class, tasks: 3}, scenario: " rest
#define ODD(rest) "split: {by: class, order: [[0, 1], [2, 3, 4], [5]]}, scenario: " rest

static int six_classes(void **state)
{
    agree_classes = 6;
    return folder_begin(state);
}

static const char *slow(const char *with) { return SAID("{plugin: %s, with: {%s}}", tiny("slow_lwf"), with); }

static void as_slow(const char *streams, const char *lwf, const char *with)
{
    agree(streams, SAID("{lwf: {%s}}", lwf), slow(with), 2e-4);
}

/* van de Ven and Tolias: 1/k and 1 - 1/k, T^2. */
static void every_scenario_has_its_form(void **state)
{
    (void)state;
    as_slow(PAIRS("class-il"), "", "form: padded, share: -1, competing: 6, scale: 4");
    as_slow(PAIRS("class-il, active: seen"), "", "form: padded, share: -1, scale: 4");
    as_slow(PAIRS("class-il, active: task"), "temperature: 3", "form: tasks, share: -1, scale: 9, temperature: 3");
    as_slow(PAIRS("task-il"), "", "form: tasks, share: -1, scale: 4");
    as_slow(ODD("task-il"), "temperature: 3", "form: tasks, share: -1, scale: 9, temperature: 3");
    as_slow(PAIRS("task-il, head: single"), "", "form: all, share: -1, scale: 4, competing: 2");
    as_slow(PAIRS("domain-il"), "", "form: all, share: -1, scale: 4, competing: 2");
}

/* T^2 over the columns: van de Ven 2018. Without T^2, added: Li and Hoiem; with several old tasks their sum, and old columns among themselves. */
static void the_original_and_others_can_be_said(void **state)
{
    (void)state;
    const char *added = "blend: add, scale: none, heads: sum";
    as_slow(PAIRS("task-il"), added, "form: tasks, add: 1, by_tasks: true");
    as_slow(PAIRS("class-il"), SAID("%s, columns: all", added), "form: all, add: 1, competing: 6");
    as_slow(PAIRS("class-il, active: seen"), SAID("%s, columns: all", added), "form: all, add: 1");
    as_slow(PAIRS("class-il"), SAID("%s, columns: old, alpha: 0.5", added), "form: old, add: 0.5");
    as_slow(PAIRS("domain-il"), added, "form: all, add: 1, by_tasks: true, competing: 2");
    as_slow(PAIRS("class-il"), "columns: all, scale: mean", "form: all, share: -1, competing: 6, scale: 0.66666667");
    as_slow(PAIRS("task-il"), "scale: mean", "form: tasks, share: -1, scale: 2");
    as_slow(PAIRS("class-il"), "blend: share, alpha: 3", "form: padded, share: 3, scale: 4, competing: 6");
}

/* T^2 over the columns of the softmax, as many as have been seen: 4 and then 6, 5 and then 6; or as there are old ones. */
static void a_mean_is_over_the_columns_of_its_task(void **state)
{
    (void)state;
    const char *mean = "share: -1, over_columns: true";
    as_slow(PAIRS("class-il, active: seen"), "scale: mean", SAID("form: padded, scale: 4, %s", mean));
    as_slow(ODD("class-il, active: seen"), "scale: mean, temperature: 3",
            SAID("form: padded, scale: 9, temperature: 3, %s", mean));
    as_slow(PAIRS("class-il, active: seen"), "scale: mean, columns: old", SAID("form: old, scale: 4, %s", mean));
    as_slow(ODD("class-il, active: seen"), "scale: mean, columns: all", SAID("form: all, scale: 4, %s", mean));
    as_slow(PAIRS("class-il"), "scale: mean", SAID("form: padded, scale: 4, competing: 6, %s", mean));
    as_slow(PAIRS("class-il, active: task"), "scale: mean", SAID("form: tasks, scale: 4, %s", mean));
    as_slow(PAIRS("domain-il"), "scale: mean", SAID("form: all, scale: 4, competing: 2, %s", mean));
}

/* Equal numbers of old and new classes in the second task, twice as many old in the third; alphas are looked up by task. */
static void weights_follow_classes_and_tasks(void **state)
{
    (void)state;
    agree(PAIRS("class-il"), "{lwf: {blend: classes}}", "{lwf: {}}", 0);
    agree(ODD("class-il"), "{lwf: {blend: classes, alpha: 3}}", "{lwf: {blend: share, alphas: [9, 2, 15]}}", 0);
    agree(PAIRS("class-il"), "{lwf: {blend: add, alphas: [9, 0.5]}}", "{lwf: {blend: add, alpha: 0.5}}", 0);
    agree(PAIRS("class-il"), "{lwf: {blend: share, alphas: [9, 4, 8]}}", "{lwf: {alpha: 4}}", 0);
}

/* Row by row as they come or in every step: the same but for the last bits, and each the same to the bit anew. */
static void the_table_is_not_noticed(void **state)
{
    (void)state;
    const char *streams[] = {PAIRS("class-il"), PAIRS("task-il"), PAIRS("domain-il")};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        agree(streams[i], "{lwf: {}}", "{lwf: {table: 0}}", 1e-4);
        agree(streams[i], "{lwf: {}}", "{lwf: {}}", 0);
        agree(streams[i], "{lwf: {table: 0}}", "{lwf: {table: 0}}", 0);
    }
}

/* Half an epoch, and two and a half, of a table that is filled as far as rows have come. */
static void the_table_may_stay_unfinished(void **state)
{
    (void)state;
    for (int iterations = 1; iterations < 9; iterations += 6) {
        cell_result *r[2];
        for (int i = 0; i < 2; i++)
            r[i] = sole_trained(planned_well(SAID(
                "perdure: 1\nname: t\ndata: {set: synthetic, classes: 4, train_rows: 24, test_rows: 8, shape: [9]}\n"
                "stream: {split: {tasks: 2}, scenario: class-il}\nnetwork: {type: mlp, hidden: [5]}\n"
                "optimizer: {type: sgd, lr: 0.1}\ntraining: {batch: 4, iterations: %d}\n" CPU
                "methods: [{name: a, strategies: [{lwf: {table: %d}}]}]\n",
                iterations, i)));
        assert_int_equal(r[0]->parameter_count, r[1]->parameter_count);
        for (int64_t j = 0; j < r[0]->parameter_count; j++)
            assert_true(fabsf(r[0]->parameters[j] - r[1]->parameters[j]) < 1e-5F);
        cell_result_close(r[0]);
        cell_result_close(r[1]);
    }
}

static cell_result *pictured(const char *augment, const char *training, const char *strategy_yaml)
{
    return sole_trained(picture_plan(augment, "split: {tasks: 3}, scenario: class-il",
                                     SAID("%smethods: [{name: a, strategies: [%s]}]\n", training, strategy_yaml)));
}

static bool same_weights(const cell_result *a, const cell_result *b)
{
    return a->parameter_count == b->parameter_count &&
           !memcmp(a->parameters, b->parameters, (size_t)a->parameter_count * sizeof *a->parameters);
}

/* Rows that look different in every epoch are asked for in every step, table or not. */
static void augmented_rows_are_asked_for_anew(void **state)
{
    (void)state;
    cell_result *kept = pictured(", augment: [{crop: 1}]", "", "{lwf: {}}");
    cell_result *asked = pictured(", augment: [{crop: 1}]", "", "{lwf: {table: 0}}");
    cell_result *plain = pictured("", "", "{lwf: {}}");
    assert_true(same_weights(kept, asked));
    assert_false(same_weights(kept, plain));
    cell_result_close(kept);
    cell_result_close(asked);
    cell_result_close(plain);
}

/* The first task is trained as without it, to the bit. */
static void the_first_task_is_left_alone(void **state)
{
    (void)state;
    cell_result *a = trained("split: {tasks: 1}, scenario: class-il", "{lwf: {}}");
    cell_result *b = trained("split: {tasks: 1}, scenario: class-il", "");
    assert_true(same_weights(a, b));
    cell_result_close(a);
    cell_result_close(b);
}

/* Rule 14 of <perdure/plugin.h>, with loops for all but the memory: (M + r S) / (1 + r), rehearsed rows in M or a share of
 * their own, and the penalty beside. Rehearsed rows are not distilled. */
static void others_may_rehearse_and_hold(void **state)
{
    (void)state;
    const char *join = "{replay: {capacity: 6}}", *share = "{replay: {capacity: 6, blend: share, weight: 2}}";
    const char *streams[] = {PAIRS("class-il"), PAIRS("task-il"), PAIRS("domain-il")};
    const char *forms[] = {"form: padded, competing: 6", "form: tasks", "form: all, competing: 2"};
    for (int i = 0; i < 3; i++) {
        const char *alone = slow(SAID("%s, share: -1, scale: 4", forms[i]));
        const char *beside = slow(SAID("%s, share: -1, scale: 4, beside: 2", forms[i]));
        const char *hold = SAID("{plugin: %s, with: {lambda: 5}}", tiny("slow_ewc"));
        agree(streams[i], SAID("%s, {lwf: {}}", join), SAID("%s, %s", join, alone), 2e-4);
        agree(streams[i], SAID("%s, {lwf: {}}", share), SAID("%s, %s", share, beside), 2e-4);
        agree(streams[i], SAID("%s, {ewc: {lambda: 5}}", join), SAID("%s, %s", join, hold), 2e-4);
        agree(streams[i], SAID("{lwf: {}}, %s, {ewc: {lambda: 5}}", share), SAID("%s, %s, %s", beside, share, hold),
              2e-4);
    }
}

static void no_new_classes_have_no_share(void **state)
{
    (void)state;
    planned p = tiny_plan_of(6, PAIRS("domain-il"), "methods: [{name: a, strategies: [{lwf: {blend: classes}}]}]\n");
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(
        e.text, "strategy lwf, hook before_task, task 2, step 6: found blend: classes in task 2, which has no new "
                "classes; expected per-task, share or add");
    planned_free(&p);
}

static void heads_of_many_sizes_have_no_mean(void **state)
{
    (void)state;
    planned p = tiny_plan_of(6, ODD("task-il"), "methods: [{name: a, strategies: [{lwf: {scale: mean}}]}]\n");
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text,
                           ": found scale: mean where earlier tasks differ in their number of columns; expected "
                           "square or none"));
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_has_its_form),
        cmocka_unit_test(the_original_and_others_can_be_said),
        cmocka_unit_test(a_mean_is_over_the_columns_of_its_task),
        cmocka_unit_test(weights_follow_classes_and_tasks),
        cmocka_unit_test(the_table_is_not_noticed),
        cmocka_unit_test(the_table_may_stay_unfinished),
        cmocka_unit_test(augmented_rows_are_asked_for_anew),
        cmocka_unit_test(the_first_task_is_left_alone),
        cmocka_unit_test(others_may_rehearse_and_hold),
        cmocka_unit_test(no_new_classes_have_no_share),
        cmocka_unit_test(heads_of_many_sizes_have_no_mean),
    };
    return cmocka_run_group_tests(tests, six_classes, folder_end);
}
