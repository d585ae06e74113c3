/* Networks that cannot be: every layer that does not fit is refused by its number, with what it got. */
#include "fixture.h"

static void refused(const engine_network *n, const char *words)
{
    random_stream r = random_open(1, "weights", "", 0);
    error e = {0};
    pdr_model *m = (pdr_model *)(uintptr_t)1;
    assert_int_equal(E->model_build(n, &r, &m, &e), EXIT_SCENARIO);
    assert_null(m);
    assert_string_equal(e.text, words);
}

static const int64_t IMAGE[] = {3, 8, 8};

static void layers_that_do_not_fit(void **state)
{
    (void)state;
    const struct {
        engine_layer last;
        const char *words;
    } cases[] = {
        {{.kind = ENGINE_CONV, .size = 0}, "network.layers[2]: found 0 channels; expected 1 channel or more"},
        {{.kind = ENGINE_CONV, .size = 4, .kernel = 9},
         "network.layers[2]: found an input of shape [5, 6, 6] and a kernel of 9; expected maps at least as large as "
         "the "
         "kernel"},
        {{.kind = ENGINE_CONV, .size = 4, .stride = -1},
         "network.layers[2]: found kernel 3, stride -1, padding 0; expected a kernel and a stride of 1 or more, and a "
         "padding of 0 or more"},
        {{.kind = ENGINE_MAX_POOL, .kernel = 3, .padding = 2},
         "network.layers[2]: found a padding of 2; expected at most half the kernel"},
        {{.kind = ENGINE_LINEAR}, "network.layers[2]: found a size of 0; expected a size of 1 or more"},
        {{.kind = ENGINE_LINEAR, .size = INT64_MAX / 2},
         "network: found layers.2.weight of more numbers than can be counted; expected fewer"},
        {{.kind = ENGINE_DROPOUT, .rate = 1}, "network.layers[2]: found a rate of 1; expected 0 or more and below 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const engine_layer layers[] = {{.kind = ENGINE_CONV, .size = 5}, {.kind = ENGINE_RELU}, cases[i].last};
        const engine_network n = {
            .kind = "layers", .shape = IMAGE, .rank = 3, .outputs = 2, .layers = layers, .layer_count = 3};
        refused(&n, cases[i].words);
    }
    const engine_layer flat[] = {{.kind = ENGINE_LINEAR, .size = 5}, {.kind = ENGINE_MAX_POOL}};
    const engine_network n = {
        .kind = "layers", .shape = IMAGE, .rank = 3, .outputs = 2, .layers = flat, .layer_count = 2};
    refused(&n, "network.layers[1]: found an input of shape [5]; expected maps of shape [channels, height, width]");
}

static void kinds_that_do_not_fit(void **state)
{
    (void)state;
    const int64_t flat = 784, channels = 4, wide[] = {INT64_MAX, 3};
    refused(
        &(engine_network){
            .kind = "cnn", .shape = &flat, .rank = 1, .outputs = 2, .channels = &channels, .channel_count = 1},
        "network: found rows of rank 1; expected rows of shape [channels, height, width] or [height, width]");
    refused(&(engine_network){.kind = "cnn", .shape = IMAGE, .rank = 3, .outputs = 2},
            "network: found 0 convolutions; expected 1 or more");
    refused(&(engine_network){.kind = "cnn",
                              .shape = IMAGE,
                              .rank = 3,
                              .outputs = 2,
                              .channels = &channels,
                              .channel_count = 1,
                              .kernel = 4},
            "network: found a kernel of 4; expected an odd one, so that maps keep their size");
    refused(&(engine_network){.kind = "resnet18", .shape = IMAGE, .rank = 3, .outputs = 2, .width = -1},
            "network: found a width of -1; expected 1 or more");
    refused(&(engine_network){.kind = "mlp", .shape = IMAGE, .rank = 3},
            "network: found a size below 1; expected 1 or more everywhere");
    refused(&(engine_network){.kind = "mlp", .shape = wide, .rank = 2, .outputs = 2},
            "network: found a size below 1; expected 1 or more everywhere");
}

static void units_are_those_of_hidden_layers(void **state)
{
    (void)state;
    const engine_network n = {.kind = "resnet18", .shape = IMAGE, .rank = 3, .outputs = 2, .width = 2};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    assert_int_equal(E->model_build(&n, &r, &m, NULL), 0);
    assert_int_equal(E->model->units(m, 0), 2);   /* the stem */
    assert_int_equal(E->model->units(m, 16), 16); /* the last convolution; shortcuts are not counted */
    assert_int_equal(E->model->units(m, 17), 0);
    E->model->discard(m);
}

/* The last layers of a network on tiny images see one value a channel: a batch of one row has no variance there. */
static void one_row_has_no_variance(void **state)
{
    pdr_scope *s = *state;
    const engine_network n = {.kind = "resnet18", .shape = IMAGE, .rank = 3, .outputs = 2, .width = 2};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    assert_int_equal(E->model_build(&n, &r, &m, NULL), 0);
    assert_non_null(E->model->forward(s, m, noise(s, 1, 192, 0), PDR_EVAL));
    assert_null(E->model->forward(s, m, noise(s, 1, 192, 0), PDR_TRAIN));
    assert_non_null(strstr(E->scope_message(s), "batch_norm: one value a channel"));
    E->model->discard(m);
}

/* Large maps are evaluated in parts: the same logits as row by row, with a graph or without. */
static void many_rows_go_in_parts(void **state)
{
    pdr_scope *s = *state, *grad = T->open(NULL, PDR_GRAD);
    const int64_t channels = 64, shape[] = {3, 32, 32}, rows = 300;
    const engine_network n = {
        .kind = "cnn", .shape = shape, .rank = 3, .outputs = 2, .channels = &channels, .channel_count = 1};
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = NULL;
    assert_int_equal(E->model_build(&n, &r, &m, NULL), 0);
    pdr_tensor *x = noise(s, rows, 3072, 0), *z = E->model->forward(s, m, x, PDR_EVAL);
    assert_int_equal(T->size(z, 0), rows);
    assert_true(distance(z, E->model->forward(grad, m, x, PDR_EVAL)) < 1e-6);
    pdr_tensor *last = E->model->forward(s, m, T->slice(s, x, 0, rows - 1, 1), PDR_EVAL);
    assert_true(distance(T->slice(s, z, 0, rows - 1, 1), last) < 1e-5);
    E->model->discard(m);
    T->close(grad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_that_do_not_fit),
                                       cmocka_unit_test(kinds_that_do_not_fit),
                                       cmocka_unit_test(units_are_those_of_hidden_layers),
                                       WITH_SCOPE(one_row_has_no_variance), WITH_SCOPE(many_rows_go_in_parts)};
    return cmocka_run_group_tests(tests, engine_setup, NULL);
}
