/* The process of one cell: forked and not executed anew, so that it has plan and data at once, copy on write.
 *
 * It dies with the coordinator, leaves no core file, has nothing on standard input, and what it or a library prints
 * comes through a pipe, so that neither the progress bar nor the results on standard output are spoilt. */
#ifndef PERDURE_RUN_PROCESS_H
#define PERDURE_RUN_PROCESS_H
#include <sys/types.h>

#include "base/error.h"
#include "run/channel.h"

struct process {
    pid_t pid;
    int messages, words; /* read ends, never blocking; -1: closed */
    int status;          /* of waitpid, once it is reaped */
};

/* What a cell does, in its own process. Its error is told to the coordinator. */
typedef int process_body(void *self, int cell, int channel, error *e);

int process_start(struct process *p, process_body *body, void *self, int cell, error *e); /* 71 */
bool process_reaped(struct process *p); /* has it ended? does not wait */
void process_kill(struct process *p);   /* and waits for its end */
void process_close(struct process *p);
/* How it ended, as it follows the name of a cell: "was killed by SIGSEGV (Segmentation fault)". */
void process_words(const struct process *p, char *out, size_t room);

#endif
