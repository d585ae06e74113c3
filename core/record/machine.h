/* The machine that figures come from: for `perdure bench` and for manifests, as absolute times say nothing without it. */
#ifndef PERDURE_RECORD_MACHINE_H
#define PERDURE_RECORD_MACHINE_H
#include <jansson.h>
#include <stdio.h>

#include "engine/engine.h"

/* {"processor", "architecture", "cores", "usable_cores", "memory_bytes", "system"}; owned; null where the kernel does not
 * say. usable_cores: those that this process may run on. */
json_t *machine_json(void);
/* {"perdure", "torch", "torch_built", "cpu", "device"}, of results and checkpoints: what ran, and on which GPU; owned. */
json_t *machine_engine_json(const engine_info *engine);
/* Processes that ran or waited to run, as an average of the last minute; negative: not known. */
double machine_load(void);
/* The processor's name out of the lines of /proc/cpuinfo: owned; NULL where there is none. */
char *machine_processor(FILE *cpuinfo);

#endif
