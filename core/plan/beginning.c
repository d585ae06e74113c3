/* Which cells are the same up to the end of their first task: those of one seed whose strategies only watch until then
 * (PDR_IDLE_FIRST_TASK), and that agree in all else that their numbers depend on. The flag is a strategy's word; that it holds is looked
 * at where the task is trained (core/train/beginning.c). */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

/* Hooks that stand between the rows and the matrix, and flags that choose how a step is run, are more than watching. */
static bool strategy_watches(const plan_strategy *s)
{
    const uint32_t acts = PDR_USES_GRADIENT | PDR_DIFFERENTIATES_MODEL | PDR_USES_FEATURES | PDR_WRITES_PARAMS;
    const pdr_hooks *h = &s->plugin->hooks;
    const uint32_t flags = s->plugin->descriptor->flags;
    return (flags & PDR_IDLE_FIRST_TASK) && !(flags & acts) && !h->compute_loss && !h->predict && !h->before_eval &&
           !h->after_eval;
}

bool plan_shares_beginning(const plan *p, int method)
{
    const plan_method *m = &p->methods[method];
    bool shares = !m->open && m->train_on != TRAIN_ALL && p->scenario->stream.scenario != TASK_FREE &&
                  !strcmp(p->device, "cpu"); /* bits of other devices may differ from run to run */
    for (int i = 0; i < m->count; i++)
        shares = shares && strategy_watches(&m->strategies[i]);
    return shares;
}

/* The cell's own form without what tells its method from others of the same beginning. */
void plan_beginning_digest(const plan *p, int method, int64_t seed, char hex[SHA256_HEX])
{
    static const char *const own[] = {"name", "strategies", "base", "set", "trial"};
    const plan_method *m = &p->methods[method];
    json_t *cell = plan_cell_json(p, method, seed), *its = json_object_get(cell, "method");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        json_object_del(its, own[i]);
    json_object_set_new(its, "held_out_alone", json_boolean(m->trial)); /* what is measured of it */
    json_object_set_new(cell, "validation", json_real(p->scenario->data.validation));
    json_object_set_new(cell, "beginning", json_integer(1));
    char *bytes = json_dumps(cell, JSON_COMPACT | JSON_SORT_KEYS);
    sha256_bytes(bytes, strlen(bytes), hex);
    free(bytes);
    json_decref(cell);
}
