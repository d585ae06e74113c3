// Batch norm of the planned executor, with and without the relu behind it, against LibTorch's in double: forward, running
// means, back. It may be no farther from the truth than LibTorch's own in float is.
#include "judge.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

extern "C" {
#include "engine/planned.h"
}

using sizes = std::vector<int64_t>;
using numbers = std::vector<at::Tensor>; // out, of x, of weight, of bias, running mean, running variance

static double apart(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor p = a.detach().to(at::kDouble), q = b.detach().to(at::kDouble);
    return p.sub(q).norm().item<double>() / (1e-12 + q.norm().item<double>());
}

struct norm_case {
    at::Tensor x, g, weight, bias, mean, variance;
    bool relu;
};

static norm_case make_case(const sizes &shape, double offset, bool relu)
{
    const int64_t channels = shape[1];
    int64_t all = 1;
    for (int64_t d : shape)
        all *= d;
    at::Tensor x = noise(1, all, 1, true).reshape(shape).mul(0.5).add(offset),
               g = noise(1, all, 2, true).reshape(shape);
    if (shape.size() == 4)
        x = x.contiguous(at::MemoryFormat::ChannelsLast);
    return {x,
            g,
            noise(1, channels, 3, false).add(0.5).view({channels}),
            noise(1, channels, 4, true).view({channels}),
            noise(1, channels, 5, true).view({channels}),
            noise(1, channels, 6, false).view({channels}),
            relu};
}

static numbers by_torch(const norm_case &c, at::ScalarType type)
{
    at::Tensor x = c.x.to(type).requires_grad_(true), w = c.weight.to(type, false, true).requires_grad_(true),
               b = c.bias.to(type, false, true).requires_grad_(true), m = c.mean.to(type, false, true),
               v = c.variance.to(type, false, true);
    at::Tensor y = at::batch_norm(x, w, b, m, v, true, 0.1, 1e-5, false);
    y = c.relu ? at::relu(y) : y;
    auto found = torch::autograd::grad({y}, {x, w, b}, {c.g.to(type)});
    return {y.detach(), found[0], found[1], found[2], m, v};
}

static numbers by_loops(const norm_case &c)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    at::Tensor mean = c.mean.clone(), variance = c.variance.clone(), of_weight = at::empty_like(c.weight),
               of_bias = at::empty_like(c.bias);
    pdr_tensor *x = held(s, c.x), *w = held(s, c.weight), *saved[2] = {};
    const engine_norm n = {w, held(s, c.bias), held(s, mean), held(s, variance)};
    pdr_tensor *y = planned_norm(s, x, &n, c.relu, saved);
    const planned_target to = {of_weight.mutable_data_ptr<float>(), of_bias.mutable_data_ptr<float>(), true};
    const at::Tensor before = c.g.clone();
    pdr_tensor *back = planned_norm_back(s, held(s, c.g), x, c.relu ? y : nullptr, w, saved, to);
    if (!back)
        fail_msg("%s", engine_scope_message(s));
    assert_true(c.g.equal(before)); // a shortcut may have it as well
    numbers out = {y->value, back->value, of_weight, of_bias, mean, variance};
    assert_null(planned_norm_back(s, held(s, c.g), x, c.relu ? y : nullptr, w, saved, {to.weight, to.bias, false}));
    assert_int_equal(engine_scope_close(s), PDR_OK);
    return out;
}

static const sizes SHAPES[] = {{6, 20, 32, 32}, {3, 1, 9, 7}, {4, 64, 5, 5}, {5, 67, 4, 4},
                               {40, 3, 30, 31}, {2, 7, 1, 1}, {50, 30},      {300, 129}};

static void no_farther_than_torch(void **)
{
    static const char *const what[] = {"what it makes",   "gradient",     "weight's gradient",
                                       "bias's gradient", "running mean", "running variance"};
    for (const sizes &shape : SHAPES)
        for (double offset : {0.0, 3.0, 100.0})
            for (bool relu : {false, true}) {
                const norm_case c = make_case(shape, offset, relu);
                const numbers truth = by_torch(c, at::kDouble), theirs = by_torch(c, at::kFloat), ours = by_loops(c);
                for (size_t i = 0; i < truth.size(); i++) {
                    const double far = apart(ours[i], truth[i]), may = apart(theirs[i], truth[i]);
                    if (!(far <= 2 * may + 3e-7))
                        fail_msg("%s of %s around %g: %g from the truth, LibTorch %g", what[i], c10::str(shape).c_str(),
                                 offset, far, may);
                }
            }
}

static void any_number_of_threads(void **)
{
    const int before = at::get_num_threads();
    for (const sizes &shape : SHAPES) {
        const norm_case c = make_case(shape, 1, true);
        at::set_num_threads(1);
        const numbers one = by_loops(c);
        for (int threads : {2, 3}) {
            at::set_num_threads(threads);
            const numbers several = by_loops(c);
            for (size_t i = 0; i < one.size(); i++)
                assert_true(several[i].equal(one[i]));
        }
    }
    at::set_num_threads(before);
}

// A channel that is all one number has no variance, however large the number, and rounding must not make it negative.
static void a_channel_of_one_number(void **)
{
    for (float number : {0.0f, 0.1f, 1e5f, -3e7f}) {
        norm_case c = make_case({9, 5, 33, 31}, 0, false);
        c.x.fill_(number);
        const numbers ours = by_loops(c);
        for (const at::Tensor &t : ours)
            assert_true(t.isfinite().all().item<bool>());
        assert_true(ours[5].le(c.variance.mul(0.9).add(1e-3 * std::fabs(number) + 1e-6)).all().item<bool>());
    }
}

static void what_is_no_number_stays(void **)
{
    norm_case c = make_case({4, 3, 5, 5}, 0, true);
    c.x.select(1, 1).select(0, 2).fill_(NAN);
    const numbers ours = by_loops(c);
    assert_true(ours[0].select(1, 1).isnan().all().item<bool>());
    assert_false(ours[0].select(1, 0).isnan().any().item<bool>());
}

static void shortcuts(void **)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    const at::Tensor a = noise(6, 5 * 7 * 9, 1, true).reshape({6, 5, 7, 9}),
                     b = noise(6, 5 * 7 * 9, 2, true).reshape({6, 5, 7, 9});
    for (bool last : {false, true}) { // one of them in another layout
        at::Tensor y = last ? b.contiguous(at::MemoryFormat::ChannelsLast) : b;
        pdr_tensor *out = planned_add_relu(s, held(s, a), held(s, y));
        assert_true(out && out->value.equal(at::relu(a.add(b))));
        pdr_tensor *g = planned_mask(s, held(s, y), out);
        assert_true(g && g->value.equal(at::threshold_backward(b, out->value, 0)));
    }
    assert_int_equal(engine_scope_close(s), PDR_OK);
}

// LibTorch takes maps of one channel for contiguous ones, and all that follows would be slow.
static void one_channel_lies_as_many_do(void **)
{
    pdr_scope *s = engine_scope_open(nullptr, PDR_NO_GRAD);
    for (int64_t channels : {1, 3}) {
        const at::Tensor x = noise(4, channels * 42, 1, true).reshape({4, channels, 6, 7}),
                         w = noise(5, channels * 9, 2, true).reshape({5, channels, 3, 3});
        pdr_tensor *out = engine_conv(s, held(s, x), held(s, w), nullptr, 1, 1);
        assert_true(out && out->value.suggest_memory_format() == at::MemoryFormat::ChannelsLast);
        assert_true(apart(out->value, at::conv2d(x.to(at::kDouble), w.to(at::kDouble), {}, 1, 1)) <= 1e-6);
        assert_true(engine_pixels(x).equal(x));
    }
    assert_int_equal(engine_scope_close(s), PDR_OK);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_farther_than_torch),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(a_channel_of_one_number),
        cmocka_unit_test(what_is_no_number_stays),
        cmocka_unit_test(shortcuts),
        cmocka_unit_test(one_channel_lies_as_many_do),
    };
    return judge_run(tests, sizeof tests / sizeof *tests);
}
