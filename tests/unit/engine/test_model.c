/* Models: blocks are views of one buffer, gradients are right, snapshots stand alone. */
#include "fixture.h"

static const int64_t HIDDEN[] = {5, 4};

static void blocks_cover_the_buffer(void **state)
{
    (void)state;
    pdr_model *m = network(HIDDEN, 2, 3, 2);
    const char *names[] = {"hidden.0.weight", "hidden.0.bias", "hidden.1.weight",
                           "hidden.1.bias",   "head.weight",   "head.bias"};
    int64_t at = 0;
    assert_int_equal(E->model->block_count(m), 6);
    for (int64_t i = 0; i < 6; i++) {
        pdr_block b = {.struct_size = sizeof b};
        assert_int_equal(E->model->block(m, i, &b), PDR_OK);
        assert_string_equal(b.name, names[i]);
        assert_int_equal(b.first, at);
        assert_int_equal(b.kind, i < 4 ? (i % 2 ? PDR_BIAS : PDR_WEIGHT) : (i % 2 ? PDR_HEAD_BIAS : PDR_HEAD_WEIGHT));
        assert_int_equal(b.columns, i < 4 ? 0 : 2);
        assert_int_equal(b.count, i % 2 ? b.shape[0] : b.shape[0] * b.shape[1]);
        at += b.count;
    }
    assert_int_equal(at, E->model_size(m));
    assert_int_equal(E->model_size(m), 15 + 5 + 20 + 4 + 8 + 2);
    pdr_block old = {.struct_size = 24, .rank = 77};
    assert_int_equal(E->model->block(m, 2, &old), PDR_OK);
    assert_int_equal(old.rank, 77); /* an older plugin's struct is not written beyond its end */
    assert_int_equal(E->model->block(m, 6, &old), PDR_EINVALID);
    assert_int_equal(E->model->units(m, 1), 4);
    assert_int_equal(E->model->units(m, 2), 0);
    E->model->discard(m);
}

static void forward_by_hand(void **state)
{
    pdr_scope *s = *state;
    const int64_t hidden = 2;
    pdr_model *m = network(&hidden, 1, 2, 2);
    pdr_tensor *x = FLOATS(s, SHAPE(1, 1, 2), 1, 2), *features = NULL;
    T->copy(s, E->model->flat_params(m),
            FLOATS(s, SHAPE(12), 1, 1, -1, -1, 0.5f, 0, 2, 5, 3, 5, 10, 20)); /* W1 b1 W2 b2 */
    EXPECT(s, E->model->forward(s, m, x, PDR_EVAL), 17, 30.5);
    EXPECT(s, E->autograd->forward(s, m, x, &features), 17, 30.5);
    EXPECT(s, features, 3.5, 0);
    EXPECT(s, E->model->features(s, m, x, PDR_EVAL), 3.5, 0);
    assert_null(E->model->forward(s, m, FLOATS(s, SHAPE(1, 3), 1, 2, 3), PDR_EVAL));
    assert_non_null(strstr(E->scope_message(s), "rows of 2"));
    E->model->discard(m);
}

static double loss_of(pdr_scope *s, pdr_model *m, const pdr_tensor *x, const pdr_tensor *y)
{
    double loss = 0;
    T->read(T->mean(s, E->row_loss(s, E->model->forward(s, m, x, PDR_TRAIN), y, NULL), PDR_ALL, 0), PDR_F64, &loss,
            sizeof loss);
    return loss;
}

static void gradient_by_differences(void **state)
{
    pdr_scope *s = *state, *grad = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(HIDDEN, 2, 3, 2);
    pdr_tensor *x = noise(s, 6, 3, 0), *y = LONGS(s, SHAPE(6), 0, 1, 1, -1, 0, 1);
    pdr_tensor *loss = T->mean(grad, E->row_loss(grad, E->autograd->forward(grad, m, x, NULL), y, NULL), PDR_ALL, 0);
    pdr_tensor *again = T->mean(grad, E->row_loss(grad, E->autograd->forward(grad, m, x, NULL), y, NULL), PDR_ALL, 0);
    assert_int_equal(E->autograd->backward(grad, m, loss, false), PDR_OK);
    pdr_tensor *whole = E->model->gradient(grad, m, again);
    EXPECT(s, T->sum(s, T->square(s, T->sub(s, whole, E->model->flat_grads(m))), PDR_ALL, 0), 0);
    float g[54], w[54];
    assert_int_equal(T->read(whole, PDR_F32, g, sizeof g), PDR_OK);
    assert_int_equal(T->read(E->model->flat_params(m), PDR_F32, w, sizeof w), PDR_OK);
    for (int64_t i = 0; i < 54; i++) {
        pdr_tensor *one = T->slice(s, E->model->flat_params(m), 0, i, 1);
        const float h = 5e-3f;
        T->copy(s, one, T->full(s, PDR_F32, NULL, 0, (double)(w[i] + h)));
        double up = loss_of(s, m, x, y);
        T->copy(s, one, T->full(s, PDR_F32, NULL, 0, (double)(w[i] - h)));
        double down = loss_of(s, m, x, y);
        T->copy(s, one, T->full(s, PDR_F32, NULL, 0, (double)w[i]));
        assert_true(fabs((up - down) / (2 * (double)h) - (double)g[i]) < 2e-3);
    }
    T->close(grad);
    E->model->discard(m);
}

static void unreached_parameters_have_no_gradient(void **state)
{
    (void)state;
    pdr_scope *s = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(HIDDEN, 2, 3, 2);
    pdr_tensor *features = E->model->features(s, m, noise(s, 2, 3, 0), PDR_TRAIN);
    pdr_tensor *g = E->model->gradient(s, m, T->sum(s, features, PDR_ALL, 0));
    pdr_scope *none = T->open(NULL, PDR_NO_GRAD);
    EXPECT(none, T->slice(none, g, 0, 44, 10), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    assert_null(E->model->gradient(s, m, features)); /* no scalar */
    assert_int_equal(T->status(s), PDR_EINVALID);
    T->close(none);
    T->close(s);
    E->model->discard(m);
}

static void snapshots_stand_alone(void **state)
{
    pdr_scope *s = *state, *grad = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(HIDDEN, 2, 3, 2), *copy = E->model->snapshot(NULL, m);
    pdr_tensor *x = noise(s, 4, 3, 0), *before = E->model->forward(s, m, x, PDR_EVAL);
    pdr_tensor *w = E->model->flat_params(m);
    T->blend(s, w, 0, w, 2);
    assert_true(distance(E->model->forward(s, copy, x, PDR_EVAL), before) == 0);
    assert_true(distance(E->model->forward(s, m, x, PDR_EVAL), before) > 0.01);
    assert_null(E->model->flat_grads(copy));
    assert_int_equal(
        E->autograd->backward(grad, m, T->sum(grad, E->model->forward(grad, copy, x, PDR_TRAIN), PDR_ALL, 0), false),
        PDR_EINVALID);
    assert_int_equal(E->model->assign(m, copy), PDR_OK);
    assert_true(distance(E->model->forward(s, m, x, PDR_EVAL), before) == 0);
    pdr_model *other = network(NULL, 0, 3, 2);
    assert_int_equal(E->model->assign(other, m), PDR_EINVALID);
    E->model->discard(other);
    E->model->discard(copy);
    E->model->discard(m);
    E->model->discard(NULL);
    T->close(grad);
}

static void first_weights(void **state)
{
    pdr_scope *s = *state;
    const int64_t hidden = 400;
    pdr_model *m = network(&hidden, 1, 784, 10), *same = network(&hidden, 1, 784, 10);
    assert_true(distance(E->model->flat_params(m), E->model->flat_params(same)) == 0);
    pdr_tensor *w = T->slice(s, E->model->flat_params(m), 0, 0, 784 * 400);
    double most = 0, square = 0, bound = 1 / sqrt(784);
    T->read(T->max(s, T->abs(s, w), PDR_ALL, 0), PDR_F64, &most, sizeof most);
    T->read(T->mean(s, T->square(s, w), PDR_ALL, 0), PDR_F64, &square, sizeof square);
    assert_true(most <= bound && most > 0.999 * bound);
    assert_true(fabs(square / (bound * bound / 3) - 1) < 0.01);
    E->model->discard(m);
    E->model->discard(same);
    error e = {0};
    const engine_network bad = {.kind = "mpl", .outputs = 2};
    assert_int_equal(E->model_build(&bad, NULL, &m, &e), EXIT_SCENARIO);
    assert_non_null(strstr(e.text, "\"mpl\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCOPE(blocks_cover_the_buffer), WITH_SCOPE(forward_by_hand),
        WITH_SCOPE(gradient_by_differences), WITH_SCOPE(unreached_parameters_have_no_gradient),
        WITH_SCOPE(snapshots_stand_alone),   WITH_SCOPE(first_weights)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
