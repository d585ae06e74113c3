/* Finding and loading the half that needs libcurl and libarchive; see fetch.h. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/program.h"
#include "data/fetch.h"

int fetcher_load(const fetcher **out, error *e)
{
    static const fetcher *loaded;
    if ((*out = loaded))
        return 0;
    char *path = program_library("libperdure_fetch.so");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol = object ? dlsym(object, "perdure_fetcher") : NULL;
    const fetcher *(*entry)(uint32_t) = NULL;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from an object to a function */
    if (!entry) {
        error_set(e, EXIT_UNAVAILABLE, "data fetch: found that libperdure_fetch.so does not load: %s", dlerror());
        error_hint(e, "Debian: apt-get install libcurl4 libarchive13; or build Perdure again");
    } else if (!(*out = loaded = entry(FETCHER_VERSION))) {
        error_set(e, EXIT_UNAVAILABLE,
                  "data fetch: found a libperdure_fetch.so of another version; expected version %u", FETCHER_VERSION);
        error_hint(e, "build Perdure again");
    }
    free(path);
    return loaded ? 0 : EXIT_UNAVAILABLE;
}

int fetcher_needs_curl(const fetcher *f, error *e)
{
    if (f->download)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "data fetch: found a Perdure that was built without libcurl; expected one with it");
    return error_hint(e, "Debian: apt-get install libcurl4-openssl-dev, and build again; or --from FOLDER");
}

int fetcher_needs_archive(const fetcher *f, error *e)
{
    if (f->unpack)
        return 0;
    error_set(e, EXIT_UNAVAILABLE,
              "data fetch: found a Perdure that was built without libarchive; expected one with it");
    return error_hint(e, "Debian: apt-get install libarchive-dev, and build again; or unpack by hand");
}
