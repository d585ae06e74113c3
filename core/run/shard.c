/* See shard.h. */
#include "run/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MOST = 10000 };

static bool number_read(const char *said, long long *out)
{
    char *end = NULL;
    if (!said || said[0] < '0' || said[0] > '9')
        return false;
    errno = 0;
    *out = strtoll(said, &end, 10);
    return *end == '\0' && errno == 0;
}

static int shard_refuse(const char *said, error *e)
{
    error_set(e, EXIT_USAGE, "run: --shard: found %s; expected I/N with I from 1 to N and N up to %d, as 2/4, or auto",
              text_quoted(said), (int)SHARDS_MOST);
    return said[0] == '0' && said[1] == '/' ? error_hint(e, "the first of N parts is 1/N") : EXIT_USAGE;
}

static int part_read(const char *said, int *shard, int *shards, error *e)
{
    const char *slash = strchr(said, '/');
    long long part = 0, parts = 0;
    char first[16] = "";
    if (!slash || (size_t)(slash - said) >= sizeof first)
        return shard_refuse(said, e);
    memcpy(first, said, (size_t)(slash - said));
    if (!number_read(first, &part) || !number_read(slash + 1, &parts) || part < 1 || part > parts ||
        parts > SHARDS_MOST)
        return shard_refuse(said, e);
    *shard = (int)part;
    *shards = (int)parts;
    return 0;
}

/* ---- a Slurm array: any first number and step, as long as it has no holes ---- */

static int slurm_refuse(const char *found, const char *expects, error *e)
{
    error_set(e, EXIT_USAGE, "run: --shard auto: found %s; expected %s", found, expects);
    return error_hint(e, "--shard I/N says outright which part it is");
}

static int slurm_read(const char *id, int *shard, int *shards, text *told, error *e)
{
    long long task = 0, least = 0, most = 0, step = 1, count = 0;
    const char *said_step = getenv("SLURM_ARRAY_TASK_STEP");
    if (!number_read(id, &task) || !number_read(getenv("SLURM_ARRAY_TASK_MIN"), &least) ||
        !number_read(getenv("SLURM_ARRAY_TASK_MAX"), &most) || !number_read(getenv("SLURM_ARRAY_TASK_COUNT"), &count) ||
        (said_step && !number_read(said_step, &step)) || step < 1)
        return slurm_refuse("SLURM_ARRAY_TASK_ID without whole numbers in SLURM_ARRAY_TASK_MIN, _MAX and _COUNT",
                            "those of a Slurm array", e);
    if (count == 1) /* one task of an earlier array, mostly, that is run again: it must not become the whole */
        return slurm_refuse("a Slurm array of one task", "several, as --array=1-4", e);
    if (task < least || task > most || (task - least) % step != 0 || (most - least) / step + 1 != count ||
        count > SHARDS_MOST)
        return slurm_refuse("a Slurm array with holes", "tasks one after the other, as --array=1-4", e);
    *shard = (int)((task - least) / step) + 1;
    *shards = (int)count;
    text_addf(told, "shard %d of %d, by SLURM_ARRAY_TASK_ID=%lld of %lld-%lld", *shard, *shards, task, least, most);
    return 0;
}

/* ---- an indexed Job: Kubernetes gives the index, from 0, and not how many there are ---- */

static int kubernetes_read(const char *index, int *shard, int *shards, text *told, error *e)
{
    const char *completions = getenv("JOB_COMPLETIONS");
    long long at = 0, count = 0;
    if (!completions) {
        error_set(e, EXIT_USAGE,
                  "run: --shard auto: found JOB_COMPLETION_INDEX=%s and no JOB_COMPLETIONS; expected both",
                  text_quoted(index));
        return error_hint(e, "Kubernetes does not say how many there are: set JOB_COMPLETIONS in the container's env "
                             "to the Job's spec.completions");
    }
    if (!number_read(index, &at) || !number_read(completions, &count) || at >= count || count > SHARDS_MOST)
        return error_set(e, EXIT_USAGE,
                         "run: --shard auto: found JOB_COMPLETION_INDEX=%s of JOB_COMPLETIONS=%s; expected an index "
                         "from 0 to below a number up to %d",
                         text_quoted(index), text_quoted(completions), (int)SHARDS_MOST);
    *shard = (int)at + 1;
    *shards = (int)count;
    text_addf(told, "shard %d of %d, by JOB_COMPLETION_INDEX=%lld of JOB_COMPLETIONS=%lld", *shard, *shards, at, count);
    return 0;
}

int shard_read(const char *said, int *shard, int *shards, text *told, error *e)
{
    const char *slurm = getenv("SLURM_ARRAY_TASK_ID"), *kubernetes = getenv("JOB_COMPLETION_INDEX");
    if (strcmp(said, "auto") != 0)
        return part_read(said, shard, shards, e);
    if (slurm)
        return slurm_read(slurm, shard, shards, told, e);
    if (kubernetes)
        return kubernetes_read(kubernetes, shard, shards, told, e);
    error_set(e, EXIT_USAGE,
              "run: --shard auto: found neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX; expected to be a task of "
              "a Slurm array or of an indexed Job of Kubernetes");
    return error_hint(e, "--shard I/N says outright which part it is");
}

bool shard_offered(text *out)
{
    static const char *const names[] = {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) {
            text_addf(out, "%s=%s", names[i], text_quoted(getenv(names[i])));
            return true;
        }
    return false;
}
