/* `perdure bundle`: a run as one archive that another machine can verify. */
#ifndef PERDURE_RUN_BUNDLE_H
#define PERDURE_RUN_BUNDLE_H
#include <stdbool.h>

#include "base/error.h"

typedef struct bundle_options {
    bool checkpoints;    /* those of the cells and their memories, too */
    bool data;           /* the data files, too */
    const char *licence; /* of the archive, for its metadata; NULL: none is stated */
} bundle_options;

/* Writes `file`, a tar.gz with one folder: what the run left, plugins and weights that are no part of Perdure, README.md and
 * ro-crate-metadata.json. The same run gives the same bytes; times are $SOURCE_DATE_EPOCH or that of the last cell. *count: how
 * many files. 1: the run is not what its manifests say; 65, 66: as verify_run; 69: no libarchive; 73, 74. */
int bundle_write(const char *folder, const char *file, const bundle_options *o, long *count, error *e);

#endif
