/* Finding and loading what speaks to libarchive; see archive.h. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/program.h"
#include "run/archive.h"

static int archiver_load(const archiver **out, error *e)
{
    char *path = program_library("libperdure_archive.so");
    bool there = file_exists(path);
    void *object = there ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = object ? dlsym(object, "perdure_archiver") : NULL;
    const archiver *(*entry)(uint32_t) = NULL;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from an object to a function */
    *out = entry ? entry(ARCHIVER_VERSION) : NULL;
    if (!there) {
        error_set(e, EXIT_UNAVAILABLE,
                  "bundle: found a Perdure that was built without libarchive; expected one with it");
        error_hint(e, "Debian: apt-get install libarchive-dev, and build again; or use the folder of the run");
    } else if (!*out) {
        error_set(e, EXIT_UNAVAILABLE, "bundle: found that libperdure_archive.so does not load: %s",
                  entry ? "it is of another version" : dlerror());
        error_hint(e, "Debian: apt-get install libarchive13; or build Perdure again");
    }
    free(path);
    return *out ? 0 : EXIT_UNAVAILABLE;
}

int archive_pack(const char *file, const archive_member *members, size_t count, int64_t mtime, error *e)
{
    const archiver *a = NULL;
    int code = archiver_load(&a, e);
    return code ? code : a->pack(file, members, count, mtime, e);
}

int archive_unpack(const char *file, const char *folder, error *e)
{
    const archiver *a = NULL;
    int code = archiver_load(&a, e);
    return code ? code : a->unpack(file, folder, e);
}
