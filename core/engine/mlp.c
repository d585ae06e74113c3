/* The multilayer perceptron: rows are flattened, hidden layers end in ReLU, the head makes the logits. */
#include <stdio.h>

#include "engine/draft.h"

void draft_hidden(draft *d)
{
    for (int64_t i = 0; i < d->asked->hidden_count; i++) {
        char name[40];
        snprintf(name, sizeof name, "hidden.%lld", (long long)i);
        draft_linear(d, d->asked->hidden[i], name);
        draft_plain(d, ENGINE_RELU, 0);
    }
}

void mlp_draft(draft *d)
{
    d->m->input = d->shape = (layer_shape){1, {d->m->inputs}};
    draft_hidden(d);
}
