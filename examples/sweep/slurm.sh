#!/bin/bash
# A sweep as a Slurm array: each task runs its part in a folder of its own, below $OUT on a file system that all nodes see.
#
#     mkdir -p logs
#     first=$(sbatch --parsable examples/sweep/slurm.sh)
#     sbatch --dependency=afterok:"${first%%;*}" --array=0 --export=ALL,MERGE=1 examples/sweep/slurm.sh
#
# A task that failed or ran out of time is run again outright, as its number alone is an array of one:
#     sbatch --array=2 --export=ALL,SHARD=2/4 examples/sweep/slurm.sh
#SBATCH --array=1-4
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --output=logs/sweep-%A-%a.out
set -eu
scenario=${SCENARIO:-examples/sweep/scenario.yaml}
out=${OUT:-runs/sweep}
perdure=${PERDURE:-perdure}

if [ -n "${MERGE:-}" ]; then # all parts are there: copied over each other they are the run
    mkdir -p "$out"
    for part in "$out".part-*; do
        cp -r "$part/." "$out/"
    done
    exec "$perdure" run "$scenario" --out "$out"
fi

# exec: the signal before the time limit reaches perdure, which saves its cells; the same task goes on there.
exec "$perdure" run "$scenario" --shard "${SHARD:-auto}" --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --out "$out.part-$SLURM_ARRAY_TASK_ID"
