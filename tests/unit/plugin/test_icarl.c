/* plugins/icarl, hook by hook, against second implementations: its loss in double from the formula, its exemplars by a loop
 * over rows, its prediction by distances written out. */
#include "fixture.h"
#include "herding.h"

static const plugin *shipped(void)
{
    const plugin *p;
    error e = {0};
    if (plugin_find("icarl", &p, &e))
        fail_msg("%s", e.text);
    return p;
}

/* ---- a session of two tasks ---- */

typedef struct bed {
    house *h;
    arena *a;
    strategy *me;
    const pdr_hooks *hooks;
    host_task first; /* the first task, once the second runs */
    int64_t *labels; /* of the first */
} bed;

static bed *bed_on(const char *data, const char *yaml)
{
    bed *b = alloc_zero(1, sizeof *b);
    const plugin *p = shipped();
    b->h = house_open(data, 1);
    b->a = arena_open();
    b->me = invited(b->h, 0, p, "icarl", filled(p, yaml, b->a));
    b->hooks = &p->hooks;
    enter(b->me, "before_run");
    assert_int_equal(b->hooks->before_run(b->me->self, 5), PDR_OK);
    leave(b->me);
    return b;
}

static bed *bed_open(const char *yaml) { return bed_on(DIGITS, yaml); }

static void bed_close(bed *b)
{
    free(b->labels);
    house_close(b->h);
    arena_close(b->a);
    free(b);
}

static void task_over(bed *b)
{
    enter(b->me, "after_task");
    assert_int_equal(b->hooks->after_task(b->me->self, &b->h->task.task), PDR_OK);
    leave(b->me);
}

/* The second task of the stream runs, and the network is another one. */
static void task_next(bed *b)
{
    house *h = b->h;
    b->first = h->task;
    b->labels = h->labels;
    house_task(h);
    const stream_task *t = &h->stream->tasks[1];
    free(h->labels);
    h->labels = alloc_zero((size_t)t->train_count, sizeof *h->labels);
    for (int64_t i = 0; i < t->train_count; i++)
        h->labels[i] = h->stream->column_of[h->stream->set_classes + h->data->train.label[t->train[i]]];
    h->task.rows = t->train;
    h->task.labels = h->labels;
    h->task.task.index = 1;
    h->task.task.previous = &b->first.task;
    h->task.task.row_count = t->train_count;
    h->task.task.classes = t->columns;
    h->task.task.seen_before = t->seen_before;
    h->task.task.seen = t->seen;
    pdr_scope *s = enter(b->me, "between");
    pdr_tensor *w = E->model->flat_params(h->model);
    T->blend(s, w, 0.5, T->square(s, w), 1);
    leave(b->me);
}

static float *floats_of(const pdr_tensor *t)
{
    int64_t n = T->size(t, PDR_ALL);
    assert_true(n >= 0);
    float *out = alloc_zero((size_t)n + 1, sizeof *out);
    assert_int_equal(T->read(t, PDR_F32, out, (uint64_t)n * sizeof *out), PDR_OK);
    return out;
}

/* ---- the loss ---- */

static double logistic(double z) { return 1 / (1 + exp(-z)); }

/* -t log(p) - (1 - t) log(1 - p), as the paper writes it. */
static double entropy(double z, double t) { return -t * log(logistic(z)) - (1 - t) * log(1 - logistic(z)); }

static float *loss_of(bed *b, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *logits, const pdr_tensor *y)
{
    pdr_tensor *rows = NULL;
    pdr_step step = {
        .struct_size = sizeof step, .task = &b->h->task.task, .scope = s, .x = x, .y = y, .logits = logits};
    assert_int_equal(b->hooks->compute_loss(b->me->self, &step, &rows), PDR_OK);
    assert_int_equal(T->rank(rows), 1);
    assert_int_equal(T->size(rows, 0), T->size(y, 0));
    return floats_of(rows);
}

/* Two classes of ten seen, by hand: -log(1 - 1/2) - log(3/4), and a row that is wrong in both columns, by 40 each. Those
 * that are still to come are -9: log(1 + e^-9) each. */
static void first_task_is_binary_cross_entropy(void **state)
{
    (void)state;
    const float z[] = {0, 1.0986123f /* log 3 */, -9, -9, -9, -9, -9, -9, -9, -9, -40, 40, -9, -9, -9, -9, -9, -9, -9,
                       -9};
    const double rows[] = {0.98082925, 80}, rest = 8 * 1.2340218e-4;
    const struct {
        const char *yaml;
        double first, second;
    } cases[] = {{"{capacity: 20}", rows[0], rows[1]},
                 {"{capacity: 20, reduce: mean}", rows[0] / 2, rows[1] / 2},
                 {"{capacity: 20, columns: all}", rows[0] + rest, rows[1] + rest},
                 {"{capacity: 20, columns: all, reduce: mean}", (rows[0] + rest) / 10, (rows[1] + rest) / 10}};
    for (int i = 0; i < 4; i++) {
        bed *b = bed_open(cases[i].yaml);
        pdr_scope *s = enter(b->me, "compute_loss");
        float *found = loss_of(b, s, NULL, T->from(s, PDR_F32, (const int64_t[]){2, 10}, 2, z), LONGS(s, 1, 0));
        if (!(fabs(found[0] - cases[i].first) < 1e-5 && fabs(found[1] - cases[i].second) < 3e-5))
            fail_msg("%s: found %.8g, %.8g; expected %.8g, %.8g", cases[i].yaml, (double)found[0], (double)found[1],
                     cases[i].first, cases[i].second);
        leave(b->me);
        free(found);
        bed_close(b);
    }
}

/* What the last network said of these rows, [n, 10]. */
static float *teacher_said(bed *b, const int64_t *at, int64_t n)
{
    pdr_scope *s = enter(b->me, "between");
    pdr_tensor *x = NULL;
    assert_int_equal(b->me->host.data->rows(s, &b->h->task.task, longs(s, n, at), &x, NULL), PDR_OK);
    float *said = floats_of(E->model->forward(s, b->h->model, x, PDR_EVAL));
    leave(b->me);
    return said;
}

/* A row of the batch: columns 0 and 1 from the teacher (or the labels), the others from the labels. */
static double second_loss(const float *z, const float *teacher, int64_t label, double temperature, int64_t columns)
{
    double sum = 0;
    for (int64_t c = 0; c < columns; c++) {
        double target = c == label;
        if (c < 2 && temperature > 0)
            target = logistic((double)teacher[c] / temperature);
        sum += entropy((double)z[c], target);
    }
    return sum;
}

static void old_columns_learn_what_the_last_network_says(void **state)
{
    (void)state;
    enum { ROWS = 7 };
    const char *yaml[] = {"{capacity: 20}", "{capacity: 20, temperature: 2}", "{capacity: 20, distill: false}",
                          "{capacity: 20, temperature: 3, columns: all}"};
    const double temperature[] = {1, 2, 0, 3};
    const int64_t at[ROWS] = {0, 5, 9, 2, 30, 31, 40}, y[ROWS] = {2, 3, 2, 2, 0, 1, 3};
    for (int i = 0; i < 4; i++) {
        bed *b = bed_open(yaml[i]);
        table z = table_open(ROWS, 10, 3, 0);
        task_over(b);
        pdr_tensor *x = NULL;
        float *said = teacher_said(b, at, ROWS); /* of rows of the first task, by the network as it was */
        pdr_scope *s = enter(b->me, "between");
        assert_int_equal(b->me->host.data->rows(s, &b->h->task.task, longs(s, ROWS, at), &x, NULL), PDR_OK);
        pdr_tensor *kept = T->keep(NULL, x);
        leave(b->me);
        task_next(b);
        s = enter(b->me, "compute_loss");
        float *rows = loss_of(b, s, kept, T->from(s, PDR_F32, (const int64_t[]){ROWS, 10}, 2, z.at), longs(s, ROWS, y));
        for (int64_t j = 0; j < ROWS; j++)
            assert_true(
                fabs(rows[j] - second_loss(z.at + 10 * j, said + 10 * j, y[j], temperature[i], i < 3 ? 4 : 10)) < 1e-5);
        leave(b->me);
        T->release(kept);
        free(rows);
        free(said);
        free(z.at);
        bed_close(b);
    }
}

/* ---- exemplars ---- */

/* x of the rows of a column, in their order, and the features that the network now gives them, each of length 1. */
typedef struct sample {
    int64_t n, width; /* of x */
    float *x;
    table phi;
} sample;

static void unit_rows(table *t)
{
    for (int64_t i = 0; i < t->n; i++) {
        double length = 0;
        for (int64_t j = 0; j < t->width; j++)
            length += pow((double)t->at[i * t->width + j], 2);
        for (int64_t j = 0; length > 0 && j < t->width; j++)
            t->at[i * t->width + j] = (float)((double)t->at[i * t->width + j] / sqrt(length));
    }
}

static sample sample_of(bed *b, pdr_scope *s, const pdr_tensor *x)
{
    int64_t n = T->size(x, 0);
    pdr_tensor *f = E->model->features(s, b->h->model, x, PDR_EVAL);
    sample out = {n, T->size(x, PDR_ALL) / n, floats_of(x), {n, T->size(f, 1), floats_of(f)}};
    unit_rows(&out.phi);
    return out;
}

static void sample_free(sample *s)
{
    free(s->x);
    free(s->phi.at);
}

static sample class_rows(bed *b, pdr_scope *s, int64_t column)
{
    int64_t at[2000], n = 0;
    pdr_tensor *x = NULL;
    for (int64_t i = 0; i < b->h->task.task.row_count; i++)
        if (b->h->task.labels[i] == column)
            at[n++] = i;
    assert_int_equal(b->me->host.data->rows(s, &b->h->task.task, longs(s, n, at), &x, NULL), PDR_OK);
    return sample_of(b, s, x);
}

static sample class_exemplars(bed *b, pdr_scope *s, int64_t column)
{
    const pdr_memory_api *Y = b->me->host.memory;
    pdr_tensor *x = NULL, *y = NULL, *slots = Y->find(s, b->me->memories[0], column);
    assert_int_equal(Y->fetch(s, b->me->memories[0], slots, &x, &y, NULL, NULL), PDR_OK);
    sample out = sample_of(b, s, x);
    float *labels = floats_of(y);
    for (int64_t i = 0; i < out.n; i++)
        assert_true(labels[i] == (float)column);
    free(labels);
    return out;
}

/* mean of the rows, made one of length 1. */
static double *middle_of(const table *phi)
{
    double *mean = table_mean(phi), length = 0;
    for (int64_t j = 0; j < phi->width; j++)
        length += mean[j] * mean[j];
    for (int64_t j = 0; j < phi->width; j++)
        mean[j] /= sqrt(length);
    return mean;
}

/* `kept` are rows of `all`, in herding's order. */
static void herded(const sample *all, const sample *kept)
{
    int64_t order[2000];
    double *target = middle_of(&all->phi);
    for (int64_t i = 0; i < kept->n; i++) {
        for (order[i] = 0; order[i] < all->n; order[i]++)
            if (!memcmp(kept->x + i * all->width, all->x + order[i] * all->width, (size_t)all->width * sizeof(float)))
                break;
        assert_true(order[i] < all->n);
    }
    herded_well(&all->phi, target, order, kept->n, false);
    free(target);
}

static void exemplars_are_herded_and_shrink_by_rank(void **state)
{
    (void)state;
    bed *b = bed_open("{capacity: 43}");
    sample before[2];
    task_over(b);
    pdr_scope *s = enter(b->me, "between");
    for (int64_t c = 0; c < 2; c++) {
        sample all = class_rows(b, s, c);
        before[c] = class_exemplars(b, s, c);
        assert_int_equal(before[c].n, 21);
        herded(&all, &before[c]);
        sample_free(&all);
    }
    leave(b->me);
    task_next(b);
    task_over(b);
    s = enter(b->me, "between");
    for (int64_t c = 0; c < 4; c++) {
        sample all = class_rows(b, s, c < 2 ? 2 : c), kept = class_exemplars(b, s, c);
        assert_int_equal(kept.n, 10);
        if (c < 2)
            assert_memory_equal(kept.x, before[c].x, (size_t)(10 * kept.width) * sizeof *kept.x);
        else
            herded(&all, &kept);
        sample_free(&all);
        sample_free(&kept);
    }
    leave(b->me);
    sample_free(&before[0]);
    sample_free(&before[1]);
    bed_close(b);
}

/* A budget a class is the same after every task; one that is more than there are rows takes all of them, once each. */
static void budgets_of_a_class(void **state)
{
    (void)state;
    bed *b = bed_open("{capacity: {per_class: 10}}");
    task_over(b);
    task_next(b);
    task_over(b);
    const memory *m = host_memory_store(b->me->memories[0]);
    for (int64_t c = 0; c < 4; c++)
        assert_int_equal(memory_count(m, c), 10);
    bed_close(b);

    b = bed_open("{capacity: 100000, policy: none}");
    task_over(b);
    pdr_scope *s = enter(b->me, "between");
    sample all = class_rows(b, s, 1), kept = class_exemplars(b, s, 1);
    assert_int_equal(kept.n, all.n);
    herded(&all, &kept);
    leave(b->me);
    sample_free(&all);
    sample_free(&kept);
    bed_close(b);
}

/* ---- the prediction ---- */

static float *scores_of(bed *b, pdr_scope *s, pdr_eval *e)
{
    pdr_tensor *scores = NULL;
    assert_int_equal(b->hooks->predict(b->me->self, e, &scores), PDR_OK);
    assert_int_equal(T->size(scores, 0), T->size(e->logits, 0));
    assert_int_equal(T->size(scores, 1), 10);
    (void)s;
    return floats_of(scores);
}

/* -|f - mean|^2 of a class, from its exemplars. */
static double distance(bed *b, pdr_scope *s, int64_t column, const table *f, int64_t row)
{
    sample kept = class_exemplars(b, s, column);
    double *mean = middle_of(&kept.phi), sum = 0;
    for (int64_t j = 0; j < f->width; j++)
        sum += pow((double)f->at[row * f->width + j] - mean[j], 2);
    free(mean);
    sample_free(&kept);
    return sum;
}

/* After two tasks of two classes, each of which keeps so many. */
static void predicts_by_means(bed *b, int64_t exemplars)
{
    enum { ROWS = 6, WIDTH = 4 };
    task_over(b);
    task_next(b);
    task_over(b);
    for (int64_t c = 0; c < 4; c++)
        assert_int_equal(memory_count(host_memory_store(b->me->memories[0]), c), exemplars);
    table f = table_open(ROWS, WIDTH, 5, 0);
    memset(f.at, 0, WIDTH * sizeof *f.at); /* a row of zeros is as far from all */
    pdr_scope *s = enter(b->me, "predict");
    pdr_eval e = {.struct_size = sizeof e, .task = &b->h->task.task, .model = b->h->model, .scope = s};
    e.features = T->from(s, PDR_F32, (const int64_t[]){ROWS, WIDTH}, 2, f.at);
    e.logits = T->full(s, PDR_F32, (const int64_t[]){ROWS, 10}, 2, 7);
    float *scores = scores_of(b, s, &e);
    unit_rows(&f);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t c = 0; c < 10; c++)
            if (c < 4)
                assert_true(fabs(scores[i * 10 + c] + distance(b, s, c, &f, i)) < 1e-5);
            else
                assert_true(isinf(scores[i * 10 + c]) && scores[i * 10 + c] < 0);
    leave(b->me);
    free(scores);
    free(f.at);
    bed_close(b);
}

static void prediction_is_the_nearest_mean_of_exemplars(void **state)
{
    (void)state;
    predicts_by_means(bed_open("{capacity: 40}"), 10);
}

/* More than are in memory at once (500): three chunks, the last of which is short; and one that ends with its last row. */
static void means_are_of_any_number_of_exemplars(void **state)
{
    (void)state;
    const char *data = "{set: synthetic, classes: 10, train_rows: 13000, test_rows: 100, shape: [5]}";
    predicts_by_means(bed_on(data, "{capacity: {per_class: 1201}}"), 1201);
    predicts_by_means(bed_on(data, "{capacity: 4000}"), 1000);
}

/* Before the first task is over there are no exemplars, and the network decides. */
static void untrained_the_network_decides(void **state)
{
    (void)state;
    bed *b = bed_open("{capacity: 40}");
    table z = table_open(3, 10, 5, 0);
    pdr_scope *s = enter(b->me, "predict");
    pdr_eval e = {.struct_size = sizeof e, .task = &b->h->task.task, .model = b->h->model, .scope = s};
    e.features = T->full(s, PDR_F32, (const int64_t[]){3, 4}, 2, 1);
    e.logits = T->from(s, PDR_F32, (const int64_t[]){3, 10}, 2, z.at);
    float *scores = scores_of(b, s, &e);
    assert_memory_equal(scores, z.at, 30 * sizeof *scores);
    leave(b->me);
    free(scores);
    free(z.at);
    bed_close(b);
}

/* ---- a class without a row ---- */

/* All rows of the task are of column 1: nothing is ever predicted to be of column 0. */
static void a_class_without_rows_is_nobodys(void **state)
{
    (void)state;
    bed *b = bed_open("{capacity: 40}");
    for (int64_t i = 0; i < b->h->task.task.row_count; i++)
        b->h->labels[i] = 1;
    task_over(b);
    pdr_scope *s = enter(b->me, "predict");
    pdr_eval e = {.struct_size = sizeof e, .task = &b->h->task.task, .model = b->h->model, .scope = s};
    e.features = T->full(s, PDR_F32, (const int64_t[]){1, 4}, 2, -1);
    e.logits = T->full(s, PDR_F32, (const int64_t[]){1, 10}, 2, 0);
    float *scores = scores_of(b, s, &e);
    assert_true(isinf(scores[0]) && scores[0] < 0 && isfinite(scores[1]));
    leave(b->me);
    free(scores);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_task_is_binary_cross_entropy),
        cmocka_unit_test(old_columns_learn_what_the_last_network_says),
        cmocka_unit_test(exemplars_are_herded_and_shrink_by_rank),
        cmocka_unit_test(budgets_of_a_class),
        cmocka_unit_test(prediction_is_the_nearest_mean_of_exemplars),
        cmocka_unit_test(means_are_of_any_number_of_exemplars),
        cmocka_unit_test(untrained_the_network_decides),
        cmocka_unit_test(a_class_without_rows_is_nobodys),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
