/* Questions for `doctor` that may crash or hang whoever asks them, each in a process of its own. */
#ifndef PERDURE_CLI_PROBE_H
#define PERDURE_CLI_PROBE_H
#include <stdio.h>

#include "base/error.h"
#include "engine/engine.h"

enum { PROBE_LIBRARIES = 12, PROBE_PATH = 384, PROBE_WORDS = 8192 };

/* What is in a process that has loaded LibTorch and opened the engine. */
typedef struct probe_found {
    engine_info info;
    char configuration[PROBE_WORDS];          /* LibTorch's own words about its build */
    char openmp[PROBE_LIBRARIES][PROBE_PATH]; /* the OpenMP run-times that are mapped */
    int openmp_count;
    char cudart[PROBE_PATH], cudnn[PROBE_PATH], nccl[PROBE_PATH]; /* those that it gets, or would get; "": none */
    int cudart_version, nccl_version;                             /* as they tell: 13000, 22809; 0: not told */
    long cudnn_version;                                           /* 91900 */
} probe_found;

/* Loads the engine for a device ("cpu", "cuda:0") and looks around; 69: it does not load, or not in time. */
int probe_engine(const char *device, probe_found *out, error *e);

/* A place on a disk. */
typedef struct probe_place {
    char folder[PROBE_PATH]; /* the nearest that is there */
    char type[64];           /* of its file system: "ext4", "nfs4" */
    int64_t free, whole;     /* bytes, for this user */
    bool there, writable;    /* the place itself; the folder */
} probe_place;

/* 71: no answer, as of a server that is gone. */
int probe_disk(const char *path, probe_place *out, error *e);

/* What `data fetch` has: "" where there is none. 69: its object does not load. */
typedef struct probe_libraries {
    char curl[128], archive[128];
} probe_libraries;
int probe_fetch(probe_libraries *out, error *e);

/* ---- for tests ---- */

/* Of /proc/self/mountinfo, the type of the file system that holds an absolute path: *out, "" where none does. */
void mount_type(FILE *mountinfo, const char *path, char out[64]);

#endif
