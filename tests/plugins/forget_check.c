/* SPDX-License-Identifier: Apache-2.0 */
/* Makes an error in the scope of its hook and returns PDR_OK: the host must find it all the same. */
#include "tiny.h"
TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    (void)T->slice(t->scope, T->arange(t->scope, 0, 4), 0, 2, 10); /* elements 2 .. 11 of 4 */
    return PDR_OK;
}
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task};
PDR_STRATEGY("forget_check", "1.0", "forgets to look at its scope", NULL, PDR_GRAPH_SAFE)
