/* How long a task is trained, at which rate, and what a method sets for itself. */
#include "fixture.h"

/* The fixture's plan with other training and optimizer sections, as --set would lay them. */
static bench *scheduled(const char *set, const char *method)
{
    return bench_open(tiny_plan(TWO_TASKS "class-il", SAID("methods: [{name: a%s, set: {%s}}]\n", method, set)), 0, 0);
}

static double rate_at(bench *b, int64_t epoch, int64_t step)
{
    b->c.steps = step;
    b->c.steps_before = 0;
    b->c.order.count = 12;
    return schedule_rate(&b->c, epoch);
}

static void a_constant_rate_stays(void **state)
{
    (void)state;
    bench *b = scheduled("optimizer.lr: 0.5", "");
    assert_true(rate_at(b, 0, 0) == 0.5 && rate_at(b, 1, 5) == 0.5);
    bench_close(b);
}

static void steps_multiply_the_rate(void **state)
{
    (void)state;
    bench *b = scheduled("optimizer.schedule: {step: {at: [1, 3], factor: 0.5}}, training.epochs: 4", "");
    const double of_epoch[] = {0.1, 0.05, 0.05, 0.025};
    for (int64_t epoch = 0; epoch < 4; epoch++)
        assert_true(fabs(rate_at(b, epoch, 3 * epoch) - of_epoch[epoch]) < 1e-15);
    bench_close(b);
    b = scheduled("optimizer.schedule: {step: {at: [2]}}, training.iterations: 5", "");
    assert_true(fabs(rate_at(b, 0, 1) - 0.1) < 1e-15 && fabs(rate_at(b, 0, 2) - 0.01) < 1e-15);
    bench_close(b);
}

/* As the task is: two tasks as one have twice the iterations, and each drop comes after twice as many. */
static void steps_are_stretched_with_the_task(void **state)
{
    (void)state;
    bench *b = scheduled("optimizer.schedule: {step: {at: [2, 4]}}, training.iterations: 5", ", train_on: all");
    const double of_step[] = {0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001};
    for (int64_t step = 0; step < 10; step++)
        assert_true(fabs(rate_at(b, 0, step) - of_step[step]) < 1e-15);
    bench_close(b);
}

static void steps_without_end_are_counted_to_the_most(void **state)
{
    (void)state;
    bench *b = scheduled("training.epochs: 1000000000", "");
    assert_int_equal(schedule_steps(&b->c, INT64_MAX / 8), INT64_MAX);
    bench_close(b);
}

static void a_cosine_ends_at_its_end(void **state)
{
    (void)state;
    bench *b = scheduled("optimizer.schedule: {cosine: {to: 0.02}}, training.epochs: 2", ""); /* 2 x 3 steps */
    assert_true(fabs(rate_at(b, 0, 0) - 0.1) < 1e-15);
    assert_true(fabs(rate_at(b, 1, 3) - 0.06) < 1e-15);
    assert_true(fabs(rate_at(b, 1, 2) - (0.02 + 0.08 * (1 + cos(M_PI / 3)) / 2)) < 1e-15);
    assert_true(rate_at(b, 1, 5) < 0.03);
    bench_close(b);
    b = scheduled("optimizer.schedule: cosine, training.iterations: 10", "");
    assert_true(fabs(rate_at(b, 2, 5) - 0.05) < 1e-15);
    bench_close(b);
}

static void a_task_has_its_iterations(void **state)
{
    (void)state;
    bench *b = scheduled("training.iterations: 7", "");
    assert_int_equal(b->c.steps_all, 14);
    b->c.steps = 6;
    assert_false(schedule_over(&b->c, 5));
    b->c.steps = 7;
    assert_true(schedule_over(&b->c, 0));
    bench_close(b);
    b = scheduled("training.iterations: 7", ", train_on: all");
    assert_int_equal(b->c.steps_all, 14);
    bench_close(b);
    b = scheduled("training.epochs: 3", ", train_on: all-so-far");
    assert_int_equal(b->c.steps_all, 3 * 3 + 3 * 6);
    bench_close(b);
}

static cell_result *trained(const char *set, const char *method)
{
    const char *methods = SAID("methods: [{name: a%s, set: {%s}}]\n", method, set);
    return sole_trained(tiny_plan(TWO_TASKS "class-il", methods));
}

static void same_weights(const char *a, const char *b, bool same)
{
    cell_result *x = trained(a, ""), *y = trained(b, "");
    assert_int_equal(!strcmp(x->weights_sha256, y->weights_sha256), same);
    cell_result_close(x);
    cell_result_close(y);
}

static void whole_cells_follow(void **state)
{
    (void)state;
    cell_result *r = trained("training.iterations: 7", "");
    assert_int_equal(r->steps, 14);
    cell_result_close(r);
    same_weights("training.iterations: 6", "training.epochs: 2", true); /* three batches an epoch */
    same_weights("training.iterations: 5", "training.epochs: 2", false);
    same_weights("optimizer.schedule: {step: {at: [99]}}", "optimizer.schedule: constant", true);
    same_weights("optimizer.schedule: cosine", "optimizer.schedule: constant", false);
    same_weights("optimizer.reset_per_task: true", "optimizer.reset_per_task: false", true); /* nothing to forget */
    same_weights("optimizer.reset_per_task: true, optimizer.momentum: 0.9", "optimizer.momentum: 0.9", false);
    same_weights("training.gradient_clip: 1e6", "training.gradient_clip: none", true);
    same_weights("training.gradient_clip: 0.01", "training.gradient_clip: none", false);
}

static void all_so_far_sees_the_rows_again(void **state)
{
    (void)state;
    bench *b = scheduled("training.epochs: 1", ", train_on: all-so-far");
    const stage *second = &b->c.stages[1];
    const pdr_task *t = &second->task.task;
    assert_int_equal(b->c.stage_count, 2);
    assert_int_equal(b->c.stages[0].count, 12);
    assert_true(second->count == 24 && t->row_count == 24);
    assert_true(t->boundary_known == 1 && t->index == 1 && t->previous == &b->c.stages[0].task.task);
    assert_true(t->class_count == 4 && t->seen_before == 2 && t->seen == 4 && t->classes[3] == 3);
    assert_int_equal(second->after, 2);
    bench_close(b);
    cell_result *so_far = trained("training.epochs: 2", ", train_on: all-so-far");
    assert_int_equal(so_far->steps, 2 * 3 + 2 * 6);
    assert_true(matrix_has(so_far->accuracy, 1, 1));
    cell_result_close(so_far);
}

static void the_matrix_can_be_smaller(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il",
                          ONE_METHOD "evaluation: {matrix: {rows: last, tasks: all, untrained: false}}\n");
    planned q = tiny_plan(TWO_TASKS "class-il", ONE_METHOD "evaluation: {matrix: {tasks: seen}}\n");
    dataset *d = data_of(&p);
    cell_result *last = NULL, *seen = NULL;
    error e = {0};
    assert_int_equal(train_cell(p.plan, 0, 3, d, NULL, &last, &e), 0);
    assert_int_equal(train_cell(q.plan, 0, 3, d, NULL, &seen, &e), 0);
    for (int64_t after = 0; after <= 2; after++)
        for (int64_t on = 1; on <= 2; on++) {
            assert_int_equal(matrix_has(last->accuracy, after, on), after == 2);
            assert_int_equal(matrix_has(seen->accuracy, after, on), on <= after);
        }
    assert_true(isnan(metric_find("bwt.gem")->of(last->accuracy)) &&
                !isnan(metric_find("bwt.gem")->of(seen->accuracy)));
    cell_result_close(last);
    cell_result_close(seen);
    dataset_close(d);
    planned_free(&p);
    planned_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_rate_stays),
        cmocka_unit_test(steps_multiply_the_rate),
        cmocka_unit_test(a_cosine_ends_at_its_end),
        cmocka_unit_test(a_task_has_its_iterations),
        cmocka_unit_test(whole_cells_follow),
        cmocka_unit_test(all_so_far_sees_the_rows_again),
        cmocka_unit_test(the_matrix_can_be_smaller),
        cmocka_unit_test(steps_are_stretched_with_the_task),
        cmocka_unit_test(steps_without_end_are_counted_to_the_most),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
