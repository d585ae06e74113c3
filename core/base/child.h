/* A question that is answered in a process of its own, because what answers it may crash, exit or hang.
 *
 * The child is forked and not executed anew: ask while no other thread runs. It dies with its parent, leaves no core
 * file, has nothing on standard input, and what it prints is kept for a message and not shown. */
#ifndef PERDURE_BASE_CHILD_H
#define PERDURE_BASE_CHILD_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum { CHILD_SAID = 512 };

struct child_end {
    size_t got;            /* bytes of the answer; fewer than asked for: it ended before */
    bool late;             /* it was killed, as its time was over */
    int status;            /* of waitpid; of meaning when the answer is not whole */
    char said[CHILD_SAID]; /* the first that it printed, as it is; ends in NUL */
};

/* What the child does. It tells its answer to `to`, at once or by parts, and returns. */
typedef void child_body(void *self, int to);

/* Asks, and waits for `size` bytes of answer, for the child's end, or for at most `seconds` (0: as long as it takes). 0
 * when all came, whatever it was; else 71: no process, or the child's end is in *end and `e` is not set. */
int child_ask(child_body *body, void *self, double seconds, void *answer, size_t size, struct child_end *end, error *e);
/* The same, but the child is killed as soon as `stop` says so, too. */
int child_ask_until(child_body *body, void *self, double seconds, bool (*stop)(void), void *answer, size_t size,
                    struct child_end *end, error *e);
void child_tell(int to, const void *bytes, size_t count);
/* How it ended without an answer: "killed by SIGSEGV", "ended the process (exit 3)". */
const char *child_end_words(const struct child_end *end, char *out, size_t room);

/* For every forked child: false when the parent has gone already. */
bool child_begin(pid_t parent);
const char *signal_name(int number); /* "SIGSEGV"; NULL: none of those that end a process by themselves */

#endif
