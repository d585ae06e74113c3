/* Writing a checkpoint. Its files are made in a folder of another name, each fsynced and the folder too; the rename is
 * the moment from which it is there, and `latest` follows. So a crash at any moment leaves the old one, the new one, or
 * both, and never half of one under a name that is read. Reading is in checkpoint_read.c, what stays in keep.c. */
#include "record/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/arrays_file.h"
#include "record/manifest.h"
#include "record/strict_file.h"

enum { NAMES_TRIED = 1000 };

/* ---- the files ---- */

static int arrays_put(const char *folder, int which, const arrays *a, manifest *m, error *e)
{
    char *path = alloc_format("%s/%s", folder, manifest_files[which]);
    json_t *metadata = json_pack("{s:s, s:s}", "format", "pt", "perdure.plan_sha256", m->head.plan_sha256);
    int code = arrays_write(path, a, metadata, m->files[which].digest, &m->files[which].bytes, e);
    json_decref(metadata);
    free(path);
    return code;
}

static int manifest_put(const char *folder, const manifest *m, error *e)
{
    char *path = alloc_format("%s/manifest.json", folder);
    text words = {0};
    new_file *f = NULL;
    int code = manifest_text(path, m, &words, e);
    if (!code)
        code = new_file_open(path, &f, e);
    if (!code) {
        new_file_add(f, words.at, words.length);
        code = new_file_close(f, true, NULL, NULL, e);
    }
    text_free(&words);
    free(path);
    return code;
}

static int files_put(const char *folder, const checkpoint *c, manifest *m, error *e)
{
    int code = arrays_put(folder, FILE_WEIGHTS, &c->weights, m, e);
    if (!code)
        code = arrays_put(folder, FILE_STATE, &c->rest, m, e);
    if (!code)
        code = manifest_put(folder, m, e);
    return code ? code : folder_sync(folder, e);
}

/* ---- the name ---- */

/* A name that is taken is that of one that stays. Owned. */
static char *name_again(const char *prefix, const char *name, int tries)
{
    return tries ? alloc_format("%s%s-again-%d", prefix, name, tries + 1) : alloc_format("%s%s", prefix, name);
}

/* Never over something that is there. Some file systems do not know how to be asked for that. */
static bool rename_new(const char *from, const char *to)
{
    struct stat about;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (lstat(to, &about) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

int place_take_as(const char *folder, const char *from, const char *prefix, const char *name, char **taken, error *e)
{
    for (int tries = 0;; tries++) {
        *taken = name_again(prefix, name, tries);
        char *path = alloc_format("%s/%s", folder, *taken);
        int code = 0;
        bool there = false;
        if (!rename_new(from, path)) {
            there = errno == EEXIST && tries < NAMES_TRIED;
            code = there ? 0 : error_system(e, EXIT_IO, "%s: cannot be written", path);
        }
        free(path);
        if (!there)
            return code;
        free(*taken);
    }
}

static int place_take(const char *folder, const char *tmp, checkpoint *c, error *e)
{
    char *name = alloc_format("step-%08lld-%s-task-%lld", (long long)c->step, c->after_task ? "after" : "in",
                              (long long)c->task);
    free(c->name);
    int code = place_take_as(folder, tmp, "", name, &c->name, e);
    free(name);
    return code;
}

/* ---- latest ---- */

/* A file system without links has no `latest`: readers then take the newest by number. */
int latest_set(const char *folder, const char *name, error *e)
{
    char *latest = alloc_format("%s/latest", folder), *link = alloc_format("%s/.latest-%ld", folder, (long)getpid());
    int code = 0;
    if (symlink(name, link) != 0)
        code = errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP
                   ? 0
                   : error_system(e, EXIT_IO, "%s: cannot be written", link);
    else
        code = file_move(link, latest, e);
    if (code)
        unlink(link);
    free(link);
    free(latest);
    return code;
}

/* ---- the whole ---- */

static int one_write(const char *folder, checkpoint *c, manifest *m, error *e)
{
    char *tmp = alloc_format("%s/.tmp-%lld-%ld", folder, (long long)c->serial, (long)getpid());
    int code = 0;
    bool made = mkdir(tmp, 0777) == 0;
    if (!made)
        code = error_system(e, EXIT_CREATE, "%s: cannot be created", tmp);
    if (!code)
        code = files_put(tmp, c, m, e);
    if (!code)
        code = place_take(folder, tmp, c, e);
    if (code && made)
        keep_drop(tmp, NULL); /* the first error is the one to be told */
    free(tmp);
    return code ? code : folder_sync(folder, e);
}

/* Without a state of the caller's there is an empty one. */
static manifest manifest_of(const checkpoint *c, int64_t now)
{
    manifest m = {.written = now};
    m.head = *c;
    m.head.state = c->state ? json_incref(c->state) : json_object();
    return m;
}

static int64_t serial_after(const struct found_list *list)
{
    int64_t most = 0;
    for (int64_t i = 0; i < list->count; i++)
        if (!list->at[i].code && list->at[i].manifest.head.serial > most)
            most = list->at[i].manifest.head.serial;
    return most + 1;
}

int checkpoint_write_at(const char *folder, checkpoint *c, const struct checkpoint_options *keep, int64_t now, error *e)
{
    struct found_list list = {0};
    int code = folder_make(folder, e);
    if (!code)
        code = keep_sweep(folder, false, e);
    if (!code)
        code = found_look(folder, &list, e);
    c->serial = serial_after(&list);
    manifest m = manifest_of(c, now);
    if (!code)
        code = one_write(folder, c, &m, e);
    if (!code)
        code = latest_set(folder, c->name, e);
    if (!code) {
        found_add(&list, c->name, &m);
        code = keep_apply(folder, &list, keep, c->name, e);
    }
    json_decref(m.head.state);
    found_free(&list);
    return code;
}

int checkpoint_write(const char *folder, checkpoint *c, const struct checkpoint_options *keep, error *e)
{
    return checkpoint_write_at(folder, c, keep, (int64_t)time(NULL), e);
}
