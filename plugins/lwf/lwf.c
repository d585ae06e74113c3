/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning without forgetting: on the rows of the new task the network is held to what it said of them before.
 *
 * Equations (L1), (L2), ... and how the forms of other libraries are written stand in README.md beside this file. The
 * term itself is <perdure/distill.h>'s, which generative replay shares. What is left here is the teacher: a snapshot of
 * the network as it was after the last task, and a table of what it says, as it says the same of a row in every epoch.
 */
#include <perdure/distill.h>
#include <perdure/sugar.h>

/* ---- parameters ---- */

enum { PER_TASK, CLASSES, SHARE, ADD }; /* blend */
enum { PADDED, OLD, ALL };              /* columns */
enum { MEAN, SUM };                     /* heads */

typedef struct {
    double temperature, alpha;
    pdr_reals alphas;
    int64_t table;
    int32_t blend, columns, heads, scale;
} config;

static const char *const blends[] = {"per-task", "classes", "share", "add", NULL};
static const char *const whose[] = {"padded", "old", "all", NULL};
static const char *const scales[] = PDR_SCALES;
static const char *const sums[] = {"mean", "sum", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("temperature", REAL, temperature), .help = "softens what the network of before says", .fallback = "2",
     .min = 0.01, .max = 1000},
    {KEY("scale", CHOICE, scale), .help = "of the term: the temperature's square, none, or the square over the columns",
     .fallback = "square", .choices = scales},
    {KEY("blend", CHOICE, blend), .help = "how the term enters the loss", .fallback = "per-task", .choices = blends},
    {KEY("alpha", REAL, alpha), .help = "strength: a factor of the weight that blend gives to the term",
     .fallback = "1", .max = 1e9},
    {KEY("alphas", REALS, alphas), .help = "alpha by task, the first one's too; the last goes on; none: alpha",
     .fallback = "[]", .max = 1e9},
    {KEY("heads", CHOICE, heads), .help = "over the tasks before: their mean or their sum", .fallback = "mean",
     .choices = sums},
    {KEY("columns", CHOICE, columns), .help = "where tasks share a head: old ones with zeros for the rest, old, or all",
     .fallback = "padded", .choices = whose},
    {KEY("table", INT, table), .help = "MiB for what the network of before says of a task's rows, 0: ask each step",
     .fallback = "256", .max = 1e6},
    {.key = NULL}};

/* ---- the instance ---- */

typedef struct {
    const pdr_host *host;
    config config;
    pdr_model *teacher; /* NULL in the first task */
    pdr_tensor *table; /* [rows of the task, width]: its logits, row by row as they first come; NULL: asked each step */
    int64_t competing; /* columns in the scenario's loss, in this task */
} strategy;

static pdr_status setup(strategy *self)
{
    if (self->config.alpha != 1 && self->config.alphas.count)
        return self->host->fail(self->host, PDR_EINVALID, "found alpha beside alphas; expected one of them");
    return PDR_OK;
}

static void teardown(strategy *self)
{
    self->host->model->discard(self->teacher);
    self->host->tensor->release(self->table);
}

/* ---- the teacher ---- */

/* The leading columns of the teacher that are asked: those of earlier tasks, or all that compete. */
static int64_t width(const strategy *self, const pdr_task *t)
{
    return self->config.columns == ALL && !pdr_distills_by_task(t, self->competing) ? self->competing : t->seen_before;
}

/* [n, width]; a snapshot records no graph, whatever the scope. */
static pdr_tensor *asked(const strategy *self, pdr_scope *s, const pdr_task *t, const pdr_tensor *x)
{
    pdr_tensor *logits = self->host->model->forward(s, self->teacher, x, PDR_EVAL);
    return self->host->tensor->slice(s, logits, 1, 0, width(self, t));
}

/* How many columns the student's softmax is over; 0: that differs from head to head. */
static int64_t softmax_columns(const strategy *self, const pdr_task *t)
{
    int shared = !pdr_distills_by_task(t, self->competing);
    return shared && self->config.columns == OLD ? t->seen_before : pdr_distill_columns(t, self->competing);
}

/* A table pays where rows come again as they were: not augmented, not endless, and no larger than it may be. */
static pdr_status table_open(strategy *self, const pdr_task *t)
{
    const int64_t shape[2] = {t->row_count, width(self, t)};
    pdr_hold(self->host, &self->table, NULL);
    if (t->augmented || t->row_count < 0 ||
        (double)shape[0] * (double)shape[1] * sizeof(float) > (double)self->config.table * 1048576)
        return PDR_OK;
    pdr_hold(self->host, &self->table, self->host->tensor->full(t->scope, PDR_F32, shape, 2, 0));
    return self->host->tensor->status(t->scope);
}

/* (L1) The teacher's logits of the fresh rows. */
static pdr_tensor *recalled(const strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    if (self->table)
        return T->pick(s->scope, self->table, 0, s->row);
    return asked(self, s->scope, s->task, T->slice(s->scope, s->x, 0, 0, s->fresh));
}

/* ---- hooks ---- */

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    if (!self->teacher)
        return PDR_OK;
    if (self->config.blend == CLASSES && t->seen == t->seen_before)
        return pdr_failf(self->host, PDR_EINVALID,
                         "found blend: classes in task %lld, which has no new classes; expected per-task, share or add",
                         (long long)t->index + 1);
    self->competing = pdr_competing(self->host, t);
    if (!self->competing)
        return self->host->tensor->status(t->scope);
    pdr_status bad = pdr_distill_check(self->host, t, self->competing);
    if (bad)
        return bad;
    if (self->config.scale == PDR_SCALE_MEAN && !softmax_columns(self, t))
        return self->host->fail(self->host, PDR_EINVALID,
                                "found scale: mean where earlier tasks differ in their number of columns; expected "
                                "square or none");
    return table_open(self, t);
}

/* Rows that come for the first time are asked for now, and looked up ever after: a task that ends early has asked for no
 * row in vain. */
static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (!self->table || s->epoch || !s->fresh)
        return PDR_OK;
    return self->host->tensor->place(s->scope, self->table, s->row, asked(self, s->scope, s->task, s->x));
}

/* (L2) D of each fresh row. */
static pdr_tensor *distilled(const strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_task *t = s->task;
    pdr_tensor *z = T->slice(s->scope, s->logits, 0, 0, s->fresh), *q = recalled(self, s);
    if (self->config.columns == PADDED || pdr_distills_by_task(t, self->competing))
        return pdr_distill_old(self->host, s->scope, t, z, q, self->config.temperature, self->competing);
    return T->distill(s->scope, T->slice(s->scope, z, 1, 0, width(self, t)), q, self->config.temperature);
}

/* What stands before the mean of D: the tasks that it stands for, and the scale, T^2 being in D already. */
static double factor(const strategy *self, const pdr_task *t)
{
    const config *c = &self->config;
    int each = pdr_distills_by_task(t, self->competing) || t->previous->class_count == t->seen;
    double heads = c->heads == SUM && each ? (double)pdr_earlier_tasks(t) : 1;
    return heads * pdr_distill_factor(c->scale, c->temperature, softmax_columns(self, t));
}

/* (L3) The r or w of the term. */
static double weight(const strategy *self, const pdr_task *t)
{
    const config *c = &self->config;
    int64_t last = c->alphas.count - 1;
    double alpha = last < 0 ? c->alpha : c->alphas.at[t->index < last ? t->index : last];
    switch (c->blend) {
    case PER_TASK: return alpha * (double)t->index; /* 1/k and 1 - 1/k at the k-th task; index starts at 0 */
    case CLASSES: return alpha * (double)t->seen_before / (double)(t->seen - t->seen_before);
    default: return alpha;
    }
}

/* The rows of memories that others rehearse, and mingled ones, are not distilled: they have labels to learn. */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    if (!self->teacher || !s->fresh)
        return PDR_OK;
    pdr_tensor *mean = T->mean(s->scope, distilled(self, s), PDR_ALL, 0);
    return self->host->step->add_loss(s, T->affine(s->scope, mean, factor(self, s->task), 0),
                                      self->config.blend == ADD ? PDR_ADD : PDR_SHARE, weight(self, s->task),
                                      "distillation");
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    pdr_hold(self->host, &self->table, NULL);
    return self->teacher ? PDR_OK : PDR_ERROR; /* the host has the words */
}

/* ---- the checkpoint: the table too, as rows that are asked for in other company may differ in their last bit ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    const pdr_state_api *V = self->host->state;
    V->put_model(out, "teacher", self->teacher);
    V->put_tensor(out, "table", self->table);
    V->put_bytes(out, "competing", &self->competing, sizeof self->competing);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    const pdr_state_api *V = self->host->state;
    (void)state_version;
    self->teacher = V->get_model(in, "teacher"); /* no such key: it was the first task */
    self->table = V->get_tensor(in, "table");
    V->get_bytes(in, "competing", &self->competing, sizeof self->competing);
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("lwf", "1.0", "Learning without forgetting", "Li and Hoiem 2016, arXiv 1606.09282",
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE | PDR_IDLE_FIRST_TASK)
