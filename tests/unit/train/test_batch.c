/* The order of batches: every row once an epoch, the same for all methods of a seed, another for every seed and epoch. */
#include "fixture.h"

/* Numbers in the task of an epoch's fresh rows, in order; how many. x is checked against the data on the way. */
static int64_t epoch_of(bench *b, stage *s, int64_t epoch, int64_t *rows)
{
    cell *c = &b->c;
    const pdr_step *step = &c->step.step;
    error e = {0};
    int64_t n = 0, width = b->data->train.width;
    float got[64], want[64];
    batch_order_begin(c, s, epoch);
    while (batch_take(c, s, epoch, &e)) {
        const int64_t *y = c->engine->bytes(c->step.scope, step->y, PDR_I64);
        assert_true(step->fresh <= c->scenario->training.batch);
        for (int64_t i = 0; i < step->fresh; i++, n++) {
            /* rows are distinct in x: the values tell which one it is */
            const pdr_tensor *x = c->engine->tensor->slice(c->step.scope, step->x, 0, i, 1);
            assert_int_equal(c->engine->tensor->read(x, PDR_F32, got, (uint64_t)width * sizeof *got), PDR_OK);
            for (rows[n] = 0; rows[n] < s->count; rows[n]++) {
                dataset_gather(b->data, &b->data->train, &s->rows[rows[n]], 1, want);
                if (!memcmp(got, want, (size_t)width * sizeof *got))
                    break;
            }
            assert_true(rows[n] < s->count);
            assert_int_equal(y[i], s->labels[rows[n]]);
        }
    }
    assert_int_equal(e.code, 0);
    return n;
}

static void each_once(const int64_t *rows, int64_t n)
{
    bool there[64] = {false};
    for (int64_t i = 0; i < n; i++) {
        assert_in_range(rows[i], 0, n - 1);
        assert_false(there[rows[i]]);
        there[rows[i]] = true;
    }
}

static void every_row_once_an_epoch(void **state)
{
    (void)state;
    int64_t first[12], second[12], task[12], again[12];
    bench *b = bench_open(tiny_plan(TWO_TASKS "class-il", ONE_METHOD), 0, 3);
    assert_int_equal(epoch_of(b, &b->c.stages[0], 0, first), 12);
    assert_int_equal(epoch_of(b, &b->c.stages[0], 1, second), 12);
    assert_int_equal(epoch_of(b, &b->c.stages[1], 0, task), 12);
    assert_int_equal(epoch_of(b, &b->c.stages[0], 0, again), 12);
    each_once(first, 12);
    each_once(second, 12);
    each_once(task, 12);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(first, task, sizeof first);
    assert_memory_equal(first, again, sizeof first);
    bench_close(b);
}

static void methods_of_a_seed_see_the_same(void **state)
{
    (void)state;
    int64_t rows[3][12];
    for (int i = 0; i < 3; i++) {
        planned p = tiny_plan(TWO_TASKS "class-il",
                              "methods:\n  - name: a\n  - name: b\n    strategies: [replay: {capacity: 5}]\n");
        bench *b = bench_open(p, i == 1, i == 2 ? 4 : 3);
        epoch_of(b, &b->c.stages[0], 0, rows[i]);
        bench_close(b);
    }
    assert_memory_equal(rows[0], rows[1], sizeof rows[0]);
    assert_memory_not_equal(rows[0], rows[2], sizeof rows[0]);
}

/* ---- mingled rows ---- */

static pdr_status nothing_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    *self = (void *)(uintptr_t)host;
    return PDR_OK;
}
static void nothing_destroy(void *self) { (void)self; }
static const pdr_plugin nothing_descriptor = {.name = "guest", .create = nothing_create, .destroy = nothing_destroy};
static const plugin nothing = {.descriptor = &nothing_descriptor};

/* Rows (100 + i, 0) of label 1 in a memory of their own, mingled into the task. */
static void mingle(bench *b, strategy *s, stage *into, const char *name, int64_t n, double base)
{
    const pdr_tensor_api *t = b->c.engine->tensor;
    b->c.session.task = &into->task;
    pdr_scope *scope = host_enter(s, "before_task", PDR_NO_GRAD);
    pdr_memory *m = s->host.memory->open(&s->host, name, "{capacity: 20, policy: fifo}");
    for (int64_t i = 0; i < n; i++) {
        const int64_t row[] = {1, 2}, one = 1;
        pdr_tensor *x = t->full(scope, PDR_F32, row, 2, base + (double)i), *y = t->full(scope, PDR_I64, &one, 1, 1);
        assert_int_equal(s->host.memory->offer(scope, m, x, y, NULL, NULL), PDR_OK);
    }
    assert_int_equal(s->host.data->mingle(&into->task.task, m), PDR_OK);
    error e = {0};
    assert_int_equal(host_leave(s, PDR_OK, &e), 0);
}

static void mingled_rows_come_once_behind_the_fresh(void **state)
{
    (void)state;
    strategy room[1];
    bench *b = bench_open(tiny_plan(TWO_TASKS "class-il", ONE_METHOD), 0, 3);
    cell *c = &b->c;
    error e = {0};
    c->session.strategies = room;
    assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
    mingle(b, room, &c->stages[1], "a", 5, 100);
    mingle(b, room, &c->stages[1], "b", 3, 200);
    int seen[300] = {0};
    int64_t fresh = 0, all = 0;
    batch_order_begin(c, &c->stages[1], 0);
    while (batch_take(c, &c->stages[1], 0, &e)) {
        assert_int_equal(step_assemble(c, &e), 0);
        const float *x = c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32);
        const int64_t *y = c->engine->bytes(c->step.scope, c->step.step.y, PDR_I64);
        int64_t rows = c->engine->tensor->size(c->step.step.x, 0);
        assert_true(rows <= 4);
        for (int64_t i = 0; i < rows; i++) {
            assert_int_equal(x[2 * i] >= 100, i >= c->step.step.fresh);
            assert_true(i < c->step.step.fresh || y[i] == 1);
            if (i >= c->step.step.fresh)
                seen[(int)x[2 * i]]++;
        }
        fresh += c->step.step.fresh;
        all += rows;
    }
    assert_int_equal(e.code, 0);
    assert_int_equal(fresh, 12);
    assert_int_equal(all, 12 + 8);
    for (int i = 0; i < 5; i++)
        assert_int_equal(seen[100 + i], 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen[200 + i], 1);
    c->stages[1].task.mingled_count = 0;
    bench_close(b);
}

/* ---- what tasks do to their rows ---- */

/* Of every batch of the stage: raw is the rows as their tasks show them, x their conversion; how many rows. */
static int64_t batches_as_shown(bench *b, stage *s)
{
    cell *c = &b->c;
    const pdr_step *step = &c->step.step;
    int64_t n = 0, width = b->data->train.width, place;
    uint8_t wanted[64];
    float converted[64];
    error e = {0};
    batch_order_begin(c, s, 0);
    while (batch_take(c, s, 0, &e)) {
        const uint8_t *raw = c->engine->bytes(c->step.scope, step->raw, PDR_U8);
        const float *x = c->engine->bytes(c->step.scope, step->x, PDR_F32);
        const int64_t *row = c->engine->bytes(c->step.scope, step->row, PDR_I64);
        for (int64_t i = 0; i < step->fresh; i++, n++) {
            place = s->rows[row[i]];
            stream_gather_bytes(c->stream, &b->data->train, &place, 1, wanted);
            assert_memory_equal(raw + i * width, wanted, (size_t)width);
            dataset_convert(b->data, wanted, 1, converted);
            assert_memory_equal(x + i * width, converted, (size_t)width * sizeof *x);
        }
    }
    assert_int_equal(e.code, 0);
    return n;
}

static void raw_is_what_the_network_saw(void **state)
{
    static const char *const splits[] = {"split: {by: permutation, tasks: 2}, scenario: domain-il",
                                         "split: {by: rotation, tasks: 3}, scenario: class-il"};
    (void)state;
    for (int i = 0; i < 4; i++) { /* task by task, and jointly */
        strategy room[1];
        error e = {0};
        planned p = picture_plan("", splits[i / 2], i % 2 ? "methods: [{name: a, train_on: all}]\n" : ONE_METHOD);
        bench *b = bench_open(p, 0, 3);
        b->c.session.strategies = room;
        assert_int_equal(host_create(&b->c.session, 0, &nothing, "guest", NULL, &e), 0);
        int64_t tasks = b->c.stream->count;
        assert_int_equal(b->c.stage_count, i % 2 ? 1 : tasks);
        for (int64_t k = 0; k < b->c.stage_count; k++)
            assert_int_equal(batches_as_shown(b, &b->c.stages[k]), i % 2 ? 24 * tasks : 24);
        bench_close(b);
    }
}

/* A memory that is offered raw rows gives x back, though the task that changed the rows may be over. */
static void memories_keep_rows_as_their_task_showed_them(void **state)
{
    strategy room[1];
    error e = {0};
    (void)state;
    bench *b =
        bench_open(picture_plan(", normalize: standard", "split: {by: permutation, tasks: 2}", ONE_METHOD), 0, 3);
    cell *c = &b->c;
    float wanted[7 * 20], found[7 * 20];
    c->session.strategies = room;
    assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
    pdr_memory *m = NULL;
    for (int64_t task = 0; task < 2; task++) {
        pdr_scope *s = host_enter(room, "after_batch", PDR_NO_GRAD);
        batch_order_begin(c, &c->stages[task], 0);
        assert_true(batch_take(c, &c->stages[task], 0, &e));
        if (task == 0) {
            m = room->host.memory->open(&room->host, "m", "{capacity: 7, policy: fifo}");
            memcpy(wanted, c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32), sizeof wanted);
            assert_int_equal(room->host.memory->offer(s, m, c->step.step.raw, c->step.step.y, NULL, NULL), PDR_OK);
        }
        pdr_tensor *x = NULL, *slots = c->engine->tensor->arange(s, 0, 7);
        assert_int_equal(room->host.memory->fetch(s, m, slots, &x, NULL, NULL, NULL), PDR_OK);
        assert_int_equal(c->engine->tensor->read(x, PDR_F32, found, sizeof found), PDR_OK);
        assert_memory_equal(found, wanted, sizeof found);
        assert_int_equal(host_leave(room, PDR_OK, &e), 0);
    }
    bench_close(b);
}

/* ---- augmentation ---- */

#define AUGMENTED ", normalize: standard, augment: [{crop: 2}, flip]"

/* The x of two epochs of the first stage, and raw beside it where there is a strategy. */
static int64_t augmented_take(bench *b, float *x, uint8_t *raw)
{
    cell *c = &b->c;
    error e = {0};
    int64_t n = 0, width = b->data->train.width;
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        batch_order_begin(c, c->stages, epoch);
        while (batch_take(c, c->stages, epoch, &e)) {
            int64_t fresh = c->step.step.fresh;
            memcpy(x + n * width, c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32),
                   (size_t)(fresh * width) * sizeof *x);
            if (c->session.count)
                memcpy(raw + n * width, c->engine->bytes(c->step.scope, c->step.step.raw, PDR_U8),
                       (size_t)(fresh * width));
            n += fresh;
        }
    }
    assert_int_equal(e.code, 0);
    return n;
}

/* From raw: converted and augmented by the stream of its own, x comes out; and strategies change none of it. */
static void augmented_alike_for_all_methods(void **state)
{
    float alone[48 * 20], beside[48 * 20], again[48 * 20];
    uint8_t raw[48 * 20];
    strategy room[1];
    error e = {0};
    (void)state;
    bench *b = bench_open(picture_plan(AUGMENTED, "split: {tasks: 1}", ONE_METHOD), 0, 3);
    assert_int_equal(b->c.stages[0].task.task.augmented, 1);
    assert_int_equal(augmented_take(b, alone, raw), 48);
    b->c.session.strategies = room;
    assert_int_equal(host_create(&b->c.session, 0, &nothing, "guest", NULL, &e), 0);
    assert_int_equal(augmented_take(b, beside, raw), 48);
    assert_memory_equal(alone, beside, sizeof alone);
    random_stream r = random_open(3, "augmentation", "", 0);
    dataset_convert(b->data, raw, 48, again);
    assert_memory_not_equal(again, alone, sizeof alone);
    dataset_augment(b->data, &r, 48, again);
    assert_memory_equal(again, alone, sizeof alone);
    bench_close(b);
}

/* Real-valued rows: raw is what they were before. */
static void reals_keep_what_they_were(void **state)
{
    strategy room[1];
    error e = {0};
    (void)state;
    planned p = tiny_plan(TWO_TASKS "class-il", ONE_METHOD);
    bench *b = bench_open(p, 0, 3);
    cell *c = &b->c;
    float wanted[8], augmented[8];
    struct augmentation flip = {.kind = AUGMENT_FLIP};
    b->data->augment = alloc_zero(1, sizeof flip);
    *b->data->augment = flip;
    b->data->augment_count = 1;
    b->data->rank = 2; /* [1, 2]: a picture of one line */
    b->data->shape[0] = 1, b->data->shape[1] = 2;
    c->session.strategies = room;
    assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
    random_stream r = random_open(3, "augmentation", "", 0);
    bool differs = false;
    for (batch_order_begin(c, c->stages, 0); batch_take(c, c->stages, 0, &e);) {
        const int64_t *row = c->engine->bytes(c->step.scope, c->step.step.row, PDR_I64);
        int64_t places[4] = {0}, n = c->step.step.fresh;
        for (int64_t i = 0; i < n; i++)
            places[i] = c->stages->rows[row[i]];
        dataset_gather(b->data, &b->data->train, places, n, wanted);
        const void *raw = c->engine->bytes(c->step.scope, c->step.step.raw, PDR_F32);
        const void *x = c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32);
        assert_memory_equal(raw, wanted, (size_t)n * 2 * sizeof *wanted);
        memcpy(augmented, wanted, sizeof wanted);
        dataset_augment(b->data, &r, n, augmented);
        assert_memory_equal(x, augmented, (size_t)n * 2 * sizeof *wanted);
        differs = differs || memcmp(x, raw, (size_t)n * 2 * sizeof *wanted) != 0;
    }
    assert_true(differs);
    bench_close(b);
}

/* data->augment draws from a stream of the strategy, data->rows is as the files are, and nothing there moves the loader. */
static void strategies_augment_by_themselves(void **state)
{
    float loader[48 * 20], after[48 * 20], x[24 * 20], rows[24 * 20], wanted[24 * 20];
    uint8_t raw[48 * 20];
    strategy room[1];
    error e = {0};
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        bench *b = bench_open(picture_plan(AUGMENTED, "split: {tasks: 1}", ONE_METHOD), 0, 3);
        cell *c = &b->c;
        const struct engine *g = c->engine;
        c->session.strategies = room;
        assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
        c->session.task = &c->stages->task;
        pdr_scope *s = host_enter(room, "before_batch", PDR_NO_GRAD);
        pdr_tensor *all = NULL;
        assert_int_equal(room->host.data->rows(s, &c->stages->task.task, NULL, &all, NULL), PDR_OK);
        const pdr_tensor *one = room->host.data->augment(s, all), *two = room->host.data->augment(s, all);
        assert_int_equal(g->tensor->read(one, PDR_F32, turn ? x : wanted, sizeof x), PDR_OK);
        assert_int_equal(g->tensor->read(all, PDR_F32, rows, sizeof rows), PDR_OK);
        assert_memory_not_equal(g->bytes(s, one, PDR_F32), g->bytes(s, two, PDR_F32), sizeof x);
        assert_memory_not_equal(g->bytes(s, one, PDR_F32), rows, sizeof x);
        assert_null(room->host.data->augment(s, g->tensor->slice(s, all, 3, 0, 2)));
        assert_true(g->tensor->status(s) < 0);
        assert_int_equal(host_leave(room, PDR_OK, &e), EXIT_FAILED);
        assert_non_null(strstr(e.text, "augment: found other rows than the batch has; expected x [n, ...] of float32"));
        e = (error){0};
        augmented_take(b, turn ? after : loader, raw);
        dataset_gather(b->data, &b->data->train, c->stages->rows, 24, turn ? wanted : x);
        assert_memory_equal(turn ? wanted : x, rows, sizeof rows); /* not augmented */
        bench_close(b);
    }
    assert_memory_equal(loader, after, sizeof loader);
}

static void strategies_read_what_is_held_out(void **state)
{
    float found[6 * 20], wanted[6 * 20];
    int64_t labels[6];
    strategy room[1];
    error e = {0};
    (void)state;
    planned p = picture_plan(", validation: 0.25", "split: {by: rotation, tasks: 2}, scenario: class-il", ONE_METHOD);
    bench *b = bench_open(p, 0, 3);
    cell *c = &b->c;
    const pdr_tensor_api *t = c->engine->tensor;
    stage *last = &c->stages[1];
    c->session.strategies = room;
    assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
    c->session.task = &last->task;
    pdr_scope *s = host_enter(room, "after_task", PDR_NO_GRAD);
    pdr_tensor *x = NULL, *y = NULL;
    assert_int_equal(room->host.data->rows(s, &last->task.task, t->arange(s, 18, 6), &x, &y), PDR_OK);
    assert_int_equal(t->read(x, PDR_F32, found, sizeof found), PDR_OK);
    assert_int_equal(t->read(y, PDR_I64, labels, sizeof labels), PDR_OK);
    stream_gather(c->stream, b->data, &b->data->train, c->stream->tasks[1].held, 6, wanted);
    assert_memory_equal(found, wanted, sizeof found);
    assert_memory_equal(labels, last->labels + 18, sizeof labels);
    assert_int_equal(room->host.data->rows(s, &last->task.task, NULL, &x, NULL), PDR_OK);
    assert_int_equal(t->size(x, 0), 18); /* all training rows, and none held out */
    assert_true(room->host.data->rows(s, &last->task.task, t->arange(s, 24, 1), &x, NULL) < 0);
    assert_int_equal(host_leave(room, PDR_OK, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "rows: found position 24; expected 0 to 23, the task's rows"));
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_an_epoch),
        cmocka_unit_test(methods_of_a_seed_see_the_same),
        cmocka_unit_test(mingled_rows_come_once_behind_the_fresh),
        cmocka_unit_test(raw_is_what_the_network_saw),
        cmocka_unit_test(strategies_read_what_is_held_out),
        cmocka_unit_test(memories_keep_rows_as_their_task_showed_them),
        cmocka_unit_test(augmented_alike_for_all_methods),
        cmocka_unit_test(reals_keep_what_they_were),
        cmocka_unit_test(strategies_augment_by_themselves),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
