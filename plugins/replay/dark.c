/* SPDX-License-Identifier: Apache-2.0
 *
 * Dark experience: DER and DER++ (Buzzega et al. 2020). A row is stored with the logits that the network gave it in the
 * step it came in; what is rehearsed shall have these logits again.
 */
#include "replay.h"

/* Keeps the stored logits for the term: in the tensor that is there, where it has their shape, so that a captured step finds
 * them at the same address. */
static void logits_hold(strategy *self, pdr_scope *s, pdr_tensor *z)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *kept = self->logits;
    if (kept && T->size(kept, 0) == T->size(z, 0) && T->size(kept, 1) == T->size(z, 1))
        T->copy(s, kept, z);
    else
        pdr_hold(self->host, &self->logits, T->clone(s, z));
}

/* (R4) on rows without labels, (R5) on rows of a draw of its own. */
pdr_status dark_rehearse(strategy *self, const pdr_step *s)
{
    const pdr_host *h = self->host;
    pdr_tensor *slots = NULL, *x = NULL, *y = NULL, *z = NULL;
    pdr_status bad = draw(self, s, &slots, &x, NULL, &z);
    if (bad)
        return bad;
    logits_hold(self, s->scope, z);
    self->count = h->tensor->size(slots, 0);
    bad = h->step->rehearse(s, h->data->augment(s->scope, x), NULL, PDR_JOIN, 0, &self->first);
    if (bad || self->config.beta <= 0)
        return bad;
    bad = draw(self, s, &slots, &x, &y, NULL);
    return bad ? bad : h->step->rehearse(s, h->data->augment(s->scope, x), y, PDR_ADD, self->config.beta, NULL);
}

/* (R4) The mean over rows and columns. A column that came after a row was stored reads NaN there, which equals nothing, and
 * is left out: where() lets no gradient through it. */
pdr_status dark_term(strategy *self, const pdr_step *st)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    if (!self->count)
        return PDR_OK;
    pdr_tensor *z = T->slice(s, st->logits, 0, self->first, self->count);
    z = T->slice(s, z, 1, 0, T->size(self->logits, 1));
    pdr_tensor *known = T->equal(s, self->logits, self->logits);
    pdr_tensor *gap = T->where(s, known, T->sub(s, z, self->logits), pdr_scalar(self->host, s, 0));
    pdr_tensor *mean = T->div(s, T->sum(s, T->square(s, gap), PDR_ALL, 0), T->sum(s, known, PDR_ALL, 0));
    return self->host->step->add_loss(st, mean, PDR_ADD, self->config.alpha, "logits");
}
