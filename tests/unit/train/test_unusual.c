/* Cells that no run trains: with a task that has no rows, and one that is opened from a checkpoint to be saved again. */
#include "pieces.h"

static int without_rows(const planned *p, int method, int64_t empty, cell_result **r, error *e)
{
    dataset *d = data_of(p);
    int code = train_without_rows(p->plan, method, 3, d, NULL, empty, r, e);
    dataset_close(d);
    return code;
}

/* Its steps are those of the tasks that have rows, and what strategies keep of the empty one is nothing, in numbers. */
static void a_task_may_have_no_rows(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a}, {name: b, strategies: [ewc: {lambda: 10}]}, "
                                                "{name: c, strategies: [ewc: {lambda: 10, fisher: batched}]}, "
                                                "{name: d, strategies: [replay: {capacity: 5}]}]\n");
    for (int method = 0; method < 4; method++)
        for (int64_t empty = 0; empty < 2; empty++) {
            cell_result *r = NULL, *whole = cell_trained(&p, method, 3, NULL);
            error e = {0};
            if (without_rows(&p, method, empty, &r, &e))
                fail_msg("%s", e.text);
            assert_int_equal(2 * r->steps, whole->steps);
            for (int64_t i = 0; i < r->parameter_count; i++)
                assert_true(isfinite(r->parameters[i]));
            cell_result_close(r);
            cell_result_close(whole);
        }
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(without_rows(&p, 0, 2, &r, &e), EXIT_INTERNAL);
    planned_free(&p);
}

static char *stopped_home(const planned *p, int method)
{
    char *home = home_new();
    stopper s = {.at = 5};
    train_listener l = listening(&s, home);
    cell_result *r = NULL;
    error e = {0};
    assert_int_equal(cell_tried(p, method, 3, &l, &r, &e), EXIT_RESUMABLE);
    return home;
}

static int saved_again(const planned *p, int method, const char *home, char **differs, error *e)
{
    dataset *d = data_of(p);
    int code = train_saved_again(p->plan, method, 3, d, &(train_listener){.folder = home}, differs, e);
    dataset_close(d);
    return code;
}

static void what_differs_is_named(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il",
                          SAID("output: {checkpoint: {every: {batches: 1000000}}}\n"
                               "methods: [{name: a, strategies: [ewc: {lambda: 10}, replay: {capacity: 5}]}, {name: b, "
                               "strategies: [{plugin: %s, with: {fault: loading}}]}]\n",
                               tiny("unruly")));
    char *differs = NULL;
    error e = {0};
    assert_int_equal(saved_again(&p, 0, stopped_home(&p, 0), &differs, &e), 0);
    assert_string_equal(differs, "");
    free(differs);
    assert_int_equal(saved_again(&p, 1, stopped_home(&p, 1), &differs, &e), 0);
    assert_string_equal(differs, "bytes/count (8 bytes) is saved with other bytes");
    free(differs);
    assert_int_equal(saved_again(&p, 0, home_new(), &differs, &e), EXIT_DATA);
    assert_null(differs);
    assert_non_null(strstr(e.text, "found no checkpoint; expected one"));
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_task_may_have_no_rows),
                                       cmocka_unit_test(what_differs_is_named)};
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
