/* SPDX-License-Identifier: Apache-2.0 */
/* Knows the next minor and runs on every host: what it would like to use it asks for, with PDR_HAS. Logs how many structs and
 * tables have the appended member (asks.has) and the sum of what the functions among them answer (asks.sum). */
#define PDR_TARGET_MINOR 0u
#define PDR_VISIBLE_MINOR PDR_ABI_MINOR
#include <perdure/sugar.h>

typedef struct {
    int32_t unused, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    int64_t has, sum; /* in the moments and tables of this task */
} strategy;
static const pdr_param params[] = {{.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}
static void teardown(strategy *self) { (void)self; }

#define ASK(table, argument)                      \
    do {                                          \
        if (PDR_HAS(table, next)) {               \
            self->has++;                          \
            self->sum += (table)->next(argument); \
        }                                         \
    } while (0)

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_host *h = self->host;
    self->has = PDR_HAS(t, next);
    self->sum = 0;
    ASK(h, h);
    ASK(h->tensor, NULL);
    ASK(h->model, NULL);
    ASK(h->step, NULL);
    ASK(h->data, NULL);
    ASK(h->memory, NULL);
    ASK(h->rng, NULL);
    ASK(h->state, NULL);
    h->metric(h, "has", (double)self->has);
    h->metric(h, "sum", (double)self->sum);
    return PDR_OK;
}

/* Behind the end of an older host's table of hooks: it never calls it, and neither does this test's. */
static pdr_status next(void *p) { return p ? PDR_OK : PDR_ERROR; }

static const pdr_hooks hooks = {PDR_HOOKS, .after_task = after_task, .next = next};
PDR_STRATEGY("asks", "1.0", "asks for members of the next minor", NULL, 0)
