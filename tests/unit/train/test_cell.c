/* Whole cells: the same seed gives the same bits, the matrix has what it should, and whoever fails is named. */
#include "fixture.h"

static planned recorded(const char *more)
{
    return tiny_plan(TWO_TASKS "class-il",
                     SAID("methods:\n  - name: a\n  - name: b\n    strategies: [{plugin: %s, with: {file: r.txt%s}}]\n",
                          tiny("recorder"), more));
}

static void a_seed_gives_the_same_bits(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il",
                          "methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 5}]\n");
    for (int method = 0; method < 2; method++) {
        cell_result *a = cell_trained(&p, method, 3, NULL), *again = cell_trained(&p, method, 3, NULL);
        cell_result *other = cell_trained(&p, method, 4, NULL);
        assert_string_equal(a->weights_sha256, again->weights_sha256);
        assert_memory_equal(a->parameters, again->parameters, (size_t)a->parameter_count * sizeof(float));
        assert_string_not_equal(a->weights_sha256, other->weights_sha256);
        cell_result_close(a);
        cell_result_close(again);
        cell_result_close(other);
    }
    planned_free(&p);
}

static void who_only_watches_changes_nothing(void **state)
{
    (void)state;
    planned p = recorded("");
    cell_result *alone = cell_trained(&p, 0, 3, NULL), *watched = cell_trained(&p, 1, 3, NULL);
    assert_string_equal(alone->weights_sha256, watched->weights_sha256);
    assert_memory_equal(alone->accuracy->right, watched->accuracy->right, 6 * sizeof(int64_t));
    cell_result_close(alone);
    cell_result_close(watched);
    planned_free(&p);
    planned busy = recorded(", penalty: 0.1");
    cell_result *plain = cell_trained(&busy, 0, 3, NULL), *pulled = cell_trained(&busy, 1, 3, NULL);
    assert_string_not_equal(plain->weights_sha256, pulled->weights_sha256);
    cell_result_close(plain);
    cell_result_close(pulled);
    planned_free(&busy);
}

/* Batches and augmentations come from streams of their own: a strategy that keeps rows and never rehearses (there is one
 * task) changes no bit, and neither does one that only watches. */
static void augmented_and_changed_rows_are_the_same_for_all(void **state)
{
    static const char *const cases[][2] = {{", augment: [{crop: 1}, flip]", "split: {by: rotation, tasks: 1}"},
                                           {", augment: [flip], validation: 0.2", "split: {tasks: 1}"},
                                           {"", "split: {by: permutation, tasks: 1}"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        planned p = picture_plan(
            cases[i][0], cases[i][1],
            SAID("methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 5}]\n"
                 "  - name: c\n    strategies: [{plugin: %s, with: {file: r.txt}}]\n  - name: d\n    train_on: all\n",
                 tiny("recorder")));
        cell_result *alone = cell_trained(&p, 0, 3, NULL), *other = cell_trained(&p, 0, 4, NULL);
        assert_string_not_equal(alone->weights_sha256, other->weights_sha256);
        for (int method = 0; method < 4; method++) {
            cell_result *r = cell_trained(&p, method, 3, NULL);
            assert_string_equal(alone->weights_sha256, r->weights_sha256);
            cell_result_close(r);
        }
        cell_result_close(alone);
        cell_result_close(other);
        planned_free(&p);
    }
}

static void the_matrix_is_whole(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods:\n  - name: a\n  - name: all\n    train_on: all\n"
                                                "evaluation: {matrix: {untrained: true}}\n");
    cell_result *a = cell_trained(&p, 0, 3, NULL), *all = cell_trained(&p, 1, 3, NULL);
    for (int64_t after = 0; after <= 2; after++)
        for (int64_t on = 1; on <= 2; on++) {
            assert_true(matrix_has(a->accuracy, after, on));
            assert_int_equal(matrix_has(all->accuracy, after, on), after != 1);
            assert_int_equal(a->accuracy->count[after * 2 + on - 1], 6);
            assert_in_range(a->accuracy->right[after * 2 + on - 1], 0, 6);
        }
    assert_null(a->network);
    assert_int_equal(a->steps, 2 * 2 * 3);
    assert_int_equal(all->steps, 2 * 6);
    assert_int_equal(a->warnings, 0);
    assert_int_equal(a->parameter_count, 2 * 5 + 5 + 5 * 4 + 4);
    assert_int_equal(a->weight_count, 4);
    assert_string_equal(a->weights[0].name, "hidden.0.weight");
    cell_result_close(a);
    cell_result_close(all);
    planned_free(&p);
}

static void rows_held_out_are_measured_beside(void **state)
{
    (void)state;
    planned p =
        picture_plan(", validation: 0.25", "split: {by: permutation, tasks: 2}, scenario: domain-il", ONE_METHOD);
    cell_result *r = cell_trained(&p, 0, 3, NULL);
    for (int64_t i = 0; i < 6; i++) {
        assert_int_equal(r->accuracy->count[i], 6);
        assert_int_equal(r->validation->count[i], 6); /* two of the eight of each class */
        assert_in_range(r->validation->right[i], 0, 6);
    }
    assert_int_equal(r->steps, 2 * 2 * 3); /* 18 rows in batches of 7 */
    assert_string_equal(r->tasks[1].names[2], "2");
    cell_result_close(r);
    planned_free(&p);
}

static void an_owner_of_predict_leaves_the_network_beside_it(void **state)
{
    (void)state;
    planned p =
        tiny_plan(TWO_TASKS "class-il",
                  SAID("methods:\n  - name: a\n  - name: b\n    strategies: [{plugin: %s}]\n", tiny("predict_a")));
    cell_result *alone = cell_trained(&p, 0, 3, NULL), *owned = cell_trained(&p, 1, 3, NULL);
    assert_memory_equal(alone->accuracy->right, owned->network->right, 6 * sizeof(int64_t));
    cell_result_close(alone);
    cell_result_close(owned);
    planned_free(&p);
}

/* Tasks share columns and the second has fewer classes: rehearsed rows that count nothing leave the fresh ones alone. */
static void rehearsed_rows_change_no_mask_of_fresh_ones(void **state)
{
    (void)state;
    static const char *const kinds[] = {"task-il, head: single", "domain-il, active: task"};
    for (int i = 0; i < 2; i++) {
        planned p = planned_well(SAID(
            "perdure: 1\nname: t\ndata: {set: digits}\nstream: {split: {by: class, order: [[2, 3, 4, 5, 6, 7, 8, 9], "
            "[0, 1]]}, scenario: %s}\nnetwork: {type: mlp, hidden: [20]}\noptimizer: {type: sgd, lr: 0.1}\n"
            "training: {batch: 20, iterations: 20}\n" CPU "methods:\n  - name: a\n  - name: b\n    "
            "strategies: [replay: {capacity: 50, blend: share, weight: 0}]\n",
            kinds[i]));
        cell_result *alone = cell_trained(&p, 0, 3, NULL), *beside = cell_trained(&p, 1, 3, NULL);
        for (int64_t j = 0; j < alone->parameter_count; j++)
            if (fabs((double)alone->parameters[j] - beside->parameters[j]) > 1e-5)
                fail_msg("%s: weight %d is %g; expected %g", kinds[i], (int)j, beside->parameters[j],
                         alone->parameters[j]);
        cell_result_close(alone);
        cell_result_close(beside);
        planned_free(&p);
    }
}

static void two_threads_train(void **state)
{
    (void)state;
    planned p =
        planned_well(HEAD "device: {type: cpu, threads: 2}\ntraining: {batch: 20, epochs: 3}\noptimizer: {type: sgd, "
                          "lr: 0.1}\n" ONE_METHOD);
    cell_result *a = cell_trained(&p, 0, 1, NULL), *again = cell_trained(&p, 0, 1, NULL);
    assert_true(matrix_at(a->accuracy, 5, 5) > 0.9);
    assert_true(matrix_at(a->accuracy, 1, 1) > 0.9);
    assert_string_equal(a->weights_sha256, again->weights_sha256);
    cell_result_close(a);
    cell_result_close(again);
    planned_free(&p);
}

/* ---- failures ---- */

static void fails(const char *name, const char *words)
{
    planned p = tiny_plan(TWO_TASKS "class-il", SAID("methods: [{name: a, strategies: [{plugin: %s}]}]\n", tiny(name)));
    dataset *d = data_of(&p);
    cell_result *r = (cell_result *)(uintptr_t)1;
    error e = {0};
    assert_int_equal(train_cell(p.plan, 0, 3, d, NULL, &r, &e), EXIT_FAILED);
    assert_null(r);
    assert_memory_equal(e.text, words, strlen(words));
    dataset_close(d);
    planned_free(&p);
}

static void errors_name_strategy_hook_task_and_step(void **state)
{
    (void)state;
    fails("fail_hook",
          "strategy fail_hook, hook after_batch, task 1, step 4: fail_hook fails at index 3, as it was made to");
    fails("forget_check", "strategy forget_check, hook before_task, task 1, step 0: slice");
}

/* ---- what hooks see, by a strategy of the test's own ---- */

static const pdr_host *me;
static pdr_memory *mine;
static int64_t batch_seen;

static pdr_status own_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    *self = (void *)(uintptr_t)(me = host);
    mine = host->memory->open(host, "mine", "{capacity: 9}");
    return PDR_OK;
}

static void own_destroy(void *self)
{
    (void)self;
    me->memory->close(mine);
}

static pdr_status own_before_task(void *self, const pdr_task *t)
{
    (void)self;
    bool good = t->scope && (!t->previous || (!t->previous->scope && t->previous->index == t->index - 1));
    batch_seen = ((const strategy *)me->impl)->session->batch;
    if (t->index && mine)
        me->data->mingle(t, mine);
    return good ? PDR_OK : (me->fail)(me, PDR_ERROR, "the chain of tasks is wrong");
}

static pdr_status own_after_batch(void *self, const pdr_step *s)
{
    (void)self;
    me->metric(me, "now", (double)s->index);
    me->metric_of(me, "later", me->tensor->full(s->scope, PDR_F32, NULL, 0, (double)s->index));
    return s->task->index ? PDR_OK : me->memory->offer(s->scope, mine, s->raw, s->y, NULL, NULL);
}

/* No batch comes any more: a mingled memory may be closed. */
static pdr_status own_after_task(void *self, const pdr_task *t)
{
    (void)self;
    me->metric_of(me, "end", me->tensor->full(t->scope, PDR_F32, NULL, 0, 1));
    if (t->index)
        me->memory->close(mine);
    if (t->index)
        mine = NULL;
    return PDR_OK;
}

static pdr_status own_before_eval(void *self, const pdr_eval *v)
{
    (void)self;
    const pdr_task *t = v->task;
    bool good = t->scope == v->scope && !t->previous == !t->index && (!t->index || !t->previous->scope);
    return good ? PDR_OK : (me->fail)(me, PDR_ERROR, "the task of an evaluation is wrong");
}

static const pdr_plugin own_descriptor = {.name = "own", .create = own_create, .destroy = own_destroy};
static const plugin own = {.descriptor = &own_descriptor,
                           .hooks = {.struct_size = sizeof(pdr_hooks),
                                     .before_task = own_before_task,
                                     .after_batch = own_after_batch,
                                     .after_task = own_after_task,
                                     .before_eval = own_before_eval}};

typedef struct told {
    int64_t now, later, end, losses;
    int64_t measured, logged; /* by measured(), by points "accuracy/task-J" */
    struct {
        int64_t task, step, on;
        double value;
    } accuracy[16]; /* [logged] */
    bool wrong;
} told;

static void told_accuracy(told *t, const char *name, int64_t task, int64_t step, double value)
{
    long long on = 0;
    assert_true(t->logged < 16);
    assert_int_equal(sscanf(name, "accuracy/task-%lld", &on), 1);
    t->accuracy[t->logged].task = task;
    t->accuracy[t->logged].step = step;
    t->accuracy[t->logged].on = on;
    t->accuracy[t->logged++].value = value;
}

static void told_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    told *t = self;
    static int64_t last_now;
    if (!strncmp(name, "accuracy/", 9)) {
        told_accuracy(t, name, task, step, value);
    } else if (!strcmp(name, "own.now")) {
        t->now++;
        last_now = step;
    } else if (!strcmp(name, "own.later")) {
        t->later++;
        t->wrong |= step != last_now;
    } else if (!strcmp(name, "own.end")) {
        t->end++;
        t->wrong |= task != t->end; /* with the number of the task that it belongs to */
    } else {
        t->losses++;
    }
}

static void told_measured(void *self, int64_t after, int64_t on, double accuracy)
{
    told *t = self;
    (void)after;
    (void)on;
    t->measured++;
    t->wrong |= !(accuracy >= 0 && accuracy <= 1);
}

static void hooks_see_tasks_and_metrics_have_their_step(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD);
    plan_strategy strategies[] = {{.plugin = &own, .name = "own"}};
    told t = {0};
    const train_listener listener = {.self = &t, .point = told_point, .measured = told_measured};
    p.plan->methods[0].strategies = strategies;
    p.plan->methods[0].count = 1;
    cell_result *r = cell_trained(&p, 0, 3, &listener);
    /* the second task: 12 rows and 9 of the memory in batches of 4, twice */
    assert_int_equal(r->steps, 2 * 3 + 2 * 6);
    assert_int_equal(t.now, r->steps);
    assert_int_equal(t.later, r->steps);
    assert_int_equal(t.end, 2);
    assert_int_equal(t.losses, r->steps / 10);
    assert_int_equal(t.measured, 6);
    assert_false(t.wrong);
    assert_int_equal(r->warnings, 0);
    cell_result_close(r);
    planned_free(&p);
}

/* The matrix as points: each row under the number of its task, at the step behind which it was measured. */
static void rows_of_the_matrix_are_points(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD);
    told t = {0};
    const train_listener listener = {.self = &t, .point = told_point};
    cell_result *r = cell_trained(&p, 0, 3, &listener);
    assert_int_equal(t.logged, 6);
    for (int64_t i = 0; i < 6; i++) {
        const int64_t after = i / 2, on = i % 2 + 1;
        assert_int_equal(t.accuracy[i].task, after);
        assert_int_equal(t.accuracy[i].step, after * r->steps / 2);
        assert_int_equal(t.accuracy[i].on, on);
        assert_true(t.accuracy[i].value == matrix_at(r->accuracy, after, on));
    }
    cell_result_close(r);
    planned_free(&p);
}

/* Cells of the matrix that are not measured are no points. */
static void what_is_not_measured_is_no_point(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il",
                          ONE_METHOD "evaluation: {matrix: {rows: last, tasks: seen}, metrics: [acc.macro]}\n");
    told t = {0};
    const train_listener listener = {.self = &t, .point = told_point};
    cell_result *r = cell_trained(&p, 0, 3, &listener);
    assert_int_equal(t.logged, 2);
    assert_int_equal(t.accuracy[0].task, 2);
    assert_int_equal(t.accuracy[0].step, r->steps);
    cell_result_close(r);
    planned_free(&p);
}

/* fisher() in portions of a batch takes the method's own. */
static void a_session_has_the_batch_of_its_method(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a, set: {training.batch: 3}}]\n");
    plan_strategy strategies[] = {{.plugin = &own, .name = "own"}};
    p.plan->methods[0].strategies = strategies;
    p.plan->methods[0].count = 1;
    cell_result_close(cell_trained(&p, 0, 3, NULL));
    assert_int_equal(batch_seen, 3);
    planned_free(&p);
}

/* ---- stopped from outside ---- */

typedef struct asked {
    int64_t asks, at;
} asked;

static bool asked_stop(void *self)
{
    asked *a = self;
    return ++a->asks == a->at;
}

static void a_cell_stops_behind_a_batch_or_between_tasks(void **state)
{
    static const struct {
        int64_t at, task, step;
        int32_t phase;
    } cases[] = {{1, 0, 0, HOST_EVALUATE}, {5, 1, 4, HOST_UPDATE}, {8, 1, 6, HOST_EVALUATE}, {9, 2, 7, HOST_UPDATE}};
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host_mark mark = {0};
        asked a = {.at = cases[i].at};
        const train_listener listener = {.self = &a, .stop = asked_stop, .mark = &mark};
        cell_result *r = NULL;
        error e = {0};
        assert_int_equal(cell_tried(&p, 0, 3, &listener, &r, &e), EXIT_RESUMABLE);
        assert_null(r);
        assert_int_equal(a.asks, a.at); /* not once more */
        assert_int_equal(mark.task, cases[i].task);
        assert_int_equal(mark.step, cases[i].step);
        assert_int_equal(mark.phase, cases[i].phase);
        assert_string_equal(mark.hook, "");
    }
    asked never = {0};
    cell_result_close(cell_trained(&p, 0, 3, &(train_listener){.self = &never, .stop = asked_stop}));
    assert_int_equal(never.asks, 12 + 3);
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_same_bits),
        cmocka_unit_test(who_only_watches_changes_nothing),
        cmocka_unit_test(augmented_and_changed_rows_are_the_same_for_all),
        cmocka_unit_test(the_matrix_is_whole),
        cmocka_unit_test(rows_held_out_are_measured_beside),
        cmocka_unit_test(an_owner_of_predict_leaves_the_network_beside_it),
        cmocka_unit_test(errors_name_strategy_hook_task_and_step),
        cmocka_unit_test(hooks_see_tasks_and_metrics_have_their_step),
        cmocka_unit_test(rows_of_the_matrix_are_points),
        cmocka_unit_test(what_is_not_measured_is_no_point),
        cmocka_unit_test(a_session_has_the_batch_of_its_method),
        cmocka_unit_test(rehearsed_rows_change_no_mask_of_fresh_ones),
        cmocka_unit_test(two_threads_train),
        cmocka_unit_test(a_cell_stops_behind_a_batch_or_between_tasks),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
