/* Files that appear whole or not at all, and are read whole or refused.
 *
 * file_write writes beside the target, fsyncs, renames over it and fsyncs the folder, so that a crash at any moment
 * leaves the old file or the new one. */
#ifndef PERDURE_BASE_FILE_H
#define PERDURE_BASE_FILE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sha256.h"

/* Reads a regular file of at most `limit` bytes. *bytes: owned, one NUL behind the content. Fails with 66 (not there,
 * a folder, a device, a FIFO), 65 (larger than limit), 74. */
int file_read(const char *path, size_t limit, char **bytes, size_t *count, error *e);
int file_sha256(const char *path, char hex[SHA256_HEX], error *e);           /* of a regular file; 66, 74 */
int file_write(const char *path, const void *bytes, size_t count, error *e); /* 73, 74 */
/* Removes what file_write() of processes that are gone left half done in a folder: NAME.tmp-PID-N. */
void file_sweep(const char *folder);
int folder_make(const char *path, error *e);               /* with its parents; 73, 74 */
int folder_sync(const char *path, error *e);               /* makes its entries durable; 74 */
int file_move(const char *from, const char *to, error *e); /* over `to`, durably; 74 */
/* A new folder PREFIX + six letters, for this process alone. Owned: path; NULL: 73. */
char *folder_temporary(const char *prefix, error *e);
/* The same under $TMPDIR, else /tmp; `name` says whose it is. */
char *folder_scratch(const char *name, error *e);
/* With all that is in it; links are removed, not followed. What cannot be removed stays. NULL: nothing. */
void folder_remove(const char *path);
bool file_exists(const char *path); /* a regular file, or a link to one */
bool folder_exists(const char *path);
/* `path` below `base` unless it is absolute; a leading "~/" is $HOME. Owned by the caller. */
char *path_below(const char *base, const char *path);
char *path_folder(const char *path);     /* what lies before the last '/', or "."; owned */
const char *path_name(const char *path); /* what lies behind the last '/'; borrowed from `path` */
bool path_is_name(const char *path);     /* of one entry of a folder: no '/', and neither "", "." nor ".." */
bool path_climbs(const char *path);      /* has a part ".." */

#endif
