/* See strict_file.h. */
#include "record/strict_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"

/* Bytes are hashed while they are still in the processor's cache. */
enum { PART = 1 << 20, VALUES = 2 << 20 };

static uint64_t part_of(uint64_t count) { return count < PART ? count : PART; }

/* ---- writing ---- */

struct new_file {
    char *path;
    int file;
    uint64_t bytes;
    sha256 *hash;
    error first;
};

int new_file_open(const char *path, new_file **out, error *e)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    *out = NULL;
    if (file < 0)
        return error_system(e, EXIT_CREATE, "%s: cannot be created", path);
    new_file *f = alloc_zero(1, sizeof *f);
    f->path = alloc_text(path);
    f->file = file;
    f->hash = sha256_begin();
    *out = f;
    return 0;
}

static void part_write(new_file *f, const char *at, uint64_t count)
{
    while (count > 0 && f->first.code == 0) {
        ssize_t put = write(f->file, at, count);
        if (put > 0) {
            at += put;
            count -= (uint64_t)put;
        } else if (put == 0 || errno != EINTR) {
            errno = put == 0 ? EIO : errno;
            error_system(&f->first, EXIT_IO, "%s: cannot be written", f->path);
        }
    }
}

void new_file_add(new_file *f, const void *bytes, uint64_t count)
{
    const char *at = bytes;
    f->bytes += count;
    while (count > 0 && f->first.code == 0) {
        uint64_t part = part_of(count);
        sha256_add(f->hash, at, part);
        part_write(f, at, part);
        at += part;
        count -= part;
    }
}

/* After a failed fsync the kernel may call the lost pages clean, so a second one of this file would prove nothing. Only
 * one that a signal broke off has not failed. */
static void file_sync(new_file *f)
{
    int failed = 0;
    do
        failed = fsync(f->file);
    while (failed && errno == EINTR);
    if (failed)
        error_system(&f->first, EXIT_IO, "%s: cannot be written", f->path);
}

int new_file_close(new_file *f, bool keep, char hex[SHA256_HEX], uint64_t *bytes, error *e)
{
    char none[SHA256_HEX];
    if (keep && f->first.code == 0)
        file_sync(f);
    if (close(f->file) != 0 && errno != EINTR) /* Linux has closed it by then */
        error_system(&f->first, EXIT_IO, "%s: cannot be written", f->path);
    int code = f->first.code;
    if (code || !keep)
        unlink(f->path);
    if (code)
        error_set(e, code, "%s", f->first.text);
    sha256_end(f->hash, hex ? hex : none);
    if (bytes)
        *bytes = f->bytes;
    free(f->path);
    free(f);
    return code;
}

/* ---- reading ---- */

/* Non-blocking, as opening a FIFO would else wait for a writer. */
int old_file_open(const char *path, bool follow, old_file *out, error *e)
{
    struct stat about = {0};
    *out = (old_file){.path = path, .file = -1};
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    if (file < 0 && errno == ELOOP && !follow)
        return error_set(e, EXIT_NO_INPUT, "%s: found a link; expected a regular file", path);
    if (file < 0)
        return error_system(e, EXIT_NO_INPUT, "%s: found no file to read; expected one", path);
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(file);
        return error_set(e, EXIT_NO_INPUT, "%s: found %s; expected a regular file", path,
                         S_ISDIR(about.st_mode) ? "a folder" : "a device, pipe or socket");
    }
    out->file = file;
    out->size = (uint64_t)about.st_size;
    out->hash = sha256_begin();
    return 0;
}

/* How many came, less than asked for at the end of the file; -1: EIO and the like, after a second try. */
static int64_t part_read(int file, char *into, uint64_t count)
{
    uint64_t got = 0;
    bool failed = false;
    while (got < count) {
        ssize_t more = read(file, into + got, count - got);
        if (more == 0)
            break;
        if (more > 0)
            got += (uint64_t)more;
        else if (errno != EINTR && failed)
            return -1;
        else
            failed = failed || errno != EINTR;
    }
    return (int64_t)got;
}

int old_file_read(old_file *f, void *into, uint64_t count, error *e)
{
    char *at = into;
    while (count > 0) {
        uint64_t part = part_of(count);
        int64_t got = part_read(f->file, at, part);
        if (got < 0)
            return error_system(e, EXIT_IO, "%s: found a fault while reading; expected its bytes", f->path);
        if ((uint64_t)got < part)
            return error_set(e, EXIT_DATA, "%s: found its end before byte %llu; expected that many", f->path,
                             (unsigned long long)f->size);
        sha256_add(f->hash, at, part);
        at += part;
        count -= part;
    }
    return 0;
}

int old_file_end(old_file *f, error *e)
{
    char one;
    int64_t got = part_read(f->file, &one, 1);
    if (got < 0)
        return error_system(e, EXIT_IO, "%s: found a fault while reading; expected its end", f->path);
    if (got)
        return error_set(e, EXIT_DATA, "%s: found bytes behind byte %llu; expected its end", f->path,
                         (unsigned long long)f->size);
    return 0;
}

void old_file_close(old_file *f, char hex[SHA256_HEX])
{
    char none[SHA256_HEX];
    if (f->hash)
        sha256_end(f->hash, hex ? hex : none);
    if (f->file >= 0)
        close(f->file);
    *f = (old_file){.file = -1};
}

/* ---- JSON ---- */

/* Values are set apart by commas and brackets; those in texts are no marks. */
static bool json_is_bounded(const char *bytes, uint64_t count)
{
    bool inside = false;
    uint64_t marks = 0;
    for (uint64_t i = 0; i < count && marks <= VALUES; i++) {
        if (inside && bytes[i] == '\\')
            i++;
        else if (bytes[i] == '"')
            inside = !inside;
        else if (!inside)
            marks += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
    }
    return marks <= VALUES;
}

int strict_json(const char *where, const char *bytes, uint64_t count, json_t **out, error *e)
{
    json_error_t why;
    *out = NULL;
    if (!json_is_bounded(bytes, count))
        return error_set(e, EXIT_DATA, "%s: found more than %d values; expected fewer", where, (int)VALUES);
    json_t *read = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &why);
    if (!read && json_error_code(&why) == json_error_duplicate_key)
        return error_set(e, EXIT_DATA, "%s: found a key twice: %s", where, text_quoted(why.text));
    if (!read)
        return error_set(e, EXIT_DATA, "%s: found no JSON at byte %d: %s", where, why.position, text_quoted(why.text));
    if (json_is_object(read)) {
        *out = read;
        return 0;
    }
    json_decref(read);
    return error_set(e, EXIT_DATA, "%s: found no object; expected one", where);
}
