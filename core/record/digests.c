/* See digests.h. An entry is written by whoever drew its number and read once it is ready, so no process ever waits. */
#include "record/digests.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"

enum { ENTRIES = 1024 };

struct known {
    atomic_int ready;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    char hex[SHA256_HEX];
};
struct digests {
    atomic_int drawn;
    struct known at[ENTRIES];
};

digests *digests_open(void)
{
    void *pages = mmap(NULL, sizeof(digests), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void digests_close(digests *d)
{
    if (d)
        munmap(d, sizeof *d);
}

static bool time_same(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool file_same(const struct known *k, const struct stat *about)
{
    return k->device == about->st_dev && k->inode == about->st_ino && k->size == about->st_size &&
           time_same(&k->modified, &about->st_mtim) && time_same(&k->changed, &about->st_ctim);
}

static bool digest_known(digests *d, const struct stat *about, char hex[SHA256_HEX])
{
    int count = atomic_load(&d->drawn);
    for (int i = 0; i < count && i < ENTRIES; i++)
        if (atomic_load(&d->at[i].ready) && file_same(&d->at[i], about)) {
            memcpy(hex, d->at[i].hex, SHA256_HEX);
            return true;
        }
    return false;
}

static void digest_keep(digests *d, const struct stat *about, const char hex[SHA256_HEX])
{
    int place = atomic_fetch_add(&d->drawn, 1);
    if (place >= ENTRIES) {
        atomic_store(&d->drawn, ENTRIES);
        return;
    }
    struct known *k = &d->at[place];
    k->device = about->st_dev;
    k->inode = about->st_ino;
    k->size = about->st_size;
    k->modified = about->st_mtim;
    k->changed = about->st_ctim;
    memcpy(k->hex, hex, SHA256_HEX);
    atomic_store(&k->ready, 1);
}

/* What changes while it is read is not kept: the time of its last change is then a later one. */
int digests_of(digests *d, const char *path, char hex[SHA256_HEX], int64_t *bytes, error *e)
{
    struct stat before, behind;
    bool there = stat(path, &before) == 0;
    *bytes = there ? (int64_t)before.st_size : 0;
    if (there && d && digest_known(d, &before, hex))
        return 0;
    int code = file_sha256(path, hex, e);
    if (!code && there && d && stat(path, &behind) == 0 && behind.st_ino == before.st_ino &&
        time_same(&before.st_ctim, &behind.st_ctim))
        digest_keep(d, &before, hex);
    return code;
}
