/* The parts of libperdure_fetch.so; see fetch.h. */
#ifndef PERDURE_DATA_TRANSFER_H
#define PERDURE_DATA_TRANSFER_H
#include "data/fetch.h"

/* ---- transfer.c ---- */
int transfer_download(download *d, error *e);
const char *transfer_library(void);
/* A Content-Range: *from and *whole, -1 where it does not tell. */
void transfer_range(const char *words, int64_t *from, int64_t *whole);

/* ---- unarchive.c ---- */
int unarchive(const char *path, const char *where, const member *members, int count, member_take *take, void *self,
              error *e);
const char *unarchive_library(void);

#endif
