/* SPDX-License-Identifier: Apache-2.0
 *
 * Works the loss of every row out again, from the logits and the scenario's own words, in doubles and without a mask:
 * the second computation that the host's masks are held against. Tasks have two classes each.
 */
#include <perdure/sugar.h>

typedef struct {
    int32_t active, shared;
} config;
typedef struct {
    const pdr_host *host;
    config config;
} strategy;

enum { ALL, SEEN, TASK };
static const char *const words[] = {"all", "seen", "task", NULL};
static const pdr_param params[] = {{.key = "active",
                                    .help = "which columns compete",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, active),
                                    .fallback = "all",
                                    .choices = words},
                                   {.key = "shared",
                                    .help = "all tasks have the first columns",
                                    .type = PDR_PARAM_BOOL,
                                    .offset = offsetof(config, shared),
                                    .fallback = "false"},
                                   {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}
static void teardown(strategy *self) { (void)self; }

static double row_loss(const strategy *self, const pdr_task *t, const double *logit, int64_t y)
{
    int64_t first = 0, end = t->columns;
    double sum = 0;
    if (self->config.active == SEEN)
        end = t->seen;
    if (self->config.active == TASK && !self->config.shared) {
        first = y / 2 * 2;
        end = first + 2;
    }
    for (int64_t j = first; j < end; j++)
        sum += exp(logit[j]);
    return log(sum) - logit[y];
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    enum { ROWS = 64, COLUMNS = 16 };
    double logits[ROWS * COLUMNS], found[ROWS];
    int64_t y[ROWS], n = T->size(s->x, 0), c = s->task->columns;
    if (n > ROWS || c > COLUMNS)
        return pdr_failf(self->host, PDR_EINVALID, "more rows than the test makes");
    if (T->read(s->logits, PDR_F64, logits, (uint64_t)(n * c) * sizeof *logits) != PDR_OK ||
        T->read(s->row_loss, PDR_F64, found, (uint64_t)n * sizeof *found) != PDR_OK ||
        T->read(s->y, PDR_I64, y, (uint64_t)n * sizeof *y) != PDR_OK)
        return pdr_failf(self->host, PDR_ERROR, "cannot read the step");
    for (int64_t i = 0; i < n; i++) {
        double expected = row_loss(self, s->task, logits + i * c, y[i]);
        if (!(fabs(found[i] - expected) < 1e-5))
            return pdr_failf(self->host, PDR_ERROR, "row %d of task %d, label %d: found loss %g; expected %g", (int)i,
                             (int)s->task->index, (int)y[i], found[i], expected);
    }
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .after_loss = after_loss};
PDR_STRATEGY("masks", "1.0", "works the row losses out again", NULL, 0)
