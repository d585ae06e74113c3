/* Opening one shared object and deciding whether it is a strategy that this host can run.
 *
 * Nothing of the plugin is called before its first eight bytes have been checked, and every refusal names the file, what
 * was found and what was expected, because its author reads nothing else. */
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "plugin/plugin.h"

enum { PLUGIN_BYTES = 1 << 30, NAME_LENGTH = 64 };

typedef const pdr_plugin *(*entry_function)(void);

/* ---- the three functions that touch the platform ---- */

static void *object_open(const char *path, error *e)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        error_set(e, EXIT_UNAVAILABLE, "%s: cannot be opened: %s", path, dlerror());
    return object;
}

static entry_function object_entry(void *object, const char *path, error *e)
{
    entry_function entry = NULL;
    void *symbol = dlsym(object, "perdure_plugin");
    memcpy(&entry, &symbol, sizeof entry); /* a function pointer out of dlsym, as POSIX has it */
    if (!entry)
        error_set(e, EXIT_UNAVAILABLE,
                  "%s: found no function perdure_plugin in it; expected a strategy built from <perdure/plugin.h>",
                  path);
    return entry;
}

static int object_digest(const char *path, char hex[SHA256_HEX], error *e)
{
    char *bytes = NULL;
    size_t count = 0;
    error why = {0};
    if (file_read(path, PLUGIN_BYTES, &bytes, &count, &why))
        return error_set(e, EXIT_UNAVAILABLE, "%s", why.text);
    sha256_bytes(bytes, count, hex);
    free(bytes);
    return 0;
}

/* ---- what is refused ---- */

static int version_check(const pdr_plugin *d, const char *path, error *e)
{
    uint32_t major = d->abi_version >> 16, minor = d->abi_version & 0xffffu;
    uint32_t offered = PDR_ABI_MINOR;
    if (major == PDR_ABI_MAJOR && minor <= offered)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "%s: needs plugin ABI %u.%u; this host offers %u.%u", path, major, minor,
              PDR_ABI_MAJOR, offered);
    return error_hint(e,
                      major == PDR_ABI_MAJOR ? "use a newer Perdure, or build it with -DPDR_TARGET_MINOR=%u"
                                             : "build it again from this Perdure's headers (major %u)",
                      major == PDR_ABI_MAJOR ? offered : PDR_ABI_MAJOR);
}

static int size_check(const char *path, const char *what, uint32_t found, size_t least, error *e)
{
    if (found >= least && found % 8 == 0 && found <= 4096)
        return 0;
    return error_set(e, EXIT_UNAVAILABLE,
                     "%s: %s.struct_size is %u; expected a multiple of 8 from %zu to 4096 (set it to sizeof)", path,
                     what, found, least);
}

static bool name_valid(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return length > 0 && length <= NAME_LENGTH;
}

static int members_check(const pdr_plugin *d, const char *path, error *e)
{
    const char *missing = !d->version   ? "version"
                          : !d->summary ? "summary"
                          : !d->hooks   ? "hooks"
                          : !d->create  ? "create"
                          : !d->destroy ? "destroy"
                                        : NULL;
    if (!name_valid(d->name))
        return error_set(e, EXIT_UNAVAILABLE, "%s: its name is %s; expected 1 to %d letters, digits, '.', '_' or '-'",
                         path, d->name ? text_quoted(d->name) : "NULL", NAME_LENGTH);
    if (missing)
        return error_set(e, EXIT_UNAVAILABLE, "%s: %s: descriptor member %s is NULL; expected it to be set", path,
                         d->name, missing);
    return 0;
}

/* Hooks behind the end of a shorter (older) struct are NULL; those behind ours (newer) are not looked at. */
static int hooks_take(plugin *p, error *e)
{
    const pdr_hooks *theirs = p->descriptor->hooks;
    if (size_check(p->path, "hooks", theirs->struct_size, offsetof(pdr_hooks, before_run), e))
        return e ? e->code : EXIT_UNAVAILABLE;
    size_t shared = theirs->struct_size < sizeof p->hooks ? theirs->struct_size : sizeof p->hooks;
    memcpy(&p->hooks, theirs, shared);
    p->hooks.struct_size = sizeof p->hooks;
    p->hooks.reserved = 0;
    static const pdr_hooks none = {.struct_size = sizeof(pdr_hooks)};
    if (!memcmp(&p->hooks, &none, sizeof none))
        return error_set(e, EXIT_UNAVAILABLE, "%s: %s has no hook at all; expected at least one", p->path,
                         p->descriptor->name);
    return 0;
}

static int parameters_take(plugin *p, error *e)
{
    const pdr_plugin *d = p->descriptor;
    p->parameters = (struct param_table){d->name, d->params, d->param_size, d->config_size};
    error why = {0};
    if (!d->params || !param_table_check(&p->parameters, &why))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE, "%s: %s", p->path, why.text);
}

static int descriptor_take(plugin *p, entry_function entry, error *e)
{
    const pdr_plugin *d = p->descriptor = entry();
    int code;
    if (!d)
        return error_set(e, EXIT_UNAVAILABLE, "%s: perdure_plugin() gave NULL; expected a descriptor", p->path);
    if ((code = version_check(d, p->path, e)) ||
        (code = size_check(p->path, "descriptor", d->struct_size, sizeof *d, e)) ||
        (code = members_check(d, p->path, e)) || (code = hooks_take(p, e)))
        return code;
    return parameters_take(p, e);
}

static plugin *plugin_take(const char *path, error *e)
{
    plugin *p = alloc_zero(1, sizeof *p);
    p->path = alloc_text(path);
    void *object = NULL;
    entry_function entry = NULL;
    if (!object_digest(path, p->sha256, e) && (object = object_open(path, e)) &&
        (entry = object_entry(object, path, e)) && !descriptor_take(p, entry, e))
        return p;
    free(p->path); /* the object stays open: unloading is what crashes */
    free(p);
    return NULL;
}

/* ---- one file is opened once ---- */

static plugin **opened;
static size_t opened_count;

static const plugin *plugin_known(const char *path)
{
    for (size_t i = 0; i < opened_count; i++)
        if (!strcmp(opened[i]->path, path))
            return opened[i];
    return NULL;
}

int plugin_open(const char *path, const plugin **out, error *e)
{
    char real[PATH_MAX];
    *out = NULL;
    if (!realpath(path, real))
        return error_system(e, EXIT_UNAVAILABLE, "%s: no such plugin", path);
    if ((*out = plugin_known(real)))
        return 0;
    error why = {0};
    plugin *p = plugin_take(real, &why);
    if (!p) {
        error_set(e, why.code, "%s", why.text);
        return why.hint[0] ? error_hint(e, "%s", why.hint) : why.code;
    }
    opened = alloc_again(opened, opened_count + 1, sizeof(plugin *));
    *out = opened[opened_count++] = p;
    return 0;
}
