/* Files of a checkpoint: made anew or not at all, read as what they are and through no link.
 *
 * What is written goes past a SHA-256 on its way to the disk, and nothing is held twice. For this room only. */
#ifndef PERDURE_RECORD_STRICT_FILE_H
#define PERDURE_RECORD_STRICT_FILE_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"

typedef struct new_file new_file;
int new_file_open(const char *path, new_file **out, error *e); /* 73: it is there already, or cannot be made */
/* What fails here is told by new_file_close. */
void new_file_add(new_file *f, const void *bytes, uint64_t count);
/* fsync and close; where anything failed the file is removed: 74. `keep` false: it is removed anyhow. hex (SHA-256) and bytes
 * may be NULL. Frees f. */
int new_file_close(new_file *f, bool keep, char hex[SHA256_HEX], uint64_t *bytes, error *e);

typedef struct old_file {
    const char *path; /* borrowed */
    int file;
    uint64_t size;
    sha256 *hash; /* of what was read so far */
} old_file;
/* A regular file, and no link unless `follow`. 66: there is none, or it is something else. */
int old_file_open(const char *path, bool follow, old_file *out, error *e);
int old_file_read(old_file *f, void *into, uint64_t count, error *e); /* all of them; 65: it ends before that; 74 */
/* The end is where the size said: 65 otherwise. */
int old_file_end(old_file *f, error *e);
void old_file_close(old_file *f, char hex[SHA256_HEX]); /* may be NULL */

/* An object in which no key is twice, of at most some two million values, as each takes up to 80 bytes once it is read;
 * `where` begins the message. 65. Owned. */
int strict_json(const char *where, const char *bytes, uint64_t count, json_t **out, error *e);

#endif
