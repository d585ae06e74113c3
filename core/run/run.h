/* A run: the cells of a plan (method x seed) as child processes, so many at a time, their progress, and what is put
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
#include "run/selection.h"

typedef struct run_options {
    bool fresh;   /* runs finished cells again */
    bool changed; /* puts cells of another plan aside and runs them again; neither with fresh nor with resume */
    bool profile; /* cells that are trained leave a profile; finished ones stay as they are */
    bool resume;  /* only where there is something to go on with: 66 else; not with fresh */
    bool alone;   /* each cell trains its first task itself, though others train the same */
    int jobs;     /* cells at a time, at least 1 */
    run_selection selection; /* all zero: every cell; checked by selection_check() */
} run_options;

/* 0: all cells are done and all gates hold; 1: some cells failed (each was told on standard error) or some gates do not
 * hold; 75: asked to stop, what is done is kept; 130: asked again; else why nothing could be run. Between signals_take
 * and signals_give_back (run/signals.h), so that a signal at any time ends it in order. *summary: "perdure.summary/1", owned,
 * NULL unless 0 or 1. Of a selection, while cells of others are missing, it has no gates, is not written, and says so:
 * "partial": {"of": "cells", or "trials" of a search, "finished", "cells"}. */
int run_plan(plan *p, const run_options *options, json_t **summary, error *e);

#endif
