/* The parts of libperdure_fetch.so; see fetch.h. */
#ifndef PERDURE_DATA_TRANSFER_H
#define PERDURE_DATA_TRANSFER_H
#include "data/fetch.h"

/* ---- transfer.c ---- */
int transfer_download(download *d, error *e);
const char *transfer_library(void);

/* ---- unarchive.c ---- */
int unarchive(const char *path, const char *where, const member *members, int count, member_take *take, void *self,
              error *e);
const char *unarchive_library(void);

#endif
