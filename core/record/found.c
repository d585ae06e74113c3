/* Which checkpoints a folder has, by their manifests: see manifest.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "record/manifest.h"

static int found_compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if ((x->code != 0) != (y->code != 0))
        return x->code ? -1 : 1;
    if (!x->code && x->manifest.head.serial != y->manifest.head.serial)
        return x->manifest.head.serial > y->manifest.head.serial ? -1 : 1;
    return -strcmp(x->name, y->name);
}

static struct found *found_new(struct found_list *list, const char *name)
{
    list->at = alloc_again(list->at, (size_t)list->count + 1, sizeof *list->at);
    list->at[list->count] = (struct found){.name = alloc_text(name)};
    return &list->at[list->count++];
}

static void found_sort(struct found_list *list)
{
    if (list->count)
        qsort(list->at, (size_t)list->count, sizeof *list->at, found_compare);
}

void found_add(struct found_list *list, const char *name, const manifest *m)
{
    struct found *f = found_new(list, name);
    f->manifest = *m;
    f->manifest.head.state = NULL;
    found_sort(list);
}

static void found_read(const char *folder, struct found *f)
{
    char *path = alloc_format("%s/%s/manifest.json", folder, f->name);
    f->code = manifest_read(path, &f->manifest, &f->newer, &f->why);
    json_decref(f->manifest.head.state);
    f->manifest.head.state = NULL;
    free(path);
}

int found_look(const char *folder, struct found_list *out, error *e)
{
    DIR *names = opendir(folder);
    struct dirent *one;
    struct stat about;
    *out = (struct found_list){0};
    if (!names && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!names)
        return error_system(e, EXIT_IO, "%s: cannot be read", folder);
    while ((one = readdir(names)))
        if (!strncmp(one->d_name, "step-", 5) && fstatat(dirfd(names), one->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(about.st_mode))
            found_read(folder, found_new(out, one->d_name));
    closedir(names);
    found_sort(out);
    return 0;
}

void found_free(struct found_list *list)
{
    for (int64_t i = 0; i < list->count; i++)
        free(list->at[i].name);
    free(list->at);
    *list = (struct found_list){0};
}

int found_sizes(const char *folder, const char *name, const manifest *m, error *e)
{
    int code = 0;
    for (int i = 0; i < MANIFEST_FILES && !code; i++) {
        struct stat about;
        char *path = alloc_format("%s/%s/%s", folder, name, manifest_files[i]);
        if (lstat(path, &about) != 0)
            code = error_system(e, EXIT_DATA, "%s: found no file to read; expected one", path);
        else if ((uint64_t)about.st_size != m->files[i].bytes)
            code = error_set(e, EXIT_DATA, "%s: found %llu bytes; expected %llu, as the manifest says", path,
                             (unsigned long long)about.st_size, (unsigned long long)m->files[i].bytes);
        free(path);
    }
    return code;
}

static bool is_checkpoint(const char *folder, const char *name)
{
    struct stat about;
    char *path = alloc_format("%s/%s", folder, name);
    bool is = !strncmp(name, "step-", 5) && !strchr(name, '/') && lstat(path, &about) == 0 && S_ISDIR(about.st_mode);
    free(path);
    return is;
}

char *latest_read(const char *folder, error *why)
{
    char *path = alloc_format("%s/latest", folder), name[256], *found = NULL;
    ssize_t length = readlink(path, name, sizeof name);
    if (length < 0 && errno != ENOENT && errno != ENOTDIR)
        error_set(why, EXIT_DATA, "%s: found no link; expected one to a checkpoint beside it", path);
    if (length >= 0) {
        name[length < (ssize_t)sizeof name ? length : 0] = '\0';
        if (is_checkpoint(folder, name))
            found = alloc_text(name);
        else
            error_set(why, EXIT_DATA, "%s: found a link to %s; expected one to a checkpoint beside it", path,
                      text_quoted(name));
    }
    free(path);
    return found;
}
