/* tar.gz archives by libarchive: written whole or not at all, the same bytes for the same files, and unpacked where nothing can
 * leave the folder. The library brings others with it that no other command should wait for, so what speaks to it (archive.c) is
 * a shared object of its own, lib/libperdure_archive.so; archiver.c loads it. Where it is not there both are refused: 69. */
#ifndef PERDURE_RUN_ARCHIVE_H
#define PERDURE_RUN_ARCHIVE_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct archive_member {
    char *name;  /* in the archive: "run/cells/ewc/seed-0/result.json" */
    char *path;  /* of the file on disk; NULL: `bytes` */
    char *bytes; /* [count] */
    size_t count;
} archive_member;

/* `members` in this order, all with the time `mtime` (seconds since 1970), owner 0 and rights 0644. 66 a file is not there; 69;
 * 73, 74: nothing is left. */
int archive_pack(const char *file, const archive_member *members, size_t count, int64_t mtime, error *e);
/* Into a folder that is there and empty. Only regular files and folders, with relative names without "..", at most 1,000,000 of
 * them and 256 GiB: anything else is 65, as damage is. 66, 69, 73, 74 */
int archive_unpack(const char *file, const char *folder, error *e);

/* ---- between the two ---- */
#define ARCHIVER_VERSION 1u
typedef struct archiver {
    uint32_t version;
    int (*pack)(const char *file, const archive_member *members, size_t count, int64_t mtime, error *e);
    int (*unpack)(const char *file, const char *folder, error *e);
} archiver;
const archiver *perdure_archiver(uint32_t version); /* the only symbol that the shared object exports */

#endif
