/* See program.h. */
#include "base/program.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static const char self[] = "/proc/self/exe"; /* without /proc nothing is found below it, in words that say where */

char *program_path(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink(self, path, sizeof path - 1);
    if (length <= 0)
        return alloc_text(self);
    path[length] = '\0';
    return alloc_text(path);
}

char *program_folder(void)
{
    char *path = program_path(), *folder = path_folder(path);
    free(path);
    return folder;
}

char *program_prefix(void)
{
    char *folder = program_folder(), *prefix = path_folder(folder);
    free(folder);
    return prefix;
}

char *program_library(const char *file)
{
    char *prefix = program_prefix(), *path = alloc_format("%s/lib/%s", prefix, file);
    free(prefix);
    return path;
}

/* CMake leaves its cache in the folder that it builds in, and installs it nowhere. */
bool program_built(void)
{
    char *prefix = program_prefix(), *cache = alloc_format("%s/CMakeCache.txt", prefix);
    bool built = file_exists(cache);
    free(cache);
    free(prefix);
    return built;
}

const char *program_setup(void) { return program_built() ? "scripts/setup" : "perdure-setup-torch"; }
