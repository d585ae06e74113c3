/* SPDX-License-Identifier: Apache-2.0 */
/* One of two strategies with the [sole] hook predict. Scores: the negated logits: mostly wrong answers. */
#include "tiny.h"
TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE
static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    const pdr_host *h = ((strategy *)p)->host;
    *scores = h->tensor->affine(e->scope, e->logits, -1, 0);
    return h->tensor->status(e->scope);
}
static const pdr_hooks hooks = {PDR_HOOKS, .predict = predict};
PDR_STRATEGY("predict_b", "1.0", "scores by a rule of its own", NULL, PDR_GRAPH_SAFE)
