/* Opening a plugin: each file once, by its real path, and only after it was looked at and a child has opened it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "plugin/inside.h"

/* ---- standard output is for results: what a constructor prints there goes to standard error ---- */

static int output_turn(void)
{
    fflush(stdout);
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (kept >= 0)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    return kept;
}

static void output_turn_back(int kept)
{
    if (kept < 0)
        return;
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
}

/* ---- one file ---- */

static int object_take(plugin *p, error *e)
{
    void *object; /* stays open, whatever is found: unloading is what crashes */
    int kept = output_turn();
    int code = object_open(p->path, &object, e);
    if (!code)
        code = object_ask(object, p->path, &p->descriptor, e);
    output_turn_back(kept);
    return code ? code : descriptor_take(p, e);
}

static int file_open(plugin *p, error *e)
{
    plugin_file f;
    int code = file_take(p->path, &f, e);
    if (code)
        return code;
    if (!(code = file_digest(&f, p->path, p->sha256, e)) && !(code = plugin_probe(p->path, PROBE_SECONDS, e)) &&
        !(code = file_unchanged(&f, p->path, e)) && !(code = object_take(p, e)))
        code = file_unchanged(&f, p->path, e);
    close(f.fd);
    return code;
}

/* ---- every file once: a verdict stays for the life of the process, a refusal too ---- */

struct known {
    plugin plugin;
    error refused;
};
static struct known **known;
static size_t known_count;

static const struct known *plugin_known(const char *real)
{
    for (size_t i = 0; i < known_count; i++)
        if (!strcmp(known[i]->plugin.path, real))
            return known[i];
    struct known *k = alloc_zero(1, sizeof *k);
    k->plugin.path = alloc_text(real);
    file_open(&k->plugin, &k->refused);
    known = alloc_again(known, known_count + 1, sizeof(struct known *));
    return known[known_count++] = k;
}

/* Named in full: which folder a relative path was meant from is what went wrong, mostly. */
static int path_refused(const char *path, error *e)
{
    int number = errno;
    char *here = getcwd(NULL, 0), *whole = path_below(here, path);
    int code = error_set(e, EXIT_UNAVAILABLE, "%s: found nothing that can be read (%s); expected a shared object",
                         whole, strerror(number));
    free(whole);
    free(here);
    return code;
}

int plugin_open(const char *path, const plugin **out, error *e)
{
    char real[PATH_MAX];
    *out = NULL;
    if (!realpath(path, real))
        return path_refused(path, e);
    const struct known *k = plugin_known(real);
    if (!k->refused.code)
        *out = &k->plugin;
    else if (e && !e->code)
        *e = k->refused;
    return k->refused.code;
}
