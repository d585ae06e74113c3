/* Where strategies are looked for by name: PERDURE_PLUGIN_PATH, then the folder that was installed with the program. The
 * working directory is never searched, so that a file that happens to lie there is never run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/program.h"
#include "base/text.h"
#include "plugin/plugin.h"

/* lib/perdure/plugins/<major> beside the folder of the program. */
static char *folder_installed(void)
{
    char *prefix = program_prefix(), *folder = alloc_format("%s/lib/perdure/plugins/%u", prefix, PDR_ABI_MAJOR);
    free(prefix);
    return folder;
}

/* Every folder of the path, in order; relative ones are left out, because they would mean the working directory. */
static size_t folders_open(char ***out)
{
    size_t count = 0;
    char **folders = NULL;
    char *path = alloc_text(getenv("PERDURE_PLUGIN_PATH")), *rest = path;
    for (char *one; (one = strsep(&rest, ":"));)
        if (one[0] == '/') {
            folders = alloc_again(folders, count + 1, sizeof *folders);
            folders[count++] = alloc_text(one);
        }
    folders = alloc_again(folders, count + 1, sizeof *folders);
    folders[count++] = folder_installed();
    free(path);
    *out = folders;
    return count;
}

const char *plugin_search_path(void)
{
    static text path;
    text_free(&path);
    char **folders;
    size_t count = folders_open(&folders);
    for (size_t i = 0; i < count; i++)
        text_addf(&path, "%s%s", i ? "\n" : "", folders[i]);
    plugin_names_free(folders, count);
    return path.at ? path.at : "";
}

static int names_compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static size_t names_unique(char **names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept && !strcmp(names[kept - 1], names[i]))
            free(names[i]);
        else
            names[kept++] = names[i];
    return kept;
}

/* A name that no scenario can hold is none: it could not be printed either. */
static void names_add(const char *folder, char ***names, size_t *count)
{
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 3, ".so") || !text_plain(entry->d_name))
            continue;
        *names = alloc_again(*names, *count + 1, sizeof **names);
        (*names)[*count] = alloc_format("%.*s", (int)length - 3, entry->d_name);
        ++*count;
    }
    if (d)
        closedir(d);
}

char **plugin_names(size_t *count)
{
    char **folders, **names = NULL;
    size_t folder_count = folders_open(&folders);
    *count = 0;
    for (size_t i = 0; i < folder_count; i++)
        names_add(folders[i], &names, count);
    plugin_names_free(folders, folder_count);
    if (*count)
        qsort(names, *count, sizeof *names, names_compare);
    *count = names_unique(names, *count);
    return names;
}

void plugin_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

/* Whatever has the name counts, a folder or a dangling link too: the loader says what is wrong with it. */
char **plugin_files(const char *name, size_t *count)
{
    char **folders, **found = NULL;
    size_t folder_count = folders_open(&folders);
    struct stat about;
    *count = 0;
    for (size_t i = 0; i < folder_count; i++) {
        char *path = alloc_format("%s/%s.so", folders[i], name);
        if (lstat(path, &about) == 0) {
            found = alloc_again(found, *count + 1, sizeof *found);
            found[(*count)++] = path;
        } else {
            free(path);
        }
    }
    plugin_names_free(folders, folder_count);
    return found;
}

static int name_unknown(const char *name, error *e)
{
    size_t count;
    char **names = plugin_names(&count);
    const char *nearest = text_nearest(name, (const char *const *)names, count);
    text known = {0};
    for (size_t i = 0; i < count; i++)
        text_addf(&known, "%s%s", i ? ", " : "", names[i]);
    error_set(e, EXIT_UNAVAILABLE, "found no strategy %s; expected one of: %s", text_quoted(name),
              known.at ? known.at : "(none is installed)");
    if (nearest)
        error_hint(e, "did you mean %s?", nearest);
    else
        error_hint(e, "searched: %s; PERDURE_PLUGIN_PATH adds folders", plugin_search_path());
    text_free(&known);
    plugin_names_free(names, count);
    return EXIT_UNAVAILABLE;
}

int plugin_find(const char *name, const plugin **out, error *e)
{
    size_t count = 0;
    char **paths = strchr(name, '/') ? NULL : plugin_files(name, &count);
    *out = NULL;
    if (count == 0)
        return name_unknown(name, e);
    int code = plugin_open(paths[0], out, e);
    if (!code && strcmp((*out)->descriptor->name, name)) {
        code = error_set(e, EXIT_UNAVAILABLE, "%s: found strategy %s in it; expected %s, as the file is named",
                         paths[0], (*out)->descriptor->name, name);
        *out = NULL;
    }
    plugin_names_free(paths, count);
    return code;
}
