/* Where the results of a run come from: the digests of what its cells use, and the run's own manifest.json once they are done. */
#ifndef PERDURE_RUN_ORIGIN_H
#define PERDURE_RUN_ORIGIN_H
#include <jansson.h>
#include <stdbool.h>

#include "data/data.h"
#include "plan/plan.h"
#include "record/provenance.h"
#include "run/folder.h"

/* Before the first cell is forked, what every cell is given. cached: what earlier runs knew of large files is taken, and kept for
 * later ones. */
void origin_begin(provenance *o, const dataset *data, bool cached);
/* In the coordinator, when a cell has begun: the first of them works the digests out, and no other. */
void origin_begun(provenance *o);
/* In that cell: a thread of its own reads the files while the cell trains, some 0.3 s of a core where no earlier run has. A cell
 * waits for it only with all its work done; should the first cell die, the others read the files themselves. */
void origin_work(const provenance *o, const plan *p);
void origin_end(provenance *o);

/* manifest.json of the run, "perdure.run-manifest/1": SHA-256 of scenario.yaml, plan.json and summary.json, of the manifest of
 * each finished cell, and what the scenario's file was. *digest: the SHA-256 of the manifest itself; "": no cell is finished, and
 * there is nothing to write down. 73, 74 */
#define ORIGIN_SCHEMA "perdure.run-manifest/1"
int origin_write(const plan *p, const struct run_cells *c, char digest[SHA256_HEX], error *e);
void origin_remove(const plan *p); /* one that is there speaks of another end than the one that is to come */

#endif
