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
    " \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}]}}",
    0};

/* ---- set: {optimizer.lr: 0.01} ---- */

/* Data, stream and device are the same for all methods, as rows of one comparison; what may differ is what learns. */
static const struct {
    const char *name;
    const struct row *rows;
} set_sections[] = {{"network", own_network_rows}, {"optimizer", training_optimizer_rows}, {"training", training_rows}};
enum { SET_SECTIONS = sizeof set_sections / sizeof *set_sections };

/* "optimiser.lr": the nearest section; "lr": the section that has it. */
static void set_hint(struct check *c, const char *key)
{
    const char *names[SET_SECTIONS] = {0};
    const char *point = strchr(key, '.');
    const char *inside = point != NULL ? point + 1 : key;
    char before[NODE_KEY + 1] = "";
    memcpy(before, key, point != NULL ? (size_t)(point - key) : 0);
    for (int i = 0; i < SET_SECTIONS; i++) {
        names[i] = set_sections[i].name;
    }
    const char *section = text_nearest(before, names, SET_SECTIONS);
    for (int i = 0; i < SET_SECTIONS && point == NULL; i++) {
        section = row_has_key(set_sections[i].rows, NULL, key) ? names[i] : section;
    }
    if (section != NULL && inside[0] != '\0') {
        faults_hint(c->faults, "did you mean \"%s.%s\"?", section, text_quoted(inside));
    }
}

static bool set_is_section(const char *key)
{
    size_t length = strcspn(key, ".");
    bool known = false;
    for (size_t i = 0; i < SET_SECTIONS; i++) {
        const char *name = set_sections[i].name;
        known = known || (strlen(name) == length && strncmp(key, name, length) == 0);
    }
    return known;
}

bool set_is_key(const char *key)
{
    size_t length = strcspn(key, ".");
    return set_is_section(key) && key[length] != '\0' && key[length + 1] != '\0';
}

void set_refuse_key(struct check *c, const node *entry, const char *path, const char *expects)
{
    bool section = set_is_section(entry->key);
    size_t length = strcspn(entry->key, ".");
    const char *top = arena_text(c->arena, entry->key, length);
    const char *found = section                                 ? "a whole section"
                        : row_has_key(scenario_rows, NULL, top) ? "a key that all methods share"
                                                                : "an unknown key";
    faults_add_at_key(c->faults, entry, row_path(c, path, entry->key),
                      "found %s; expected one of network.KEY, optimizer.KEY, training.KEY%s", found,
                      expects == NULL ? "" : expects);
    if (section && entry->kind == NODE_MAP && entry->count > 0) {
        faults_hint(c->faults, "its keys stand one by one, as %s.%s", top, text_quoted(entry->first->key));
    } else if (found[3] == 'u') {
        set_hint(c, entry->key);
    }
}

static void set_fill(struct check *c, const node *n, const char *path, void *out)
{
    if (n->kind != NODE_MAP) {
        row_refuse(c, n, path, special_set.expects);
        return;
    }
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        if (!set_is_key(entry->key)) {
            set_refuse_key(c, entry, path, NULL);
        }
    }
    *(const node **)out = n;
}
const struct special special_set = {
    "a map of network.KEY, optimizer.KEY, training.KEY, as {optimizer.lr: 0.01}", set_fill,
    "{\"type\": \"object\", \"propertyNames\": {\"pattern\": \"^(network|optimizer|training)[.].\"}}", 0};

/* What `set` says of one section, in a map of its own. */
static const node *set_of(struct check *c, const node *set, const char *section)
{
    size_t length = strlen(section);
    node *said = arena_take(c->arena, 1, sizeof *said);
    *said = (node){.kind = NODE_MAP, .line = set->line, .column = set->column, .origin = set->origin};
    for (const node *entry = set->first; entry != NULL; entry = entry->next) {
        if (strncmp(entry->key, section, length) == 0 && entry->key[length] == '.' && entry->key[length + 1] != '\0') {
            node *one = arena_take(c->arena, 1, sizeof *one);
            *one = *entry;
            one->key += length + 1;
            node_append(said, one);
        }
    }
    return said;
}

/* epochs take the place of iterations, and the other way round: a method says one of them, and means not the other. */
static void training_settle(struct check *c, const node *said, const char *path, struct training_options *training)
{
    bool epochs = node_find(said, "epochs") != NULL;
    bool iterations = node_find(said, "iterations") != NULL;
    if (epochs && iterations) {
        training_after(c, said, path, training);
    } else if (epochs) {
        training->iterations = 0;
    } else if (iterations) {
        training->epochs = 0;
    }
}

void method_settle(struct check *c, const node *root, struct method_options *m, const char *path)
{
    void *const into[SET_SECTIONS] = {&m->network, &m->optimizer, &m->training};
    for (int i = 0; i < SET_SECTIONS; i++) {
        const char *name = set_sections[i].name;
        const node *said = set_of(c, m->set, name);
        if (said->count == 0) {
            continue;
        }
        const char *here = row_path(c, path, name);
        row_fill_over(c, set_sections[i].rows, said, node_find(root, name), m->set, here, into[i]);
        if (set_sections[i].rows == training_rows) {
            training_settle(c, said, here, &m->training);
        } else if (node_find(said, "lr") != NULL || node_find(said, "schedule") != NULL) {
            optimizer_after(c, said, here, &m->optimizer);
        }
    }
}
