/* What a strategy cannot go together with, by its flags and hooks alone: streams that do not give what it needs, other
 * strategies. One table, by which the plan refuses, and `perdure plugin show` tells of a strategy beforehand. */
#ifndef PERDURE_PLAN_CONFLICT_H
#define PERDURE_PLAN_CONFLICT_H
#include <perdure/plugin.h>
#include <stdbool.h>

#include "scenario/scenario.h"

/* A flag and what it asks of the scenario. */
typedef struct conflict_need {
    uint32_t flag;        /* PDR_NEEDS_...; 0 ends the table */
    const char *needs;    /* "needs task boundaries", behind the strategy's name */
    const char *expected; /* what to write instead, where it is not met */
    bool by_stream;       /* `stream.scenario` decides, whatever train_on is; else train_on does */
    bool (*met)(enum scenario_kind scenario, enum train_on train_on);
} conflict_need;

extern const conflict_need conflict_needs[];

/* Hooks of which a method has one at most ([sole] in <perdure/plugin.h>). */
enum sole_hook { SOLE_LOSS, SOLE_PREDICTION, SOLE_HOOKS };
const char *sole_name(enum sole_hook which); /* "compute_loss" */
bool sole_has(const pdr_hooks *hooks, enum sole_hook which);

#endif
