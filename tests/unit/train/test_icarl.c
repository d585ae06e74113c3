/* plugins/icarl in whole cells: what it learns, what it is given, and what it refuses. */
#include "fixture.h"

#define DIGITS(streams, rest)                                                                                       \
    planned_well(SAID("perdure: 1\nname: t\ndata: {set: digits}\nstream: {split: {by: class, tasks: 5}, scenario: " \
                      "%s}\nnetwork: {type: mlp, hidden: [40]}\noptimizer: {type: adam, lr: 0.003}\n"               \
                      "training: {batch: 32, epochs: 8}\n" CPU "%s",                                                \
                      streams, rest))
#define ICARL(parameters) "methods: [{name: a, strategies: [icarl: " parameters "]}]\n"

static double final_of(const matrix *m) { return metric_find("acc.macro")->of(m); }

/* Ten classes in five tasks: fine-tuning knows the last two, iCaRL most of all; and its own network is reported beside. */
static void it_remembers_what_finetuning_forgets(void **state)
{
    (void)state;
    cell_result *plain = sole_trained(DIGITS("class-il", ONE_METHOD));
    cell_result *one = sole_trained(DIGITS("class-il", ICARL("{capacity: 200}")));
    double forgot = final_of(plain->accuracy), kept = final_of(one->accuracy);
    assert_null(plain->network);
    if (!(forgot < 0.3 && kept > 0.75))
        fail_msg("finetune %g, icarl %g", forgot, kept);
    assert_non_null(one->network);
    assert_true(final_of(one->network) > forgot);
    assert_memory_not_equal(one->network->right, one->accuracy->right, 30 * sizeof(int64_t));
    assert_memory_equal(one->network->right, one->accuracy->right, 5 * sizeof(int64_t)); /* untrained: no exemplars */
    assert_int_equal(one->warnings, 0);                                                  /* no leak */
    cell_result_close(plain);
    cell_result_close(one);
}

static void one_seed_is_one_result(void **state)
{
    (void)state;
    cell_result *r[3];
    planned p = DIGITS("class-il", ICARL("{capacity: {per_class: 5}, temperature: 2}"));
    for (int i = 0; i < 3; i++)
        r[i] = cell_trained(&p, 0, i < 2 ? 3 : 4, NULL);
    assert_string_equal(r[0]->weights_sha256, r[1]->weights_sha256);
    assert_memory_equal(r[0]->accuracy->right, r[1]->accuracy->right, 30 * sizeof(int64_t));
    assert_string_not_equal(r[0]->weights_sha256, r[2]->weights_sha256);
    for (int i = 0; i < 3; i++)
        cell_result_close(r[i]);
    planned_free(&p);
}

/* Tasks of 12 rows in batches of 4, two epochs. The exemplars are more rows of an epoch, and those held out are none. */
static void exemplars_join_the_rows_of_the_next_task(void **state)
{
    (void)state;
    const struct {
        const char *capacity;
        int64_t steps;
    } cases[] = {{"4", 2 * (3 + 4)}, {"8", 2 * (3 + 5)}, {"{per_class: 2}", 2 * (3 + 4)}, {"1000", 2 * (3 + 6)}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cell_result *r = sole_trained(
            tiny_plan(TWO_TASKS "class-il",
                      SAID("methods: [{name: a, strategies: [icarl: {capacity: %s}]}]\n", cases[i].capacity)));
        assert_int_equal(r->steps, cases[i].steps);
        cell_result_close(r);
    }
    cell_result *r = sole_trained(picture_plan(", validation: 0.25", "split: {by: class, tasks: 3}, scenario: class-il",
                                               ICARL("{capacity: 1000}"))); /* 6 rows a task, all kept */
    assert_int_equal(r->steps, 2 * (1 + 2 + 3));
    cell_result_close(r);
}

/* Rows of others go through the same loss, and terms and penalties stand beside it. */
static void it_composes(void **state)
{
    (void)state;
    cell_result *alone = sole_trained(DIGITS("class-il", ICARL("{capacity: 100}")));
    const char *with[] = {"ewc: {lambda: 1}", "replay: {capacity: 50}"};
    for (int i = 0; i < 2; i++) {
        cell_result *r = sole_trained(
            DIGITS("class-il", SAID("methods: [{name: a, strategies: [icarl: {capacity: 100}, %s]}]\n", with[i])));
        assert_true(final_of(r->accuracy) > 0.6);
        assert_string_not_equal(r->weights_sha256, alone->weights_sha256);
        assert_int_equal(r->warnings, 0);
        cell_result_close(r);
    }
    cell_result_close(alone);
}

/* ---- what it is not defined for ---- */

static void refused(planned p, const char *words)
{
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
    assert_string_equal(e.text, words);
    planned_free(&p);
}

#define BEFORE(task, step) "strategy icarl, hook before_task, task " task ", step " step ": "
#define COMMON                                                                                                \
    "found tasks that have classes in common; expected class-il, where each task brings new ones: a class's " \
    "exemplars "                                                                                              \
    "are chosen once, at the end of its task"

static void streams_without_new_classes_are_refused(void **state)
{
    (void)state;
    const char *icarl = ICARL("{capacity: 100}");
    refused(
        tiny_plan(TWO_TASKS "task-il", icarl),
        BEFORE("1", "0") "found scenario: task-il; expected class-il: rows are told apart by the means of all classes "
                         "seen, whatever their task");
    refused(tiny_plan(TWO_TASKS "domain-il", icarl), BEFORE("1", "0") COMMON);
    refused(picture_plan("", "split: {by: permutation, tasks: 2}, scenario: domain-il", icarl),
            BEFORE("1", "0") COMMON);
    refused(tiny_plan(TWO_TASKS "class-il",
                      "methods: [{name: a, train_on: all-so-far, strategies: [icarl: {capacity: 100}]}]\n"),
            BEFORE("2", "6") COMMON);
}

static void budgets_below_a_row_a_class_are_refused_at_once(void **state)
{
    (void)state;
    refused(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: 3}")),
            BEFORE("1", "0") "found a capacity of 3 rows for 4 classes; expected one row a class at least");
    cell_result_close(sole_trained(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: 4}"))));
    cell_result_close(sole_trained(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: {per_class: 1}}"))));
}

static void policies_are_refused(void **state)
{
    (void)state;
    refused(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: 8, policy: fifo}")),
            "strategy icarl, hook create: found policy: fifo; expected none: which rows stay is herding's choice");
    refused(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: 8, policy: class-balanced}")),
            "strategy icarl, hook create: found policy: class-balanced; expected none: which rows stay is herding's "
            "choice");
    cell_result_close(sole_trained(tiny_plan(TWO_TASKS "class-il", ICARL("{capacity: 8, policy: none}"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_remembers_what_finetuning_forgets),
        cmocka_unit_test(one_seed_is_one_result),
        cmocka_unit_test(exemplars_join_the_rows_of_the_next_task),
        cmocka_unit_test(it_composes),
        cmocka_unit_test(streams_without_new_classes_are_refused),
        cmocka_unit_test(budgets_below_a_row_a_class_are_refused_at_once),
        cmocka_unit_test(policies_are_refused),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
