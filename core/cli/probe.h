/* Trying LibTorch out in a process of its own, so that `doctor` outlives whatever loading it may do. */
#ifndef PERDURE_CLI_PROBE_H
#define PERDURE_CLI_PROBE_H
#include "base/error.h"
#include "engine/engine.h"

int probe_engine(engine_info *out, error *e);

#endif
