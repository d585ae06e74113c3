/* Networks that change shape or hold more than parameters, in a cell: heads that come with their tasks, running means. */
#include "fixture.h"

#define TASK_IL tiny_plan(TWO_TASKS "task-il", ONE_METHOD "evaluation: {matrix: {untrained: true}}\n")

/* A cell that is ready for loop_run, with this network. */
static bench *ready(planned p, const engine_network *n)
{
    bench *b = bench_open(p, 0, 3);
    cell *c = &b->c;
    error e = {0};
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    random_stream r = random_open(3, "weights", "", 0);
    engine_network network = *n;
    network.shape = b->data->shape;
    network.rank = b->data->rank;
    if (c->engine->model_build(&network, &r, &c->session.model, &e))
        fail_msg("%s", e.text);
    for (int64_t i = 0; i < c->stage_count; i++)
        c->stages[i].task.task.model = c->session.model;
    for (int64_t i = 0; i < c->stream->count; i++)
        c->views[i].task.model = c->session.model;
    c->optimizer = c->engine->optimizer_open(c->session.model, &sgd);
    b->result.accuracy = matrix_open(c->stream->count);
    return b;
}

static void run(bench *b)
{
    error e = {0};
    if (loop_run(&b->c, &e) || result_fill(&b->c, &e))
        fail_msg("%s", e.text);
}

static void done(bench *b)
{
    cell_result_clear(&b->result);
    bench_close(b);
}

static const int64_t HIDDEN = 5;
static const engine_network GROWS = {.kind = "mlp", .hidden = &HIDDEN, .hidden_count = 1, .grows = true};

/* Whether the second head comes with its task or is there from the start: the same bits and the same matrix, row 0 too. */
static void heads_may_come_late(void **state)
{
    (void)state;
    bench *late = ready(TASK_IL, &GROWS), *early = ready(TASK_IL, &GROWS);
    error e = {0};
    assert_int_equal(heads_reach(&early->c, early->c.session.model, 1, &e), 0);
    assert_int_equal(late->c.engine->model_columns(late->c.session.model), 0);
    assert_int_equal(early->c.engine->model_columns(early->c.session.model), 4);
    run(late);
    run(early);
    const char *names[] = {"hidden.0.weight", "hidden.0.bias", "head.0.weight",
                           "head.0.bias",     "head.1.weight", "head.1.bias"};
    assert_int_equal(late->result.weight_count, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(late->result.weights[i].name, names[i]);
    assert_string_equal(late->result.weights_sha256, early->result.weights_sha256);
    for (int64_t after = 0; after <= 2; after++)
        for (int64_t on = 1; on <= 2; on++)
            assert_true(matrix_has(late->result.accuracy, after, on));
    assert_memory_equal(late->result.accuracy->right, early->result.accuracy->right, 6 * sizeof(int64_t));
    done(late);
    done(early);
}

static void columns_are_those_that_exist(void **state)
{
    (void)state;
    const struct {
        const char *kind;
        int64_t columns[2], all[2]; /* of the tasks; of their masks with active: all */
    } cases[] = {{"task-il", {2, 4}, {2, 4}}, {"class-il", {4, 4}, {4, 4}}, {"task-il, head: single", {2, 2}, {2, 2}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench *b = bench_open(tiny_plan(SAID(TWO_TASKS "%s, active: all", cases[i].kind), ONE_METHOD), 0, 0);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(b->c.stages[k].task.task.columns, cases[i].columns[k]);
            assert_int_equal(b->c.stages[k].task.fresh.first, 0);
            assert_int_equal(b->c.stages[k].task.fresh.count, cases[i].all[k]);
        }
        bench_close(b);
    }
    planned p = tiny_plan(TWO_TASKS "task-il", "methods: [{name: a, train_on: all}]\n");
    bench *joint = ready(p, &GROWS);
    assert_int_equal(joint->c.stages[0].task.task.columns, 4);
    run(joint); /* all heads at once */
    assert_int_equal(joint->result.weight_count, 6);
    done(joint);
}

/* ---- running means ---- */

static const pdr_host *me;

static pdr_status own_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    *self = (void *)(uintptr_t)(me = host);
    return PDR_OK;
}
static void own_destroy(void *self) { (void)self; }

/* Moves the running means, which the host puts back. */
static pdr_status own_before_eval(void *self, const pdr_eval *v)
{
    (void)self;
    const int64_t shape[] = {4, 2};
    return me->model->forward(v->scope, v->model, me->tensor->full(v->scope, PDR_F32, shape, 2, 9.0), PDR_TRAIN)
               ? PDR_OK
               : me->tensor->status(v->scope);
}

static const pdr_plugin own_descriptor = {.name = "own", .create = own_create, .destroy = own_destroy};
static const plugin own = {.descriptor = &own_descriptor,
                           .hooks = {.struct_size = sizeof(pdr_hooks), .before_eval = own_before_eval}};

static const engine_layer NORMED[] = {{.kind = ENGINE_LINEAR, .size = 5}, {.kind = ENGINE_BATCH_NORM}};
static const engine_network BATCH_NORM = {.kind = "layers", .layers = NORMED, .layer_count = 2, .outputs = 4};

static void running_means_are_kept_and_restored(void **state)
{
    (void)state;
    bench *plain = ready(tiny_plan(TWO_TASKS "class-il", ONE_METHOD), &BATCH_NORM);
    bench *moved = ready(tiny_plan(TWO_TASKS "class-il", ONE_METHOD), &BATCH_NORM);
    strategy strategies[1];
    error e = {0};
    moved->c.session.strategies = strategies;
    assert_int_equal(host_create(&moved->c.session, 0, &own, "own", NULL, &e), 0);
    run(plain);
    run(moved);
    const cell_result *r = &plain->result;
    assert_int_equal(r->parameter_count, 2 * 5 + 5 + 5 + 5 + 5 * 4 + 4 + 2 * 5);
    assert_int_equal(r->weight_count, 8);
    assert_string_equal(r->weights[6].name, "layers.1.running_mean");
    assert_string_equal(r->weights[7].name, "layers.1.running_var");
    assert_int_equal(r->weights[7].first, r->parameter_count - 5);
    assert_true(fabsf(r->parameters[r->weights[6].first]) > 1e-3f); /* they moved in training */
    assert_string_equal(r->weights_sha256, moved->result.weights_sha256);
    done(plain);
    done(moved);
}

/* ---- heads that no loss reaches ---- */

static cell_result *trained(const char *optimizer, const char *strategies)
{
    const char *method = SAID("methods: [{name: a, strategies: [%s], set: {%s}}]\n", strategies, optimizer);
    return sole_trained(tiny_plan(TWO_TASKS "task-il", method));
}

/* Whether the first head ends as with an optimizer that forgets between the tasks: then nothing moved it in the second. */
static bool head_stays(const char *optimizer, const char *strategies)
{
    cell_result *both = trained(optimizer, strategies);
    const struct cell_weights *head = &both->weights[2];
    assert_string_equal(head->name, "head.0.weight");
    cell_result *cut = trained(SAID("%s, optimizer.reset_per_task: true", optimizer), strategies);
    bool same =
        !memcmp(both->parameters + head->first, cut->parameters + head->first, (size_t)head->count * sizeof(float));
    cell_result_close(both);
    cell_result_close(cut);
    return same;
}

static void momentum_does_not_move_what_no_loss_reaches(void **state)
{
    (void)state;
    const char *adam = "optimizer.type: adam, optimizer.lr: 0.01";
    const char *decay = "optimizer.type: adamw, optimizer.lr: 0.01, optimizer.weight_decay: 0.1";
    assert_true(head_stays(adam, ""));
    assert_true(head_stays(decay, ""));
    assert_true(head_stays("optimizer.momentum: 0.9", ""));
    assert_false(head_stays(adam, "{replay: {capacity: 8}}")); /* rehearsed rows have the first task's labels */
}

/* ---- the network that is measured ---- */

/* Scores out of v->model: of the shape of the logits only where it has the same heads. */
static pdr_status seer_predict(void *self, const pdr_eval *v, pdr_tensor **scores)
{
    (void)self;
    *scores = me->model->forward(v->scope, v->model, v->x, PDR_EVAL);
    return me->tensor->status(v->scope);
}

static pdr_status seer_eval(void *self, const pdr_eval *v)
{
    (void)self;
    bool good = v->model == ((const strategy *)me->impl)->session->model;
    return good ? PDR_OK : (me->fail)(me, PDR_ERROR, "before and after it is not the network in training");
}

static const plugin seer = {
    .descriptor = &own_descriptor,
    .hooks = {
        .struct_size = sizeof(pdr_hooks), .before_eval = seer_eval, .predict = seer_predict, .after_eval = seer_eval}};

#define THREE_TASKS                                                               \
    tiny_plan("split: {by: class, order: [[0, 1], [2], [3]]}, scenario: task-il", \
              ONE_METHOD "evaluation: {matrix: {untrained: true}}\n")

/* One copy with all heads measures as one copy a task does, and predict is shown the copy. */
static void predict_is_shown_the_network_that_is_measured(void **state)
{
    (void)state;
    bench *shared = ready(THREE_TASKS, &GROWS);
    planned p = THREE_TASKS;
    p.plan->methods[0].prediction_owner = 0;
    bench *each = ready(p, &GROWS);
    strategy strategies[1];
    error e = {0};
    each->c.session.strategies = strategies;
    assert_int_equal(host_create(&each->c.session, 0, &seer, "seer", NULL, &e), 0);
    run(shared);
    run(each);
    assert_memory_equal(shared->result.accuracy->right, each->result.accuracy->right, 12 * sizeof(int64_t));
    assert_int_equal(shared->c.engine->model_columns(shared->c.session.model), 4);
    done(shared);
    done(each);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(momentum_does_not_move_what_no_loss_reaches),
        cmocka_unit_test(heads_may_come_late),
        cmocka_unit_test(columns_are_those_that_exist),
        cmocka_unit_test(predict_is_shown_the_network_that_is_measured),
        cmocka_unit_test(running_means_are_kept_and_restored),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
