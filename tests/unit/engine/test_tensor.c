/* Every operation of the tensor table against values worked out by hand. */
#include "fixture.h"

static void making(void **state)
{
    pdr_scope *s = *state;
    EXPECT(s, FLOATS(s, SHAPE(2, 2), 1, 2, 3, 4), 1, 2, 3, 4);
    EXPECT(s, T->full(s, PDR_I64, SHAPE(3), 7), 7, 7, 7);
    EXPECT(s, T->full(s, PDR_F32, NULL, 0, 0.5), 0.5);
    EXPECT(s, T->arange(s, 3, 3), 3, 4, 5);
    EXPECT(s, T->cast(s, FLOATS(s, SHAPE(3), 1.9f, -1.9f, 0), PDR_I32), 1, -1, 0);
    EXPECT(s, T->cast(s, FLOATS(s, SHAPE(2), 2, 0), PDR_BOOL), 1, 0);
    const pdr_tensor *m = FLOATS(s, SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
    assert_int_equal(T->rank(m), 2);
    assert_int_equal(T->size(m, 1), 3);
    assert_int_equal(T->size(m, -2), 2);
    assert_int_equal(T->size(m, 2), -1);
    assert_int_equal(T->size(m, PDR_ALL), 6);
    assert_int_equal(T->dtype(m), PDR_F32);
    float few[2];
    assert_int_equal(T->read(m, PDR_F32, few, sizeof few), PDR_EINVALID);
    assert_null(T->full(s, 99, SHAPE(1), 0));
    assert_int_equal(T->status(s), PDR_EINVALID);
}

static void rows_in_and_out(void **state)
{
    pdr_scope *s = *state;
    void *bytes = NULL;
    pdr_tensor *t = E->blank(s, PDR_U8, SHAPE(2), &bytes);
    memcpy(bytes, "\x01\xff", 2);
    EXPECT(s, E->to_device(s, t), 1, 255);
    const float *f = E->bytes(s, T->transpose(s, FLOATS(s, SHAPE(2, 2), 1, 2, 3, 4), 0, 1), PDR_F32);
    assert_true(f[0] == 1 && f[1] == 3 && f[2] == 2 && f[3] == 4);
    assert_ptr_equal(E->bytes(s, t, PDR_U8), bytes);
    assert_null(E->bytes(s, NULL, PDR_F32));
}

static void maps(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(3), -1, 0, 4);
    EXPECT(s, T->exp(s, a), exp(-1), 1, exp(4));
    EXPECT(s, T->log(s, FLOATS(s, SHAPE(2), 1, 0)), 0, -INFINITY);
    EXPECT(s, T->sqrt(s, FLOATS(s, SHAPE(2), 4, 9)), 2, 3);
    EXPECT(s, T->square(s, a), 1, 0, 16);
    EXPECT(s, T->abs(s, a), 1, 0, 4);
    EXPECT(s, T->sigmoid(s, FLOATS(s, SHAPE(2), 0, 2)), 0.5, 1 / (1 + exp(-2)));
    EXPECT(s, T->nonzero(s, a), 0, 2);
    assert_int_equal(T->rank(T->nonzero(s, a)), 1);
    EXPECT(s, T->affine(s, a, 2, 1), -1, 1, 9);
    EXPECT(s, T->affine(s, LONGS(s, SHAPE(2), 1, 2), 1, -3), -2, -1);
    assert_int_equal(T->dtype(T->affine(s, LONGS(s, SHAPE(1), 1), 2, 1)), PDR_I64);
    EXPECT(s, T->clamp(s, a, -0.5, 2), -0.5, 0, 2);
    EXPECT(s, T->clamp(s, LONGS(s, SHAPE(2), -1, 5), 0, HUGE_VAL), 0, 5);
    pdr_tensor *copy = T->clone(s, a), *same = T->detach(s, a), *leaf = T->leaf(s, a);
    T->scale(s, a, FLOATS(s, SHAPE(1), 2));
    EXPECT(s, copy, -1, 0, 4);
    EXPECT(s, same, -2, 0, 8);
    EXPECT(s, leaf, -1, 0, 4);
}

static void zips(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2, 2), 1, 2, 3, 4), *row = FLOATS(s, SHAPE(2), 10, 3),
               *i = LONGS(s, SHAPE(2), 1, 2);
    EXPECT(s, T->add(s, a, row), 11, 5, 13, 7);
    EXPECT(s, T->sub(s, a, row), -9, -1, -7, 1);
    EXPECT(s, T->mul(s, a, row), 10, 6, 30, 12);
    EXPECT(s, T->div(s, i, LONGS(s, SHAPE(1), 2)), 0.5, 1);
    EXPECT(s, T->maximum(s, a, row), 10, 3, 10, 4);
    EXPECT(s, T->equal(s, a, T->transpose(s, a, 0, 1)), 1, 0, 0, 1);
    EXPECT(s, T->less(s, a, row), 1, 1, 1, 0);
    assert_int_equal(T->dtype(T->less(s, a, row)), PDR_BOOL);
    EXPECT(s, T->matmul(s, a, a), 7, 10, 15, 22);
    EXPECT(s, T->matmul(s, a, row), 16, 42);
    EXPECT(s, T->dot(s, row, row), 109);
    EXPECT(s, T->where(s, T->less(s, a, row), a, T->full(s, PDR_F32, NULL, 0, 0)), 1, 2, 3, 0);
}

static void folds(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2, 3), 1, 5, 3, 4, 2, 6);
    EXPECT(s, T->sum(s, a, PDR_ALL, 0), 21);
    EXPECT(s, T->sum(s, a, 0, 0), 5, 7, 9);
    EXPECT(s, T->mean(s, a, 1, 1), 3, 4);
    assert_int_equal(T->rank(T->mean(s, a, 1, 1)), 2);
    assert_int_equal(T->rank(T->sum(s, a, PDR_ALL, 1)), 2);
    EXPECT(s, T->mean(s, T->equal(s, a, a), PDR_ALL, 0), 1);
    EXPECT(s, T->max(s, a, PDR_ALL, 0), 6);
    EXPECT(s, T->max(s, a, 1, 0), 5, 6);
    EXPECT(s, T->argmax(s, a, 1, 0), 1, 2);
    EXPECT(s, T->argmax(s, a, PDR_ALL, 0), 5);
    pdr_tensor *z = FLOATS(s, SHAPE(1, 2), 0, (float)log(3));
    EXPECT(s, T->softmax(s, z, 1, 0), 0.25, 0.75);
    EXPECT(s, T->log_softmax(s, z, 1, 0), log(0.25), log(0.75));
    EXPECT(s, T->softmax(s, z, PDR_ALL, 0), 0.25, 0.75);
    assert_int_equal(T->rank(T->softmax(s, z, PDR_ALL, 0)), 2);
}

static void shapes(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), *index = LONGS(s, SHAPE(2), 2, 0), *places = NULL;
    assert_int_equal(T->size(T->reshape(s, a, SHAPE(3, -1)), 1), 2);
    EXPECT(s, T->transpose(s, a, 0, 1), 1, 4, 2, 5, 3, 6);
    EXPECT(s, T->slice(s, a, 1, 1, 2), 2, 3, 5, 6);
    EXPECT(s, T->pick(s, a, 1, index), 3, 1, 6, 4);
    EXPECT(s, T->gather(s, a, 1, LONGS(s, SHAPE(2, 1), 2, 0)), 3, 4);
    EXPECT(s, T->cat(s, (pdr_tensor *[]){a, a}, 2, 1), 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6);
    EXPECT(s, T->one_hot(s, LONGS(s, SHAPE(3), 1, -1, 0), 2), 0, 1, 0, 0, 1, 0);
    EXPECT(s, T->top(s, FLOATS(s, SHAPE(4), 3, 9, 1, 5), 2, 0, 1, &places), 9, 5);
    EXPECT(s, places, 1, 3);
    EXPECT(s, T->top(s, FLOATS(s, SHAPE(3), 3, 9, 1), 3, 0, 0, NULL), 1, 3, 9);
}

static void refusals(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2), 1, 2);
#define REFUSED(call)                                 \
    do {                                              \
        assert_null(call);                            \
        assert_int_equal(T->status(s), PDR_EINVALID); \
        E->scope_clear(s, PDR_NO_GRAD);               \
        a = FLOATS(s, SHAPE(2), 1, 2);                \
    } while (0)
    REFUSED(T->slice(s, a, 0, 1, 2));
    REFUSED(T->cat(s, NULL, 0, 0));
    REFUSED(T->cat(s, (pdr_tensor *[]){a, NULL}, 2, 0));
    REFUSED(T->top(s, a, 3, 0, 1, NULL));
    REFUSED(T->pick(s, a, 0, a));
}

static void losses(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *z = FLOATS(s, SHAPE(2, 2), 0, (float)log(3), 1, 1), *y = LONGS(s, SHAPE(2), 1, -1);
    EXPECT(s, T->cross_entropy(s, z, y), -log(0.75), 0);
    EXPECT(s, T->bce(s, FLOATS(s, SHAPE(2), 0, 2), FLOATS(s, SHAPE(2), 1, 0.25f)), log(2), log(1 + exp(2)) - 0.5);
    /* T = 2: softmax(teacher / 2) = (1/4, 3/4); log softmax(z / 2) of three equal columns = -log 3. */
    pdr_tensor *teacher = FLOATS(s, SHAPE(1, 2), 0, (float)(2 * log(3))), *three = FLOATS(s, SHAPE(1, 3), 1, 1, 1);
    EXPECT(s, T->distill(s, three, teacher, 2), 4 * log(3));
    pdr_tensor *uneven = FLOATS(s, SHAPE(1, 3), 0, 2, 4);
    double sum = 1 + exp(1) + exp(2);
    EXPECT(s, T->distill(s, uneven, teacher, 2), -4 * (0.25 * log(1 / sum) + 0.75 * log(exp(1) / sum)));
}

static void writing(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(3), 1, 2, 3), *b = FLOATS(s, SHAPE(3), 10, 20, 30);
    assert_int_equal(T->blend(s, a, 0.5, b, 0.1), PDR_OK);
    EXPECT(s, a, 1.5, 3, 4.5);
    assert_int_equal(T->scale(s, a, FLOATS(s, SHAPE(1), 2)), PDR_OK);
    EXPECT(s, a, 3, 6, 9);
    assert_int_equal(T->add_product(s, a, b, b, 0.01), PDR_OK);
    EXPECT(s, a, 4, 10, 18);
    assert_int_equal(T->place(s, a, LONGS(s, SHAPE(2), 2, 0), FLOATS(s, SHAPE(2), -1, -2)), PDR_OK);
    EXPECT(s, a, -2, 10, -1);
    assert_int_equal(T->copy(s, a, LONGS(s, SHAPE(1), 5)), PDR_OK);
    EXPECT(s, a, 5, 5, 5);
    pdr_scope *grad = T->open(NULL, PDR_GRAD); /* never recorded, so a leaf may be written */
    assert_int_equal(T->blend(grad, T->leaf(grad, a), 2, b, 1), PDR_OK);
    T->close(grad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_SCOPE(making),   WITH_SCOPE(rows_in_and_out), WITH_SCOPE(maps),
                                       WITH_SCOPE(zips),     WITH_SCOPE(folds),           WITH_SCOPE(shapes),
                                       WITH_SCOPE(refusals), WITH_SCOPE(losses),          WITH_SCOPE(writing)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
