/* See blocks.h. */
#include "memory/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

enum { BLOCK_LEAST = 1 << 14, BLOCK_STEP = 1 << 14 }; /* bytes from which a block is mapped, and a multiple of pages */

struct mapped {
    void *at;
    size_t bytes;
    off_t offset;
};

struct blocks {
    int file;
    off_t end; /* nothing lies behind it; what was given back lies before it as a hole */
    struct mapped *mapped;
    size_t count, room;
};

/* Not every file system has files without a name. */
static int file_unnamed(const char *folder)
{
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return file;
    char *path = alloc_format("%s/.lists-XXXXXX", folder);
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    free(path);
    return file;
}

struct blocks *blocks_open(const char *folder, error *e)
{
    int file = file_unnamed(folder);
    if (file < 0) {
        error_system(e, EXIT_CREATE, "%s: no file can be made for the lists of a memory", folder);
        return NULL;
    }
    struct blocks *b = alloc_zero(1, sizeof *b);
    b->file = file;
    return b;
}

void blocks_close(struct blocks *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++)
        munmap(b->mapped[i].at, b->mapped[i].bytes);
    close(b->file);
    free(b->mapped);
    free(b);
}

static struct mapped *mapped_find(const struct blocks *b, const void *at)
{
    for (size_t i = 0; b && at && i < b->count; i++)
        if (b->mapped[i].at == at)
            return &b->mapped[i];
    return NULL;
}

static void *mapped_open(struct blocks *b, size_t bytes)
{
    bytes = (bytes + BLOCK_STEP - 1) / BLOCK_STEP * BLOCK_STEP;
    int code = posix_fallocate(b->file, b->end, (off_t)bytes);
    if (code) {
        errno = code;
        return NULL;
    }
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->file, b->end);
    if (at == MAP_FAILED)
        return NULL;
    if (b->count == b->room) {
        b->room = b->room ? 2 * b->room : 32;
        b->mapped = alloc_again(b->mapped, b->room, sizeof *b->mapped);
    }
    b->mapped[b->count++] = (struct mapped){at, bytes, b->end};
    b->end += (off_t)bytes;
    return at;
}

static void mapped_close(struct blocks *b, struct mapped *gone)
{
    munmap(gone->at, gone->bytes);
    if (fallocate(b->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, gone->offset, (off_t)gone->bytes))
        errno = 0; /* the space is lost until the memory is closed, and no more than that */
    *gone = b->mapped[--b->count];
}

void blocks_free(struct blocks *b, void *at)
{
    struct mapped *own = mapped_find(b, at);
    if (own)
        mapped_close(b, own);
    else
        free(at);
}

/* Into a mapping, or a larger one. */
static void *block_move(struct blocks *b, void *old, size_t bytes)
{
    struct mapped *own = mapped_find(b, old);
    if (own && own->bytes >= bytes)
        return old;
    size_t was = own ? own->bytes : 0;
    void *new = mapped_open(b, bytes);
    if (!new || !old)
        return new;
    if (was)
        memcpy(new, old, was);
    else /* from malloc, which has less than any mapping; what lies behind it is not read */
        memcpy(new, old, BLOCK_LEAST);
    blocks_free(b, old);
    return new;
}

bool blocks_resize(struct blocks *b, void *block, size_t bytes)
{
    void *old, *new;
    memcpy(&old, block, sizeof old);
    if (b && (bytes >= BLOCK_LEAST || mapped_find(b, old)))
        new = block_move(b, old, bytes);
    else /* small blocks are all as large as the smallest mapping, so that they can be copied without their size */
        new = realloc(old, b ? BLOCK_LEAST : bytes ? bytes : 1);
    if (new)
        memcpy(block, &new, sizeof new);
    return new != NULL;
}
