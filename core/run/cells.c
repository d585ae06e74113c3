/* See cells.h. One poll(2) over an array of running cells: how many of them there are at a time is a number. */
#include "run/cells.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

enum { TICK_SECONDS = 1, LINE_LENGTH = 1024 };

struct running {
    struct process process;
    int cell; /* -1: this place is free */
    struct inbox inbox;
    error told;           /* by MESSAGE_ERROR */
    train_progress place; /* where it was last */
    char line[LINE_LENGTH];
    size_t line_used;
};

/* ---- signals ---- */

static volatile sig_atomic_t stop_signal;

static void stop_note(int number)
{
    if (stop_signal && number == SIGINT)
        _exit(EXIT_INTERRUPTED); /* the cells die with us (process.c) */
    stop_signal = number;
}

static void child_note(int number) { (void)number; /* only to wake poll */ }

struct signals {
    struct sigaction before[4];
    sigset_t mask, open; /* as it was; as it is while poll waits */
};
static const int caught[4] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};

/* Blocked but for the time in poll: then no signal can come between looking and waiting. One that was ignored before,
 * as SIGHUP is under nohup, stays so. */
static void signals_take(struct signals *s)
{
    sigset_t block;
    sigemptyset(&block);
    stop_signal = 0;
    for (int i = 0; i < 4; i++) {
        struct sigaction act = {.sa_handler = caught[i] == SIGCHLD ? child_note : stop_note};
        sigaction(caught[i], NULL, &s->before[i]);
        if (s->before[i].sa_handler == SIG_IGN && caught[i] != SIGCHLD)
            act.sa_handler = SIG_IGN;
        sigaction(caught[i], &act, NULL);
        sigaddset(&block, caught[i]);
    }
    sigprocmask(SIG_BLOCK, &block, &s->mask);
    s->open = s->mask;
    for (int i = 0; i < 4; i++)
        sigdelset(&s->open, caught[i]);
}

static void signals_give_back(const struct signals *s)
{
    for (int i = 0; i < 4; i++)
        sigaction(caught[i], &s->before[i], NULL);
    sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* ---- what a running cell says ---- */

static void message_take(const struct cells_work *w, struct running *r, const struct message *m)
{
    if (m->kind == MESSAGE_ERROR)
        r->told = m->as.error;
    else if (m->kind == MESSAGE_PROGRESS)
        r->place = m->as.progress;
    if (m->kind != MESSAGE_ERROR && m->kind != MESSAGE_DONE)
        w->told(w->self, r->cell, m);
}

static void messages_read(const struct cells_work *w, struct running *r)
{
    struct message m;
    while (r->process.messages >= 0) {
        size_t before = r->inbox.used;
        if (!inbox_read(&r->inbox, r->process.messages)) {
            close(r->process.messages);
            r->process.messages = -1;
        } else if (r->inbox.used == before && !r->inbox.broken) {
            break; /* nothing was there */
        }
        while (inbox_take(&r->inbox, &m))
            message_take(w, r, &m);
        if (r->inbox.broken)
            break;
    }
}

static void line_end(const struct cells_work *w, struct running *r)
{
    r->line[r->line_used] = '\0';
    if (r->line_used > 0)
        w->words(w->self, r->cell, r->line);
    r->line_used = 0;
}

static void words_split(const struct cells_work *w, struct running *r, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' || r->line_used == LINE_LENGTH - 1)
            line_end(w, r);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            r->line[r->line_used++] = bytes[i];
    }
}

static void words_read(const struct cells_work *w, struct running *r)
{
    char bytes[4096];
    while (r->process.words >= 0) {
        ssize_t count = read(r->process.words, bytes, sizeof bytes);
        if (count > 0) {
            words_split(w, r, bytes, (size_t)count);
        } else if (count == 0) {
            close(r->process.words);
            r->process.words = -1;
        } else if (errno != EINTR) {
            break; /* EAGAIN: no more for now */
        }
    }
}

/* ---- how it ended ---- */

static void end_explain(const struct running *r, error *why)
{
    char words[160];
    if (r->told.code) {
        *why = r->told;
        return;
    }
    process_words(&r->process, words, sizeof words);
    if (r->place.steps > 0)
        error_set(why, EXIT_FAILED, "%s in task %lld of %lld, near step %lld of %lld", words, (long long)r->place.task,
                  (long long)r->place.tasks, (long long)r->place.step, (long long)r->place.steps);
    else
        error_set(why, EXIT_FAILED, "%s before its first step", words);
    if (strstr(words, "SIGKILL"))
        error_hint(why, "the kernel kills a process when memory runs out: see dmesg");
}

static void cell_end(const struct cells_work *w, struct running *r)
{
    error why = {0};
    messages_read(w, r); /* what came between the last look and its end */
    words_read(w, r);
    line_end(w, r);
    bool good = w->recorded(w->self, r->cell, &why);
    if (!good && !why.code)
        end_explain(r, &why);
    w->ended(w->self, r->cell, good ? NULL : &why);
    process_close(&r->process);
    r->cell = -1;
}

static int cell_begin(const struct cells_work *w, struct running *r, int cell, error *e)
{
    error why = {0};
    memset(r, 0, sizeof *r);
    r->cell = cell;
    if (w->clear && w->clear(w->self, cell, &why)) { /* costs this cell alone */
        r->cell = -1;
        w->began(w->self, cell);
        w->ended(w->self, cell, &why);
        return 0;
    }
    int code = process_start(&r->process, w->body, w->self, cell, e);
    if (code)
        r->cell = -1;
    else
        w->began(w->self, cell);
    return code;
}

/* ---- the loop ---- */

static void wait_for_news(struct running *running, int jobs, const struct signals *s)
{
    struct pollfd *files = alloc_zero((size_t)jobs * 2, sizeof *files);
    for (int i = 0; i < jobs; i++) {
        bool live = running[i].cell >= 0;
        files[2 * i] = (struct pollfd){live ? running[i].process.messages : -1, POLLIN, 0};
        files[2 * i + 1] = (struct pollfd){live ? running[i].process.words : -1, POLLIN, 0};
    }
    ppoll(files, (nfds_t)jobs * 2, &(struct timespec){TICK_SECONDS, 0}, &s->open);
    free(files);
}

static int cells_fill(const struct cells_work *w, struct running *running, int *next, error *e)
{
    int code = 0;
    for (int i = 0; i < w->jobs && *next < w->count && !code; i++)
        if (running[i].cell < 0)
            code = cell_begin(w, &running[i], (*next)++, e);
    return code;
}

static int cells_listen(const struct cells_work *w, struct running *running)
{
    int alive = 0;
    for (int i = 0; i < w->jobs; i++) {
        struct running *r = &running[i];
        if (r->cell < 0)
            continue;
        bool over = process_reaped(&r->process); /* asked first: all it wrote is then in the pipes */
        messages_read(w, r);
        words_read(w, r);
        if (over)
            cell_end(w, r);
        alive += r->cell >= 0;
    }
    return alive;
}

static void cells_kill(const struct cells_work *w, struct running *running)
{
    for (int i = 0; i < w->jobs; i++)
        if (running[i].cell >= 0) {
            process_kill(&running[i].process);
            process_close(&running[i].process);
        }
}

int cells_run(const struct cells_work *w, error *e)
{
    struct running *running = alloc_zero((size_t)w->jobs, sizeof *running);
    struct signals signals;
    int next = 0, alive = 0, code = 0;
    for (int i = 0; i < w->jobs; i++)
        running[i].cell = -1;
    signals_take(&signals);
    while (!code && !stop_signal && (alive || next < w->count)) {
        if ((code = cells_fill(w, running, &next, e)))
            break;
        wait_for_news(running, w->jobs, &signals);
        alive = cells_listen(w, running);
        w->tick(w->self);
    }
    cells_kill(w, running); /* none, unless it was stopped */
    if (!code && stop_signal)
        code = error_set(e, EXIT_RESUMABLE, "stopped by %s",
                         stop_signal == SIGINT ? "Ctrl-C (SIGINT)" : strsignal(stop_signal));
    signals_give_back(&signals);
    free(running);
    return code;
}
