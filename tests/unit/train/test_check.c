/* Self-checks: every fault that a strategy can make unnoticed is seeded, and found where it is. */
#include "fixture.h"

static int trained_with(const char *streams, const char *set, const char *strategy_yaml, cell_result **r, error *e)
{
    planned p = tiny_plan(streams, SAID("methods: [{name: a, set: {%s}, strategies: [%s]}]\n", set, strategy_yaml));
    int code = cell_tried(&p, 0, 3, NULL, r, e);
    planned_free(&p);
    return code;
}

static int trained(const char *streams, const char *strategy_yaml, cell_result **r, error *e)
{
    return trained_with(streams, "", strategy_yaml, r, e);
}

static const char *faulty(const char *fault) { return SAID("{plugin: %s, with: {fault: %s}}", tiny("faulty"), fault); }

static void is_found(const char *streams, const char *fault, const char *check, const char *who, const char *hook,
                     int64_t step, int64_t count, const char *words)
{
    cell_result *r = NULL;
    error e = {0};
    if (trained(streams, faulty(fault), &r, &e))
        fail_msg("%s", e.text);
    assert_int_equal(r->finding_count, 1);
    const struct cell_finding *f = r->findings;
    assert_string_equal(f->check, check);
    assert_string_equal(f->strategy, who);
    assert_string_equal(f->hook, hook);
    assert_int_equal(f->task, 2);
    assert_int_equal(f->step, step);
    assert_int_equal(f->count, count);
    assert_string_equal(f->words, words);
    assert_int_equal(r->warnings, 1); /* said once, however often it came */
    cell_result_close(r);
}

/* Two tasks of 12 rows, batches of 4, two epochs: steps 1 to 6, then 7 to 12. */
#define CLASS_IL TWO_TASKS "class-il"

static void what_is_wrong_is_said_once_and_counted(void **state)
{
    (void)state;
    const char *zero =
        "found a penalty of 0 after the weights moved; expected more: importance or weight is zero, or the "
        "anchor follows the weights (clone() what is kept)";
    is_found(CLASS_IL, "zero-penalty", "zero_penalty", "faulty", "after_loss", 8, 1, zero);
    is_found(CLASS_IL, "following-anchor", "zero_penalty", "faulty", "after_loss", 8, 1, zero);
    is_found(CLASS_IL, "empty-memory", "empty_memory", "faulty", "before_batch", 7, 1,
             "found an empty memory (rows) after the first task; expected some rows of it");
    is_found("split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il, active: seen", "label",
             "label_outside", "faulty", "before_batch", 7, 4,
             "found label 3 in a rehearsed row; expected 0 to 2, the columns that compete (stream.active): the row is "
             "taken as one without a label");
}

static void a_metric_that_is_not_finite_is_found(void **state)
{
    (void)state;
    is_found(CLASS_IL, "nan-metric", "metric_not_finite", "faulty", "after_loss", 7, 6,
             "found a value of nan for metric faulty.size; expected a finite one");
}

static void a_head_that_stays_is_found(void **state)
{
    (void)state;
    is_found(CLASS_IL, "still-head", "untrained_head", "", "after_task", 12, 2,
             "found column 2 of the head as it was before the task; expected training to move it");
}

static void untrained_head(const char *streams, const char *set, const char *strategy_yaml, const char *words)
{
    cell_result *r = NULL;
    error e = {0};
    if (trained_with(streams, set, strategy_yaml, &r, &e))
        fail_msg("%s", e.text);
    assert_int_equal(r->finding_count, words != NULL);
    if (words)
        assert_string_equal(r->findings->check, "untrained_head");
    if (words)
        assert_string_equal(r->findings->words, words);
    cell_result_close(r);
}

/* Weight decay and momentum move what no gradient reaches. */
static void a_head_without_a_gradient_is_found(void **state)
{
    (void)state;
    static const char *const sets[] = {"optimizer.weight_decay: 0.1", "optimizer.momentum: 0.9"};
    for (int i = 0; i < 2; i++)
        untrained_head(CLASS_IL, sets[i], "", NULL);
    untrained_head(CLASS_IL, sets[0], faulty("cut-head"),
                   "found no gradient in column 2 of the head; expected the task's loss to give it one");
    const char *alone = "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il, active: task";
    untrained_head(alone, sets[0], "",
                   "found no gradient in column 2 of the head; expected the task's loss to give it one (a task of one "
                   "class has nothing to tell apart)");
    untrained_head(alone, "", "",
                   "found column 2 of the head as it was before the task; expected training to move it (a task of one "
                   "class has nothing to tell apart)");
    untrained_head(alone, "", SAID("{plugin: %s}", tiny("predict_a")), NULL);
    untrained_head(alone, "", SAID("{plugin: %s}", tiny("sole_a")), NULL);
}

/* The weights move behind the only step. */
static void penalties_of_a_single_step_are_looked_at(void **state)
{
    (void)state;
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(trained_with(CLASS_IL, "training.iterations: 1", faulty("zero-penalty"), &r, &e), 0);
    assert_int_equal(r->finding_count, 1);
    assert_string_equal(r->findings->check, "zero_penalty");
    assert_true(r->findings->task == 2 && r->findings->step == 2 && r->findings->count == 1);
    cell_result_close(r);
    assert_int_equal(trained_with(CLASS_IL, "training.iterations: 1", "{ewc: {lambda: 10}}", &r, &e), 0);
    assert_int_equal(r->finding_count, 0);
    cell_result_close(r);
}

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
    (void)state;
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(trained(CLASS_IL, "{replay: {capacity: 5}}", &r, &e), 0);
    assert_true(r->finding_count == 0 && r->warnings == 0);
    cell_result_close(r);
}

static void mingled_rows_are_looked_at_as_rehearsed_ones(void **state)
{
    (void)state;
    cell_result *r = NULL;
    error e = {0};
    const char *later = "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: class-il, active: seen";
    assert_int_equal(trained(later, faulty("mingled-label"), &r, &e), 0);
    assert_int_equal(r->finding_count, 1);
    assert_string_equal(r->findings->strategy, "faulty");
    assert_string_equal(r->findings->hook, "before_task");
    assert_int_equal(r->findings->task, 2);
    assert_int_equal(r->findings->count, 2); /* once an epoch */
    assert_string_equal(r->findings->words,
                        "found label 3 in a mingled row; expected 0 to 2, the columns that compete (stream.active): "
                        "the row is taken as one without a label");
    cell_result_close(r);
    assert_int_equal(trained(later, faulty("mingled-beyond"), &r, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, ": the batch failed: strategy faulty, mingle: found label 4; expected -1 to 3, the "
                                   "network's columns"));
    e = (error){0};
    assert_int_equal(trained(later, faulty("mingled-nan"), &r, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "(from strategy faulty, hook before_task: a memory that mingle() was given)"));
}

static void stops(const char *strategy_yaml, const char *words)
{
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(trained(CLASS_IL, strategy_yaml, &r, &e), EXIT_FAILED);
    assert_null(r);
    assert_string_equal(e.text, words);
    assert_string_equal(e.hint, "a smaller optimizer.lr, training.gradient_clip or data.normalize often mends it");
}

static void what_is_not_finite_stops_with_its_cause(void **state)
{
    (void)state;
    stops(faulty("nan-term"), "task 2, step 7: found a loss of nan; expected a finite one (from strategy faulty, hook "
                              "after_loss: a term that add_loss() was given)");
    stops(faulty("nan-rows"), "task 2, step 7: found a loss of nan; expected a finite one (from strategy faulty, hook "
                              "before_batch: rows that rehearse() was given)");
    stops(faulty("nan-penalty"),
          "task 2, step 7: found a gradient that is not finite; expected a finite one (from "
          "strategy faulty, hook after_loss: importance or anchor that add_penalty() was given)");
    stops(faulty("nan-gradient"), "task 2, step 7: found a gradient that is not finite; expected a finite one (from "
                                  "strategy faulty, hook after_backward, or from the backward pass)");
    stops(SAID("{plugin: %s}", tiny("nan_loss")), "task 1, step 1: found a loss of nan; expected a finite one (from "
                                                  "strategy nan_loss, hook compute_loss)");
}

/* The weights are thrown further at every step, and neither they nor the loss say by whom. */
static void a_penalty_that_is_too_strong_is_named(void **state)
{
    (void)state;
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(trained(CLASS_IL, faulty("huge-penalty"), &r, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "expected a finite one (from strategy faulty, hook after_loss: a penalty of "));
    assert_string_equal(e.hint, "a smaller weight of it (ewc: lambda), a smaller optimizer.lr or "
                                "training.gradient_clip often mends it");
}

static void a_network_that_is_not_finite_does_not_end_well(void **state)
{
    (void)state;
    stops(faulty("huge-weights"), "evaluation on task 1 after 2: found logits that are not finite (inf); expected "
                                  "finite ones (from the network, whose weights are too large)");
}

static void a_rate_that_is_too_large_stops(void **state)
{
    (void)state;
    planned p = tiny_plan(CLASS_IL, "methods: [{name: a, set: {optimizer.lr: 1, optimizer.weight_decay: 1e6}}]\n");
    dataset *d = data_of(&p);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(train_cell(p.plan, 0, 3, d, NULL, &r, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "expected a finite one (from"));
    dataset_close(d);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_once_and_counted),
        cmocka_unit_test(a_head_that_stays_is_found),
        cmocka_unit_test(mingled_rows_are_looked_at_as_rehearsed_ones),
        cmocka_unit_test(a_head_without_a_gradient_is_found),
        cmocka_unit_test(penalties_of_a_single_step_are_looked_at),
        cmocka_unit_test(a_metric_that_is_not_finite_is_found),
        cmocka_unit_test(a_penalty_that_is_too_strong_is_named),
        cmocka_unit_test(a_network_that_is_not_finite_does_not_end_well),
        cmocka_unit_test(nothing_is_found_where_nothing_is_wrong),
        cmocka_unit_test(what_is_not_finite_stops_with_its_cause),
        cmocka_unit_test(a_rate_that_is_too_large_stops),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
