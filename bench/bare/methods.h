// The families that method_make looks through; each gives NULL for a name that it does not have.
#pragma once
#include "bare.h"

namespace bare
{
std::unique_ptr<Method> penalty_make(const std::string &name, World &w);
std::unique_ptr<Method> rehearsal_make(const std::string &name, World &w);
std::unique_ptr<Method> distillation_make(const std::string &name, World &w);
// T^2 * cross entropy of softened rows, mean; columns that the teacher lacks have target 0.
Tensor distilled(const Tensor &logits, const Tensor &teacher, double temperature);
} // namespace bare
