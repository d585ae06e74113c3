/* Scopes and handles: who owns what, what an error does, and what of a mistake is caught. */
#include "fixture.h"

static void first_error_stays(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2), 1, 2), *b = FLOATS(s, SHAPE(3), 1, 2, 3);
    assert_null(T->add(s, a, b));
    assert_int_equal(T->status(s), PDR_EENGINE);
    char words[256];
    snprintf(words, sizeof words, "%s", E->scope_message(s));
    assert_non_null(strstr(words, "add: The size of tensor a (2) must match"));
    assert_null(strchr(words, '\n'));
    assert_null(T->slice(s, b, 0, 2, 5));
    E->scope_fail(s, PDR_EIO, "later");
    assert_string_equal(E->scope_message(s), words);
    assert_int_equal(T->status(s), PDR_EENGINE);
    assert_null(T->exp(s, a)); /* nothing runs any more */
    E->scope_clear(s, PDR_NO_GRAD);
    assert_int_equal(T->status(s), PDR_OK);
}

static void null_gives_null(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(2), 1, 2);
    assert_null(T->add(s, NULL, a));
    assert_null(T->exp(s, T->mul(s, a, NULL)));
    assert_null(T->keep(NULL, NULL));
    assert_int_equal(T->status(s), PDR_OK); /* an optional NULL is no failure */
    assert_int_equal(T->read(NULL, PDR_F32, &(float){0}, 4), PDR_EINVALID);
    assert_int_equal(T->rank(NULL), -1);
    assert_int_equal(T->size(NULL, 0), -1);
    assert_int_equal(T->dtype(NULL), 0);
    assert_int_equal(T->close(NULL), PDR_OK);
    assert_int_equal(T->status(NULL), PDR_EINVALID);
    T->release(NULL);
}

static void modes_are_of_the_scope(void **state)
{
    pdr_scope *none = *state, *grad = T->open(NULL, PDR_GRAD), *inference = T->open(NULL, ENGINE_INFERENCE);
    pdr_tensor *w = T->leaf(none, FLOATS(none, SHAPE(2), 1, 2));
    pdr_tensor *recorded = T->sum(grad, T->square(grad, w), PDR_ALL, 0), *plain = T->square(none, w);
    pdr_tensor *read = T->square(inference, w);
    EXPECT(inference, read, 1, 4);
    EXPECT(none, plain, 1, 4);
    EXPECT(grad, recorded, 5);
    pdr_model *m = network(NULL, 0, 2, 2);
    pdr_tensor *x = FLOATS(none, SHAPE(1, 2), 1, 2);
    assert_int_equal(
        E->autograd->backward(none, m, T->sum(none, E->model->forward(none, m, x, PDR_TRAIN), PDR_ALL, 0), false),
        PDR_EINVALID); /* no graph */
    E->scope_clear(grad, PDR_GRAD);
    assert_int_equal(
        E->autograd->backward(grad, m, T->sum(grad, E->model->forward(grad, m, x, PDR_TRAIN), PDR_ALL, 0), false),
        PDR_OK);
    pdr_tensor *kept = T->keep(NULL, read); /* leaves inference mode as an ordinary tensor */
    E->scope_clear(none, PDR_NO_GRAD);
    assert_int_equal(T->blend(none, kept, 2, kept, 0), PDR_OK);
    EXPECT(none, kept, 2, 8);
    T->release(kept);
    E->model->discard(m);
    T->close(inference);
    T->close(grad);
}

static void counts_what_is_kept(void **state)
{
    engine_owner owner = {0};
    pdr_host host = {.impl = &owner};
    pdr_scope *s = T->open(&host, PDR_NO_GRAD);
    assert_int_equal(owner.scopes, 1);
    pdr_tensor *a = T->keep(&host, FLOATS(s, SHAPE(2), 1, 2)), *b = T->keep(&host, a);
    pdr_model *m = network(NULL, 0, 2, 2), *copy = E->model->snapshot(&host, m);
    assert_int_equal(owner.kept, 3);
    T->close(s);
    assert_int_equal(owner.scopes, 0);
    s = *state;
    T->scale(s, a, FLOATS(s, SHAPE(1), 3));
    EXPECT(s, b, 3, 6); /* one more owner of the same values */
    T->release(a);
    T->release(a); /* a second time is refused, not undefined */
    assert_int_equal(owner.kept, 2);
    assert_null(T->exp(s, a));
    assert_int_equal(T->status(s), PDR_EINVALID);
    assert_non_null(strstr(E->scope_message(s), "released"));
    T->release(E->model->flat_params(m)); /* borrowed: left alone */
    E->scope_clear(s, PDR_NO_GRAD);
    assert_non_null(T->exp(s, E->model->flat_params(m)));
    T->release(b);
    E->model->discard(copy);
    assert_int_equal(owner.kept, 0);
    E->model->discard(m);
}

static void guarded_and_forgotten_scopes(void **state)
{
    (void)state;
    engine_owner owner = {0};
    pdr_host host = {.impl = &owner};
    pdr_scope *own = T->open(&host, PDR_NO_GRAD);
    E->scope_guard(own, true);
    assert_int_equal(T->close(own), PDR_EINVALID);
    T->open(&host, PDR_GRAD);
    T->open(&host, PDR_GRAD);
    assert_int_equal(E->scope_sweep(&owner), 2);
    assert_int_equal(owner.scopes, 1);
    E->scope_guard(own, false);
    assert_int_equal(T->close(own), PDR_OK);
    assert_null(T->open(NULL, 7));
}

static void many_temporaries(void **state)
{
    pdr_scope *s = *state;
    pdr_tensor *a = FLOATS(s, SHAPE(1), 0);
    for (int turn = 0; turn < 3; turn++) {
        pdr_tensor *sum = a = FLOATS(s, SHAPE(1), 0);
        for (int i = 0; i < 500; i++)
            sum = T->affine(s, sum, 1, 1);
        EXPECT(s, sum, 500);
        EXPECT(s, a, 0);
        E->scope_clear(s, PDR_NO_GRAD);
    }
    pdr_scope *other = T->open(NULL, PDR_NO_GRAD);
    pdr_tensor *moved = E->adopt(s, FLOATS(other, SHAPE(1), 9));
    T->close(other);
    EXPECT(s, moved, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCOPE(first_error_stays),
        WITH_SCOPE(null_gives_null),
        WITH_SCOPE(modes_are_of_the_scope),
        WITH_SCOPE(counts_what_is_kept),
        WITH_SCOPE(guarded_and_forgotten_scopes),
        WITH_SCOPE(many_temporaries),
    };
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
