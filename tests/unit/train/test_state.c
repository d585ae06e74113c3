/* A checkpoint is data from outside: whatever stands in one whose digests are good, the cell ends with words and not in
 * a crash. And a state that cannot be read from the device is not saved as if it could. */
#include "pieces.h"
#include "record/checkpoint.h"

#define KEEPS_NINE "output: {checkpoint: {every: {batches: 1000000}, keep: 9}}\n"

static const struct checkpoint_options KEEP = {.on = true, .last = 9};

static char *checkpoints_of(const char *home) { return SAID("%s/checkpoints", home); }

/* Of a cell that is stopped the at-th time. */
static checkpoint *stopped(const planned *p, const char *home, int64_t at)
{
    stopper s = {.at = at};
    train_listener l = listening(&s, home);
    cell_result *r = NULL;
    checkpoint *c = NULL;
    error e = {0};
    assert_int_equal(cell_tried(p, 0, 3, &l, &r, &e), EXIT_RESUMABLE);
    assert_int_equal(checkpoint_newest(checkpoints_of(home), NULL, NULL, &c, &e), 0);
    assert_non_null(c);
    return c;
}

static array *array_of(checkpoint *c, const char *part)
{
    for (int64_t i = 0; i < c->rest.count; i++)
        if (strstr(c->rest.at[i].name, part))
            return &c->rest.at[i];
    fail_msg("there is no %s", part);
    return NULL;
}

/* Written as the newest, and gone on from. */
static int goes_on_from(const planned *p, const char *home, checkpoint *c, error *e)
{
    stopper never = {0};
    train_listener l = listening(&never, home);
    cell_result *r = NULL;
    if (checkpoint_write(checkpoints_of(home), c, &KEEP, e))
        fail_msg("%s", e->text);
    checkpoint_close(c);
    int code = cell_tried(p, 0, 3, &l, &r, e);
    cell_result_close(r);
    return code;
}

static void refused(const planned *p, const char *home, checkpoint *c, int code, const char *words)
{
    error e = {0};
    assert_int_equal(goes_on_from(p, home, c, &e), code);
    if (!strstr(e.text, words))
        fail_msg("found: %s\nexpected: ...%s...", e.text, words);
}

/* As many bytes as it says, and fewer than its name would make one believe. */
static void a_gate_of_bytes(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = tiny_plan(
        TWO_TASKS "class-il",
        SAID(KEEPS_NINE "methods: [{name: a, strategies: [{plugin: %s, with: {factor: 0.5, moment: before_task}}]}]\n",
             tiny("gate")));
    checkpoint *c = stopped(&p, home, 4);
    array_of(c, "network/gates/0/")->type = ARRAY_U8;
    array_of(c, "network/gates/0/")->size /= sizeof(float);
    refused(&p, home, c, EXIT_DATA, "found no gate of this network");
    planned_free(&p);
}

static planned with_momentum(void)
{
    return tiny_plan(TWO_TASKS "class-il", KEEPS_NINE "methods: [{name: a, set: {optimizer.momentum: 0.9}}]\n");
}

static void averages_of_another_optimizer(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = with_momentum();
    checkpoint *c = stopped(&p, home, 4);
    array *momentum = array_of(c, "optimizer/momentum");
    momentum->shape[0]--;
    momentum->size -= sizeof(float);
    refused(&p, home, c, EXIT_DATA, "optimizer/momentum: found others; expected the averages");
    c = stopped(&p, home_new(), 4);
    strcpy(array_of(c, "optimizer/momentum")->name, "optimizer/second");
    refused(&p, home, c, EXIT_DATA, "optimizer/momentum: found none");
    planned_free(&p);
}

static void a_place_that_is_none(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = with_momentum();
    checkpoint *c = stopped(&p, home, 4);
    json_object_set_new(c->state, "stage", json_integer(2));
    refused(&p, home, c, EXIT_DATA, "expected a place in this stream of 2 tasks");
    c = stopped(&p, home_new(), 4);
    json_object_set_new(c->state, "next", json_integer(INT64_C(1) << 40));
    refused(&p, home, c, EXIT_DATA, "loop/order");
    c = stopped(&p, home_new(), 4);
    ((int64_t *)array_of(c, "loop/order")->owned)[1] = 1 << 20;
    refused(&p, home, c, EXIT_DATA, "loop/order: found row 1048576");
    c = stopped(&p, home_new(), 4);
    json_object_clear(c->state);
    refused(&p, home, c, EXIT_DATA, "state.stage: found nothing; expected a whole number");
    planned_free(&p);
}

/* Accuracies within tasks: as many numbers as points and tasks, and no task that is none. */
static void a_curve_of_another_stream(void **state)
{
    (void)state;
    static const struct {
        const char *array;
        int64_t at, value; /* at -1: the array is shorter */
        const char *words;
    } cases[] = {
        {"anytime/points", 1, 3, "anytime: found another curve; expected one of 2 tasks"},
        {"anytime/points", 1, 0, "anytime: found another curve"},
        {"anytime/points", 0, -1, "anytime: found another curve"},
        {"anytime/right", 0, -1, "anytime: found another curve"},
        {"anytime/right", 0, 1 << 20, "anytime: found another curve"},
        {"anytime/right", -1, 0, "anytime: found another curve"},
        {"anytime/rows", -1, 0, "anytime: found another curve"},
    };
    planned p = tiny_plan(TWO_TASKS "class-il", KEEPS_NINE ONE_METHOD "evaluation: {anytime: {batches: 2}}\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *home = home_new();
        checkpoint *c = stopped(&p, home, 4);
        array *a = array_of(c, cases[i].array);
        if (cases[i].at >= 0)
            ((int64_t *)a->owned)[cases[i].at] = cases[i].value;
        else
            a->size = (uint64_t)--a->shape[0] * sizeof(int64_t);
        refused(&p, home, c, EXIT_DATA, cases[i].words);
    }
    char *home = home_new();
    checkpoint *c = stopped(&p, home, 4);
    strcpy(array_of(c, "anytime/points")->name, "anytime/others");
    refused(&p, home, c, EXIT_DATA, "anytime: found another curve");
    planned_free(&p);
}

/* Numbers that are places in lists of the program's own. */
static void findings_that_nobody_makes(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = with_momentum();
    checkpoint *c = stopped(&p, home, 4);
    error e = {0};
    json_t *all = json_array();
    json_array_append_new(all, json_pack("{s:i}", "check", 1 << 20));
    json_array_append_new(all, json_pack("{s:i}", "check", -1));
    json_object_set_new(c->state, "findings", all);
    assert_int_equal(goes_on_from(&p, home, c, &e), 0);
    planned_free(&p);
}

static void a_recipe_without_an_end(void **state)
{
    (void)state;
    char *home = home_new();
    planned p = picture_plan("", "split: {by: class, tasks: 3}, scenario: class-il",
                             KEEPS_NINE "methods: [{name: a, strategies: [genreplay: {}]}]\n");
    checkpoint *c = stopped(&p, home, 10);
    array *recipe = array_of(c, "/built");
    recipe->shape[0] = (int64_t)(recipe->size = 1);
    refused(&p, home, c, EXIT_FAILED, "hook load");
    planned_free(&p);
}

static void mingled_slots_that_are_empty(void **state)
{
    (void)state;
    char *home = home_new();
    planned p =
        tiny_plan(TWO_TASKS "class-il", KEEPS_NINE "methods: [{name: a, strategies: [icarl: {capacity: 6}]}]\n");
    checkpoint *c = stopped(&p, home, 11);
    array *rows = array_of(c, "loop/mingled_rows");
    assert_true(rows->shape[0] > 0);
    for (int64_t i = 0; i < rows->shape[0]; i++)
        ((int64_t *)rows->owned)[2 * i + 1] = 1 << 20;
    refused(&p, home, c, EXIT_FAILED, "which holds no sample");
    planned_free(&p);
}

/* ---- a device that fails ---- */

static const struct engine *true_engine;
static struct engine engine_that_fails;
static pdr_tensor_api tensors_that_fail;
static int64_t reads_left;

static pdr_status read_fails(const pdr_tensor *t, pdr_dtype d, void *into, uint64_t bytes)
{
    return reads_left-- > 0 ? true_engine->tensor->read(t, d, into, bytes) : PDR_EENGINE;
}

static void what_cannot_be_read_is_not_saved(void **state)
{
    (void)state;
    for (int64_t reads = 0; reads < 2; reads++) {
        char *home = home_new();
        stopper s = {.at = 1};
        train_listener l = listening(&s, home);
        bench *b = bench_open(with_momentum(), 0, 3);
        cell *c = &b->c;
        error e = {0};
        engine_network network = c->method->network;
        random_stream r = random_open(3, "weights", "", 0);
        network.shape = b->data->shape;
        network.rank = b->data->rank;
        network.outputs = c->stream->columns;
        assert_int_equal(c->engine->model_build(&network, &r, &c->session.model, &e), 0);
        assert_int_equal(cell_optimizer(c, &e), 0);
        c->result->accuracy = matrix_open(c->stream->count);
        c->listener = &l;
        true_engine = c->engine;
        engine_that_fails = *c->engine;
        tensors_that_fail = *c->engine->tensor;
        tensors_that_fail.read = read_fails;
        engine_that_fails.tensor = &tensors_that_fail;
        reads_left = reads;
        c->engine = &engine_that_fails;
        assert_int_equal(save_after_task(c, 1, &e), EXIT_SYSTEM);
        assert_non_null(strstr(e.text, "checkpoint: the device does not give back"));
        assert_false(folder_exists(checkpoints_of(home)));
        c->engine = true_engine;
        saver_close(c);
        cell_result_clear(&b->result);
        bench_close(b);
    }
}

/* ---- a disk that fails ---- */

static char told[1024];

static void tell(void *self, const char *level, const char *line)
{
    (void)self;
    snprintf(told, sizeof told, "%s: %s", level, line);
}

/* Behind the last task there is nothing that the checkpoint is for. A cell that is to stop needs it. */
static void the_last_checkpoint_costs_no_result(void **state)
{
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", "methods: [{name: a}, {name: b, train_on: all}]\n");
    for (int method = 0; method < 2; method++) {
        char *home = home_new();
        stopper s = {.at = method ? 0 : 5};
        train_listener l = listening(&s, home);
        cell_result *r = NULL;
        error e = {0};
        l.note = tell;
        told[0] = '\0';
        assert_int_equal(file_write(checkpoints_of(home), "", 0, &e), 0);
        assert_int_equal(cell_tried(&p, method, 3, &l, &r, &e), method ? 0 : EXIT_CREATE);
        if (!strstr(method ? told : e.text, checkpoints_of(home)))
            fail_msg("found: %s; told: %s", e.text, told);
        assert_int_equal(strstr(told, "warning: ") != NULL, method);
        cell_result_close(r);
    }
    planned_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_of_bytes),
        cmocka_unit_test(averages_of_another_optimizer),
        cmocka_unit_test(a_place_that_is_none),
        cmocka_unit_test(a_curve_of_another_stream),
        cmocka_unit_test(findings_that_nobody_makes),
        cmocka_unit_test(a_recipe_without_an_end),
        cmocka_unit_test(mingled_slots_that_are_empty),
        cmocka_unit_test(what_cannot_be_read_is_not_saved),
        cmocka_unit_test(the_last_checkpoint_costs_no_result),
    };
    return cmocka_run_group_tests_name("state", tests, folder_begin, folder_end);
}
