/* What TensorBoard shows of a cell: every point of log.jsonl, the speed, the matrix as it fills, what strategies show, settings and
 * end of the session, and a layout with the accuracies of all tasks in one chart. One event file a cell, see tfevents.h.
 *
 * A trace never costs a cell: where the disk does not take it, traces_trouble() says so once and nothing more is written. */
#ifndef PERDURE_RECORD_TRACES_H
#define PERDURE_RECORD_TRACES_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/picture.h"
#include "evaluate/matrix.h"
#include "plan/plan.h"

typedef struct traces traces;

/* Of a cell of the plan, which is borrowed; NULL where the scenario wants none: everything below then does nothing. */
traces *traces_open(const char *folder, const plan *p, int method);
/* log_bytes: what the cell goes on with, as log.jsonl (record_log_keep); below 0: it begins anew. Before anything is traced. A file
 * without that place begins where the cell stands, and *lacks says so. */
void traces_keep(traces *t, int64_t log_bytes, bool *lacks);
void traces_place(traces *t, int64_t log_bytes); /* a checkpoint is made, with so much of log.jsonl */
void traces_sync(const traces *t);               /* any thread */

void traces_point(traces *t, const char *name, int64_t step, double value);
void traces_speed(traces *t, int64_t step, double steps_per_second); /* kept now and then */
void traces_row(traces *t, int64_t after, int64_t step, const matrix *m);
void traces_picture(traces *t, const char *name, int64_t step, const picture *p);

bool traces_trouble(traces *t, error *e);
void traces_end(traces *t, int code); /* `code`: of the cell, which with EXIT_RESUMABLE is not over */
void traces_close(traces *t);

#endif
