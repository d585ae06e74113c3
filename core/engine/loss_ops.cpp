// What losses are made of: fused where LibTorch has it fused.
#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>

#include "engine/ops.hpp"

pdr_tensor *engine_cross_entropy(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, int64_t ignored)
{
    return ENGINE_TRY(s, "cross_entropy", ENGINE_IN(logits, y),
                      at::cross_entropy_loss(logits->value, y->value, {}, at::Reduction::None, ignored));
}

pdr_tensor *engine_cross_entropy_rows(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y)
{
    return engine_cross_entropy(s, logits, y, -1);
}

pdr_tensor *engine_bce(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *target)
{
    return ENGINE_TRY(s, "bce", ENGINE_IN(logits, target),
                      at::binary_cross_entropy_with_logits(logits->value, target->value, {}, {}, at::Reduction::None));
}

// The teacher's columns are the first ones of the logits, since columns are numbered as classes arrive; the softmax of
// the logits runs over all of theirs.
pdr_tensor *engine_distill(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *teacher, double temperature)
{
    return ENGINE_TRY(s, "distill", ENGINE_IN(logits, teacher), [&] {
        at::Tensor target = at::softmax(teacher->value.detach().div(temperature), 1);
        at::Tensor rows = at::log_softmax(logits->value.div(temperature), 1).narrow(1, 0, target.size(1));
        return target.mul(rows).sum({1}).mul(-temperature * temperature);
    }());
}
