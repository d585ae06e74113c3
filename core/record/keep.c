/* Which checkpoints stay: see manifest.h. Order is by serial and never by the clock, which may jump: the newest and the
 * one that `latest` names stay whatever it says. What cannot be read or has a file cut short is left alone and not
 * counted: it takes no whole one's place, and people may want to look at it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/manifest.h"

enum { DAY = 24 * 60 * 60 };

/* ---- removing ---- */

/* Folders that somebody put into it stay, and it with them. */
int keep_drop(const char *path, error *e)
{
    DIR *names = opendir(path);
    struct dirent *one;
    int code = 0;
    if (!names)
        return errno == ENOENT || errno == ENOTDIR ? 0 : error_system(e, EXIT_IO, "%s: cannot be removed", path);
    while (!code && (one = readdir(names)))
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0 &&
            unlinkat(dirfd(names), one->d_name, 0) != 0 && errno != ENOENT && errno != EISDIR)
            code = error_system(e, EXIT_IO, "%s/%s: cannot be removed", path, one->d_name);
    closedir(names);
    if (!code && rmdir(path) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
        code = error_system(e, EXIT_IO, "%s: cannot be removed", path);
    return code;
}

/* First under a name that no reader takes, as it is not whole from the first file on. */
static int checkpoint_drop(const char *folder, const char *name, error *e)
{
    char *path = alloc_format("%s/%s", folder, name), *trash = alloc_format("%s/.trash-%s", folder, name);
    int code = 0;
    if (rename(path, trash) != 0)
        code = errno == ENOENT ? 0 : error_system(e, EXIT_IO, "%s: cannot be removed", path);
    else
        code = keep_drop(trash, e);
    free(trash);
    free(path);
    return code;
}

/* ---- what is half done ---- */

/* .tmp-SERIAL-PID and .latest-PID. One with this process's number is of an earlier process that had it. */
static bool is_alive(const char *name)
{
    long pid = strtol(strrchr(name, '-') + 1, NULL, 10);
    return pid > 0 && pid != (long)getpid() && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static int leftover_drop(const char *folder, const char *name, bool all, error *e)
{
    bool link = !strncmp(name, ".latest-", 8), trash = !strncmp(name, ".trash-", 7), tmp = !strncmp(name, ".tmp-", 5);
    int code = 0;
    if (!(link || trash || tmp) || (!all && !trash && is_alive(name)))
        return 0;
    char *path = alloc_format("%s/%s", folder, name);
    if (!link)
        code = keep_drop(path, e);
    else if (unlink(path) != 0 && errno != ENOENT)
        code = error_system(e, EXIT_IO, "%s: cannot be removed", path);
    free(path);
    return code;
}

int keep_sweep(const char *folder, bool all, error *e)
{
    DIR *names = opendir(folder);
    struct dirent *one;
    int code = 0;
    if (!names)
        return errno == ENOENT || errno == ENOTDIR ? 0 : error_system(e, EXIT_IO, "%s: cannot be read", folder);
    while (!code && (one = readdir(names)))
        code = leftover_drop(folder, one->d_name, all, e);
    closedir(names);
    return code;
}

/* ---- what stays ---- */

struct keeping {
    int64_t last, weekly, since; /* how many are still to be kept, and from when on all are */
    int64_t *weeks, week_count;  /* those that have one already */
};

/* Weeks begin on Mondays, as ISO 8601 has them; 1970 began on a Thursday. */
static int64_t week_of(int64_t written)
{
    int64_t days = written / DAY - (written % DAY < 0) + 3;
    return days / 7 - (days % 7 < 0);
}

static bool is_kept(struct keeping *k, int64_t written)
{
    int64_t week = week_of(written);
    bool stays = k->last > 0, known = false;
    for (int64_t i = 0; i < k->week_count; i++)
        known = known || k->weeks[i] == week;
    if (!known && k->week_count < k->weekly) {
        k->weeks[k->week_count++] = week;
        stays = true;
    }
    k->last -= k->last > 0;
    return stays || written > k->since;
}

int keep_apply(const char *folder, const struct found_list *list, const struct checkpoint_options *keep,
               const char *newest, error *e)
{
    struct keeping k = {.last = keep->last, .weekly = keep->weekly, .since = INT64_MAX};
    char *latest = latest_read(folder, NULL);
    int code = 0;
    int64_t dropped = 0;
    k.weeks = alloc_zero((size_t)list->count + 1, sizeof *k.weeks);
    for (int64_t i = 0; i < list->count; i++)
        if (keep->days && !strcmp(list->at[i].name, newest))
            k.since = list->at[i].manifest.written - keep->days * DAY;
    for (int64_t i = 0; i < list->count && !code; i++) {
        const struct found *f = &list->at[i];
        if (f->code || found_sizes(folder, f->name, &f->manifest, NULL) || is_kept(&k, f->manifest.written) ||
            !strcmp(f->name, newest) || (latest && !strcmp(f->name, latest)))
            continue;
        code = checkpoint_drop(folder, f->name, e);
        dropped++;
    }
    if (!code && dropped)
        code = folder_sync(folder, e);
    free(k.weeks);
    free(latest);
    return code;
}

/* ---- all of them ---- */

static int checkpoints_drop(const char *folder, error *e)
{
    DIR *names = opendir(folder);
    struct dirent *one;
    int code = 0;
    while (names && !code && (one = readdir(names)))
        if (!strncmp(one->d_name, "step-", 5) || !strncmp(one->d_name, LEFT_PREFIX, strlen(LEFT_PREFIX)))
            code = checkpoint_drop(folder, one->d_name, e);
    if (names)
        closedir(names);
    return code;
}

int checkpoint_remove_all(const char *folder, error *e)
{
    char *latest = alloc_format("%s/latest", folder);
    int code = 0;
    if (unlink(latest) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
        code = error_system(e, EXIT_IO, "%s: cannot be removed", latest);
    if (!code)
        code = checkpoints_drop(folder, e);
    if (!code)
        code = keep_sweep(folder, true, e);
    rmdir(folder); /* where something else lies in it, it stays */
    free(latest);
    return code;
}
