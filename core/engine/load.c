/* Finding LibTorch, and loading it with the engine into this process.
 *
 * `perdure` itself links neither: loading them takes up to a second, which a command that computes nothing does not pay.
 * LibTorch is loaded first and by its absolute path, so that the engine binds to this one and to no other that the
 * machine may have. Nothing is ever unloaded: LibTorch does not survive it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/program.h"
#include "engine/engine.h"
#include "engine/resident.h"

#define CPU_LIBRARY "lib/libtorch_cpu.so"

static bool holds_torch(const char *root)
{
    char *library = alloc_format("%s/" CPU_LIBRARY, root);
    bool there = access(library, R_OK) == 0;
    free(library);
    return there;
}

/* Of `path`, what realpath makes of it: dlopen's messages and dladdr then name it without "..". Frees `path`. */
static char *resolved(char *path)
{
    char *real = realpath(path, NULL);
    if (!real)
        return path;
    free(path);
    return real;
}

/* The command with its folder where it is installed: that need not stand in PATH. */
static int hint_setup(error *e)
{
    char *folder = program_built() ? NULL : program_folder();
    error_hint(e, "run %s%s%s, or set TORCH_ROOT to the folder that holds LibTorch's lib/", folder ? folder : "",
               folder ? "/" : "", program_setup());
    free(folder);
    return e->code;
}

/* Where the set-up puts it: of a build in the checkout around it, else in the prefix. Nothing above the prefix is looked
 * at, as in /tmp/mine it could be anybody's. */
static char *torch_place(void)
{
    char *prefix = program_prefix();
    char *place = alloc_format("%s/%s", prefix, program_built() ? "../../.deps/libtorch/torch" : "lib/perdure/torch");
    free(prefix);
    return place;
}

char *engine_torch_root(error *e)
{
    const char *asked = getenv("TORCH_ROOT");
    char *root = asked && *asked ? alloc_text(asked) : torch_place();
    if (holds_torch(root))
        return resolved(root);
    error_set(e, EXIT_UNAVAILABLE, "LibTorch: found no " CPU_LIBRARY " in %s; expected LibTorch %s", root,
              PERDURE_TORCH_BUILT);
    hint_setup(e);
    free(root);
    return NULL;
}

/* What LibTorch says of itself; one before 2.9 has no such symbol, and open() asks it in another way. */
static int check_version(void *torch, error *e)
{
    void *symbol = dlsym(torch, "aoti_torch_abi_version");
    if (!symbol)
        return 0;
    uint64_t (*ask)(void);
    memcpy(&ask, &symbol, sizeof ask);
    int major = 0, minor = 0, has_major = (int)(ask() >> 56), has_minor = (int)(ask() >> 48 & 0xff);
    if (sscanf(PERDURE_TORCH_BUILT, "%d.%d", &major, &minor) == 2 && major == has_major && minor == has_minor)
        return 0;
    error_set(e, EXIT_UNAVAILABLE,
              "LibTorch: found version %d.%d; expected %d.%d, which this Perdure was built against", has_major,
              has_minor, major, minor);
    return program_built() ? error_hint(e, "set TORCH_ROOT to the LibTorch of the build, or build again")
                           : hint_setup(e);
}

static int load_torch(error *e)
{
    char *root = engine_torch_root(e);
    if (!root)
        return EXIT_UNAVAILABLE;
    char *library = alloc_format("%s/" CPU_LIBRARY, root);
    void *torch = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    int code = torch ? check_version(torch, e)
                     : error_set(e, EXIT_UNAVAILABLE, "LibTorch: found that %s does not load: %s", library, dlerror());
    free(library);
    free(root);
    return code;
}

static int load_engine(const struct engine **out, error *e)
{
    char *library = program_library("libperdure_engine.so");
    void *object = dlopen(library, RTLD_NOW | RTLD_LOCAL), *symbol = object ? dlsym(object, "perdure_engine") : NULL;
    const struct engine *(*entry)(uint32_t) = NULL;
    memcpy(&entry, &symbol, sizeof entry);
    if (!entry) {
        error_set(e, EXIT_UNAVAILABLE,
                  "engine: found that it does not load with this LibTorch; expected LibTorch %s: %s",
                  PERDURE_TORCH_BUILT, dlerror());
    } else if (!(*out = entry(ENGINE_VERSION))) {
        error_set(e, EXIT_UNAVAILABLE, "engine: found a libperdure_engine.so of another version; expected version %u",
                  ENGINE_VERSION);
    }
    free(library);
    return *out ? 0 : EXIT_UNAVAILABLE;
}

int engine_load(const struct engine **out, error *e)
{
    static const struct engine *loaded;
    *out = loaded;
    if (loaded)
        return 0;
    /* Threads are as the scenario says: no library changes their number by itself. */
    setenv("OMP_DYNAMIC", "false", 0);
    setenv("MKL_DYNAMIC", "false", 0);
    int code = load_torch(e);
    if (!code)
        code = load_engine(&loaded, e);
    if (!code)
        resident_drop(CPU_LIBRARY);
    *out = loaded;
    return code;
}
