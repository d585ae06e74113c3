/* See axis.h and variant.h: a variant is its method with values laid into copies of its maps, so that they meet the checks that
 * the same values written by hand would meet. */
#include "scenario/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/sha256.h"
#include "scenario/axis.h"

enum { WORD_MOST = 40, WORD_DIGITS = 8, LABELS_SHOWN = 20 };

/* ---- a key beside a method ---- */

/* By path it is called as its file. NULL: its entry is at fault. */
static const char *strategy_stem(struct check *c, const struct strategy_entry *entry)
{
    if (entry->plugin == NULL) {
        return entry->name;
    }
    const char *file = path_name(entry->plugin);
    return arena_text(c->arena, file, strcspn(file, "."));
}

/* "ewc"; the second of a name "ewc#2", as the plan calls it. */
static const char *strategy_label(struct check *c, const struct method_options *m, size_t which)
{
    const char *name = strategy_stem(c, &m->strategies[which]);
    int before = 0;
    for (size_t i = 0; name != NULL && i < which; i++) {
        const char *one = strategy_stem(c, &m->strategies[i]);
        before += one != NULL && strcmp(one, name) == 0;
    }
    return before == 0 ? name : arena_format(c->arena, "%s#%d", name, before + 1);
}

bool axis_meet(struct check *c, const struct method_options *m, const node *entry, const char *path, struct axis *out)
{
    *out = (struct axis){.entry = entry, .path = path, .strategy = -1};
    if (set_is_key(entry->key)) {
        return true;
    }
    for (size_t i = 0; i < m->strategy_count; i++) {
        const char *label = strategy_label(c, m, i);
        size_t length = label == NULL ? 0 : strlen(label);
        if (length > 0 && strncmp(entry->key, label, length) == 0 && entry->key[length] == '.' &&
            entry->key[length + 1] != '\0') {
            out->strategy = (int64_t)i;
            out->inside = entry->key + length + 1;
            return true;
        }
    }
    return false;
}

/* The strategies of these methods, as keys call them, each once: *found of them. */
static const char **axes_strategies(struct check *c, const struct method_options *methods, size_t count, size_t *found)
{
    size_t most = 0;
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        most += methods[i].strategy_count;
    }
    const char **names = arena_take(c->arena, most + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < methods[i].strategy_count; j++) {
            const char *label = strategy_label(c, &methods[i], j);
            bool known = label == NULL;
            for (size_t k = 0; k < *found && !known; k++) {
                known = strcmp(names[k], label) == 0;
            }
            if (!known) {
                names[(*found)++] = label;
            }
        }
    }
    return names;
}

static bool strategies_faulty(const struct method_options *methods, size_t count)
{
    bool faulty = false;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < methods[i].strategy_count; j++) {
            faulty = faulty || (methods[i].strategies[j].name == NULL && methods[i].strategies[j].plugin == NULL);
        }
    }
    return faulty;
}

void axis_refuse(struct check *c, const struct method_options *methods, size_t count, const node *entry,
                 const char *path)
{
    if (strategies_faulty(methods, count)) { /* one of them may be the one that is meant, and its own fault is told */
        return;
    }
    size_t found = 0;
    size_t length = strcspn(entry->key, ".");
    const char **names = axes_strategies(c, methods, count, &found);
    text words = {0};
    for (size_t i = 0; i < found && i < LABELS_SHOWN; i++) {
        text_addf(&words, ", %s.PARAMETER", names[i]);
    }
    text_addf(&words, "%s", found > LABELS_SHOWN ? ", ..." : "");
    set_refuse_key(c, entry, path, words.at);
    const char *nearest = text_nearest(arena_text(c->arena, entry->key, length), names, found);
    if (nearest != NULL) {
        faults_hint(c->faults, "did you mean \"%s%s\"?", nearest, text_quoted(entry->key + length));
    }
    text_free(&words);
}

/* ---- names ---- */

/* The end of a key behind its last so many points. */
static const char *key_tail(const char *key, int points)
{
    const char *at = key + strlen(key);
    while (at > key && (at[-1] != '.' || points-- > 0)) {
        at--;
    }
    return at;
}

static char letter_safe(char letter)
{
    char one[2] = {letter, '\0'};
    return value_named(one, "") || (letter != '\0' && strchr("._+-", letter) != NULL) ? letter : '-';
}

static const char *word_safe(struct check *c, const char *word)
{
    char *out = arena_text(c->arena, word, strlen(word));
    for (char *at = out; *at != '\0'; at++) {
        *at = letter_safe(*at);
    }
    return out;
}

static void word_add(const node *n, text *out)
{
    if (n->kind == NODE_TEXT) {
        text_addf(out, "%s", n->text);
    }
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        text_addf(out, "%s", entry == n->first ? "" : "-");
        if (n->kind == NODE_MAP) {
            text_addf(out, "%s-", entry->key);
        }
        word_add(entry, out);
    }
}

/* Of letters that a folder may have; a digest where that would say nothing. */
static const char *value_word(struct check *c, const node *value, bool digested)
{
    text words = {0};
    word_add(value, &words);
    const char *word = word_safe(c, words.at == NULL ? "" : words.at);
    text_free(&words);
    if (!digested && word[0] != '\0' && strlen(word) <= WORD_MOST) {
        return word;
    }
    char digest[SHA256_HEX];
    const char *yaml = node_yaml(value, c->arena);
    sha256_bytes(yaml, strlen(yaml), digest);
    return arena_text(c->arena, digest, WORD_DIGITS);
}

static bool values_alike(struct check *c, const node *list)
{
    size_t count = 0;
    const char **words = arena_take(c->arena, list->count, sizeof *words);
    for (const node *value = list->kind == NODE_LIST ? list->first : NULL; value != NULL; value = value->next) {
        words[count] = value_word(c, value, false);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(words[i], words[count]) == 0) {
                return true;
            }
        }
        count++;
    }
    return false;
}

void axes_name(struct check *c, struct axis *axes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *tail = NULL;
        bool shared = true;
        for (int points = 0; shared && points < NODE_KEY; points++) {
            tail = key_tail(axes[i].entry->key, points);
            shared = false;
            for (size_t j = 0; j < count && tail != axes[i].entry->key; j++) {
                shared = shared || (j != i && strcmp(key_tail(axes[j].entry->key, points), tail) == 0);
            }
        }
        axes[i].tail = word_safe(c, tail);
        axes[i].digested = values_alike(c, axes[i].entry);
    }
}

/* ---- laying values into a method ---- */

static node *node_copied(struct check *c, const node *n)
{
    node *copy = arena_take(c->arena, 1, sizeof *copy);
    *copy = *n;
    copy->next = NULL;
    return copy;
}

/* The map (NULL: an empty one that stands at `at`) with the entry `said` in the place of the one of that key. */
static node *map_with(struct check *c, const node *map, const node *at, node *said)
{
    bool laid = false;
    node *out = arena_take(c->arena, 1, sizeof *out);
    *out = (node){.kind = NODE_MAP, .line = at->line, .column = at->column, .origin = at->origin};
    for (const node *entry = map == NULL ? NULL : map->first; entry != NULL; entry = entry->next) {
        bool same = strcmp(entry->key, said->key) == 0;
        node_append(out, same ? said : node_copied(c, entry));
        laid = laid || same;
    }
    if (!laid) {
        node_append(out, said);
    }
    return out;
}

/* The value as an entry under the key that the axis has in the file. */
static node *value_as_entry(struct check *c, const node *value, const node *axis, const char *key)
{
    node *out = node_copied(c, value);
    out->key = key;
    out->key_line = axis->key_line;
    out->key_column = axis->key_column;
    return out;
}

/* "generator.hidden" leads into a map of the map. */
static node *map_laid(struct check *c, const node *map, const node *at, const char *inside, const node *axis,
                      const node *value)
{
    size_t length = strcspn(inside, ".");
    const char *key = arena_text(c->arena, inside, length);
    const node *below = inside[length] == '\0' ? NULL : node_find(map, key);
    const node *one = value;
    if (inside[length] != '\0') {
        bool deeper = below != NULL && below->kind == NODE_MAP;
        one = map_laid(c, deeper ? below : NULL, value, inside + length + 1, axis, value);
    }
    return map_with(c, map, map == NULL ? at : map, value_as_entry(c, one, axis, key));
}

static void variant_lay(struct check *c, struct method_options *m, const struct axis *axis, const node *value,
                        struct choice *choice)
{
    const char *key = axis->entry->key;
    *choice = (struct choice){.key = key, .value = value, .entry = axis->entry, .to = axis->path};
    if (axis->strategy < 0) {
        m->set = map_with(c, m->set, value, value_as_entry(c, value, axis->entry, key));
        choice->from = row_path(c, row_path(c, m->place, "set"), key);
        return;
    }
    struct strategy_entry *entry = (struct strategy_entry *)(uintptr_t)&m->strategies[axis->strategy];
    entry->parameters = map_laid(c, entry->parameters, entry->at, axis->inside, axis->entry, value);
    choice->from = row_path(c, entry->path, axis->inside);
}

struct method_options variant_of(struct check *c, const struct method_options *base, const struct axis *axes,
                                 size_t count, const node *const *values, const size_t *index)
{
    struct method_options out = *base;
    struct strategy_entry *strategies = arena_take(c->arena, base->strategy_count + 1, sizeof *strategies);
    struct choice *choices = arena_take(c->arena, count, sizeof *choices);
    text name = {0};
    if (base->strategy_count > 0) {
        memcpy(strategies, base->strategies, base->strategy_count * sizeof *strategies);
    }
    out.strategies = strategies;
    text_addf(&name, "%s", base->name);
    for (size_t i = 0; i < count; i++) {
        variant_lay(c, &out, &axes[i], values[i], &choices[i]);
        choices[i].index = index[i];
        text_addf(&name, "%s%s=%s", i == 0 ? "@" : ",", axes[i].tail, value_word(c, values[i], axes[i].digested));
    }
    out.base = base->name;
    out.name = arena_text(c->arena, name.at, name.length);
    out.choices = choices;
    out.choice_count = count;
    text_free(&name);
    return out;
}

/* ---- what is told of them ---- */

/* "methods[1].set.optimizer.lr[0]" was met where "grid.optimizer.lr[2][0]" stands. */
static void fault_move(struct fault *one, const struct choice *choice)
{
    size_t length = strlen(choice->from);
    const char *behind = one->path + length;
    if (strncmp(one->path, choice->from, length) != 0 || (*behind != '\0' && *behind != '.' && *behind != '[')) {
        return;
    }
    bool at_key = *behind == '\0' && one->line == choice->entry->key_line && one->column == choice->entry->key_column;
    char *path = at_key                          ? alloc_text(choice->to)
                 : choice->index == CHOICE_DRAWN ? alloc_format("%s%s", choice->to, behind)
                                                 : alloc_format("%s[%zu]%s", choice->to, choice->index, behind);
    free(one->path);
    one->path = path;
}

void variant_faults(const struct method_options *m, faults *f, size_t from)
{
    if (m->base == NULL) {
        return;
    }
    for (size_t i = from; i < f->count; i++) {
        for (size_t j = 0; j < m->choice_count; j++) {
            fault_move(&f->at[i], &m->choices[j]);
        }
    }
    faults_merge(f, from);
}

char *variant_place(const struct method_options *m, const char *keys)
{
    for (size_t i = 0; i < m->choice_count; i++) {
        if (strncmp(m->choices[i].key, keys, strlen(keys)) == 0) {
            return alloc_text(m->choices[i].to);
        }
    }
    return alloc_format("%s.set", m->place);
}

json_t *variant_set_json(const struct method_options *m)
{
    if (m->base == NULL) {
        return NULL;
    }
    json_t *set = json_object();
    for (size_t i = 0; i < m->choice_count; i++) {
        json_object_set_new(set, m->choices[i].key, node_json(m->choices[i].value));
    }
    return set;
}

json_t *search_space_json(const struct search_options *search) { return node_json(search->space); }
