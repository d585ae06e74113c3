/* The descriptor of a plugin: what is refused, with both sides' numbers.
 *
 * Nothing is read behind the first eight bytes before those have been checked, and every refusal names the file, what
 * was found and what was expected, because its author reads nothing else. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "plugin/inside.h"

enum { NAME_LENGTH = 64, WORDS_LENGTH = 1000, CONFIG_BYTES = 1 << 20 };
/* The descriptor as 1.0 had it. What comes behind is there only when PDR_HAS says so. */
enum { DESCRIPTOR_LEAST = offsetof(pdr_plugin, extension) + sizeof(((pdr_plugin *)0)->extension) };

static int version_check(const pdr_plugin *d, const char *path, error *e)
{
    uint32_t major = d->abi_version >> 16, minor = d->abi_version & 0xffffu;
    uint32_t offered = PDR_ABI_MINOR;
    if (major == PDR_ABI_MAJOR && minor <= offered)
        return 0;
    error_set(e, EXIT_UNAVAILABLE, "%s: found plugin ABI %u.%u; expected %u.%u or an older %u.x", path, major, minor,
              PDR_ABI_MAJOR, offered, PDR_ABI_MAJOR);
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
                     "%s: found %s.struct_size %u; expected a multiple of 8 from %zu to 4096 (set it to sizeof)", path,
                     what, found, least);
}

static bool name_valid(const char *name)
{
    size_t length = name ? strnlen(name, NAME_LENGTH + 1) : 0;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return length > 0 && length <= NAME_LENGTH;
}

static int name_check(const pdr_plugin *d, const char *path, error *e)
{
    if (name_valid(d->name))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE, "%s: found name %s%s%s; expected 1 to %d letters, digits, '.', '_' or '-'",
                     path, d->name ? "\"" : "", d->name ? text_quoted(d->name) : "NULL", d->name ? "\"" : "",
                     NAME_LENGTH);
}

/* What list and describe print as it is. */
static int words_check(const pdr_plugin *d, const char *member, const char *words, const char *path, error *e)
{
    if (strnlen(words, WORDS_LENGTH + 1) <= WORDS_LENGTH && text_plain(words))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE,
                     "%s: %s: found %s \"%s\"; expected one line of printable UTF-8, at most %d bytes", path, d->name,
                     member, text_quoted(words), WORDS_LENGTH);
}

static int members_check(const pdr_plugin *d, const char *path, error *e)
{
    const char *missing = !d->version   ? "version"
                          : !d->summary ? "summary"
                          : !d->hooks   ? "hooks"
                          : !d->create  ? "create"
                          : !d->destroy ? "destroy"
                                        : NULL;
    int code = name_check(d, path, e);
    if (code)
        return code;
    if (missing)
        return error_set(e, EXIT_UNAVAILABLE, "%s: %s: found NULL as %s; expected it to be set", path, d->name,
                         missing);
    if ((code = words_check(d, "version", d->version, path, e)) ||
        (code = words_check(d, "summary", d->summary, path, e)))
        return code;
    return d->paper ? words_check(d, "paper", d->paper, path, e) : 0;
}

/* Hooks behind the end of a shorter (older) struct are NULL; those behind ours (newer) are not looked at. */
static int hooks_take(plugin *p, error *e)
{
    const pdr_hooks *theirs = p->descriptor->hooks;
    int code = size_check(p->path, "hooks", theirs->struct_size, offsetof(pdr_hooks, before_run), e);
    if (code)
        return code;
    size_t shared = theirs->struct_size < sizeof p->hooks ? theirs->struct_size : sizeof p->hooks;
    memcpy(&p->hooks, theirs, shared);
    p->hooks.struct_size = sizeof p->hooks;
    p->hooks.reserved = 0;
    static const pdr_hooks none = {.struct_size = sizeof(pdr_hooks)};
    if (!memcmp(&p->hooks, &none, sizeof none))
        return error_set(e, EXIT_UNAVAILABLE, "%s: %s: found no hook; expected at least one", p->path,
                         p->descriptor->name);
    if (p->hooks.save && !p->hooks.load)
        return error_set(e, EXIT_UNAVAILABLE,
                         "%s: %s: found save() and no load(); expected both: no run could go on with what is saved",
                         p->path, p->descriptor->name);
    return 0;
}

static int parameters_take(plugin *p, error *e)
{
    const pdr_plugin *d = p->descriptor;
    if (d->config_size > CONFIG_BYTES)
        return error_set(e, EXIT_UNAVAILABLE, "%s: %s: found config_size %llu; expected at most %d (set it to sizeof)",
                         p->path, d->name, (unsigned long long)d->config_size, CONFIG_BYTES);
    p->parameters = (struct param_table){d->name, d->params, d->param_size, d->config_size, d->version};
    error why = {0};
    if (!d->params || !param_table_check(&p->parameters, &why))
        return 0;
    return error_set(e, EXIT_UNAVAILABLE, "%s: %s", p->path, why.text);
}

int descriptor_take(plugin *p, error *e)
{
    const pdr_plugin *d = p->descriptor;
    int code;
    if ((code = version_check(d, p->path, e)) ||
        (code = size_check(p->path, "descriptor", d->struct_size, DESCRIPTOR_LEAST, e)) ||
        (code = members_check(d, p->path, e)) || (code = hooks_take(p, e)))
        return code;
    return parameters_take(p, e);
}
