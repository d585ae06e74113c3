/* What a strategy built comes back from a shelf as it was: networks with their form, running means, dropout and gates,
 * optimizers with their averages; training goes on to the same bits. What does not fit is told in words. */
#include "fixture.h"

#define NETWORK "{type: layers, layers: [{conv: 3}, batch_norm, relu, {dropout: 0.3}, {linear: 5}, tanh]}"

static pdr_state shelf(strategy *s) { return (pdr_state){.owner = s}; }

static const int64_t SHAPE[] = {6, 1, 8, 8};

/* `count` steps down the mean square of what m makes of rows that go on from step to step. */
static void learn(strategy *a, pdr_model *const *models, int64_t networks, pdr_optim *o, pdr_rng *r, int count)
{
    const pdr_model_api *M = a->host.model;
    for (int i = 0; i < count; i++) {
        pdr_scope *g = T->open(&a->host, PDR_GRAD);
        pdr_tensor *sum = NULL;
        for (int64_t k = 0; k < networks; k++) {
            pdr_tensor *z = M->forward(g, models[k], a->host.rng->normals(g, r, SHAPE, 4), PDR_TRAIN);
            pdr_tensor *loss = T->mean(g, T->square(g, z), PDR_ALL, 0);
            sum = sum ? T->add(g, sum, loss) : loss;
        }
        assert_int_equal(M->descend(g, o, sum), PDR_OK);
        assert_int_equal(T->close(g), PDR_OK);
    }
}

static void same(const pdr_tensor *a, const pdr_tensor *b)
{
    static float p[1 << 16], q[1 << 16];
    uint64_t bytes = (uint64_t)T->size(a, PDR_ALL) * sizeof *p;
    assert_true(bytes <= sizeof p && T->size(b, PDR_ALL) == T->size(a, PDR_ALL));
    assert_int_equal(T->read(a, PDR_F32, p, bytes), PDR_OK);
    assert_int_equal(T->read(b, PDR_F32, q, bytes), PDR_OK);
    assert_memory_equal(p, q, bytes);
}

static void training_goes_on_to_the_same_bits(void **state)
{
    (void)state;
    static const char *const kinds[] = {"{type: adam, lr: 0.01, betas: [0.5, 0.9]}", "{type: adamw, lr: 0.01}",
                                        "{type: sgd, lr: 0.1, momentum: 0.9}", "{type: sgd, lr: 0.1}"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        house *h = house_open(DIGITS, 1);
        strategy *a = invited(h, 0, &guest, "a", NULL), *b = invited(h, 1, &guest, "b", NULL);
        const pdr_model_api *M = a->host.model;
        const pdr_state_api *S = a->host.state;
        pdr_state saved = shelf(a);
        enter(a, "save");
        pdr_rng *rows = a->host.rng->stream(&a->host, "rows", 0);
        pdr_model *m[] = {M->build(&a->host, NETWORK, SHAPE + 1, 3, 4),
                          M->build(&a->host, "{hidden: [7]}", SHAPE + 1, 3, 2)};
        pdr_optim *o = M->optimizer(&a->host, m, 2, kinds[k]);
        learn(a, m, 1, o, rows, 3); /* the second starts later: its steps are its own */
        learn(a, m, 2, o, rows, 4);
        S->put_model(&saved, "one", m[0]);
        S->put_model(&saved, "two", m[1]);
        S->put_optim(&saved, "o", o);
        learn(a, m, 2, o, rows, 5);
        leave(a);
        saved.owner = b;
        enter(b, "load");
        pdr_model *n[] = {S->get_model(&saved, "one"), S->get_model(&saved, "two")};
        assert_non_null(n[0]);
        assert_int_equal(b->owner.kept, 2);
        pdr_optim *p = M->optimizer(&b->host, n, 2, kinds[k]);
        assert_int_equal(S->get_optim(&saved, "o", p), PDR_OK);
        leave(b);
        /* The same rows: strategy a's stream from where the second part began. */
        enter(a, "after");
        a->host.rng->rewind(rows);
        for (int i = 0; i < 3 + 2 * 4; i++) {
            pdr_scope *q = T->open(&a->host, PDR_NO_GRAD);
            a->host.rng->normals(q, rows, SHAPE, 4);
            T->close(q);
        }
        leave(a);
        enter(b, "after");
        learn(b, n, 2, p, rows, 5);
        for (int i = 0; i < 2; i++)
            same(M->flat_params(m[i]), M->flat_params(n[i]));
        same(E->model_buffers(m[0]), E->model_buffers(n[0]));
        assert_int_equal(*E->optimizer_steps(p->parts[0]), 12);
        assert_int_equal(*E->optimizer_steps(p->parts[1]), 9);
        M->drop_optimizer(p);
        M->discard(n[0]);
        M->discard(n[1]);
        leave(b);
        enter(a, "after");
        M->drop_optimizer(o);
        M->discard(m[0]);
        M->discard(m[1]);
        leave(a);
        shelf_clear(&saved);
        house_close(h);
    }
}

/* A snapshot of a built network is one again; its gates are the strategies' that set them. */
static void a_snapshot_of_a_built_network_comes_back_frozen(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL), *b = invited(h, 1, &guest, "b", NULL);
    const pdr_model_api *M = a->host.model;
    const pdr_state_api *S = a->host.state;
    pdr_state saved = shelf(a);
    pdr_scope *s = enter(a, "save");
    pdr_model *m = M->build(&a->host, NETWORK, SHAPE + 1, 3, 4);
    const float third[] = {1, 0, 3}, half[] = {0.5f, 1, 2, 0, 1};
    const int64_t three = 3, five = 5;
    assert_int_equal(M->gate(s, m, 0, T->from(s, PDR_F32, &three, 1, third)), PDR_OK);
    assert_int_equal(M->gate(s, m, 1, T->from(s, PDR_F32, &five, 1, half)), PDR_OK);
    pdr_model *frozen = M->snapshot(&a->host, m);
    S->put_model(&saved, "net", frozen);
    leave(a);
    s = enter(b, "load");
    saved.owner = b;
    pdr_model *back = S->get_model(&saved, "net");
    pdr_tensor *x = b->host.rng->normals(s, b->host.rng->stream(&b->host, "x", 0), SHAPE, 4);
    assert_null(E->model->flat_grads(back));
    assert_true(E->model_frozen(back));
    same(M->forward(s, frozen, x, PDR_EVAL), M->forward(s, back, x, PDR_EVAL));
    same(M->forward(s, frozen, x, PDR_TRAIN), M->forward(s, back, x, PDR_TRAIN)); /* dropout's draws as well */
    assert_int_equal(E->gate_count(back), 2);
    const char *who = NULL;
    int64_t layer = -1;
    assert_non_null(E->gate_at(back, 1, &who, &layer));
    assert_string_equal(who, "a");
    assert_int_equal(layer, 1);
    M->discard(back);
    leave(b);
    enter(a, "after");
    M->discard(frozen);
    M->discard(m);
    leave(a);
    shelf_clear(&saved);
    house_close(h);
}

/* The gates of a snapshot of the network in training are those of its moment, whatever that one has by now. */
static void a_snapshot_keeps_its_own_gates(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    pdr_state saved = shelf(a);
    const int64_t four = 4;
    pdr_scope *s = enter(a, "save");
    pdr_tensor *x = a->host.rng->normals(s, a->host.rng->stream(&a->host, "x", 0), SHAPE, 4);
    a->host.state->put_model(&saved, "plain", h->model);
    pdr_tensor *plain = M->forward(s, h->model, x, PDR_EVAL);
    assert_int_equal(M->gate(s, h->model, 0, T->full(s, PDR_F32, &four, 1, 0)), PDR_OK);
    a->host.state->put_model(&saved, "silent", h->model);
    pdr_tensor *silent = M->forward(s, h->model, x, PDR_EVAL);
    pdr_model *one = a->host.state->get_model(&saved, "plain"), *two = a->host.state->get_model(&saved, "silent");
    same(M->forward(s, one, x, PDR_EVAL), plain);
    same(M->forward(s, two, x, PDR_EVAL), silent);
    M->discard(one);
    M->discard(two);
    leave(a);
    shelf_clear(&saved);
    house_close(h);
}

static void optimizers_that_do_not_fit_are_told(void **state)
{
    (void)state;
    house *h = house_open(DIGITS, 1);
    strategy *a = invited(h, 0, &guest, "a", NULL);
    const pdr_model_api *M = a->host.model;
    const pdr_state_api *S = a->host.state;
    pdr_state saved = shelf(a);
    pdr_scope *s = enter(a, "save");
    pdr_rng *rows = a->host.rng->stream(&a->host, "rows", 0);
    pdr_model *m[] = {M->build(&a->host, "{hidden: [7]}", SHAPE + 1, 3, 2),
                      M->build(&a->host, "{hidden: [8]}", SHAPE + 1, 3, 2)};
    pdr_optim *o = M->optimizer(&a->host, m, 1, "{type: adam}");
    learn(a, m, 1, o, rows, 2);
    S->put_optim(&saved, "o", o);
    S->put_optim(&saved, "none", NULL);
    S->put_bytes(&saved, "bytes", "x", 1);
    assert_int_equal(S->get_optim(&saved, "none", o), PDR_ENOTFOUND);
    assert_int_equal(S->get_optim(&saved, "o", NULL), PDR_EINVALID);
    pdr_optim *others[] = {M->optimizer(&a->host, m, 2, "{type: adam}"), M->optimizer(&a->host, m, 1, "{type: sgd}"),
                           M->optimizer(&a->host, m + 1, 1, "{type: adam}"), o};
    learn(a, m + 1, 1, others[2], rows, 1);
    pdr_tensor *before = T->keep(NULL, T->clone(s, E->optimizer_state(others[2]->parts[0], "first")));
    leave(a);
    const char *words[] = {"state: o has an optimizer of 1 networks; expected one of 2",
                           "state: o has the averages of adam; expected those of sgd",
                           "state: o/0/first has 1884 bytes; the optimizer has 2152",
                           "state: bytes holds no optimizer; expected one"};
    for (int i = 0; i < 4; i++) {
        enter(a, "load");
        assert_int_equal(S->get_optim(&saved, i < 3 ? "o" : "bytes", others[i]), PDR_EINVALID);
        leave_with(a, words[i]);
        saved.failed = 0;
    }
    enter(a, "load");
    same(before, E->optimizer_state(others[2]->parts[0], "first")); /* it is as it was */
    T->release(before);
    assert_int_equal(*E->optimizer_steps(others[2]->parts[0]), 1);
    for (int i = 0; i < 4; i++)
        M->drop_optimizer(others[i]);
    M->discard(m[0]);
    M->discard(m[1]);
    leave(a);
    shelf_clear(&saved);
    house_close(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_goes_on_to_the_same_bits),
        cmocka_unit_test(a_snapshot_of_a_built_network_comes_back_frozen),
        cmocka_unit_test(a_snapshot_keeps_its_own_gates),
        cmocka_unit_test(optimizers_that_do_not_fit_are_told),
    };
    return cmocka_run_group_tests(tests, engine_begin, folder_end);
}
