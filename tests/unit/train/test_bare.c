/* The bare loop does the training of the cell beside it, and nothing else. */
#include "fixture.h"

static const char methods[] = "methods:\n  - name: alone\n  - {name: all, train_on: all}\n"
                              "  - {name: cut, set: {training.iterations: 5}}\n"
                              "  - {name: clipped, set: {training.gradient_clip: 0.05}}\n"
                              "  - {name: replayed, strategies: [replay: {capacity: 5}]}\n";

static cell_result *cell_of(const planned *p, int method, bool bare)
{
    dataset *d = data_of(p);
    cell_result *r = NULL;
    error e = {0};
    int code = bare ? train_bare(p->plan, method, 3, d, &r, &e) : train_cell(p->plan, method, 3, d, NULL, &r, &e);
    if (code)
        fail_msg("%s", e.text);
    dataset_close(d);
    return r;
}

static void without_strategies_the_weights_are_the_same(void **state)
{
    (void)state;
    static const char *const streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il"};
    for (int i = 0; i < 2; i++) {
        planned p = tiny_plan(streams[i], methods);
        for (int method = 0; method < 4; method++) {
            cell_result *bare = cell_of(&p, method, true), *whole = cell_of(&p, method, false);
            assert_int_equal(bare->steps, whole->steps);
            assert_string_equal(bare->weights_sha256, whole->weights_sha256);
            cell_result_close(bare);
            cell_result_close(whole);
        }
        planned_free(&p);
    }
}

static void strategies_stay_out_of_it(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", methods);
    cell_result *alone = cell_of(&p, 0, true), *replayed = cell_of(&p, 4, true), *whole = cell_of(&p, 4, false);
    assert_string_equal(alone->weights_sha256, replayed->weights_sha256);
    assert_string_not_equal(alone->weights_sha256, whole->weights_sha256);
    cell_result_close(alone);
    cell_result_close(replayed);
    cell_result_close(whole);
    planned_free(&p);
}

static void steps_are_timed_and_nothing_is_evaluated(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", methods);
    cell_result *r = cell_of(&p, 0, true);
    assert_int_equal(r->steps, 2 * 2 * 3);
    assert_true(r->steps_per_second > 0);
    assert_true(r->seconds.start > 0 && r->seconds.train > 0);
    assert_true(r->seconds.evaluate == 0 && r->seconds.between_tasks == 0);
    assert_false(matrix_has(r->accuracy, 2, 1));
    cell_result_close(r);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_strategies_the_weights_are_the_same),
        cmocka_unit_test(strategies_stay_out_of_it),
        cmocka_unit_test(steps_are_timed_and_nothing_is_evaluated),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
