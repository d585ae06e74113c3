/* All tasks in one pass over their rows against a pass a task: a strategy that only looks on has each task measured by
 * itself, and every number of the result must be the same. */
#include "pieces.h"

#define ONLOOKER "methods: [{name: a}, {name: b, strategies: [{plugin: %s, with: {file: seen.txt}}]}]\n"
#define EVERYTHING "evaluation: {matrix: {untrained: true}, anytime: {batches: 2%s}}\n"

static void results_agree(const cell_result *a, const cell_result *b)
{
    const size_t tasks = (size_t)a->accuracy->tasks;
    assert_string_equal(a->weights_sha256, b->weights_sha256);
    assert_memory_equal(a->accuracy->right, b->accuracy->right, (tasks + 1) * tasks * sizeof(int64_t));
    assert_int_equal(!a->validation, !b->validation);
    if (a->validation)
        assert_memory_equal(a->validation->right, b->validation->right, (tasks + 1) * tasks * sizeof(int64_t));
    assert_int_equal(a->anytime->count, b->anytime->count);
    const size_t points = (size_t)a->anytime->count * tasks;
    assert_memory_equal(a->anytime->right, b->anytime->right, points * sizeof(int64_t));
    assert_memory_equal(a->anytime->rows, b->anytime->rows, points * sizeof(int64_t));
}

static void together_as_apart(planned p)
{
    cell_result *together = cell_trained(&p, 0, 3, NULL), *apart = cell_trained(&p, 1, 3, NULL);
    results_agree(together, apart);
    cell_result_close(together);
    cell_result_close(apart);
    planned_free(&p);
}

static void one_pass_is_a_pass_a_task(void **state)
{
    (void)state;
    const char *methods = SAID(ONLOOKER, tiny("recorder")), *all = SAID(EVERYTHING, ""),
               *some = SAID(EVERYTHING, ", rows: 2");
    static const char *const streams[] = {TWO_TASKS "class-il", TWO_TASKS "task-il", TWO_TASKS "domain-il",
                                          "split: {by: class, order: [[0, 1], [2], [3]]}, scenario: task-il",
                                          "split: {by: class, tasks: 4}, scenario: class-il"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        together_as_apart(tiny_plan(streams[i], SAID("%s%s", methods, all)));
        together_as_apart(tiny_plan(streams[i], SAID("%s%s", methods, some)));
    }
    together_as_apart(picture_plan(", validation: 0.25", "split: {by: permutation, tasks: 3}, scenario: domain-il",
                                   SAID("%s%s", methods, all)));
}

/* ---- the pass itself ---- */

static void network_build(bench *b)
{
    error e = {0};
    const int64_t hidden = 5;
    engine_network network = {.kind = "mlp", .hidden = &hidden, .hidden_count = 1, .outputs = b->c.stream->columns};
    random_stream r = random_open(3, "weights", "", 0);
    network.shape = b->data->shape;
    network.rank = b->data->rank;
    if (b->c.engine->model_build(&network, &r, &b->c.session.model, &e))
        fail_msg("%s", e.text);
}

static int64_t right_alone(bench *b, const evaluate_task *t, int64_t first, int64_t count)
{
    error e = {0};
    evaluate_task one = {t->task, t->rows + first, count, 0, t->mask};
    assert_int_equal(evaluate_pass(&b->c, b->c.session.model, &b->data->train, 2, &one, 1, &e), 0);
    return one.right;
}

/* More rows than two chunks hold: what the tasks' own passes count, and passes of a row. */
static void chunks_hold_rows_of_several_tasks(void **state)
{
    (void)state;
    enum { MANY = EVALUATE_ROWS + 100, FEW = 40 };
    bench *b = bench_open(tiny_plan(TWO_TASKS "task-il", ONE_METHOD), 0, 3);
    cell *c = &b->c;
    error e = {0};
    int64_t *rows = alloc_zero(MANY, sizeof *rows), by_row = 0;
    network_build(b);
    for (int64_t i = 0; i < MANY; i++)
        rows[i] = c->stream->tasks[i % 2].train[i / 2 % c->stream->tasks[i % 2].train_count];
    evaluate_task both[2] = {{c->stream->tasks, rows, MANY, 0, mask_evaluated(c, 2, 1)},
                             {c->stream->tasks + 1, rows + 1, MANY - 1, 0, mask_evaluated(c, 2, 2)}};
    assert_int_equal(evaluate_pass(c, c->session.model, &b->data->train, 2, both, 2, &e), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(both[i].right, right_alone(b, &both[i], 0, both[i].count));
    for (int64_t i = 0; i < FEW; i++)
        by_row += right_alone(b, &both[0], i, 1);
    assert_int_equal(by_row, right_alone(b, &both[0], 0, FEW));
    assert_true(both[0].right > 0);
    free(rows);
    bench_close(b);
}

/* A pass over nothing is over, and a row whose logits are no numbers is named by its task. */
static void what_ends_a_pass(void **state)
{
    (void)state;
    bench *b = bench_open(tiny_plan(TWO_TASKS "class-il", ONE_METHOD), 0, 3);
    cell *c = &b->c;
    error e = {0};
    const stream_task *t = c->stream->tasks;
    network_build(b);
    evaluate_task tasks[2] = {{t, NULL, 0, 0, mask_evaluated(c, 1, 1)},
                              {t + 1, t[1].test, t[1].test_count, 0, mask_evaluated(c, 1, 2)}};
    assert_int_equal(evaluate_pass(c, c->session.model, &b->data->test, 1, tasks, 1, &e), 0);
    assert_int_equal(tasks[0].right, 0);
    pdr_scope *s = c->engine->tensor->open(NULL, PDR_NO_GRAD);
    pdr_tensor *w = c->engine->model->flat_params(c->session.model);
    c->engine->tensor->copy(s, w, c->engine->tensor->affine(s, w, 0, NAN));
    c->engine->tensor->close(s);
    assert_int_equal(evaluate_pass(c, c->session.model, &b->data->test, 1, tasks, 2, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "evaluation on task 2 after 1: found logits that are not finite (nan)"));
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pass_is_a_pass_a_task),
        cmocka_unit_test(chunks_hold_rows_of_several_tasks),
        cmocka_unit_test(what_ends_a_pass),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
