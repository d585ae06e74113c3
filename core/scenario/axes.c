/* See axis.h: what a map of keys and values comes to beside one method. */
#include <stdlib.h>
#include <string.h>

#include "scenario/axis.h"

enum { AXIS_VALUES = 1000, VARIANT_NAME = 200 }; /* a folder may have 255 characters */

/* ---- the values of a key ---- */

/* What makes two values the same: 0.1 is 1e-1, and "0.1" is a text. */
static const char *value_identity(struct check *c, const node *n)
{
    double number = 0;
    bool plain = n->kind == NODE_TEXT && !n->quoted && number_real(n->text, &number);
    return plain ? arena_format(c->arena, "%.17g", number) : node_yaml(n, c->arena);
}

static void values_refuse_repeated(struct check *c, const node *list, const char *path)
{
    const char **known = arena_take(c->arena, list->count, sizeof *known);
    size_t i = 0;
    for (const node *value = list->first; value != NULL; value = value->next, i++) {
        bool again = false;
        known[i] = value_identity(c, value);
        for (size_t j = 0; j < i && !again; j++) {
            again = strcmp(known[i], known[j]) == 0;
        }
        if (again) {
            faults_add(c->faults, value, row_path_index(c, path, i),
                       "found %s again; expected every value once, as variants would be the same", node_shown(value));
        }
    }
}

bool axis_is_whole(const node *list)
{
    return list->kind == NODE_LIST && list->count > 0 && list->count <= AXIS_VALUES;
}

bool axis_values_check(struct check *c, const node *list, const char *path)
{
    size_t before = c->faults->count + c->faults->dropped;
    if (list->kind != NODE_LIST || list->count == 0) {
        row_refuse(c, list, path, "a list of values, as [0.1, 0.01]");
    } else if (list->count > AXIS_VALUES) {
        faults_add(c->faults, list, path, "found %zu values; expected at most %d", list->count, (int)AXIS_VALUES);
    } else {
        values_refuse_repeated(c, list, path);
    }
    return c->faults->count + c->faults->dropped == before;
}

/* ---- axes ---- */

void axes_take(struct check *c, const struct method_options *m, const node *map, const char *path, struct axes *out)
{
    for (const node *entry = map == NULL ? NULL : map->first; entry != NULL && out->count < AXES_MOST;
         entry = entry->next) {
        struct axis one;
        if (axis_meet(c, m, entry, row_path(c, path, entry->key), &one)) {
            out->at[out->count++] = one;
        }
    }
}

/* "a.b" would undo "a.b.c", or be undone by it. */
void axes_check(struct check *c, const struct axes *axes)
{
    for (size_t i = 0; i < axes->count; i++) {
        const struct axis *part = &axes->at[i];
        for (size_t j = 0; j < axes->count; j++) {
            const char *whole = axes->at[j].entry->key;
            size_t length = strlen(whole);
            if (strncmp(part->entry->key, whole, length) == 0 && part->entry->key[length] == '.') {
                faults_add_at_key(c->faults, part->entry, part->path,
                                  "found a part of %s, which varies too; expected one of them", text_quoted(whole));
            }
        }
    }
}

size_t axes_variants(const struct axes *axes)
{
    size_t count = 1;
    for (size_t i = 0; i < axes->count && count <= SCENARIO_CELLS; i++) {
        count *= axes->at[i].entry->count;
    }
    return count > SCENARIO_CELLS ? SCENARIO_CELLS + 1 : count;
}

static const node *list_at(const node *list, size_t index)
{
    const node *n = list->first;
    for (size_t i = 0; i < index; i++) {
        n = n->next;
    }
    return n;
}

void axes_product(struct check *c, const struct method_options *base, const struct axes *axes, size_t variants,
                  struct method_options *out)
{
    for (size_t v = 0; v < variants; v++) {
        const node *values[AXES_MOST];
        size_t index[AXES_MOST];
        for (size_t rest = v, i = axes->count; i > 0; i--) { /* the last key varies fastest */
            const node *list = axes->at[i - 1].entry;
            index[i - 1] = rest % list->count;
            values[i - 1] = list_at(list, index[i - 1]);
            rest /= list->count;
        }
        out[v] = variant_of(c, base, axes->at, axes->count, values, index);
        variant_check_name(c, &out[v]);
    }
}

void variant_check_name(struct check *c, const struct method_options *m)
{
    if (strlen(m->name) > VARIANT_NAME) {
        faults_add(c->faults, m->choices[0].entry, m->choices[0].to,
                   "found a variant whose name has %zu characters (%s); expected at most %d, as a folder is called so",
                   strlen(m->name), text_quoted(m->name), (int)VARIANT_NAME);
    }
}
