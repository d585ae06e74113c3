/* See signals.h. */
#include "run/signals.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"

enum { OUTER = 4, ALL = 6 };
/* The first ask to stop; the others only count inside of the loop. */
static const int caught[ALL] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGTSTP};

static volatile sig_atomic_t stop, give_up, pause_asked, looping;
static volatile long long stop_since; /* milliseconds; written and read with signals blocked or in their handler */
static int depth;
static struct sigaction before[ALL];
static sigset_t mask, open_mask; /* as it was; as it is while the loop sleeps */

/* ---- handlers ---- */

static long long milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void stop_note(int number)
{
    static const char line[] = "perdure: stops; Ctrl-C again gives up at once\n";
    bool repeated = number == SIGINT || (number == SIGTERM && milliseconds_now() - stop_since >= 1000);
    if (!stop) {
        stop = number;
        stop_since = milliseconds_now();
        if (!looping && write(STDERR_FILENO, line, sizeof line - 1) < 0)
            return;
    } else if (repeated) {
        if (!looping)
            _exit(EXIT_INTERRUPTED);
        give_up = 1;
    }
}

static void child_note(int number) { (void)number; /* only to wake the loop */ }
static void pause_note(int number) { pause_asked = number; }

/* ---- taken and given back ---- */

static void signal_take(int i, void (*handler)(int))
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(caught[i], NULL, &before[i]);
    if (before[i].sa_handler == SIG_IGN && caught[i] != SIGCHLD)
        act.sa_handler = SIG_IGN;
    sigaction(caught[i], &act, NULL);
}

void signals_take(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (depth++)
        return;
    stop = give_up = pause_asked = 0;
    for (int i = 0; i < OUTER; i++)
        signal_take(i, stop_note);
    sigaction(SIGPIPE, &ignore, NULL);
}

void signals_give_back(void)
{
    if (--depth)
        return;
    for (int i = 0; i < OUTER; i++)
        sigaction(caught[i], &before[i], NULL);
}

bool signals_stop(void) { return stop != 0; }
bool signals_give_up(void) { return give_up != 0; }

const char *signals_name(void)
{
    const char *name = stop == SIGUSR1 ? "SIGUSR1" : signal_name(stop);
    return stop == SIGINT ? "Ctrl-C (SIGINT)" : name ? name : "a signal";
}

int signals_stopped(error *e)
{
    return signals_stop() ? error_set(e, EXIT_RESUMABLE, "stopped by %s", signals_name()) : 0;
}

/* ---- the loop ---- */

void signals_loop_begin(void)
{
    sigset_t block;
    sigemptyset(&block);
    for (int i = 0; i < ALL; i++)
        sigaddset(&block, caught[i]);
    sigprocmask(SIG_BLOCK, &block, &mask);
    signal_take(OUTER, child_note);
    signal_take(OUTER + 1, pause_note);
    looping = 1;
    open_mask = mask;
    for (int i = 0; i < ALL; i++)
        sigdelset(&open_mask, caught[i]);
}

void signals_loop_end(void)
{
    looping = 0;
    for (int i = OUTER; i < ALL; i++)
        sigaction(caught[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

void signals_wait(struct pollfd *files, nfds_t count, double seconds)
{
    struct timespec most = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    ppoll(files, count, &most, &open_mask);
}

bool signals_pause(void)
{
    bool asked = pause_asked != 0;
    pause_asked = 0;
    return asked;
}
