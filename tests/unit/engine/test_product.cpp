// Products by oneDNN against LibTorch's own, in float64 as the judge: values, slopes, slopes of slopes, and every order of
// memory. Where LibTorch has no oneDNN for this processor, product_suits() says so and LibTorch multiplies: the same numbers are
// asked of that.
#include <ATen/Parallel.h>
#include <torch/version.h>

#include "engine/product.hpp"

#include "judge.hpp"

extern "C" {
#include "engine/planned.h"
}

using torch::autograd::variable_list;

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor p = a.detach().to(at::kDouble), q = b.detach().to(at::kDouble);
    return p.sub(q).norm().item<double>() / (1e-12 + q.norm().item<double>());
}

static at::Tensor own(const at::Tensor &t) { return t.detach().clone().requires_grad_(true); }
static at::Tensor doubled(const at::Tensor &t) { return t.detach().to(at::kDouble).requires_grad_(true); }

// Value, slopes by all inputs, and slopes of the slopes' squares.
static variable_list everything(const at::Tensor &out, const variable_list &in)
{
    const at::Tensor sum = out.mul(out.sigmoid()).sum();
    variable_list first = torch::autograd::grad({sum}, in, {}, true, true);
    at::Tensor squares = first[0].square().sum();
    for (size_t i = 1; i < first.size(); i++)
        squares = squares.add(first[i].square().sum());
    variable_list all = torch::autograd::grad({squares}, in, {}, false, false, true);
    all.insert(all.end(), first.begin(), first.end());
    all.push_back(out);
    return all;
}

static void compare(const variable_list &got, const variable_list &want)
{
    assert_int_equal(got.size(), want.size());
    for (size_t i = 0; i < got.size(); i++) {
        assert_int_equal(got[i].defined(), want[i].defined());
        if (got[i].defined())
            if (apart(got[i], want[i]) > 1e-5) /* slopes of slopes cancel: LibTorch's own are as far */
                fail_msg("value %zu is %.2e apart", i, apart(got[i], want[i]));
    }
}

static void a_linear_layer(void **)
{
    const at::Tensor x = own(noise(130, 300, 1, true)), w = own(noise(200, 300, 2, true)),
                     b = own(noise(1, 200, 3, true)[0]);
    const at::Tensor dx = doubled(x), dw = doubled(w), db = doubled(b);
    compare(everything(product_linear(x, w, b), {x, w, b}), everything(dx.matmul(dw.t()).add(db), {dx, dw, db}));
    at::NoGradGuard quiet;
    assert_true(apart(product_linear(x, w, b), dx.matmul(dw.t()).add(db)) <= 1e-6);
    assert_true(apart(product_linear(x.narrow(0, 3, 127), w, b), dx.narrow(0, 3, 127).matmul(dw.t()).add(db)) <= 1e-6);
    assert_true(apart(product_linear(x.t().contiguous().t(), w, b), dx.matmul(dw.t()).add(db)) <= 1e-6);
}

static void matrices_in_any_order(void **)
{
    const at::Tensor a = noise(150, 120, 1, true), b = noise(120, 170, 2, true);
    for (int turned = 0; turned < 4; turned++) {
        const at::Tensor left = own(turned & 1 ? a.t().contiguous() : a),
                         right = own(turned & 2 ? b.t().contiguous() : b);
        const at::Tensor dl = doubled(left), dr = doubled(right);
        auto of = [&](const at::Tensor &l, const at::Tensor &r) {
            return variable_list{turned & 1 ? l.t() : l, turned & 2 ? r.t() : r};
        };
        const variable_list f = of(left, right), d = of(dl, dr);
        compare(everything(product_matmul(f[0], f[1]), {left, right}), everything(d[0].matmul(d[1]), {dl, dr}));
    }
}

// Column by column, apart by more than a column, added to what is there or in the place of what is no number.
static void products_of_the_planned_executor(void **)
{
    const int64_t m = 150, n = 130, k = 140;
    const at::Tensor a = noise(m, k, 1, true), b = noise(k, n, 2, true);
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    for (int turned = 0; turned < 8; turned++)
        for (float beta : {0.0f, 1.0f}) {
            const bool ta = turned & 1, tb = turned & 2;
            const int64_t room = turned & 4 ? m + 9 : m, aside = turned & 4 ? 7 : 0;
            auto padded = [&](const at::Tensor &t) { return at::constant_pad_nd(t, {0, aside}, NAN).contiguous(); };
            const at::Tensor left = padded(ta ? a : a.t()), right = padded(tb ? b : b.t());
            at::Tensor c = at::full({n, room}, beta == 0 ? NAN : 1.0f);
            const planned_product p = {ta,
                                       tb,
                                       m,
                                       n,
                                       k,
                                       left.const_data_ptr<float>(),
                                       left.size(1),
                                       right.const_data_ptr<float>(),
                                       right.size(1),
                                       beta,
                                       c.mutable_data_ptr<float>(),
                                       room};
            planned_multiply(s, &p);
            assert_true(apart(c.narrow(1, 0, m).t(), a.to(at::kDouble).matmul(b.to(at::kDouble)).add(beta)) <= 1e-6);
        }
    assert_int_equal(engine_scope_close(s), PDR_OK);
}

// The shapes of a layer's three products in batches of few rows and of many, with gaps between rows; both ways to turn.
static void small_products(void **)
{
    const int64_t shapes[][3] = {{100, 20, 784}, {784, 100, 20}, {10, 20, 100}, {100, 20, 10}, {100, 10, 20},
                                 {16, 300, 8},   {1, 1, 1},      {33, 17, 65},  {7, 1, 30}};
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    int64_t here = 0;
    for (auto &shape : shapes)
        for (int kind = 0; kind < 12; kind++) {
            const int64_t m = shape[0], n = shape[1], k = shape[2], gap = kind & 4 ? 5 : 0;
            const bool ta = kind & 1, tb = kind & 2;
            const float beta = kind < 8 ? 0 : 1;
            const at::Tensor a = noise(m, k, 1, true), b = noise(k, n, 2, true);
            const at::Tensor left = (ta ? a : a.t()).contiguous(), right = (tb ? b : b.t()).contiguous();
            at::Tensor c = at::full({n, m + gap}, beta == 0 ? NAN : 1.0f), again = c.clone();
            planned_product p = {ta,
                                 tb,
                                 m,
                                 n,
                                 k,
                                 left.const_data_ptr<float>(),
                                 left.size(1),
                                 right.const_data_ptr<float>(),
                                 right.size(1),
                                 beta,
                                 c.mutable_data_ptr<float>(),
                                 m + gap};
            if (!planned_multiply_small(s, &p))
                continue;
            here++;
            assert_true(apart(c.narrow(1, 0, m).t(), a.to(at::kDouble).matmul(b.to(at::kDouble)).add(beta)) <= 1e-6);
            assert_true(!gap || c.narrow(1, m, gap).equal(again.narrow(1, m, gap)) || beta == 0);
            p.c = again.mutable_data_ptr<float>();
            assert_true(planned_multiply_small(s, &p));
            assert_true(again.narrow(1, 0, m).equal(c.narrow(1, 0, m)));
        }
    print_message("oneDNN's microkernels made %d small products\n", (int)here);
    assert_true(here > 0 || !product_processor() || strcmp(TORCH_VERSION, "2.11.0") != 0);
    assert_int_equal(engine_scope_close(s), PDR_OK);
}

// The same operands, the same bits; small products, other types and several deterministic threads stay LibTorch's.
static void the_rule(void **)
{
    const at::Tensor x = noise(256, 256, 1, true), w = noise(256, 256, 2, true);
    assert_true(product_matmul(x, w).equal(product_matmul(x, w)));
    assert_false(product_suits(20, 100, 10, false));
    assert_true(product_matmul(x.to(at::kDouble), w.to(at::kDouble)).scalar_type() == at::kDouble);
    const bool one = product_suits(256, 256, 256, false);
    at::globalContext().setDeterministicAlgorithms(true, false);
    at::set_num_threads(2);
    assert_false(product_suits(256, 256, 256, false));
    at::set_num_threads(1);
    assert_int_equal(product_suits(256, 256, 256, false), one);
    at::globalContext().setDeterministicAlgorithms(false, false);
    print_message("oneDNN multiplies large matrices here: %s\n", one ? "yes" : "no");
}

int main()
{
    at::set_num_threads(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_layer),
        cmocka_unit_test(matrices_in_any_order),
        cmocka_unit_test(products_of_the_planned_executor),
        cmocka_unit_test(small_products),
        cmocka_unit_test(the_rule),
    };
    return cmocka_run_group_tests_name("engine/product", tests, NULL, NULL);
}
