/* A section of the tree and its rows become a filled struct, or faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

enum { FILL_KEYS = 64 }; /* the most that one table has; tests/unit/scenario checks the tables */

/* ---- words ---- */

size_t row_count(const struct row *rows)
{
    size_t count = 0;
    while (rows != NULL && rows[count].type != ROW_NONE) {
        count++;
    }
    return count;
}

size_t row_choice_count(const char *const *choices)
{
    size_t count = 0;
    while (choices != NULL && choices[count] != NULL) {
        count++;
    }
    return count;
}

const char *row_path(struct check *c, const char *path, const char *key)
{
    return arena_format(c->arena, "%s%s%s", path, path[0] == '\0' ? "" : ".", text_quoted(key));
}

const char *row_path_index(struct check *c, const char *path, size_t index)
{
    return arena_format(c->arena, "%s[%zu]", path, index);
}

static void row_add_range(const struct row *row, text *out)
{
    if (row->min == 0 && row->max == 0) {
        return;
    }
    bool whole = row->type == ROW_INT || row->type == ROW_INTS;
    if (whole && row->max >= 0x1p63) {
        text_addf(out, " from %.15g to 9223372036854775807", row->min); /* as a double it would end in ...808 */
    } else if (row->max >= 1e15) {
        text_addf(out, row->above ? " above %.15g" : ", at least %.15g", row->min);
    } else {
        text_addf(out, row->above ? " above %.15g, at most %.15g" : " from %.15g to %.15g", row->min, row->max);
    }
}

static void row_add_words(const char *const *choices, text *out)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        text_addf(out, "%s%s", i == 0 ? " " : ", ", choices[i]);
    }
}

static void row_add_letters(const struct row *row, text *out)
{
    text_addf(out, "a name of letters, digits");
    for (const char *letter = row->letters; *letter != '\0'; letter++) {
        text_addf(out, "%s %c", letter[1] == '\0' ? " and" : ",", *letter);
    }
    text_addf(out, ", at most 100, that begins with a letter or digit");
}

static void row_add_expects(const struct row *row, text *out)
{
    switch (row->type) {
    case ROW_INT:
        text_addf(out, "a whole number");
        row_add_range(row, out);
        break;
    case ROW_REAL:
        text_addf(out, "a number");
        row_add_range(row, out);
        break;
    case ROW_BOOL: text_addf(out, "true or false"); break;
    case ROW_TEXT:
        if (row->letters != NULL) {
            row_add_letters(row, out);
        } else {
            text_addf(out, "a text");
        }
        break;
    case ROW_PATH: text_addf(out, "a path"); break;
    case ROW_CHOICE:
        text_addf(out, row->choices[1] == NULL ? "the word" : "one of");
        row_add_words(row->choices, out);
        break;
    case ROW_CHOICES:
        text_addf(out, "a list of some of");
        row_add_words(row->choices, out);
        break;
    case ROW_INTS:
        text_addf(out, "a list of whole numbers");
        row_add_range(row, out);
        break;
    case ROW_REALS:
        text_addf(out, "a list of numbers");
        row_add_range(row, out);
        break;
    case ROW_ENTRIES: text_addf(out, "a list of maps"); break;
    case ROW_SPECIAL: text_addf(out, "%s", row->special->expects); break;
    default: text_addf(out, "a map");
    }
}

const char *row_expects(struct check *c, const struct row *row)
{
    text out = {0};
    row_add_expects(row, &out);
    const char *words = arena_text(c->arena, out.at, out.length);
    text_free(&out);
    return words;
}

void row_refuse(struct check *c, const node *n, const char *path, const char *expects)
{
    faults_add(c->faults, n, path, "found %s; expected %s", node_shown(n), expects);
}

void row_refuse_word(struct check *c, const node *n, const char *path, const char *expects, const char *const *words)
{
    bool map = n->kind == NODE_MAP && n->count == 1;
    const char *said = n->kind == NODE_TEXT ? n->text : map ? n->first->key : "";
    if (map) {
        faults_add(c->faults, n, path, "found {%s: %s}; expected %s", text_quoted(said),
                   n->first->kind == NODE_TEXT ? node_shown(n->first) : "..", expects);
    } else {
        row_refuse(c, n, path, expects);
    }
    const char *nearest = text_nearest(said, words, row_choice_count(words));
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(said, words[i]) == 0) {
            faults_hint(c->faults, map ? "\"%s\" stands alone" : "\"%s\" does not stand alone", words[i]);
        }
        nearest = strcasecmp(said, words[i]) == 0 ? words[i] : nearest;
    }
    if (nearest != NULL) {
        faults_hint(c->faults, "did you mean \"%s\"?", nearest);
    }
}

node *row_fallback(struct check *c, const struct row *row)
{
    return node_parse(row->fallback, strlen(row->fallback), "the default", c->arena, c->faults);
}

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

/* A word that is known and that this build does not have: alone, or with parameters as in {blurry: {share: 0.1}}. */
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

static void row_refuse_later(struct check *c, const struct row *row, const node *n, const char *path)
{
    if (n != NULL) {
        faults_add_at_key(c->faults, n, path, "found a key that comes later; expected it to be left out");
        faults_hint(c->faults, "%s: not in this build", row->help);
    }
}

/* ---- one key ---- */

static void row_fill_subtree(struct check *c, const struct row *row, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, row_expects(c, row));
        return;
    }
    row_fill_section(c, row->rows, n, n, path, arena_take(c->arena, 1, row->size));
    const char *yaml = node_yaml(n, c->arena);
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

/* ---- a section ---- */

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
    bool said = gathered->count > 0 || row->fallback == NULL;
    row_fill_subtree(c, row, said ? gathered : row_fallback(c, row), path, out);
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
