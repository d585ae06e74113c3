/* fisher() of a strategy: which rows count, by which streams, divided by how many; the numbers are the engine's own. */
#include "fixture.h"

static double distance(const pdr_tensor *a, const pdr_tensor *b)
{
    const int64_t n = T->size(a, PDR_ALL);
    double *p = alloc_zero((size_t)n * 2, sizeof *p), *q = p + n, up = 0, down = 0;
    assert_int_equal(T->read(a, PDR_F64, p, (uint64_t)n * sizeof *p), PDR_OK);
    assert_int_equal(T->read(b, PDR_F64, q, (uint64_t)n * sizeof *q), PDR_OK);
    for (int64_t i = 0; i < n; i++) {
        up += (p[i] - q[i]) * (p[i] - q[i]);
        down += q[i] * q[i];
    }
    free(p);
    return sqrt(up / down);
}

/* The engine's sum over portions of the task's rows from `first` on, divided. */
static pdr_tensor *by_engine(house *h, pdr_scope *s, engine_fisher_mode mode, int64_t portion, random_stream *r)
{
    const int64_t size = E->model_size(h->model), rows = h->task.task.row_count;
    pdr_tensor *into = T->full(s, PDR_F32, &size, 1, 0);
    for (int64_t i = 0; i < rows; i += portion) {
        pdr_tensor *x = NULL, *y = NULL;
        const int64_t n = rows - i < portion ? rows - i : portion;
        host_data_api.rows(s, &h->task.task, T->arange(s, i, n), &x, &y);
        assert_int_equal(E->fisher(s, h->model, x, y, &h->task.fresh, mode, r, into), PDR_OK);
    }
    return T->affine(s, into, 1.0 / (double)rows, 0);
}

static void all_rows_of_the_task(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    h->session.batch = 10;
    h->task.fresh = (engine_mask){.first = 0, .count = 2, .columns = h->stream->columns}; /* only these compete */
    const struct {
        const char *name;
        engine_fisher_mode mode;
        int64_t portion;
    } cases[] = {{"exact", ENGINE_FISHER_EXACT, 1 << 20},
                 {"sample", ENGINE_FISHER_SAMPLE, 1 << 20},
                 {"empirical", ENGINE_FISHER_EMPIRICAL, 1 << 20},
                 {"batched", ENGINE_FISHER_BATCHED, 10},
                 {"mas", ENGINE_FISHER_MAS, 1 << 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdr_scope *s = enter(a, "after_task");
        random_stream r = random_open(1, "strategy a", "host.fisher.labels", 0);
        pdr_tensor *got = a->host.model->fisher(s, h->model, &h->task.task, cases[i].name, 0);
        assert_non_null(got);
        assert_true(distance(got, by_engine(h, s, cases[i].mode, cases[i].portion, &r)) < 1e-6);
        leave(a);
    }
    house_close(h);
}

static void a_limit_draws_rows(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL), *b = invited(h, 1, &guest, "b", NULL);
    const int64_t rows = h->task.task.row_count, size = E->model_size(h->model);
    int64_t *at = alloc_zero((size_t)rows, sizeof *at);
    random_stream r = random_open(1, "strategy a", "host.fisher.rows", 0);
    random_permutation(&r, at, rows);
    pdr_scope *s = enter(a, "after_task");
    pdr_tensor *x = NULL, *want = T->full(s, PDR_F32, &size, 1, 0);
    pdr_tensor *got = a->host.model->fisher(s, h->model, &h->task.task, "exact-n", 16);
    host_data_api.rows(s, &h->task.task, longs(s, 16, at), &x, NULL);
    E->fisher(s, h->model, x, NULL, &h->task.fresh, ENGINE_FISHER_EXACT, NULL, want);
    assert_true(distance(got, T->affine(s, want, 1.0 / 16, 0)) < 1e-6);
    pdr_tensor *whole = a->host.model->fisher(s, h->model, &h->task.task, "exact-n", rows + 5);
    assert_true(distance(whole, by_engine(h, s, ENGINE_FISHER_EXACT, 1 << 20, NULL)) < 1e-6);
    pdr_tensor *kept = T->keep(NULL, got);
    leave(a);
    s = enter(b, "after_task"); /* its own stream: other rows */
    assert_true(distance(b->host.model->fisher(s, h->model, &h->task.task, "exact-n", 16), kept) > 1e-3);
    leave(b);
    T->release(kept);
    free(at);
    house_close(h);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const struct {
        const char *mode, *words;
        int64_t limit;
    } cases[] = {
        {"exact-n", "fisher: found a limit of 0 rows; expected 1 or more for exact-n", 0},
        {"exact", "fisher: found a limit of -1 rows; expected 0, which is all, or more", -1},
        {"diagonal", "fisher: found mode \"diagonal\"; expected exact, exact-n, sample, empirical, batched or mas", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pdr_scope *s = enter(a, "after_task");
        assert_null(a->host.model->fisher(s, h->model, &h->task.task, cases[i].mode, cases[i].limit));
        leave_with(a, cases[i].words);
    }
    enter(a, "after_task");
    h->session.task = NULL; /* between tasks */
    assert_null(a->host.model->fisher(a->scope, h->model, &h->task.task, "exact", 0));
    leave_with(a, "fisher: this is not the current task; an earlier task's rows are gone");
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_rows_of_the_task), cmocka_unit_test(a_limit_draws_rows),
                                       cmocka_unit_test(what_is_wrong_is_said)};
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
