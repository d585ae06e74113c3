/* See inside.h. To the host it is the strategy, to the strategy it is the host: every hook passes here, in both directions.
 * What the host lets through is judged too: a hook out of its order would be Perdure's own fault. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "conform/inside.h"
#include "plugin/host.h"

#define HOOK_NAME(name) #name,
const char *const hook_names[HOOKS + 1] = {HOOK_LIST(HOOK_NAME) "create or destroy"};

/* One strategy under test in a process, one cell after another. */
static const attempt *asked;
static outcome *seen;
static enum hook running = HOOK_NONE, last;

struct guest {
    void *self; /* the strategy's own */
    pdr_host host;
};

void witness_begin(const attempt *a, outcome *out)
{
    asked = a;
    seen = out;
    calls_begin(a->refuse_at, out, &running);
}

static const pdr_hooks *theirs(void) { return &asked->real->hooks; }

/* ---- the order of hooks: which may stand right before which ---- */

#define AFTER(name) (1u << HOOK_##name)
static const uint32_t before[HOOKS] = {
    [HOOK_before_run] = 1u << HOOK_NONE,
    [HOOK_before_task] = AFTER(before_run) | AFTER(after_eval),
    [HOOK_before_epoch] = AFTER(before_task) | AFTER(after_epoch),
    [HOOK_before_batch] = AFTER(before_epoch) | AFTER(after_batch),
    [HOOK_before_forward] = AFTER(before_batch),
    [HOOK_after_forward] = AFTER(before_forward),
    [HOOK_before_loss] = AFTER(after_forward),
    [HOOK_compute_loss] = AFTER(before_loss),
    [HOOK_after_loss] = AFTER(before_loss) | AFTER(compute_loss),
    [HOOK_after_backward] = AFTER(after_loss),
    [HOOK_before_update] = AFTER(after_backward),
    [HOOK_after_update] = AFTER(before_update),
    [HOOK_after_batch] = AFTER(after_update),
    [HOOK_after_epoch] = AFTER(after_batch) | AFTER(before_epoch),
    [HOOK_after_task] = AFTER(after_epoch),
    [HOOK_before_eval] = AFTER(before_run) | AFTER(after_task) | AFTER(after_eval),
    [HOOK_predict] = AFTER(before_eval) | AFTER(predict),
    [HOOK_after_eval] = AFTER(before_eval) | AFTER(predict),
    [HOOK_after_run] = AFTER(after_eval),
};

static void order_say(enum hook now, const char *what)
{
    if (!seen->order[0])
        snprintf(seen->order, sizeof seen->order, "%s: %s", hook_names[now], what);
}

static void order_check(enum hook now)
{
    if (now == HOOK_save || now == HOOK_load)
        return;
    if (!(before[now] & (1u << last))) {
        char words[96];
        snprintf(words, sizeof words, "came right behind %s", hook_names[last]);
        order_say(now, words);
    }
    last = now;
}

/* ---- the moments: what a hook may rely on ---- */

static const char *task_fault(const pdr_task *t)
{
    const pdr_task *p = t->previous;
    return t->struct_size != sizeof *t              ? "a task of another size"
           : !t->model || !t->scope                 ? "a task without model or scope"
           : t->index < 0 || t->class_count < 0     ? "a task with a negative number"
           : t->seen < t->seen_before               ? "fewer columns seen than before the task"
           : t->columns < t->seen                   ? "fewer columns than are seen"
           : t->class_count > t->seen               ? "more classes than are seen"
           : (t->index > 0) != (p != NULL)          ? "a task without the ones before it"
           : p && p->index != t->index - 1          ? "another task as the one before"
           : p && p->scope                          ? "a task of before with a scope"
           : !t->boundary_known && t->row_count > 0 ? "a number of rows where no boundary is known"
                                                    : NULL;
}

static const char *step_fault(enum hook now, const pdr_step *s)
{
    const pdr_tensor_api *t = host_engine()->tensor;
    const int64_t rows = t->size(s->y, 0);
    return s->struct_size != sizeof *s                              ? "a step of another size"
           : task_fault(s->task)                                    ? task_fault(s->task)
           : s->scope != s->task->scope                             ? "another scope than its task's"
           : !(s->lr > 0) || !isfinite(s->lr)                       ? "a learning rate that is none"
           : s->fresh < 0 || s->fresh > rows                        ? "more fresh rows than rows"
           : t->size(s->x, 0) != rows                               ? "x and y of different lengths"
           : t->rank(s->x) != (int32_t)s->task->rank + 1            ? "x of another rank than the task's"
           : t->dtype(s->x) != PDR_F32 || t->dtype(s->y) != PDR_I64 ? "x or y of another type"
           : t->size(s->row, 0) != s->fresh                         ? "row of another length than the fresh rows"
           : t->size(s->raw, 0) != s->fresh                         ? "raw of another length than the fresh rows"
           : (now >= HOOK_after_forward) != (s->logits != NULL)     ? "logits at the wrong time"
           : s->logits && t->size(s->logits, 1) != s->task->columns ? "logits of other columns than the task's"
           : (now >= HOOK_after_loss) != (s->loss != NULL)          ? "a loss at the wrong time"
           : s->row_loss && t->size(s->row_loss, 0) != rows         ? "row losses of another length"
                                                                    : NULL;
}

static const char *eval_fault(enum hook now, const pdr_eval *v)
{
    return v->struct_size != sizeof *v                                   ? "an evaluation of another size"
           : !v->scope || !v->model                                      ? "an evaluation without scope or model"
           : v->on_task != v->task->index                                ? "another task than it names"
           : v->after_task < 0                                           ? "a negative number of tasks"
           : (now == HOOK_predict) != (v->x && v->logits && v->features) ? "rows at the wrong time"
                                                                         : NULL;
}

/* ---- around a hook ---- */

static double hook_begin(enum hook now, const char *fault)
{
    seen->hooks++;
    if (asked->kill_at && seen->hooks == asked->kill_at)
        raise(SIGKILL);
    if (asked->observed) {
        order_check(now);
        if (fault)
            order_say(now, fault);
    }
    running = now;
    return clock_seconds();
}

static pdr_status hook_end(enum hook now, double start, pdr_status status)
{
    double took = clock_seconds() - start;
    struct hook_time *t = &seen->times[now];
    t->calls++;
    t->seconds += took;
    t->most = took > t->most ? took : t->most;
    if (!host_engine()->grad_enabled() && !seen->mode[0])
        snprintf(seen->mode, sizeof seen->mode, "%s", hook_names[now]);
    running = HOOK_NONE;
    return status;
}

#define SEEN(name, fault, arguments)                                          \
    struct guest *g = p;                                                      \
    double start = hook_begin(HOOK_##name, asked->observed ? (fault) : NULL); \
    pdr_status status = theirs()->name ? theirs()->name arguments : PDR_OK;   \
    return hook_end(HOOK_##name, start, status);

#define TASK_HOOK(name) \
    static pdr_status see_##name(void *p, const pdr_task *t) { SEEN(name, task_fault(t), (g->self, t)) }
#define EPOCH_HOOK(name)                                                                \
    static pdr_status see_##name(void *p, const pdr_task *t, int64_t epoch)             \
    {                                                                                   \
        SEEN(name, epoch < 0 ? "an epoch below 0" : task_fault(t), (g->self, t, epoch)) \
    }
#define STEP_HOOK(name) \
    static pdr_status see_##name(void *p, const pdr_step *s) { SEEN(name, step_fault(HOOK_##name, s), (g->self, s)) }
#define EVAL_HOOK(name) \
    static pdr_status see_##name(void *p, const pdr_eval *v) { SEEN(name, eval_fault(HOOK_##name, v), (g->self, v)) }

static pdr_status see_before_run(void *p, int64_t tasks)
{
    SEEN(before_run, tasks < 1 ? "no tasks" : NULL, (g->self, tasks))
}
static pdr_status see_after_run(void *p) { SEEN(after_run, NULL, (g->self)) }
static pdr_status see_save(void *p, pdr_state *out) { SEEN(save, NULL, (g->self, out)) }
static pdr_status see_load(void *p, pdr_state *in,
                           uint32_t version){SEEN(load, NULL, (g->self, in, version))} TASK_HOOK(before_task)
    TASK_HOOK(after_task) EPOCH_HOOK(before_epoch) EPOCH_HOOK(after_epoch) STEP_HOOK(before_batch)
        STEP_HOOK(after_forward) STEP_HOOK(before_loss) STEP_HOOK(after_backward) STEP_HOOK(before_update)
            STEP_HOOK(after_update) STEP_HOOK(after_batch) EVAL_HOOK(before_eval) EVAL_HOOK(after_eval)

                static pdr_status see_before_forward(void *p, const pdr_step *s)
{
    if (asked->differentiated)
        gradient_before_forward(s, seen);
    SEEN(before_forward, step_fault(HOOK_before_forward, s), (g->self, s))
}

static pdr_status told_after_loss(void *p, const pdr_step *s)
{
    SEEN(after_loss, step_fault(HOOK_after_loss, s), (g->self, s))
}

static pdr_status see_after_loss(void *p, const pdr_step *s)
{
    pdr_status status = told_after_loss(p, s);
    if (asked->differentiated && status == PDR_OK)
        gradient_after_loss(s);
    return status;
}

static pdr_status see_compute_loss(void *p, const pdr_step *s, pdr_tensor **rows)
{
    SEEN(compute_loss, step_fault(HOOK_compute_loss, s), (g->self, s, rows))
}

static pdr_status see_predict(void *p, const pdr_eval *v, pdr_tensor **scores)
{
    SEEN(predict, eval_fault(HOOK_predict, v), (g->self, v, scores))
}

/* ---- its life ---- */

static pdr_status see_create(const pdr_host *host, const void *config, void **self)
{
    struct guest *g = alloc_zero(1, sizeof *g);
    calls_between(host, &g->host);
    *self = g;
    last = HOOK_NONE;
    return asked->real->descriptor->create(&g->host, config, &g->self);
}

/* What the host will say of it in a moment, for one that is looked at: what its hooks left open is closed already. */
static void see_destroy(void *self)
{
    struct guest *g = self;
    const strategy *s = host_strategy(&g->host);
    if (g->self)
        asked->real->descriptor->destroy(g->self);
    seen->kept += s->owner.kept;
    seen->memories += s->memory_count;
    seen->optims += s->optim_count;
    seen->scopes += s->scopes_left;
    free(g);
}

#define HOOK_SEEN(name) .name = see_##name,
static const pdr_hooks all = {.struct_size = sizeof(pdr_hooks), HOOK_LIST(HOOK_SEEN)};

/* Hooks that a strategy lacks stay NULL where their being there means something. The others cost a call that does nothing. */
void witness_plan(const plugin *real, plugin *as, pdr_plugin *descriptor)
{
    *descriptor = *real->descriptor;
    descriptor->create = see_create;
    descriptor->destroy = see_destroy;
    *as = *real;
    as->descriptor = descriptor;
    as->hooks = all;
    if (!real->hooks.compute_loss)
        as->hooks.compute_loss = NULL;
    if (!real->hooks.predict)
        as->hooks.predict = NULL;
    if (!real->hooks.save)
        as->hooks.save = NULL;
    if (!real->hooks.load)
        as->hooks.load = NULL;
}
