/* SPDX-License-Identifier: Apache-2.0 */
/* Says that a graph may capture its hooks, and reads a value back in one of them. */
#include <perdure/sugar.h>

typedef struct {
    int32_t unused, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
} strategy;
static const pdr_param params[] = {{.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}
static void teardown(strategy *self) { (void)self; }

static pdr_status after_loss(void *p, const pdr_step *s)
{
    double loss = pdr_number(((const strategy *)p)->host, s->loss);
    return loss < 1e30 ? PDR_OK : PDR_ERROR;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss};
PDR_STRATEGY("waits", "1.0", "reads where nothing may wait", NULL, PDR_GRAPH_SAFE)
