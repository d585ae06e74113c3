/* SPDX-License-Identifier: Apache-2.0 */
/* Learning without forgetting as one would write it down: softmax and logarithm, a head at a time, the teacher asked in
 * every step, and the whole loss as losses of rows. What plugins/lwf is compared with; nothing is shared with it.
 *
 *     (CE_i + r KD_i) / (1 + r) + w KD_i, for fresh rows i; a rehearsed row has its CE alone
 *
 * `beside`: of rehearsed rows that others give a share r' to, so that all three are divided by 1 + r' + r. */
#include <perdure/sugar.h>

enum { TASKS, PADDED, OLD, ALL };

typedef struct {
    double temperature, scale, share, add, beside; /* share -1: the tasks before */
    int64_t competing;                             /* 0: the columns seen */
    int32_t form, by_tasks;                        /* by_tasks: KD counts as often as there are tasks before */
    int32_t over_columns;                          /* KD is a mean over the columns of the student's softmax */
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_model *teacher;
} strategy;

static const char *const forms[] = {"tasks", "padded", "old", "all", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("temperature", REAL, temperature), .help = "divides logits", .fallback = "2", .max = 100},
    {KEY("scale", REAL, scale), .help = "of KD", .fallback = "1", .max = 1e4},
    {KEY("share", REAL, share), .help = "r", .fallback = "0", .min = -1, .max = 100},
    {KEY("add", REAL, add), .help = "w", .fallback = "0", .max = 100},
    {KEY("beside", REAL, beside), .help = "share of others", .fallback = "0", .max = 100},
    {KEY("competing", INT, competing), .help = "columns of the student", .fallback = "0", .max = 100},
    {KEY("form", CHOICE, form), .help = "which columns", .choices = forms},
    {KEY("by_tasks", BOOL, by_tasks), .help = "times the tasks before", .fallback = "false"},
    {KEY("over_columns", BOOL, over_columns), .help = "a mean over columns", .fallback = "false"},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self) { self->host->model->discard(self->teacher); }

/* [n]: the cross entropy of the first columns of z, among the first `among`, with the targets q. */
static pdr_tensor *entropy(strategy *self, pdr_scope *s, pdr_tensor *z, pdr_tensor *q, int64_t columns, int64_t among)
{
    const pdr_tensor_api *T = self->host->tensor;
    double cold = 1 / self->config.temperature;
    pdr_tensor *e = T->exp(s, T->affine(s, T->slice(s, q, 1, 0, columns), cold, 0));
    pdr_tensor *target = T->div(s, e, T->sum(s, e, 1, 1));
    z = T->affine(s, T->slice(s, z, 1, 0, among), cold, 0);
    pdr_tensor *log_sum = T->log(s, T->sum(s, T->exp(s, z), 1, 1));
    pdr_tensor *p = T->mul(s, target, T->sub(s, T->slice(s, z, 1, 0, columns), log_sum));
    return T->affine(s, T->sum(s, p, 1, 0), self->config.over_columns ? -1 / (double)among : -1, 0);
}

static pdr_tensor *of_tasks(strategy *self, const pdr_step *st, pdr_tensor *z, pdr_tensor *q)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    pdr_tensor *sum = NULL;
    double count = 0;
    for (const pdr_task *o = st->task->previous; o; o = o->previous, count++) {
        pdr_tensor *columns = pdr_columns_of(self->host, s, o);
        pdr_tensor *one =
            entropy(self, s, T->pick(s, z, 1, columns), T->pick(s, q, 1, columns), o->class_count, o->class_count);
        sum = sum ? T->add(s, sum, one) : one;
    }
    return T->affine(s, sum, 1 / count, 0);
}

static pdr_tensor *term(strategy *self, const pdr_step *st, pdr_tensor *z, pdr_tensor *q)
{
    const pdr_task *t = st->task;
    int64_t competing = self->config.competing ? self->config.competing : t->seen;
    switch (self->config.form) {
    case TASKS: return of_tasks(self, st, z, q);
    case PADDED: return entropy(self, st->scope, z, q, t->seen_before, competing);
    case OLD: return entropy(self, st->scope, z, q, t->seen_before, t->seen_before);
    default: return entropy(self, st->scope, z, q, competing, competing);
    }
}

static pdr_status compute_loss(void *p, const pdr_step *st, pdr_tensor **rows)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    *rows = self->host->model->loss(s, st->task, st->logits, st->y);
    if (!self->teacher)
        return T->status(s);
    double r = self->config.share < 0 ? (double)st->task->index : self->config.share;
    double each = self->config.scale * (self->config.by_tasks ? (double)st->task->index : 1);
    double rest = (1 + self->config.beside) / (1 + self->config.beside + r); /* of what the host makes of the rows */
    int64_t others = T->size(st->y, 0) - st->fresh;
    double rows_of_mean = (double)(self->config.beside > 0 ? st->fresh : st->fresh + others) / (double)st->fresh;
    pdr_tensor *q = self->host->model->forward(s, self->teacher, T->slice(s, st->x, 0, 0, st->fresh), PDR_EVAL);
    pdr_tensor *kd[2] = {term(self, st, T->slice(s, st->logits, 0, 0, st->fresh), q),
                         T->full(s, PDR_F32, &others, 1, 0)};
    double counts = each * (r * rest + self->config.add) * rows_of_mean;
    *rows = T->add(s, T->affine(s, *rows, rest, 0), T->affine(s, T->cat(s, kd, 2, 0), counts, 0));
    return T->status(s);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS, .compute_loss = compute_loss, .after_task = after_task};
PDR_STRATEGY("slow_lwf", "1.0", "LwF a head at a time", NULL, 0)
