/* Where the results of a run come from: the digests of what its cells use, worked out beside them, and the run's own
 * manifest.json once they are done. */
#ifndef PERDURE_RUN_ORIGIN_H
#define PERDURE_RUN_ORIGIN_H
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "data/data.h"
#include "plan/plan.h"
#include "record/provenance.h"
#include "run/folder.h"

struct origin {
    provenance cells; /* what every cell is given */
    bool cached;
    pid_t digester; /* works the digests out; 0: there is none yet, -1: it could not be made */
};

/* Before the first cell is forked. cached: what earlier runs knew of large files is taken, and kept for later ones. */
void origin_begin(struct origin *o, const dataset *data, bool cached);
/* Once the first cell runs; later calls do nothing. A process of its own reads the files, some 0.3 s of a core where no earlier run has, and a
 * cell waits for it only with all its work done; at a lower priority that could be long where all cores are busy. Where there is
 * no such process cells read the files themselves. */
void origin_digest(struct origin *o, const plan *p);
void origin_end(struct origin *o);

/* manifest.json of the run, "perdure.run-manifest/1": SHA-256 of scenario.yaml, plan.json and summary.json, of the manifest of
 * each finished cell, and what the scenario's file was. *digest: the SHA-256 of the manifest itself. 65, 66, 73, 74 */
#define ORIGIN_SCHEMA "perdure.run-manifest/1"
int origin_write(const plan *p, const struct run_cells *c, char digest[SHA256_HEX], error *e);
void origin_remove(const plan *p); /* one that is there speaks of another end than the one that is to come */

#endif
