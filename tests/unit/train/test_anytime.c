/* Accuracies while a task is trained: where they are measured and what they are, and that training does not notice. */
#include "pieces.h"

#define EVERY(n) "evaluation: {anytime: {batches: " #n "}}\n"

typedef struct logged {
    int64_t count;
    struct {
        int64_t task, step, on;
        double value;
    } at[64];
} logged;

static void point_keep(void *self, const char *name, int64_t task, int64_t step, double value)
{
    logged *l = self;
    long long on;
    if (sscanf(name, "accuracy/task-%lld", &on) != 1)
        return;
    assert_true(l->count < 64);
    l->at[l->count].task = task;
    l->at[l->count].step = step;
    l->at[l->count].on = on;
    l->at[l->count++].value = value;
}

static cell_result *trained_and_logged(const planned *p, logged *l)
{
    *l = (logged){0};
    return cell_trained(p, 0, 3, &(train_listener){.self = l, .point = point_keep});
}

static void points_are(const curve *c, const curve_point *wanted, int64_t count)
{
    assert_int_equal(c->count, count);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(c->at[i].step, wanted[i].step);
        assert_int_equal(c->at[i].task, wanted[i].task);
        assert_int_equal(c->at[i].ended, wanted[i].ended);
        for (int64_t j = 1; j <= c->tasks; j++)
            assert_int_equal(!isnan(curve_at(c, i, j)), j <= wanted[i].task);
    }
}

/* Two tasks of twelve rows in batches of four, twice: six steps each. */
static void points_lie_so_many_steps_apart_and_at_the_ends(void **state)
{
    (void)state;
    static const struct {
        const char *every;
        curve_point at[12];
        int64_t count;
    } cases[] = {
        {EVERY(2), {{2, 1, false}, {4, 1, false}, {6, 1, true}, {8, 2, false}, {10, 2, false}, {12, 2, true}}, 6},
        {EVERY(4), {{4, 1, false}, {6, 1, true}, {8, 2, false}, {12, 2, true}}, 4},
        {EVERY(100), {{6, 1, true}, {12, 2, true}}, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned p = tiny_plan(TWO_TASKS "class-il", SAID(ONE_METHOD "%s", cases[i].every));
        cell_result *r = cell_trained(&p, 0, 3, NULL);
        points_are(r->anytime, cases[i].at, cases[i].count);
        for (int64_t k = 0; k < r->anytime->count; k++)
            for (int64_t j = 1; r->anytime->at[k].ended && j <= r->anytime->at[k].task; j++)
                assert_true(curve_at(r->anytime, k, j) == matrix_at(r->accuracy, r->anytime->at[k].task, j));
        cell_result_close(r);
        planned_free(&p);
    }
}

/* What a point in the first task says is what the matrix says of a cell whose first task has so many steps. */
static void a_point_is_the_network_at_its_step(void **state)
{
    (void)state;
    planned p = tiny_plan_of(20, TWO_TASKS "class-il", "methods: [{name: a, set: {optimizer.lr: 1}}]\n" EVERY(1));
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    bool moved = false;
    for (int64_t step = 1; step < 12; step++) {
        planned shorter =
            tiny_plan_of(20, TWO_TASKS "class-il",
                         SAID("methods: [{name: a, set: {optimizer.lr: 1, training.iterations: %d}}]\n", (int)step));
        cell_result *s = cell_trained(&shorter, 0, 3, NULL);
        assert_int_equal(r->anytime->at[step - 1].step, step);
        assert_true(curve_at(r->anytime, step - 1, 1) == matrix_at(s->accuracy, 1, 1));
        moved |= curve_at(r->anytime, step - 1, 1) != curve_at(r->anytime, 0, 1);
        cell_result_close(s);
        planned_free(&shorter);
    }
    assert_true(moved);
    cell_result_close(r);
    planned_free(&p);
}

/* Joint sees all tasks from its first step on; all-so-far as many as have come. */
static void points_of_tasks_as_one(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, train_on: all}]\n" EVERY(5));
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    points_are(r->anytime, (const curve_point[]){{5, 2, false}, {10, 2, false}, {12, 2, true}}, 3);
    cell_result_close(r);
    planned_free(&p);
    p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, train_on: all-so-far}]\n" EVERY(5));
    r = cell_trained(&p, 0, 3, NULL);
    points_are(r->anytime,
               (const curve_point[]){{5, 1, false}, {6, 1, true}, {10, 2, false}, {15, 2, false}, {18, 2, true}}, 5);
    cell_result_close(r);
    planned_free(&p);
}

/* Each accuracy once: within a task at its step, behind it as the row of the matrix. */
static void points_are_logged_once(void **state)
{
    (void)state;
    static const int64_t wanted[][3] = {{0, 0, 1}, {0, 0, 2}, {1, 4, 1},  {1, 6, 1}, {1, 6, 2},
                                        {2, 8, 1}, {2, 8, 2}, {2, 12, 1}, {2, 12, 2}};
    logged l;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD EVERY(4));
    cell_result *r = trained_and_logged(&p, &l);
    assert_int_equal(l.count, 9);
    for (int64_t i = 0; i < 9; i++) {
        assert_int_equal(l.at[i].task, wanted[i][0]);
        assert_int_equal(l.at[i].step, wanted[i][1]);
        assert_int_equal(l.at[i].on, wanted[i][2]);
    }
    assert_true(l.at[2].value == curve_at(r->anytime, 0, 1));
    assert_true(l.at[6].value == curve_at(r->anytime, 2, 2));
    cell_result_close(r);
    planned_free(&p);
}

/* Where the matrix has the last row alone, tasks end on the curve all the same. */
static void ends_without_a_row_are_measured(void **state)
{
    (void)state;
    logged l;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD "evaluation: {matrix: {rows: last, untrained: false}, "
                                                           "metrics: [min.delange], anytime: {batches: 4}}\n");
    planned with_rows = tiny_plan(TWO_TASKS "class-il", ONE_METHOD EVERY(4));
    cell_result *r = trained_and_logged(&p, &l), *all = cell_trained(&with_rows, 0, 3, NULL);
    curves_equal(r->anytime, all->anytime);
    assert_false(matrix_has(r->accuracy, 1, 1));
    assert_int_equal(l.count, 1 + 1 + 2 + 2);
    assert_int_equal(l.at[1].step, 6);
    cell_result_close(r);
    cell_result_close(all);
    planned_free(&p);
    planned_free(&with_rows);
}

/* ---- some rows for all ---- */

static void some_rows_are_the_same_at_every_point(void **state)
{
    (void)state;
    logged l;
    planned p = tiny_plan_of(20, TWO_TASKS "class-il", ONE_METHOD "evaluation: {anytime: {batches: 10, rows: 7}}\n");
    cell_result *r = trained_and_logged(&p, &l);
    const curve *c = r->anytime;
    for (int64_t i = 0; i < c->count; i++)
        for (int64_t j = 0; j < c->at[i].task; j++)
            assert_int_equal(c->rows[i * 2 + j], 7);
    assert_int_equal(r->accuracy->count[2 * 2], 30); /* the matrix has all */
    int64_t beside = 0;
    for (int64_t i = 0; i < l.count; i++) /* at the end of a task, its row alone is logged */
        beside += l.at[i].step == r->steps;
    assert_int_equal(beside, 2);
    cell_result_close(r);
    planned_free(&p);
}

static cell *opened_cell(bench *b)
{
    b->c.scenario = b->p.scenario;
    anytime_open(&b->c);
    return &b->c;
}

static void some_rows_are_drawn_by_the_seed(void **state)
{
    (void)state;
    const char *rest = ONE_METHOD "evaluation: {anytime: {batches: 10, rows: 7}}\n";
    int64_t kept[2][7] = {{0}};
    for (int seed = 0; seed < 2; seed++) {
        bench *b = bench_open(tiny_plan_of(20, TWO_TASKS "class-il", rest), 0, seed);
        cell *c = opened_cell(b);
        for (int64_t i = 0; i < 2; i++) {
            const stream_task *t = &c->stream->tasks[i];
            int64_t count;
            const int64_t *rows = anytime_rows(c, t, &count);
            assert_int_equal(count, 7);
            for (int64_t k = 0, at = 0; k < 7; k++, at++) { /* some of the task's, in their order */
                while (at < t->test_count && t->test[at] != rows[k])
                    at++;
                assert_true(at < t->test_count);
            }
            if (!i)
                memcpy(kept[seed], rows, sizeof kept[seed]);
        }
        anytime_close(c);
        curve_close(b->result.anytime);
        bench_close(b);
    }
    assert_memory_not_equal(kept[0], kept[1], sizeof kept[0]);
}

/* As many rows as there are, or more: all, and the row of the matrix is the end of the curve. */
static void more_rows_than_there_are_is_all(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD "evaluation: {anytime: {batches: 4, rows: 6}}\n");
    planned all = tiny_plan(TWO_TASKS "class-il", ONE_METHOD EVERY(4));
    cell_result *a = cell_trained(&p, 0, 3, NULL), *b = cell_trained(&all, 0, 3, NULL);
    curves_equal(a->anytime, b->anytime);
    cell_result_close(a);
    cell_result_close(b);
    planned_free(&p);
    planned_free(&all);
}

/* ---- training does not notice ---- */

static void same_training(const planned *with, const planned *without)
{
    for (int m = 0; m < with->plan->method_count; m++) {
        cell_result *a = cell_trained(with, m, 3, NULL), *b = cell_trained(without, m, 3, NULL);
        assert_non_null(a->anytime);
        assert_null(b->anytime);
        curve *measured = a->anytime;
        a->anytime = NULL;
        results_equal(a, b, m);
        assert_memory_equal(a->parameters, b->parameters, (size_t)a->parameter_count * sizeof(float));
        a->anytime = measured;
        cell_result_close(a);
        cell_result_close(b);
    }
}

static const char *const measures[] = {EVERY(1), EVERY(4), "evaluation: {anytime: {batches: 3, rows: 2}}\n"};

static void tiny_unmoved(const char *streams, const char *methods)
{
    planned without = tiny_plan(streams, methods);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        planned with = tiny_plan(streams, SAID("%s%s", methods, measures[i]));
        same_training(&with, &without);
        planned_free(&with);
    }
    planned_free(&without);
}

static void pictures_unmoved(const char *data, const char *streams, const char *methods)
{
    planned without = picture_plan(data, streams, methods);
    planned with = picture_plan(data, streams, SAID("%s" EVERY(2), methods));
    same_training(&with, &without);
    planned_free(&with);
    planned_free(&without);
}

static void strategies_do_not_notice(void **state)
{
    (void)state;
    tiny_unmoved(
        TWO_TASKS "class-il",
        SAID("methods:\n"
             "  - {name: none}\n"
             "  - {name: joint, train_on: all}\n"
             "  - {name: reservoir, strategies: [replay: {capacity: 5}]}\n"
             "  - {name: der, strategies: [replay: {capacity: 6, online: true, alpha: 0.5, beta: 0.5}]}\n"
             "  - {name: task, strategies: [replay: {capacity: {per_class: 2}, fill: task, select: herding}]}\n"
             "  - {name: agem, strategies: [agem: {capacity: 6}]}\n"
             "  - {name: icarl, strategies: [icarl: {capacity: 6}]}\n"
             "  - {name: ewc, strategies: [ewc: {lambda: 10, fisher: sample}]}\n"
             "  - {name: si, strategies: [si: {c: 1}]}\n"
             "  - {name: writes, strategies: [{plugin: %s, with: {file: w.txt, write_params: true}}]}\n"
             "  - {name: predicts, strategies: [{plugin: %s}]}\n",
             tiny("recorder"), tiny("predict_a")));
}

static void heads_do_not_notice(void **state)
{
    (void)state;
    tiny_unmoved(TWO_TASKS "task-il, head: multi", "methods:\n"
                                                   "  - {name: none}\n"
                                                   "  - {name: so-far, train_on: all-so-far}\n"
                                                   "  - {name: lwf, strategies: [lwf: {}]}\n"
                                                   "  - {name: both, strategies: [ewc: {lambda: 10}, lwf: {}], set: "
                                                   "{optimizer.reset_per_task: true}}\n");
}

static void networks_do_not_notice(void **state)
{
    (void)state;
    pictures_unmoved(
        ", augment: [{crop: 1}, flip], validation: 0.2", "split: {by: rotation, tasks: 3}, scenario: domain-il",
        "methods:\n"
        "  - {name: a, set: {optimizer.type: adam, optimizer.schedule: cosine}}\n"
        "  - {name: b, set: {network.type: cnn, network.channels: [2], network.hidden: [4], "
        "network.batch_norm: true}}\n"
        "  - {name: c, set: {network.type: layers, network.layers: [{linear: 6}, relu, {dropout: 0.3}]}}\n");
    pictures_unmoved("", "split: {by: class, tasks: 3}, scenario: class-il",
                     "methods: [{name: vae, strategies: [genreplay: {}]}]\n");
}

/* The task that runs counts as trained on: its classes compete, and it is what hooks are told. */
static void hooks_are_asked_as_for_a_row(void **state)
{
    (void)state;
    char *bytes = NULL, *path = SAID("%s/hooks.txt", folder);
    size_t count = 0;
    error e = {0};
    planned p = tiny_plan(
        TWO_TASKS "class-il",
        SAID("methods: [{name: a, strategies: [{plugin: %s, with: {file: hooks.txt, values: false}}]}]\n"
             "evaluation: {matrix: {rows: last, untrained: false}, metrics: [acc.macro], anytime: {batches: 4}}\n",
             tiny("recorder")));
    cell_result_close(cell_trained(&p, 0, 3, NULL));
    assert_int_equal(file_read(path, 16 << 20, &bytes, &count, &e), 0);
    text kept = {0};
    char *rest = NULL;
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strstr(line, "before_eval"))
            text_addf(&kept, "%.*s;", 3, strstr(line, "after_task=") + strlen("after_task="));
    /* within task 1, at its end, within task 2 on both, and the last row on both */
    assert_string_equal(kept.at, "1 o;1 o;2 o;2 o;2 o;2 o;");
    text_free(&kept);
    free(bytes);
    planned_free(&p);
}

/* ---- a cell that goes on ---- */

static void cells_go_on(void **state)
{
    (void)state;
    all_go_on(tiny_plan(TWO_TASKS "class-il",
                        NEVER_ELSE EVERY(2) "methods:\n"
                                            "  - {name: none}\n"
                                            "  - {name: joint, train_on: all}\n"
                                            "  - {name: icarl, strategies: [icarl: {capacity: 6}]}\n"
                                            "  - {name: replay, strategies: [replay: {capacity: 6, online: true}]}\n"),
              1);
    all_go_on(tiny_plan("split: {by: class, tasks: 4}, scenario: task-il, head: multi",
                        NEVER_ELSE "evaluation: {anytime: {batches: 3, rows: 2}, matrix: {rows: last}, metrics: "
                                   "[acc.macro]}\nmethods: [{name: ewc, strategies: [ewc: {lambda: 10}]}]\n"),
              1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_lie_so_many_steps_apart_and_at_the_ends),
        cmocka_unit_test(a_point_is_the_network_at_its_step),
        cmocka_unit_test(points_of_tasks_as_one),
        cmocka_unit_test(points_are_logged_once),
        cmocka_unit_test(ends_without_a_row_are_measured),
        cmocka_unit_test(some_rows_are_the_same_at_every_point),
        cmocka_unit_test(some_rows_are_drawn_by_the_seed),
        cmocka_unit_test(more_rows_than_there_are_is_all),
        cmocka_unit_test(strategies_do_not_notice),
        cmocka_unit_test(heads_do_not_notice),
        cmocka_unit_test(networks_do_not_notice),
        cmocka_unit_test(hooks_are_asked_as_for_a_row),
        cmocka_unit_test(cells_go_on),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
