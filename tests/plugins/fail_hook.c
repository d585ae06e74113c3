/* SPDX-License-Identifier: Apache-2.0 */
/* after_batch of the step with index 3 fails with words of its own. */
#include "tiny.h"
TINY_WITHOUT_PARAMS
TINY_EMPTY_LIFE
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (s->index != 3)
        return PDR_OK;
    return pdr_failf(self->host, PDR_ERROR, "fail_hook fails at index %d, as it was made to", 3);
}
static const pdr_hooks hooks = {PDR_HOOKS, .after_batch = after_batch};
PDR_STRATEGY("fail_hook", "1.0", "a hook fails with a message", NULL, PDR_GRAPH_SAFE)
