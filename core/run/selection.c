/* See selection.h. */
#include "run/selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "run/folder.h"

enum { NAMES_SHOWN = 20 };

/* ---- "METHOD/SEED" ---- */

struct only {
    size_t length; /* of the method */
    bool seeded;
    int64_t seed;
};

/* The seed as a number, or as folders and progress call it: "ewc/3", "ewc/seed-3". False: no such number. */
static bool only_split(const char *said, struct only *out)
{
    *out = (struct only){.length = strcspn(said, "/")};
    if (said[out->length] == '\0')
        return true;
    const char *number = said + out->length + 1;
    number += strncmp(number, "seed-", strlen("seed-")) ? 0 : strlen("seed-");
    char *end = NULL;
    errno = 0;
    out->seeded = true;
    out->seed = strtoll(number, &end, 10);
    return *number >= '0' && *number <= '9' && *end == '\0' && errno == 0;
}

static bool name_is(const char *name, const char *said, size_t length)
{
    return name && strlen(name) == length && !strncmp(name, said, length);
}

static bool only_has_method(const plan_method *m, const char *said, const struct only *o)
{
    return name_is(m->name, said, o->length) || name_is(m->options->base, said, o->length);
}

/* Every method and every base once; *count of them, the array is the caller's. */
static const char **names_of(const plan *p, size_t *count)
{
    const char **names = alloc_zero(2 * (size_t)p->method_count + 1, sizeof(char *));
    const char *before = "";
    *count = 0;
    for (int i = 0; i < p->method_count; i++) {
        const char *base = p->methods[i].options->base;
        if (base && strcmp(base, before) != 0)
            names[(*count)++] = before = base;
        names[(*count)++] = p->methods[i].name;
    }
    return names;
}

static int method_unknown(const plan *p, const char *said, size_t length, error *e)
{
    size_t count = 0;
    const char **names = names_of(p, &count);
    char *name = alloc_format("%.*s", (int)length, said);
    text known = {0};
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        text_addf(&known, "%s%s", i ? ", " : "", names[i]);
    const char *nearest = text_nearest(name, names, count);
    error_set(e, EXIT_USAGE, "run: --only: found %s; expected a method of the scenario: %s%s", text_quoted(name),
              known.at, count > NAMES_SHOWN ? ", ..." : "");
    if (nearest)
        error_hint(e, "did you mean %s?", nearest);
    text_free(&known);
    free(name);
    free(names);
    return EXIT_USAGE;
}

static int seed_unknown(const plan *p, const char *said, error *e)
{
    const struct int_list *seeds = &p->scenario->seeds;
    text known = {0};
    for (int64_t i = 0; i < seeds->count && i < NAMES_SHOWN; i++)
        text_addf(&known, "%s%lld", i ? ", " : "", (long long)seeds->at[i]);
    error_set(e, EXIT_USAGE, "run: --only: found %s; expected METHOD/SEED with a seed of the scenario: %s%s",
              text_quoted(said), known.at, seeds->count > NAMES_SHOWN ? ", ..." : "");
    text_free(&known);
    return EXIT_USAGE;
}

static int only_check(const plan *p, const char *said, error *e)
{
    struct only o;
    const struct int_list *seeds = &p->scenario->seeds;
    bool number = only_split(said, &o), method = false, seed = !o.seeded;
    for (int i = 0; i < p->method_count; i++)
        method = method || only_has_method(&p->methods[i], said, &o);
    for (int64_t i = 0; i < seeds->count; i++)
        seed = seed || seeds->at[i] == o.seed;
    if (!method)
        return method_unknown(p, said, o.length, e);
    return number && seed ? 0 : seed_unknown(p, said, e);
}

int selection_check(const plan *p, const run_selection *s, error *e)
{
    int code = 0;
    for (size_t i = 0; i < s->only_count && !code; i++)
        code = only_check(p, s->only[i], e);
    return code;
}

/* ---- the cells ---- */

bool selection_names(const plan *p, const run_selection *s, const struct run_cell *c)
{
    const plan_method *m = &p->methods[c->method];
    bool wanted = s->only_count == 0;
    for (size_t i = 0; i < s->only_count && !wanted; i++) {
        struct only o;
        wanted = only_split(s->only[i], &o) && only_has_method(m, s->only[i], &o) &&
                 (!o.seeded || o.seed == c->seed || m->trial);
    }
    return wanted;
}

void selection_take(const plan *p, const run_selection *s, struct run_cells *c)
{
    int dealt = 0;
    for (int i = 0; i < c->count; i++) {
        struct run_cell *cell = &c->at[i];
        cell->wanted = selection_names(p, s, cell);
        if (cell->wanted && s->shards > 0)
            cell->wanted = dealt++ % s->shards == s->shard - 1;
    }
}

void selection_print(const plan *p, const run_selection *s, text *out)
{
    if (s->only_count == 0 && s->shards == 0)
        return;
    struct run_cells c = cells_of(p);
    text names = {0};
    int wanted = 0;
    selection_take(p, s, &c);
    for (int i = 0; i < c.count; i++)
        if (c.at[i].wanted)
            text_addf(&names, "%s%s", wanted++ ? ", " : ": ", c.at[i].name);
    text_addf(out, "this run   %d of %d cells%s\n", wanted, c.count, names.at ? names.at : "");
    text_free(&names);
    cells_free(&c);
}
