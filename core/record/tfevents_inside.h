/* What the files of an event file share, and nobody else. */
#ifndef PERDURE_RECORD_TFEVENTS_INSIDE_H
#define PERDURE_RECORD_TFEVENTS_INSIDE_H
#include <sys/types.h>

#include "record/tfevents.h"

#define TFEVENTS_PREFIX "events.out.tfevents."

struct tfevents {
    int file;
    char *path;
    off_t length;        /* of what lies in the file, in whole records */
    text pending;        /* whole records that are not written yet */
    double now, flushed; /* of the event that is made; when `pending` was last empty */
    error failed;
    bool told;
    char *old; /* the file that this one took the place of; NULL: none */
};

tfevents *tfevents_open(char *path, int file, off_t length); /* takes path and file over */
/* A name for a file that begins now, or at `at_least` where that is later: readers go by the order of names. Owned. */
char *tfevents_name(const char *folder, long long at_least);
void tfevents_session(const char *mark, text *out); /* the session_log message of a mark */
uint32_t tfevents_checksum(const void *bytes, size_t count);

#endif
