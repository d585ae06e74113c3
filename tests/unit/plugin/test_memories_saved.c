/* A strategy's memory in a checkpoint: the tensors that come back, and forms that are refused. */
#include "fixture.h"

static const int64_t who[] = {3, 0, 7, 3, 11};

/* The memory "samples" with five rows: raw bytes or floats, and with an extra of three numbers where there is one. */
static pdr_memory *filled_memory(strategy *me, bool bytes, bool extra)
{
    const pdr_memory_api *Y = me->host.memory;
    const int64_t shape[] = {5, 64, 1, 1}, three[] = {5, 3};
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "samples", KEPT("capacity: 12, policy: fifo"));
    uint8_t *at = alloc_zero(5 * 64, 1);
    for (int i = 0; i < 5 * 64; i++)
        at[i] = (uint8_t)(i % 17);
    pdr_tensor *x = T->cast(s, T->from(s, PDR_U8, shape, 2, at), bytes ? PDR_U8 : PDR_F32);
    assert_int_equal(Y->offer(s, m, x, longs(s, 5, who), NULL, extra ? T->full(s, PDR_F64, three, 2, 0.5) : NULL),
                     PDR_OK);
    free(at);
    leave(me);
    return m;
}

static arrays kept(const arrays *from)
{
    arrays own = {0};
    for (int64_t i = 0; i < from->count; i++) {
        void *copy = alloc_zero(from->at[i].size + 1, 1);
        if (from->at[i].size)
            memcpy(copy, from->at[i].bytes, from->at[i].size);
        arrays_take(&own, from->at[i].name, from->at[i].type, from->at[i].shape, from->at[i].rank, copy);
    }
    return own;
}

static arrays saved(pdr_memory *m)
{
    arrays borrowed = {0};
    error e = {0};
    assert_int_equal(host_memory_save(m, "memory/guest/samples", &borrowed, &e), 0);
    arrays own = kept(&borrowed);
    arrays_free(&borrowed);
    return own;
}

static void same(const pdr_tensor *a, const pdr_tensor *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    assert_int_equal(T->dtype(a), T->dtype(b));
    assert_int_equal(T->rank(a), T->rank(b));
    int64_t n = T->size(a, PDR_ALL);
    double *x = alloc_zero((size_t)n + 1, sizeof *x), *y = alloc_zero((size_t)n + 1, sizeof *y);
    assert_int_equal(n, T->size(b, PDR_ALL));
    assert_int_equal(T->read(a, PDR_F64, x, (uint64_t)n * sizeof *x), PDR_OK);
    assert_int_equal(T->read(b, PDR_F64, y, (uint64_t)n * sizeof *y), PDR_OK);
    assert_memory_equal(x, y, (size_t)n * sizeof *x);
    free(x);
    free(y);
}

/* Six draws of two give the same tensors from both. */
static void draw_alike(strategy *a, pdr_memory *m, strategy *b, pdr_memory *n)
{
    for (int i = 0; i < 6; i++) {
        pdr_tensor *x[2], *y[2], *value[2], *extra[2];
        pdr_scope *s = enter(a, "before_batch");
        assert_int_equal(
            a->host.memory->fetch(s, m, a->host.memory->sample(s, m, 2), &x[0], &y[0], &value[0], &extra[0]), PDR_OK);
        pdr_scope *t = enter(b, "before_batch");
        assert_int_equal(
            b->host.memory->fetch(t, n, b->host.memory->sample(t, n, 2), &x[1], &y[1], &value[1], &extra[1]), PDR_OK);
        same(x[0], x[1]);
        same(y[0], y[1]);
        same(value[0], value[1]);
        same(extra[0], extra[1]);
        leave(b);
        leave(a);
    }
}

static void a_loaded_memory_gives_the_same_tensors(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        house *h = house_open(DIGITS, 1), *other = house_open(DIGITS, 1);
        strategy *me = invited(h, 0, &guest, "guest", NULL), *again = invited(other, 0, &guest, "guest", NULL);
        pdr_memory *m = filled_memory(me, kind & 1, kind & 2), *n;
        error e = {0};
        arrays a = saved(m);
        enter(again, "setup");
        n = again->host.memory->open(&again->host, "samples", KEPT("capacity: 12, policy: fifo"));
        leave(again);
        assert_true(host_memory_saved_there("memory/guest/samples", &a));
        assert_false(host_memory_saved_there("memory/guest/others", &a));
        if (host_memory_load(n, "memory/guest/samples", &a, &e))
            fail_msg("%s", e.text);
        draw_alike(me, m, again, n);
        arrays_free(&a);
        house_close(other);
        house_close(h);
    }
}

/* Numbers of `form`: known, type, rank, shape; of the rows, then of their extra. */
static void other_forms_are_refused(void **state)
{
    static const int64_t wrong[][2] = {{0, 0}, {0, 2},  {1, PDR_F32}, {1, 0},         {1, 99}, {2, 0},       {2, -1},
                                       {2, 5}, {3, 63}, {3, -64},     {3, INT64_MAX}, {7, 0},  {8, PDR_F32}, {10, 4}};
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    pdr_memory *m = filled_memory(me, true, true);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        arrays a = saved(m);
        error e = {0};
        house *other = house_open(DIGITS, 1);
        strategy *again = invited(other, 0, &guest, "guest", NULL);
        enter(again, "setup");
        pdr_memory *n = again->host.memory->open(&again->host, "samples", KEPT("capacity: 12, policy: fifo"));
        leave(again);
        for (int64_t k = 0; k < a.count; k++)
            if (!strcmp(a.at[k].name, "memory/guest/samples/form"))
                ((int64_t *)a.at[k].owned)[wrong[i][0]] = wrong[i][1];
        assert_int_equal(host_memory_load(n, "memory/guest/samples", &a, &e), EXIT_DATA);
        assert_string_equal(e.text, "memory samples: saved state: form: found another shape of rows; expected that of "
                                    "the data");
        house_close(other);
        arrays_free(&a);
    }
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_memory_gives_the_same_tensors),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
