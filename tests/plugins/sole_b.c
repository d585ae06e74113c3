/* SPDX-License-Identifier: Apache-2.0 */
/* One of two strategies with the [sole] hook compute_loss: the scenario's loss times 2. Together: refused. */
#include "tiny.h"
TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE
static pdr_status compute_loss(void *p, const pdr_step *s, pdr_tensor **rows)
{
    const pdr_host *h = ((strategy *)p)->host;
    *rows = h->tensor->affine(s->scope, h->model->loss(s->scope, s->task, s->logits, s->y), 2, 0);
    return h->tensor->status(s->scope);
}
static const pdr_hooks hooks = {PDR_HOOKS, .compute_loss = compute_loss};
PDR_STRATEGY("sole_b", "1.0", "the loss times 2", NULL, PDR_GRAPH_SAFE)
