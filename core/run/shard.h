/* --shard: which part of a run's cells this process is to run, as it is said or as a cluster says it. */
#ifndef PERDURE_RUN_SHARD_H
#define PERDURE_RUN_SHARD_H
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* `said`: "2/4", parts counting from 1, or "auto": of a Slurm array (SLURM_ARRAY_TASK_ID, _MIN, _MAX, _STEP, _COUNT) or of
 * an indexed Job of Kubernetes (JOB_COMPLETION_INDEX, and JOB_COMPLETIONS, which the Job's author sets). With "auto" `told`
 * gets one line that says what was read and where. 64: neither of them, or numbers that say no part. */
int shard_read(const char *said, int *shard, int *shards, text *told, error *e);
/* The variable that says that this is one of several tasks, as "SLURM_ARRAY_TASK_ID=2"; false: there is none. */
bool shard_offered(text *out);

#endif
