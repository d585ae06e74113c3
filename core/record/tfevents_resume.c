/* Going on with an event file where a checkpoint was written: the mark is looked for record by record, and what lies behind it
 * goes. Bytes are judged as those from outside: a record that is damaged ends the search. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/tfevents_inside.h"

enum { HEAD = 12, TAIL = 4, MARK_MOST = 512, COPY_BYTES = 64 << 10 };

/* ---- the files of a folder ---- */

static bool is_events(const char *name) { return !strncmp(name, TFEVENTS_PREFIX, strlen(TFEVENTS_PREFIX)); }

/* Removes all but `keep` (a name, NULL: none). */
static int files_remove(const char *folder, const char *keep, error *e)
{
    DIR *names = opendir(folder);
    const struct dirent *one;
    int code = 0;
    while (names && !code && (one = readdir(names)))
        if (is_events(one->d_name) && (!keep || strcmp(one->d_name, keep) != 0) &&
            unlinkat(dirfd(names), one->d_name, 0) != 0 && errno != ENOENT)
            code = error_system(e, EXIT_IO, "%s/%s: cannot be removed", folder, one->d_name);
    if (names)
        closedir(names);
    return code;
}

int tfevents_remove(const char *folder, error *e) { return files_remove(folder, NULL, e); }

/* The last by name, as the seconds in it have ten digits; owned, NULL: there is none. */
static char *file_newest(const char *folder)
{
    DIR *names = opendir(folder);
    const struct dirent *one;
    char *newest = NULL;
    while (names && (one = readdir(names)))
        if (is_events(one->d_name) && (!newest || strcmp(one->d_name, newest) > 0)) {
            free(newest);
            newest = alloc_text(one->d_name);
        }
    if (names)
        closedir(names);
    return newest;
}

/* ---- the mark ---- */

static bool read_at(int file, void *into, size_t count, off_t at)
{
    ssize_t got;
    while ((got = pread(file, into, count, at)) < 0 && errno == EINTR)
        ;
    return got == (ssize_t)count;
}

/* Whether an event of `length` bytes at `at` ends with the mark's session, and is whole. */
static bool event_marks(int file, off_t at, uint64_t length, const text *session)
{
    char event[MARK_MOST + TAIL];
    uint32_t sum;
    if (length > MARK_MOST || length <= session->length || !read_at(file, event, (size_t)length + TAIL, at))
        return false;
    memcpy(&sum, event + length, sizeof sum);
    return !memcmp(event + length - session->length, session->at, session->length) &&
           sum == tfevents_checksum(event, (size_t)length);
}

/* The place behind the first record with the mark; 0: there is none. */
static off_t mark_find(int file, off_t size, const char *mark)
{
    text session = {0};
    char head[HEAD];
    off_t found = 0;
    tfevents_session(mark, &session);
    for (off_t at = 0; !found && size - at >= HEAD + TAIL && read_at(file, head, HEAD, at);) {
        uint64_t length;
        uint32_t sum;
        memcpy(&length, head, sizeof length);
        memcpy(&sum, head + sizeof length, sizeof sum);
        if (sum != tfevents_checksum(head, sizeof length) || length > (uint64_t)(size - at - HEAD - TAIL))
            break;
        off_t next = at + HEAD + (off_t)length + TAIL;
        found = event_marks(file, at + HEAD, length, &session) ? next : 0;
        at = next;
    }
    text_free(&session);
    return found;
}

/* ---- another file in its place ---- */

static bool write_all(int file, const char *at, size_t count)
{
    while (count > 0) {
        ssize_t put = write(file, at, count);
        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? put : 0;
        count -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static int bytes_copy(int from, off_t count, int to, const char *path, error *e)
{
    char *bytes = alloc_zero(COPY_BYTES, 1);
    bool good = true;
    for (off_t at = 0; good && at < count;) {
        size_t some = count - at < COPY_BYTES ? (size_t)(count - at) : COPY_BYTES;
        good = read_at(from, bytes, some, at) && write_all(to, bytes, some);
        at += (off_t)some;
    }
    free(bytes);
    return good && fsync(to) == 0 ? 0 : error_system(e, EXIT_IO, "%s: cannot be written", path);
}

static long long seconds_of(const char *name) { return strtoll(name + strlen(TFEVENTS_PREFIX), NULL, 10); }

/* TensorBoard's older reader stays with a file that is gone, and its newer one calls a file damaged that was cut and has grown again:
 * an empty one both leave for the next. It goes when the new one is closed. */
static int file_empty(const char *path, error *e)
{
    return truncate(path, 0) == 0 ? 0 : error_system(e, EXIT_IO, "%s: cannot be cut", path);
}

/* The first `length` bytes under a name that comes behind `old`; *path: the new one, owned. */
static int file_cut(const char *folder, const char *old, int from, off_t length, char **path, int *file, error *e)
{
    char *half = alloc_format("%s/events.tmp-%ld-0", folder, (long)getpid()); /* file_sweep() knows the form */
    *path = tfevents_name(folder, seconds_of(old) + 1);
    *file = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    int code = *file < 0 ? error_system(e, EXIT_CREATE, "%s: cannot be created", half)
                         : bytes_copy(from, length, *file, half, e);
    if (!code)
        code = file_move(half, *path, e);
    if (code)
        unlink(half);
    free(half);
    return code;
}

static int file_go_on(const char *folder, const char *name, int from, off_t length, off_t size, tfevents **out,
                      error *e)
{
    char *old = alloc_format("%s/%s", folder, name), *path = NULL;
    int file = -1, code = 0;
    if (length == size) { /* nothing follows: the same file */
        path = old;
        old = NULL;
        if ((file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)) < 0)
            code = error_system(e, EXIT_IO, "%s: cannot be written", path);
    } else if (!(code = file_cut(folder, name, from, length, &path, &file, e))) {
        code = file_empty(old, e);
    }
    if (!code) {
        *out = tfevents_open(path, file, length);
        (*out)->old = old;
        return 0;
    }
    if (file >= 0)
        close(file);
    free(path);
    free(old);
    return code;
}

int tfevents_go_on(const char *folder, const char *mark, tfevents **out, error *e)
{
    char *name = file_newest(folder), *path = name ? alloc_format("%s/%s", folder, name) : NULL;
    int from = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1, code = 0;
    struct stat about = {0};
    *out = NULL;
    if (path && (from < 0 || fstat(from, &about) != 0))
        code = error_system(e, EXIT_IO, "%s: cannot be read", path);
    off_t length = !code && S_ISREG(about.st_mode) ? mark_find(from, about.st_size, mark) : 0;
    if (length)
        code = files_remove(folder, name, e); /* what a cell that was killed had no time to remove */
    if (length && !code)
        code = file_go_on(folder, name, from, length, about.st_size, out, e);
    if (from >= 0)
        close(from);
    free(path);
    free(name);
    return code;
}
