/* manifest.json of a checkpoint, and the folders that have one. For this room only. */
#ifndef PERDURE_RECORD_MANIFEST_H
#define PERDURE_RECORD_MANIFEST_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "record/checkpoint.h"

enum { MANIFEST_BYTES = 64 << 20, MANIFEST_FILES = 2 };
enum { FILE_WEIGHTS, FILE_STATE };
extern const char *const manifest_files[MANIFEST_FILES]; /* weights.safetensors, state.safetensors */

typedef struct manifest {
    checkpoint head; /* without name and arrays */
    int64_t written; /* seconds since 1970, UTC */
    struct manifest_file {
        uint64_t bytes;
        char digest[SHA256_HEX];
    } files[MANIFEST_FILES];
} manifest;

/* The file's text. Its last line has the SHA-256 of all bytes before that line, so that any other byte is found, and
 * in every later format too. 70: more than MANIFEST_BYTES. */
int manifest_text(const char *path, const manifest *m, text *out, error *e);
/* 65. *newer: whole, and of a format or with a requirement that this build does not know. */
int manifest_parse(const char *path, const char *bytes, uint64_t count, manifest *out, bool *newer, error *e);
int manifest_read(const char *path, manifest *out, bool *newer, error *e); /* the same of a file; 66, 74, too */
void manifest_clear(manifest *m);

/* A folder of checkpoints: all folders in it whose names begin with "step-". Those whose manifest cannot be read stand
 * first, then the others from the newest serial on. */
struct found {
    char *name;
    manifest manifest; /* where code is 0; without its state */
    int code;          /* of reading it */
    bool newer;        /* see manifest_parse */
    error why;
};
struct found_list {
    struct found *at;
    int64_t count;
};
int found_look(const char *folder, struct found_list *out, error *e); /* no folder has no checkpoints; 74 */
void found_add(struct found_list *list, const char *name, const manifest *m);
void found_free(struct found_list *list);
/* The files of a manifest are there with their sizes: else 65. */
int found_sizes(const char *folder, const char *name, const manifest *m, error *e);
/* What `latest` names, owned; NULL: it is not there, or no link to something beside it, which `why` then says. */
char *latest_read(const char *folder, error *why);

/* checkpoint.c. Renames `from` to PREFIX NAME in the folder, or to PREFIX NAME-again-2 where that is there; *taken: owned. 74 */
int place_take_as(const char *folder, const char *from, const char *prefix, const char *name, char **taken, error *e);
int latest_set(const char *folder, const char *name, error *e); /* 74 */
#define LEFT_PREFIX "left-"

/* keep.c. keep_apply removes what `keep` does not name; `newest` was written just now. 74 */
int keep_apply(const char *folder, const struct found_list *list, const struct checkpoint_options *keep,
               const char *newest, error *e);
/* What processes left half done: .tmp-*, .trash-*, .latest-*; those of processes that live only where `all`. 74 */
int keep_sweep(const char *folder, bool all, error *e);
/* A folder with the files in it. 74; nothing there is fine. */
int keep_drop(const char *path, error *e);

/* checkpoint.c: checkpoint_write at another time, for tests of what `keep` means. */
int checkpoint_write_at(const char *folder, checkpoint *c, const struct checkpoint_options *keep, int64_t now,
                        error *e);

#endif
