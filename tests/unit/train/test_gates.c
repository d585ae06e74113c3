/* Gates in whole cells: what before_task sets stays, what before_eval sets is undone (rule 20), and gates of two strategies
 * multiply. */
#include "fixture.h"

static cell_result *trained(const char *strategies)
{
    return sole_trained(tiny_plan(
        TWO_TASKS "class-il",
        SAID("methods: [{name: a, strategies: [%s], train_on: all, set: {training.epochs: 100}}]\n", strategies)));
}

static char *gate(double factor, const char *moment)
{
    return SAID("{plugin: %s, with: {factor: %g, moment: %s}}", tiny("gate"), factor, moment);
}

static void same_training(const char *left, const char *right, bool same)
{
    cell_result *a = trained(left), *b = trained(right);
    assert_true(!strcmp(a->weights_sha256, b->weights_sha256) == same);
    cell_result_close(a);
    cell_result_close(b);
}

static void what_an_evaluation_is_gated_with_is_undone(void **state)
{
    (void)state;
    same_training(gate(0, "before_eval"), "", true);
    same_training(SAID("%s, %s", gate(0.5, "before_task"), gate(0, "before_eval")), gate(0.5, "before_task"), true);
}

/* With silent units the network says the same of every row, and of the two classes of a task at most one is right. */
static void an_evaluation_is_gated(void **state)
{
    (void)state;
    cell_result *plain = trained(""), *silent = trained(gate(0, "before_eval"));
    bool differs = false;
    for (int64_t after = 0; after <= 2; after += 2)
        for (int64_t on = 1; on <= 2; on++) {
            double accuracy = matrix_at(silent->accuracy, after, on);
            assert_true(accuracy == 0 || accuracy == 0.5);
            differs = differs || accuracy != matrix_at(plain->accuracy, after, on);
        }
    assert_true(differs);
    cell_result_close(plain);
    cell_result_close(silent);
}

static void training_is_gated(void **state)
{
    (void)state;
    same_training(gate(0.5, "before_task"), "", false);
    same_training(gate(1, "before_task"), "", true);
    same_training(SAID("%s, %s", gate(0.5, "before_task"), gate(0.5, "before_task")), gate(0.25, "before_task"), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_an_evaluation_is_gated_with_is_undone),
                                       cmocka_unit_test(an_evaluation_is_gated), cmocka_unit_test(training_is_gated)};
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
