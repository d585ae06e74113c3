/* See set.h. */
#include "scenario/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct step { /* of a key path: a key, or [index] */
    const char *key;
    size_t index;
};

static int set_refuse(error *e, const char *set, const char *expects)
{
    return error_set(e, EXIT_USAGE, "--set %s: found no key path; expected %s", text_quoted(set), expects);
}

/* "a.b[1].c" into steps. */
static int set_split(const char *set, size_t length, arena *a, struct step *steps, size_t *count, error *e)
{
    const char *at = set;
    const char *end = set + length;
    *count = 0;
    while (at < end) {
        if (*count == NODE_DEPTH) {
            return set_refuse(e, set, "at most 32 steps");
        }
        if (*at == '[') {
            size_t digits = strspn(at + 1, "0123456789");
            if (*count == 0 || digits == 0 || digits > 6 || at[1 + digits] != ']') {
                return set_refuse(e, set, "a number in [ ] behind a key");
            }
            steps[(*count)++] = (struct step){.index = strtoul(at + 1, NULL, 10)};
            at += digits + 2;
            if (at < end && *at != '.' && *at != '[') {
                return set_refuse(e, set, "\".\" or \"[\" behind \"]\"");
            }
            continue;
        }
        at += *at == '.' && *count > 0 ? 1 : 0;
        size_t letters = strcspn(at, ".[=");
        if (letters == 0 || letters > NODE_KEY || at + letters > end) {
            return set_refuse(e, set, "KEY=VALUE, as optimizer.lr=0.1");
        }
        steps[(*count)++] = (struct step){.key = arena_text(a, at, letters)};
        at += letters;
    }
    return *count > 0 ? 0 : set_refuse(e, set, "KEY=VALUE, as optimizer.lr=0.1");
}

static void set_become(node *n, enum node_kind kind, const char *origin)
{
    if (n->kind != kind) {
        *n = (node){.kind = kind, .origin = origin, .next = n->next, .key = n->key};
    }
}

static node *set_new(node *parent, const char *key, const char *origin, arena *a)
{
    node *n = arena_take(a, 1, sizeof *n);
    n->text = "";
    n->key = key;
    n->origin = origin;
    node_append(parent, n);
    return n;
}

/* The node that a step leads to, made where it is not there; NULL: an index beyond the list. */
static node *set_follow(node *n, const struct step *step, const char *origin, arena *a)
{
    if (step->key != NULL) {
        set_become(n, NODE_MAP, origin);
        for (node *entry = n->first; entry != NULL; entry = entry->next) {
            if (strcmp(entry->key, step->key) == 0) {
                return entry;
            }
        }
        return set_new(n, step->key, origin, a);
    }
    if (step->index == 0 && node_is_nothing(n)) {
        set_become(n, NODE_LIST, origin);
    }
    if (n->kind != NODE_LIST || step->index > n->count) {
        return NULL;
    }
    node *entry = n->first;
    for (size_t i = 0; i < step->index && entry != NULL; i++) {
        entry = entry->next;
    }
    return entry != NULL ? entry : set_new(n, NULL, origin, a);
}

static bool step_is(const struct step *step, const char *key)
{
    return step->key != NULL && strcmp(step->key, key) == 0;
}

/* Where a key with points inside begins, and of how many steps it is: methods[0].set.optimizer.lr leads to the key
 * "optimizer.lr" of `set`, grid.genreplay.generator.hidden to all behind `grid`. 0: nowhere. */
static size_t set_dotted(const struct step *steps, size_t count, size_t *joined)
{
    bool method = count > 3 && step_is(&steps[0], "methods") && steps[1].key == NULL;
    bool set = method && step_is(&steps[2], "set");
    bool space = count > 2 && step_is(&steps[0], "search") && step_is(&steps[1], "space");
    bool grid = method && step_is(&steps[2], "grid");
    size_t from = set || grid ? 3 : space ? 2 : step_is(&steps[0], "grid") ? 1 : 0;
    *joined = 0;
    while (from > 0 && from + *joined < count && steps[from + *joined].key != NULL && !(set && *joined == 2)) {
        ++*joined;
    }
    return from;
}

static size_t set_join(struct step *steps, size_t count, arena *a)
{
    size_t joined = 0;
    size_t from = set_dotted(steps, count, &joined);
    if (joined < 2) {
        return count;
    }
    for (size_t i = 1; i < joined; i++) {
        steps[from].key = arena_format(a, "%s.%s", steps[from].key, steps[from + i].key);
    }
    memmove(&steps[from + 1], &steps[from + joined], (count - from - joined) * sizeof *steps);
    return count - joined + 1;
}

int set_lay(node *root, const char *set, arena *a, faults *f, error *e)
{
    const char *equals = strchr(set, '=');
    struct step steps[NODE_DEPTH] = {{0}};
    size_t count = 0;
    if (equals == NULL) {
        return error_set(e, EXIT_USAGE, "--set %s: found no \"=\"; expected KEY=VALUE, as optimizer.lr=0.1",
                         text_quoted(set));
    }
    int code = set_split(set, (size_t)(equals - set), a, steps, &count, e);
    if (code != 0) {
        return code;
    }
    count = set_join(steps, count, a);
    const char *path = arena_text(a, set, (size_t)(equals - set));
    const char *origin = arena_format(a, "--set %s", path);
    const node *value = node_parse(equals + 1, strlen(equals + 1), origin, a, f);
    if (value == NULL) {
        return 0;
    }
    node *n = root;
    for (size_t i = 0; i < count; i++) {
        node *at = set_follow(n, &steps[i], origin, a);
        if (at == NULL) {
            faults_add_at_line(f, origin, 0, 0, "found index %zu; expected one of the %zu entries of a list",
                               steps[i].index, n->kind == NODE_LIST ? n->count : 0);
            return 0;
        }
        n = at;
    }
    node kept = *n;
    *n = *value;
    n->next = kept.next;
    n->key = kept.key;
    n->key_line = kept.key_line;
    n->key_column = kept.key_column;
    return 0;
}
