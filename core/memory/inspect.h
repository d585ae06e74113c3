/* A memory's folder from outside, without a run: what it holds, whether that is whole, and making it small. For `perdure
 * memory`.
 *
 * LMDB checks nothing of its file, and walking a damaged one may end the process, so everything is done in a child. */
#ifndef PERDURE_MEMORY_INSPECT_H
#define PERDURE_MEMORY_INSPECT_H
#include <jansson.h>

#include "base/error.h"

/* What the folder holds, as one object: `schema` perdure.memory.report/1, `folder`, `file_bytes`, `disk_bytes`, `name`, `owner`,
 * `policy`, `capacity`, `per_class`, `bytes`, `generation`, `versions`, `slots`, `row_bytes`, `type`, `extra_bytes`, `classes`
 * ([{column, rows}], of the newest version of each slot) and `bad` ([{slot, generation, words}], at most 1000 of them; how many
 * in all is `bad_count`). With `verify` each row's checksum is looked at. Owned; NULL: 66 there is none; 65 the file cannot be
 * read to its end; 74. */
json_t *memory_report(const char *folder, int verify, error *e);
/* Writes the file anew without what is free in it, and puts that in its place. 65, 66; 73: a run has it open; 74. */
int memory_compact(const char *folder, error *e);

#endif
