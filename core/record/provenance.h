/* manifest.json of a cell, "perdure.manifest/1": all that its result depends on, and the SHA-256 of what it left.
 *
 *     {"schema", "method", "seed", "started", "ended", "plan": {..}, "plan_sha256",
 *      "files": [{"role": "data|plugin|weights|program|engine|torch|library", "name", "path", "bytes", "sha256"}],
 *      "abi", "versions": {..}, "build": {"compiler", "flags"},
 *      "machine": {"host", "cpu", "capability", "architecture", "cores", "usable_cores", "memory_bytes", "os", "kernel", "gpu",
 *                  "driver"},
 *      "threads", "determinism", "metrics": {name: definition}, "results": {file: sha256}, "manifest_sha256"}
 *
 * "weights" is a file that the network began with; "torch" are LibTorch's files as they were loaded, named from its root;
 * "library" the machine's own. Paths are for people: what counts is name and SHA-256. */
#ifndef PERDURE_RECORD_PROVENANCE_H
#define PERDURE_RECORD_PROVENANCE_H
#include <stdint.h>

#include "data/data.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "record/digests.h"

#define PROVENANCE_SCHEMA "perdure.manifest/1"
#define PROVENANCE_FILE "manifest.json"

/* What is known beside plan and result. */
typedef struct provenance {
    const dataset *data;
    digests *digests; /* may be NULL */
    const char *kept; /* where digests are kept between runs, see digests_load; NULL: nowhere */
    int digested;     /* a pipe that comes to its end once the files expected are in `digests`; -1: none */
    int digesting;    /* its other end, in the one cell that works them out; -1: not this one */
    int64_t started;  /* seconds since 1970 */
} provenance;

/* Writes it into the folder of a cell in whose process this is, and whose other files but result.json are there. */
int provenance_write(const char *folder, const plan *p, int method, int64_t seed, const engine_info *engine,
                     const char *result_sha256, const provenance *o, error *e);

/* A file as a row of "files"; hex, its SHA-256, "": not known; owned. */
json_t *provenance_file_json(const char *role, const char *name, const char *path, int64_t bytes, const char *hex);
json_t *
provenance_machine_json(const engine_info *engine); /* "machine"; engine NULL: what is known without one; owned */

#endif
