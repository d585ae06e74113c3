/* <perdure/distill.h> against numbers worked out by hand: rows of logits 2 ln(n), so that at temperature 2 the shares of
 * a row are as the whole numbers n. */
#include <perdure/distill.h> /* before CMocka, whose fail() is a macro */

#include "fixture.h"

enum { MOST = 4 };

/* Tasks with the columns of `spans`, -1 at the end of each; the last one is the current. */
typedef struct chain {
    house *h;
    const pdr_host *host;
    pdr_task tasks[MOST];
    pdr_scope *s;
} chain;

static void chain_open(chain *c)
{
    c->h = house_open(DIGITS, 1);
    strategy *s = invited(c->h, 0, &guest, "guest", NULL);
    c->host = &s->host;
    c->s = enter(s, "test");
}

static void chain_close(chain *c)
{
    leave(&c->h->strategies[0]);
    house_close(c->h);
}

static const pdr_task *chained(chain *c, int count, const int64_t *const *classes, const int64_t *counts, int task_il)
{
    int64_t seen = 0;
    for (int i = 0; i < count; i++) {
        int64_t before = seen;
        for (int64_t j = 0; j < counts[i]; j++)
            seen = classes[i][j] >= seen ? classes[i][j] + 1 : seen;
        c->tasks[i] = (pdr_task){.struct_size = sizeof(pdr_task),
                                 .task_id_given = (uint32_t)task_il,
                                 .index = i,
                                 .class_count = counts[i],
                                 .classes = classes[i],
                                 .seen_before = before,
                                 .seen = seen,
                                 .columns = seen,
                                 .previous = i ? &c->tasks[i - 1] : NULL};
    }
    return &c->tasks[count - 1];
}

/* Logits [n, columns] of which row and column are shares at temperature 2. */
static pdr_tensor *shares(chain *c, int64_t n, int64_t columns, const double *share)
{
    double z[64];
    int64_t shape[] = {n, columns};
    for (int64_t i = 0; i < n * columns; i++)
        z[i] = 2 * log(share[i]);
    return T->cast(c->s, T->from(c->s, PDR_F64, shape, 2, z), PDR_F32);
}

static void rows_are(const pdr_tensor *rows, int64_t n, const double *expected)
{
    double found[8];
    assert_int_equal(T->size(rows, 0), n);
    assert_int_equal(T->rank(rows), 1);
    T->read(rows, PDR_F64, found, (uint64_t)n * sizeof *found);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(found[i] - expected[i]) <= 1e-5))
            fail_msg("row %lld is %.9g; expected %.9g", (long long)i, found[i], expected[i]);
}

static const int64_t c0[] = {0}, c01[] = {0, 1}, c2[] = {2}, c23[] = {2, 3}, c45[] = {4, 5}, c02[] = {0, 2},
                     c13[] = {1, 3};

/* Two rows, three columns, the third one new. Row 1: targets 3/4, 1/4, 0; the student has 2/8, 1/8, 5/8:
 * 4 (3/4 ln 4 + 1/4 ln 8) = 9 ln 2. Row 2: targets 1/8, 7/8, 0; the student has 3/8, 1/8, 4/8. */
static void new_columns_have_target_zero(void **state)
{
    (void)state;
    chain c;
    chain_open(&c);
    const pdr_task *t = chained(&c, 2, (const int64_t *[]){c01, c2}, (const int64_t[]){2, 1}, 0);
    pdr_tensor *student = shares(&c, 2, 3, (double[]){2, 1, 5, 3, 1, 4});
    const double rows[] = {9 * log(2), 4 * (log(8. / 3) / 8 + 7 * log(8) / 8)};
    rows_are(pdr_distill_old(c.host, c.s, t, student, shares(&c, 2, 2, (double[]){3, 1, 1, 7}), 2, 3), 2, rows);
    /* a teacher with all columns: those that were of no earlier task are not asked */
    pdr_tensor *wide = shares(&c, 2, 3, (double[]){3, 1, 40, 1, 7, 0.5});
    rows_are(pdr_distill_old(c.host, c.s, t, student, wide, 2, 3), 2, rows);
    /* and at temperature 1, shares are the squares: targets 9/10 and 1/10, student 4/30 and 1/30, and no factor */
    rows_are(pdr_distill_old(c.host, c.s, t, T->slice(c.s, student, 0, 0, 1), T->slice(c.s, wide, 0, 0, 1), 1, 3), 1,
             (double[]){0.9 * log(7.5) + 0.1 * log(30)});
    chain_close(&c);
}

/* Columns that are still to come do not compete with `active: seen`, and do with all. */
static void columns_to_come_compete_as_in_the_loss(void **state)
{
    (void)state;
    chain c;
    chain_open(&c);
    const pdr_task *t = chained(&c, 2, (const int64_t *[]){c01, c2}, (const int64_t[]){2, 1}, 0);
    pdr_tensor *student = shares(&c, 1, 4, (double[]){2, 1, 5, 24}),
               *teacher = shares(&c, 1, 4, (double[]){3, 1, 9, 9});
    rows_are(pdr_distill_old(c.host, c.s, t, student, teacher, 2, 3), 1, (double[]){9 * log(2)});
    rows_are(pdr_distill_old(c.host, c.s, t, student, teacher, 2, 4), 1,
             (double[]){4 * (0.75 * log(16) + 0.25 * log(32))});
    chain_close(&c);
}

/* Two earlier tasks. Row 1: targets 3/4, 1/4 of students 1/2, 1/2: 4 ln 2; targets 1/5, 4/5 of students 1/4, 3/4. */
static const double two_heads[] = {5, 5, 1, 3}, two_old[] = {3, 1, 1, 4};
static double two_heads_mean(void) { return (4 * log(2) + 4 * (log(4) / 5 + 4 * log(4. / 3) / 5)) / 2; }

static void heads_are_averaged_each_by_itself(void **state)
{
    (void)state;
    chain c;
    chain_open(&c);
    const double student[] = {5, 5, 1, 3, 70, 1, 2, 1, 5, 5, 1, 90}, old[] = {3, 1, 1, 4, 3, 1, 3, 1};
    const double head = 4 * (0.75 * log(1.5) + 0.25 * log(3)), even = 4 * log(2);
    const pdr_task *t = chained(&c, 3, (const int64_t *[]){c01, c23, c45}, (const int64_t[]){2, 2, 2}, 1);
    pdr_tensor *z = shares(&c, 2, 6, student), *q = shares(&c, 2, 4, old);
    rows_are(pdr_distill_old(c.host, c.s, t, z, q, 2, 2), 2, (double[]){two_heads_mean(), (head + even) / 2});
    /* class-il where a task's own columns compete alone: the same */
    t = chained(&c, 3, (const int64_t *[]){c01, c23, c45}, (const int64_t[]){2, 2, 2}, 0);
    rows_are(pdr_distill_old(c.host, c.s, t, z, q, 2, 2), 2, (double[]){two_heads_mean(), (head + even) / 2});
    /* and where all of them do: not */
    double found;
    T->read(T->slice(c.s, pdr_distill_old(c.host, c.s, t, z, q, 2, 6), 0, 0, 1), PDR_F64, &found, sizeof found);
    assert_true(fabs(found - two_heads_mean()) > 0.1);
    chain_close(&c);
}

/* Heads of several sizes, or with columns out of order, go one by one. A head of one column has nothing to say. */
static void uneven_heads_are_averaged_too(void **state)
{
    (void)state;
    chain c;
    chain_open(&c);
    const pdr_task *t = chained(&c, 3, (const int64_t *[]){c02, c13, c45}, (const int64_t[]){2, 2, 2}, 1);
    const double z[] = {two_heads[0], two_heads[2], two_heads[1], two_heads[3], 8, 9};
    const double q[] = {two_old[0], two_old[2], two_old[1], two_old[3]};
    c.tasks[2].seen_before = 4;
    rows_are(pdr_distill_old(c.host, c.s, t, shares(&c, 1, 6, z), shares(&c, 1, 4, q), 2, 2), 1,
             (double[]){two_heads_mean()});
    static const int64_t c12[] = {1, 2}, c3[] = {3};
    t = chained(&c, 3, (const int64_t *[]){c0, c12, c3}, (const int64_t[]){1, 2, 1}, 1);
    rows_are(pdr_distill_old(c.host, c.s, t, shares(&c, 1, 4, (double[]){5, 1, 1, 7}),
                             shares(&c, 1, 3, (double[]){2, 3, 1}), 2, 1),
             1, (double[]){2 * log(2)}); /* (0 + 4 ln 2) / 2 */
    chain_close(&c);
}

/* Domain-il, and one head in task-il: columns are shared, so all of them are those of every earlier task. */
static void shared_columns_are_asked_once(void **state)
{
    (void)state;
    for (int task_il = 0; task_il < 2; task_il++) {
        chain c;
        chain_open(&c);
        const pdr_task *t = chained(&c, 3, (const int64_t *[]){c01, c01, c01}, (const int64_t[]){2, 2, 2}, task_il);
        assert_int_equal(t->seen_before, 2);
        assert_false(pdr_distills_by_task(t, 2));
        rows_are(pdr_distill_old(c.host, c.s, t, shares(&c, 1, 2, (double[]){5, 5}), shares(&c, 1, 2, two_old), 2, 2),
                 1, (double[]){4 * log(2)});
        assert_int_equal(pdr_earlier_tasks(t), 2);
        chain_close(&c);
    }
}

/* The loss itself says how many columns compete. */
static void the_loss_is_asked_who_competes(void **state)
{
    (void)state;
    chain c;
    chain_open(&c);
    host_task *task = &c.h->task;
    assert_int_equal(pdr_competing(c.host, &task->task), 10);
    task->any.count = 2;
    assert_int_equal(pdr_competing(c.host, &task->task), 2);
    chain_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_columns_have_target_zero),      cmocka_unit_test(columns_to_come_compete_as_in_the_loss),
        cmocka_unit_test(heads_are_averaged_each_by_itself), cmocka_unit_test(uneven_heads_are_averaged_too),
        cmocka_unit_test(shared_columns_are_asked_once),     cmocka_unit_test(the_loss_is_asked_who_competes)};
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
