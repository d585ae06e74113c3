/* The page that the process of a cell shares with its coordinator: who is at work in it, so that after any death, and
 * when a hook does not come back, it can be said whose it was.
 *
 * Written by plain stores on the way, a few nanoseconds a hook, and read from outside at any moment, even half written:
 * whoever reads it takes its texts as bounded, and no number of it for good. It proves nothing. */
#ifndef PERDURE_PLUGIN_MARK_H
#define PERDURE_PLUGIN_MARK_H
#include <stdint.h>

/* What the host itself is at, outside of hooks. */
enum host_phase {
    HOST_START, /* engine, network, strategies; the first, as the page begins with zeros */
    HOST_BATCH,
    HOST_FORWARD,
    HOST_LOSS,
    HOST_BACKWARD,
    HOST_UPDATE,
    HOST_EVALUATE,
    HOST_CHECKPOINT,
    HOST_RECORD,
    HOST_PHASES
};

typedef struct host_mark {
    char strategy[64];  /* of the hook */
    char hook[32];      /* that runs; "": none, and `phase` says what does */
    int32_t phase;      /* a host_phase */
    int64_t task, step; /* from 1, the step of the whole cell; 0: none yet */
    uint64_t hooks;     /* that were entered: the same one for long is seen by this */
} host_mark;

#endif
