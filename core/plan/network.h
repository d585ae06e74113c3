/* Networks of a plan, see plan_method.network. */
#ifndef PERDURE_PLAN_NETWORK_H
#define PERDURE_PLAN_NETWORK_H
#include "base/arena.h"
#include "engine/engine.h"
#include "scenario/scenario.h"

/* Lives as long as `a` and `o`; shape, rank, outputs and grows are for the caller. */
engine_network network_of(const struct network_options *o, arena *a);

#endif
