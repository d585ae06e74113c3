/* One hook over all strategies of a method, in scenario order. The first that fails stops the cell. */
#include <string.h>

#include "train/cell.h"

/* A hook that is being called: where it stands in pdr_hooks, and the moment that it is shown. */
typedef struct call {
    size_t hook;
    const char *name;
    int32_t mode;
    enum { OF_TASK, OF_EPOCH, OF_STEP, OF_EVAL } kind;
    host_task *task;
    int64_t epoch;
    host_step *step;
    pdr_eval *eval;
} call;

/* The hook at an offset of the plugin's table; NULL: not interested. Function pointers are all of one size. */
static void hook_at(const strategy *s, size_t offset, void *out)
{
    memcpy(out, (const char *)&s->plugin->hooks + offset, sizeof(step_hook));
}

static pdr_status hook_call(strategy *s, const call *k, pdr_scope *scope)
{
    union {
        task_hook task;
        epoch_hook epoch;
        step_hook step;
        eval_hook eval;
    } f;
    hook_at(s, k->hook, &f);
    k->task->task.scope = scope;
    if (k->kind == OF_EVAL) {
        k->eval->scope = scope;
        return f.eval(s->self, k->eval);
    }
    if (k->kind == OF_TASK)
        return f.task(s->self, &k->task->task);
    if (k->kind == OF_EPOCH)
        return f.epoch(s->self, &k->task->task, k->epoch);
    k->step->step.scope = scope;
    return f.step(s->self, &k->step->step);
}

static int dispatch(cell *c, const call *k, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        step_hook wanted;
        hook_at(s, k->hook, &wanted);
        if (!wanted)
            continue;
        profile_begin_hook(c->profile, s->name, k->name);
        pdr_scope *scope = host_enter(s, k->name, k->mode);
        code = profile_end(c->profile, host_leave(s, hook_call(s, k, scope), e));
    }
    return code;
}

bool dispatch_wanted(const cell *c, size_t hook)
{
    for (int i = 0; i < c->session.count; i++) {
        step_hook f;
        hook_at(&c->session.strategies[i], hook, &f);
        if (f)
            return true;
    }
    return false;
}

int dispatch_run(cell *c, bool before, error *e)
{
    const int64_t tasks =
        c->scenario->stream.scenario == TASK_FREE ? 1 : c->stream->count; /* as far as they are told */
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        const pdr_hooks *hooks = &s->plugin->hooks;
        if (!(before ? hooks->before_run != NULL : hooks->after_run != NULL))
            continue;
        const char *name = before ? "before_run" : "after_run";
        profile_begin_hook(c->profile, s->name, name);
        host_enter(s, name, PDR_NO_GRAD);
        code = profile_end(c->profile,
                           host_leave(s, before ? hooks->before_run(s->self, tasks) : hooks->after_run(s->self), e));
    }
    return code;
}

int dispatch_task(cell *c, size_t hook, const char *name, host_task *t, error *e)
{
    return dispatch(c, &(call){.hook = hook, .name = name, .mode = PDR_NO_GRAD, .kind = OF_TASK, .task = t}, e);
}

int dispatch_epoch(cell *c, size_t hook, const char *name, host_task *t, int64_t epoch, error *e)
{
    return dispatch(
        c, &(call){.hook = hook, .name = name, .mode = PDR_NO_GRAD, .kind = OF_EPOCH, .task = t, .epoch = epoch}, e);
}

int dispatch_step(cell *c, size_t hook, const char *name, int32_t mode, error *e)
{
    host_task *task = (host_task *)(uintptr_t)c->step.step.task;
    return dispatch(
        c, &(call){.hook = hook, .name = name, .mode = mode, .kind = OF_STEP, .task = task, .step = &c->step}, e);
}

int dispatch_eval(cell *c, size_t hook, const char *name, pdr_eval *eval, error *e)
{
    return dispatch(c,
                    &(call){.hook = hook,
                            .name = name,
                            .mode = PDR_NO_GRAD,
                            .kind = OF_EVAL,
                            .task = &c->views[eval->on_task],
                            .eval = eval},
                    e);
}
