/* The rows of a table over the values of a tree: each value is checked where it stands and laid into its struct. */
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

/* ---- lists ---- */

/* What is expected of one value of a list: the same row, as a row for one. */
static struct row row_of_one(const struct row *row, enum row_type type)
{
    struct row one = *row;
    one.type = type;
    return one;
}

static void row_fill_ints(struct check *c, const struct row *row, const node *n, const char *path, struct int_list *out)
{
    struct row one = row_of_one(row, ROW_INT);
    int64_t *at = arena_take(c->arena, n->count, sizeof *at);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        value_int(c, entry, row_path_index(c, path, i), &one, &at[i]);
    }
    *out = (struct int_list){at, (int64_t)n->count};
}

static void row_fill_reals(struct check *c, const struct row *row, const node *n, const char *path,
                           struct real_list *out)
{
    struct row one = row_of_one(row, ROW_REAL);
    double *at = arena_take(c->arena, n->count, sizeof *at);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        value_real(c, entry, row_path_index(c, path, i), &one, &at[i]);
    }
    *out = (struct real_list){at, (int64_t)n->count};
}

static void row_fill_choices(struct check *c, const struct row *row, const node *n, const char *path,
                             struct int_list *out)
{
    struct row one = row_of_one(row, ROW_CHOICE);
    const char *expects = row_expects(c, &one);
    int64_t *at = arena_take(c->arena, n->count, sizeof *at);
    const node *seen[FILL_KEYS] = {0};
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        int32_t chosen = -1;
        const char *here = row_path_index(c, path, i);
        if (value_choice(c, entry, here, row->choices, expects, &chosen) && chosen < FILL_KEYS) {
            if (seen[chosen] != NULL) {
                faults_add(c->faults, entry, here, "found %s again; expected it once, as on line %d", node_shown(entry),
                           seen[chosen]->line);
            }
            seen[chosen] = entry;
        }
        at[i] = chosen;
    }
    *out = (struct int_list){at, (int64_t)n->count};
}

struct entries { /* how every ROW_ENTRIES lies in its struct */
    const void *at;
    size_t count;
};

static void row_fill_entries(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    char *at = arena_take(c->arena, n->count, row->size);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        const char *here = row_path_index(c, path, i);
        void *one = at + i * row->size;
        if (entry->kind != NODE_MAP) {
            row_refuse(c, entry, here, "a map");
            continue;
        }
        row_fill_section(c, row->rows, entry, entry, here, one);
        if (row->after != NULL) {
            row->after(c, entry, here, one);
        }
    }
    *(struct entries *)out = (struct entries){at, n->count};
}

/* ---- what comes later ---- */

/* A word that is known and that this build does not have: alone, or with parameters. */
static const char *row_later_word(const struct row *row, const node *n)
{
    const char *said = n->kind == NODE_TEXT ? n->text : n->kind == NODE_MAP && n->count == 1 ? n->first->key : "";
    for (size_t i = 0; row->later != NULL && row->later[i] != NULL; i++) {
        if (strcmp(said, row->later[i]) == 0) {
            return row->later[i];
        }
    }
    return NULL;
}

static void row_fill_choice(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    const char *later = row_later_word(row, n);
    if (later != NULL) {
        faults_add(c->faults, n, path, "found %s, which comes later; expected %s", later, row_expects(c, row));
    } else {
        value_choice(c, n, path, row->choices, row_expects(c, row), out);
    }
}

/* ---- one key ---- */

void row_fill_subtree(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, row_expects(c, row));
        return;
    }
    row_fill_section(c, row->rows, n, n, path, arena_take(c->arena, 1, row->size));
    const char *yaml = node_yaml(row_over_default(c, row, n), c->arena);
    memcpy(out, &yaml, sizeof yaml);
}

static void row_fill_list(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_LIST) {
        row_refuse(c, n, path, row_expects(c, row));
    } else if (row->type == ROW_INTS) {
        row_fill_ints(c, row, n, path, out);
    } else if (row->type == ROW_REALS) {
        row_fill_reals(c, row, n, path, out);
    } else if (row->type == ROW_CHOICES) {
        row_fill_choices(c, row, n, path, out);
    } else {
        row_fill_entries(c, row, n, path, out);
    }
}

static void row_fill_text(struct check *c, const struct row *row, const node *n, const char *path, const char **out)
{
    const char *expects = row_expects(c, row);
    if (value_text(c, n, path, expects, out) && row->letters != NULL && !value_named(*out, row->letters)) {
        row_refuse(c, n, path, expects);
    }
}

static void row_fill_bool(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    bool value = false;
    value_bool(c, n, path, &value);
    if (row->wide) {
        *(int32_t *)out = value ? 1 : 0;
    } else {
        *(bool *)out = value;
    }
}

void row_fill(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    switch (row->type) {
    case ROW_INT: value_int(c, n, path, row, out); break;
    case ROW_REAL: value_real(c, n, path, row, out); break;
    case ROW_BOOL: row_fill_bool(c, row, n, path, out); break;
    case ROW_TEXT: row_fill_text(c, row, n, path, out); break;
    case ROW_PATH: value_path(c, n, path, out); break;
    case ROW_CHOICE: row_fill_choice(c, row, n, path, out); break;
    case ROW_SUBTREE: row_fill_subtree(c, row, n, path, out); break;
    case ROW_SPECIAL: row->special->fill(c, n, path, out); break;
    case ROW_SECTION:
        row_fill_section(c, row->rows, n, n, path, out);
        if (row->after != NULL && n->kind == NODE_MAP) {
            row->after(c, n, path, out);
        }
        break;
    default: row_fill_list(c, row, n, path, out);
    }
}
