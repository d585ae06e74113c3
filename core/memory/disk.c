/* The folder of a memory on disk: whether it may lie there, whose it is, and opening it. See disk.h.
 *
 * LMDB checks little of its own file: that it is long enough is looked at here, since what lies behind the end of a mapped file
 * ends the process. The flags are LMDB's safest: the map is read-only (never MDB_WRITEMAP), every commit is synced. */
#include "memory/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

enum { MAP_FIRST = 256 << 20, LEAST_FILE = 8192, ROOM_LEAST = 1 << 20, LOCK_TRIES = 200 };

int disk_refuse(const struct disk *d, int code, const char *doing, error *e)
{
    if (code > 0) {
        struct statvfs room;
        errno = code;
        error_system(e, EXIT_IO, "memory %s: %s: %s", d->setup.name, d->path, doing);
        bool full = code == ENOSPC || /* LMDB says EIO of a disk that takes a part */
                    (code == EIO && !statvfs(d->folder, &room) && room.f_bavail * room.f_bsize < ROOM_LEAST);
        return error_hint(e, "%sthe last checkpoint is whole, and all rows that it needs are in this file",
                          full ? "the disk is full; " : "");
    }
    bool damaged = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
                   code == MDB_VERSION_MISMATCH || code == MDB_NOTFOUND || code == MDB_BAD_VALSIZE;
    error_set(e, damaged ? EXIT_DATA : EXIT_IO, "memory %s: %s: %s: %s", d->setup.name, d->path, doing,
              mdb_strerror(code));
    if (damaged && d->cut)
        error_hint(e, "the file was %lld bytes shorter than it says of itself when it was opened", (long long)d->cut);
    return e->code;
}

/* ---- where it may lie ---- */

/* Those on which locks and mappings of two machines do not see one another. */
static bool is_remote(const struct statfs *at)
{
    static const uint32_t kinds[] = {
        NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC, 0xFF534D42 /* cifs */, 0xFE534D42 /* smb2 */,   AFS_SUPER_MAGIC,
        CODA_SUPER_MAGIC, V9FS_MAGIC,      0x00C36400 /* ceph */, 0x0BD00BD0 /* lustre */, 0x47504653 /* gpfs */,
        0x19830326 /* beegfs */};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((uint32_t)at->f_type == kinds[i])
            return true;
    return false;
}

/* A cell that was killed a moment ago may not be gone yet. */
static int folder_lock(int folder, int tries)
{
    const struct timespec while_it_ends = {0, 10 * 1000 * 1000};
    int failed;
    while ((failed = flock(folder, LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK && --tries > 0)
        nanosleep(&while_it_ends, NULL);
    return failed;
}

static int folder_take(struct disk *d, error *e)
{
    struct statfs at;
    int code = folder_make(d->folder, e);
    if (code)
        return code;
    d->lock = open(d->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->lock < 0 || fstatfs(d->lock, &at))
        return error_system(e, EXIT_CREATE, "memory %s: %s: cannot be opened", d->setup.name, d->folder);
    if (is_remote(&at)) {
        error_set(e, EXIT_CREATE, "memory %s: %s: found a file system of another machine; expected a local one",
                  d->setup.name, d->folder);
        return error_hint(e,
                          "LMDB's locks and mappings do not hold there; where: {disk: /a/local/folder} names another");
    }
    if (folder_lock(d->lock, LOCK_TRIES) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return error_system(e, EXIT_CREATE, "memory %s: %s: cannot be locked", d->setup.name, d->folder);
    return error_set(e, EXIT_CREATE, "memory %s: %s: found it in use by another process; expected a folder of its own",
                     d->setup.name, d->folder);
}

/* ---- opening ---- */

static int file_check(const struct disk *d, error *e)
{
    struct stat about;
    if (stat(d->path, &about))
        return errno == ENOENT ? 0 : error_system(e, EXIT_IO, "memory %s: %s: cannot be read", d->setup.name, d->path);
    if (S_ISREG(about.st_mode) && (about.st_size == 0 || about.st_size >= LEAST_FILE))
        return 0;
    return error_set(e, EXIT_DATA, "memory %s: %s: found %s of %lld bytes; expected a file of LMDB", d->setup.name,
                     d->path, S_ISREG(about.st_mode) ? "a file" : "no file but something", (long long)about.st_size);
}

/* LMDB would make its file in place, and one that is half made when the power goes is no file of LMDB for ever. So it is made
 * beside, synced and renamed: under its name it is there whole or not at all. */
static int file_make(const struct disk *d, error *e)
{
    MDB_env *env = NULL;
    if (access(d->path, F_OK) == 0)
        return 0;
    char *beside = alloc_format("%s.new", d->path);
    unlink(beside); /* of a process that died over it */
    int code = mdb_env_create(&env);
    code = code ? code : mdb_env_open(env, beside, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    code = code ? code : mdb_env_sync(env, 1);
    mdb_env_close(env);
    code = code ? disk_refuse(d, code, "cannot be made", e) : file_move(beside, d->path, e);
    if (code)
        unlink(beside);
    free(beside);
    return code;
}

/* Pages behind the end read as zeros then, and not as the end of the process. What is missing shows when it is read: LMDB may
 * count a last page that it never wrote. */
static int file_extend(struct disk *d, error *e)
{
    MDB_envinfo info;
    MDB_stat stat_of;
    struct stat about;
    int fd, code = mdb_env_info(d->env, &info);
    code = code ? code : mdb_env_stat(d->env, &stat_of);
    code = code ? code : mdb_env_get_fd(d->env, &fd);
    if (code)
        return disk_refuse(d, code, "cannot be opened", e);
    off_t whole = (off_t)((info.me_last_pgno + 1) * stat_of.ms_psize);
    if (fstat(fd, &about))
        return disk_refuse(d, errno, "cannot be read", e);
    if (about.st_size >= whole || info.me_last_txnid == 0)
        return 0;
    d->cut = whole - about.st_size;
    return ftruncate(fd, whole) ? disk_refuse(d, errno, "cannot be made as long as it says it is", e) : 0;
}

static int env_open(struct disk *d, error *e)
{
    MDB_txn *txn = NULL;
    int stale = 0, code = file_check(d, e);
    if (code || (code = file_make(d, e)))
        return code;
    code = mdb_env_create(&d->env);
    code = code ? code : mdb_env_set_mapsize(d->env, MAP_FIRST);
    code = code ? code : mdb_env_open(d->env, d->folder, MDB_NORDAHEAD | MDB_NOTLS, 0600);
    if (code)
        return disk_refuse(d, code, "cannot be opened", e);
    if ((code = file_extend(d, e)) != 0)
        return code;
    code = mdb_reader_check(d->env, &stale);
    code = code ? code : mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn);
    code = code ? code : mdb_dbi_open(txn, NULL, 0, &d->rows);
    code = code ? code : mdb_txn_commit(txn);
    return code ? disk_refuse(d, code, "cannot be opened", e) : 0;
}

struct disk *disk_open(const memory_setup *setup, error *e)
{
    if (!setup->folder) {
        error_set(e, EXIT_DATA,
                  "memory %s: found where: disk in a run that keeps no files; expected where: ram, or a folder, as "
                  "where: {disk: /a/folder}",
                  setup->name);
        return NULL;
    }
    struct disk *d = alloc_zero(1, sizeof *d);
    *d = (struct disk){.setup = *setup,
                       .folder = alloc_text(setup->folder),
                       .path = alloc_format("%s/data.mdb", setup->folder),
                       .owner = alloc_text(setup->owner ? setup->owner : ""),
                       .lock = -1,
                       .serial = -1};
    int code = folder_take(d, e);
    code = code ? code : env_open(d, e);
    if (!code && !(d->blocks = blocks_open(d->folder, e)))
        code = EXIT_CREATE;
    code = code ? code : commit_begin(d, e);
    if (!code)
        return d;
    disk_close(d);
    return NULL;
}

void disk_close(struct disk *d)
{
    if (!d)
        return;
    commit_end(d);
    if (d->reader)
        mdb_txn_abort(d->reader);
    if (d->env)
        mdb_env_close(d->env);
    batches_close(d);
    void *lists[] = {d->retired.at, d->dead.at, d->generation, d->place};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        blocks_free(d->blocks, lists[i]);
    blocks_close(d->blocks);
    if (d->lock >= 0)
        close(d->lock); /* and with it the lock */
    free(d->pad);
    free(d->row);
    free(d->copy);
    free(d->folder);
    free(d->path);
    free(d->owner);
    free(d);
}

/* ---- what lies here already ---- */

static int owner_check(struct disk *d, MDB_txn *txn, error *e)
{
    description found;
    MDB_stat about;
    int code = description_get(txn, d->rows, &found);
    if (code == MDB_NOTFOUND && !mdb_stat(txn, d->rows, &about) && about.ms_entries == 0)
        return 0;
    if (code)
        return error_set(e, EXIT_CREATE, "memory %s: %s: found a file of somebody else; expected none, or a memory's",
                         d->setup.name, d->path);
    if (strcmp(found.owner, d->owner) != 0 || strcmp(found.name, d->setup.name) != 0) {
        code = error_set(e, EXIT_CREATE, "memory %s: %s: found memory %s of %s; expected that of %s", d->setup.name,
                         d->path, found.name, found.owner, d->owner);
        error_hint(e, "remove the folder if nobody needs it, or name another");
    }
    description_free(&found);
    return code;
}

/* A code of LMDB, or *e. */
static int rows_clear(struct disk *d, error *e)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (code)
        return code;
    if (owner_check(d, txn, e) != 0) {
        mdb_txn_abort(txn);
        return 0;
    }
    code = mdb_drop(txn, d->rows, 0);
    code = code ? code : description_put(d, txn, 0);
    if (!code)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* A map is opened as large as its file, and to remove rows takes pages, too. */
int disk_begin(struct disk *d, error *e)
{
    error why = {0};
    int code;
    if (d->begun)
        return 0;
    if (getrandom(&d->id, sizeof d->id, 0) != (ssize_t)sizeof d->id)
        d->id = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)d; /* no more than a name */
    while ((code = rows_clear(d, &why)) == MDB_MAP_FULL && (code = commit_grow(d)) == 0)
        ;
    d->begun = !code && !why.code;
    if (code)
        return disk_refuse(d, code, "cannot be written", e);
    return why.code ? error_copy(e, &why) : 0;
}
