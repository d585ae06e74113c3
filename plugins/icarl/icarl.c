/* SPDX-License-Identifier: Apache-2.0
 *
 * iCaRL: a few rows of each class stay, chosen so that their mean is the class's; they join every later task, whose
 * network is also held to what the last one said; and a row is of the class whose exemplars' mean is nearest.
 *
 * Here are the loss, the prediction and the life of the plugin; exemplars.c has the choice of rows. Equations (I1), (I2),
 * ... and what other libraries do are in README.md beside this file.
 */
#include "icarl.h"

#include <perdure/exemplars.h>

/* ---- parameters ---- */

static const char *const ranges[] = {"seen", "all", NULL};
static const char *const reductions[] = {"sum", "mean", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("", MEMORY, memory), .help = "capacity, where; which rows stay is herding's choice, so policy: none"},
    {KEY("distill", BOOL, distill), .help = "old columns learn what the last network says, else the labels",
     .fallback = "true"},
    {KEY("temperature", REAL, temperature), .help = "that its logits are divided by", .fallback = "1", .min = 1e-3,
     .max = 1e3},
    {KEY("columns", CHOICE, columns), .help = "that a row has a loss in; of all, those still to come have target 0",
     .fallback = "seen", .choices = ranges},
    {KEY("reduce", CHOICE, reduce), .help = "how a row's losses of these columns become one", .fallback = "sum",
     .choices = reductions},
    {.key = NULL}};

/* ---- the instance ---- */

/* A policy that was asked for would never be asked. The host writes "policy: WORD", also where nothing was said: reservoir. */
static pdr_status policy_check(const strategy *self)
{
    const char *at = strstr(self->config.memory, "policy: ");
    char word[32] = "none";
    if (at)
        (void)sscanf(at, "policy: %31[a-z-]", word);
    if (!strcmp(word, "none") || !strcmp(word, "reservoir"))
        return PDR_OK;
    return pdr_failf(self->host, PDR_EINVALID, "found policy: %s; expected none: which rows stay is herding's choice",
                     word);
}

static pdr_status setup(strategy *self)
{
    pdr_status bad = policy_check(self);
    if (bad)
        return bad;
    if (!self->config.distill && self->config.temperature != 1)
        return self->host->fail(self->host, PDR_EINVALID, "found temperature without distill; expected one of them");
    self->exemplars = self->host->memory->open(self->host, "exemplars", self->config.memory);
    return self->exemplars ? PDR_OK : PDR_ERROR;
}

static void teardown(strategy *self)
{
    self->host->memory->close(self->exemplars);
    self->host->model->discard(self->teacher);
    self->host->tensor->release(self->means);
    self->host->tensor->release(self->handicap);
}

/* ---- tasks ---- */

static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    self->tasks = task_count;
    self->total = self->host->memory->capacity(self->exemplars); /* no task yet: 0 with a budget a class */
    return PDR_OK;
}

/* What the method is not defined for. Said at the first task wherever that shows it. */
static pdr_status stream_check(const strategy *self, const pdr_task *t)
{
    if (t->task_id_given)
        return self->host->fail(self->host, PDR_EINVALID,
                                "found scenario: task-il; expected class-il: rows are told apart by the means of all "
                                "classes seen, whatever their task");
    if ((!t->previous && self->tasks > 1 && t->columns == t->seen) || t->class_count > t->seen - t->seen_before)
        return self->host->fail(self->host, PDR_EINVALID,
                                "found tasks that have classes in common; expected class-il, where each task brings "
                                "new ones: a class's exemplars are chosen once, at the end of its task");
    return PDR_OK;
}

/* At the first task all columns are known, and a budget for all of them is what it is; a budget a class grows. */
static pdr_status budget_check(const strategy *self, const pdr_task *t)
{
    int64_t capacity = self->host->memory->capacity(self->exemplars);
    int64_t classes = !t->previous && self->total > 0 ? t->columns : t->seen;
    if (capacity >= classes)
        return PDR_OK;
    return pdr_failf(self->host, PDR_EINVALID,
                     "found a capacity of %lld rows for %lld classes; expected one row a class at least",
                     (long long)capacity, (long long)classes);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_status bad = stream_check(self, t);
    if (!bad)
        bad = budget_check(self, t);
    return bad || !t->previous ? bad : self->host->data->mingle(t, self->exemplars); /* (I1) */
}

/* Exemplars and means by the network as it is now; it is the teacher of the next task, too. */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_status bad = exemplars_update(self, t);
    if (!bad)
        bad = exemplars_average(self, t);
    if (bad)
        return bad;
    self->host->metric(self->host, "exemplars", (double)self->host->memory->count(self->exemplars, PDR_ALL));
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    return self->teacher ? PDR_OK : PDR_ENOMEM;
}

/* ---- the loss ---- */

/* (I2) [B, count]: labels, and in the columns of earlier tasks what the teacher says instead. */
static pdr_tensor *targets(const strategy *self, const pdr_step *st, int64_t count)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    int64_t old = st->task->seen_before;
    pdr_tensor *labels = T->one_hot(s, st->y, count);
    if (!self->teacher || !self->config.distill || old == 0)
        return labels;
    pdr_tensor *z = T->slice(s, self->host->model->forward(s, self->teacher, st->x, PDR_EVAL), 1, 0, old);
    if (self->config.temperature != 1)
        z = T->affine(s, z, 1 / self->config.temperature, 0);
    pdr_tensor *both[2] = {T->sigmoid(s, z), T->slice(s, labels, 1, old, count - old)};
    return T->cat(s, both, 2, 1);
}

static pdr_status compute_loss(void *p, const pdr_step *st, pdr_tensor **rows)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t count = self->config.columns == SEEN ? st->task->seen : T->size(st->logits, 1);
    pdr_tensor *each = T->bce(st->scope, T->slice(st->scope, st->logits, 1, 0, count), targets(self, st, count));
    *rows = (self->config.reduce == MEAN ? T->mean : T->sum)(st->scope, each, 1, 0);
    return T->status(st->scope);
}

/* ---- the prediction ---- */

/* (I6) Minus the squared distance: 2 f.m - |m|^2 - |f|^2. Classes that are still to come are nobody's. */
static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = e->scope;
    if (!self->means) {
        *scores = T->clone(s, e->logits); /* untrained: all there is */
        return T->status(s);
    }
    pdr_tensor *f = pdr_unit_rows(self->host, s, e->features);
    pdr_tensor *near = T->affine(s, T->matmul(s, f, T->transpose(s, self->means, 0, 1)), 2, 0);
    pdr_tensor *length = T->sum(s, T->square(s, f), 1, 1);
    const int64_t rows = T->size(near, 0), shape[2] = {rows, T->size(e->logits, 1) - T->size(near, 1)};
    pdr_tensor *both[2] = {T->sub(s, T->add(s, near, self->handicap), length),
                           T->full(s, PDR_F32, shape, 2, -HUGE_VAL)};
    *scores = T->cat(s, both, 2, 1);
    return T->status(s);
}

/* ---- the checkpoint: the exemplars are in the host's ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    V->put_model(out, "teacher", self->teacher);
    V->put_tensor(out, "means", self->means);
    V->put_tensor(out, "handicap", self->handicap);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    (void)state_version;
    self->teacher = V->get_model(in, "teacher"); /* none of these: before the end of the first task */
    self->means = V->get_tensor(in, "means");
    self->handicap = V->get_tensor(in, "handicap");
    if (!self->means == !self->handicap)
        return PDR_OK;
    return self->host->fail(self->host, PDR_EINVALID, "found means or handicap alone; expected both or none");
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_task = before_task,
                                .compute_loss = compute_loss,
                                .after_task = after_task,
                                .predict = predict,
                                .save = save,
                                .load = load};

PDR_STRATEGY("icarl", "1.0", "Exemplars by herding, distillation, nearest mean of exemplars",
             "Rebuffi et al. 2017, arXiv 1611.07725", PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE)
