/* Cells as no run trains them, for those who test strategies: with a task that has no rows, and one that is opened from a
 * checkpoint only to be saved again. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/checkpoint.h"
#include "train/cell.h"

/* ---- a task without rows ---- */

/* No stream has one, as their splits refuse it: its rows are taken away once all is open. */
static int empty_run(cell *c, void *self, error *e)
{
    const int64_t *empty = self;
    stage *s = *empty < c->stage_count ? &c->stages[*empty] : NULL;
    if (!s || s->tasks != 1)
        return error_set(e, EXIT_INTERNAL, "found no stage of one task; expected one to empty");
    stream_task *t = &c->stream->tasks[s->first];
    c->steps_all -= schedule_steps(c, s->count);
    t->train_count = t->held_count = t->present_count = 0;
    s->count = s->held = 0;
    s->task.task.row_count = s->task.task.held_out = s->task.task.class_count = 0;
    return loop_run(c, e);
}

int train_without_rows(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
                       int64_t empty, cell_result **out, error *e)
{
    return cell_train(p, &p->methods[method], seed, data, listener, empty_run, &empty, out, e);
}

/* ---- saved, loaded, saved ---- */

static bool of_strategy(const array *a) { return !strncmp(a->name, "strategy/", strlen("strategy/")); }

static bool arrays_same(const array *a, const array *b)
{
    return a->type == b->type && a->rank == b->rank && a->size == b->size &&
           !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) &&
           (!a->size || !memcmp(a->bytes, b->bytes, a->size));
}

/* strategy/0/tensor/anchor: the number says nothing where there is one. */
static const char *name_short(const char *name)
{
    const char *rest = strchr(name + strlen("strategy/"), '/');
    return rest ? rest + 1 : name;
}

/* What is in one of them and not, or not the same, in the other. */
static char *arrays_compare(const arrays *was, const arrays *is)
{
    for (int64_t i = 0; i < was->count; i++) {
        const array *a = &was->at[i], *b = of_strategy(a) ? arrays_find(is, a->name) : a;
        if (!b)
            return alloc_format("%s is not saved again", name_short(a->name));
        if (!arrays_same(a, b))
            return alloc_format("%s (%llu bytes) is saved with %s", name_short(a->name), (unsigned long long)a->size,
                                a->size == b->size ? "other bytes" : "another size");
    }
    for (int64_t i = 0; i < is->count; i++)
        if (!arrays_find(was, is->at[i].name))
            return alloc_format("%s is saved the second time alone", name_short(is->at[i].name));
    return alloc_text("");
}

static int again_run(cell *c, void *self, error *e)
{
    char **differs = self;
    arrays is = {0};
    if (!c->from)
        return error_set(e, EXIT_DATA, "%s: found no checkpoint; expected one", c->listener->folder);
    const arrays *was = &c->from->rest;
    int code = dispatch_run(c, true, e);
    if (!code)
        code = host_loaded(&c->session, was, e);
    if (!code)
        code = host_save(&c->session, &is, e);
    if (!code)
        *differs = arrays_compare(was, &is);
    arrays_free(&is);
    return code;
}

int train_saved_again(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
                      char **differs, error *e)
{
    cell_result *result = NULL;
    *differs = NULL;
    int code = cell_train(p, &p->methods[method], seed, data, listener, again_run, differs, &result, e);
    cell_result_close(result);
    if (code) {
        free(*differs);
        *differs = NULL;
    }
    return code;
}
