/* summary.json of a run, out of the records in its folder. */
#ifndef PERDURE_RUN_RESULTS_H
#define PERDURE_RUN_RESULTS_H
#include <jansson.h>

#include "run/folder.h"

/* Out of the records of the cells that are finished; writes nothing. *summary: owned. 65, 66, 74 */
int results_make(const plan *p, const struct run_cells *c, json_t **summary, error *e);
/* Of the cells that are finished, while others that this run is not of are missing: no gate is judged, nothing is written. */
int results_partial(const plan *p, const struct run_cells *c, json_t **summary, error *e);
int results_write(const plan *p, const struct run_cells *c, json_t **summary, error *e); /* *summary: owned */

#endif
