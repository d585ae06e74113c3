/* SPDX-License-Identifier: Apache-2.0
 *
 * Appends one line a hook to a text file: what is called, in which order, and what it sees. The tests of composition
 * put one or more recorders into a method and read the file:
 *
 *   TAG HOOK task=0 step=2 epoch=0 skipped=0 fresh=4 B=6 lr=0.1 logits=[6,10] features=- row_loss=[6] loss=2.25
 *       y=3,1,0,2,-1,-1 x=0,0,0,0,7,7 raw=u8[4,64] row=11,3,8,5 w=1.5 g=-
 *   TAG HOOK task=1 rows=80 held_out=0 classes=2,3 seen_before=2 seen=4 columns=10 previous=1 ...
 *
 * (each in one line). "-" is a NULL pointer. x shows the last value of each row, w and g the sums over flat_params() and
 * flat_grads(). Numbers have 9 digits. What it does besides is set by its parameters and off by default.
 */
#include <inttypes.h>
#include <perdure/sugar.h>

typedef struct {
    const char *memory, *file, *tag;
    int64_t rehearse, label;
    double value, weight, term, penalty, edit_grad;
    int32_t blend, mingle, write_params, values;
} config;

typedef struct {
    const pdr_host *host;
    config config;
    FILE *out;
    pdr_memory *memory;
    pdr_tensor *ones, *zeros; /* of the penalty */
} strategy;

static const char *const blends[] = {"join", "share", "add", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("memory", MEMORY, memory), .help = "the mingled one", .fallback = "{capacity: 20, policy: fifo}"},
    {KEY("file", PATH, file), .help = "appended to"},
    {KEY("tag", TEXT, tag), .help = "begins each line", .fallback = "recorder"},
    {KEY("rehearse", INT, rehearse), .help = "rows of a constant a step", .fallback = "0", .max = 1e6},
    {KEY("label", INT, label), .help = "of those rows, -1: none", .fallback = "0", .min = -1, .max = 1e6},
    {KEY("value", REAL, value), .help = "of every element of those rows", .fallback = "1", .min = -1e9, .max = 1e9},
    {KEY("blend", CHOICE, blend), .help = "of the rows; a term joins as add", .fallback = "join", .choices = blends},
    {KEY("weight", REAL, weight), .help = "of the rows and of the term", .fallback = "1", .max = 1e9},
    {KEY("term", REAL, term), .help = "of add_loss; 0: none", .fallback = "0", .min = -1e9, .max = 1e9},
    {KEY("penalty", REAL, penalty), .help = "weight, towards 0 with importance 1; 0: none", .fallback = "0",
     .max = 1e9},
    {KEY("edit_grad", REAL, edit_grad), .help = "factor on the gradient", .fallback = "1", .min = -1e9, .max = 1e9},
    {KEY("mingle", BOOL, mingle), .help = "store fresh rows, mingle them into later tasks", .fallback = "false"},
    {KEY("write_params", BOOL, write_params), .help = "zero the parameters in before_eval", .fallback = "false"},
    {KEY("values", BOOL, values), .help = "write values, not only shapes", .fallback = "true"},
    {.key = NULL}};

/* ---- writing ---- */

static void put(strategy *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(strategy *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(self->out, format, args);
    va_end(args);
}

static pdr_status end_line(strategy *self)
{
    int bad = fputc('\n', self->out) < 0;
    if (fflush(self->out) || bad)
        return self->host->fail(self->host, PDR_EIO, "recorder: cannot write its file");
    return PDR_OK;
}

static void put_shape(strategy *self, const char *name, const pdr_tensor *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    put(self, " %s=", name);
    if (!t) {
        put(self, "-");
        return;
    }
    put(self, "%s[", T->dtype(t) == PDR_U8 ? "u8" : "");
    for (int32_t d = 0; d < T->rank(t); d++)
        put(self, "%s%" PRId64, d ? "," : "", T->size(t, d));
    put(self, "]");
}

/* The values of a vector, or of the last column of anything with more dimensions. */
static void put_values(strategy *self, pdr_scope *s, const char *name, const pdr_tensor *t)
{
    const pdr_tensor_api *T = self->host->tensor;
    put(self, " %s=", name);
    if (!t || !self->config.values) {
        put(self, "%s", t ? "?" : "-");
        return;
    }
    int64_t shape[] = {T->rank(t) ? T->size(t, 0) : 1, -1}, n = shape[0];
    if (n == 0)
        return;
    t = T->reshape(s, t, shape, 2);
    t = T->slice(s, t, 1, T->size(t, 1) - 1, 1);
    double *read = (double *)calloc((size_t)n, sizeof *read);
    if (read && T->read(t, PDR_F64, read, (uint64_t)n * sizeof *read) == PDR_OK)
        for (int64_t i = 0; i < n; i++)
            put(self, "%s%.9g", i ? "," : "", read[i]);
    else
        put(self, "unreadable");
    free(read);
}

static void put_sum(strategy *self, pdr_scope *s, const char *name, const pdr_tensor *t)
{
    if (!t || !self->config.values)
        put(self, " %s=%s", name, t ? "?" : "-");
    else
        put(self, " %s=%.9g", name, pdr_number(self->host, self->host->tensor->sum(s, t, PDR_ALL, 0)));
}

static pdr_status put_task(strategy *self, const char *hook, const pdr_task *t, int64_t epoch)
{
    put(self, "%s %s task=%" PRId64 " rows=%" PRId64 " held_out=%" PRId64 " classes=", self->config.tag, hook, t->index,
        t->row_count, t->held_out);
    for (int64_t i = 0; i < t->class_count; i++)
        put(self, "%s%" PRId64, i ? "," : "", t->classes[i]);
    put(self, " seen_before=%" PRId64 " seen=%" PRId64 " columns=%" PRId64 " previous=%d boundary=%u task_id=%u shape=",
        t->seen_before, t->seen, t->columns, t->previous != NULL, t->boundary_known, t->task_id_given);
    for (int64_t i = 0; i < t->rank; i++)
        put(self, "%s%" PRId64, i ? "," : "", t->shape[i]);
    if (epoch >= 0)
        put(self, " epoch=%" PRId64, epoch);
    put_sum(self, t->scope, "w", self->host->model->flat_params(t->model));
    return end_line(self);
}

static pdr_status put_step(strategy *self, const char *hook, const pdr_step *s)
{
    pdr_tensor *none = NULL;
    int late = !strcmp(hook, "after_backward") || !strcmp(hook, "before_update") || !strcmp(hook, "after_update");
    put(self, "%s %s task=%" PRId64 " step=%" PRId64 " epoch=%u skipped=%u fresh=%" PRId64 " B=%" PRId64 " lr=%.9g",
        self->config.tag, hook, s->task->index, s->index, s->epoch, s->skipped, s->fresh,
        self->host->tensor->size(s->x, 0), s->lr);
    put_shape(self, "logits", s->logits);
    put_shape(self, "features", s->features);
    put_shape(self, "raw", s->raw);
    put_values(self, s->scope, "row_loss", s->row_loss);
    put_values(self, s->scope, "loss", s->loss);
    put_values(self, s->scope, "y", s->y);
    put_values(self, s->scope, "x", s->x);
    put_values(self, s->scope, "row", s->row);
    put_sum(self, s->scope, "w", self->host->model->flat_params(s->task->model));
    put_sum(self, s->scope, "g", late ? self->host->model->flat_grads(s->task->model) : none);
    return end_line(self);
}

static pdr_status put_eval(strategy *self, const char *hook, const pdr_eval *e)
{
    put(self, "%s %s after_task=%" PRId64 " on_task=%" PRId64 " task=%" PRId64, self->config.tag, hook, e->after_task,
        e->on_task, e->task->index);
    put_sum(self, e->scope, "w", self->host->model->flat_params(e->model));
    return end_line(self);
}

/* ---- life ---- */

static pdr_status setup(strategy *self)
{
    self->out = fopen(self->config.file, "a");
    if (!self->out)
        return pdr_failf(self->host, PDR_EIO, "cannot open %s", self->config.file);
    put(self, "%s create rank=%u ranks=%u", self->config.tag, self->host->rank, self->host->ranks);
    if (self->config.mingle)
        self->memory = self->host->memory->open(self->host, "mingled", self->config.memory);
    if (self->config.mingle && !self->memory)
        return PDR_ERROR;
    return end_line(self);
}

static void teardown(strategy *self)
{
    if (self->out) {
        put(self, "%s destroy", self->config.tag);
        (void)end_line(self);
        (void)fclose(self->out);
    }
    self->host->memory->close(self->memory);
    self->host->tensor->release(self->ones);
    self->host->tensor->release(self->zeros);
}

/* ---- hooks ---- */

static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    put(self, "%s before_run tasks=%" PRId64, self->config.tag, task_count);
    return end_line(self);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    if (self->config.penalty > 0) {
        int64_t n = T->size(self->host->model->flat_params(t->model), 0);
        pdr_hold(self->host, &self->ones, T->full(t->scope, PDR_F32, &n, 1, 1));
        pdr_hold(self->host, &self->zeros, T->full(t->scope, PDR_F32, &n, 1, 0));
    }
    if (self->memory && self->host->memory->count(self->memory, PDR_ALL)) {
        pdr_status bad = self->host->data->mingle(t, self->memory);
        if (bad)
            return bad;
    }
    return put_task(self, "before_task", t, -1);
}

static pdr_status before_epoch(void *p, const pdr_task *t, int64_t epoch)
{
    return put_task((strategy *)p, "before_epoch", t, epoch);
}

static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int64_t n = self->config.rehearse, shape[8] = {n}, first = -1;
    pdr_status bad = put_step(self, "before_batch", s);
    if (bad || n == 0)
        return bad;
    for (int64_t i = 0; i < s->task->rank && i < 7; i++)
        shape[i + 1] = s->task->shape[i];
    pdr_tensor *x = T->full(s->scope, PDR_F32, shape, (int32_t)s->task->rank + 1, self->config.value);
    pdr_tensor *y = self->config.label < 0 ? NULL : T->full(s->scope, PDR_I64, &n, 1, (double)self->config.label);
    if ((bad = self->host->step->rehearse(s, x, y, self->config.blend, self->config.weight, &first)))
        return bad;
    put(self, "%s rehearsed first=%" PRId64 " n=%" PRId64, self->config.tag, first, n);
    return end_line(self);
}

static pdr_status before_forward(void *p, const pdr_step *s) { return put_step((strategy *)p, "before_forward", s); }
static pdr_status after_forward(void *p, const pdr_step *s) { return put_step((strategy *)p, "after_forward", s); }
static pdr_status before_loss(void *p, const pdr_step *s) { return put_step((strategy *)p, "before_loss", s); }

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_blend blend = self->config.blend == PDR_JOIN ? PDR_ADD : self->config.blend;
    pdr_status bad = put_step(self, "after_loss", s);
    if (!bad && (self->config.term < 0 || self->config.term > 0))
        bad = self->host->step->add_loss(s, pdr_scalar(self->host, s->scope, self->config.term), blend,
                                         self->config.weight, "term");
    if (!bad && self->ones)
        bad = self->host->step->add_penalty(s, self->ones, self->zeros, self->config.penalty, "penalty");
    return bad;
}

static pdr_status after_backward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_status bad = put_step(self, "after_backward", s);
    if (bad || (self->config.edit_grad >= 1 && self->config.edit_grad <= 1))
        return bad;
    return self->host->tensor->scale(s->scope, self->host->model->flat_grads(s->task->model),
                                     pdr_scalar(self->host, s->scope, self->config.edit_grad));
}

static pdr_status before_update(void *p, const pdr_step *s) { return put_step((strategy *)p, "before_update", s); }
static pdr_status after_update(void *p, const pdr_step *s) { return put_step((strategy *)p, "after_update", s); }

static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    pdr_status bad = put_step(self, "after_batch", s);
    if (bad || !self->memory || s->epoch)
        return bad;
    return self->host->memory->offer(s->scope, self->memory, s->raw, pdr_fresh_labels(self->host, s), NULL, NULL);
}

static pdr_status after_epoch(void *p, const pdr_task *t, int64_t epoch)
{
    return put_task((strategy *)p, "after_epoch", t, epoch);
}
static pdr_status after_task(void *p, const pdr_task *t) { return put_task((strategy *)p, "after_task", t, -1); }

static pdr_status before_eval(void *p, const pdr_eval *e)
{
    strategy *self = (strategy *)p;
    pdr_status bad = put_eval(self, "before_eval", e);
    if (bad || !self->config.write_params)
        return bad;
    return self->host->tensor->copy(e->scope, self->host->model->flat_params(e->model),
                                    pdr_scalar(self->host, e->scope, 0));
}
static pdr_status after_eval(void *p, const pdr_eval *e) { return put_eval((strategy *)p, "after_eval", e); }

static pdr_status after_run(void *p)
{
    strategy *self = (strategy *)p;
    put(self, "%s after_run", self->config.tag);
    return end_line(self);
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    self->host->state->put_bytes(out, "tag", self->config.tag, strlen(self->config.tag));
    put(self, "%s save", self->config.tag);
    return end_line(self);
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    char tag[64] = "";
    uint64_t length = self->host->state->get_bytes(in, "tag", tag, sizeof tag - 1);
    put(self, "%s load version=%u tag=%s length=%" PRIu64, self->config.tag, version, tag, length);
    return end_line(self);
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_task = before_task,
                                .before_epoch = before_epoch,
                                .before_batch = before_batch,
                                .before_forward = before_forward,
                                .after_forward = after_forward,
                                .before_loss = before_loss,
                                .after_loss = after_loss,
                                .after_backward = after_backward,
                                .before_update = before_update,
                                .after_update = after_update,
                                .after_batch = after_batch,
                                .after_epoch = after_epoch,
                                .after_task = after_task,
                                .before_eval = before_eval,
                                .after_eval = after_eval,
                                .after_run = after_run,
                                .save = save,
                                .load = load};

PDR_STRATEGY("recorder", "1.0", "writes down what its hooks are given", NULL, PDR_USES_GRADIENT | PDR_WRITES_PARAMS)
