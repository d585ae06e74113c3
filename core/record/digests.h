/* SHA-256 of files, worked out once for all cells of a run.
 *
 * LibTorch alone is half a gigabyte, and every cell's manifest names it. The digests lie in pages that the processes of a run
 * share; a file is known again by device, inode, size and the times of its last changes, whatever its name. */
#ifndef PERDURE_RECORD_DIGESTS_H
#define PERDURE_RECORD_DIGESTS_H
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"

typedef struct digests digests;
digests *digests_open(void); /* shared with every process that is forked from here on; NULL: no memory */
void digests_close(digests *d);
/* Of a regular file: as it is known, or worked out now and known from then on. d NULL: always worked out. Any process. 66, 74 */
int digests_of(digests *d, const char *path, char hex[SHA256_HEX], int64_t *bytes, error *e);

/* Between runs: a file of what is known of large files, in the user's cache ($XDG_CACHE_HOME or ~/.cache, below perdure/). One
 * that cannot be read or written, or is damaged, is none. Never used to verify anything. */
char *digests_place(void); /* owned; NULL: there is no home */
void digests_load(digests *d, const char *path);
void digests_store(digests *d, const char *path); /* where something new is known */

#endif
