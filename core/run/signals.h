/* What signals ask of the coordinator: to stop, at once to give up, to pause. They are noted and looked at, and no more.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask to stop (one that was ignored before stays so, as SIGHUP under nohup). A second
 * SIGINT gives up, and so does a second SIGTERM that comes a second later or more: batch systems and shells often send
 * the same one twice. Outside of signals_wait's loop that ends the program with 130 at once; inside, the loop sees it. */
#ifndef PERDURE_RUN_SIGNALS_H
#define PERDURE_RUN_SIGNALS_H
#include <poll.h>
#include <stdbool.h>

#include "base/error.h"

/* From here on; the calls may be nested, and the outermost pair counts. SIGPIPE is
 * ignored for good: whoever reads along may leave, and what cannot be written is an error like others. */
void signals_take(void);
void signals_give_back(void);

bool signals_stop(void);        /* was it asked to stop? */
bool signals_give_up(void);     /* and then again? */
const char *signals_name(void); /* of what asked: "Ctrl-C (SIGINT)" */
int signals_stopped(error *e);  /* 75 and "stopped by ..." where it was asked to; else 0 */

/* Around a loop that waits: signals come only while signals_wait sleeps, so that none comes between looking and waiting.
 * SIGCHLD wakes it, too. */
void signals_loop_begin(void);
void signals_loop_end(void);
void signals_wait(struct pollfd *files, nfds_t count, double seconds);
bool signals_pause(
    void); /* was a pause asked for (Ctrl-Z)? Once for each: the caller pauses its cells and then itself */

#endif
