/* What happens in the process of a cell: it is trained, told about and recorded. */
#ifndef PERDURE_RUN_LIVE_H
#define PERDURE_RUN_LIVE_H
#include "data/data.h"
#include "run/folder.h"

int cell_live(const plan *p, const dataset *data, const struct run_cell *c, int channel, error *e);

#endif
