// The step's loss as autograd sees it: one node from the logits to the losses of the rows and to their weighted sum, whose
// derivative planned_loss.c has worked out already.
#include <ATen/ops/exp.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/inside.hpp"
extern "C" {
#include "engine/planned.h"
}

namespace
{
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct cross_entropy_node : torch::autograd::Function<cross_entropy_node> {
    static variable_list forward(AutogradContext *c, const at::Tensor &logits, const planned_cross *p)
    {
        (void)logits;
        c->set_materialize_grads(false);
        c->save_for_backward({p->slope->value, p->weights->value});
        return {p->rows->value, p->loss->value};
    }

    // Rows of weight 0 are not in the sum, whatever they hold; what was built on the rows has its own weights.
    static variable_list backward(AutogradContext *c, variable_list above)
    {
        const variable_list saved = c->get_saved_variables();
        at::Tensor of_rows = above[1].defined() ? saved[1].mul(above[1]) : at::Tensor();
        if (above[0].defined())
            of_rows = of_rows.defined() ? of_rows.add(above[0]) : above[0];
        if (!of_rows.defined())
            return {at::Tensor(), at::Tensor()};
        of_rows = of_rows.unsqueeze(1);
        return {saved[0].mul(of_rows).masked_fill_(of_rows.eq(0), 0), at::Tensor()};
    }
};
} // namespace

void planned_exp(pdr_scope *s, pdr_tensor *t) { ENGINE_WRITE(s, "row_loss", ENGINE_IN(t), at::exp_(t->value)); }

pdr_tensor *planned_cross_record(pdr_scope *s, const planned_cross *p, pdr_tensor **loss)
{
    at::Tensor total;
    pdr_tensor *rows = ENGINE_TRY(s, "row_loss", ENGINE_IN(p->logits, p->weights, p->slope, p->rows, p->loss), [&] {
        variable_list made = cross_entropy_node::apply(p->logits->value, p);
        total = made[1];
        return made[0];
    }());
    *loss = rows ? engine_hold(s, std::move(total)) : nullptr;
    return rows;
}
