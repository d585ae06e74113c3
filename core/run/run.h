/* A run: the cells of a plan (method x seed) as child processes, one after the other, their progress, and what is put
 * together when they are done. The coordinator never loads LibTorch.
 *
 * A cell has succeeded when its folder holds a result.json with the cell's digest; an exit code proves nothing. The
 * same command again skips such cells. */
#ifndef PERDURE_RUN_RUN_H
#define PERDURE_RUN_RUN_H
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "plan/plan.h"

typedef struct run_options {
    bool fresh; /* runs finished cells again */
} run_options;

/* 0: all cells are done and all gates hold; 1: some cells failed (each was told on standard error) or some gates do not
 * hold; else why nothing could be run. *summary: "perdure.summary/1", owned, NULL unless 0 or 1. */
int run_plan(plan *p, const run_options *options, json_t **summary, error *e);

#endif
