/* plugins/replay by its hooks: what a step of dark experience queues against sums worked out here, which rows of a task are
 * chosen against a search over all of them, and how values that are losses let rows go. */
#include "fixture.h"

/* One strategy, its memory's table and a step whose tensors the test makes. */
typedef struct stage {
    house *h;
    arena *a;
    const plugin *p;
    strategy *me;
    pdr_memory *memory;
    host_step step;
} stage;

static stage *stage_on(const char *data, const char *parameters)
{
    stage *g = alloc_zero(1, sizeof *g);
    error e = {0};
    g->h = house_open(data, 1);
    g->a = arena_open();
    if (plugin_find("replay", &g->p, &e))
        fail_msg("%s", e.text);
    g->me = invited(g->h, 0, g->p, "replay", filled(g->p, parameters, g->a));
    g->memory = g->me->memories[0];
    g->step.session = &g->h->session;
    return g;
}

static stage *stage_open(const char *parameters) { return stage_on(DIGITS, parameters); }

static void stage_close(stage *g)
{
    T->close(g->step.scope);
    house_close(g->h);
    arena_close(g->a);
    free(g);
}

/* Rows 0 .. n - 1 of the task are fresh in a step of its own, with these logits [n, columns] and row losses. */
static void fresh(stage *g, int64_t n, int64_t columns, const float *logits, const float *row_loss)
{
    host_step *h = &g->step;
    const int64_t shape[] = {n, columns};
    pdr_tensor *x = NULL, *y = NULL;
    T->close(h->scope);
    h->scope = T->open(NULL, PDR_GRAD);
    h->part_count = h->term_count = 0;
    h->rows = n;
    g->h->session.task = &g->h->task;
    assert_int_equal(host_task_rows(h->scope, &g->h->task, (const int64_t[]){0, 1, 2, 3, 4, 5, 6, 7}, n, &x, &y),
                     PDR_OK);
    h->step = (pdr_step){.struct_size = sizeof h->step,
                         .fresh = n,
                         .task = &g->h->task.task,
                         .x = x,
                         .y = y,
                         .raw = x,
                         .logits = logits ? T->from(h->scope, PDR_F32, shape, 2, logits) : NULL,
                         .row_loss = row_loss ? T->from(h->scope, PDR_F32, shape, 1, row_loss) : NULL};
}

typedef pdr_status step_hook(void *self, const pdr_step *s);

static void hooked(stage *g, const char *moment, step_hook *hook, int32_t mode)
{
    error e = {0};
    g->step.step.scope = g->h->task.task.scope = host_enter(g->me, moment, mode);
    pdr_status status = hook(g->me->self, &g->step.step);
    if (host_leave(g->me, status, &e))
        fail_msg("%s", e.text);
}

#define HOOK(g, name, mode) hooked(g, #name, (g)->p->hooks.name, mode)

static void floats_of(const pdr_tensor *t, float *out, int64_t n)
{
    assert_int_equal(T->read(t, PDR_F32, out, (uint64_t)n * sizeof *out), PDR_OK);
}

/* Which row of the task a row [64] is: its place among the first `n`. */
static int64_t identity(stage *g, const float *row, int64_t n)
{
    int64_t width = g->h->data->train.width, found = -1;
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    float *all = alloc_zero((size_t)(n * width), sizeof *all);
    assert_int_equal(host_task_rows(s, &g->h->task, NULL, n, &x, NULL), PDR_OK);
    floats_of(x, all, n * width);
    for (int64_t i = 0; i < n && found < 0; i++)
        if (!memcmp(all + i * width, row, (size_t)width * sizeof *row))
            found = i;
    free(all);
    T->close(s);
    assert_true(found >= 0);
    return found;
}

/* The rows of a tensor [n, 64], by their places in the task. */
static void identities(stage *g, const pdr_tensor *x, int64_t *out)
{
    int64_t n = T->size(x, 0), width = g->h->data->train.width;
    float *rows = alloc_zero((size_t)(n * width) + 1, sizeof *rows);
    floats_of(x, rows, n * width);
    for (int64_t i = 0; i < n; i++)
        out[i] = identity(g, rows + i * width, g->h->task.task.row_count);
    free(rows);
}

/* ---- dark experience ---- */

enum { ROWS = 4, WIDE = 3 };
static const float stored[ROWS * 2] = {1, -2, 0.5f, 3, -1, 0.25f, 2, 4};
static const float later[ROWS * WIDE] = {3, 1, -1, 0, 2, 0.5f, -3, 1, 1, 0.125f, -0.5f, 2};

/* (R4) by hand: the rows that were drawn stand in some order, which their pixels tell. NaN: not there when it was stored. */
static double mean_square(stage *g, const host_part *part, const float *now, int64_t columns, const float *then,
                          int64_t then_columns)
{
    int64_t who[ROWS];
    double sum = 0;
    int64_t count = 0;
    identities(g, part->x, who);
    for (int64_t i = 0; i < part->count; i++)
        for (int64_t k = 0; k < then_columns; k++) {
            double gap = (double)now[(part->first + i) * columns + k] - (double)then[who[i] * then_columns + k];
            if (isnan(then[who[i] * then_columns + k]))
                continue;
            sum += gap * gap;
            count++;
        }
    return sum / (double)count;
}

/* A step with ROWS fresh rows and, behind them, what was rehearsed: its logits are `now`. */
static void logits_come(stage *g, int64_t columns, const float *now)
{
    const int64_t shape[] = {g->step.rows, columns};
    g->step.step.logits = T->from(g->step.scope, PDR_F32, shape, 2, now);
}

static float *some_logits(int64_t n)
{
    float *z = alloc_zero((size_t)n, sizeof *z);
    for (int64_t i = 0; i < n; i++)
        z[i] = (float)((i * 7) % 11) / 4 - 1;
    return z;
}

static void der_step(double beta, int64_t columns, const float *then, int64_t then_columns, stage *g)
{
    fresh(g, ROWS, columns, NULL, NULL);
    HOOK(g, before_batch, PDR_NO_GRAD);
    assert_int_equal(g->step.part_count, beta > 0 ? 2 : 1);
    const host_part *dark = &g->step.parts[0];
    assert_true(dark->first == ROWS && dark->count == ROWS && dark->labelled == 0 && !dark->y);
    if (beta > 0) {
        const host_part *light = &g->step.parts[1];
        assert_true(light->count == ROWS && light->labelled == ROWS && light->blend == PDR_ADD &&
                    light->weight == beta);
    }
    float *now = some_logits(g->step.rows * columns);
    logits_come(g, columns, now);
    HOOK(g, after_loss, PDR_GRAD);
    assert_int_equal(g->step.term_count, 1);
    assert_true(g->step.terms[0].blend == PDR_ADD && g->step.terms[0].weight == 0.25);
    float term;
    floats_of(g->step.terms[0].value, &term, 1);
    double want = mean_square(g, dark, now, columns, then, then_columns);
    assert_true(want > 0.1);
    if (fabs((double)term - want) > 1e-6 * want)
        fail_msg("the term is %.9g; expected %.9g", (double)term, want);
    free(now);
}

static void a_dark_term_is_that_by_hand(void **state)
{
    (void)state;
    for (int beta = 0; beta < 2; beta++) {
        stage *g = stage_open(beta ? "{capacity: 4, online: true, alpha: 0.25, beta: 0.5}"
                                   : "{capacity: 4, online: true, alpha: 0.25}");
        fresh(g, ROWS, 2, stored, NULL);
        HOOK(g, before_batch, PDR_NO_GRAD);
        assert_int_equal(g->step.part_count, 0); /* nothing is there yet */
        HOOK(g, after_loss, PDR_GRAD);
        assert_int_equal(g->step.term_count, 0);
        HOOK(g, after_batch, PDR_NO_GRAD);
        der_step(beta ? 0.5 : 0, 2, stored, 2, g);
        stage_close(g);
    }
}

/* Heads that come with their tasks: the columns that a row had no logits of are in no mean. */
static void columns_that_came_later_are_left_out(void **state)
{
    (void)state;
    float all[2 * ROWS * WIDE];
    stage *g = stage_open("{capacity: 8, batch: 4, online: true, alpha: 0.25}");
    fresh(g, 2, 2, stored, NULL);
    HOOK(g, after_batch, PDR_NO_GRAD);
    fresh(g, ROWS, WIDE, later, NULL); /* rows 0 and 1 again, now with three columns, and two more */
    g->step.step.x = NULL;
    g->step.step.raw = T->slice(g->step.scope, g->step.step.raw, 0, 2, 2);
    g->step.step.y = T->slice(g->step.scope, g->step.step.y, 0, 2, 2);
    g->step.step.logits = T->slice(g->step.scope, g->step.step.logits, 0, 2, 2);
    g->step.step.fresh = 2;
    HOOK(g, after_batch, PDR_NO_GRAD);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < WIDE; k++)
            all[i * WIDE + k] = i >= 2 ? later[i * WIDE + k] : k < 2 ? stored[i * 2 + k] : (float)NAN;
    der_step(0, WIDE, all, WIDE, g);
    der_step(0, WIDE + 1, all, WIDE, g); /* and one that nobody has logits of */
    stage_close(g);
}

/* ---- select: loss ---- */

/* The place in the task of every row that is kept, and its value. */
static int64_t kept(stage *g, int64_t column, int64_t *who, float *value)
{
    const pdr_memory_api *Y = g->me->host.memory;
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *x = NULL, *v = NULL;
    assert_int_equal(Y->fetch(s, g->memory, Y->find(s, g->memory, column), &x, NULL, &v, NULL), PDR_OK);
    int64_t n = T->size(x, 0);
    identities(g, x, who);
    floats_of(v, value, n);
    T->close(s);
    return n;
}

static void low_losses_are_cleaned_out(void **state)
{
    (void)state;
    const float first[] = {0.5f, 2, 1, 0.25f, 3, 0.75f};
    int64_t who[8], order[8];
    float value[8];
    stage *g = stage_open("{capacity: 3, policy: value, select: loss, online: true}");
    fresh(g, 6, 2, NULL, first);
    HOOK(g, after_batch, PDR_NO_GRAD);
    assert_int_equal(kept(g, PDR_ALL, who, value), 3);
    for (int i = 0; i < 3; i++) /* rows 1, 2 and 4 have the highest losses */
        assert_true((who[i] == 1 || who[i] == 2 || who[i] == 4) && value[i] == first[who[i]]);

    /* Now they are rehearsed behind four fresh rows and have losses 0.1, 0.2 and 0.3; fresh row 3 comes with 0.25. */
    fresh(g, 4, 2, NULL, NULL);
    HOOK(g, before_batch, PDR_NO_GRAD);
    assert_int_equal(g->step.part_count, 1);
    identities(g, g->step.parts[0].x, order);
    const float losses[] = {0, 0, 0, 0.25f, 0.1f, 0.2f, 0.3f};
    const int64_t seven = 7;
    g->step.step.row_loss = T->from(g->step.scope, PDR_F32, &seven, 1, losses);
    HOOK(g, after_batch, PDR_NO_GRAD);
    assert_int_equal(kept(g, PDR_ALL, who, value), 3);
    for (int i = 0; i < 3; i++) { /* 0.1 went for 0.25 */
        float want = who[i] == 3 ? 0.25f : who[i] == order[1] ? 0.2f : 0.3f;
        assert_true(who[i] == 3 || who[i] == order[1] || who[i] == order[2]);
        assert_true(value[i] == want);
    }
    stage_close(g);
}

/* ---- select: herding, closest ---- */

typedef struct features {
    int64_t n, d, *row; /* of one class: places in the task */
    double *f, *mean;   /* [n, d] of length 1, and their mean of length 1 */
} features;

static void unit(double *v, int64_t d)
{
    double length = 0;
    for (int64_t k = 0; k < d; k++)
        length += v[k] * v[k];
    for (int64_t k = 0; k < d; k++)
        v[k] /= length > 0 ? sqrt(length) : 1;
}

static features features_of(stage *g, int64_t column)
{
    house *h = g->h;
    features out = {.n = 0};
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    int64_t rows = h->task.task.row_count;
    assert_int_equal(host_task_rows(s, &h->task, NULL, rows, &x, NULL), PDR_OK);
    pdr_tensor *f = E->model->features(s, h->model, x, PDR_EVAL);
    out.d = T->size(f, 1);
    float *at = alloc_zero((size_t)(rows * out.d), sizeof *at);
    floats_of(f, at, rows * out.d);
    out.row = alloc_zero((size_t)rows, sizeof *out.row);
    out.f = alloc_zero((size_t)(rows * out.d), sizeof *out.f);
    out.mean = alloc_zero((size_t)out.d, sizeof *out.mean);
    for (int64_t i = 0; i < rows; i++) {
        if (h->labels[i] != column)
            continue;
        double *own = out.f + out.n * out.d;
        for (int64_t k = 0; k < out.d; k++)
            own[k] = at[i * out.d + k];
        unit(own, out.d);
        for (int64_t k = 0; k < out.d; k++)
            out.mean[k] += own[k];
        out.row[out.n++] = i;
    }
    unit(out.mean, out.d);
    free(at);
    T->close(s);
    return out;
}

static void features_free(features *f)
{
    free(f->row);
    free(f->f);
    free(f->mean);
}

/* |mean - (sum + f_i) / k|, the distance that the row would leave. */
static double distance(const features *f, const double *sum, int64_t i, double k)
{
    double out = 0;
    for (int64_t j = 0; j < f->d; j++) {
        double gap = f->mean[j] - (sum[j] + f->f[i * f->d + j]) / k;
        out += gap * gap;
    }
    return sqrt(out);
}

/* Every row that was kept is, at its rank, as good as the best that a search over all finds; a hair is left for rounding. */
static void ranked_as_searched(stage *g, int64_t column, bool herding, int64_t share)
{
    int64_t who[64], by_rank[64];
    float value[64];
    features f = features_of(g, column);
    double *sum = alloc_zero((size_t)f.d, sizeof *sum);
    bool *taken = alloc_zero((size_t)f.n, sizeof *taken);
    assert_int_equal(kept(g, column, who, value), share);
    for (int64_t i = 0; i < share; i++)
        by_rank[(int64_t)-value[i]] = who[i]; /* fails below when a rank is there twice */
    for (int64_t k = 0; k < share; k++) {
        int64_t own = -1;
        double best = HUGE_VAL;
        for (int64_t i = 0; i < f.n; i++) {
            double d = distance(&f, sum, i, herding ? (double)k + 1 : 1);
            best = !taken[i] && d < best ? d : best;
            own = f.row[i] == by_rank[k] ? i : own;
        }
        assert_true(own >= 0 && !taken[own]);
        assert_true(distance(&f, sum, own, herding ? (double)k + 1 : 1) <= best + 1e-6);
        taken[own] = true;
        for (int64_t j = 0; herding && j < f.d; j++)
            sum[j] += f.f[own * f.d + j];
    }
    features_free(&f);
    free(sum);
    free(taken);
}

static void task_ends(stage *g)
{
    error e = {0};
    enter(g->me, "after_task");
    pdr_status status = g->p->hooks.after_task(g->me->self, &g->h->task.task);
    if (host_leave(g->me, status, &e))
        fail_msg("%s", e.text);
}

static void a_task_gives_the_rows_that_a_search_finds(void **state)
{
    const char *budgets[] = {"40", "{per_class: 20}", "39"};
    (void)state;
    for (int herding = 0; herding < 2; herding++)
        for (int i = 0; i < 3; i++) {
            stage *g = stage_open(SAID("{capacity: %s, policy: value, fill: task, select: %s}", budgets[i],
                                       herding ? "herding" : "closest"));
            task_ends(g);
            ranked_as_searched(g, 0, herding, 20);
            ranked_as_searched(g, 1, herding, i == 2 ? 19 : 20); /* of equal ranks the first stays */
            stage_close(g);
        }
}

/* With policy: value the exemplars of earlier tasks shrink from the end of their order, as in iCaRL. */
static void shares_shrink_by_rank(void **state)
{
    (void)state;
    int64_t who[64];
    float value[64];
    stage *g = stage_open("{capacity: 40, policy: value, fill: task, select: herding}");
    task_ends(g);
    const pdr_task first = g->h->task.task;
    g->h->task.task.index = 1;
    g->h->task.task.previous = &first; /* two more classes, here the same rows once more */
    task_ends(g);
    for (int64_t column = 0; column < 2; column++) {
        int ranks[10] = {0};
        assert_int_equal(kept(g, column, who, value), 20);
        for (int i = 0; i < 20; i++) {
            assert_true(value[i] >= -9);
            ranks[(int)-value[i]]++;
        }
        for (int k = 0; k < 10; k++)
            assert_int_equal(ranks[k], 2);
    }
    g->h->task.task.index = 0;
    g->h->task.task.previous = NULL;
    stage_close(g);
}

/* Stored at the end of a task: the logits are those of the network that it leaves. */
static void a_filled_task_has_the_logits_of_its_end(void **state)
{
    (void)state;
    stage *g = stage_open("{capacity: 5000, fill: task, alpha: 0.25}");
    const pdr_memory_api *Y = g->me->host.memory;
    task_ends(g);
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *x = NULL, *z = NULL;
    int64_t n = Y->count(g->memory, PDR_ALL);
    assert_int_equal(n, g->h->task.task.row_count);
    assert_int_equal(Y->fetch(s, g->memory, Y->find(s, g->memory, PDR_ALL), &x, NULL, NULL, &z), PDR_OK);
    pdr_tensor *want = E->model->forward(s, g->h->model, x, PDR_EVAL);
    double apart = 1;
    T->read(T->max(s, T->abs(s, T->sub(s, z, want)), PDR_ALL, 0), PDR_F64, &apart, sizeof apart);
    assert_true(apart < 1e-5);
    assert_int_equal(T->close(s), PDR_OK);
    stage_close(g);
}

/* What a row's loss is worth to the memory when its task ends: the cross entropy of all ten columns, in double. */
static double *losses_by_hand(stage *g)
{
    house *h = g->h;
    int64_t rows = h->task.task.row_count, columns = h->task.task.columns;
    float *z = alloc_zero((size_t)(rows * columns), sizeof *z);
    double *loss = alloc_zero((size_t)rows, sizeof *loss);
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    assert_int_equal(host_task_rows(s, &h->task, NULL, rows, &x, NULL), PDR_OK);
    floats_of(E->model->forward(s, h->model, x, PDR_EVAL), z, rows * columns);
    assert_int_equal(T->close(s), PDR_OK);
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0;
        for (int64_t k = 0; k < columns; k++)
            sum += exp((double)z[i * columns + k]);
        loss[i] = log(sum) - (double)z[i * columns + h->labels[i]];
    }
    free(z);
    return loss;
}

/* More rows than are read at once, and a memory for all of them or for the fifty that are known least. */
static void a_filled_task_has_the_losses_of_its_end(void **state)
{
    enum { TASK_ROWS = 1300, MOST = 50 };
    (void)state;
    for (int few = 0; few < 2; few++) {
        stage *g = stage_on("{set: synthetic, classes: 10, train_rows: 6500, test_rows: 100, shape: [5]}",
                            SAID("{capacity: %d, policy: value, select: loss, fill: task}", few ? MOST : 2000));
        int64_t who[TASK_ROWS], rows = g->h->task.task.row_count;
        float value[TASK_ROWS];
        bool there[TASK_ROWS] = {false};
        double least = HUGE_VAL;
        assert_int_equal(rows, TASK_ROWS);
        task_ends(g);
        double *loss = losses_by_hand(g);
        int64_t n = kept(g, PDR_ALL, who, value);
        assert_int_equal(n, few ? MOST : rows);
        for (int64_t i = 0; i < n; i++) {
            assert_false(there[who[i]]);
            there[who[i]] = true;
            assert_true(fabs((double)value[i] - loss[who[i]]) < 1e-5);
            least = fmin(least, loss[who[i]]);
        }
        for (int64_t i = 0; i < rows; i++)
            assert_true(there[i] || loss[i] <= least + 1e-6);
        free(loss);
        stage_close(g);
    }
}

/* ---- blend: per-task ---- */

/* (R3) At the k-th task the rehearsed rows have the share k - 1 to 1. */
static void old_rows_weigh_as_many_tasks_as_there_were(void **state)
{
    (void)state;
    stage *g = stage_open("{capacity: 4, online: true, blend: per-task}");
    fresh(g, ROWS, 2, NULL, NULL);
    HOOK(g, after_batch, PDR_NO_GRAD);
    for (int64_t k = 1; k < 6; k++) {
        g->h->task.task.index = k - 1;
        fresh(g, ROWS, 2, NULL, NULL);
        HOOK(g, before_batch, PDR_NO_GRAD);
        assert_int_equal(g->step.part_count, 1);
        assert_true(g->step.parts[0].blend == PDR_SHARE && g->step.parts[0].weight == (double)(k - 1));
    }
    g->h->task.task.index = 0;
    stage_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dark_term_is_that_by_hand),
        cmocka_unit_test(columns_that_came_later_are_left_out),
        cmocka_unit_test(low_losses_are_cleaned_out),
        cmocka_unit_test(a_task_gives_the_rows_that_a_search_finds),
        cmocka_unit_test(shares_shrink_by_rank),
        cmocka_unit_test(a_filled_task_has_the_logits_of_its_end),
        cmocka_unit_test(a_filled_task_has_the_losses_of_its_end),
        cmocka_unit_test(old_rows_weigh_as_many_tasks_as_there_were),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
