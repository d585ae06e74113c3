/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks one rule, the one that its parameter names, and keeps all others: each must be found by its own check of
 * `perdure plugin test` and by no other. */
#include <dlfcn.h>
#include <perdure/sugar.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum {
    NONE,
    CRASH,    /* run */
    SIGNAL,   /* run: ends its process in order */
    HANG,     /* run */
    REFUSE,   /* run: refuses in words */
    ZERO,     /* findings: a penalty of 0 */
    KEEP,     /* release: a tensor */
    SCOPE,    /* release: a scope */
    MODE,     /* grad-mode: speaks to LibTorch past the tables */
    CLOCK,    /* seed: draws from the clock */
    ADDRESS,  /* seed: goes by where its memory lies */
    UNSET,    /* seed: reads memory that it has not set */
    STATICS,  /* seed: a static variable, which a second cell of the process finds changed */
    SAVING,   /* saving: save() changes what comes */
    LOADING,  /* state: load() forgets what save() puts */
    FORGET,   /* resume: nothing of what decides is saved */
    DETACH,   /* gradient: half of it is cut off */
    CUT,      /* gradient: all of it */
    MOVED,    /* gradient: refuses weights that moved since the batch was made */
    SILENT,   /* refusals: goes on with another number where a scope of its own has failed */
    DEREF,    /* refusals: crashes where it is given NULL */
    LEAK,     /* refusals: releases only what a whole setup() has */
    ROW,      /* one-row: divides by rows - 1 */
    SHAPE,    /* one-row: a shape that one row does not have, which the host refuses */
    CLASS,    /* one-class: divides by classes - 1 */
    NO_ROWS,  /* no-rows: divides by the rows of the task */
    NEW_ONES, /* streams: divides by the columns that a task brings */
    PICKY     /* none: refuses, in words, streams other than domain-il */
};
typedef struct {
    int32_t fault, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_tensor *kept, *zeros;
    int64_t count; /* of steps, or of what else decides */
    double length; /* of the weights, squared */
} strategy;

static const char *const faults[] = {"none",   "crash",   "signal",  "hang",   "refuse",  "zero",   "keep",    "scope",
                                     "mode",   "clock",   "address", "unset",  "statics", "saving", "loading", "forget",
                                     "detach", "cut",     "moved",   "silent", "deref",   "leak",   "row",     "shape",
                                     "class",  "no-rows", "new",     "picky",  NULL};
static const pdr_param params[] = {{.key = "fault",
                                    .help = "the rule that is broken",
                                    .type = PDR_PARAM_CHOICE,
                                    .offset = offsetof(config, fault),
                                    .fallback = "none",
                                    .choices = faults},
                                   {.key = NULL}};

static volatile int64_t never;
static volatile int *volatile nowhere;
static int64_t cells_ever;

static int is(const strategy *self, int32_t fault) { return self->config.fault == fault; }

static pdr_status setup(strategy *self)
{
    cells_ever += is(self, STATICS);
    if (!is(self, LEAK))
        return PDR_OK;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_scope *s = ops->open(self->host, PDR_NO_GRAD);
    pdr_tensor *kept = ops->keep(self->host, ops->full(s, PDR_F32, NULL, 0, 1));
    (void)self->host->rng->stream(self->host, "unused", 0);
    pdr_tensor *again = ops->full(s, PDR_F32, NULL, 0, 1);
    if (!again) {
        ops->close(s);
        return PDR_ERROR; /* and `kept` is known to nobody */
    }
    self->kept = kept;
    return ops->close(s);
}

static void teardown(strategy *self)
{
    if (!is(self, KEEP))
        self->host->tensor->release(self->kept);
    self->host->tensor->release(self->zeros);
}

/* From here on the calling thread records no graph. */
static void mode_break(void)
{
    void *library = dlopen("libc10.so", RTLD_LAZY | RTLD_NOLOAD);
    void *symbol = library ? dlsym(library, "_ZN3c108GradMode11set_enabledEb") : NULL;
    void (*set)(int);
    memcpy(&set, &symbol, sizeof set);
    if (symbol)
        set(0);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    if (is(self, KEEP) && t->index == 0)
        self->kept = ops->keep(self->host, pdr_scalar(self->host, t->scope, 1));
    if (is(self, CLASS))
        never += 100 / (t->class_count - 1);
    if (is(self, PICKY) && t->index > 0 && t->seen > t->seen_before)
        return pdr_failf(self->host, PDR_EUNSUPPORTED, "found new classes; expected domain-il");
    if (is(self, NEW_ONES))
        never += 100 / (t->seen - t->seen_before);
    return PDR_OK;
}

static pdr_status length_read(const strategy *self, const pdr_step *s, double *out)
{
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_tensor *squares = ops->square(s->scope, self->host->model->flat_params(s->task->model));
    return ops->read(ops->sum(s->scope, squares, PDR_ALL, 0), PDR_F64, out, sizeof *out);
}

static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    return is(self, MOVED) ? length_read(self, s, &self->length) : PDR_OK;
}

static pdr_status before_forward(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    double length = 0;
    pdr_status status = is(self, MOVED) ? length_read(self, s, &length) : PDR_OK;
    if (status == PDR_OK && is(self, MOVED) && (length < self->length || length > self->length))
        return pdr_failf(self->host, PDR_EINVALID, "found other weights; expected those of before");
    return status;
}

static double unset_sum(void)
{
    enum { ROOM = 500 };
    static unsigned char *volatile block;
    double sum = 0;
    block = malloc(ROOM);
    for (int i = ROOM / 2; block && i < ROOM; i++)
        sum += ((volatile unsigned char *)block)[i];
    free(block);
    return sum;
}

/* 0.01, changed in the way of the fault. */
static double weight_of(strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *ops = self->host->tensor;
    double weight = 0.01, read = 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (is(self, CLOCK))
        weight += 1e-9 * (double)now.tv_nsec / 100;
    if (is(self, ADDRESS))
        weight += 1e-9 * (double)((uintptr_t)self % 1000003);
    if (is(self, UNSET))
        weight += 1e-6 * unset_sum();
    if (is(self, STATICS))
        weight += 1e-4 * (double)cells_ever;
    if (is(self, SAVING) || is(self, FORGET))
        weight += 1e-3 * (double)self->count;
    if (is(self, SILENT)) {
        pdr_scope *own = ops->open(self->host, PDR_NO_GRAD);
        pdr_tensor *one = ops->affine(own, pdr_scalar(self->host, own, 1), 1, 0);
        if (one && ops->read(one, PDR_F64, &read, sizeof read) == PDR_OK)
            weight += read;
        ops->close(own);
    }
    if (is(self, DEREF) && !ops->clone(s->scope, s->y))
        *nowhere = 1;
    return weight;
}

/* The mean square of the logits, as it should be or with a part that no gradient flows through. */
static pdr_tensor *term_of(const strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *ops = self->host->tensor;
    const pdr_tensor *other = is(self, DETACH) || is(self, CUT) ? ops->detach(s->scope, s->logits) : s->logits;
    return ops->mean(s->scope, ops->mul(s->scope, is(self, CUT) ? other : s->logits, other), PDR_ALL, 0);
}

static pdr_status zero_penalty(strategy *self, const pdr_step *s)
{
    const pdr_tensor_api *ops = self->host->tensor;
    int64_t n = ops->size(self->host->model->flat_params(s->task->model), 0);
    if (!self->zeros)
        pdr_hold(self->host, &self->zeros, ops->full(s->scope, PDR_F32, &n, 1, 0));
    return self->host->step->add_penalty(s, self->zeros, self->zeros, 1, NULL);
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    if (is(self, ROW))
        never += 100 / (self->host->tensor->size(s->y, 0) - 1);
    if (is(self, SHAPE) && s->task->class_count > 1)
        (void)self->host->tensor->slice(s->scope, s->y, 0, 1, 1);
    if (is(self, ZERO))
        return zero_penalty(self, s);
    return self->host->step->add_loss(s, term_of(self, s), PDR_ADD, weight_of(self, s), "square");
}

static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    const int there = s->task->index == 1 && s->index == 2;
    if (!is(self, SAVING))
        self->count++;
    if (is(self, MODE))
        mode_break();
    if (is(self, CRASH) && there)
        *nowhere = 1;
    if (is(self, SIGNAL) && there)
        raise(SIGTERM);
    while (is(self, HANG) && there && !never)
        ;
    return is(self, REFUSE) && there ? pdr_failf(self->host, PDR_EINVALID, "found enough; expected less") : PDR_OK;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    if (is(self, SCOPE))
        (void)self->host->tensor->open(self->host, PDR_GRAD);
    if (is(self, NO_ROWS))
        never += 100 / t->row_count;
    return PDR_OK;
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    if (is(self, SAVING))
        self->count++;
    if (!is(self, FORGET))
        self->host->state->put_bytes(out, "count", &self->count, sizeof self->count);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    (void)version;
    if (!is(self, LOADING))
        self->host->state->get_bytes(in, "count", &self->count, sizeof self->count);
    if (is(self, SAVING))
        self->count--; /* as it was before it was saved */
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .before_forward = before_forward,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .save = save,
                                .load = load};
PDR_STRATEGY("unruly", "1.0", "breaks one rule", NULL, PDR_NEEDS_BOUNDARIES)
