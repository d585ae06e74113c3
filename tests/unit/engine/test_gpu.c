/* GPUs: what the driver says, the refusal where there is none, and one training step where there is one. */
#include "fixture.h"

static engine_gpu GPUS[8];
static int DRIVER, COUNT;

static void probe(void **state)
{
    (void)state;
    char release[32];
    COUNT = engine_gpu_probe(GPUS, 8, &DRIVER, release);
    print_message("driver %d (%s), %d GPUs\n", DRIVER, release, COUNT);
    assert_true(COUNT >= 0 && COUNT <= 8);
    if (COUNT)
        assert_true(DRIVER > 0 && GPUS[0].memory > 0 && GPUS[0].major > 0 && GPUS[0].name[0]);
}

static void refusal_without_gpu(void **state)
{
    (void)state;
    if (COUNT)
        skip();
    error e = {0};
    const engine_options options = {"cuda:0", 1, true};
    assert_int_equal(engine_load(&E, &e), 0);
    assert_int_equal(E->open(&options, &INFO, &e), EXIT_UNAVAILABLE);
    print_message("%s\n", e.text);
    assert_non_null(strstr(e.text, "cuda"));
    if (DRIVER == 0)
        assert_non_null(strstr(e.text, "no CUDA driver"));
}

static double train(const engine_optimizer_options *options)
{
    pdr_scope *s = T->open(NULL, PDR_GRAD);
    const int64_t hidden = 16;
    pdr_model *m = network(&hidden, 1, 8, 4);
    engine_optimizer *o = E->optimizer_open(m, options);
    pdr_tensor *w = E->model->flat_params(m), *ones = T->keep(NULL, T->full(s, PDR_F32, SHAPE(50), 1));
    const engine_penalty pull = {ones, ones, 0.1};
    double loss = 0;
    for (int i = 0; i < 20; i++) {
        E->scope_clear(s, PDR_GRAD);
        pdr_tensor *y = E->to_device(s, LONGS(s, SHAPE(4), 0, 1, 2, -1));
        pdr_tensor *mean =
            T->mean(s, E->row_loss(s, E->autograd->forward(s, m, noise(s, 4, 8, 0), NULL), y, NULL), PDR_ALL, 0);
        assert_int_equal(E->autograd->backward(s, m, mean, false), PDR_OK);
        assert_int_equal(E->optimizer_step(s, o, 0.05, &pull, 1), PDR_OK);
        assert_int_equal(T->read(mean, PDR_F64, &loss, sizeof loss), PDR_OK);
    }
    assert_int_equal(T->status(s), PDR_OK);
    assert_true(isfinite(E->penalty_value(s, m, &pull)) && T->size(w, 0) > 0);
    T->release(ones);
    E->optimizer_close(o);
    E->model->discard(m);
    T->close(s);
    return loss;
}

/* What a strategy builds for itself: two networks under one optimizer, a gate, a slope in the loss, and a loss that is not
 * finite. */
static void own_networks(void)
{
    pdr_scope *s = T->open(NULL, PDR_GRAD);
    const int64_t hidden = 16;
    const engine_optimizer_options adam = {.kind = ENGINE_ADAM, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-8};
    pdr_model *m[] = {network(&hidden, 1, 8, 4), network(&hidden, 1, 4, 2)};
    engine_optimizer *o[] = {E->optimizer_open(m[0], &adam), E->optimizer_open(m[1], &adam)};
    double first = 0, last = 0;
    assert_int_equal(E->model_gate(s, m[0], "test", 0, T->full(s, PDR_F32, &hidden, 1, 0.5)), PDR_OK);
    for (int i = 0; i < 40; i++) {
        E->scope_clear(s, PDR_GRAD);
        pdr_tensor *x = T->leaf(s, noise(s, 4, 8, 0));
        pdr_tensor *z = E->model->forward(s, m[1], E->model->forward(s, m[0], x, PDR_TRAIN), PDR_TRAIN);
        pdr_tensor *slope = E->model->derivative(s, T->sum(s, z, PDR_ALL, 0), x);
        pdr_tensor *loss = T->add(s, T->mean(s, T->square(s, T->affine(s, z, 1, -1)), PDR_ALL, 0),
                                  T->mean(s, T->square(s, slope), PDR_ALL, 0));
        assert_int_equal(E->descend(s, o, 2, 0.01, loss), PDR_OK);
        assert_int_equal(T->read(loss, PDR_F64, &last, sizeof last), PDR_OK);
        first = i ? first : last;
    }
    assert_true(last < 0.5 * first);
    pdr_tensor *x = noise(s, 4, 8, 0);
    pdr_tensor *bad = T->affine(s, T->mean(s, E->model->forward(s, m[0], x, PDR_TRAIN), PDR_ALL, 0), HUGE_VAL, 0);
    assert_int_equal(E->descend(s, o, 1, 0.01, bad), PDR_ENOTFINITE); /* the 41st: one that is looked at */
    for (int i = 0; i < 2; i++) {
        E->optimizer_close(o[i]);
        E->model->discard(m[i]);
    }
    T->close(s);
}

static void a_step_on_cuda(void **state)
{
    (void)state;
    if (!COUNT) {
        print_message("skipped: the driver tells of no GPU\n");
        skip();
    }
    error e = {0};
    const engine_options options = {"cuda:0", 1, true};
    if (engine_load(&E, &e) || E->open(&options, &INFO, &e)) {
        print_message("skipped: %s\n", e.text);
        skip();
    }
    T = E->tensor;
    const engine_optimizer_options kinds[] = {
        {.kind = ENGINE_SGD, .momentum = 0.9, .weight_decay = 1e-4},
        {.kind = ENGINE_ADAMW, .weight_decay = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}};
    for (int k = 0; k < 2; k++)
        assert_true(train(&kinds[k]) < 1.0);
    own_networks();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(probe), cmocka_unit_test(refusal_without_gpu),
                                       cmocka_unit_test(a_step_on_cuda)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
