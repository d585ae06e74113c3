/* SPDX-License-Identifier: Apache-2.0 */
/* create() fails with words of its own, after *self was set: destroy must follow. */
#include "tiny.h"
TINY_WITHOUT_PARAMS
static pdr_status setup(strategy *self)
{
    return pdr_failf(self->host, PDR_EINVALID, "fail_create was asked to fail, %d of %d", 1, 1);
}
static void teardown(strategy *self) { self->host->log(self->host, PDR_INFO, "fail_create was destroyed"); }
static pdr_status after_run(void *p) { return p ? PDR_OK : PDR_ERROR; }
static const pdr_hooks hooks = {PDR_HOOKS, .after_run = after_run};
PDR_STRATEGY("fail_create", "1.0", "create fails with a message", NULL, PDR_GRAPH_SAFE)
