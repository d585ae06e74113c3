/* What brings a set's files has two halves. This room's own knows sets, checks and places; the other, which speaks https
 * (libcurl) and opens archives (libarchive), is a shared object of its own, lib/libperdure_fetch.so: the two pull in some
 * thirty libraries, which no other command should wait for or need. */
#ifndef PERDURE_DATA_FETCH_H
#define PERDURE_DATA_FETCH_H
#include "data/source.h"

#define FETCHER_VERSION 1u

/* One file over https. */
typedef struct download {
    const char *url;
    const char *part; /* the file that the bytes go to; what it holds of the same file is not asked for again */
    int64_t most;     /* bytes that it may have */
    const data_way *way;
    const char *name; /* for progress */
    bool passing;     /* out, of a failure: it may pass, another try can go on where this one ended */
    int64_t have;     /* out: bytes in `part` */
} download;

/* A file wanted of an archive. */
typedef struct member {
    char *name;   /* its path there: "cifar-100-binary/train.bin" */
    int64_t size; /* exactly; with `spare` at most */
    bool spare;   /* it need not be there */
} member;
/* Takes the bytes of members[index]; 0 or the code of a failure. */
typedef int member_take(void *self, int index, const char *bytes, size_t count, error *e);

typedef struct fetcher {
    uint32_t version;
    const char *(*curl)(void); /* "libcurl 7.88.1, OpenSSL/3.0.17"; NULL: built without, and so is `download` */
    const char *(*archive)(void);
    /* Gets d->url into d->part, fsynced. Only https, redirects too, of which there are at most five. A part is gone on with
     * where the server still has the file that it began with (ETag or Last-Modified, kept in PART.of), else begun anew. 65:
     * more than `most` bytes; 66: no such file; 73; 74: everything that can happen on a net; 75: stopped. */
    int (*download)(download *d, error *e);
    /* Goes through a .tar.gz; nothing in it decides where anything is written. Takes each wanted member whole; `take` NULL:
     * only looks. 65: a damaged archive, a member that is not there, has another size or stands twice, and any member
     * anywhere whose path leaves the archive's own folder or that is neither file nor folder; 74. Words name `where`. */
    int (*unpack)(const char *path, const char *where, const member *members, int count, member_take *take, void *self,
                  error *e);
} fetcher;

/* ---- fetcher.c ---- */
/* Loads the shared object, once: *out, borrowed. 69: it or a library that it needs is not there. */
int fetcher_load(const fetcher **out, error *e);
/* 69 in words where the build has no libcurl, or no libarchive. */
int fetcher_needs_curl(const fetcher *f, error *e);
int fetcher_needs_archive(const fetcher *f, error *e);

/* ---- fetch.c ---- */
/* SHA-256 as expected, or 65; `where` is the file or address to blame. */
int sha256_check(const char *where, const char *what, const char *found, const char *expected, error *e);
int set_unknown(const data_set_info *set, error *e); /* 69 where there are no files to fetch, else 0 */
/* Stores file `i` of the set, out of NAME.gz as it is published (a file of any name), under the set's folder. 65 and the
 * words name `where`. */
int set_store_packed(const data_set_info *set, int i, const char *packed, const char *where, const char *root,
                     error *e);
/* Stores all files out of the set's archive likewise, once the whole archive has been looked through. 69: no libarchive. */
int set_store_archive(const data_set_info *set, const char *archive, const char *where, const char *root, error *e);

#endif
