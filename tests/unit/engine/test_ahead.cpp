// Plain descent as a part of the backward's products (optimizer_ahead) against the update that follows the backward: the same
// weights within rounding, the same words for what is not finite, and no word that is broken silently.
#include "judge.hpp"

#include <string>

extern "C" {
#include "engine/optimizer.h"
#include "engine/planned.h"
}

static const engine_optimizer_options SGD = {ENGINE_SGD, 0, 0, 0, 0, 0};
enum { INPUTS = 40, OUT = 6 };

static pdr_model *build(const char *kind)
{
    static const int64_t hidden[] = {30, 20}, shape = INPUTS;
    static const engine_layer list[] = {{ENGINE_LINEAR, 30, 0, 0, 0, 0}, {ENGINE_BATCH_NORM, 0, 0, 0, 0, 0},
                                        {ENGINE_TANH, 0, 0, 0, 0, 0},    {ENGINE_LINEAR, 20, 0, 0, 0, 0},
                                        {ENGINE_RELU, 0, 0, 0, 0, 0},    {ENGINE_DROPOUT, 0, 0, 0, 0, 0.3}};
    engine_network n = {};
    n.kind = kind;
    n.shape = &shape;
    n.rank = 1;
    n.outputs = OUT;
    n.hidden = hidden;
    n.hidden_count = 2;
    n.layers = list;
    n.layer_count = 6;
    random_stream r = random_open(1, "weights", "", 0);
    pdr_model *m = nullptr;
    error e = {};
    if (engine_model_build(&n, &r, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    return a.to(at::kDouble).sub(b.to(at::kDouble)).norm().item<double>();
}

struct side {
    pdr_model *m;
    engine_optimizer *o;
    pdr_scope *s;
    side(const char *kind, const engine_optimizer_options &options = SGD)
        : m(build(kind)), o(engine_optimizer_open(m, &options)), s(engine_scope_open(nullptr, PDR_GRAD))
    {
    }
    ~side()
    {
        engine_optimizer_close(o);
        engine_model.discard(m);
        engine_scope_close(s);
    }
    // Forward and backward of a loss that is `size` times the logits by noise.
    void back(int64_t number, double size, bool ahead, double lr)
    {
        engine_scope_clear(s, PDR_GRAD);
        pdr_tensor *z = engine_planned.forward(s, m, held(s, noise(ROWS, INPUTS, number, true).mul(size)), nullptr);
        if (ahead)
            assert_true(engine_optimizer_ahead(o, lr));
        pdr_tensor *loss = held(s, z->value.mul(noise(ROWS, OUT, 50 + number, true).mul(size)).sum());
        if (engine_planned.backward(s, m, loss, false))
            fail_msg("%s", engine_scope_message(s));
    }
    pdr_status step(int64_t number, double size, bool ahead, double lr)
    {
        back(number, size, ahead, lr);
        return engine_optimizer_step(s, o, lr, nullptr, 0);
    }
    at::Tensor weights() const { return m->params->value.clone(); }
    int applied() const
    {
        int n = 0;
        for (int64_t i = 0; i < m->blocks.count; i++)
            n += m->blocks.at[i].applied;
        return n;
    }
};

static void the_same_steps(void **)
{
    for (const char *kind : {"mlp", "layers"}) {
        side plain(kind), folded(kind);
        at::Tensor start = plain.weights();
        for (int64_t i = 0; i < 20; i++) {
            assert_int_equal(plain.step(i, 1, false, 0.01), PDR_OK);
            assert_int_equal(plain.applied(), 0);
            assert_int_equal(folded.step(i, 1, true, 0.01), PDR_OK);
            assert_int_equal(folded.applied(), 2); // of the two layers in front of the head
            if (i == 0)
                assert_true(apart(folded.weights(), plain.weights()) <=
                            1e-6 * apart(start, plain.weights()) + 1e-7 * start.norm().item<double>());
        }
        assert_true(apart(folded.weights(), plain.weights()) <= 1e-4 * apart(start, plain.weights()));
        assert_int_equal(*engine_optimizer_steps(folded.o), 20);
    }
}

// Of the head and of all biases, to the bit; in a later step that says nothing, of everything.
static void what_stays_readable(void **)
{
    side plain("mlp"), folded("mlp");
    plain.back(1, 1, false, 0.1);
    folded.back(1, 1, true, 0.1);
    const at::Tensor want = plain.m->gradients->value, got = engine_model.flat_grads(folded.m)->value;
    for (int64_t i = 0; i < plain.m->blocks.count; i++) {
        const pdr_block *b = &plain.m->blocks.at[i].about;
        assert_true(folded.m->blocks.at[i].applied ||
                    got.narrow(0, b->first, b->count).equal(want.narrow(0, b->first, b->count)));
    }
    assert_int_equal(engine_optimizer_step(folded.s, folded.o, 0.1, nullptr, 0), PDR_OK);
    folded.m->params->value.copy_(plain.m->params->value);
    folded.back(1, 1, false, 0.1); // the word held for one backward
    assert_int_equal(folded.applied(), 0);
    assert_true(folded.m->gradients->value.equal(want));
}

// Products that could leave float32's range are written down and looked at: the same weights, the same verdict.
static void what_is_not_finite(void **)
{
    for (double size : {1e17, 1e19, 1e30, (double)NAN, (double)INFINITY}) {
        side plain("mlp"), folded("mlp");
        pdr_status want = plain.step(1, size, false, 0.1), got = folded.step(1, size, true, 0.1);
        assert_int_equal(got, want);
        assert_int_equal(want, size > 1e20 || size != size ? PDR_ENOTFINITE : PDR_OK);
        if (size > 1e18 || size != size)
            assert_int_equal(folded.applied(), 0);
    }
}

static void a_word_that_is_broken(void **)
{
    side a("mlp");
    at::Tensor ones = at::ones({a.m->blocks.size});
    a.back(1, 1, true, 0.1);
    engine_penalty p = {held(a.s, ones), held(a.s, ones), 1};
    refused(a.s, engine_optimizer_step(a.s, a.o, 0.1, &p, 1), PDR_EINVALID, "that optimizer_ahead() said");
    a.back(1, 1, true, 0.1);
    refused(a.s, engine_optimizer_step(a.s, a.o, 0.2, nullptr, 0), PDR_EINVALID, "another rate");
    a.back(1, 1, true, 0.1);
    engine_gradient_norm(a.s, a.m);
    refused(a.s, engine_scope_status(a.s), PDR_EINVALID, "the backward made the update already");
}

// Momentum and decay need the gradient; by autograd nothing is made ahead.
static void who_makes_no_use_of_it(void **)
{
    for (engine_optimizer_options o :
         {engine_optimizer_options{ENGINE_SGD, 0.9, 0, 0, 0, 0}, engine_optimizer_options{ENGINE_SGD, 0, 0.1, 0, 0, 0},
          engine_optimizer_options{ENGINE_ADAM, 0, 0, 0.9, 0.999, 1e-8}}) {
        side a("mlp", o);
        assert_false(engine_optimizer_ahead(a.o, 0.1));
        assert_int_equal(a.step(1, 1, false, 0.1), PDR_OK);
    }
    side a("mlp"), b("mlp");
    for (side *x : {&a, &b}) {
        pdr_tensor *z = engine_autograd.forward(x->s, x->m, held(x->s, noise(ROWS, INPUTS, 1, true)), nullptr);
        if (x == &b)
            assert_true(engine_optimizer_ahead(b.o, 0.1));
        assert_int_equal(engine_autograd.backward(x->s, x->m, held(x->s, z->value.sum()), false), PDR_OK);
        assert_int_equal(engine_optimizer_step(x->s, x->o, 0.1, nullptr, 0), PDR_OK);
    }
    assert_true(a.weights().equal(b.weights()));
    assert_int_equal(b.step(2, 1, false, 0.1), PDR_OK);
    assert_int_equal(b.applied(), 0);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_steps),         cmocka_unit_test(what_stays_readable),
        cmocka_unit_test(what_is_not_finite),     cmocka_unit_test(a_word_that_is_broken),
        cmocka_unit_test(who_makes_no_use_of_it),
    };
    return judge_run(tests, sizeof tests / sizeof *tests);
}
