/* Networks that grow: heads come at the end, and all else stays where and what it was. */
#include "fixture.h"

static pdr_model *growing(int64_t outputs)
{
    static const int64_t hidden[] = {5, 4}, inputs = 3;
    const engine_network n = {.kind = "mlp",
                              .hidden = hidden,
                              .hidden_count = 2,
                              .shape = &inputs,
                              .rank = 1,
                              .outputs = outputs,
                              .grows = true};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    assert_int_equal(E->model_build(&n, &r, &m, NULL), 0);
    return m;
}

static void grow(pdr_model *m, int64_t columns, int64_t number)
{
    random_stream r = random_open(1, "weights", "head", number);
    error e = {0};
    if (E->model_grow(m, columns, &r, &e))
        fail_msg("%s", e.text);
}

static pdr_block block_at(const pdr_model *m, int64_t i)
{
    pdr_block b = {.struct_size = sizeof b};
    assert_int_equal(E->model->block(m, i, &b), PDR_OK);
    return b;
}

static void heads_come_at_the_end(void **state)
{
    pdr_scope *s = *state;
    pdr_model *m = growing(0);
    pdr_tensor *w = E->model->flat_params(m), *x = noise(s, 6, 3, 0), *before = T->clone(s, w);
    int64_t p = E->model_size(m);
    assert_int_equal(p, 15 + 5 + 20 + 4);
    assert_int_equal(E->model_columns(m), 0);
    assert_null(E->model->forward(s, m, x, PDR_EVAL));
    assert_non_null(strstr(E->scope_message(s), "no head yet"));
    E->scope_clear(s, PDR_NO_GRAD);
    x = noise(s, 6, 3, 0);
    pdr_tensor *features = E->model->features(s, m, x, PDR_EVAL);
    const char *name = block_at(m, 0).name;
    grow(m, 2, 0);
    before = T->clone(s, E->model->flat_params(m));
    assert_ptr_equal(E->model->flat_params(m), w); /* the same handle, longer */
    assert_ptr_equal(block_at(m, 0).name, name);
    grow(m, 3, 1);
    assert_int_equal(E->model_size(m), p + 2 * 5 + 3 * 5);
    assert_int_equal(E->model_columns(m), 5);
    assert_true(distance(T->slice(s, w, 0, 0, p + 10), before) == 0);
    assert_true(distance(E->model->features(s, m, x, PDR_EVAL), features) == 0);
    const pdr_block weight = block_at(m, 6), bias = block_at(m, 7);
    assert_string_equal(weight.name, "head.1.weight");
    assert_string_equal(bias.name, "head.1.bias");
    assert_int_equal(weight.kind, PDR_HEAD_WEIGHT);
    assert_int_equal(bias.kind, PDR_HEAD_BIAS);
    assert_int_equal(weight.first, p + 10);
    assert_int_equal(weight.first_column, 2);
    assert_int_equal(bias.first_column, 2);
    assert_int_equal(weight.columns, 3);
    pdr_tensor *z = E->model->forward(s, m, x, PDR_EVAL);
    assert_int_equal(T->size(z, 1), 5);
    pdr_tensor *by_hand = T->matmul(
        s, features, T->transpose(s, T->reshape(s, T->slice(s, w, 0, p + 10, 12), (const int64_t[]){3, 4}, 2), 0, 1));
    by_hand = T->add(s, by_hand, T->slice(s, w, 0, p + 22, 3));
    assert_true(distance(T->slice(s, z, 1, 2, 3), by_hand) < 1e-6);
    E->model->discard(m);
}

/* A head's values depend on its own stream alone, whenever it comes; a snapshot grows by itself. */
static void a_head_is_the_same_whenever_it_comes(void **state)
{
    pdr_scope *s = *state;
    pdr_model *early = growing(0), *late = growing(0);
    grow(early, 2, 0);
    grow(early, 2, 1);
    grow(late, 2, 0);
    pdr_model *copy = E->model->snapshot(NULL, late);
    grow(copy, 2, 1);
    assert_int_equal(E->model_columns(late), 2);
    assert_true(distance(E->model->flat_params(copy), E->model->flat_params(early)) == 0);
    pdr_tensor *x = noise(s, 6, 3, 0);
    assert_true(distance(E->model->forward(s, copy, x, PDR_EVAL), E->model->forward(s, early, x, PDR_EVAL)) == 0);
    assert_int_equal(E->model->assign(late, copy), PDR_EINVALID);
    grow(late, 2, 1);
    assert_int_equal(E->model->assign(late, copy), PDR_OK);
    pdr_model *never = network(NULL, 0, 3, 2);
    random_stream r = random_open(1, "weights", "head", 0);
    error e = {0};
    assert_int_equal(E->model_grow(never, 2, &r, &e), EXIT_INTERNAL);
    error none = {0};
    assert_int_equal(E->model_grow(late, 0, &r, &none), EXIT_SCENARIO);
    E->model->discard(never);
    E->model->discard(copy);
    E->model->discard(early);
    E->model->discard(late);
}

static void step(pdr_scope *s, pdr_model *m, engine_optimizer *o, int64_t first, int64_t batch)
{
    E->scope_clear(s, PDR_GRAD);
    pdr_tensor *x = noise(s, 4, 3, batch), *y = LONGS(s, SHAPE(4), first, first + 1, first + 1, first);
    const engine_mask mask = {.first = first, .count = 2, .columns = E->model_columns(m)};
    pdr_tensor *loss = T->mean(s, E->row_loss(s, E->autograd->forward(s, m, x, NULL), y, &mask), PDR_ALL, 0);
    assert_int_equal(E->autograd->backward(s, m, loss, batch % 2), PDR_OK);
    assert_int_equal(E->optimizer_step(s, o, 0.1, NULL, 0), PDR_OK);
}

/* The head of the second task, there from the start or not: the same bits at the end, and nearly those of one head. */
static void growing_changes_no_number(void **state)
{
    (void)state;
    pdr_scope *s = T->open(NULL, PDR_GRAD);
    const engine_optimizer_options sgd = {.kind = ENGINE_SGD};
    const int64_t hidden[] = {5, 4};
    pdr_model *grown = growing(0), *whole = growing(0), *single = network(hidden, 2, 3, 4);
    grow(grown, 2, 0);
    grow(whole, 2, 0);
    grow(whole, 2, 1);
    float w[64];
    assert_int_equal(T->read(E->model->flat_params(whole), PDR_F32, w, sizeof w), PDR_OK);
    /* head.0.weight [8] .bias [2] head.1.weight [8] .bias [2] as head.weight [16] .bias [4] */
    float one[64];
    memcpy(one, w, 52 * sizeof *w);
    memcpy(one + 52, w + 54, 8 * sizeof *w);
    memcpy(one + 60, w + 52, 2 * sizeof *w);
    memcpy(one + 62, w + 62, 2 * sizeof *w);
    T->copy(s, E->model->flat_params(single), T->from(s, PDR_F32, SHAPE(64), one));
    pdr_model *all[] = {grown, whole, single};
    for (int i = 0; i < 3; i++) {
        engine_optimizer *o = E->optimizer_open(all[i], &sgd);
        for (int64_t b = 0; b < 12; b++) {
            if (b == 6 && i == 0)
                grow(grown, 2, 1);
            step(s, all[i], o, b < 6 ? 0 : 2, b);
        }
        E->optimizer_close(o);
    }
    E->scope_clear(s, PDR_NO_GRAD);
    pdr_tensor *x = noise(s, 9, 3, 99), *z = E->model->forward(s, whole, x, PDR_EVAL);
    assert_true(distance(E->model->flat_params(grown), E->model->flat_params(whole)) == 0);
    assert_true(distance(E->model->forward(s, grown, x, PDR_EVAL), z) == 0);
    assert_true(distance(E->model->forward(s, single, x, PDR_EVAL), z) < 1e-6);
    for (int i = 0; i < 3; i++)
        E->model->discard(all[i]);
    T->close(s);
}

static void growing_forgets_the_gradient(void **state)
{
    (void)state;
    pdr_scope *s = T->open(NULL, PDR_GRAD);
    const engine_optimizer_options momentum = {.kind = ENGINE_SGD, .momentum = 0.9};
    pdr_model *m = growing(2);
    engine_optimizer *o = E->optimizer_open(m, &momentum);
    step(s, m, o, 0, 1);
    grow(m, 2, 1);
    assert_int_equal(T->size(E->model->flat_grads(m), 0), E->model_size(m));
    assert_int_equal(T->size(E->optimizer_state(o, "momentum"), 0), E->model_size(m));
    assert_int_equal(E->optimizer_births(o)[6], 1);
    assert_int_equal(E->optimizer_step(s, o, 0.1, NULL, 0), PDR_EINVALID);
    step(s, m, o, 2, 2);
    E->optimizer_close(o);
    E->model->discard(m);
    T->close(s);
}

/* A snapshot of two heads, cut to what it was with one. */
static void heads_can_be_cut_off_a_snapshot(void **state)
{
    pdr_scope *s = *state;
    pdr_model *m = growing(0);
    pdr_tensor *x = noise(s, 6, 3, 0);
    grow(m, 2, 0);
    pdr_model *old = E->model->snapshot(NULL, m);
    int64_t size = E->model_size(old);
    grow(m, 3, 1);
    pdr_model *cut = E->model->snapshot(NULL, m);
    assert_int_equal(E->model_cut(m, size), PDR_EINVALID); /* no snapshot */
    assert_int_equal(E->model_cut(cut, size + 1), PDR_EINVALID);
    assert_int_equal(E->model_cut(cut, size - 1), PDR_EINVALID);
    assert_int_equal(E->model_cut(cut, size), PDR_OK);
    assert_int_equal(E->model_columns(cut), 2);
    assert_int_equal(E->model_size(cut), size);
    assert_true(distance(E->model->forward(s, cut, x, PDR_EVAL), E->model->forward(s, old, x, PDR_EVAL)) == 0);
    E->model->discard(old);
    E->model->discard(cut);
    E->model->discard(m);
}

/* By memory and by tensors: a head that the loss does not reach has neither momentum nor decay; a penalty reaches it. */
static void heads_out_of_reach_stay(void **state)
{
    pdr_scope *s = *state;
    const engine_optimizer_options adamw = {
        .kind = ENGINE_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.1};
    pdr_model *m = growing(0);
    grow(m, 2, 0);
    grow(m, 3, 1);
    const pdr_block first = block_at(m, 4);
    engine_optimizer *o = E->optimizer_open(m, &adamw);
    step(s, m, o, 0, 0);
    pdr_tensor *w = E->model->flat_params(m);
    pdr_tensor *before = T->keep(NULL, T->clone(s, T->slice(s, w, 0, first.first, first.count)));
    E->model_reach(m, 2, 3);
    step(s, m, o, 2, 1);
    assert_true(distance(T->slice(s, w, 0, first.first, first.count), before) == 0);
    int64_t size = E->model_size(m);
    const engine_penalty pull = {T->full(s, PDR_F32, &size, 1, 1), T->full(s, PDR_F32, &size, 1, 0), 1};
    assert_int_equal(E->optimizer_step(s, o, 0.01, &pull, 1), PDR_OK);
    assert_true(distance(T->slice(s, w, 0, first.first, first.count), before) > 0);
    T->release(before);
    before = T->keep(NULL, T->clone(s, T->slice(s, w, 0, first.first, first.count)));
    E->model_reach(m, 0, -1);
    step(s, m, o, 2, 1);
    assert_true(distance(T->slice(s, w, 0, first.first, first.count), before) > 0);
    T->release(before);
    E->optimizer_close(o);
    E->model->discard(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCOPE(heads_come_at_the_end),           WITH_SCOPE(a_head_is_the_same_whenever_it_comes),
        cmocka_unit_test(growing_changes_no_number), cmocka_unit_test(growing_forgets_the_gradient),
        WITH_SCOPE(heads_can_be_cut_off_a_snapshot), WITH_SCOPE(heads_out_of_reach_stay)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
