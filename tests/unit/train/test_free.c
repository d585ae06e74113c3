/* A stream that tells of no tasks: one task to strategies, rows one task after another, measured where tasks end; and tasks
 * that exchange rows. */
#include "pieces.h"

#include <dirent.h>

#define FREE "split: {by: class, tasks: 3}, scenario: task-free"
#define PASSES(batch) "set: {training.epochs: 1, training.batch: " #batch "}"

/* Six classes: three tasks of twelve training rows. `methods`: the whole section, and more of them. */
static planned free_plan(const char *streams, const char *rest) { return tiny_plan_of(6, streams, rest); }

/* ---- the order of rows ---- */

static void tasks_come_one_after_another(void **state)
{
    (void)state;
    bench *b = bench_open(free_plan(FREE, "methods: [{name: a, " PASSES(5) "}]\n"), 0, 3);
    cell *c = &b->c;
    stage *s = c->stages;
    bool there[36] = {false};
    bool shuffled = false;
    assert_int_equal(c->stage_count, 1);
    assert_int_equal(s->count, 36);
    batch_order_begin(c, s, 0);
    for (int64_t i = 0; i < 36; i++) {
        const int64_t at = c->order.at[i];
        assert_in_range(at, 0, 35);
        assert_false(there[at]);
        there[at] = true;
        shuffled |= at != i;
        assert_int_equal(s->labels[at] / 2, i / 12); /* of the task whose turn it is */
    }
    assert_true(shuffled);
    bench_close(b);
}

/* The first task's rows come as they do where it is one that strategies are told of. */
static void the_first_task_is_as_ever(void **state)
{
    (void)state;
    const char *methods = "methods: [{name: a, " PASSES(4) "}]\n";
    planned p = free_plan(FREE, methods), told = free_plan("split: {by: class, tasks: 3}, scenario: class-il", methods);
    cell_result *a = cell_trained(&p, 0, 3, NULL), *b = cell_trained(&told, 0, 3, NULL);
    assert_int_equal(a->steps, 9);
    assert_int_equal(b->steps, 9);
    for (int64_t j = 1; j <= 3; j++) {
        assert_true(matrix_at(a->accuracy, 0, j) == matrix_at(b->accuracy, 0, j));
        assert_true(matrix_at(a->accuracy, 1, j) == matrix_at(b->accuracy, 1, j));
    }
    cell_result_close(a);
    cell_result_close(b);
    planned_free(&p);
    planned_free(&told);
}

/* What a benchmark is held against takes the same rows in the same order, with the same classes competing. */
static void the_bare_loop_comes_to_the_same_weights(void **state)
{
    (void)state;
    planned p =
        free_plan(FREE ", active: seen, boundaries: {blurry: {share: 0.1}}", "methods: [{name: a, " PASSES(5) "}]\n");
    cell_result *r = cell_trained(&p, 0, 3, NULL), *bare = NULL;
    dataset *d = data_of(&p);
    error e = {0};
    assert_int_equal(train_bare(p.plan, 0, 3, d, &bare, &e), 0);
    assert_string_equal(bare->weights_sha256, r->weights_sha256);
    cell_result_close(bare);
    cell_result_close(r);
    dataset_close(d);
    planned_free(&p);
}

/* ---- what strategies see ---- */

typedef struct seen {
    int64_t runs, tasks, ends, epochs, steps, evaluations;
    int64_t labels[16], columns[16]; /* [steps] the greatest label so far, and what the task says is seen */
    bool wrong;
} seen;
static seen saw;
static const pdr_host *me;

static pdr_status own_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    me = host;
    *self = (void *)(uintptr_t)host;
    return PDR_OK;
}
static void own_destroy(void *self) { (void)self; }

static void task_look(const pdr_task *t)
{
    saw.wrong |= t->boundary_known || t->task_id_given || t->index || t->row_count != -1 || t->held_out ||
                 t->previous || t->seen_before || t->class_count != t->seen || t->columns != 6;
    for (int64_t i = 0; i < t->class_count; i++)
        saw.wrong |= t->classes[i] != i;
}

static pdr_status own_before_run(void *self, int64_t task_count)
{
    (void)self;
    saw.runs += task_count;
    return PDR_OK;
}
static pdr_status own_before_task(void *self, const pdr_task *t)
{
    (void)self;
    task_look(t);
    saw.tasks++;
    return PDR_OK;
}
static pdr_status own_after_task(void *self, const pdr_task *t)
{
    (void)self;
    task_look(t);
    saw.ends++;
    return PDR_OK;
}
static pdr_status own_before_epoch(void *self, const pdr_task *t, int64_t epoch)
{
    (void)self;
    task_look(t);
    saw.epochs += epoch + 1;
    return PDR_OK;
}
static pdr_status own_before_batch(void *self, const pdr_step *s)
{
    (void)self;
    int64_t y[16] = {0}, most = saw.steps ? saw.labels[saw.steps - 1] : 0;
    task_look(s->task);
    me->tensor->read(s->y, PDR_I64, y, (uint64_t)s->fresh * sizeof *y);
    for (int64_t i = 0; i < s->fresh; i++)
        most = y[i] > most ? y[i] : most;
    saw.labels[saw.steps] = most;
    saw.columns[saw.steps++] = s->task->seen;
    return PDR_OK;
}
static pdr_status own_before_eval(void *self, const pdr_eval *e)
{
    (void)self;
    saw.wrong |= e->task->boundary_known || e->task->previous || e->task->row_count != -1;
    saw.evaluations++;
    return PDR_OK;
}

static const pdr_plugin own_descriptor = {.name = "own", .create = own_create, .destroy = own_destroy};
static const plugin own = {.descriptor = &own_descriptor,
                           .hooks = {.struct_size = sizeof(pdr_hooks),
                                     .before_run = own_before_run,
                                     .before_task = own_before_task,
                                     .after_task = own_after_task,
                                     .before_epoch = own_before_epoch,
                                     .before_batch = own_before_batch,
                                     .before_eval = own_before_eval}};

/* Nothing says where a task ends: one of each hook, batches that run across, and as many classes as rows have shown. */
static void strategies_are_told_of_one_task(void **state)
{
    (void)state;
    planned p = free_plan(FREE, "methods: [{name: a, " PASSES(5) "}]\n");
    plan_strategy strategies[] = {{.plugin = &own, .name = "own"}};
    p.plan->methods[0].strategies = strategies;
    p.plan->methods[0].count = 1;
    saw = (seen){0};
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    assert_false(saw.wrong);
    assert_int_equal(saw.runs, 1);
    assert_int_equal(saw.tasks, 1);
    assert_int_equal(saw.ends, 1);
    assert_int_equal(saw.epochs, 1);
    assert_int_equal(saw.steps, 8); /* 36 rows in batches of 5: none is cut where a task ends */
    assert_int_equal(saw.evaluations, 4 * 3);
    for (int64_t i = 0; i < 8; i++) {
        const int64_t rows = 5 * (i + 1) < 36 ? 5 * (i + 1) : 36;
        assert_int_equal(saw.columns[i], 2 * ((rows + 11) / 12)); /* those of the task that the last row is of */
        assert_true(saw.labels[i] < saw.columns[i]);
    }
    cell_result_close(r);
    planned_free(&p);
}

static pdr_status reads_rows(void *self, const pdr_task *t)
{
    pdr_tensor *x = NULL, *y = NULL;
    (void)self;
    me->data->rows(t->scope, t, NULL, &x, &y);
    return PDR_OK;
}

static pdr_status asks_fisher(void *self, const pdr_task *t)
{
    (void)self;
    me->model->fisher(t->scope, t->model, t, "exact", 0);
    return PDR_OK;
}

/* Rows that are still to come cannot be had, in no way. */
static void rows_come_by_batches_alone(void **state)
{
    (void)state;
    static const struct {
        task_hook hook;
        const char *words;
    } cases[] = {
        {reads_rows, "rows: found a stream without task boundaries; its rows come by batches alone"},
        {asks_fisher, "fisher: found a stream without task boundaries; its rows come by batches alone"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plugin curious = own;
        curious.hooks.before_task = cases[i].hook;
        planned p = free_plan(FREE, "methods: [{name: a, " PASSES(5) "}]\n");
        plan_strategy strategies[] = {{.plugin = &curious, .name = "own"}};
        p.plan->methods[0].strategies = strategies;
        p.plan->methods[0].count = 1;
        cell_result *r = NULL;
        error e = {0};
        assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
        assert_non_null(strstr(e.text, cases[i].words));
        planned_free(&p);
    }
}

/* ---- classes that compete in training: those that have come ---- */

static void masks_follow_the_rows(void **state)
{
    (void)state;
    bench *b = bench_open(free_plan(FREE ", active: seen", "methods: [{name: a, " PASSES(5) "}]\n"), 0, 3);
    cell *c = &b->c;
    stage *s = c->stages;
    static const int64_t next[] = {0, 1, 12, 13, 24, 25, 36}, segment[] = {0, 0, 0, 1, 1, 2, 2};
    for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
        c->order.next = next[i];
        stage_advance(c, s);
        assert_int_equal(stage_task(c, s), segment[i] + 1);
        assert_int_equal(s->task.fresh.first, 0);
        assert_int_equal(s->task.fresh.count, 2 * segment[i] + 2);
        assert_int_equal(s->task.any.count, 2 * segment[i] + 2);
        assert_int_equal(s->task.task.seen, 2 * segment[i] + 2);
    }
    bench_close(b);
}

static void tasks_end_within_a_batch(void **state)
{
    (void)state;
    static const struct {
        int64_t next, taken, first, count;
    } cases[] = {{5, 5, 0, 0},  {10, 5, 0, 0},  {12, 2, 0, 1},  {15, 5, 0, 1}, {16, 4, 1, 0},
                 {25, 5, 1, 1}, {36, 10, 2, 0}, {36, 36, 0, 2}, {24, 1, 1, 1}};
    bench *b = bench_open(free_plan(FREE, "methods: [{name: a, " PASSES(5) "}]\n"), 0, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t first;
        b->c.order.next = cases[i].next;
        b->c.order.taken = cases[i].taken;
        assert_int_equal(stage_ended(&b->c, b->c.stages, &first), cases[i].count);
        if (cases[i].count)
            assert_int_equal(first, cases[i].first);
    }
    bench_close(b);
}

/* ---- what is measured ---- */

typedef struct points {
    int64_t count, task[64], step[64], losses, loss_task[64];
} points;

static void point_keep(void *self, const char *name, int64_t task, int64_t step, double value)
{
    points *p = self;
    (void)value;
    if (!strcmp(name, "loss"))
        p->loss_task[p->losses++] = task;
    if (strncmp(name, "accuracy/", 9) != 0)
        return;
    p->task[p->count] = task;
    p->step[p->count++] = step;
}

/* A row behind the step with which a task's last row was trained on; the last behind after_task. */
static void rows_of_the_matrix_stand_where_tasks_end(void **state)
{
    (void)state;
    points p = {0};
    planned made = free_plan(
        FREE, "methods: [{name: a, " PASSES(1) "}, {name: b, " PASSES(36) "}]\n"
                                                                          "evaluation: {anytime: {batches: 5}}\n");
    cell_result *r = cell_trained(&made, 0, 3, &(train_listener){.self = &p, .point = point_keep});
    static const curve_point wanted[] = {{5, 1, false}, {10, 1, false}, {12, 1, true},  {15, 2, false}, {20, 2, false},
                                         {24, 2, true}, {25, 3, false}, {30, 3, false}, {35, 3, false}, {36, 3, true}};
    assert_int_equal(r->anytime->count, 10);
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(r->anytime->at[i].step, wanted[i].step);
        assert_int_equal(r->anytime->at[i].task, wanted[i].task);
        assert_int_equal(r->anytime->at[i].ended, wanted[i].ended);
    }
    for (int64_t i = 0; i <= 3; i++)
        for (int64_t j = 1; j <= 3; j++)
            assert_true(matrix_has(r->accuracy, i, j));
    static const int64_t steps[] = {0, 12, 24, 36};
    for (int64_t i = 0, at = 0; i < p.count; i++)
        if (p.step[i] % 12 == 0) {
            assert_int_equal(p.step[i], steps[at / 3]);
            assert_int_equal(p.task[i], at++ / 3);
        }
    assert_int_equal(p.losses, 3); /* steps 10, 20, 30, with the task of the stream */
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(p.loss_task[i], i + 1);
    cell_result_close(r);
    r = cell_trained(&made, 1, 3, NULL); /* all of the stream in one step: its tasks end together */
    assert_int_equal(r->steps, 1);
    assert_int_equal(r->anytime->count, 3);
    for (int64_t j = 1; j <= 3; j++)
        assert_true(matrix_has(r->accuracy, 1, j) && matrix_has(r->accuracy, 2, j) && matrix_has(r->accuracy, 3, j));
    cell_result_close(r);
    planned_free(&made);
}

/* ---- strategies that do without boundaries ---- */

#define METHODS                                                                                                 \
    "methods:\n"                                                                                                \
    "  - {name: none, " PASSES(                                                                                 \
        5) "}\n"                                                                                                \
           "  - {name: reservoir, " PASSES(                                                                     \
               5) ", strategies: [replay: {capacity: 5, online: true}]}\n"                                      \
                  "  - {name: balanced, " PASSES(                                                               \
                      4) ", strategies: [replay: {capacity: {per_class: 2}, policy: class-balanced, "           \
                         "online: true, alpha: 0.5, beta: 0.5}]}\n"                                             \
                         "  - {name: agem, " PASSES(5) ", strategies: [agem: {capacity: 6, fill: stream}]}\n"   \
                                                       "  - {name: joint, train_on: all, strategies: [replay: " \
                                                       "{capacity: 5, online: true}]}\n"

static void cells_go_on(void **state)
{
    (void)state;
    all_go_on(free_plan(FREE, NEVER_ELSE METHODS "evaluation: {anytime: {batches: 3}}\n"), 1);
    all_go_on(free_plan(FREE ", boundaries: {blurry: {share: 0.3}}, active: seen", NEVER_ELSE METHODS), 2);
}

/* A checkpoint a task is one where each of them ended. */
static void tasks_that_end_are_saved(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = free_plan(FREE, "methods: [{name: a, " PASSES(5) "}]\noutput: {checkpoint: {every: task, keep: 9}}\n");
    stopper never = {0};
    train_listener l = listening(&never, home);
    cell_result_close(cell_trained(&p, 0, 3, &l));
    DIR *kept = opendir(SAID("%s/checkpoints", home));
    int64_t count = 0;
    for (struct dirent *one = readdir(kept); one; one = readdir(kept))
        count += !strncmp(one->d_name, "step-", 5);
    closedir(kept);
    assert_int_equal(count, 3);
    planned_free(&p);
}

static void parameters_that_need_boundaries_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *strategy, *words;
    } cases[] = {
        {"replay: {capacity: 5}",
         "found a stream without task boundaries; expected online: true and fill: stream, or boundaries"},
        {"replay: {capacity: 5, online: true, blend: per-task}",
         "found blend: per-task in a stream without task boundaries, where no task is counted; expected another blend"},
        {"agem: {capacity: 5}", "found a stream without task boundaries; expected fill: stream, or boundaries"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned p = free_plan(FREE, SAID("methods: [{name: a, " PASSES(5) ", strategies: [%s]}]\n", cases[i].strategy));
        cell_result *r = NULL;
        error e = {0};
        assert_int_equal(cell_tried(&p, 0, 3, NULL, &r, &e), EXIT_FAILED);
        assert_non_null(strstr(e.text, cases[i].words));
        planned_free(&p);
    }
}

/* ---- tasks that exchange rows ---- */

/* A task has the columns that its rows have; at evaluation all compete that have come. */
static void blurry_tasks_say_what_they_have(void **state)
{
    (void)state;
    bench *b = bench_open(free_plan("split: {by: class, tasks: 3}, scenario: class-il, boundaries: {blurry: {share: "
                                    "0.1}}, active: seen",
                                    ONE_METHOD),
                          0, 3);
    /* one row of six a class: those of tasks (0 1) (2 3) (4 5) go to the next task and the one behind, in turn */
    static const int64_t present[3][4] = {{0, 1, 2, 3}, {0, 2, 4, 5}, {1, 3, 4, 5}}, seen_of[] = {4, 6, 6};
    for (int i = 0; i < 3; i++) {
        const stage *s = &b->c.stages[i];
        const pdr_task *t = &s->task.task;
        assert_int_equal(t->boundary_known, 1);
        assert_int_equal(t->row_count, 12);
        assert_int_equal(t->class_count, 4);
        assert_memory_equal(t->classes, present[i], sizeof present[i]);
        assert_int_equal(t->seen, seen_of[i]);
        assert_int_equal(t->seen_before, i ? seen_of[i - 1] : 0);
        assert_int_equal(s->task.fresh.count, seen_of[i]);
        bool there[6] = {false};
        for (int64_t k = 0; k < s->count; k++)
            there[s->labels[k]] = true;
        for (int64_t k = 0; k < 4; k++)
            assert_true(there[present[i][k]]);
        assert_int_equal(mask_evaluated(&b->c, i + 1, 1).count, seen_of[i]);
        assert_int_equal(mask_evaluated(&b->c, 1, i + 1).count, seen_of[i]);
    }
    bench_close(b);
}

static void blurry_cells_go_on(void **state)
{
    (void)state;
    all_go_on(free_plan("split: {by: class, tasks: 3}, scenario: class-il, boundaries: {blurry: {share: 0.3}}",
                        NEVER_ELSE "methods:\n"
                                   "  - {name: none}\n"
                                   "  - {name: replay, strategies: [replay: {capacity: 5}]}\n"
                                   "  - {name: ewc, strategies: [ewc: {lambda: 10}]}\n"
                                   "  - {name: lwf, strategies: [lwf: {}]}\n"
                                   "  - {name: so-far, train_on: all-so-far}\n"),
              3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_come_one_after_another),
        cmocka_unit_test(the_first_task_is_as_ever),
        cmocka_unit_test(the_bare_loop_comes_to_the_same_weights),
        cmocka_unit_test(strategies_are_told_of_one_task),
        cmocka_unit_test(rows_come_by_batches_alone),
        cmocka_unit_test(masks_follow_the_rows),
        cmocka_unit_test(tasks_end_within_a_batch),
        cmocka_unit_test(rows_of_the_matrix_stand_where_tasks_end),
        cmocka_unit_test(cells_go_on),
        cmocka_unit_test(tasks_that_end_are_saved),
        cmocka_unit_test(parameters_that_need_boundaries_are_refused),
        cmocka_unit_test(blurry_tasks_say_what_they_have),
        cmocka_unit_test(blurry_cells_go_on),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
