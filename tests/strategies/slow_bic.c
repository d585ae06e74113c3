/* SPDX-License-Identifier: Apache-2.0 */
/* BiC as one would write it down: distillation column by column as part of each row's loss, the two numbers of the second
 * stage by loops in double precision with the derivative worked out by hand. What examples/strategies/bic is compared with;
 * they share the loader, which mingles rows of a memory with those of the task. */
#include <perdure/sugar.h>

enum { TASKS = 8, ROWS = 256, COLUMNS = 8 };
typedef struct {
    const char *memory;
    double temperature, lr;
    int64_t steps;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    pdr_model *teacher;
    pdr_tensor *x[TASKS]; /* held-out rows, task by task */
    int64_t y[ROWS], rows, tasks, first, end, stale;
    double alpha, beta, z[ROWS][COLUMNS];
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("memory", MEMORY, memory), .help = "room for all"},
    {KEY("temperature", REAL, temperature), .help = "divides logits", .fallback = "2", .max = 100},
    {KEY("lr", REAL, lr), .help = "of the second stage", .fallback = "0.01", .max = 100},
    {KEY("steps", INT, steps), .help = "of the second stage", .fallback = "500", .max = 1e6},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR;
}

static void teardown(strategy *self)
{
    self->host->memory->close(self->memory);
    self->host->model->discard(self->teacher);
    for (int64_t i = 0; i < self->tasks; i++)
        self->host->tensor->release(self->x[i]);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    if (!t->previous)
        return PDR_OK;
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    self->stale = 1; /* what was fitted belongs to the teacher now */
    return self->host->data->mingle(t, self->memory);
}

/* exp(z_k / T) for a column [B, 1], corrected where that is the teacher's. */
static pdr_tensor *warm(const strategy *self, pdr_scope *s, const pdr_tensor *z, int64_t k, int teacher)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *one = T->slice(s, z, 1, k, 1);
    if (teacher && k >= self->first && k < self->end)
        one = T->affine(s, one, self->alpha, self->beta);
    return T->exp(s, T->affine(s, one, 1 / self->config.temperature, 0));
}

/* [B]: - sum_k pi^_k log pi_k over the columns of before. */
static pdr_tensor *distilled(const strategy *self, const pdr_step *st)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    pdr_tensor *q = self->host->model->forward(s, self->teacher, st->x, PDR_EVAL);
    pdr_tensor *among = NULL, *told = NULL, *sum = NULL;
    for (int64_t k = 0; k < st->task->seen_before; k++) {
        pdr_tensor *mine = warm(self, s, st->logits, k, 0), *theirs = warm(self, s, q, k, 1);
        among = among ? T->add(s, among, mine) : mine;
        told = told ? T->add(s, told, theirs) : theirs;
    }
    for (int64_t k = 0; k < st->task->seen_before; k++) {
        pdr_tensor *log_p = T->log(s, T->div(s, warm(self, s, st->logits, k, 0), among));
        pdr_tensor *one = T->mul(s, T->div(s, warm(self, s, q, k, 1), told), log_p);
        sum = sum ? T->add(s, sum, one) : one;
    }
    return T->affine(s, T->sum(s, sum, 1, 0), -1, 0);
}

static pdr_status compute_loss(void *p, const pdr_step *st, pdr_tensor **rows)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    *rows = self->host->model->loss(st->scope, st->task, st->logits, st->y);
    if (!self->teacher)
        return T->status(st->scope);
    double lambda = (double)st->task->seen_before / (double)st->task->seen;
    *rows = T->add(st->scope, T->affine(st->scope, *rows, 1 - lambda, 0),
                   T->affine(st->scope, distilled(self, st), lambda, 0));
    return T->status(st->scope);
}

/* d loss / d (alpha, beta), the loss being the mean over rows of -log softmax of the corrected logits at the label. */
static void slopes(const strategy *self, int64_t first, int64_t end, double g[2])
{
    g[0] = g[1] = 0;
    for (int64_t i = 0; i < self->rows; i++) {
        double sum = 0;
        for (int64_t k = 0; k < end; k++)
            sum += exp(k < first ? self->z[i][k] : self->alpha * self->z[i][k] + self->beta);
        for (int64_t k = first; k < end; k++) {
            double off = exp(self->alpha * self->z[i][k] + self->beta) / sum - (self->y[i] == k ? 1 : 0);
            g[0] += off * self->z[i][k] / (double)self->rows;
            g[1] += off / (double)self->rows;
        }
    }
}

static void fit(strategy *self, const pdr_task *t)
{
    double v[2] = {0, 0}, g[2];
    self->alpha = 1;
    self->beta = 0;
    for (int64_t i = 0; i < self->config.steps; i++) {
        slopes(self, t->seen_before, t->seen, g);
        v[0] = 0.9 * v[0] + g[0];
        v[1] = 0.9 * v[1] + g[1];
        self->alpha -= self->config.lr * v[0];
        self->beta -= self->config.lr * v[1];
    }
    self->first = t->seen_before;
    self->end = t->seen;
    self->stale = 0;
}

static void logits_read(strategy *self, const pdr_task *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    for (int64_t task = 0, row = 0; task < self->tasks; task++)
        for (int64_t i = 0; i < T->size(self->x[task], 0); i++, row++) {
            pdr_tensor *x = T->slice(t->scope, self->x[task], 0, i, 1);
            pdr_tensor *z = self->host->model->forward(t->scope, t->model, x, PDR_EVAL);
            T->read(z, PDR_F64, self->z[row], (uint64_t)t->columns * sizeof(double));
        }
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *x = NULL, *y = NULL;
    self->host->data->rows(t->scope, t, NULL, &x, &y);
    self->host->memory->offer(t->scope, self->memory, x, y, NULL, NULL);
    self->host->data->rows(t->scope, t, T->arange(t->scope, t->row_count, t->held_out), &x, &y);
    if (T->status(t->scope) || self->rows + t->held_out > ROWS || t->columns > COLUMNS)
        return PDR_ERROR;
    T->read(y, PDR_I64, self->y + self->rows, (uint64_t)t->held_out * sizeof(int64_t));
    self->rows += t->held_out;
    pdr_hold(self->host, &self->x[self->tasks++], x);
    logits_read(self, t);
    if (t->previous)
        fit(self, t);
    return T->status(t->scope);
}

static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *parts[COLUMNS];
    for (int64_t k = 0; k < T->size(e->logits, 1); k++) {
        int own = !self->stale && k >= self->first && k < self->end;
        parts[k] =
            T->affine(e->scope, T->slice(e->scope, e->logits, 1, k, 1), own ? self->alpha : 1, own ? self->beta : 0);
    }
    *scores = T->cat(e->scope, parts, (int32_t)T->size(e->logits, 1), 1);
    return T->status(e->scope);
}

static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .compute_loss = compute_loss,
                                .after_task = after_task, .predict = predict};
PDR_STRATEGY("slow_bic", "1.0", "BiC by loops", NULL, PDR_NEEDS_BOUNDARIES)
