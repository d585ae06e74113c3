/* See archive.h: the shared object. */
#include "run/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

enum { PART = 1 << 18, MEMBERS_MOST = 1000000 };
static const int64_t bytes_most = INT64_C(256) << 30;

/* ---- writing ---- */

static int part_put(struct archive *a, const char *file, const void *bytes, size_t count, error *e)
{
    if (archive_write_data(a, bytes, count) == (la_ssize_t)count)
        return 0;
    return error_set(e, EXIT_IO, "%s: cannot be written: %s", file, archive_error_string(a));
}

static int bytes_put(struct archive *a, const char *file, int from, const char *path, int64_t size, error *e)
{
    char *part = alloc_zero(PART, 1);
    int64_t left = size;
    int code = 0;
    while (left > 0 && !code) {
        ssize_t got = read(from, part, left < PART ? (size_t)left : PART);
        if (got > 0)
            code = part_put(a, file, part, (size_t)got, e);
        else if (got == 0)
            code = error_set(e, EXIT_IO, "%s: found that it was cut while it was read; expected a run at rest", path);
        else if (errno != EINTR)
            code = error_system(e, EXIT_IO, "%s: cannot be read", path);
        left -= got > 0 ? got : 0;
    }
    free(part);
    return code;
}

static int header_put(struct archive *a, const char *file, const char *name, int64_t size, int64_t mtime, error *e)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, mtime, 0);
    int code = archive_write_header(a, entry) == ARCHIVE_OK
                   ? 0
                   : error_set(e, EXIT_IO, "%s: cannot be written: %s", file, archive_error_string(a));
    archive_entry_free(entry);
    return code;
}

static int member_put(struct archive *a, const char *file, const archive_member *m, int64_t mtime, error *e)
{
    struct stat about = {.st_size = (off_t)m->count};
    int from = m->path ? open(m->path, O_RDONLY | O_CLOEXEC) : -1;
    int code = 0;
    if (m->path && (from < 0 || fstat(from, &about) != 0 || !S_ISREG(about.st_mode)))
        code = error_set(e, EXIT_NO_INPUT, "%s: found no file that can be read; expected one", m->path);
    if (!code)
        code = header_put(a, file, m->name, (int64_t)about.st_size, mtime, e);
    if (!code)
        code = m->path ? bytes_put(a, file, from, m->path, (int64_t)about.st_size, e)
                       : part_put(a, file, m->bytes, m->count, e);
    if (from >= 0)
        close(from);
    return code;
}

static int members_put(int to, const char *file, const archive_member *members, size_t count, int64_t mtime, error *e)
{
    struct archive *a = archive_write_new();
    int code = 0;
    if (archive_write_add_filter_gzip(a) != ARCHIVE_OK || archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
        archive_write_set_filter_option(a, "gzip", "timestamp", NULL) != ARCHIVE_OK ||
        archive_write_open_fd(a, to) != ARCHIVE_OK)
        code = error_set(e, EXIT_IO, "%s: cannot be written: %s", file, archive_error_string(a));
    for (size_t i = 0; i < count && !code; i++)
        code = member_put(a, file, &members[i], mtime, e);
    if (!code && archive_write_close(a) != ARCHIVE_OK)
        code = error_set(e, EXIT_IO, "%s: cannot be written: %s", file, archive_error_string(a));
    archive_write_free(a);
    return code;
}

static int files_pack(const char *file, const archive_member *members, size_t count, int64_t mtime, error *e)
{
    char *made = alloc_format("%s.tmp-%ld", file, (long)getpid());
    int to = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int code = to < 0 ? error_system(e, EXIT_CREATE, "%s: cannot be created", file)
                      : members_put(to, file, members, count, mtime, e);
    if (!code && fsync(to) != 0)
        code = error_system(e, EXIT_IO, "%s: cannot be written", file);
    if (to >= 0)
        close(to);
    if (!code)
        code = file_move(made, file, e);
    if (code && to >= 0)
        unlink(made);
    free(made);
    return code;
}

/* ---- unpacking ---- */

static int damage(const char *file, struct archive *a, error *e)
{
    const char *words = archive_error_string(a);
    return error_set(e, EXIT_DATA, "%s: found a damaged archive (%s); expected a bundle", file,
                     words ? text_quoted(words) : "it cannot be read");
}

static int part_store(int to, const char *path, const char *bytes, size_t count, error *e)
{
    while (count > 0) {
        ssize_t put = write(to, bytes, count);
        if (put < 0 && errno != EINTR)
            return error_system(e, EXIT_IO, "%s: cannot be written", path);
        bytes += put > 0 ? put : 0;
        count -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int file_store(struct archive *a, const char *file, const char *path, int64_t *left, error *e)
{
    char *folder = path_folder(path), *part = alloc_zero(PART, 1);
    int code = folder_make(folder, e), to = -1;
    if (!code && (to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)) < 0)
        code = error_set(e, EXIT_DATA, "%s: found a name twice: %s; expected each once", file,
                         text_quoted(path_name(path)));
    for (la_ssize_t got = 1; !code && got > 0;) {
        got = archive_read_data(a, part, PART);
        *left -= got > 0 ? (int64_t)got : 0;
        if (got < 0)
            code = damage(file, a, e);
        else if (*left < 0)
            code = error_set(e, EXIT_DATA, "%s: found more than 256 GiB in it; expected a bundle", file);
        else
            code = part_store(to, path, part, (size_t)got, e);
    }
    if (to >= 0)
        close(to);
    free(part);
    free(folder);
    return code;
}

static int member_take(struct archive *a, struct archive_entry *entry, const char *file, const char *folder,
                       int64_t *left, error *e)
{
    const char *name = archive_entry_pathname(entry);
    bool is_file = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
    if (!name || !name[0] || name[0] == '/' || path_climbs(name) ||
        (!is_file && archive_entry_filetype(entry) != AE_IFDIR))
        return error_set(e, EXIT_DATA, "%s: found %s in it; expected files and folders with names below it", file,
                         name ? text_quoted(name) : "a member without a name");
    char *path = alloc_format("%s/%s", folder, name);
    int code = is_file ? file_store(a, file, path, left, e) : folder_make(path, e);
    free(path);
    return code;
}

static int file_unpack(const char *file, const char *folder, error *e)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    int64_t left = bytes_most;
    int code = 0, state = ARCHIVE_OK;
    archive_read_support_filter_gzip(a);
    archive_read_support_format_tar(a);
    if (archive_read_open_filename(a, file, PART) != ARCHIVE_OK)
        code = damage(file, a, e);
    for (int count = 0; !code && (state = archive_read_next_header(a, &entry)) == ARCHIVE_OK; count++)
        code = count < MEMBERS_MOST ? member_take(a, entry, file, folder, &left, e)
                                    : error_set(e, EXIT_DATA, "%s: found more than %d files in it; expected a bundle",
                                                file, MEMBERS_MOST);
    if (!code && state != ARCHIVE_EOF)
        code = damage(file, a, e);
    archive_read_free(a);
    return code;
}

__attribute__((visibility("default"))) const archiver *perdure_archiver(uint32_t version)
{
    static const archiver table = {ARCHIVER_VERSION, files_pack, file_unpack};
    return version == ARCHIVER_VERSION ? &table : NULL;
}
