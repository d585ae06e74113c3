/* One hook over all strategies of a method, in scenario order. The first that fails stops the cell. */
#include <string.h>

#include "train/cell.h"

/* The hook at an offset of the plugin's table; NULL: not interested. All are function pointers of one size. */
static void hook_at(const strategy *s, size_t offset, void *out, size_t size)
{
    memcpy(out, (const char *)&s->plugin->hooks + offset, size);
}

bool dispatch_wanted(const cell *c, size_t hook)
{
    for (int i = 0; i < c->session.count; i++) {
        step_hook f;
        hook_at(&c->session.strategies[i], hook, &f, sizeof f);
        if (f)
            return true;
    }
    return false;
}

int dispatch_run(cell *c, bool before, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        const pdr_hooks *hooks = &s->plugin->hooks;
        if (!(before ? hooks->before_run != NULL : hooks->after_run != NULL))
            continue;
        host_enter(s, before ? "before_run" : "after_run", PDR_NO_GRAD);
        code = host_leave(s, before ? hooks->before_run(s->self, c->stream->count) : hooks->after_run(s->self), e);
    }
    return code;
}

int dispatch_task(cell *c, size_t hook, const char *name, host_task *t, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        task_hook f;
        hook_at(s, hook, &f, sizeof f);
        if (!f)
            continue;
        t->task.scope = host_enter(s, name, PDR_NO_GRAD);
        code = host_leave(s, f(s->self, &t->task), e);
    }
    return code;
}

int dispatch_epoch(cell *c, size_t hook, const char *name, host_task *t, int64_t epoch, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        epoch_hook f;
        hook_at(s, hook, &f, sizeof f);
        if (!f)
            continue;
        t->task.scope = host_enter(s, name, PDR_NO_GRAD);
        code = host_leave(s, f(s->self, &t->task, epoch), e);
    }
    return code;
}

int dispatch_step(cell *c, size_t hook, const char *name, int32_t mode, error *e)
{
    int code = 0;
    host_task *task = (host_task *)(uintptr_t)c->step.step.task;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        step_hook f;
        hook_at(s, hook, &f, sizeof f);
        if (!f)
            continue;
        c->step.step.scope = task->task.scope = host_enter(s, name, mode);
        code = host_leave(s, f(s->self, &c->step.step), e);
    }
    return code;
}

int dispatch_eval(cell *c, size_t hook, const char *name, pdr_eval *eval, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < c->session.count; i++) {
        strategy *s = &c->session.strategies[i];
        eval_hook f;
        hook_at(s, hook, &f, sizeof f);
        if (!f)
            continue;
        eval->scope = host_enter(s, name, PDR_NO_GRAD);
        code = host_leave(s, f(s->self, eval), e);
    }
    return code;
}
