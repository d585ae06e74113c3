/* SPDX-License-Identifier: Apache-2.0 */
/* A penalty towards 0 and nothing else: it reads no gradient, so that the host may fuse it into the update. */
#include <perdure/sugar.h>
typedef struct {
    double weight;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *ones, *zeros;
} strategy;
static const pdr_param params[] = {
    {.key = "weight", .help = "of the penalty", .type = PDR_PARAM_REAL, .offset = offsetof(config, weight), .max = 1e9},
    {.key = NULL}};
static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}
static void teardown(strategy *self)
{
    self->host->tensor->release(self->ones);
    self->host->tensor->release(self->zeros);
}
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t n = T->size(self->host->model->flat_params(t->model), 0);
    pdr_hold(self->host, &self->ones, T->full(t->scope, PDR_F32, &n, 1, 1));
    pdr_hold(self->host, &self->zeros, T->full(t->scope, PDR_F32, &n, 1, 0));
    return PDR_OK;
}
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    return self->host->step->add_penalty(s, self->ones, self->zeros, self->config.weight, "pull");
}
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .after_loss = after_loss};
PDR_STRATEGY("pull", "1.0", "pulls all parameters towards 0", NULL, 0)
