/* Networks and optimizers of a scenario as the engine asks for them. */
#ifndef PERDURE_PLUGIN_OPTIONS_H
#define PERDURE_PLUGIN_OPTIONS_H
#include "base/arena.h"
#include "engine/engine.h"
#include "scenario/scenario.h"

/* Lives as long as `a` and `o`; shape, rank, outputs and grows are for the caller. */
engine_network network_of(const struct network_options *o, arena *a);
/* The learning rate is given with each step. */
engine_optimizer_options optimizer_of(const struct optimizer_options *o);

#endif
