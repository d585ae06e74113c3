/* Opening a shared object and asking its one function: from here on the plugin's own code runs. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plugin/inside.h"

enum { LOADER_WORDS = 300 };
typedef const pdr_plugin *(*entry_function)(void);

/* The loader's words begin with the path, which ours do already; a symbol in them may hold any byte. */
static int object_refused(const char *path, error *e)
{
    const char *words = dlerror();
    size_t length = strlen(path);
    if (!words)
        words = "no reason was given";
    if (!strncmp(words, path, length) && !strncmp(words + length, ": ", 2))
        words += length + 2;
    char *tame = text_tamed(words, LOADER_WORDS);
    error_set(e, EXIT_UNAVAILABLE, "%s: found %s; expected a shared object that loads", path, tame);
    if (strstr(tame, "undefined symbol"))
        error_hint(e, "link the library that has it; Perdure's own functions come by the host tables");
    free(tame);
    return EXIT_UNAVAILABLE;
}

/* RTLD_NOW finds what is missing now and not in the middle of a run; RTLD_LOCAL keeps plugins apart. */
int object_open(const char *path, void **object, error *e)
{
    *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return *object ? 0 : object_refused(path, e);
}

/* A variable of that name would be run as if it were code. */
static bool symbol_is_data(void *symbol)
{
    Dl_info about;
    const ElfW(Sym) *found = NULL;
    void *at = NULL;
    bool known = dladdr1(symbol, &about, &at, RTLD_DL_SYMENT) != 0;
    found = at;
    int type = known && found ? ELF64_ST_TYPE(found->st_info) : STT_FUNC; /* as ELF32's */
    return type == STT_OBJECT || type == STT_COMMON || type == STT_TLS;
}

int object_ask(void *object, const char *path, const pdr_plugin **descriptor, error *e)
{
    entry_function entry = NULL;
    void *symbol = dlsym(object, "perdure_plugin");
    *descriptor = NULL;
    if (!symbol)
        return error_set(e, EXIT_UNAVAILABLE,
                         "%s: found no function perdure_plugin; expected a strategy built from <perdure/plugin.h>",
                         path);
    if (symbol_is_data(symbol))
        return error_set(e, EXIT_UNAVAILABLE,
                         "%s: found perdure_plugin as data; expected a function, as <perdure/plugin.h> declares it",
                         path);
    memcpy(&entry, &symbol, sizeof entry); /* a function pointer out of dlsym, as POSIX has it */
    *descriptor = entry();
    return *descriptor
               ? 0
               : error_set(e, EXIT_UNAVAILABLE, "%s: found NULL from perdure_plugin(); expected a descriptor", path);
}
