/* The Fisher information of every mode against a loop over single rows with the engine's own gradient(). */
#include "fixture.h"

enum { ROWS = 7, COLUMNS = 4 };

static pdr_model *built(const engine_network *n)
{
    random_stream r = random_open(1, "weights", "", 0);
    error e = {0};
    pdr_model *m = NULL;
    if (E->model_build(n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

/* ---- the judge ---- */

typedef struct judged {
    pdr_model *m;
    const engine_mask *mask;
    engine_fisher_mode mode;
    random_stream r;
    double *sum; /* [P] */
} judged;

static void add_grown(judged *j, pdr_scope *s, const pdr_tensor *loss, double weight)
{
    const int64_t size = E->model_size(j->m);
    float *g = malloc((size_t)size * sizeof *g);
    pdr_tensor *flat = E->model->gradient(s, j->m, loss);
    if (!flat || T->read(flat, PDR_F32, g, (uint64_t)size * sizeof *g))
        fail_msg("%s", E->scope_message(s));
    for (int64_t i = 0; i < size; i++)
        j->sum[i] += weight * (j->mode == ENGINE_FISHER_MAS ? fabs((double)g[i]) : (double)g[i] * (double)g[i]);
    free(g);
}

static pdr_tensor *loss_of(judged *j, pdr_scope *s, const pdr_tensor *x, int64_t label)
{
    E->scope_clear(s, PDR_GRAD);
    return E->row_loss(s, E->model->forward(s, j->m, x, PDR_EVAL), LONGS(s, SHAPE(1), label), j->mask);
}

static bool competes(const judged *j, int64_t label, int64_t c)
{
    if (!j->mask)
        return true;
    int64_t first = j->mask->first_of ? j->mask->first_of[label] : j->mask->first;
    int64_t count = j->mask->first_of ? j->mask->count_of[label] : j->mask->count;
    return c >= first && c < first + count;
}

/* Of row x [1, ...] with this label: the probabilities, 0 where a column does not compete. */
static void probabilities(judged *j, pdr_scope *s, const pdr_tensor *x, int64_t label, double p[COLUMNS])
{
    double z[COLUMNS], sum = 0;
    E->scope_clear(s, PDR_NO_GRAD);
    assert_int_equal(T->read(E->model->forward(s, j->m, x, PDR_EVAL), PDR_F64, z, sizeof z), PDR_OK);
    for (int c = 0; c < COLUMNS; c++)
        sum += p[c] = competes(j, label, c) ? exp(z[c]) : 0;
    for (int c = 0; c < COLUMNS; c++)
        p[c] /= sum;
}

static void judge_row(judged *j, pdr_scope *s, const pdr_tensor *x, int64_t label)
{
    double p[COLUMNS];
    probabilities(j, s, x, label, p);
    if (j->mode == ENGINE_FISHER_EMPIRICAL)
        add_grown(j, s, loss_of(j, s, x, label), 1);
    for (int c = 0; j->mode == ENGINE_FISHER_EXACT && c < COLUMNS; c++) {
        const engine_mask whole = {.count = COLUMNS, .columns = COLUMNS}, *mask = j->mask;
        const engine_mask run = {.first = mask && mask->first_of ? mask->first_of[label] : 0,
                                 .count = mask && mask->first_of ? mask->count_of[label] : 0,
                                 .columns = COLUMNS};
        j->mask = mask && mask->first_of ? &run : mask ? mask : &whole; /* by the row's own label, whichever c is */
        if (p[c] > 0)
            add_grown(j, s, loss_of(j, s, x, c), p[c]);
        j->mask = mask;
    }
    if (j->mode == ENGINE_FISHER_SAMPLE) {
        double left = random_unit(&j->r);
        int c = 0;
        while (c < COLUMNS - 1 && (left -= p[c]) >= 0)
            c++;
        add_grown(j, s, loss_of(j, s, x, c), 1);
    }
    if (j->mode == ENGINE_FISHER_MAS) {
        E->scope_clear(s, PDR_GRAD);
        pdr_tensor *z = E->model->forward(s, j->m, x, PDR_EVAL), *sum = NULL;
        for (int c = 0; c < COLUMNS; c++)
            if (competes(j, label, c)) {
                pdr_tensor *one = T->sum(s, T->square(s, T->slice(s, z, 1, c, 1)), PDR_ALL, 0);
                sum = sum ? T->add(s, sum, one) : one;
            }
        add_grown(j, s, sum, 1);
    }
}

static void judge_batch(judged *j, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *y)
{
    E->scope_clear(s, PDR_GRAD);
    pdr_tensor *loss = T->mean(s, E->row_loss(s, E->model->forward(s, j->m, x, PDR_EVAL), y, j->mask), PDR_ALL, 0);
    add_grown(j, s, loss, (double)T->size(x, 0));
}

static double error_of(pdr_scope *s, const pdr_tensor *got, const double *want, int64_t size)
{
    double up = 0, down = 0, *f = malloc((size_t)size * sizeof *f);
    if (!got || T->read(got, PDR_F64, f, (uint64_t)size * sizeof *f))
        fail_msg("%s", E->scope_message(s));
    for (int64_t i = 0; i < size; i++) {
        up += (f[i] - want[i]) * (f[i] - want[i]);
        down += want[i] * want[i];
    }
    free(f);
    return sqrt(up / down);
}

/* ---- networks and masks ---- */

static void compare(pdr_model *m, int64_t inputs, const engine_mask *mask, engine_fisher_mode mode)
{
    static const int64_t label[ROWS] = {2, 3, 3, 2, 2, 3, 2};
    pdr_scope *s = T->open(NULL, PDR_NO_GRAD), *turn = T->open(NULL, PDR_GRAD);
    const int64_t size = E->model_size(m), rows = ROWS;
    pdr_tensor *x = noise(s, ROWS, inputs, 3), *y = T->from(s, PDR_I64, &rows, 1, label);
    judged j = {m, mask, mode, random_open(5, "fisher", "", 0), calloc((size_t)size, sizeof(double))};
    for (int64_t i = 0; i < ROWS && mode != ENGINE_FISHER_BATCHED; i++)
        judge_row(&j, turn, T->slice(s, x, 0, i, 1), label[i]);
    if (mode == ENGINE_FISHER_BATCHED)
        judge_batch(&j, turn, x, y);
    random_stream r = random_open(5, "fisher", "", 0);
    pdr_tensor *into = T->full(s, PDR_F32, &size, 1, 0);
    if (E->fisher(s, m, x, y, mask, mode, &r, into))
        fail_msg("%s", E->scope_message(s));
    double far = error_of(s, into, j.sum, size);
    if (far > 1e-5)
        fail_msg("mode %d: %g", (int)mode, far);
    pdr_model *frozen = E->model->snapshot(NULL, m); /* of a snapshot, added to what is there: twice as much */
    random_seek(&r, 0);
    assert_int_equal(E->fisher(s, frozen, x, y, mask, mode, &r, into), PDR_OK);
    for (int64_t i = 0; i < size; i++)
        j.sum[i] *= 2;
    assert_true(error_of(s, into, j.sum, size) < 1e-5);
    E->model->discard(frozen);
    free(j.sum);
    T->close(turn);
    T->close(s);
}

static void every_mode(pdr_model *m, int64_t inputs)
{
    static const int64_t first[] = {0, 0, 2, 2}, count[] = {2, 2, 2, 2};
    const engine_mask run = {.first = 1, .count = 3, .columns = COLUMNS};
    const engine_mask tasks = {.first_of = first, .count_of = count, .columns = COLUMNS};
    const engine_mask *masks[] = {NULL, &run, &tasks};
    for (int k = 0; k < 3; k++)
        for (int mode = ENGINE_FISHER_EXACT; mode <= ENGINE_FISHER_MAS; mode++)
            compare(m, inputs, masks[k], (engine_fisher_mode)mode);
    E->model->discard(m);
}

static void of_mlp(void **state)
{
    (void)state;
    const int64_t hidden[] = {6, 5};
    every_mode(network(hidden, 2, 9, COLUMNS), 9);
    every_mode(network(NULL, 0, 9, COLUMNS), 9); /* a head alone */
}

static void of_convolutions(void **state)
{
    (void)state;
    const int64_t channels[] = {3, 4}, shape[] = {2, 6, 5}, hidden = 5;
    const engine_layer list[] = {{.kind = ENGINE_CONV, .size = 3, .kernel = 3, .stride = 2, .padding = 1},
                                 {.kind = ENGINE_AVERAGE_POOL},
                                 {.kind = ENGINE_DROPOUT, .rate = 0.5},
                                 {.kind = ENGINE_LINEAR, .size = 5},
                                 {.kind = ENGINE_BATCH_NORM},
                                 {.kind = ENGINE_TANH}};
    const engine_network networks[] = {{.kind = "cnn",
                                        .channels = channels,
                                        .channel_count = 2,
                                        .batch_norm = true,
                                        .hidden = &hidden,
                                        .hidden_count = 1},
                                       {.kind = "layers", .layers = list, .layer_count = 6},
                                       {.kind = "resnet18", .width = 2},
                                       {.kind = "resnet32", .width = 2}};
    for (int i = 0; i < 4; i++) {
        engine_network n = networks[i];
        n.shape = shape;
        n.rank = 3;
        n.outputs = COLUMNS;
        pdr_model *m = built(&n);
        pdr_scope *s = T->open(NULL, PDR_NO_GRAD);
        E->model->forward(s, m, noise(s, 20, 60, 8), PDR_TRAIN); /* running means that are not 0 and 1 */
        T->close(s);
        every_mode(m, 60);
    }
}

static void of_heads_that_grew(void **state)
{
    (void)state;
    const int64_t hidden = 5, inputs = 9;
    const engine_network n = {
        .kind = "mlp", .hidden = &hidden, .hidden_count = 1, .shape = &inputs, .rank = 1, .outputs = 1, .grows = true};
    pdr_model *m = built(&n);
    random_stream r = random_open(1, "weights", "head", 1);
    assert_int_equal(E->model_grow(m, 3, &r, NULL), 0);
    every_mode(m, inputs);
}

/* More rows than a chunk takes: the sum of parts. Unlabelled rows give nothing. */
static void chunks_add_up(void **state)
{
    pdr_scope *s = *state;
    const int64_t hidden = 5, rows = 2500;
    pdr_model *m = network(&hidden, 1, 9, COLUMNS);
    const int64_t size = E->model_size(m);
    pdr_tensor *x = noise(s, rows, 9, 1), *y = T->full(s, PDR_I64, &rows, 1, 2);
    pdr_tensor *whole = T->full(s, PDR_F32, &size, 1, 0), *parts = T->clone(s, whole), *none = T->clone(s, whole);
    T->copy(s, T->slice(s, y, 0, 1500, 1000), T->full(s, PDR_I64, NULL, 0, -1));
    assert_int_equal(E->fisher(s, m, x, y, NULL, ENGINE_FISHER_EMPIRICAL, NULL, whole), PDR_OK);
    for (int64_t i = 0; i < rows; i += 500)
        E->fisher(s, m, T->slice(s, x, 0, i, 500), T->slice(s, y, 0, i, 500), NULL, ENGINE_FISHER_EMPIRICAL, NULL,
                  i < 1500 ? parts : none);
    assert_int_equal(T->status(s), PDR_OK);
    assert_true(distance(whole, parts) < 1e-6);
    double most = 1;
    T->read(T->max(s, none, PDR_ALL, 0), PDR_F64, &most, sizeof most);
    assert_true(most == 0);
    E->model->discard(m);
}

static void refusals(void **state)
{
    pdr_scope *s = *state;
    const int64_t hidden = 5, size = 3;
    pdr_model *m = network(&hidden, 1, 9, COLUMNS);
    const int64_t all = E->model_size(m);
    const engine_mask beyond = {.first = 2, .count = 3, .columns = COLUMNS};
    const struct {
        const engine_mask *mask;
        engine_fisher_mode mode;
        int64_t size;
        const char *words;
    } cases[] = {{NULL, ENGINE_FISHER_EXACT, size, "of the parameters' length"},
                 {NULL, ENGINE_FISHER_EMPIRICAL, all, "needs a label for each row"},
                 {NULL, ENGINE_FISHER_SAMPLE, all, "needs a stream"},
                 {&beyond, ENGINE_FISHER_MAS, all, "columns compete that the network does not have"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        E->scope_clear(s, PDR_NO_GRAD);
        assert_int_equal(E->fisher(s, m, noise(s, 3, 9, 0), NULL, cases[i].mask, cases[i].mode, NULL,
                                   T->full(s, PDR_F32, &cases[i].size, 1, 0)),
                         PDR_EINVALID);
        assert_non_null(strstr(E->scope_message(s), cases[i].words));
    }
    E->scope_clear(s, PDR_NO_GRAD);
    assert_int_equal(
        E->fisher(s, m, noise(s, 3, 8, 0), NULL, NULL, ENGINE_FISHER_EXACT, NULL, T->full(s, PDR_F32, &all, 1, 0)),
        PDR_EINVALID);
    assert_non_null(strstr(E->scope_message(s), "rows of 9"));
    E->model->discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_mlp), cmocka_unit_test(of_convolutions),
                                       cmocka_unit_test(of_heads_that_grew), WITH_SCOPE(chunks_add_up),
                                       WITH_SCOPE(refusals)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
