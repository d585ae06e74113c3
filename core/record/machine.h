/* The machine that figures come from: for `perdure bench` and for manifests, as absolute times say nothing without it. */
#ifndef PERDURE_RECORD_MACHINE_H
#define PERDURE_RECORD_MACHINE_H
#include <jansson.h>
#include <stdio.h>

/* {"processor", "architecture", "cores", "usable_cores", "memory_bytes", "system"}; owned; null where the kernel does not
 * say. usable_cores: those that this process may run on. What LibTorch and the GPU are stands in a cell's result. */
json_t *machine_json(void);
/* Processes that ran or waited to run, as an average of the last minute; negative: not known. */
double machine_load(void);
/* The processor's name out of the lines of /proc/cpuinfo: owned; NULL where there is none. */
char *machine_processor(FILE *cpuinfo);

#endif
