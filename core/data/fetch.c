/* What is fetched, checked and stored; and the way from a folder. A file that is kept unpacked is checked by the SHA-256 of
 * its own bytes where that is known, else by that of the packed file as it is published. */
#include "data/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

enum { SET_FILES = sizeof data_sets->files / sizeof *data_sets->files, BESIDE_BYTES = 1 << 16 };

/* ---- checks ---- */

int sha256_check(const char *where, const char *what, const char *found, const char *expected, error *e)
{
    if (!strcmp(found, expected))
        return 0;
    error_set(e, EXIT_DATA, "%s: found SHA-256 %s%s; expected %s", where, found, what, expected);
    return error_hint(e, "the file is damaged or another one; nothing was stored");
}

static int bytes_check(const char *where, const char *bytes, size_t count, const char *expected, error *e)
{
    char found[SHA256_HEX];
    sha256_bytes(bytes, count, found);
    return sha256_check(where, " of its unpacked bytes", found, expected, e);
}

static int packed_check(const char *where, const char *path, const char *expected, error *e)
{
    char found[SHA256_HEX];
    int code = file_sha256(path, found, e);
    return code ? code : sha256_check(where, "", found, expected, e);
}

int set_unknown(const data_set_info *set, error *e)
{
    if (!set_files(set))
        return error_set(e, EXIT_UNAVAILABLE, "%s: found no files to fetch; expected none, as it is made and not read",
                         set->name);
    return 0;
}

/* ---- one file out of NAME.gz ---- */

/* The name of what came over the net ends in .part, so that source_open would take it for unpacked. */
static int gzip_all(const char *path, const char *where, int64_t size, char **out, error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unpacker *u = fd >= 0 ? unpack_open(fd, where) : NULL;
    if (!u) {
        int code = error_system(e, EXIT_IO, "%s: cannot be read", path);
        if (fd >= 0)
            close(fd);
        return code;
    }
    char *bytes = alloc_zero((size_t)size + 1, 1);
    int64_t count = unpack_read(u, bytes, (size_t)size + 1, e);
    int code = count < 0 ? EXIT_DATA : 0;
    if (!code && count != size)
        code = error_set(e, EXIT_DATA, "%s: found %s%lld unpacked bytes; expected %lld", where,
                         count > size ? "more than " : "", (long long)(count > size ? size : count), (long long)size);
    unpack_close(u);
    close(fd);
    if (code)
        free(bytes);
    else
        *out = bytes;
    return code;
}

static int file_store(const data_set_info *set, const char *name, const char *bytes, size_t count, const char *root,
                      error *e)
{
    char *folder = alloc_format("%s/%s", root, set->name), *to = alloc_format("%s/%s", folder, name);
    int code = folder_make(folder, e);
    if (!code)
        code = file_write(to, bytes, count, e);
    free(to);
    free(folder);
    return code;
}

int set_store_packed(const data_set_info *set, int i, const char *packed, const char *where, const char *root, error *e)
{
    char *bytes = NULL;
    int64_t size = set->files[i].size;
    int code = set->packed[i] ? packed_check(where, packed, set->packed[i], e) : 0;
    if (!code)
        code = gzip_all(packed, where, size, &bytes, e);
    if (!code && set->files[i].sha256)
        code = bytes_check(where, bytes, (size_t)size, set->files[i].sha256, e);
    if (!code)
        code = file_store(set, set->files[i].name, bytes, (size_t)size, root, e);
    free(bytes);
    return code;
}

/* ---- all files out of an archive ---- */

struct storing {
    const data_set_info *set;
    const char *root;
    member members[SET_FILES + 2];
    int count;
};

static void member_add(struct storing *s, const char *name, int64_t size, bool spare)
{
    const char *folder = s->set->folder;
    s->members[s->count++] =
        (member){alloc_format("%s%s%s", folder ? folder : "", folder ? "/" : "", name), size, spare};
}

static int member_store(void *self, int index, const char *bytes, size_t count, error *e)
{
    const struct storing *s = self;
    return file_store(s->set, path_name(s->members[index].name), bytes, count, s->root, e);
}

int set_store_archive(const data_set_info *set, const char *archive, const char *where, const char *root, error *e)
{
    const fetcher *f = NULL;
    struct storing s = {.set = set, .root = root};
    int code = fetcher_load(&f, e);
    if (!code)
        code = fetcher_needs_archive(f, e);
    if (!code)
        code = packed_check(where, archive, set->archive_sha256, e);
    for (int i = 0; i < set_files(set); i++)
        member_add(&s, set->files[i].name, set->files[i].size, false);
    for (int i = 0; i < 2 && set->beside[i]; i++)
        member_add(&s, set->beside[i], BESIDE_BYTES, true);
    if (!code)
        code = f->unpack(archive, where, s.members, s.count, NULL, NULL,
                         e); /* all of it is good before the first is stored */
    if (!code)
        code = f->unpack(archive, where, s.members, s.count, member_store, &s, e);
    for (int i = 0; i < s.count; i++)
        free(s.members[i].name);
    return code;
}

/* ---- from a folder ---- */

static char *file_offered(const data_set_info *set, const char *from, const char *name)
{
    char *path = alloc_format("%s/%s", from, name);
    if (source_there(path))
        return path;
    free(path);
    return alloc_format("%s/%s/%s", from, set->name, name);
}

/* What is fetched of a set before anything is stored. */
typedef struct fetched {
    char *bytes;
    size_t count;
} fetched;

static int packed_take(const char *path, const char *expected, int64_t size, fetched *out, error *e)
{
    char *packed = alloc_format("%s.gz", path);
    int code = file_exists(packed) ? packed_check(packed, packed, expected, e)
                                   : error_set(e, EXIT_NO_INPUT,
                                               "%s: found no such file; expected it packed, as it is published, "
                                               "whose SHA-256 is known",
                                               packed);
    if (!code)
        code = gzip_all(packed, packed, size, &out->bytes, e);
    out->count = code ? 0 : (size_t)size;
    free(packed);
    return code;
}

static int file_take(const data_set_info *set, int i, const char *from, fetched *out, error *e)
{
    char *path = file_offered(set, from, set->files[i].name);
    source *s = NULL;
    int code;
    if (!set->files[i].sha256) {
        code = packed_take(path, set->packed[i], set->files[i].size, out, e);
        free(path);
        return code;
    }
    code = source_open(path, &s, e);
    if (!code)
        code = source_all(s, (size_t)set->files[i].size, &out->bytes, &out->count, e);
    if (!code)
        code = bytes_check(source_path(s), out->bytes, out->count, set->files[i].sha256, e);
    source_close(s);
    free(path);
    return code;
}

static int archive_fetch(const data_set_info *set, const char *from, const char *root, error *e)
{
    char *path = file_offered(set, from, set->archive);
    int code = file_exists(path) ? set_store_archive(set, path, path, root, e)
                                 : error_set(e, EXIT_NO_INPUT,
                                             "%s: found no such file; expected the archive as it is published, whose "
                                             "SHA-256 is known",
                                             path);
    free(path);
    return code;
}

int data_fetch(const data_set_info *set, const char *from, const char *root, error *e)
{
    fetched files[SET_FILES] = {0};
    int count = set_files(set), code = set_unknown(set, e);
    if (!code && set->archive)
        return archive_fetch(set, from, root, e);
    for (int i = 0; !code && i < count; i++)
        code = file_take(set, i, from, &files[i], e);
    for (int i = 0; !code && i < count; i++)
        code = file_store(set, set->files[i].name, files[i].bytes, files[i].count, root, e);
    for (int i = 0; i < count; i++)
        free(files[i].bytes);
    return code;
}
