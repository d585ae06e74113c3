/* See conform.h. */
#include "conform/conform.h"

#include <stdio.h>

static void check_add(json_t *report, const conform_listener *listener, const char *name, bool good, const char *words)
{
    json_t *check = json_pack("{s:s, s:s, s:s}", "name", name, "verdict", good ? "good" : "bad", "words", words);
    json_array_append_new(json_object_get(report, "checks"), check);
    if (listener)
        listener->told(listener->self, check);
}

/* Who is here was opened by plugin_open(): everything that it refuses was told before. */
static void descriptor_check(const plugin *p, json_t *report, const conform_listener *listener)
{
    char words[160];
    const pdr_plugin *d = p->descriptor;
    snprintf(words, sizeof words, "ABI %u.%u, %s %.64s", d->abi_version >> 16, d->abi_version & 0xffffu, d->name,
             d->version);
    check_add(report, listener, "descriptor", true, words);
}

int conform_run(const plugin *p, const conform_listener *listener, json_t **out, error *e)
{
    (void)e;
    *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:[], s:i}", "schema", "perdure.plugin.test/1", "name",
                     p->descriptor->name, "version", p->descriptor->version, "file", p->path, "sha256", p->sha256,
                     "checks", "bad", 0);
    descriptor_check(p, *out, listener);
    return 0;
}
