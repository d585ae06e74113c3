/* What a YAML file says, as a strict tree in which everything knows its line and column.
 *
 * libyaml accepts repeated keys, any tag, recursive aliases and nesting without end, and gives no line for bad bytes.
 * The tree is therefore built from its events and refuses what a scenario has no use for: tags, merge keys, a second
 * document, keys that are no plain strings, more than 32 levels, files above 1 MiB. An alias is replaced by a copy of
 * what its anchor holds; a file may come to 100,000 nodes that way. */
#ifndef PERDURE_SCENARIO_NODE_H
#define PERDURE_SCENARIO_NODE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum {
    NODE_DEPTH = 32,
    NODE_ANCHORS = 1000,
    NODE_BYTES = 1 << 20,
    NODE_SCALAR = 64 << 10,
    NODE_KEY = 256,
    NODE_COUNT = 100000
};

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

typedef struct node node;
struct node {
    enum node_kind kind;
    bool quoted;        /* the text stood in quotes or in a block, so it is never a number, a bool or nothing */
    int line, column;   /* of the value, from 1; columns count characters */
    const char *origin; /* "--set optimizer.lr" when it came from there and line and column say nothing; else NULL */
    const char *text;   /* of a text: no NUL inside; NULL for the others */
    node *first, *last; /* entries of a list or map, in the file's order */
    size_t count;       /* of entries */
    node *next;         /* in the list or map that holds this node */
    const char *key;    /* in a map: the key of this entry; else NULL */
    int key_line, key_column;
};

struct faults;
/* Reads YAML out of memory. Faults of form (there is no tree then) and repeated keys (there is one) go into `f`.
 * The tree lives in `a`. NULL: no tree. `origin`: see above, may be NULL. */
node *node_parse(const char *bytes, size_t count, const char *origin, arena *a, struct faults *f);

const node *node_find(const node *map, const char *key); /* NULL: not there, or `map` is no map or NULL */
/* The node at a path as messages print it, `methods[1].name`; NULL: not there. */
const node *node_at(const node *root, const char *path);
const char *node_kind_name(const node *n); /* as messages say it: "a text", "a list", "a map", "nothing" */
bool node_is_nothing(const node *n);       /* an empty plain scalar, ~ or null */
/* A value as messages show it: `0.5`, `"yes"`, `a list`. In a static buffer that is used again (text_quoted). */
const char *node_shown(const node *n);
void node_append(node *parent, node *entry); /* as last entry */
/* The tree as YAML in one line, such that node_parse gives it back. Lives in `a`. */
const char *node_yaml(const node *n, arena *a);

#endif
