/* Checkpoints are written by a thread of their own: training goes on while the disk works. What the state borrows is copied
 * first, unless it is too much for that; then training waits. One is on its way at a time, and whoever ends the cell waits
 * for it. The thread sees nothing of the engine and of strategies: bytes and a folder. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "record/checkpoint.h"
#include "train/cell.h"

enum { COPIED_AT_MOST = 64 << 20 }; /* bytes */

struct saver {
    pthread_t thread;
    bool running;
    atomic_bool over;
    const train_listener *listener;
    const struct checkpoint_options *keep;
    checkpoint k; /* on its way */
    char *folder;
    error failed;
};

static void *saver_work(void *self)
{
    struct saver *s = self;
    const train_listener *l = s->listener;
    if (!l->log_sync || !l->log_sync(l->self, &s->failed)) /* the log is never behind its checkpoint */
        checkpoint_write(s->folder, &s->k, s->keep, &s->failed);
    atomic_store(&s->over, true);
    return NULL;
}

/* Signals are the business of the thread that trains. */
static bool thread_start(struct saver *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->running = pthread_create(&s->thread, NULL, saver_work, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->running;
}

void memories_tell(cell *c, int64_t serial)
{
    char *folder = alloc_format("%s/checkpoints", c->listener->folder);
    host_memories_saved(&c->session, serial, checkpoint_oldest(folder));
    free(folder);
}

static int saver_settle(cell *c, struct saver *s, error *e)
{
    int code = s->failed.code ? error_copy(e, &s->failed) : 0;
    if (!code)
        memories_tell(c, s->k.serial);
    checkpoint_clear(&s->k);
    s->failed = (error){0};
    return code;
}

int saver_end(cell *c, error *e)
{
    struct saver *s = c->saver;
    if (!s || !s->running)
        return 0;
    pthread_join(s->thread, NULL);
    s->running = false;
    return saver_settle(c, s, e);
}

int saver_look(cell *c, error *e)
{
    struct saver *s = c->saver;
    return s && s->running && atomic_load_explicit(&s->over, memory_order_acquire) ? saver_end(c, e) : 0;
}

static struct saver *saver_of(cell *c)
{
    if (!c->saver) {
        c->saver = alloc_zero(1, sizeof *c->saver);
        c->saver->listener = c->listener;
        c->saver->keep = &c->scenario->output.checkpoint;
        c->saver->folder = alloc_format("%s/checkpoints", c->listener->folder);
    }
    return c->saver;
}

int saver_begin(cell *c, checkpoint *k, error *e)
{
    struct saver *s = saver_of(c);
    const bool small = arrays_borrowed(&k->weights) + arrays_borrowed(&k->rest) <= COPIED_AT_MOST;
    if (small) {
        arrays_own(&k->weights);
        arrays_own(&k->rest);
    }
    s->k = *k;
    *k = (checkpoint){0};
    atomic_store(&s->over, false);
    if (!thread_start(s)) { /* no thread is to be had: then at once */
        saver_work(s);
        return saver_settle(c, s, e);
    }
    return small ? 0 : saver_end(c, e);
}

void saver_close(cell *c)
{
    error none = {0};
    saver_end(c, &none);
    if (c->saver)
        free(c->saver->folder);
    free(c->saver);
    c->saver = NULL;
}
