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

/* Keys of a method's `set` have a point inside: methods[0].set.optimizer.lr leads to its key "optimizer.lr". */
static size_t set_join(struct step *steps, size_t count, arena *a)
{
    if (count < 5 || steps[0].key == NULL || strcmp(steps[0].key, "methods") != 0 || steps[1].key != NULL ||
        steps[2].key == NULL || strcmp(steps[2].key, "set") != 0 || steps[3].key == NULL || steps[4].key == NULL) {
        return count;
    }
    steps[3].key = arena_format(a, "%s.%s", steps[3].key, steps[4].key);
    memmove(&steps[4], &steps[5], (count - 5) * sizeof *steps);
    return count - 1;
}

int set_lay(node *root, const char *set, arena *a, faults *f, error *e)
{
    const char *equals = strchr(set, '=');
    struct step steps[NODE_DEPTH];
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
