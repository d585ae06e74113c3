/* The calls that change a disk, each around the one of the C library: see fault.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fault.h"

#define EXPORT __attribute__((visibility("default")))
enum { WRITTEN = O_WRONLY | O_RDWR };

/* ---- files that come and go ---- */

static int open_file(const char *name, int folder, const char *path, int flags, mode_t mode)
{
    struct call c = {.name = name};
    struct stat about;
    fault_ready();
    if (!(flags & (O_CREAT | O_TRUNC | WRITTEN)) || (flags & O_PATH))
        return (int)kernel(SYS_openat, folder, path, flags, mode);
    if (!call_paths(&c, folder, path, 0, NULL))
        return -1;
    bool there = c.below && kernel(SYS_newfstatat, AT_FDCWD, c.path, &about, 0) == 0;
    int file = (int)kernel(SYS_openat, folder, path, flags, mode);
    if (file >= 0 && c.below && (!there || (flags & O_TRUNC))) {
        c.name = there ? "truncate" : "create";
        journal_file(&c, file, 0, NULL, 0);
    }
    return (int)call_end(&c, file);
}

#define MODE_OF(last)                                     \
    mode_t mode = 0;                                      \
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
        va_list rest;                                     \
        va_start(rest, last);                             \
        mode = (mode_t)va_arg(rest, int);                 \
        va_end(rest);                                     \
    }

#define OPEN(symbol)                                           \
    EXPORT int symbol(const char *path, int flags, ...);       \
    EXPORT int symbol(const char *path, int flags, ...)        \
    {                                                          \
        MODE_OF(flags)                                         \
        return open_file("open", AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(symbol)                                               \
    EXPORT int symbol(int folder, const char *path, int flags, ...); \
    EXPORT int symbol(int folder, const char *path, int flags, ...)  \
    {                                                                \
        MODE_OF(flags)                                               \
        return open_file("open", folder, path, flags, mode);         \
    }
/* What these are called where the C library checks its callers, which is why this file must not be checked. */
#define OPEN_2(symbol)                              \
    EXPORT int symbol(const char *path, int flags); \
    EXPORT int symbol(const char *path, int flags) { return open_file("open", AT_FDCWD, path, flags, 0); }
#define OPENAT_2(symbol)                                        \
    EXPORT int symbol(int folder, const char *path, int flags); \
    EXPORT int symbol(int folder, const char *path, int flags) { return open_file("open", folder, path, flags, 0); }
#define CREAT(symbol)                                                                 \
    EXPORT int symbol(const char *path, mode_t mode);                                 \
    EXPORT int symbol(const char *path, mode_t mode)                                  \
    {                                                                                 \
        return open_file("open", AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); \
    }
OPEN(open)
OPEN(open64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)

EXPORT int close(int file)
{
    struct call c = {.name = "close"};
    bool good = call_file(&c, file, false);
    int number = errno, result = (int)kernel(SYS_close, file); /* in any case, as the kernel does */
    if (good)
        return (int)call_end(&c, result);
    errno = number;
    return -1;
}

/* ---- bytes ---- */

static long write_at(const char *name, int file, const void *bytes, size_t count, off_t at, bool here)
{
    struct call c = {.name = name};
    if (!call_file(&c, file, false))
        return -1;
    count = call_size(&c, count);
    off_t end = here && c.below ? lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR) : at;
    long result = here ? kernel(SYS_write, file, bytes, count) : kernel(SYS_pwrite64, file, bytes, count, at);
    if (result > 0)
        journal_file(&c, file, end, bytes, result);
    return call_end(&c, result);
}

/* Some parts at a place, as one write: LMDB puts runs of pages in this way. */
static long write_parts(const char *name, int file, const struct iovec *parts, int count, off_t at, bool here)
{
    size_t size = 0, used = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    char *whole = malloc(size + 1);
    if (whole == NULL) {
        errno = ENOMEM;
        return -1;
    }
    for (int i = 0; i < count; used += parts[i++].iov_len)
        memcpy(whole + used, parts[i].iov_base, parts[i].iov_len);
    long result = write_at(name, file, whole, size, at, here);
    int number = errno;
    free(whole);
    errno = number;
    return result;
}

EXPORT ssize_t write(int file, const void *bytes, size_t count)
{
    return write_at("write", file, bytes, count, 0, true);
}

EXPORT ssize_t writev(int file, const struct iovec *parts, int count)
{
    return write_parts("writev", file, parts, count, 0, true);
}

#define PWRITE(symbol)                                                          \
    EXPORT ssize_t symbol(int file, const void *bytes, size_t count, off_t at); \
    EXPORT ssize_t symbol(int file, const void *bytes, size_t count, off_t at)  \
    {                                                                           \
        return write_at("pwrite", file, bytes, count, at, false);               \
    }
#define PWRITEV(symbol)                                                              \
    EXPORT ssize_t symbol(int file, const struct iovec *parts, int count, off_t at); \
    EXPORT ssize_t symbol(int file, const struct iovec *parts, int count, off_t at)  \
    {                                                                                \
        return write_parts("pwritev", file, parts, count, at, false);                \
    }
PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)

#define PWRITEV2(symbol)                                                                        \
    EXPORT ssize_t symbol(int file, const struct iovec *parts, int count, off_t at, int flags); \
    EXPORT ssize_t symbol(int file, const struct iovec *parts, int count, off_t at, int flags)  \
    {                                                                                           \
        (void)flags; /* hints, but for those that sync: nobody here asks for these */           \
        return write_parts("pwritev", file, parts, count, at, at == -1);                        \
    }
PWRITEV2(pwritev2)
PWRITEV2(pwritev64v2)

static int sync_file(const char *name, long call, int file)
{
    struct call c = {.name = name};
    if (!call_file(&c, file, true))
        return -1;
    int result = (int)kernel(call, file);
    if (result == 0)
        journal_file(&c, file, 0, NULL, 0);
    return (int)call_end(&c, result);
}

EXPORT int fsync(int file) { return sync_file("fsync", SYS_fsync, file); }
EXPORT int fdatasync(int file) { return sync_file("fdatasync", SYS_fdatasync, file); }

static int size_set(int file, off_t size)
{
    struct call c = {.name = "ftruncate"};
    if (!call_file(&c, file, false))
        return -1;
    int result = (int)kernel(SYS_ftruncate, file, size);
    if (result == 0)
        journal_file(&c, file, size, NULL, 0);
    return (int)call_end(&c, result);
}

EXPORT int ftruncate(int file, off_t size) { return size_set(file, size); }
EXPORT int ftruncate64(int file, off_t size);
EXPORT int ftruncate64(int file, off_t size) { return size_set(file, size); }

static int room_make(int file, int mode, off_t at, off_t length)
{
    struct call c = {.name = "fallocate"};
    if (!call_file(&c, file, false))
        return -1;
    int result = (int)kernel(SYS_fallocate, file, mode, at, length);
    if (result == 0)
        journal_file(&c, file, at + length, NULL, 0);
    return (int)call_end(&c, result);
}

#define FALLOCATE(symbol)                                          \
    EXPORT int symbol(int file, int mode, off_t at, off_t length); \
    EXPORT int symbol(int file, int mode, off_t at, off_t length) { return room_make(file, mode, at, length); }
/* Its error is its result. */
#define POSIX_FALLOCATE(symbol)                                                \
    EXPORT int symbol(int file, off_t at, off_t length);                       \
    EXPORT int symbol(int file, off_t at, off_t length)                        \
    {                                                                          \
        int number = errno, code = room_make(file, 0, at, length) ? errno : 0; \
        errno = number;                                                        \
        return code;                                                           \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

/* ---- names ---- */

static int rename_path(const char *name, int folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    struct call c = {.name = name};
    if (!call_paths(&c, folder, from, to_folder, to))
        return -1;
    long result = flags ? kernel(SYS_renameat2, folder, from, to_folder, to, flags)
                        : kernel(SYS_renameat, folder, from, to_folder, to);
    journal_path(&c, result);
    return (int)call_end(&c, result);
}

EXPORT int rename(const char *from, const char *to) { return rename_path("rename", AT_FDCWD, from, AT_FDCWD, to, 0); }

EXPORT int renameat(int folder, const char *from, int to_folder, const char *to)
{
    return rename_path("rename", folder, from, to_folder, to, 0);
}

EXPORT int renameat2(int folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    return rename_path("rename", folder, from, to_folder, to, flags);
}

/* Who links against an older C library calls renameat2 by its number. */
EXPORT long syscall(long number, ...)
{
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    fault_ready();
    if (number == SYS_renameat2)
        return renameat2((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], (unsigned)a[4]);
    return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int folder_make(int folder, const char *path, mode_t mode)
{
    struct call c = {.name = "mkdir"};
    if (!call_paths(&c, folder, path, 0, NULL))
        return -1;
    long result = kernel(SYS_mkdirat, folder, path, mode);
    journal_path(&c, result);
    return (int)call_end(&c, result);
}

EXPORT int mkdir(const char *path, mode_t mode) { return folder_make(AT_FDCWD, path, mode); }
EXPORT int mkdirat(int folder, const char *path, mode_t mode) { return folder_make(folder, path, mode); }

/* The second path of the journal is the link's text, as it stands there. */
static int link_make(const char *text, int folder, const char *path)
{
    struct call c = {.name = "symlink"};
    if (!call_paths(&c, folder, path, 0, NULL))
        return -1;
    long result = kernel(SYS_symlinkat, text, folder, path);
    snprintf(c.second, sizeof c.second, "%s", text);
    journal_path(&c, result);
    return (int)call_end(&c, result);
}

EXPORT int symlink(const char *text, const char *path) { return link_make(text, AT_FDCWD, path); }
EXPORT int symlinkat(const char *text, int folder, const char *path) { return link_make(text, folder, path); }

static int name_remove(int folder, const char *path, int flags)
{
    struct call c = {.name = flags & AT_REMOVEDIR ? "rmdir" : "unlink"};
    if (!call_paths(&c, folder, path, 0, NULL))
        return -1;
    long result = kernel(SYS_unlinkat, folder, path, flags);
    journal_path(&c, result);
    return (int)call_end(&c, result);
}

EXPORT int unlink(const char *path) { return name_remove(AT_FDCWD, path, 0); }
EXPORT int rmdir(const char *path) { return name_remove(AT_FDCWD, path, AT_REMOVEDIR); }
EXPORT int unlinkat(int folder, const char *path, int flags) { return name_remove(folder, path, flags); }
