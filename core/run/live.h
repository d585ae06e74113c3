/* What happens in the process of a cell: it is trained, told about and recorded. */
#ifndef PERDURE_RUN_LIVE_H
#define PERDURE_RUN_LIVE_H
#include "data/data.h"
#include "record/provenance.h"
#include "run/beginnings.h"
#include "run/folder.h"
#include "run/process.h"

/* `origin`: for its manifest, but for the time at which it starts; NULL: it gets none. */
int cell_live(const plan *p, const dataset *data, const struct run_cell *c, const struct process_inside *inside,
              const provenance *origin, error *e);
/* The first task of cells that share it, into its folder: see train_beginning(). */
int beginning_live(const plan *p, const dataset *data, const struct beginning *b, const struct process_inside *inside,
                   error *e);
/* Seconds that one hook of the method may take; 0: any. */
double cell_hook_limit(const plan *p, int method);

#endif
