/* Reading a data file, packed or not, with every way in which it can be short, long or damaged told apart. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/source.h"

static const size_t line_limit = (size_t)1 << 24;

struct source {
    char *path;
    int fd;
    unpacker *packed; /* NULL: not packed */
    int64_t size;
    struct timespec changed; /* of the last change when it was opened */
    char *text;              /* for source_line: [room + 1], of which [first, end) is still to be given */
    size_t first, end, room;
    bool ended;
};

static bool path_packed(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && !strcmp(path + length - 3, ".gz");
}

char *source_found(const char *path)
{
    char *packed = alloc_format("%s.gz", path);
    if (!file_exists(path) && !path_packed(path) && file_exists(packed))
        return packed;
    free(packed);
    return alloc_text(path);
}

bool source_there(const char *path)
{
    char *found = source_found(path);
    bool there = file_exists(found);
    free(found);
    return there;
}

static int path_failed(const source *s, error *e)
{
    if (errno != ENOENT && errno != ENOTDIR)
        return error_system(e, EXIT_IO, "%s: cannot be opened", s->path);
    return error_set(e, EXIT_NO_INPUT, "%s: found no such file%s; expected a data file", s->path,
                     path_packed(s->path) ? "" : ", packed (.gz) or not");
}

/* Non-blocking, as opening a FIFO would else wait for a writer. */
static int descriptor_open(source *s, error *e)
{
    struct stat about;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0)
        return path_failed(s, e);
    if (fstat(s->fd, &about) || !S_ISREG(about.st_mode))
        return error_set(e, EXIT_NO_INPUT, "%s: found %s; expected a data file", s->path,
                         S_ISDIR(about.st_mode) ? "a folder" : "a device, pipe or socket");
    s->size = about.st_size;
    s->changed = about.st_mtim;
    if (path_packed(s->path) && !(s->packed = unpack_open(s->fd, s->path)))
        return error_set(e, EXIT_SYSTEM, "%s: out of memory", s->path);
    return 0;
}

int source_open(const char *path, source **out, error *e)
{
    source *s = alloc_zero(1, sizeof *s);
    s->path = source_found(path);
    int code = descriptor_open(s, e);
    if (code) {
        source_close(s);
        s = NULL;
    }
    *out = s;
    return code;
}

void source_close(source *s)
{
    if (!s)
        return;
    unpack_close(s->packed);
    if (s->fd >= 0)
        close(s->fd);
    free(s->text);
    free(s->path);
    free(s);
}

const char *source_path(const source *s) { return s->path; }
int64_t source_size(const source *s) { return s->size; }
bool source_packed(const source *s) { return s->packed != NULL; }

int64_t source_take(source *s, void *out, size_t count, error *e)
{
    size_t done = 0;
    if (s->packed)
        return unpack_read(s->packed, out, count, e);
    while (done < count) {
        ssize_t n = read(s->fd, (char *)out + done, count - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_system(e, EXIT_IO, "%s: cannot be read", s->path);
            return -1;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

static int code_of(const error *e) { return e && e->code ? e->code : EXIT_DATA; }

/* A file that is being copied, or written anew in its place, may be whole in its length and half of each in its rows. */
static int change_check(const source *s, error *e)
{
    struct stat now;
    if (fstat(s->fd, &now))
        return error_system(e, EXIT_IO, "%s: cannot be read", s->path);
    if (now.st_size == s->size && now.st_mtim.tv_sec == s->changed.tv_sec && now.st_mtim.tv_nsec == s->changed.tv_nsec)
        return 0;
    return error_set(e, EXIT_DATA, "%s: found a file that changed while it was read; expected one that stays as it is",
                     s->path);
}

int source_read(source *s, void *out, size_t count, error *e)
{
    int64_t n = source_take(s, out, count, e);
    if (n < 0)
        return code_of(e);
    if ((size_t)n == count)
        return 0;
    if (change_check(s, e))
        return code_of(e);
    return error_set(e, EXIT_DATA, "%s: found %lld bytes where %zu more are declared; expected a whole file", s->path,
                     (long long)n, count);
}

int source_end(source *s, error *e)
{
    char more;
    if (change_check(s, e))
        return code_of(e);
    int64_t n = source_take(s, &more, 1, e);
    if (n < 0)
        return code_of(e);
    if (n > 0)
        return error_set(e, EXIT_DATA, "%s: found bytes behind the declared end; expected none", s->path);
    return 0;
}

int source_sized(const source *s, int64_t whole, error *e)
{
    static const int64_t deflate_ratio = 1032; /* no deflate stream holds more bytes than that for one of its own */
    if (s->packed && whole / deflate_ratio > s->size)
        return error_set(e, EXIT_DATA,
                         "%s: found %lld packed bytes; expected the %lld that its header declares, which "
                         "cannot be in so few",
                         s->path, (long long)s->size, (long long)whole);
    if (!s->packed && s->size != whole)
        return error_set(e, EXIT_DATA, "%s: found %lld bytes; expected %lld, as its header declares", s->path,
                         (long long)s->size, (long long)whole);
    return 0;
}

int source_all(source *s, size_t limit, char **out, size_t *count, error *e)
{
    char *bytes = alloc_zero(limit + 1, 1);
    int64_t n = source_take(s, bytes, limit + 1, e);
    int code = n < 0 ? code_of(e) : 0;
    if (!code && (size_t)n > limit)
        code = error_set(e, EXIT_DATA, "%s: found more than %zu bytes; expected at most that", s->path, limit);
    if (!code)
        code = change_check(s, e);
    if (code) {
        free(bytes);
        bytes = NULL;
    }
    *out = bytes;
    *count = code ? 0 : (size_t)n;
    return code;
}

/* ---- lines ---- */

static int text_fill(source *s, error *e)
{
    size_t left = s->end - s->first;
    if (left > line_limit)
        return error_set(e, EXIT_DATA, "%s: found a line of more than %zu bytes; expected shorter ones", s->path,
                         line_limit);
    if (s->first && s->text)
        memmove(s->text, s->text + s->first, left);
    if (left == s->room) {
        s->room = s->room ? s->room * 2 : 1u << 18;
        s->text = alloc_again(s->text, s->room + 1, 1);
    }
    int64_t n = source_take(s, s->text + left, s->room - left, e);
    if (n < 0)
        return code_of(e);
    s->first = 0;
    s->end = left + (size_t)n;
    s->ended = s->end < s->room;
    return 0;
}

int source_line(source *s, char **line, size_t *length, error *e)
{
    char *stop = NULL;
    *line = NULL;
    for (size_t seen = 0;
         !(stop = s->text ? memchr(s->text + s->first + seen, '\n', s->end - s->first - seen) : NULL);) {
        seen = s->end - s->first;
        if (s->ended)
            break;
        int code = text_fill(s, e);
        if (code)
            return code;
    }
    if (!s->text || (!stop && s->first == s->end))
        return 0;
    *line = s->text + s->first;
    s->first = stop ? (size_t)(stop - s->text) + 1 : s->end;
    *length = (size_t)((stop ? stop : s->text + s->end) - *line);
    if (*length && (*line)[*length - 1] == '\r')
        --*length;
    (*line)[*length] = 0;
    return 0;
}
