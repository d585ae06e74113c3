/* See file.h: files that appear whole or not at all, and are read whole or refused. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

enum { FILE_TRIES = 1000 };

/* Non-blocking, as opening a FIFO would else wait for a writer. */
static int file_open(const char *path, struct stat *about, error *e)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        error_system(e, EXIT_NO_INPUT, "%s: found no file to read; expected one", path);
        return -1;
    }
    if (fstat(fd, about) != 0 || !S_ISREG(about->st_mode)) {
        error_set(e, EXIT_NO_INPUT, "%s: found %s; expected a regular file", path,
                  S_ISDIR(about->st_mode) ? "a folder" : "a device, pipe or socket");
        close(fd);
        return -1;
    }
    return fd;
}

static int file_too_large(const char *path, size_t limit, error *e)
{
    return error_set(e, EXIT_DATA, "%s: found more than %zu bytes; expected at most that", path, limit);
}

int file_read(const char *path, size_t limit, char **bytes, size_t *count, error *e)
{
    struct stat about = {0};
    int fd = file_open(path, &about, e);
    if (fd < 0) {
        return EXIT_NO_INPUT;
    }
    int code = 0;
    size_t used = 0;
    size_t room = (uintmax_t)about.st_size < limit ? (size_t)about.st_size : limit;
    char *at = NULL;
    if ((uintmax_t)about.st_size > limit) {
        code = file_too_large(path, limit, e);
    } else {
        at = alloc_zero(room + 2, 1); /* one byte more than the size, so that growth meanwhile is seen */
        room += 1;
    }
    while (code == 0) {
        ssize_t got = read(fd, at + used, room - used);
        if (got < 0 && errno != EINTR) {
            code = error_system(e, EXIT_IO, "%s: found a fault while reading; expected its bytes", path);
        } else if (got == 0) {
            break;
        } else if (got > 0) {
            used += (size_t)got;
        }
        if (code == 0 && used > limit) {
            code = file_too_large(path, limit, e);
        } else if (code == 0 && used == room) {
            room *= 2;
            at = alloc_again(at, room + 1, 1);
        }
    }
    close(fd);
    if (code != 0 || at == NULL) {
        free(at);
        return code;
    }
    at[used] = '\0';
    *bytes = at;
    *count = used;
    return 0;
}

int file_sha256(const char *path, char hex[SHA256_HEX], error *e)
{
    static const size_t part = 1 << 16;
    struct stat about = {0};
    int fd = file_open(path, &about, e);
    if (fd < 0) {
        return EXIT_NO_INPUT;
    }
    char *bytes = alloc_zero(part, 1);
    sha256 *sum = sha256_begin();
    ssize_t got = 0;
    do {
        got = read(fd, bytes, part);
        if (got > 0) {
            sha256_add(sum, bytes, (size_t)got);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    int code = got == 0 ? 0 : error_system(e, EXIT_IO, "%s: found a fault while reading; expected its bytes", path);
    sha256_end(sum, hex);
    close(fd);
    free(bytes);
    return code;
}

int folder_sync(const char *path, error *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = 0;
    /* Some file systems know no fsync of a folder and say EINVAL, and one that may be written to need not be readable:
     * there is nothing more to be done there. */
    if (fd < 0 ? errno != EACCES : fsync(fd) != 0 && errno != EINVAL) {
        code = error_system(e, EXIT_IO, "%s: found a fault while syncing the folder", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return code;
}

static int file_sync_folder(const char *path, error *e)
{
    char *folder = path_folder(path);
    int code = folder_sync(folder, e);
    free(folder);
    return code;
}

int file_move(const char *from, const char *to, error *e)
{
    if (rename(from, to) != 0) {
        return error_system(e, EXIT_IO, "%s: found a fault while writing", to);
    }
    return file_sync_folder(to, e);
}

/* A new file beside the target; *name is owned. The number sets threads and forks of one process apart. */
static int file_beside(const char *path, char **name, error *e)
{
    static _Atomic unsigned number;
    for (int tries = 0; tries < FILE_TRIES; tries++) {
        *name = alloc_format("%s.tmp-%ld-%u", path, (long)getpid(), number++);
        int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            return fd;
        }
        int number_was = errno; /* free may change it before glibc 2.33 */
        free(*name);
        *name = NULL;
        errno = number_was;
        if (errno != EEXIST) {
            break;
        }
    }
    error_system(e, EXIT_CREATE, "%s: found no way to create it; expected a folder that can be written", path);
    return -1;
}

static int file_fill(int fd, const char *at, size_t count)
{
    while (count > 0) {
        ssize_t put = write(fd, at, count);
        if (put < 0 && errno != EINTR) {
            return -1;
        }
        if (put > 0) {
            at += put;
            count -= (size_t)put;
        }
    }
    return fsync(fd);
}

int file_write(const char *path, const void *bytes, size_t count, error *e)
{
    char *beside = NULL;
    int fd = file_beside(path, &beside, e);
    if (fd < 0) {
        return EXIT_CREATE;
    }
    bool filled = file_fill(fd, bytes, count) == 0;
    int number = errno;
    bool closed = close(fd) == 0;
    if (!filled) {
        errno = number;
    }
    int code = 0;
    if (!filled || !closed) {
        code = error_system(e, EXIT_IO, "%s: found a fault while writing", path);
    } else {
        code = file_move(beside, path, e);
    }
    if (code != 0) {
        unlink(beside); /* not there any more where only the folder's fsync failed */
    }
    free(beside);
    return code;
}

/* "NAME.tmp-PID-N" of a process that is there no more. */
static bool name_left(const char *name)
{
    const char *mark = strstr(name, ".tmp-");
    char *end = NULL;
    long pid = mark ? strtol(mark + strlen(".tmp-"), &end, 10) : 0;
    return pid > 0 && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

void file_sweep(const char *folder)
{
    DIR *names = opendir(folder);
    for (const struct dirent *one = NULL; names && (one = readdir(names));)
        if (name_left(one->d_name))
            unlinkat(dirfd(names), one->d_name, 0);
    if (names)
        closedir(names);
}

bool folder_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool file_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

int folder_make(const char *path, error *e)
{
    char *walk = alloc_text(path);
    int code = 0;
    for (char *at = walk; code == 0 && *at != '\0';) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char kept = *at;
        *at = '\0';
        /* Another process may make it at the same time, so only what is there afterwards counts. */
        int number = walk[0] == '\0' || mkdir(walk, 0777) == 0 ? 0 : errno;
        bool made = walk[0] != '\0' && number == 0;
        if (number != 0 && !folder_exists(walk)) {
            errno = number; /* of mkdir, and not of the look behind it */
            code = error_system(e, EXIT_CREATE, "%s: found no way to create this folder", walk);
        } else if (made) {
            code = file_sync_folder(walk, e);
        }
        *at = kept;
    }
    free(walk);
    return code;
}

char *folder_temporary(const char *prefix, error *e)
{
    char *path = alloc_format("%sXXXXXX", prefix);
    if (mkdtemp(path) != NULL) {
        return path;
    }
    error_system(e, EXIT_CREATE, "%s: found no way to create this folder", path);
    free(path);
    return NULL;
}

char *folder_scratch(const char *name, error *e)
{
    const char *under = getenv("TMPDIR");
    char *prefix = alloc_format("%s/perdure-%s-", under != NULL && under[0] != '\0' ? under : "/tmp", name);
    char *path = folder_temporary(prefix, e);
    free(prefix);
    return path;
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    if (path != NULL) {
        nftw(path, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
    }
}

char *path_below(const char *base, const char *path)
{
    const char *home = getenv("HOME");
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') && home != NULL && home[0] != '\0') {
        return alloc_format("%s%s", home, path + 1);
    }
    if (path[0] == '/' || base == NULL || base[0] == '\0' || strcmp(base, ".") == 0) {
        return alloc_text(path);
    }
    return alloc_format("%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", path);
}

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return alloc_text(".");
    }
    char *folder = alloc_text(path);
    folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool path_climbs(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0')) {
            return true;
        }
    }
    return false;
}

bool path_is_name(const char *path)
{
    return path[0] != '\0' && strchr(path, '/') == NULL && strcmp(path, ".") != 0 && strcmp(path, "..") != 0;
}
