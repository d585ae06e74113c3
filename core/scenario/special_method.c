/* Keys of a method that may take several forms: its strategies, and what it alone sets. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

/* ---- strategies: [replay, {replay: {..}}, {plugin: PATH, with: {..}}] ---- */

static void strategy_fill_parameters(struct check *c, const node *n, struct strategy_entry *entry)
{
    if (n->kind == NODE_MAP) {
        entry->parameters = n;
    } else if (!node_is_nothing(n)) {
        row_refuse(c, n, entry->path, "a map of parameters");
    }
}

static void strategy_fill_plugin(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    static const char *const keys[] = {"plugin", "with"};
    value_path(c, node_find(n, "plugin"), row_path(c, path, "plugin"), &entry->plugin);
    entry->path = row_path(c, path, "with");
    for (const node *at = n->first; at != NULL; at = at->next) {
        if (strcmp(at->key, "with") == 0) {
            strategy_fill_parameters(c, at, entry);
        } else if (strcmp(at->key, "plugin") != 0) {
            faults_add_at_key(c->faults, at, row_path(c, path, at->key),
                              "found an unknown key; expected one of plugin, with");
            const char *nearest = text_nearest(at->key, keys, 2);
            faults_hint(c->faults, nearest != NULL ? "did you mean \"%s\"?" : "parameters go below \"with\"", nearest);
        }
    }
}

static void strategy_fill_named(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    if (n->count != 1) {
        faults_add(c->faults, n, path, "found %zu keys; expected one strategy an entry, as {replay: {capacity: 1000}}",
                   n->count);
        if (n->count > 1) { /* the usual slip: {name: replay, capacity: 10}, or a "-" forgotten */
            faults_hint(c->faults,
                        "parameters stand below the name of the strategy, and every strategy behind a \"-\"");
        }
        return;
    }
    entry->name = n->first->key;
    entry->path = row_path(c, path, entry->name);
    strategy_fill_parameters(c, n->first, entry);
}

static void strategy_fill(struct check *c, const node *n, const char *path, struct strategy_entry *entry)
{
    size_t before = c->faults->count;
    *entry = (struct strategy_entry){.at = n, .place = path, .path = path, .line = n->line, .column = n->column};
    if (n->kind == NODE_TEXT && !node_is_nothing(n)) {
        if (value_text(c, n, path, "the name of a strategy", &entry->name)) {
            entry->path = row_path(c, path, entry->name);
        }
    } else if (n->kind == NODE_MAP && node_find(n, "plugin") != NULL) {
        strategy_fill_plugin(c, n, path, entry);
    } else if (n->kind == NODE_MAP) {
        strategy_fill_named(c, n, path, entry);
    } else {
        row_refuse(c, n, path, "a strategy, as replay or {replay: {capacity: 1000}}");
    }
    if (entry->name != NULL && !value_named(entry->name, "._+-")) {
        row_refuse(c, n, path, "the name of a strategy; a path goes below plugin, as {plugin: ./mine.so}");
    }
    if (c->faults->count > before) { /* not to be looked up: what would be missing is told already */
        entry->name = entry->plugin = NULL;
    }
}

static void strategies_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct method_options *method = CONTAINER(out, method_options, strategies);
    if (n->kind != NODE_LIST) {
        row_refuse(c, n, path, special_strategies.expects);
        return;
    }
    struct strategy_entry *entries = arena_take(c->arena, n->count, sizeof *entries);
    size_t i = 0;
    for (const node *entry = n->first; entry != NULL; entry = entry->next, i++) {
        strategy_fill(c, entry, row_path_index(c, path, i), &entries[i]);
    }
    method->strategies = entries;
    method->strategy_count = n->count;
}
const struct special special_strategies = {
    "a list of strategies, as [{replay: {capacity: 1000}}]", strategies_fill,
    "{\"type\": \"array\", \"items\": {\"oneOf\": [{\"type\": \"string\"},"
    " {\"type\": \"object\", \"required\": [\"plugin\"], \"additionalProperties\": false, \"properties\":"
    " {\"plugin\": {\"type\": \"string\", \"minLength\": 1}, \"with\": {\"type\": [\"object\", \"null\"]}}},"
    " {\"type\": \"object\", \"not\": {\"required\": [\"plugin\"]}, \"minProperties\": 1, \"maxProperties\": 1,"
    " \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}]}}"};

/* ---- set: {optimizer.lr: 0.01} ---- */

/* Data, stream and device are the same for all methods, as rows of one comparison; what may differ is what learns. */
static const char *const set_sections[] = {"network", "optimizer", "training", NULL};

static void set_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, special_set.expects);
        return;
    }
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        size_t length = strcspn(entry->key, ".");
        bool known = false;
        for (size_t i = 0; set_sections[i] != NULL; i++) {
            known = known || (strlen(set_sections[i]) == length && !strncmp(entry->key, set_sections[i], length));
        }
        if (!known || entry->key[length] == '\0' || entry->key[length + 1] == '\0') {
            faults_add_at_key(c->faults, entry, row_path(c, path, entry->key),
                              "found a key that all methods share; expected one of network.KEY, optimizer.KEY, "
                              "training.KEY");
        }
    }
    *(const node **)out = n;
}
const struct special special_set = {
    "a map of network.KEY, optimizer.KEY, training.KEY, as {optimizer.lr: 0.01}", set_fill,
    "{\"type\": \"object\", \"propertyNames\": {\"pattern\": \"^(network|optimizer|training)[.].\"}}"};

/* A section as the file has it, in a map of its own entries, so that laying something in leaves the file's alone. */
static node *section_copy(struct check *c, const node *root, const char *name)
{
    const node *said = node_find(root, name);
    node *copy = arena_take(c->arena, 1, sizeof *copy);
    *copy = (node){.kind = NODE_MAP, .line = root->line, .column = root->column};
    if (said != NULL) {
        *copy = (node){
            .kind = said->kind, .line = said->line, .column = said->column, .origin = said->origin, .text = said->text};
    }
    for (const node *entry = said != NULL ? said->first : NULL; entry != NULL; entry = entry->next) {
        node *one = arena_take(c->arena, 1, sizeof *one);
        *one = *entry;
        node_append(copy, one);
    }
    return copy;
}

/* The entry `key` of a section becomes that of `set`: it stands where `set` says it. */
static void section_lay(struct check *c, node *section, const node *entry, const char *key)
{
    node *at = section->first;
    while (at != NULL && strcmp(at->key, key) != 0) {
        at = at->next;
    }
    if (at == NULL) {
        at = arena_take(c->arena, 1, sizeof *at);
        node_append(section, at);
    }
    node *next = at->next;
    *at = *entry;
    at->key = key;
    at->next = next;
}

/* epochs take the place of iterations, and the other way round: a method says one of them, and means not the other. */
static void section_drop(node *section, const char *key)
{
    node *before = NULL;
    for (node *at = section->first; at != NULL; before = at, at = at->next) {
        if (strcmp(at->key, key) != 0) {
            continue;
        }
        *(before != NULL ? &before->next : &section->first) = at->next;
        section->last = section->last == at ? before : section->last;
        section->count--;
        return;
    }
}

/* A method with another type of network or optimizer has none of the keys that only the file's type has. */
static void section_forget(node *section, const node *said, const struct row *rows)
{
    for (const node *entry = said != NULL ? said->first : NULL; entry != NULL; entry = entry->next) {
        if (!row_has_key(rows, section, entry->key)) {
            section_drop(section, entry->key);
        }
    }
}

static void section_fill(struct check *c, const node *root, const struct method_options *m, const char *name,
                         const struct row *rows, void *out)
{
    node *section = section_copy(c, root, name);
    size_t length = strlen(name);
    for (const node *entry = m->set != NULL ? m->set->first : NULL; entry != NULL; entry = entry->next) {
        if (strncmp(entry->key, name, length) != 0 || entry->key[length] != '.' || section->kind != NODE_MAP) {
            continue;
        }
        const char *key = entry->key + length + 1;
        if (strcmp(key, "epochs") == 0 || strcmp(key, "iterations") == 0) {
            section_drop(section, key[0] == 'e' ? "iterations" : "epochs");
        }
        section_lay(c, section, entry, key);
        if (strcmp(key, "type") == 0) {
            section_forget(section, node_find(root, name), rows);
        }
    }
    row_fill_section(c, rows, section, section, name, out);
    if (rows == training_rows && section->kind == NODE_MAP) {
        training_after(c, section, name, out);
    }
}

void method_settle(struct check *c, const node *root, struct method_options *m)
{
    m->network = (struct network_options){0};
    m->optimizer = (struct training_optimizer_options){0};
    m->training = (struct training_options){0};
    section_fill(c, root, m, "network", network_rows, &m->network);
    section_fill(c, root, m, "optimizer", training_optimizer_rows, &m->optimizer);
    section_fill(c, root, m, "training", training_rows, &m->training);
}
