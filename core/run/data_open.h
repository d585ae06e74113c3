/* Reading what all cells share, for run.c and bench.c. */
#ifndef PERDURE_RUN_DATA_OPEN_H
#define PERDURE_RUN_DATA_OPEN_H
#include "data/data.h"
#include "plan/plan.h"

/* The data of a plan with all that can be held against it before a cell starts: a stream of the first seed, batches, leakage,
 * and whether the networks fit its rows. What is only to be noticed goes to standard error. */
int data_open(const plan *p, dataset **out, error *e);

#endif
