/* A step between the hooks against numbers worked out by hand: forward, loss, gradient and update of a 2-2-2 network, and
 * rule 14 of <perdure/plugin.h> for rows and terms together. */
#include "fixture.h"

enum { P = 12 }; /* hidden [2, 2] and [2], head [2, 2] and [2] */

static const float start[P] = {0.5f, -0.25f, 0.75f, 1, 0.125f, -0.5f, 1, -1, 0.5f, 0.25f, 0, 0.0625f};

/* domain-il: two columns, and all of them compete in every row. */
static bench *two_two_two(void)
{
    static const int64_t hidden = 2;
    bench *b = bench_open(tiny_plan(TWO_TASKS "domain-il", ONE_METHOD), 0, 0);
    cell *c = &b->c;
    error e = {0};
    const engine_network network = {.kind = "mlp",
                                    .hidden = &hidden,
                                    .hidden_count = 1,
                                    .shape = b->data->shape,
                                    .rank = b->data->rank,
                                    .outputs = c->stream->columns};
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    random_stream r = random_open(0, "weights", "", 0);
    assert_int_equal(c->engine->model_build(&network, &r, &c->session.model, &e), 0);
    assert_int_equal(c->engine->model_size(c->session.model), P);
    c->optimizer = c->engine->optimizer_open(c->session.model, &sgd);
    return b;
}

static void weights_set(bench *b, const float *w)
{
    const pdr_tensor_api *t = b->c.engine->tensor;
    pdr_scope *s = t->open(NULL, PDR_NO_GRAD);
    const int64_t size = P;
    t->copy(s, b->c.engine->model->flat_params(b->c.session.model), t->from(s, PDR_F32, &size, 1, w));
    assert_int_equal(t->close(s), PDR_OK);
}

/* A step with these fresh rows, as batch_take leaves it. */
static void step_of(bench *b, int64_t n, const float *x, const int64_t *y)
{
    host_step *h = &b->c.step;
    const pdr_tensor_api *t = b->c.engine->tensor;
    const int64_t shape[] = {n, 2};
    b->c.engine->scope_clear(h->scope, PDR_GRAD);
    h->step = (pdr_step){.struct_size = sizeof h->step, .task = &b->c.stages[0].task.task, .fresh = n, .lr = 0.5};
    h->step.x = t->from(h->scope, PDR_F32, shape, 2, x);
    h->step.y = t->from(h->scope, PDR_I64, &n, 1, y);
    h->rows = n;
    b->c.session.step = 1;
    h->part_count = h->term_count = h->penalty_count = 0;
}

static void part_add(bench *b, int64_t n, const float *x, const int64_t *y, pdr_blend blend, double weight)
{
    host_step *h = &b->c.step;
    const int64_t shape[] = {n, 2};
    host_part *part = &h->parts[h->part_count++];
    *part = (host_part){.first = h->rows, .count = n, .blend = blend, .weight = weight};
    part->x = b->c.engine->tensor->from(h->scope, PDR_F32, shape, 2, x);
    part->y = b->c.engine->tensor->from(h->scope, PDR_I64, &n, 1, y);
    for (int64_t i = 0; i < n; i++)
        part->labelled += y[i] >= 0;
    h->rows += n;
}

/* d loss / d w by hand, of one row. */
static double row_by_hand(const float *w, const float *x, int64_t y, double g[P])
{
    double in[2], a[2], z[2], d[2];
    memset(g, 0, P * sizeof *g);
    for (int i = 0; i < 2; i++) {
        in[i] = (double)w[2 * i] * x[0] + (double)w[2 * i + 1] * x[1] + w[4 + i];
        a[i] = in[i] > 0 ? in[i] : 0;
    }
    for (int k = 0; k < 2; k++)
        z[k] = w[6 + 2 * k] * a[0] + w[7 + 2 * k] * a[1] + w[10 + k];
    double sum = exp(z[0]) + exp(z[1]);
    for (int k = 0; k < 2; k++) {
        d[k] = exp(z[k]) / sum - (k == y);
        g[10 + k] = d[k];
        for (int i = 0; i < 2; i++)
            g[6 + 2 * k + i] = d[k] * a[i];
    }
    for (int i = 0; i < 2; i++) {
        double back = in[i] > 0 ? d[0] * w[6 + i] + d[1] * w[8 + i] : 0;
        g[4 + i] = back;
        g[2 * i] = back * x[0];
        g[2 * i + 1] = back * x[1];
    }
    return log(sum) - z[y];
}

static void floats_near(const pdr_tensor_api *t, const pdr_tensor *found, const double *want, int n)
{
    double got[P];
    assert_int_equal(t->read(found, PDR_F64, got, (uint64_t)n * sizeof *got), PDR_OK);
    for (int i = 0; i < n; i++)
        if (fabs(got[i] - want[i]) > 1e-6)
            fail_msg("value %d is %.9g; expected %.9g", i, got[i], want[i]);
}

static const float rows[] = {1, 2, -1, 0.5f, 0.25f, -3};
static const int64_t labels[] = {0, 1, 0};

static void an_sgd_step_is_that_by_hand(void **state)
{
    (void)state;
    bench *b = two_two_two();
    cell *c = &b->c;
    error e = {0};
    double g[2][P], want[P], loss = 0;
    weights_set(b, start);
    step_of(b, 2, rows, labels);
    assert_int_equal(step_assemble(c, &e) || step_forward(c, &e) || step_loss(c, &e) || step_backward(c, &e) ||
                         step_penalties(c, &e) || step_update(c, &e),
                     0);
    for (int i = 0; i < 2; i++)
        loss += row_by_hand(start, rows + 2 * i, labels[i], g[i]) / 2;
    for (int i = 0; i < P; i++)
        want[i] = start[i] - 0.5 * (g[0][i] + g[1][i]) / 2;
    floats_near(c->engine->tensor, c->step.step.loss, &loss, 1);
    floats_near(c->engine->tensor, c->engine->model->flat_params(c->session.model), want, P);
    bench_close(b);
}

/* The gradient of two fresh rows, one row of a part, and a constant SHARE term of weight 3 (0: none). */
static void blended(pdr_blend blend, double weight, double term, double fresh_factor, double part_factor)
{
    bench *b = two_two_two();
    cell *c = &b->c;
    const pdr_tensor_api *t = c->engine->tensor;
    error e = {0};
    double g[3][P], want[P];
    weights_set(b, start);
    step_of(b, 2, rows, labels);
    part_add(b, 1, rows + 4, labels + 2, blend, weight);
    assert_int_equal(step_assemble(c, &e) || step_forward(c, &e) || step_loss(c, &e), 0);
    if (term > 0)
        c->step.terms[c->step.term_count++] =
            (host_term){NULL, t->full(c->step.scope, PDR_F32, NULL, 0, 5), PDR_SHARE, term};
    assert_int_equal(step_backward(c, &e), 0);
    for (int i = 0; i < 3; i++)
        row_by_hand(start, rows + 2 * i, labels[i], g[i]);
    for (int i = 0; i < P; i++)
        want[i] = fresh_factor * (g[0][i] + g[1][i]) / 2 + part_factor * g[2][i];
    floats_near(t, c->engine->model->flat_grads(c->session.model), want, P);
    bench_close(b);
}

static void rows_and_terms_blend_by_rule_14(void **state)
{
    (void)state;
    blended(PDR_JOIN, 9, 0, 2.0 / 3, 1.0 / 3);
    blended(PDR_SHARE, 2, 0, 1.0 / 3, 2.0 / 3);
    blended(PDR_ADD, 0.5, 0, 1, 0.5);
    blended(PDR_ADD, -0.5, 0, 1, -0.5);
    blended(PDR_JOIN, 9, 3, 2.0 / 3 / 4, 1.0 / 3 / 4);
    blended(PDR_SHARE, 2, 3, 1.0 / 6, 2.0 / 6);
    blended(PDR_ADD, 0.5, 3, 1.0 / 4, 0.5); /* what is added is no share: a term does not thin it */
}

static void unlabelled_rows_count_nothing(void **state)
{
    (void)state;
    bench *b = two_two_two();
    cell *c = &b->c;
    const pdr_tensor_api *t = c->engine->tensor;
    const int64_t none = -1;
    error e = {0};
    double g[2][P], want[P], row_loss[3] = {0};
    weights_set(b, start);
    step_of(b, 2, rows, labels);
    part_add(b, 1, rows + 4, &none, PDR_SHARE, 3);
    assert_int_equal(step_assemble(c, &e) || step_forward(c, &e) || step_loss(c, &e) || step_backward(c, &e), 0);
    for (int i = 0; i < 2; i++)
        row_loss[i] = row_by_hand(start, rows + 2 * i, labels[i], g[i]);
    for (int i = 0; i < P; i++)
        want[i] = (g[0][i] + g[1][i]) / 2;
    floats_near(t, c->step.step.row_loss, row_loss, 3);
    floats_near(t, c->engine->model->flat_grads(c->session.model), want, P);
    bench_close(b);
}

/* A term of weight 0 is there for the log; its value may be anything. */
static void a_term_of_weight_0_adds_nothing(void **state)
{
    (void)state;
    bench *b = two_two_two();
    cell *c = &b->c;
    const pdr_tensor_api *t = c->engine->tensor;
    error e = {0};
    double g[2][P], want[P];
    weights_set(b, start);
    step_of(b, 2, rows, labels);
    assert_int_equal(step_forward(c, &e) || step_loss(c, &e), 0);
    pdr_tensor *infinite = t->affine(c->step.scope, c->step.step.loss, HUGE_VAL, 0);
    c->step.terms[c->step.term_count++] = (host_term){NULL, infinite, PDR_ADD, 0};
    assert_int_equal(step_backward(c, &e), 0);
    for (int i = 0; i < 2; i++)
        row_by_hand(start, rows + 2 * i, labels[i], g[i]);
    for (int i = 0; i < P; i++)
        want[i] = (g[0][i] + g[1][i]) / 2;
    floats_near(t, c->engine->model->flat_grads(c->session.model), want, P);
    bench_close(b);
}

static void a_label_beyond_the_columns_stops_the_step(void **state)
{
    (void)state;
    bench *b = two_two_two();
    const int64_t wrong[] = {0, 7};
    error e = {0};
    weights_set(b, start);
    step_of(b, 2, rows, wrong);
    assert_int_equal(step_forward(&b->c, &e), 0);
    assert_int_equal(step_loss(&b->c, &e), EXIT_FAILED);
    assert_non_null(strstr(e.text, "task 1, step 1: the loss failed: "));
    bench_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_sgd_step_is_that_by_hand),
        cmocka_unit_test(rows_and_terms_blend_by_rule_14),
        cmocka_unit_test(unlabelled_rows_count_nothing),
        cmocka_unit_test(a_term_of_weight_0_adds_nothing),
        cmocka_unit_test(a_label_beyond_the_columns_stops_the_step),
    };
    return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
