/* Row losses under the masks of the scenario, by hand. */
#include "fixture.h"

static double ce(const double *z, int first, int count, int label)
{
    double sum = 0;
    for (int c = first; c < first + count; c++)
        sum += exp(z[c]);
    return log(sum) - z[label];
}

static const double Z[2][4] = {{0, 1, 2, 3}, {1, -1, 0.5, 2}};
static pdr_tensor *logits(pdr_scope *s) { return FLOATS(s, SHAPE(2, 4), 0, 1, 2, 3, 1, -1, 0.5f, 2); }

static void one_run_for_all(void **state)
{
    pdr_scope *s = *state;
    const engine_mask all = {.count = 4}, start = {.count = 2}, end = {.first = 2, .count = 2};
    EXPECT(s, E->row_loss(s, logits(s), LONGS(s, SHAPE(2), 3, 0), &all), ce(Z[0], 0, 4, 3), ce(Z[1], 0, 4, 0));
    EXPECT(s, E->row_loss(s, logits(s), LONGS(s, SHAPE(2), 1, -1), &start), ce(Z[0], 0, 2, 1), 0);
    EXPECT(s, E->row_loss(s, logits(s), LONGS(s, SHAPE(2), -1, 2), &end), 0, ce(Z[1], 2, 2, 2));
    assert_null(
        E->row_loss(s, logits(s), LONGS(s, SHAPE(2), 1, 2), &end)); /* a label outside the run is no "no label" */
    assert_non_null(strstr(E->scope_message(s), "out of bounds"));
}

static void run_by_label(void **state)
{
    pdr_scope *s = *state;
    const int64_t first[] = {0, 0, 2, 2}, count[] = {2, 2, 2, 2};
    const engine_mask heads = {.first_of = first, .count_of = count, .columns = 4};
    EXPECT(s, E->row_loss(s, logits(s), LONGS(s, SHAPE(2), 1, 2), &heads), ce(Z[0], 0, 2, 1), ce(Z[1], 2, 2, 2));
    EXPECT(s, E->row_loss(s, logits(s), LONGS(s, SHAPE(2), -1, 3), &heads), 0, ce(Z[1], 2, 2, 3));
}

/* Gradient to the head's bias = the sum over rows of the gradient to the logits. */
static void masked_columns_get_no_gradient(void **state)
{
    pdr_scope *none = *state, *s = T->open(NULL, PDR_GRAD);
    pdr_model *m = network(NULL, 0, 2, 4);
    const int64_t first[] = {0, 0, 2, 2}, count[] = {2, 2, 2, 2};
    const engine_mask heads = {.first_of = first, .count_of = count, .columns = 4}, run = {.first = 1, .count = 2};
    for (int turn = 0; turn < 2; turn++) {
        pdr_tensor *z = E->model->forward(s, m, FLOATS(s, SHAPE(2, 2), 1, 2, 3, 4), PDR_TRAIN);
        pdr_tensor *rows = E->row_loss(s, z, LONGS(s, SHAPE(2), turn ? 2 : 1, -1), turn ? &run : &heads);
        float g[12];
        assert_int_equal(E->autograd->backward(s, m, T->sum(s, rows, PDR_ALL, 0), true), PDR_OK);
        assert_int_equal(T->read(E->model->flat_grads(m), PDR_F32, g, sizeof g), PDR_OK);
        const float *bias = g + 8;
        assert_true(turn ? bias[0] == 0 && bias[3] == 0 : bias[2] == 0 && bias[3] == 0);
        assert_true(turn ? bias[2] < 0 && bias[1] > 0 : bias[1] < 0 && bias[0] > 0);
        for (int i = 0; i < 12; i++)
            assert_true(isfinite(g[i]) != 0);
    }
    (void)none;
    T->close(s);
    E->model->discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_SCOPE(one_run_for_all), WITH_SCOPE(run_by_label),
                                       WITH_SCOPE(masked_columns_get_no_gradient)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
