/* Memories and rows as strategies reach them: what was offered comes back as the batch has it, bit for bit, and what
 * does not fit is refused in words and leaves no trace. */
#include "fixture.h"

#define TWELVE "{capacity: 12, policy: fifo}"

/* The rows of the task's positions, as the gather of a batch makes them. */
static float *gathered(const house *h, const int64_t *at, int64_t n)
{
    int64_t rows[16];
    float *x = alloc_zero((size_t)(n * h->data->train.width), sizeof *x);
    for (int64_t i = 0; i < n; i++)
        rows[i] = h->task.rows[at[i]];
    dataset_gather(h->data, &h->data->train, rows, n, x);
    return x;
}

static void same_floats(const pdr_tensor *t, const float *want, int64_t n)
{
    float *got = alloc_zero((size_t)n + 1, sizeof *got);
    assert_int_equal(T->dtype(t), PDR_F32);
    assert_int_equal(T->read(t, PDR_F32, got, (uint64_t)n * sizeof *got), PDR_OK);
    assert_memory_equal(got, want, (size_t)n * sizeof *got);
    free(got);
}

static void same_longs(const pdr_tensor *t, const int64_t *want, int64_t n)
{
    int64_t got[16];
    assert_int_equal(T->read(t, PDR_I64, got, (uint64_t)n * sizeof *got), PDR_OK);
    assert_memory_equal(got, want, (size_t)n * sizeof *got);
}

/* [n, shape of a row] of bytes, as pdr_step.raw. */
static pdr_tensor *raw_rows(house *h, pdr_scope *s, const int64_t *at, int64_t n)
{
    int64_t rows[16], shape[5] = {n};
    void *raw;
    memcpy(shape + 1, h->data->shape, (size_t)h->data->rank * sizeof *shape);
    for (int64_t i = 0; i < n; i++)
        rows[i] = h->task.rows[at[i]];
    pdr_tensor *t = E->blank(s, PDR_U8, shape, (int32_t)h->data->rank + 1, &raw);
    rows_gather_bytes(&h->data->train, rows, n, raw);
    return t;
}

static const int64_t some[] = {3, 0, 7, 3, 11}, labels[] = {1, 0, 1, 1, 0};

static void round_trip(const char *data, bool bytes)
{
    house *h = house_open(data, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    float *want = gathered(h, some, 5);
    pdr_tensor *x, *y, *value, *extra;
    assert_int_equal(me->host.data->rows(s, &h->task.task, longs(s, 5, some), &x, NULL), PDR_OK);
    same_floats(x, want, 5 * h->data->train.width);
    assert_int_equal(Y->offer(s, m, bytes ? raw_rows(h, s, some, 5) : x, longs(s, 5, labels), NULL, NULL), PDR_OK);
    assert_int_equal(memory_is_bytes(host_memory_store(m)), bytes);
    assert_int_equal(Y->fetch(s, m, LONGS(s, 0, 1, 2, 3, 4), &x, &y, &value, &extra), PDR_OK);
    same_floats(x, want, 5 * h->data->train.width);
    same_longs(y, labels, 5);
    same_floats(value, (const float[5]){0}, 5);
    assert_null(extra);
    assert_int_equal(T->rank(x), h->data->rank + 1);
    leave(me);
    Y->close(m);
    free(want);
    house_close(h);
}

static void bytes_come_back_as_the_batch_has_them(void **state)
{
    (void)state;
    const char *kinds[] = {"none", "unit", "standard"};
    for (int i = 0; i < 3; i++)
        round_trip(SAID("{set: digits, normalize: %s}", kinds[i]), true);
}

static void floats_come_back_as_they_were(void **state)
{
    (void)state;
    round_trip(DIGITS, false);
    text csv = {0};
    for (int i = 0; i < 100; i++)
        text_addf(&csv, "%d.%d,%d,%d\n", i, i % 7, -i, i / 20);
    char *path = written("reals.csv", csv.at);
    round_trip(SAID("{set: csv, train: %s, test_every: 4, label: last, normalize: standard}", path), false);
    text_free(&csv);
}

static void zero_slots_are_zero_rows(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    pdr_scope *s = enter(me, "before_batch");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    const int64_t none = 0;
    pdr_tensor *empty = T->from(s, PDR_I64, &none, 1, &none), *x, *y;
    assert_int_equal(T->size(Y->find(s, m, PDR_ALL), 0), 0);
    assert_int_equal(T->size(Y->sample(s, m, 5), 0), 0);
    assert_int_equal(Y->offer(s, m, raw_rows(h, s, some, 5), longs(s, 5, labels), NULL, NULL), PDR_OK);
    assert_int_equal(Y->fetch(s, m, empty, &x, &y, NULL, NULL), PDR_OK);
    assert_int_equal(T->size(x, 0), 0);
    assert_int_equal(T->rank(x), h->data->rank + 1);
    assert_int_equal(T->size(y, 0), 0);
    assert_int_equal(me->host.data->rows(s, &h->task.task, empty, &x, &y), PDR_OK);
    assert_int_equal(T->size(x, 0), 0);
    assert_int_equal(Y->offer(s, m, x, y, NULL, NULL), PDR_EINVALID); /* floats into bytes */
    leave_with(me, "memory samples: rows of another shape or type than the first ones");
    Y->close(m);
    house_close(h);
}

/* One wrong call in a scope of its own, and the words in it. */
#define REFUSED(scope, words, call)                        \
    do {                                                   \
        pdr_scope *own = T->open(&me->host, PDR_NO_GRAD);  \
        pdr_scope *scope = own;                            \
        assert_true((call) == PDR_EINVALID);               \
        assert_string_equal(E->scope_message(own), words); \
        assert_int_equal(T->close(own), PDR_EINVALID);     \
    } while (0)

static void what_does_not_fit_is_refused_in_words(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    const int64_t pairs[] = {2, 3}, cube[] = {1, 1, 1, 1, 1, 1};
    REFUSED(w, "memory samples: nothing was offered yet", Y->fetch(w, m, LONGS(w, 0), NULL, NULL, NULL, NULL));
    REFUSED(w, "memory samples: x is neither rows of uint8 nor of float32",
            Y->offer(w, m, T->full(w, PDR_I64, pairs, 2, 0), NULL, NULL, NULL));
    REFUSED(w, "memory samples: x is neither rows of uint8 nor of float32",
            Y->offer(w, m, T->full(w, PDR_F32, cube, 6, 0), NULL, NULL, NULL));
    REFUSED(w, "memory samples: found rows of 3 bytes; expected float rows, or raw rows of the data (64 bytes)",
            Y->offer(w, m, T->full(w, PDR_U8, pairs, 2, 0), NULL, NULL, NULL));
    REFUSED(w, "memory samples: expected 2 rows in all of x, y, value and extra",
            Y->offer(w, m, T->full(w, PDR_F32, pairs, 2, 0), LONGS(w, 1), NULL, NULL));
    REFUSED(w, "memory samples: y or value is not a list with one number a row",
            Y->offer(w, m, T->full(w, PDR_F32, pairs, 2, 0), T->full(w, PDR_I64, pairs, 2, 0), NULL, NULL));
    REFUSED(w, "memory: found slots of another rank; expected a list",
            Y->put(w, m, T->full(w, PDR_I64, pairs, 2, 0), NULL, NULL, NULL, NULL));
    REFUSED(w, "memory offer: found NULL; expected a memory and rows",
            Y->offer(w, NULL, T->full(w, PDR_F32, pairs, 2, 0), NULL, NULL, NULL));
    REFUSED(w, "rows: found position 999999; expected 0 to 311, the task's rows",
            me->host.data->rows(w, &h->task.task, LONGS(w, 999999), NULL, NULL));
    REFUSED(w, "rows: found an index of another rank; expected a list of positions",
            me->host.data->rows(w, &h->task.task, T->full(w, PDR_I64, pairs, 2, 0), NULL, NULL));
    leave(me);
    Y->close(m);
    house_close(h);
}

/* The first rows fix the form; rows that were refused must not. */
static void refused_rows_leave_no_form_behind(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    const int64_t pairs[] = {2, 3}, fours[] = {2, 4};
    pdr_tensor *x, *extra;
    REFUSED(w, "memory samples: expected 2 rows in all of x, y, value and extra",
            Y->offer(w, m, T->full(w, PDR_F32, pairs, 2, 0), LONGS(w, 1), NULL, T->full(w, PDR_F64, pairs, 2, 0)));
    assert_int_equal(Y->offer(s, m, T->full(s, PDR_F32, fours, 2, 7), NULL, NULL, T->full(s, PDR_I32, fours, 2, 5)),
                     PDR_OK);
    assert_int_equal(Y->fetch(s, m, LONGS(s, 1), &x, NULL, NULL, &extra), PDR_OK);
    same_floats(x, (const float[]){7, 7, 7, 7}, 4);
    assert_int_equal(T->dtype(extra), PDR_I32);
    same_longs(extra, (const int64_t[]){5, 5, 5, 5}, 4);
    REFUSED(w, "memory samples: extra of another shape or type than the first",
            Y->offer(w, m, T->full(w, PDR_F32, fours, 2, 7), NULL, NULL, T->full(w, PDR_F32, fours, 2, 5)));
    leave(me);
    Y->close(m);
    house_close(h);
}

static void opening_is_refused_in_words(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    enter(me, "before_task");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    assert_non_null(m);
    assert_int_equal(Y->capacity(m), 12);
    assert_null(Y->open(&me->host, "samples", TWELVE));
    leave_with(me, "memory open: samples is open already; expected one name a memory");
    enter(me, "before_task");
    assert_null(Y->open(&me->host, "", TWELVE));
    leave_with(me, "memory open: found no name or no options; expected both");
    enter(me, "before_task");
    assert_null(Y->open(&me->host, "b", "{capacity: 0}"));
    assert_non_null(strstr(me->failure, "guest: memory b"));
    assert_non_null(strstr(me->failure, "capacity: found 0; expected a whole number from 1"));
    me->failed = 0;
    Y->close(m);
    assert_non_null(m = Y->open(&me->host, "samples", TWELVE)); /* a closed one's name is free */
    Y->close(m);
    leave(me);
    house_close(h);
}

/* The loader would go on drawing from it. */
static void a_mingled_memory_stays_open(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    enter(me, "before_task");
    pdr_memory *m = Y->open(&me->host, "samples", TWELVE);
    assert_int_equal(me->host.data->mingle(&h->task.task, m), PDR_OK);
    assert_int_equal(me->host.data->mingle(&h->task.task, m), PDR_OK); /* twice is once */
    assert_int_equal(h->task.mingled_count, 1);
    leave(me);
    enter(me, "after_batch");
    Y->close(m);
    leave_with(me, "memory close: samples is mingled into the running task");
    enter(me, "after_batch");
    assert_int_equal(me->host.data->mingle(&h->task.task, m), PDR_EINVALID);
    leave_with(me, "mingle: may be called in before_task only");
    h->task.mingled_count = 0;
    Y->close(m);
    assert_int_equal(me->memory_count, 0);
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_as_the_batch_has_them),
        cmocka_unit_test(floats_come_back_as_they_were),
        cmocka_unit_test(zero_slots_are_zero_rows),
        cmocka_unit_test(what_does_not_fit_is_refused_in_words),
        cmocka_unit_test(refused_rows_leave_no_form_behind),
        cmocka_unit_test(opening_is_refused_in_words),
        cmocka_unit_test(a_mingled_memory_stays_open),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
