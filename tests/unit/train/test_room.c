/* What memories give before a batch is put together lies in it already; what lies elsewhere, or in another order, comes to
 * the same batch. */
#include "fixture.h"

static pdr_status nothing_create(const pdr_host *host, const void *config, void **self)
{
    (void)config;
    *self = (void *)(uintptr_t)host;
    return PDR_OK;
}
static void nothing_destroy(void *self) { (void)self; }
static const pdr_plugin nothing_descriptor = {.name = "guest", .create = nothing_create, .destroy = nothing_destroy};
static const plugin nothing = {.descriptor = &nothing_descriptor};

enum { KEPT = 6, TAKEN = 3, WIDTH = 4 * 4, ODD_WIDTH = 4 * 5 };

/* A cell of pictures whose guest keeps KEPT rows of bytes. */
static bench *filled(int64_t width, const char *data, strategy *guest, pdr_memory **m)
{
    bench *b = bench_open(
        picture_plan_of(width / 4, data, "split: {by: class, tasks: 3}, scenario: class-il", ONE_METHOD), 0, 3);
    cell *c = &b->c;
    error e = {0};
    c->session.strategies = guest;
    assert_int_equal(host_create(&c->session, 0, &nothing, "guest", NULL, &e), 0);
    c->session.count = 1;
    batch_order_begin(c, &c->stages[0], 0);
    assert_true(batch_take(c, &c->stages[0], 0, &e));
    pdr_scope *s = host_enter(guest, "after_batch", PDR_NO_GRAD);
    *m = guest->host.memory->open(&guest->host, "m", "{capacity: 20, policy: fifo}");
    const pdr_tensor *raw = c->engine->tensor->slice(s, c->step.step.raw, 0, 0, KEPT);
    const pdr_tensor *y = c->engine->tensor->slice(s, c->step.step.y, 0, 0, KEPT);
    assert_int_equal(guest->host.memory->offer(s, *m, raw, y, NULL, NULL), PDR_OK);
    assert_int_equal(host_leave(guest, PDR_OK, &e), 0);
    batch_order_begin(c, &c->stages[0], 0);
    return b;
}

static pdr_tensor *fetched(strategy *guest, pdr_scope *s, pdr_memory *m, int64_t first, pdr_tensor **y)
{
    const pdr_tensor_api *t = guest->host.tensor;
    pdr_tensor *x = NULL, *slots = t->arange(s, first, TAKEN);
    assert_int_equal(guest->host.memory->fetch(s, m, slots, &x, y, NULL, NULL), PDR_OK);
    return guest->host.data->augment(s, x);
}

/* The second batch of the task with two stretches of the memory, the first one behind the other where `turned`, and room
 * for so many rows. x and y of the whole are read; true: they were put together where they lay. */
static bool second_batch_of(int64_t width, const char *data, int64_t room, bool turned, float *x, int64_t *y)
{
    strategy guest[1] = {0};
    pdr_memory *m;
    error e = {0};
    bench *b = filled(width, data, guest, &m);
    cell *c = &b->c;
    const pdr_tensor_api *t = c->engine->tensor;
    c->order.rehearsed = room;
    assert_true(batch_take(c, &c->stages[0], 0, &e));
    pdr_scope *s = host_enter(guest, "before_batch", PDR_NO_GRAD);
    pdr_tensor *part[2], *label[2];
    for (int i = 0; i < 2; i++) /* turned: what is taken first comes last */
        part[turned ? !i : i] = fetched(guest, s, m, (turned ? !i : i) * TAKEN, &label[turned ? !i : i]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(guest->host.step->rehearse(&c->step.step, part[i], i ? NULL : label[i], PDR_JOIN, 1, NULL),
                         PDR_OK);
    assert_int_equal(host_leave(guest, PDR_OK, &e), 0);
    const float *fresh = c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32);
    assert_int_equal(step_assemble(c, &e), 0);
    const bool there = c->engine->bytes(c->step.scope, c->step.step.x, PDR_F32) == (const void *)fresh;
    const size_t rows = (size_t)c->step.rows;
    assert_int_equal(t->read(c->step.step.x, PDR_F32, x, rows * (size_t)width * sizeof *x), PDR_OK);
    assert_int_equal(t->read(c->step.step.y, PDR_I64, y, rows * sizeof *y), PDR_OK);
    assert_int_equal(c->order.rehearsed, 2 * TAKEN);
    assert_null(c->session.room.x);
    bench_close(b);
    return there;
}

static bool second_batch(const char *data, int64_t room, bool turned, float *x, int64_t *y)
{
    return second_batch_of(WIDTH, data, room, turned, x, y);
}

/* The same batch, to the bit, with room for all of it, for a part, for none, and in another order. */
static void one_way_or_the_other(const char *data)
{
    float x[2][32 * WIDTH] = {{0}};
    int64_t y[2][32] = {{0}};
    assert_false(second_batch(data, 0, false, x[0], y[0]));
    assert_true(second_batch(data, 2 * TAKEN, false, x[1], y[1]));
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    memset(x[1], 0, sizeof x[1]);
    assert_false(second_batch(data, TAKEN + 1, false, x[1], y[1]));
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
}

static void rows_of_memories_lie_in_the_batch(void **state)
{
    (void)state;
    one_way_or_the_other("");
}

/* It is the augmented copies that lie there: other draws than without room would show. */
static void augmented_rows_lie_in_the_batch(void **state)
{
    (void)state;
    one_way_or_the_other(", augment: [flip, {crop: 2}]");
}

static void rows_in_another_order_are_copied(void **state)
{
    (void)state;
    float x[2][32 * WIDTH] = {{0}};
    int64_t y[2][32] = {{0}};
    second_batch("", 0, true, x[0], y[0]);
    assert_false(second_batch("", 2 * TAKEN, true, x[1], y[1]));
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
}

/* A product's bits may follow from where its rows begin, and in a step without room these begin on a line. */
static void rows_off_a_line_are_copied(void **state)
{
    (void)state;
    float x[2][32 * ODD_WIDTH] = {{0}};
    int64_t y[2][32] = {{0}};
    assert_false(second_batch_of(ODD_WIDTH, "", 0, false, x[0], y[0]));
    assert_false(second_batch_of(ODD_WIDTH, "", 2 * TAKEN, false, x[1], y[1]));
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_equal(y[0], y[1], sizeof y[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_memories_lie_in_the_batch),
        cmocka_unit_test(augmented_rows_lie_in_the_batch),
        cmocka_unit_test(rows_in_another_order_are_copied),
        cmocka_unit_test(rows_off_a_line_are_copied),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
