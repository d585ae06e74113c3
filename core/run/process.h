/* The process of one cell: forked and not executed anew, so that it has plan and data at once, copy on write.
 *
 * It dies with the coordinator, leaves no core file, has nothing on standard input, and what it or a library prints
 * comes through a pipe, so that neither the progress bar nor the results on standard output are spoilt. It leads a
 * process group of its own: what it starts, or kills as its group, is its own affair, and goes with it. */
#ifndef PERDURE_RUN_PROCESS_H
#define PERDURE_RUN_PROCESS_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "plugin/mark.h"
#include "run/channel.h"

struct process {
    pid_t pid;
    int messages, words;    /* read ends, never blocking; -1: closed */
    int status;             /* of waitpid, once it is reaped */
    int64_t peak_bytes;     /* of memory; likewise */
    struct host_mark *mark; /* the page that it shares; NULL: closed */
};

/* ---- in the process ---- */

struct process_inside {
    int channel; /* to the coordinator */
    struct host_mark *mark;
};
/* What a cell does, in its own process. Its error is told to the coordinator. */
typedef int process_body(void *self, int cell, const struct process_inside *inside, error *e);
bool process_stopping(void); /* SIGTERM, SIGHUP or SIGUSR1 came: it shall save and end */
/* 1, in words: standard input, output or error are no more what they were, so that what is printed may go anywhere. */
int process_intact(error *e);

/* ---- in the coordinator ---- */

int process_start(struct process *p, process_body *body, void *self, int cell, error *e); /* 71 */
/* Has it ended? Does not wait. What it left behind in its group is killed. */
bool process_reaped(struct process *p);
bool process_headless(const struct process *p); /* its main thread has ended, others have not */
void process_kill(struct process *p);           /* with its group, and waits for its end */
void process_close(struct process *p);
/* How it ended, as it follows the place where it was: "was killed by SIGSEGV (Segmentation fault)". */
void process_words(const struct process *p, char *out, size_t room);

#endif
