/* A plugin is opened in a child before it is opened here, since a damaged file, or a constructor of its own, may kill or
 * keep the process that opens it. The child goes the same way as the loader and tells its verdict; one that dies, ends
 * or says nothing in time is a verdict as well, in words. It costs a fork and a dlopen a file, once a process. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/text.h"
#include "plugin/inside.h"

/* Told in this order, by parts: how much of it came says how far the child got. */
struct verdict {
    char loaded[8], asked[8];
    error why;
    char closed[8];
};

struct probe {
    const char *path;
    struct verdict verdict;
    size_t told;
    int to;
};

static void verdict_tell(struct probe *p, size_t until)
{
    child_tell(p->to, (const char *)&p->verdict + p->told, until - p->told);
    p->told = until;
}

static void probe_live(void *self, int to)
{
    struct probe *p = self;
    plugin found = {.path = (char *)(size_t)p->path}; /* read only */
    error *why = &p->verdict.why;
    void *object;
    p->to = to;
    if (!object_open(p->path, &object, why)) {
        verdict_tell(p, offsetof(struct verdict, asked));
        if (!object_ask(object, p->path, &found.descriptor, why)) {
            verdict_tell(p, offsetof(struct verdict, why));
            descriptor_take(&found, why);
        }
        verdict_tell(p, offsetof(struct verdict, closed));
        if (!why->code)
            dlclose(object); /* the program keeps it, and runs its destructors as it ends */
    }
    verdict_tell(p, sizeof p->verdict);
}

/* One line out of what it printed: "terminate called after ..." says more than any number. */
static void said_hint(const struct child_end *end, error *e)
{
    char line[CHILD_SAID];
    size_t used = 0;
    for (const char *c = end->said; *c; c++)
        if (*c != '\n')
            line[used++] = *c;
        else if (c[1] && used && line[used - 1] != ' ')
            line[used++] = ' ';
    line[used] = '\0';
    char *tame = text_tamed(line, 200);
    if (used)
        error_hint(e, "it said: %s", tame);
    free(tame);
}

static int probe_died(const char *path, double seconds, const struct child_end *end, error *e)
{
    static const struct {
        const char *when, *doing, *expected;
    } phases[] = {
        {"while it was loaded", "loading", "a shared object that loads"},
        {"in perdure_plugin()", "perdure_plugin()", "a function that returns the descriptor and does nothing else"},
        {"while its descriptor was read", "showing its descriptor", "one whose pointers are NULL or valid"},
        {"while it was unloaded", "unloading", "a shared object that unloads"}};
    static const size_t told[] = {offsetof(struct verdict, asked), offsetof(struct verdict, why),
                                  offsetof(struct verdict, closed)};
    size_t phase = 0;
    while (phase < sizeof told / sizeof *told && end->got >= told[phase])
        phase++;
    char words[64];
    if (end->late)
        error_set(e, EXIT_UNAVAILABLE, "%s: did not finish %s within %g s; expected %s", path, phases[phase].doing,
                  seconds, phases[phase].expected);
    else
        error_set(e, EXIT_UNAVAILABLE, "%s: %s %s; expected %s%s", path, child_end_words(end, words, sizeof words),
                  phases[phase].when, phases[phase].expected,
                  (phase == 0 || phase == 3) && WIFSIGNALED(end->status) ? " (the file may be damaged)" : "");
    said_hint(end, e);
    return EXIT_UNAVAILABLE;
}

int plugin_probe(const char *path, double seconds, error *e)
{
    struct probe p = {.path = path};
    struct verdict verdict;
    struct child_end end;
    error none = {0};
    if (child_ask(probe_live, &p, seconds, &verdict, sizeof verdict, &end, &none))
        return none.code ? error_set(e, none.code, "%s: found %s to open it in; expected one", path, none.text)
                         : probe_died(path, seconds, &end, e);
    if (verdict.why.code)
        *e = verdict.why;
    return verdict.why.code;
}
