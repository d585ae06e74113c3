/* Optimizers and penalties: what autograd says of the same loss, and the state that a checkpoint takes. */
#include "fixture.h"

static pdr_tensor *loss_in(pdr_scope *s, pdr_model *m, int64_t batch)
{
    pdr_tensor *x = noise(s, 8, 3, batch), *y = LONGS(s, SHAPE(8), 0, 1, 0, 1, 1, 0, 1, 0);
    return T->mean(s, E->row_loss(s, E->autograd->forward(s, m, x, NULL), y, NULL), PDR_ALL, 0);
}

static const int64_t HIDDEN = 5;

static void penalties_are_what_autograd_says(void **state)
{
    pdr_scope *none = *state, *s = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(&HIDDEN, 1, 3, 2);
    int64_t size = E->model_size(m), p = size - 7;
    pdr_tensor *w = E->model->flat_params(m), *start = T->clone(none, w),
               *anchor = T->reshape(none, noise(none, 1, p, 5), &p, 1);
    pdr_tensor *importance = T->abs(none, T->reshape(none, noise(none, 1, p, 6), &p, 1));
    const engine_penalty two[] = {{importance, anchor, 3}, {importance, T->full(none, PDR_F32, &p, 1, 0.1), 0.5}};
    /* by autograd: a leaf in the place of the first p parameters */
    pdr_tensor *expected = NULL;
    double value = 0;
    for (int k = 0; k < 2; k++) {
        pdr_tensor *away = T->sub(none, T->slice(none, w, 0, 0, p), two[k].anchor),
                   *pull = T->mul(none, importance, away);
        double one = 0;
        T->read(T->dot(none, pull, away), PDR_F64, &one, sizeof one);
        assert_true(fabs(E->penalty_value(none, m, &two[k]) - 0.5 * two[k].weight * one) < 1e-5);
        value += one;
        pull = T->affine(none, pull, two[k].weight, 0);
        expected = k ? T->add(none, expected, pull) : pull;
    }
    assert_true(value > 0);
    assert_int_equal(E->autograd->backward(s, m, loss_in(s, m, 0), true), PDR_OK);
    pdr_tensor *plain = T->clone(none, E->model->flat_grads(m));
    pdr_tensor *rest = T->slice(none, plain, 0, p, size - p);
    pdr_tensor *want =
        T->cat(none, (pdr_tensor *[]){T->add(none, T->slice(none, plain, 0, 0, p), expected), rest}, 2, 0);
    /* fused into the step */
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    engine_optimizer *o = E->optimizer_open(m, &sgd);
    assert_int_equal(E->optimizer_step(none, o, 1.0, two, 2), PDR_OK);
    assert_true(distance(T->sub(none, start, w), want) < 1e-6);
    /* added to the flat gradient first */
    T->copy(none, w, start);
    assert_int_equal(E->penalty_apply(none, m, two, 2), PDR_OK);
    assert_true(distance(E->model->flat_grads(m), want) < 1e-6);
    assert_int_equal(E->optimizer_step(none, o, 1.0, NULL, 0), PDR_OK); /* and what was done to flat_grads() counts */
    assert_true(distance(T->sub(none, start, w), want) < 1e-6);
    E->optimizer_close(o);
    E->model->discard(m);
    T->close(s);
}

static void edits_of_the_flat_gradient_count(void **state)
{
    pdr_scope *none = *state, *s = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(&HIDDEN, 1, 3, 2);
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    engine_optimizer *o = E->optimizer_open(m, &sgd);
    pdr_tensor *before = T->clone(none, E->model->flat_params(m));
    E->autograd->backward(s, m, loss_in(s, m, 0), true);
    pdr_tensor *g = E->model->flat_grads(m);
    T->blend(none, g, 0, g, 0);
    assert_int_equal(E->optimizer_step(none, o, 1.0, NULL, 0), PDR_OK);
    assert_true(distance(E->model->flat_params(m), before) == 0);
    E->autograd->backward(s, m, loss_in(s, m, 0), false);
    assert_int_equal(E->optimizer_step(none, o, 1.0, NULL, 0), PDR_OK);
    assert_true(distance(E->model->flat_params(m), before) > 0.001);
    E->optimizer_close(o);
    E->model->discard(m);
    T->close(s);
}

/* Two steps, the state copied into another optimizer, three more: the same bits. */
static void state_is_all_there_is(void **state)
{
    pdr_scope *none = *state, *s = T->open(NULL, PDR_GRAD);
    const engine_optimizer_options kinds[] = {{.kind = ENGINE_SGD, .momentum = 0.9},
                                              {.kind = ENGINE_ADAM, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}};
    for (int k = 0; k < 2; k++) {
        pdr_model *a = network(&HIDDEN, 1, 3, 2), *b = network(&HIDDEN, 1, 3, 2);
        engine_optimizer *p = E->optimizer_open(a, &kinds[k]), *q = E->optimizer_open(b, &kinds[k]);
        const char *names[] = {"momentum", "first", "second"};
        for (int64_t i = 0; i < 5; i++) {
            if (i == 2) {
                E->model->assign(b, a);
                for (int n = 0; n < 3; n++)
                    if (E->optimizer_state(p, names[n]))
                        T->copy(none, E->optimizer_state(q, names[n]), E->optimizer_state(p, names[n]));
                *E->optimizer_steps(q) = *E->optimizer_steps(p);
            }
            assert_int_equal(E->autograd->backward(s, a, loss_in(s, a, i), false), PDR_OK);
            assert_int_equal(E->optimizer_step(none, p, 0.1, NULL, 0), PDR_OK);
            if (i < 2)
                continue;
            assert_int_equal(E->autograd->backward(s, b, loss_in(s, b, i), false), PDR_OK);
            assert_int_equal(E->optimizer_step(none, q, 0.1, NULL, 0), PDR_OK);
        }
        assert_true(distance(E->model->flat_params(a), E->model->flat_params(b)) == 0);
        assert_int_equal(*E->optimizer_steps(q), 5);
        assert_true((E->optimizer_state(p, "momentum") != NULL) == (k == 0));
        E->optimizer_close(p);
        E->optimizer_close(q);
        E->model->discard(a);
        E->model->discard(b);
    }
    T->close(s);
}

static double norm_of(const pdr_tensor *t)
{
    double *v = malloc((size_t)T->size(t, PDR_ALL) * sizeof *v), sum = 0;
    assert_int_equal(T->read(t, PDR_F64, v, (uint64_t)T->size(t, PDR_ALL) * sizeof *v), PDR_OK);
    for (int64_t i = 0; i < T->size(t, PDR_ALL); i++)
        sum += v[i] * v[i];
    free(v);
    return sqrt(sum);
}

/* Whether the gradient lies flat or in blocks; with a penalty in it, as rule 15 has it; and what is scaled counts. */
static void a_gradient_can_be_clipped(void **state)
{
    pdr_scope *none = *state, *s = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(&HIDDEN, 1, 3, 2);
    const int64_t size = E->model_size(m);
    const engine_penalty pull = {T->full(none, PDR_F32, &size, 1, 1), T->full(none, PDR_F32, &size, 1, 0.1), 2};
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    engine_optimizer *o = E->optimizer_open(m, &sgd);
    pdr_tensor *w = E->model->flat_params(m), *start = T->clone(none, w);
    for (int i = 0; i < 3; i++) {
        T->copy(none, w, start);
        assert_int_equal(E->autograd->backward(s, m, loss_in(s, m, 0), i == 1), PDR_OK);
        if (i == 2)
            assert_int_equal(E->penalty_apply(none, m, &pull, 1), PDR_OK);
        const double norm = E->gradient_norm(none, m);
        assert_true(E->gradient_finite(none, m));
        assert_int_equal(E->gradient_scale(none, m, 0.5 / norm), PDR_OK);
        assert_true(fabs(E->gradient_norm(none, m) - 0.5) < 1e-6);
        assert_int_equal(E->optimizer_step(none, o, 1.0, NULL, 0), PDR_OK);
        assert_true(fabs(norm_of(T->sub(none, start, w)) - 0.5) < 1e-6);
        pdr_tensor *g = E->model->flat_grads(m);
        assert_true(fabs(norm_of(g) - 0.5) < 1e-6);
        T->copy(none, T->slice(none, g, 0, size - 1, 1), T->full(none, PDR_F32, NULL, 0, i ? NAN : HUGE_VAL));
        assert_false(E->gradient_finite(none, m));
    }
    E->optimizer_close(o);
    E->model->discard(m);
    m = network(&HIDDEN, 1, 3, 2);
    assert_true(isnan(E->gradient_norm(none, m)));
    assert_non_null(strstr(E->scope_message(none), "backward comes first"));
    E->model->discard(m);
    T->close(s);
}

static void refusals(void **state)
{
    pdr_scope *s = *state;
    pdr_model *m = network(&HIDDEN, 1, 3, 2);
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    engine_optimizer *o = E->optimizer_open(m, &sgd);
    assert_int_equal(E->optimizer_step(s, o, 1.0, NULL, 0), PDR_EINVALID);
    assert_non_null(strstr(E->scope_message(s), "backward comes first"));
    E->scope_clear(s, PDR_NO_GRAD);
    const engine_penalty longer = {T->full(s, PDR_F32, SHAPE(1000), 1), T->full(s, PDR_F32, SHAPE(1000), 1), 1};
    E->penalty_value(s, m, &longer);
    assert_int_equal(T->status(s), PDR_EINVALID);
    assert_non_null(strstr(E->scope_message(s), "more parameters than there are"));
    pdr_model *frozen = E->model->snapshot(NULL, m);
    assert_null(E->optimizer_open(frozen, &sgd));
    E->model->discard(frozen);
    E->optimizer_close(o);
    E->optimizer_close(NULL);
    E->model->discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCOPE(penalties_are_what_autograd_says), WITH_SCOPE(edits_of_the_flat_gradient_count),
        WITH_SCOPE(a_gradient_can_be_clipped), WITH_SCOPE(state_is_all_there_is), WITH_SCOPE(refusals)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
