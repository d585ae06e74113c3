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
#include "base/clock.h"
#include "base/text.h"
#include "run/marks.h"
#include "run/progress.h"
#include "run/signals.h"

enum {
    LINE_LENGTH = 1024,
    WORDS_READ = 16 << 10,
    MESSAGES_LOOKS = 256,
    WORDS_LOOKS = 16,      /* reads of one cell before the others have their turn; more than a pipe holds */
    WORDS_SHOWN = 64 << 10 /* of one cell: whoever prints more says it to nobody */
};
static const double WATCH_EVERY = 0.5, WATCH_MOST = 2, ABORT_FOR = 2; /* seconds */

struct running {
    struct process process;
    int cell; /* -1: this place is free */
    struct inbox inbox;
    error told; /* by MESSAGE_ERROR */
    char line[LINE_LENGTH];
    size_t line_used, said;    /* bytes of this line; shown in all */
    error late;                /* why the watch ended it */
    double late_since, inside; /* when that was; seconds that the same hook has been seen to run */
    uint64_t hook;             /* which one */
    int headless;              /* how often it was seen without its main thread */
};

/* ---- what a running cell says ---- */

static void message_take(const struct cells_work *w, struct running *r, const struct message *m)
{
    if (m->kind == MESSAGE_ERROR)
        r->told = m->as.error;
    if (m->kind != MESSAGE_ERROR && m->kind != MESSAGE_DONE)
        w->told(w->self, r->cell, m);
}

static void messages_read(const struct cells_work *w, struct running *r)
{
    struct message m;
    for (int look = 0; look < MESSAGES_LOOKS && r->process.messages >= 0; look++) {
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

static void words_say(const struct cells_work *w, struct running *r, const char *line)
{
    char *tame = text_tamed(line, LINE_LENGTH);
    w->words(w->self, r->cell, tame);
    free(tame);
}

/* Bytes are counted when they are shown, so that the line that crosses the border is the last. */
static void line_end(const struct cells_work *w, struct running *r)
{
    r->line[r->line_used] = '\0';
    if (r->line_used > 0 && r->said <= WORDS_SHOWN) {
        words_say(w, r, r->line);
        r->said += r->line_used;
        if (r->said > WORDS_SHOWN)
            words_say(w, r, "found more than 64 KiB on standard output and error; the rest is not shown");
    }
    r->line_used = 0;
}

static void words_split(const struct cells_work *w, struct running *r, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && r->said <= WORDS_SHOWN; i++) {
        if (bytes[i] == '\n' || r->line_used == LINE_LENGTH - 1)
            line_end(w, r);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            r->line[r->line_used++] = bytes[i] == '\t' || bytes[i] == '\r' ? ' ' : bytes[i];
    }
}

/* A cell may print faster than this reads: it is left for its neighbours after some. */
static void words_read(const struct cells_work *w, struct running *r)
{
    char bytes[WORDS_READ];
    for (int look = 0; look < WORDS_LOOKS && r->process.words >= 0; look++) {
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

/* ---- the watch: hooks that do not come back ---- */

static void cell_abort(struct running *r, double now)
{
    r->late_since = now;
    kill(r->process.pid, SIGABRT); /* a debugger may look at it */
}

static void hook_watch(const struct cells_work *w, struct running *r, double gap, double now)
{
    const host_mark *mark = r->process.mark;
    double limit = w->hook_limit ? w->hook_limit(w->self, r->cell) : 0;
    bool same = mark->hook[0] != '\0' && mark->hooks == r->hook;
    char place[256];
    r->hook = mark->hooks;
    r->inside = same ? r->inside + gap : 0;
    if (limit <= 0 || r->inside <= limit)
        return;
    marks_words(mark, place, sizeof place);
    error_set(&r->late, EXIT_FAILED, "%s: did not return within %g s (training.hook_limit)", place, limit);
    cell_abort(r, now);
}

static void thread_watch(struct running *r, double now)
{
    char place[256];
    r->headless = process_headless(&r->process) ? r->headless + 1 : 0;
    if (r->headless < 2) /* one that is just ending looks so for a moment */
        return;
    marks_words(r->process.mark, place, sizeof place);
    error_set(&r->late, EXIT_FAILED, "%s: ended its main thread (pthread_exit) and left no result", place);
    cell_abort(r, now);
}

static void cell_watch(const struct cells_work *w, struct running *r, double gap, double now)
{
    if (r->late.code) {
        if (now - r->late_since >= ABORT_FOR)
            kill(r->process.pid, SIGKILL);
        return;
    }
    hook_watch(w, r, gap, now);
    if (!r->late.code)
        thread_watch(r, now);
}

/* A coordinator that was stopped, or a machine that slept, counts as little: the cells may have slept, too. */
static void cells_watch(const struct cells_work *w, struct running *running, double *watched)
{
    double now = clock_seconds(), gap = now - *watched;
    if (gap < WATCH_EVERY)
        return;
    *watched = now;
    for (int i = 0; i < w->jobs; i++)
        if (running[i].cell >= 0)
            cell_watch(w, &running[i], gap < WATCH_MOST ? gap : WATCH_MOST, now);
}

/* ---- how it ended ---- */

static void end_explain(const struct running *r, error *why)
{
    char words[160], place[256];
    if (r->late.code || r->told.code) {
        *why = r->late.code ? r->late : r->told;
        return;
    }
    process_words(&r->process, words, sizeof words);
    marks_words(r->process.mark, place, sizeof place);
    error_set(why, EXIT_FAILED, "%s: %s", place, words);
    if (strstr(words, "SIGKILL"))
        error_hint(why, "the kernel kills a process when memory runs out (this one had %lld MiB): see dmesg",
                   (long long)(r->process.peak_bytes >> 20));
}

/* Whether it was asked to stop, and so the run. */
static bool cell_end(const struct cells_work *w, struct running *r)
{
    error why = {0};
    messages_read(w, r); /* what came between the last look and its end */
    words_read(w, r);
    line_end(w, r);
    bool good = w->recorded(w->self, r->cell, &why);
    if (!good && !why.code)
        end_explain(r, &why);
    bool stopped = !good && why.code == EXIT_RESUMABLE && (!w->needed || w->needed(w->self, r->cell));
    w->ended(w->self, r->cell, good ? NULL : &why);
    process_close(&r->process);
    r->cell = -1;
    return stopped;
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

static void wait_for_news(const struct running *running, int jobs)
{
    struct pollfd *files = alloc_zero((size_t)jobs * 2, sizeof *files);
    for (int i = 0; i < jobs; i++) {
        bool live = running[i].cell >= 0;
        files[2 * i] = (struct pollfd){live ? running[i].process.messages : -1, POLLIN, 0};
        files[2 * i + 1] = (struct pollfd){live ? running[i].process.words : -1, POLLIN, 0};
    }
    signals_wait(files, (nfds_t)jobs * 2, WATCH_EVERY);
    free(files);
}

/* Which cells have begun. */
struct begun {
    bool *at;
    int first, count; /* the first that has not, and how many have */
};

/* -1: all that have not begun wait for one that runs. */
static int cell_next(const struct cells_work *w, struct begun *b)
{
    while (b->first < w->count && b->at[b->first])
        b->first++;
    for (int i = b->first; i < w->count; i++)
        if (!b->at[i] && (!w->ready || w->ready(w->self, i)))
            return i;
    return -1;
}

static int cells_fill(const struct cells_work *w, struct running *running, struct begun *begun, error *e)
{
    int code = 0;
    for (int i = 0; i < w->jobs && !code; i++) {
        int next = running[i].cell < 0 ? cell_next(w, begun) : -1;
        if (next < 0)
            continue;
        begun->at[next] = true;
        begun->count++;
        code = cell_begin(w, &running[i], next, e);
    }
    return code;
}

static int cells_listen(const struct cells_work *w, struct running *running, int *stopped)
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
            *stopped += cell_end(w, r);
        alive += r->cell >= 0;
    }
    return alive;
}

static void cells_signal(const struct cells_work *w, const struct running *running, int number, bool groups)
{
    for (int i = 0; i < w->jobs; i++)
        if (running[i].cell >= 0)
            kill(groups ? -running[i].process.pid : running[i].process.pid, number);
}

static void cells_kill(const struct cells_work *w, struct running *running)
{
    for (int i = 0; i < w->jobs; i++)
        if (running[i].cell >= 0) {
            process_kill(&running[i].process);
            process_close(&running[i].process);
        }
}

/* Ctrl-Z reaches this process alone, as cells are groups of their own. The watch begins anew behind it. */
static void cells_pause(const struct cells_work *w, const struct running *running, double *watched)
{
    cells_signal(w, running, SIGSTOP, true);
    raise(SIGSTOP);
    cells_signal(w, running, SIGCONT, true);
    *watched = clock_seconds();
}

/* One round of waiting. Whether to go on with what is alive. */
static bool cells_round(const struct cells_work *w, struct running *running, bool *asked, int alive, double *watched)
{
    if (signals_stop() && !*asked) {
        *asked = true;
        if (!w->saves)
            return false;
        cells_signal(w, running, SIGTERM, false);
        if (alive)
            w->waits(w->self, alive);
    }
    if (signals_pause())
        cells_pause(w, running, watched);
    return !signals_give_up() && (alive || !*asked);
}

static int end_tell(int unstarted, int stopped, error *e)
{
    if (signals_give_up())
        return error_set(e, EXIT_INTERRUPTED, "stopped by %s, and asked again: running cells were killed",
                         signals_name());
    if (unstarted || stopped)
        return signals_stop()
                   ? signals_stopped(e)
                   : error_set(e, EXIT_RESUMABLE, "stopped: %d cell%s got a signal", stopped, stopped == 1 ? "" : "s");
    return 0;
}

int cells_run(const struct cells_work *w, error *e)
{
    struct running *running = alloc_zero((size_t)w->jobs, sizeof *running);
    struct begun begun = {.at = alloc_zero((size_t)w->count + 1, sizeof *begun.at)};
    int alive = 0, stopped = 0, code = 0;
    double watched = clock_seconds();
    bool asked = false;
    for (int i = 0; i < w->jobs; i++)
        running[i].cell = -1;
    signals_take();
    signals_loop_begin();
    while ((alive || begun.count < w->count) && cells_round(w, running, &asked, alive, &watched)) {
        if (!asked && (code = cells_fill(w, running, &begun, e)))
            break;
        wait_for_news(running, w->jobs);
        alive = cells_listen(w, running, &stopped);
        cells_watch(w, running, &watched);
        w->tick(w->self);
    }
    for (int i = 0; i < w->jobs; i++)
        stopped += running[i].cell >= 0;
    cells_kill(w, running); /* none, unless it could not go on */
    signals_loop_end();
    code = code ? code : end_tell(w->count - begun.count, stopped, e);
    signals_give_back();
    free(begun.at);
    free(running);
    return code;
}
