/* summary.json of a run, out of the records in its folder. */
#ifndef PERDURE_RUN_RESULTS_H
#define PERDURE_RUN_RESULTS_H
#include <jansson.h>

#include "run/folder.h"

int results_write(const plan *p, const struct run_cells *c, json_t **summary, error *e); /* *summary: owned */

#endif
