/* Networks of a strategy's own and optimizers over them, through its host: every kind is built and learns, and a wrong use
 * is told in words. The numbers themselves are compared with LibTorch in tests/unit/engine/test_descend.cpp. */
#include "fixture.h"

#define ADAM "{type: adam, lr: 0.01, betas: [0.5, 0.9]}"

static pdr_tensor *rows_of(strategy *a, pdr_scope *s, const int64_t *shape, int32_t rank)
{
    pdr_rng *r = a->host.rng->stream(&a->host, "rows", 0);
    a->host.rng->rewind(r);
    return a->host.rng->normals(s, r, shape, rank);
}

static double number(const pdr_tensor *t)
{
    double v = NAN;
    assert_int_equal(T->read(t, PDR_F64, &v, sizeof v), PDR_OK);
    return v;
}

/* Steps down the mean square of what it makes of the same rows; the first and the last loss. */
static void learn(strategy *a, pdr_model *m, pdr_optim *o, const int64_t *shape, int32_t rank, double *first,
                  double *last)
{
    const pdr_model_api *M = a->host.model;
    for (int i = 0; i < 30; i++) {
        pdr_scope *g = T->open(&a->host, PDR_GRAD);
        pdr_tensor *loss =
            T->mean(g, T->square(g, M->forward(g, m, rows_of(a, g, shape, rank), PDR_TRAIN)), PDR_ALL, 0);
        assert_int_equal(M->descend(g, o, loss), PDR_OK);
        *last = number(loss);
        *first = i ? *first : *last;
        assert_int_equal(T->close(g), PDR_OK);
    }
}

#define LISTED \
    "{type: layers, layers: [{conv: 3}, batch_norm, leaky_relu, {max_pool: 2}, {dropout: 0.2}, {linear: 5}, tanh]}"

static void every_kind_is_built_and_learns(void **state)
{
    (void)state;
    static const char *const kinds[] = {"{type: mlp, hidden: [8]}",
                                        "{type: mlp, hidden: []}",
                                        "{type: cnn, channels: [3], batch_norm: true, hidden: [6]}",
                                        "{type: resnet18, width: 2}",
                                        "{type: resnet32, width: 2}",
                                        LISTED};
    const int64_t shape[] = {6, 1, 8, 8};
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    enter(a, "before_task");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        pdr_model *m = M->build(&a->host, kinds[i], shape + 1, 3, 4);
        pdr_optim *o = M->optimizer(&a->host, &m, 1, ADAM);
        double first = 0, last = 0;
        assert_non_null(o);
        learn(a, m, o, shape, 4, &first, &last);
        print_message("%s: %g to %g\n", kinds[i], first, last);
        assert_true(last < 0.5 * first);
        M->drop_optimizer(o);
        M->discard(m);
    }
    assert_int_equal(a->owner.kept, 0);
    leave(a);
    house_close(h);
}

/* The weights are a function of the run's seed, the strategy and the number of the network, and of nothing else. */
static void weights_come_from_a_stream_of_the_strategy(void **state)
{
    (void)state;
    const int64_t ten = 10;
    float w[4][3];
    for (int i = 0; i < 4; i++) {
        house *h = house_open(DIGITS, i == 3 ? 2 : 1);
        strategy *a = invited(h, 0, &guest, i == 2 ? "b" : "a", NULL);
        pdr_scope *s = enter(a, "before_task");
        a->host.rng->unit(a->host.rng->stream(&a->host, "mine", i)); /* whatever else it draws */
        pdr_model *m = a->host.model->build(&a->host, "{hidden: [4]}", &ten, 1, 2);
        pdr_model *second = a->host.model->build(&a->host, "{hidden: [4]}", &ten, 1, 2);
        pdr_tensor *away = T->sub(s, E->model->flat_params(m), E->model->flat_params(second));
        assert_true(number(T->max(s, T->abs(s, away), PDR_ALL, 0)) > 0.01);
        assert_int_equal(T->read(T->slice(s, E->model->flat_params(m), 0, 0, 3), PDR_F32, w[i], sizeof w[i]), PDR_OK);
        a->host.model->discard(m);
        a->host.model->discard(second);
        leave(a);
        house_close(h);
    }
    assert_memory_equal(w[0], w[1], sizeof w[0]);
    assert_memory_not_equal(w[0], w[2], sizeof w[0]);
    assert_memory_not_equal(w[0], w[3], sizeof w[0]);
}

/* TRAIN moves the running means of a network of one's own, EVAL does not, and a snapshot of it has none that move. */
static void running_means_move_in_training(void **state)
{
    (void)state;
    const int64_t shape[] = {6, 1, 8, 8};
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    pdr_scope *s = enter(a, "before_task");
    pdr_model *m = M->build(&a->host, "{type: cnn, channels: [3], batch_norm: true}", shape + 1, 3, 2);
    pdr_tensor *x = rows_of(a, s, shape, 4), *before = T->clone(s, E->model_buffers(m));
    pdr_model *frozen = M->snapshot(&a->host, m);
    assert_non_null(M->forward(s, m, x, PDR_EVAL));
    assert_true(number(T->max(s, T->abs(s, T->sub(s, before, E->model_buffers(m))), PDR_ALL, 0)) == 0);
    assert_non_null(M->forward(s, m, x, PDR_TRAIN));
    assert_non_null(M->forward(s, frozen, x, PDR_TRAIN));
    assert_true(number(T->max(s, T->abs(s, T->sub(s, before, E->model_buffers(m))), PDR_ALL, 0)) > 0);
    assert_true(number(T->max(s, T->abs(s, T->sub(s, before, E->model_buffers(frozen))), PDR_ALL, 0)) == 0);
    M->discard(m);
    M->discard(frozen);
    leave(a);
    house_close(h);
}

static void networks_that_cannot_be_built(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        int64_t rank, outputs;
        const char *words;
    } wrong[] = {
        {"{hiden: [4]}", 1, 2, "build: network: hiden: found an unknown key; expected one of type, hidden"},
        {"{type: cnn}", 1, 2,
         "build: network: found rows of rank 1; expected rows of shape [channels, height, width] or [height, width]"},
        {"{type: layers, layers: [{conv: 3}, {conv: {channels: 4, kernel: 9, padding: 0}}]}", 3, 2,
         "build: network.layers[1]: found an input of shape [3, 8, 8] and a kernel of 9; expected maps at least as "
         "large as the kernel"},
        {"{hidden: [4]}", 1, 0, "build: network: found a size below 1; expected 1 or more everywhere"},
        {NULL, 1, 2, "build: found no network; expected one"},
    };
    const int64_t shape[] = {8, 8, 8};
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        enter(a, "before_task");
        assert_null(a->host.model->build(&a->host, wrong[i].yaml, shape, wrong[i].rank, wrong[i].outputs));
        leave_with(a, wrong[i].words);
    }
    enter(a, "before_task");
    assert_null(a->host.model->build(&a->host, "{}", NULL, 1, 2));
    leave_with(a, "build: found no shape; expected one");
    house_close(h);
}

static void optimizers_that_cannot_be_made(void **state)
{
    (void)state;
    const int64_t ten = 10;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    enter(a, "before_task");
    pdr_model *m = M->build(&a->host, "{hidden: [4]}", &ten, 1, 2), *frozen = M->snapshot(&a->host, m);
    pdr_model *twice[] = {m, m}, *lacking[] = {m, NULL};
    leave(a);
    const struct {
        pdr_model **models;
        int64_t count;
        const char *yaml, *words;
    } wrong[] = {
        {&m, 0, ADAM, "optimizer: found no networks; expected one or more"},
        {NULL, 1, ADAM, "optimizer: found no networks; expected one or more"},
        {lacking, 2, ADAM, "optimizer: found NULL among the networks; expected all of them"},
        {twice, 2, ADAM, "optimizer: found a network twice; expected each once"},
        {&frozen, 1, ADAM,
         "optimizer: found a snapshot, which is frozen; expected networks of build(), or the one in training"},
        {&m, 1, NULL, "optimizer: found no options; expected them"},
        {&m, 1, "{type: adam, lr: 0}", "optimizer: lr: found 0; expected a number above 0, at most 1000000"},
        {&m, 1, "{schedule: cosine}",
         "optimizer: schedule: found an unknown key; expected one of type, lr, betas, epsilon, "
         "weight_decay"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        enter(a, "before_task");
        assert_null(M->optimizer(&a->host, wrong[i].models, wrong[i].count, wrong[i].yaml));
        leave_with(a, wrong[i].words);
    }
    M->discard(m);
    M->discard(frozen);
    house_close(h);
}

/* The network in training may be an optimizer's, and only between steps is it descended. */
static void the_network_in_training_is_descended_between_tasks_only(void **state)
{
    (void)state;
    const int64_t two = 2, shape[] = {3, 1, 8, 8};
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    const char *moments[] = {"before_task", "after_task", "after_batch"};
    enter(a, "before_task");
    pdr_model *own = M->build(&a->host, "{hidden: [4]}", &two, 1, 2), *both[] = {own, h->model};
    pdr_optim *o = M->optimizer(&a->host, both, 2, "{type: sgd, lr: 0.1}");
    leave(a);
    for (int i = 0; i < 3; i++) {
        enter(a, moments[i]);
        pdr_scope *g = T->open(&a->host, PDR_GRAD);
        pdr_tensor *before = T->clone(g, M->flat_params(h->model));
        pdr_tensor *loss =
            T->mean(g, T->square(g, M->forward(g, h->model, rows_of(a, g, shape, 4), PDR_TRAIN)), PDR_ALL, 0);
        assert_int_equal(M->descend(g, o, loss), i < 2 ? PDR_OK : PDR_EINVALID);
        if (i == 2)
            assert_string_equal(E->scope_message(g),
                                "descend: found the network in training among the optimizer's in hook "
                                "after_batch; expected that in before_task and after_task only");
        pdr_scope *q = T->open(&a->host, PDR_NO_GRAD);
        double moved = number(T->max(q, T->abs(q, T->sub(q, M->flat_params(h->model), before)), PDR_ALL, 0));
        assert_true(i < 2 ? moved > 0 : moved == 0);
        T->close(q);
        T->close(g);
        leave(a);
    }
    enter(a, "after_task");
    M->drop_optimizer(o);
    M->discard(own);
    leave(a);
    house_close(h);
}

static void what_is_given_back_wrongly_is_told(void **state)
{
    (void)state;
    const int64_t ten = 10;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL), *b = invited(h, 1, &guest, "b", NULL);
    const pdr_model_api *M = a->host.model;
    enter(a, "before_task");
    pdr_model *m = M->build(&a->host, "{hidden: [4]}", &ten, 1, 2);
    pdr_optim *o = M->optimizer(&a->host, &m, 1, ADAM);
    M->discard(m);
    leave_with(a, "discard: found a network that an optimizer holds; expected drop_optimizer() first");
    enter(a, "before_task");
    M->discard(h->model);
    leave_with(a, "discard: found the network in training; expected a snapshot or a network of build()");
    enter(b, "before_task");
    M->drop_optimizer(o);
    leave_with(b, "drop_optimizer: found none of this strategy's optimizers; expected one, once");
    enter(a, "before_task");
    M->drop_optimizer(NULL);
    M->discard(NULL);
    leave(a);
    host_end(&h->session);
    assert_string_equal(h->said.at, "2 a: leaked 1 optimizer: made and not dropped\n"
                                    "2 a: leaked 1 tensor: kept and not released\n");
    E->model->discard(m);
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_built_and_learns),
        cmocka_unit_test(weights_come_from_a_stream_of_the_strategy),
        cmocka_unit_test(running_means_move_in_training),
        cmocka_unit_test(networks_that_cannot_be_built),
        cmocka_unit_test(optimizers_that_cannot_be_made),
        cmocka_unit_test(the_network_in_training_is_descended_between_tasks_only),
        cmocka_unit_test(what_is_given_back_wrongly_is_told),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
