// Differentiation: fresh gradients of the leaves, which autograd can then hand over without a copy.
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/inside.hpp"

static std::vector<at::Tensor> values_of(pdr_tensor *const *list, int64_t count)
{
    std::vector<at::Tensor> out;
    out.reserve((size_t)count);
    for (int64_t i = 0; i < count; i++)
        out.push_back(list[i]->value);
    return out;
}

pdr_status engine_differentiate(pdr_scope *s, const pdr_tensor *loss, pdr_tensor *const *leaves, int64_t count,
                                bool again, pdr_tensor **out, bool *reached)
{
    std::vector<at::Tensor> found;
    if (!engine_ready(s, "gradient", ENGINE_IN(loss)))
        return s && s->code ? s->code : PDR_EINVALID;
    bool done = engine_attempt(s, "gradient", true, [&] {
        ENGINE_CHECK(loss->value.numel() == 1, PDR_EINVALID, "a loss of shape ", loss->value.sizes(),
                     "; it must be a scalar");
        ENGINE_CHECK(loss->value.requires_grad(), PDR_EINVALID,
                     "a loss without a graph; it must come from a [grad] scope");
        std::vector<at::Tensor> inputs = values_of(leaves, count);
        found = torch::autograd::grad({loss->value}, inputs, {}, again, false, true);
        for (size_t i = 0; reached && i < found.size(); i++)
            reached[i] = found[i].defined();
        for (size_t i = 0; i < found.size(); i++) // C loops walk over them, so they lie in order
            found[i] = found[i].defined() ? found[i].contiguous() : at::zeros_like(inputs[i]);
    });
    if (!done)
        return s->code;
    for (int64_t i = 0; i < count; i++)
        out[i] = engine_hold(s, std::move(found[(size_t)i]));
    return s->code;
}

// In a [grad] scope the backward pass is recorded as well, so that a loss may be built on the slope.
pdr_tensor *engine_derivative(pdr_scope *s, const pdr_tensor *sum, const pdr_tensor *leaf)
{
    return ENGINE_TRY(s, "derivative", ENGINE_IN(sum, leaf), [&] {
        const bool record = s->mode == PDR_GRAD;
        ENGINE_CHECK(leaf->value.requires_grad() && leaf->value.is_leaf() && !leaf->given, PDR_EINVALID,
                     "found a tensor that leaf() did not make; expected one that it made");
        ENGINE_CHECK(sum->value.numel() == 1, PDR_EINVALID, "found a sum of shape ", sum->value.sizes(),
                     "; expected a scalar");
        ENGINE_CHECK(sum->value.requires_grad(), PDR_EINVALID,
                     "found a sum without a graph; expected one from a [grad] scope");
        at::Tensor slope =
            torch::autograd::grad({sum->value}, {leaf->value}, {}, record, record, true /* unused ones */)[0];
        ENGINE_CHECK(slope.defined(), PDR_EINVALID,
                     "found a sum that does not depend on the leaf; expected one that does");
        return slope;
    }());
}

pdr_status engine_pull_back(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *above, pdr_tensor *const *outputs,
                            int64_t count, pdr_tensor **out)
{
    std::vector<at::Tensor> found;
    if (!engine_ready(s, "gradient", ENGINE_IN(logits, above)))
        return s && s->code ? s->code : PDR_EINVALID;
    bool done = engine_attempt(s, "gradient", true, [&] {
        found = torch::autograd::grad({logits->value}, values_of(outputs, count), {above->value}, true, false, true);
    });
    for (int64_t i = 0; done && i < count; i++)
        out[i] = found[(size_t)i].defined() ? engine_hold(s, std::move(found[(size_t)i])) : nullptr;
    return s->code;
}

pdr_status engine_join(pdr_scope *s, pdr_tensor *into, pdr_tensor *const *parts, int64_t count)
{
    return ENGINE_WRITE(s, "flat_grads", ENGINE_IN(into), [&] {
        std::vector<at::Tensor> flat = values_of(parts, count);
        for (auto &t : flat)
            t = t.reshape({-1});
        at::cat_out(into->value, flat);
    }());
}
