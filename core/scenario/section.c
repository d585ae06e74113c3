/* A section: which keys belong to it, what is unknown or comes later, and what holds where nothing was said. */
#include <stdlib.h>
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

static void row_refuse_later(struct check *c, const struct row *row, const node *n, const char *path)
{
    if (n != NULL) {
        faults_add_at_key(c->faults, n, path, "found %s, which comes later; expected it to be left out", row->key);
    }
}

static bool row_is_inline(const struct row *row) { return row->type == ROW_SUBTREE && row->key[0] == '\0'; }

/* Whether the row is a key of this variant. An unknown variant (-1: its word was wrong) has the keys of all. */
static bool row_belongs(const struct row *row, int32_t variant)
{
    return row->only == 0 || variant < 0 || (row->only & (1u << variant)) != 0;
}

static size_t row_legal_keys(const struct row *rows, int32_t variant, const char **keys, size_t count)
{
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        if (row_is_inline(&rows[i])) {
            count = row_legal_keys(rows[i].rows, -1, keys, count);
        } else if (row_belongs(&rows[i], variant) && rows[i].type != ROW_LATER && count < FILL_KEYS &&
                   (count == 0 || strcmp(keys[count - 1], rows[i].key) != 0)) {
            keys[count++] = rows[i].key;
        }
    }
    return count;
}

/* "momentum" with type adam: it is known, only not here. */
static void row_hint_variant(struct check *c, const struct row *rows, const char *key)
{
    uint32_t only = 0;
    text words = {0};
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        only |= rows[i].key != NULL && strcmp(rows[i].key, key) == 0 ? rows[i].only : 0;
    }
    for (uint32_t choice = 0; only != 0 && rows[0].choices[choice] != NULL; choice++) {
        if ((only & (1u << choice)) != 0) {
            text_addf(&words, "%s%s", words.length == 0 ? "" : " or ", rows[0].choices[choice]);
        }
    }
    if (words.length > 0) {
        faults_hint(c->faults, "\"%s\" goes with %s: %s", key, rows[0].key, words.at);
    }
    text_free(&words);
}

static void row_refuse_key(struct check *c, const struct row *rows, int32_t variant, const node *entry,
                           const char *path)
{
    const char *keys[FILL_KEYS];
    if (c->faults->count == FAULTS_KEPT) { /* only counted: a file may hold 100,000 of them */
        faults_add_at_key(c->faults, entry, path, "found an unknown key");
        return;
    }
    size_t count = row_legal_keys(rows, variant, keys, 0);
    text words = {0};
    for (size_t i = 0; i < count; i++) {
        text_addf(&words, "%s%s", i == 0 ? (count == 1 ? "the key " : "one of ") : ", ", keys[i]);
    }
    faults_add_at_key(c->faults, entry, row_path(c, path, entry->key), "found %s%s; expected %s",
                      c->owner == NULL ? "an unknown key" : "a key unknown to ", c->owner == NULL ? "" : c->owner,
                      count == 0 ? "no key" : words.at);
    text_free(&words);
    row_hint_variant(c, rows, entry->key);
    const char *nearest = text_nearest(entry->key, keys, count);
    if (nearest != NULL) {
        faults_hint(c->faults, "did you mean \"%s\"?", nearest);
    }
}

static bool row_comes_later(const struct row *rows, const char *key)
{
    for (size_t i = 0; rows[i].key != NULL; i++) {
        if (rows[i].type == ROW_LATER && strcmp(rows[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static void row_refuse_unknown(struct check *c, const struct row *rows, int32_t variant, const node *map,
                               const char *path)
{
    const char *keys[FILL_KEYS];
    size_t count = row_legal_keys(rows, variant, keys, 0);
    for (const node *entry = map->first; entry != NULL; entry = entry->next) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) {
            known = strcmp(entry->key, keys[i]) == 0;
        }
        if (!known && !row_comes_later(rows, entry->key)) {
            row_refuse_key(c, rows, variant, entry, path);
        }
    }
}

/* A map without entries that stands where `at` stands. */
static node *row_empty_map(struct check *c, const node *at)
{
    node *map = arena_take(c->arena, 1, sizeof *map);
    if (at != NULL) {
        *map = (node){.line = at->line, .column = at->column, .origin = at->origin};
    }
    map->kind = NODE_MAP;
    return map;
}

static void row_fill_absent(struct check *c, const struct row *row, const node *at, const char *path, void *out)
{
    if (row->type == ROW_SECTION) {
        row_fill_section(c, row->rows, NULL, at, path, out);
        if (row->after != NULL) {
            row->after(c, NULL, path, out);
        }
    } else if (row->fallback != NULL) {
        row_fill(c, row, row_fallback(c, row), path, out);
    } else if (row->type == ROW_SUBTREE) {
        row_fill_subtree(c, row, row_empty_map(c, at), path,
                         out); /* it has defaults of its own, or says what is missing */
    } else if (!row->optional) {
        faults_add(c->faults, at, path, "found nothing; expected %s", row_expects(c, row));
    }
}

/* Keys of a subtree without a key of its own stand among the others: they are gathered into a map. */
static void row_fill_inline(struct check *c, const struct row *row, const node *map, const node *at, const char *path,
                            void *out)
{
    node *gathered = row_empty_map(c, at);
    for (size_t i = 0; row->rows[i].type != ROW_NONE; i++) {
        const node *entry = node_find(map, row->rows[i].key);
        if (entry != NULL && node_find(gathered, entry->key) == NULL) {
            node *copy = arena_take(c->arena, 1, sizeof *copy);
            *copy = *entry;
            node_append(gathered, copy);
        }
    }
    row_fill_subtree(c, row, gathered, path, out);
}

/* The variant that the table's first row chooses, where other rows depend on it. */
static int32_t row_variant(const struct row *rows, const node *map)
{
    bool variants = false;
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        variants = variants || rows[i].only != 0;
    }
    if (!variants) {
        return -1;
    }
    const node *n = node_find(map, rows[0].key);
    const char *word = n != NULL && n->kind == NODE_TEXT ? n->text : n == NULL ? rows[0].fallback : NULL;
    for (int32_t i = 0; word != NULL && rows[0].choices[i] != NULL; i++) {
        if (strcmp(word, rows[0].choices[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- a subtree's own default, key by key ---- */

const struct row *row_under_default(struct check *c, const struct row *row)
{
    const node *said = row->fallback == NULL ? NULL : row_fallback(c, row);
    size_t count = row_count(row->rows);
    struct row *own = arena_take(c->arena, count + 1, sizeof *own);
    memcpy(own, row->rows, (count + 1) * sizeof *own);
    for (size_t i = 0; said != NULL && i < count; i++) {
        const node *value = own[i].key == NULL ? NULL : node_find(said, own[i].key);
        if (value != NULL && row_belongs(&own[i], row_variant(row->rows, said))) {
            own[i].fallback = node_yaml(value, c->arena);
        }
    }
    return own;
}

const node *row_over_default(struct check *c, const struct row *row, const node *n)
{
    const node *said = row->fallback == NULL ? NULL : row_fallback(c, row);
    int32_t theirs = row_variant(row->rows, n);
    int32_t ours = said == NULL ? -1 : row_variant(row->rows, said);
    node *whole = row_empty_map(c, n);
    for (int part = 0; part < 2; part++) {
        const node *from = part == 0 ? n : said;
        for (const node *entry = from == NULL ? NULL : from->first; entry != NULL; entry = entry->next) {
            bool fits = part == 0;
            for (size_t i = 0; !fits && row->rows[i].type != ROW_NONE; i++) {
                fits = strcmp(row->rows[i].key, entry->key) == 0 && row_belongs(&row->rows[i], theirs) &&
                       row_belongs(&row->rows[i], ours) && node_find(n, entry->key) == NULL;
            }
            if (fits) {
                node *copy = arena_take(c->arena, 1, sizeof *copy);
                *copy = *entry;
                node_append(whole, copy);
            }
        }
    }
    return whole;
}

bool row_has_key(const struct row *rows, const node *map, const char *key)
{
    const char *keys[FILL_KEYS];
    size_t count = row_legal_keys(rows, row_variant(rows, map), keys, 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return row_comes_later(rows, key);
}

void row_fill_section(struct check *c, const struct row *rows, const node *map, const node *at, const char *path,
                      void *out)
{
    if (map != NULL && map->kind != NODE_MAP) {
        row_refuse(c, map, path, "a map of keys");
        return;
    }
    int32_t variant = row_variant(rows, map);
    if (map != NULL) {
        row_refuse_unknown(c, rows, variant, map, path);
    }
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        const struct row *row = &rows[i];
        char *place = (char *)out + row->offset;
        if (row_is_inline(row)) {
            row_fill_inline(c, row, map, at, path, place);
            continue;
        }
        /* Of an unknown variant nothing is checked but what all have: its keys may mean several things. */
        if (!row_belongs(row, variant) || (row->only != 0 && variant < 0)) {
            continue;
        }
        const node *n = node_find(map, row->key);
        const char *here = row_path(c, path, row->key);
        if (row->type == ROW_LATER) {
            row_refuse_later(c, row, n, here);
        } else if (n != NULL) {
            row_fill(c, row, n, here, place);
        } else {
            row_fill_absent(c, row, at, here, place);
        }
    }
}

/* ---- a section over another one ---- */

static size_t row_bytes(const struct row *row)
{
    switch (row->type) {
    case ROW_INT: return sizeof(int64_t);
    case ROW_REAL: return sizeof(double);
    case ROW_BOOL: return sizeof(bool);
    case ROW_INTS: return sizeof(struct int_list);
    case ROW_SPECIAL: return row->special->bytes;
    default: return 0;
    }
}

/* Keys that a variant does not have are 0, as they are where it was never another one. */
static void row_forget(const struct row *rows, int32_t variant, void *out)
{
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        bool kept = row_belongs(&rows[i], variant);
        for (size_t j = 0; rows[j].type != ROW_NONE; j++) {
            kept = kept || (row_belongs(&rows[j], variant) && rows[j].offset == rows[i].offset);
        }
        if (!kept) {
            memset((char *)out + rows[i].offset, 0, row_bytes(&rows[i]));
        }
    }
}

void row_fill_over(struct check *c, const struct row *rows, const node *map, const node *base, const node *at,
                   const char *path, void *out)
{
    int32_t was = row_variant(rows, base);
    int32_t is = node_find(map, rows[0].key) != NULL ? row_variant(rows, map) : was;
    row_refuse_unknown(c, rows, is, map, path);
    row_forget(rows, is, out);
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        const struct row *row = &rows[i];
        if (!row_belongs(row, is) || (row->only != 0 && is < 0)) {
            continue;
        }
        const node *n = node_find(map, row->key);
        bool kept = is == was || row->only == 0 || node_find(base, row->key) != NULL;
        if (n != NULL) {
            row_fill(c, row, n, row_path(c, path, row->key), (char *)out + row->offset);
        } else if (!kept) {
            row_fill_absent(c, row, at, row_path(c, path, row->key), (char *)out + row->offset);
        }
    }
}
