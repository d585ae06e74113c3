/* A .tar.gz gone through by libarchive: what fetch.h promises of unpack(). Part of libperdure_fetch.so.
 *
 * libarchive writes nothing here (archive_write_disk is not used): a wanted member's bytes go to whoever asked for it, who
 * knows where they belong. So no path of an archive is ever opened, and one that would leave its folder is refused all the
 * same, as the archive was not made by who published the set. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/transfer.h"

enum { BLOCK = 1 << 16, MEMBERS = 1000 };

struct opened {
    const char *where;
    struct archive *archive;
    const member *members;
    int count;
    bool found[16];
    int64_t most, seen, entries; /* bytes that all members may have, and have had; how many there were */
};

/* Members that nobody wants are looked at too: an archive with one of these is none of the published ones. */
static int entry_check(struct opened *o, struct archive_entry *entry, error *e)
{
    const char *path = archive_entry_pathname(entry), *what = NULL;
    mode_t type = archive_entry_filetype(entry);
    int64_t size = archive_entry_size(entry);
    if (!path)
        return error_set(e, EXIT_DATA, "%s: found a member without a name that can be read; expected none", o->where);
    if (path[0] == '/' || path_climbs(path))
        what = "whose path leaves the archive's folder";
    else if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) || type == AE_IFLNK)
        what = "a link";
    else if (type != AE_IFREG && type != AE_IFDIR)
        what = "neither file nor folder";
    if (what)
        return error_set(e, EXIT_DATA, "%s: found member %s, %s; expected plain files", o->where, text_quoted(path),
                         what);
    o->seen += size > 0 ? size : 0;
    if (++o->entries > MEMBERS || o->seen > o->most)
        return error_set(e, EXIT_DATA, "%s: found more than %s; expected at most that", o->where,
                         o->entries > MEMBERS ? "1000 members" : "twice the bytes of the set");
    return 0;
}

static int member_index(const struct opened *o, const char *path)
{
    path += strncmp(path, "./", 2) ? 0 : 2;
    for (int i = 0; i < o->count; i++)
        if (!strcmp(o->members[i].name, path))
            return i;
    return -1;
}

static int archive_failed(const struct opened *o, error *e)
{
    const char *said = archive_error_string(o->archive);
    return error_set(e, EXIT_DATA, "%s: found a damaged archive (%s); expected a .tar.gz", o->where,
                     said ? text_quoted(said) : "it does not say why");
}

static int member_read(struct opened *o, int index, int64_t size, member_take *take, void *self, error *e)
{
    char *bytes = alloc_zero((size_t)size + 1, 1);
    int64_t done = 0;
    ssize_t got = 0;
    while (done <= size && (got = archive_read_data(o->archive, bytes + done, (size_t)(size - done) + 1)) > 0)
        done += got;
    int code = got < 0 ? archive_failed(o, e) : 0;
    if (!code && done != size)
        code = error_set(e, EXIT_DATA, "%s: found %lld bytes of %s; expected %lld", o->where, (long long)done,
                         o->members[index].name, (long long)size);
    if (!code && take)
        code = take(self, index, bytes, (size_t)size, e);
    free(bytes);
    return code;
}

static int entry_take(struct opened *o, struct archive_entry *entry, member_take *take, void *self, error *e)
{
    int code = entry_check(o, entry, e);
    int index = code ? -1 : member_index(o, archive_entry_pathname(entry));
    int64_t size = archive_entry_size(entry);
    if (index < 0)
        return code;
    const member *m = &o->members[index];
    if (o->found[index])
        return error_set(e, EXIT_DATA, "%s: found %s twice; expected it once", o->where, m->name);
    o->found[index] = true;
    if (size < 0 || (m->spare ? size > m->size : size != m->size))
        return error_set(e, EXIT_DATA, "%s: found %lld bytes of %s; expected %s%lld", o->where, (long long)size,
                         m->name, m->spare ? "at most " : "", (long long)m->size);
    return member_read(o, index, size, take, self, e);
}

static int members_check(const struct opened *o, error *e)
{
    for (int i = 0; i < o->count; i++)
        if (!o->found[i] && !o->members[i].spare)
            return error_set(e, EXIT_DATA, "%s: found no member %s; expected it", o->where, o->members[i].name);
    return 0;
}

int unarchive(const char *path, const char *where, const member *members, int count, member_take *take, void *self,
              error *e)
{
    struct opened o = {
        .where = where, .archive = archive_read_new(), .members = members, .count = count, .most = 1 << 20};
    struct archive_entry *entry;
    int code = 0, state = ARCHIVE_OK;
    for (int i = 0; i < count; i++)
        o.most += 2 * members[i].size;
    if (!o.archive || count > (int)(sizeof o.found / sizeof *o.found))
        return error_set(e, EXIT_INTERNAL, "%s: found no room for %d members", where, count);
    archive_read_support_filter_gzip(o.archive);
    archive_read_support_format_tar(o.archive);
    if (archive_read_open_filename(o.archive, path, BLOCK) != ARCHIVE_OK)
        code = archive_failed(&o, e);
    while (!code && (state = archive_read_next_header(o.archive, &entry)) != ARCHIVE_EOF)
        code =
            state == ARCHIVE_OK || state == ARCHIVE_WARN ? entry_take(&o, entry, take, self, e) : archive_failed(&o, e);
    if (!code)
        code = members_check(&o, e);
    archive_read_free(o.archive);
    return code;
}

const char *unarchive_library(void) { return archive_version_string(); }
