/* What is trained on between two rows of the matrix, and which columns compete while it is and when it is tested. */
#include "fixture.h"

static void is_run(const engine_mask *m, int64_t first, int64_t count)
{
    assert_null(m->first_of);
    assert_int_equal(m->first, first);
    assert_int_equal(m->count, count);
}

static void tasks_have_their_rows_and_labels(void **state)
{
    (void)state;
    const struct {
        const char *kind;
        int64_t labels[2], seen_before, seen, columns;
        uint32_t id_given;
    } cases[] = {{"class-il", {2, 3}, 2, 4, 4, 0},
                 {"task-il", {2, 3}, 2, 4, 4, 1},
                 {"task-il, head: single", {0, 1}, 2, 2, 2, 1},
                 {"domain-il", {0, 1}, 2, 2, 2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *b = bench_open(tiny_plan(SAID(TWO_TASKS "%s", cases[i].kind), ONE_METHOD), 0, 0);
        const stage *second = &b->c.stages[1];
        const pdr_task *t = &second->task.task;
        assert_int_equal(b->c.stage_count, 2);
        assert_int_equal(second->count, 12);
        assert_int_equal(t->row_count, 12);
        for (int64_t r = 0; r < 12; r++) {
            int32_t class = b->data->train.label[second->rows[r]];
            assert_in_range(class, 2, 3);
            assert_int_equal(second->labels[r], cases[i].labels[class - 2]);
            assert_true(!r || second->rows[r] > second->rows[r - 1]);
        }
        assert_int_equal(t->columns, cases[i].columns);
        assert_int_equal(t->seen_before, cases[i].seen_before);
        assert_int_equal(t->seen, cases[i].seen);
        assert_int_equal(t->classes[0], cases[i].labels[0]);
        assert_int_equal(t->task_id_given, cases[i].id_given);
        assert_ptr_equal(t->previous, &b->c.stages[0].task.task);
        assert_null(b->c.stages[0].task.task.previous);
        assert_ptr_equal(b->c.views[1].task.previous, &b->c.views[0].task);
        assert_int_equal(second->after, 2);
        assert_int_equal(b->c.steps_all, 2 * 2 * 3);
        bench_close(b);
    }
}

static void joint_is_one_task_of_all(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, train_on: all}]\n");
    bench *b = bench_open(p, 0, 0);
    const stage *s = b->c.stages;
    assert_int_equal(b->c.stage_count, 1);
    assert_int_equal(s->count, 24);
    assert_int_equal(s->after, 2);
    assert_int_equal(s->task.task.boundary_known, 0);
    assert_int_equal(s->task.task.index, 0);
    assert_int_equal(s->task.task.class_count, 4);
    assert_int_equal(s->task.task.seen_before, 0);
    assert_null(s->task.task.previous);
    bool there[36] = {false};
    for (int64_t i = 0; i < s->count; i++) {
        assert_false(there[s->rows[i]]);
        there[s->rows[i]] = true;
        assert_int_equal(s->labels[i], b->data->train.label[s->rows[i]]);
    }
    bench_close(b);
}

/* Behind the rows that are trained on stand those held out, and data->rows reads both. */
static void held_out_rows_stand_behind(void **state)
{
    static const char *const methods[] = {ONE_METHOD, "methods: [{name: a, train_on: all}]\n"};
    (void)state;
    for (int joint = 0; joint < 2; joint++) {
        planned p =
            picture_plan(", validation: 0.25", "split: {by: rotation, tasks: 2}, scenario: class-il", methods[joint]);
        bench *b = bench_open(p, 0, 0);
        const stage *s = &b->c.stages[b->c.stage_count - 1];
        assert_int_equal(s->count, joint ? 36 : 18);
        assert_int_equal(s->held, joint ? 12 : 6);
        assert_int_equal(s->task.task.row_count, s->count);
        assert_int_equal(s->task.task.held_out, s->held);
        for (int64_t i = 0; i < s->held; i++) {
            const stream_task *t = &b->c.stream->tasks[joint ? i / 6 : 1];
            assert_int_equal(s->rows[s->count + i], t->held[i % 6]);
            int64_t row = place_row(&b->data->train, t->held[i % 6]);
            assert_int_equal(s->labels[s->count + i], t->columns[b->data->train.label[row]]);
        }
        bench_close(b);
    }
}

static void training_masks(void **state)
{
    (void)state;
    const struct {
        const char *kind;
        int64_t first[2], count[2]; /* of the fresh rows of both tasks */
        bool by_label;
    } cases[] = {{"class-il, active: all", {0, 0}, {4, 4}, false}, {"class-il, active: seen", {0, 0}, {2, 4}, false},
                 {"class-il, active: task", {0, 2}, {2, 2}, true}, {"task-il", {0, 2}, {2, 2}, true},
                 {"task-il, head: single", {0, 0}, {2, 2}, false}, {"domain-il", {0, 0}, {2, 2}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *b = bench_open(tiny_plan(SAID(TWO_TASKS "%s", cases[i].kind), ONE_METHOD), 0, 0);
        for (int k = 0; k < 2; k++) {
            const engine_mask *any = &b->c.stages[k].task.any;
            is_run(&b->c.stages[k].task.fresh, cases[i].first[k], cases[i].count[k]);
            if (!cases[i].by_label) {
                is_run(any, cases[i].first[k], cases[i].count[k]);
                continue;
            }
            const int64_t first[] = {0, 0, 2, 2}, count[] = {2, 2, 2, 2};
            assert_memory_equal(any->first_of, first, sizeof first);
            assert_memory_equal(any->count_of, count, sizeof count);
        }
        bench_close(b);
    }
}

/* Rule 20: a future task is judged among the classes that will be seen once it has come. */
static void evaluation_masks(void **state)
{
    (void)state;
    planned p = planned_well(HEAD CPU ONE_METHOD); /* digits in five tasks, class-il */
    bench *b = bench_open(p, 0, 0);
    for (int64_t after = 0; after <= 5; after++)
        for (int64_t on = 1; on <= 5; on++) {
            engine_mask m = mask_evaluated(&b->c, after, on);
            is_run(&m, 0, 2 * (after > on ? after : on));
        }
    bench_close(b);
    const char *kinds[] = {"task-il", "task-il, head: single", "domain-il"};
    for (int i = 0; i < 3; i++) {
        b = bench_open(tiny_plan(SAID(TWO_TASKS "%s", kinds[i]), ONE_METHOD), 0, 0);
        for (int64_t after = 0; after <= 2; after++)
            for (int64_t on = 1; on <= 2; on++) {
                engine_mask m = mask_evaluated(&b->c, after, on);
                is_run(&m, i ? 0 : 2 * (on - 1), 2);
            }
        bench_close(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_have_their_rows_and_labels),
        cmocka_unit_test(joint_is_one_task_of_all),
        cmocka_unit_test(held_out_rows_stand_behind),
        cmocka_unit_test(training_masks),
        cmocka_unit_test(evaluation_masks),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
