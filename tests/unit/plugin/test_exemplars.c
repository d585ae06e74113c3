/* <perdure/exemplars.h> against loops that share nothing with it: rows one by one, sums in double. */
#include <perdure/exemplars.h> /* before CMocka, whose fail() is a macro */

#include "fixture.h"
#include "herding.h"

static pdr_tensor *table_tensor(pdr_scope *s, const table *t)
{
    return T->from(s, PDR_F32, (const int64_t[]){t->n, t->width}, 2, t->at);
}

static house *h;
static strategy *me;

static pdr_scope *hook(void)
{
    h = house_open(DIGITS, 1);
    me = invited(h, 0, &guest, "guest", NULL);
    return enter(me, "after_task");
}

/* Nothing was kept that was not released. */
static void hook_over(void)
{
    leave(me);
    assert_int_equal(me->owner.kept, 0);
    house_close(h);
}

typedef pdr_status choice(const pdr_host *, pdr_scope *, const pdr_tensor *, const pdr_tensor *, int64_t,
                          pdr_tensor **);

/* The choice of `count` rows, of which there are `expected`. */
static int64_t *chosen(choice *by, pdr_scope *s, const table *t, const double *target, int64_t count, int64_t expected)
{
    pdr_tensor *order = NULL, *to = target ? T->from(s, PDR_F64, &t->width, 1, target) : NULL;
    int64_t *out = alloc_zero((size_t)expected + 1, sizeof *out);
    assert_int_equal(by(&me->host, s, table_tensor(s, t), T->cast(s, to, PDR_F32), count, &order), PDR_OK);
    assert_int_equal(T->rank(order), 1);
    assert_int_equal(T->size(order, 0), expected);
    assert_int_equal(T->read(order, PDR_I64, out, (uint64_t)expected * sizeof *out), PDR_OK);
    return out;
}

static void herding_is_the_greedy_loop(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    const int64_t rows[] = {1, 2, 40, 500}, counts[] = {1, 2, 40, 120};
    for (int i = 0; i < 4; i++) {
        table t = table_open(rows[i], 9, (uint64_t)i, 0);
        double *mean = table_mean(&t);
        int64_t *order = chosen(pdr_choose_herding, s, &t, NULL, counts[i], counts[i]);
        herded_well(&t, mean, order, counts[i], false);
        free(order);
        order = chosen(pdr_choose_herding, s, &t, mean, counts[i] + 1000, rows[i]); /* no more than there are */
        herded_well(&t, mean, order, rows[i], false);
        free(order);
        free(mean);
        free(t.at);
    }
    hook_over();
}

/* 64 rows of 0..2 in three columns: at most 27 kinds, so most choices are among equals. */
static void herding_takes_the_first_among_equals(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    for (uint64_t seed = 0; seed < 5; seed++) {
        table t = table_open(64, 3, seed, 3);
        double *mean = table_mean(&t);
        int64_t *order = chosen(pdr_choose_herding, s, &t, NULL, 64, 64);
        herded_well(&t, mean, order, 64, true);
        free(order);
        free(mean);
        free(t.at);
    }
    hook_over();
}

static void herding_goes_where_it_is_told(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    table t = table_open(64, 3, 9, 4);
    const double target[] = {3.5, -2, 1};
    int64_t *order = chosen(pdr_choose_herding, s, &t, target, 30, 30);
    herded_well(&t, target, order, 30, true);
    free(order);
    free(t.at);
    hook_over();
}

static void closest_are_in_order_and_the_first_among_equals(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    const double target[] = {1, 2, 0}, nothing[3] = {0};
    table t = table_open(64, 3, 2, 3);
    bool taken[64] = {0};
    int64_t *order = chosen(pdr_choose_closest, s, &t, target, 50, 50);
    for (int64_t k = 0; k < 50; k++) {
        double least = 0;
        assert_int_equal(order[k], nearest(&t, taken, nothing, target, 1, &least));
        taken[order[k]] = true;
    }
    free(order);
    double *mean = table_mean(&t);
    order = chosen(pdr_choose_closest, s, &t, NULL, 1000, 64);
    for (int64_t k = 1; k < 64; k++)
        assert_true(gap(&t, order[k - 1], nothing, mean, 1) <= gap(&t, order[k], nothing, mean, 1) + 1e-6);
    free(order);
    free(mean);
    free(t.at);
    hook_over();
}

static void choosing_none_is_no_error(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    table t = table_open(4, 3, 1, 0);
    free(chosen(pdr_choose_herding, s, &t, NULL, 0, 0));
    free(chosen(pdr_choose_closest, s, &t, NULL, 0, 0));
    free(t.at);
    hook_over();
}

static void what_does_not_fit_is_a_status(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    table t = table_open(4, 3, 1, 0);
    pdr_tensor *order = NULL, *two = T->full(s, PDR_F32, (const int64_t[]){2}, 1, 0);
    assert_true(pdr_choose_herding(&me->host, s, table_tensor(s, &t), two, 2, &order) < 0);
    assert_null(order);
    assert_int_equal(T->status(s), PDR_OK); /* the words are those of a turn's scope */
    error e = {0};
    assert_int_equal(host_leave(me, PDR_EENGINE, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "matmul"));
    s = enter(me, "after_task");
    e = (error){0};
    two = T->full(s, PDR_F32, (const int64_t[]){2}, 1, 0);
    assert_true(pdr_choose_closest(&me->host, s, table_tensor(s, &t), two, 2, &order) < 0);
    assert_null(order);
    assert_int_equal(host_leave(me, PDR_OK, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "sub"));
    assert_int_equal(me->owner.kept, 0);
    free(t.at);
    house_close(h);
}

static void unit_rows_have_length_one_or_none(void **state)
{
    (void)state;
    pdr_scope *s = hook();
    const float f[] = {3, 4, 0, 0, -1e-3f, 0}, want[] = {0.6f, 0.8f, 0, 0, -1, 0};
    float got[6];
    pdr_tensor *unit = pdr_unit_rows(&me->host, s, T->from(s, PDR_F32, (const int64_t[]){3, 2}, 2, f));
    assert_int_equal(T->read(unit, PDR_F32, got, sizeof got), PDR_OK);
    for (int i = 0; i < 6; i++)
        assert_true(fabsf(got[i] - want[i]) < 1e-6f);
    hook_over();
}

/* More rows than a chunk has, some of them twice: what the network says of all at once. */
static void features_of_a_task_are_those_of_its_rows(void **state)
{
    (void)state;
    enum { ROWS = 1203, WIDTH = 4 };
    pdr_scope *s = hook();
    int64_t index[ROWS];
    for (int64_t i = 0; i < ROWS; i++)
        index[i] = i * 7 % h->task.task.row_count;
    pdr_tensor *f = NULL, *x = NULL, *rows = longs(s, ROWS, index);
    assert_int_equal(pdr_task_features(&me->host, s, &h->task.task, h->model, rows, &f), PDR_OK);
    assert_int_equal(me->host.data->rows(s, &h->task.task, rows, &x, NULL), PDR_OK);
    pdr_tensor *want = E->model->features(s, h->model, x, PDR_EVAL);
    assert_int_equal(T->size(f, 0), ROWS);
    assert_int_equal(T->size(f, 1), WIDTH);
    double apart = pdr_number(&me->host, T->max(s, T->abs(s, T->sub(s, f, want)), PDR_ALL, 0));
    double size = pdr_number(&me->host, T->max(s, T->abs(s, want), PDR_ALL, 0));
    assert_true(size > 0 && apart <= 1e-6 * size);
    index[0] = h->task.task.row_count + h->task.task.held_out;
    assert_true(pdr_task_features(&me->host, s, &h->task.task, h->model, longs(s, ROWS, index), &f) < 0);
    assert_null(f);
    error e = {0};
    assert_int_equal(host_leave(me, PDR_EINVALID, &e), EXIT_FAILED);
    me->failed = 0;
    assert_int_equal(me->owner.kept, 0);
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(herding_is_the_greedy_loop),
        cmocka_unit_test(herding_takes_the_first_among_equals),
        cmocka_unit_test(herding_goes_where_it_is_told),
        cmocka_unit_test(closest_are_in_order_and_the_first_among_equals),
        cmocka_unit_test(choosing_none_is_no_error),
        cmocka_unit_test(what_does_not_fit_is_a_status),
        cmocka_unit_test(unit_rows_have_length_one_or_none),
        cmocka_unit_test(features_of_a_task_are_those_of_its_rows),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
