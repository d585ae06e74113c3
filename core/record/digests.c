/* See digests.h. An entry is written by whoever drew its number and read once it is ready, so no process ever waits. */
#include "record/digests.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

enum { ENTRIES = 1024, KEPT_MOST = 256, KEPT_LEAST = 1 << 20, KEPT_BYTES = 1 << 20 };

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
    int loaded; /* of them: from the file */
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

static void known_put(digests *d, const struct known *k)
{
    int place = atomic_fetch_add(&d->drawn, 1);
    if (place >= ENTRIES) {
        atomic_store(&d->drawn, ENTRIES);
        return;
    }
    struct known *at = &d->at[place];
    at->device = k->device;
    at->inode = k->inode;
    at->size = k->size;
    at->modified = k->modified;
    at->changed = k->changed;
    memcpy(at->hex, k->hex, SHA256_HEX);
    atomic_store(&at->ready, 1);
}

static void digest_keep(digests *d, const struct stat *about, const char hex[SHA256_HEX])
{
    struct known k = {.device = about->st_dev,
                      .inode = about->st_ino,
                      .size = about->st_size,
                      .modified = about->st_mtim,
                      .changed = about->st_ctim};
    memcpy(k.hex, hex, SHA256_HEX);
    known_put(d, &k);
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

/* ---- between runs: a line a file, the newest last ---- */

char *digests_place(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/') /* its specification has relative ones ignored */
        return alloc_format("%s/perdure/digests", cache);
    return home && home[0] == '/' ? alloc_format("%s/.cache/perdure/digests", home) : NULL;
}

static bool line_read(const char *line, struct known *k)
{
    unsigned long long device, inode;
    long long size, modified[2], changed[2];
    int end = 0;
    if (sscanf(line, "%llu %llu %lld %lld.%lld %lld.%lld %64[0-9a-f]%n", &device, &inode, &size, &modified[0],
               &modified[1], &changed[0], &changed[1], k->hex, &end) != 8 ||
        line[end] != '\0' || strlen(k->hex) != SHA256_HEX - 1)
        return false;
    k->device = (dev_t)device;
    k->inode = (ino_t)inode;
    k->size = (off_t)size;
    k->modified = (struct timespec){(time_t)modified[0], (long)modified[1]};
    k->changed = (struct timespec){(time_t)changed[0], (long)changed[1]};
    return true;
}

void digests_load(digests *d, const char *path)
{
    char *bytes = NULL;
    size_t count = 0;
    if (file_read(path, KEPT_BYTES, &bytes, &count, NULL))
        return;
    for (char *rest = bytes, *line; (line = strsep(&rest, "\n"));) {
        struct known k = {0};
        if (line_read(line, &k) && atomic_load(&d->drawn) < KEPT_MOST)
            known_put(d, &k);
    }
    d->loaded = atomic_load(&d->drawn);
    free(bytes);
}

static void known_add(text *lines, const struct known *k)
{
    text_addf(lines, "%llu %llu %lld %lld.%09ld %lld.%09ld %s\n", (unsigned long long)k->device,
              (unsigned long long)k->inode, (long long)k->size, (long long)k->modified.tv_sec, k->modified.tv_nsec,
              (long long)k->changed.tv_sec, k->changed.tv_nsec, k->hex);
}

void digests_store(digests *d, const char *path)
{
    int count = atomic_load(&d->drawn), large = 0, news = 0;
    text lines = {0};
    count = count < ENTRIES ? count : ENTRIES;
    for (int i = 0; i < count; i++) {
        bool kept = atomic_load(&d->at[i].ready) && d->at[i].size >= KEPT_LEAST;
        large += kept;
        news += kept && i >= d->loaded;
    }
    for (int i = 0; i < count && news; i++)
        if (atomic_load(&d->at[i].ready) && d->at[i].size >= KEPT_LEAST && large-- <= KEPT_MOST)
            known_add(&lines, &d->at[i]);
    char *folder = path_folder(path);
    if (lines.at && folder_make(folder, NULL) == 0)
        file_write(path, lines.at, lines.length, NULL);
    free(folder);
    text_free(&lines);
}
