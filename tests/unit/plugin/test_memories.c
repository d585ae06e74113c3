/* Memories and rows as strategies reach them: what was offered comes back as the batch has it, bit for bit, and what
 * does not fit is refused in words and leaves no trace. */
#include "fixture.h"

#define TWELVE KEPT("capacity: 12, policy: fifo")

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

/* [k, shape of a row] of numbers that say which row and which place of it: 100 x row + place. */
static pdr_tensor *numbered(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, const int64_t *rows)
{
    int64_t values = 1;
    for (int32_t i = 1; i < rank; i++)
        values *= shape[i];
    double *at = alloc_zero((size_t)(shape[0] * values) + 1, sizeof *at);
    for (int64_t i = 0; i < shape[0] * values; i++)
        at[i] = (double)(100 * rows[i / values] + i % values) / (d == PDR_U8 ? 8 : 1);
    pdr_tensor *t = T->cast(s, T->from(s, PDR_F64, shape, rank, at), d);
    free(at);
    return t;
}

static void same_tensors(const pdr_tensor *a, const pdr_tensor *b)
{
    assert_int_equal(T->dtype(a), T->dtype(b));
    assert_int_equal(T->rank(a), T->rank(b));
    for (int32_t i = 0; i < T->rank(a); i++)
        assert_int_equal(T->size(a, i), T->size(b, i));
    int64_t n = T->size(a, PDR_ALL);
    double *x = alloc_zero((size_t)n + 1, sizeof *x), *y = alloc_zero((size_t)n + 1, sizeof *y);
    assert_int_equal(T->read(a, PDR_F64, x, (uint64_t)n * sizeof *x), PDR_OK);
    assert_int_equal(T->read(b, PDR_F64, y, (uint64_t)n * sizeof *y), PDR_OK);
    assert_memory_equal(x, y, (size_t)n * sizeof *x);
    free(x);
    free(y);
}

/* What belongs to a row is laid with it, stays when others go, is replaced alone and comes back: of every type and rank. */
static void lay_and_read(strategy *me, pdr_dtype d, int32_t rank)
{
    const pdr_memory_api *Y = me->host.memory;
    const int64_t six[] = {6, 2, 3, 2, 2}, two[] = {2, 2, 3, 2, 2}, three[] = {3, 2, 3, 2, 2}, wide[] = {6, 4};
    const int64_t who[] = {0, 1, 2, 3, 4, 5}, new[] = {8, 9}, left[] = {5, 8, 9};
    pdr_scope *s = enter(me, "after_task");
    pdr_memory *m = Y->open(&me->host, "samples", KEPT("capacity: 6, policy: none"));
    pdr_tensor *x, *y, *value, *extra, *slots;
    assert_int_equal(Y->put(s, m, NULL, numbered(s, PDR_F32, wide, 2, who), LONGS(s, 7, 3, 7, 3, 7, 7),
                            numbered(s, PDR_F32, six, 1, who), numbered(s, d, six, rank, who)),
                     PDR_OK);
    slots = Y->find(s, m, 7);
    assert_int_equal(T->size(slots, 0), 4);
    assert_int_equal(Y->fetch(s, m, slots, &x, &y, &value, &extra), PDR_OK);
    same_longs(y, (const int64_t[]){7, 7, 7, 7}, 4);
    same_floats(value, (const float[]){0, 200, 400, 500}, 4);
    same_tensors(T->slice(s, extra, 0, 1, 1), numbered(s, d, (const int64_t[]){1, 2, 3, 2, 2}, rank, &who[2]));
    /* of rows 0, 2, 4, 5 keep 5, 2, 0; then 2 and 0 get other parts alone */
    assert_int_equal(Y->retain(s, m, 7, T->pick(s, slots, 0, LONGS(s, 3, 1, 0))), PDR_OK);
    slots = T->slice(s, Y->find(s, m, 7), 0, 1, 2);
    assert_int_equal(Y->put(s, m, slots, NULL, NULL, NULL, numbered(s, d, two, rank, new)), PDR_OK);
    assert_int_equal(Y->put(s, m, slots, NULL, NULL, numbered(s, PDR_F32, two, 1, new), NULL), PDR_OK);
    assert_int_equal(Y->fetch(s, m, Y->find(s, m, 7), &x, NULL, &value, &extra), PDR_OK);
    same_tensors(x, numbered(s, PDR_F32, (const int64_t[]){3, 4}, 2, (const int64_t[]){5, 2, 0}));
    same_tensors(extra, numbered(s, d, three, rank, left));
    same_floats(value, (const float[]){500, 800, 900}, 3);
    assert_int_equal(Y->count(m, 7), 3);
    assert_int_equal(Y->count(m, PDR_ALL), 5);
    same_floats(T->cast(s, Y->find(s, m, 3), PDR_F32), (const float[]){1, 3}, 2); /* slots in which nothing moved */
    leave(me);
    Y->close(m);
}

static void values_and_extra_go_with_their_rows(void **state)
{
    const pdr_dtype types[] = {PDR_F32, PDR_F64, PDR_F16, PDR_I64, PDR_I32, PDR_U8};
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    for (int i = 0; i < 6; i++)
        for (int32_t rank = 1; rank <= 5; rank++)
            lay_and_read(me, types[i], rank);
    house_close(h);
}

/* Logits grow with the classes: what was stored before reads NaN (0 of a whole type) in the columns that came later. */
static void a_list_a_row_may_grow(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    const int64_t one[] = {1, 3}, two[] = {1, 2}, four[] = {1, 4}, nested[] = {1, 2, 3};
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *m = Y->open(&me->host, "logits", TWELVE), *whole = Y->open(&me->host, "whole", TWELVE);
    pdr_tensor *x = T->full(s, PDR_F32, one, 2, 1), *extra;
    float got[8];
    assert_int_equal(Y->offer(s, m, x, NULL, NULL, T->full(s, PDR_F32, two, 2, 5)), PDR_OK);
    assert_int_equal(Y->offer(s, m, x, NULL, NULL, T->full(s, PDR_F32, four, 2, 6)), PDR_OK);
    assert_int_equal(Y->fetch(s, m, LONGS(s, 0, 1), NULL, NULL, NULL, &extra), PDR_OK);
    assert_int_equal(T->size(extra, 1), 4);
    assert_int_equal(T->read(extra, PDR_F32, got, sizeof got), PDR_OK);
    assert_true(got[0] == 5 && got[1] == 5 && isnan(got[2]) && isnan(got[3]));
    for (int i = 4; i < 8; i++)
        assert_true(got[i] == 6);
    REFUSED(w, "memory logits: extra of another shape or type than the first",
            Y->offer(w, m, x, NULL, NULL, T->full(w, PDR_F32, two, 2, 5)));
    REFUSED(w, "memory logits: extra of another shape or type than the first",
            Y->offer(w, m, x, NULL, NULL, T->full(w, PDR_F32, nested, 3, 5)));
    assert_int_equal(Y->offer(s, whole, x, NULL, NULL, T->full(s, PDR_I64, two, 2, 5)), PDR_OK);
    assert_int_equal(Y->offer(s, whole, x, NULL, NULL, T->full(s, PDR_I64, four, 2, 6)), PDR_OK);
    assert_int_equal(Y->fetch(s, whole, LONGS(s, 0), NULL, NULL, NULL, &extra), PDR_OK);
    same_longs(extra, (const int64_t[]){5, 5, 0, 0}, 4);
    leave(me);
    Y->close(m);
    Y->close(whole);
    house_close(h);
}

/* A budget a class: what capacity() says goes with the tasks, and so does the room for a column that comes again. */
static void a_budget_a_class_grows_with_the_tasks(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    pdr_scope *s = enter(me, "after_task");
    pdr_memory *m = Y->open(&me->host, "samples", KEPT("capacity: {per_class: 2}, policy: none"));
    const int64_t pairs[] = {2, 3};
    assert_int_equal(Y->capacity(m), 4); /* two classes a task */
    assert_int_equal(Y->put(s, m, NULL, T->full(s, PDR_F32, pairs, 2, 1), LONGS(s, 0, 0), NULL, NULL), PDR_OK);
    REFUSED(w, "memory guest/samples: found 1 new rows of column 0; expected at most 0, as it holds 2 of 2",
            Y->put(w, m, NULL, T->full(w, PDR_F32, pairs, 2, 1), LONGS(w, 0, 1), NULL, NULL));
    const pdr_task first = h->task.task;
    h->task.task.index = 1;
    h->task.task.previous = &first;
    assert_int_equal(Y->capacity(m), 8);
    assert_int_equal(Y->put(s, m, NULL, T->full(s, PDR_F32, pairs, 2, 1), LONGS(s, 0, 1), NULL, NULL), PDR_OK);
    assert_int_equal(Y->count(m, 0), 3);
    h->task.task.index = 0;
    h->task.task.previous = NULL;
    leave(me);
    Y->close(m);
    house_close(h);
}

/* Offers to those policies that ask something of them. */
static void value_and_none_say_what_they_want(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *me = invited(h, 0, &guest, "guest", NULL);
    const pdr_memory_api *Y = me->host.memory;
    pdr_scope *s = enter(me, "after_batch");
    pdr_memory *value = Y->open(&me->host, "best", KEPT("capacity: 2, policy: value"));
    pdr_memory *none = Y->open(&me->host, "own", KEPT("capacity: 2, policy: none"));
    const int64_t rows[] = {4, 1}, who[] = {0, 1, 2, 3};
    const float worth[] = {0.5f, -1, (float)NAN, 7};
    pdr_tensor *x = numbered(s, PDR_F32, rows, 2, who), *y = LONGS(s, 0, 0, 1, 1), *kept;
    REFUSED(w, "memory guest/own: found rows that are offered; expected none, as its policy is none",
            Y->offer(w, none, x, y, NULL, NULL));
    REFUSED(w, "memory guest/best: found rows without values; expected one a row, as its policy is value",
            Y->offer(w, value, x, y, NULL, NULL));
    assert_int_equal(Y->offer(s, value, x, y, T->from(s, PDR_F32, rows, 1, worth), NULL), PDR_OK);
    assert_int_equal(Y->fetch(s, value, Y->find(s, value, PDR_ALL), &kept, NULL, NULL, NULL), PDR_OK);
    same_floats(kept, (const float[]){0, 300}, 2);
    leave(me);
    Y->close(value);
    Y->close(none);
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
    static const char *const odd[] = {"a\nb", "..", "../a", "a/..", "a/../b", "\xff"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        enter(me, "before_task");
        assert_null(Y->open(&me->host, odd[i], TWELVE));
        assert_non_null(strstr(me->failure, "; expected printable text of at most 200 bytes"));
        me->failed = 0;
    }
    enter(me, "before_task");
    assert_null(Y->open(&me->host, "b", KEPT("capacity: 0")));
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
        cmocka_unit_test(values_and_extra_go_with_their_rows),
        cmocka_unit_test(a_list_a_row_may_grow),
        cmocka_unit_test(a_budget_a_class_grows_with_the_tasks),
        cmocka_unit_test(value_and_none_say_what_they_want),
        cmocka_unit_test(opening_is_refused_in_words),
        cmocka_unit_test(a_mingled_memory_stays_open),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
