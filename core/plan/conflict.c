/* See conflict.h. */
#include "plan/conflict.h"

static bool stream_tells(enum scenario_kind scenario, enum train_on train_on)
{
    (void)train_on;
    return scenario != TASK_FREE;
}

/* A stream that tells of no boundaries is the other row's fault, and told once. */
static bool training_tells(enum scenario_kind scenario, enum train_on train_on)
{
    return scenario == TASK_FREE || train_on != TRAIN_ALL;
}

static bool rows_tell(enum scenario_kind scenario, enum train_on train_on)
{
    (void)train_on;
    return scenario == TASK_IL;
}

const conflict_need conflict_needs[] = {
    {PDR_NEEDS_BOUNDARIES, "needs task boundaries", "another scenario than task-free, which tells of none", true,
     stream_tells},
    {PDR_NEEDS_BOUNDARIES, "needs task boundaries", "train_on: task", false, training_tells},
    {PDR_NEEDS_TASK_ID, "needs the task's identity", "scenario: task-il", true, rows_tell},
    {0, NULL, NULL, false, NULL},
};

const char *sole_name(enum sole_hook which) { return which == SOLE_LOSS ? "compute_loss" : "predict"; }

bool sole_has(const pdr_hooks *hooks, enum sole_hook which)
{
    return which == SOLE_LOSS ? hooks->compute_loss != NULL : hooks->predict != NULL;
}
