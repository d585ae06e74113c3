/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps three tensors and never releases them: the host must say "leak leaked 3 tensors". */
#include "tiny.h"
TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    for (int32_t i = 0; i < 3 && t->index == 0; i++)
        self->kept[i] = self->host->tensor->keep(self->host, pdr_scalar(self->host, t->scope, i));
    return PDR_OK;
}
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task};
PDR_STRATEGY("leak", "1.0", "never releases what it keeps", NULL, PDR_GRAPH_SAFE)
