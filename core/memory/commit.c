/* The thread that commits batches, so that training does not wait for the disk.
 *
 * A transaction holds its changed pages in RAM until it is committed: COMMIT_ROWS bounds them. Operations go by generation, as
 * rows lie: what is deleted from one page is deleted together, and new rows share theirs. The disk is told to keep each transaction before the next begins. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "memory/disk.h"

static const size_t MAP_MOST = (size_t)1 << 40, MAP_UNIT = 1 << 20;

typedef struct operation {
    int64_t slot, generation, cell; /* cell -1: delete */
} operation;

static int operation_compare(const void *a, const void *b)
{
    const operation *one = a, *other = b;
    return (one->generation > other->generation) - (one->generation < other->generation);
}

static operation *operations_of(const batch *b, int64_t *count)
{
    operation *all = alloc_zero((size_t)(b->taken + b->drop_count) + 1, sizeof *all);
    int64_t n = 0;
    for (int64_t i = 0; i < b->drop_count; i++)
        all[n++] = (operation){b->drops[i].slot, b->drops[i].generation, -1};
    for (int64_t i = 0; i < b->taken; i++)
        if (b->slot[i] >= 0)
            all[n++] = (operation){b->slot[i], b->generation[i], i};
    qsort(all, (size_t)n, sizeof *all, operation_compare);
    *count = n;
    return all;
}

static int operation_do(struct disk *d, MDB_txn *txn, const batch *b, const operation *o)
{
    unsigned char key[STORED_KEY];
    MDB_val at = {sizeof key, key}, value;
    stored_key(o->slot, o->generation, key);
    if (o->cell < 0) {
        int code = mdb_del(txn, d->rows, &at, NULL);
        return code == MDB_NOTFOUND ? 0 : code;
    }
    value = (MDB_val){d->stride, b->bytes + (size_t)o->cell * d->stride};
    return mdb_put(txn, d->rows, &at, &value, 0);
}

/* Where the rows came to lie; what is not found is looked for when it is read. */
static void part_see(struct disk *d, batch *b, const operation *all, int64_t first, int64_t end)
{
    MDB_txn *txn;
    unsigned char key[STORED_KEY];
    if (mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn))
        return;
    for (int64_t i = first; i < end; i++) {
        MDB_val at = {sizeof key, key}, value;
        stored_key(all[i].slot, all[i].generation, key);
        if (all[i].cell >= 0 && !mdb_get(txn, d->rows, &at, &value))
            b->seen[all[i].cell] = value.mv_data;
    }
    mdb_txn_abort(txn);
}

/* Operations from b->done on, at most COMMIT_ROWS of them; the last also says how far the memory has come. */
static int part_commit(struct disk *d, batch *b, const operation *all, int64_t count)
{
    MDB_txn *txn;
    int64_t end = count - b->done > COMMIT_ROWS ? b->done + COMMIT_ROWS : count;
    int code = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (code)
        return code;
    for (int64_t i = b->done; !code && i < end; i++)
        code = operation_do(d, txn, b, &all[i]);
    if (!code && end == count)
        code = description_put(d, txn, b->generations);
    if (code)
        mdb_txn_abort(txn);
    else
        code = mdb_txn_commit(txn);
    if (code)
        return code;
    part_see(d, b, all, b->done, end);
    b->done = end;
    return 0;
}

static int batch_commit(struct disk *d, batch *b)
{
    int64_t count;
    operation *all = operations_of(b, &count);
    int code = 0;
    while (!code && b->done < count)
        code = part_commit(d, b, all, count);
    free(all);
    return code;
}

/* ---- the thread ---- */

static void *commit_body(void *self)
{
    struct disk *d = self;
    pthread_mutex_lock(&d->mutex);
    while (!d->stop || d->work) { /* what was given is done before the end */
        batch *b = d->work;
        if (!b) {
            pthread_cond_wait(&d->asked, &d->mutex);
            continue;
        }
        pthread_mutex_unlock(&d->mutex);
        int code = batch_commit(d, b);
        pthread_mutex_lock(&d->mutex);
        b->code = code;
        d->work = NULL;
        pthread_cond_signal(&d->done);
    }
    pthread_mutex_unlock(&d->mutex);
    return NULL;
}

/* Signals are the main thread's. */
int commit_begin(struct disk *d, error *e)
{
    sigset_t all, before;
    pthread_mutex_init(&d->mutex, NULL);
    pthread_cond_init(&d->asked, NULL);
    pthread_cond_init(&d->done, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&d->thread, NULL, commit_body, d);
    d->threaded = errno == 0;
    if (d->threaded)
        pthread_setname_np(d->thread, "memory-commit");
    int code = d->threaded ? 0 : error_system(e, EXIT_SYSTEM, "memory %s: no thread can be started", d->setup.name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

void commit_end(struct disk *d)
{
    if (!d->threaded)
        return;
    pthread_mutex_lock(&d->mutex);
    d->stop = true;
    pthread_cond_signal(&d->asked);
    pthread_mutex_unlock(&d->mutex);
    pthread_join(d->thread, NULL);
    d->threaded = false;
    pthread_cond_destroy(&d->asked);
    pthread_cond_destroy(&d->done);
    pthread_mutex_destroy(&d->mutex);
}

void commit_give(struct disk *d, batch *b)
{
    b->given = true;
    pthread_mutex_lock(&d->mutex);
    d->work = b;
    pthread_cond_signal(&d->asked);
    pthread_mutex_unlock(&d->mutex);
}

static int commit_result(struct disk *d, batch *b)
{
    pthread_mutex_lock(&d->mutex);
    while (d->work)
        pthread_cond_wait(&d->done, &d->mutex);
    pthread_mutex_unlock(&d->mutex);
    return b->code;
}

/* Only addresses are taken. What cannot be had is done without: LMDB would lose the map it has. */
static bool addresses_left(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at != MAP_FAILED && munmap(at, bytes) == 0;
}

/* Pages are not filled, and versions wait for checkpoints: four times the rows. */
int commit_widen(struct disk *d, int64_t rows, size_t stride)
{
    MDB_envinfo info;
    int code = mdb_env_info(d->env, &info);
    size_t most = MAP_MOST / 4 / stride, wanted = 4 * stride * ((size_t)rows < most ? (size_t)rows : most);
    wanted = (wanted + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;
    if (code || wanted <= info.me_mapsize || !addresses_left(wanted))
        return code;
    disk_forget_places(d);
    return mdb_env_set_mapsize(d->env, wanted);
}

/* The map can only grow while nobody uses it, so it is the memory's own thread that lets it. */
int commit_grow(struct disk *d)
{
    MDB_envinfo info;
    int code = mdb_env_info(d->env, &info);
    disk_forget_places(d);
    return code ? code : mdb_env_set_mapsize(d->env, info.me_mapsize * 2);
}

int commit_wait(struct disk *d, batch *b, error *e)
{
    int code = commit_result(d, b);
    while (code == MDB_MAP_FULL) {
        if ((code = commit_grow(d)) != 0)
            break;
        commit_give(d, b);
        code = commit_result(d, b);
    }
    return code ? disk_refuse(d, code, "cannot be written", e) : 0;
}
