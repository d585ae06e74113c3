/* SPDX-License-Identifier: Apache-2.0 */
/* Needs the next minor, and says so: an older host refuses it, a newer one gives it what it calls without asking. */
#define PDR_TARGET_MINOR PDR_ABI_MINOR
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

static pdr_status after_task(void *p, const pdr_task *t)
{
    const pdr_host *h = ((const strategy *)p)->host;
    h->metric(h, "answer", (double)(h->next(h) + h->tensor->next(NULL) + t->next));
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_task = after_task};
PDR_STRATEGY("needs", "1.0", "calls members of the next minor", NULL, 0)
