/* The table as JSON Schema draft-07, for editors that complete and check a scenario while it is written.
 *
 * What needs two keys at once beyond a section's variant (a seed twice, test beside test_every, unequal lengths) is
 * checked by Perdure alone, but for a section's `rules`: the schema accepts a little more, never less. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "scenario/row.h"
#include "scenario/scenario.h"

static json_t *schema_default(const struct row *row);

static void schema_range(json_t *schema, const struct row *row)
{
    if (row->min == 0 && row->max == 0) {
        return;
    }
    /* Whole limits are written without a point; 2^63 is above every integer that JSON readers agree on. */
    bool whole = row->type == ROW_INT || row->type == ROW_INTS;
    json_object_set_new(schema, row->above ? "exclusiveMinimum" : "minimum",
                        whole ? json_integer((json_int_t)row->min) : json_real(row->min));
    if (row->max < 9e18) {
        json_object_set_new(schema, "maximum", whole ? json_integer((json_int_t)row->max) : json_real(row->max));
    } else if (whole) {
        json_object_set_new(schema, "maximum", json_integer(INT64_MAX));
    }
}

static json_t *schema_words(const char *const *choices)
{
    json_t *words = json_array();
    for (size_t i = 0; choices[i] != NULL; i++) {
        json_array_append_new(words, json_string(choices[i]));
    }
    return json_pack("{s:o}", "enum", words);
}

static json_t *schema_text(const struct row *row)
{
    json_t *schema = json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
    if (row->letters != NULL) {
        char *pattern = alloc_format("^[A-Za-z0-9][A-Za-z0-9%s]{0,99}$", row->letters); /* "-" is the last of them */
        json_object_set_new(schema, "pattern", json_string(pattern));
        free(pattern);
    }
    return schema;
}

static json_t *schema_rows(const struct row *row)
{
    json_t *schema = row_schema(row->rows);
    json_t *rules = row->rules == NULL ? NULL : json_loads(row->rules, 0, NULL);
    if (rules != NULL) {
        json_object_update(schema, rules);
        json_decref(rules);
    }
    return schema;
}

static json_t *schema_value(const struct row *row)
{
    json_t *items = NULL;
    switch (row->type) {
    case ROW_INT:
    case ROW_REAL:
        items = json_pack("{s:s}", "type", row->type == ROW_INT ? "integer" : "number");
        schema_range(items, row);
        return items;
    case ROW_BOOL: return json_pack("{s:s}", "type", "boolean");
    case ROW_TEXT:
    case ROW_PATH: return schema_text(row);
    case ROW_CHOICE: return schema_words(row->choices);
    case ROW_CHOICES:
        return json_pack("{s:s, s:o, s:b}", "type", "array", "items", schema_words(row->choices), "uniqueItems", 1);
    case ROW_INTS:
    case ROW_REALS:
        items = json_pack("{s:s}", "type", row->type == ROW_INTS ? "integer" : "number");
        schema_range(items, row);
        return json_pack("{s:s, s:o}", "type", "array", "items", items);
    case ROW_ENTRIES:
        return json_pack("{s:s, s:o, s:i}", "type", "array", "items", schema_rows(row), "minItems",
                         row->fallback == NULL ? 1 : 0);
    case ROW_SPECIAL: return json_loads(row->special->schema, 0, NULL);
    default: return schema_rows(row);
    }
}

json_t *node_json(const node *n)
{
    int64_t whole = 0;
    double real = 0;
    if (n->kind == NODE_TEXT) {
        if (!n->quoted && number_int(n->text, &whole)) {
            return json_integer(whole);
        }
        if (!n->quoted && number_real(n->text, &real)) {
            return json_real(real);
        }
        bool word = !n->quoted && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0);
        return word ? json_boolean(n->text[0] == 't') : json_string(n->text);
    }
    json_t *out = n->kind == NODE_LIST ? json_array() : json_object();
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        if (n->kind == NODE_LIST) {
            json_array_append_new(out, node_json(entry));
        } else {
            json_object_set_new(out, entry->key, node_json(entry));
        }
    }
    return out;
}

static json_t *schema_default(const struct row *row)
{
    arena *a = arena_open();
    faults f;
    faults_begin(&f, "default");
    struct check c = {.arena = a, .faults = &f};
    const node *n = row_fallback(&c, row);
    json_t *value = n == NULL ? NULL : node_json(n);
    faults_free(&f);
    arena_close(a);
    return value;
}

/* With the words that come later, so that whoever misses one in the list reads why. Owned by the caller. */
static char *schema_help(const struct row *row)
{
    text words = {0};
    text_addf(&words, "%s", row->help);
    for (size_t i = 0; row->later != NULL && row->later[i] != NULL; i++) {
        text_addf(&words, "%s%s", i == 0 ? " (comes later: " : ", ", row->later[i]);
    }
    text_addf(&words, row->later != NULL ? ")" : "");
    return words.at;
}

static json_t *schema_row(const struct row *row)
{
    json_t *schema = row->type == ROW_LATER ? json_pack("{s:{}}", "not") : schema_value(row);
    char *help = row->type == ROW_LATER ? alloc_format("%s; comes later", row->help) : schema_help(row);
    json_object_set_new(schema, "description", json_string(help));
    free(help);
    if (row->fallback != NULL) {
        json_object_set_new(schema, "default", schema_default(row));
    }
    return schema;
}

/* Whether the section may be left out: nothing in it is required. */
static bool schema_may_miss(const struct row *row)
{
    if (row->type == ROW_LATER) {
        return true;
    }
    if (row->type != ROW_SECTION && row->type != ROW_SUBTREE) {
        return row->fallback != NULL || row->optional;
    }
    if (row->fallback != NULL) {
        return true;
    }
    for (size_t i = 0; row->rows[i].type != ROW_NONE; i++) {
        if (row->rows[i].only == 0 && !schema_may_miss(&row->rows[i])) {
            return false;
        }
    }
    return true;
}

static void schema_add_rows(const struct row *rows, int variant, json_t *properties, json_t *required)
{
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        const struct row *row = &rows[i];
        if (row->only != 0 && variant >= 0 && (row->only & (1u << variant)) == 0) {
            continue;
        }
        if (row->type == ROW_SUBTREE && row->key[0] == '\0') {
            schema_add_rows(row->rows, -1, properties, required); /* all variants' keys among the plugin's own */
            continue;
        }
        json_object_set_new(properties, row->key, schema_row(row));
        if (!schema_may_miss(row) && (row->only == 0 || variant >= 0)) {
            json_array_append_new(required, json_string(row->key));
        }
    }
}

static json_t *schema_variant(const struct row *rows, int variant)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    schema_add_rows(rows, variant, properties, required);
    if (variant >= 0) {
        const char *word = rows[0].choices[variant];
        json_t *type = json_object_get(properties, rows[0].key);
        json_object_del(type, "enum");
        json_object_set_new(type, "const", json_string(word));
        bool is_default = rows[0].fallback != NULL && strcmp(rows[0].fallback, word) == 0;
        if (rows[0].fallback != NULL && !is_default) { /* left out, it is the default's variant */
            json_object_del(type, "default");
            json_array_append_new(required, json_string(rows[0].key));
        }
    }
    json_t *schema =
        json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
    if (json_array_size(required) > 0) {
        json_object_set(schema, "required", required);
    }
    json_decref(required);
    return schema;
}

json_t *row_schema(const struct row *rows)
{
    bool variants = false;
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        variants = variants || rows[i].only != 0;
    }
    if (!variants) {
        return schema_variant(rows, -1);
    }
    json_t *all = json_array();
    for (int i = 0; rows[0].choices[i] != NULL; i++) {
        json_array_append_new(all, schema_variant(rows, i));
    }
    return json_pack("{s:o}", "oneOf", all);
}

char *network_schema_json(enum network_type type)
{
    json_t *schema = schema_variant(own_network_rows, (int)type);
    char *out = json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(schema);
    return out;
}

char *scenario_schema_json(void)
{
    json_t *schema = row_schema(scenario_rows);
    json_object_set_new(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
    json_object_set_new(schema, "title", json_string("Perdure scenario, format 1"));
    char *out = json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(schema);
    return out;
}
