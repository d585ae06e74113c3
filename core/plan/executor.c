/* Which executor runs the steps of a method: `planned` where it can, since it is the faster one. Every layer that a network
 * can have is one whose derivative it knows; what it cannot do is a matter of the device and of the strategies. */
#include "plan/executor.h"

#include <stdlib.h>
#include <string.h>

#include "scenario/variant.h"

static const char *differentiates(const plan_method *m)
{
    for (int i = 0; i < m->count; i++)
        if (m->strategies[i].plugin->descriptor->flags & PDR_DIFFERENTIATES_MODEL)
            return m->strategies[i].name;
    return NULL;
}

/* Why it cannot be the planned one; NULL: it can. */
static const char *obstacle(const plan *p, const plan_method *m)
{
    const char *name = differentiates(m);
    if (strcmp(p->device, "cpu") != 0)
        return "planned runs on the CPU alone";
    return name ? arena_format(p->arena, "%s differentiates the network", name) : NULL;
}

static void executor_refuse(const plan *p, const plan_method *m, const char *why, faults *f)
{
    const node *own = m->options->set ? node_find(m->options->set, "training.executor") : NULL;
    char *place = own ? variant_place(m->options, "training.executor") : NULL;
    faults_add(f, own ? own : scenario_node(p->scenario, "training.executor"), place ? place : "training.executor",
               "found planned for method %s; expected auto or autograd: %s",
               m->options->base ? m->options->base : m->name, why);
    free(place);
}

void executor_choose(const plan *p, plan_method *m, faults *f)
{
    const enum executor_choice asked = m->options->training.executor;
    const char *why = obstacle(p, m);
    m->executor = why || asked == EXECUTOR_AUTOGRAD ? "autograd" : "planned";
    m->executor_why = asked == EXECUTOR_AUTOGRAD ? "the scenario asks for it"
                      : why                      ? why
                                                 : "the derivative of every layer is known";
    if (why && asked == EXECUTOR_PLANNED)
        executor_refuse(p, m, why, f);
}
