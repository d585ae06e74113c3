/* libyaml's events become a tree, or faults with a line. See node.h for what is refused and why. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/text.h"
#include "scenario/faults.h"
#include "scenario/node.h"

struct anchor {
    char *name;
    const node *at; /* NULL while what it names is still being read */
};

struct builder {
    yaml_parser_t parser;
    const char *bytes;
    const char *origin;
    arena *arena;
    faults *faults;
    size_t nodes;
    struct anchor *anchors;
    size_t anchor_count;
};

static node *tree_build(struct builder *b, yaml_event_t *event, int depth);

/* ---- faults of form ---- */

static node *tree_refuse(struct builder *b, yaml_mark_t at, const char *words)
{
    faults_add_at_line(b->faults, b->origin, (int)at.line + 1, (int)at.column + 1, "%s", words);
    return NULL;
}

/* Whether the line is indented by a tab: libyaml's own words for it name neither. */
static bool tree_tab_indents(const char *bytes, size_t line)
{
    for (; line > 0 && *bytes != '\0'; line--) {
        bytes += strcspn(bytes, "\n");
        bytes += *bytes == '\n' ? 1 : 0;
    }
    return bytes[strspn(bytes, " ")] == '\t';
}

static bool tree_says(const char *words, const char *part) { return words != NULL && strstr(words, part) != NULL; }

static node *tree_refuse_form(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    const char *context = p->context;
    if (p->error == YAML_MEMORY_ERROR) {
        alloc_zero(SIZE_MAX, 2); /* ends the program */
    }
    if (tree_tab_indents(b->bytes, p->problem_mark.line)) {
        return tree_refuse(b, p->problem_mark, "found a tab used for indentation; expected spaces");
    }
    if (tree_says(context, "flow sequence")) {
        return tree_refuse(b, p->context_mark,
                           "found \"[\" that is not closed; expected \",\" or \"]\" behind each entry");
    }
    if (tree_says(context, "flow mapping")) {
        return tree_refuse(b, p->context_mark,
                           "found \"{\" that is not closed; expected \",\" or \"}\" behind each entry");
    }
    if (tree_says(context, "quoted scalar") && tree_says(p->problem, "end of stream")) {
        return tree_refuse(b, p->context_mark, "found a quote that is not closed; expected its end");
    }
    if (tree_says(context, "simple key")) {
        return tree_refuse(b, p->context_mark, "found a text without \":\"; expected \"key: value\" on one line");
    }
    if (tree_says(p->problem, "cannot start any token")) {
        return tree_refuse(b, p->problem_mark, "found a character that can begin no value; expected quotes around it");
    }
    if (tree_says(p->problem, "mapping values are not allowed")) {
        return tree_refuse(b, p->problem_mark,
                           "found \":\" where no key can stand; expected quotes around a text that holds \": \"");
    }
    if (tree_says(p->problem, "expected <document start>")) {
        return tree_refuse(b, p->problem_mark, "found a second document; expected one document only");
    }
    if (tree_says(p->problem, "incompatible YAML")) {
        return tree_refuse(b, p->problem_mark, "found another version of YAML; expected %YAML 1.2 or none");
    }
    faults_add_at_line(b->faults, b->origin, (int)p->problem_mark.line + 1, (int)p->problem_mark.column + 1,
                       "found YAML with a fault, \"%s%s%s\"; expected well-formed YAML",
                       p->problem == NULL ? "no words" : p->problem, context == NULL ? "" : " ",
                       context == NULL ? "" : context);
    return NULL;
}

static bool tree_next(struct builder *b, yaml_event_t *event)
{
    if (!yaml_parser_parse(&b->parser, event)) {
        tree_refuse_form(b);
        return false;
    }
    return true;
}

/* ---- nodes ---- */

static node *tree_make(struct builder *b, enum node_kind kind, yaml_mark_t at)
{
    if (++b->nodes > NODE_COUNT) {
        return tree_refuse(b, at, "found more than 100000 values, aliases counted; expected a smaller scenario");
    }
    node *n = arena_take(b->arena, 1, sizeof *n);
    n->kind = kind;
    n->line = (int)at.line + 1;
    n->column = (int)at.column + 1;
    n->origin = b->origin;
    return n;
}

static bool tree_anchor_begin(struct builder *b, const yaml_char_t *name, yaml_mark_t at, size_t *index)
{
    if (name == NULL) {
        *index = SIZE_MAX;
        return true;
    }
    if (b->anchor_count == NODE_ANCHORS) {
        return tree_refuse(b, at, "found more than 1000 anchors; expected fewer") != NULL;
    }
    *index = b->anchor_count++;
    b->anchors[*index] = (struct anchor){.name = arena_text(b->arena, (const char *)name, strlen((const char *)name))};
    return true;
}

static void tree_anchor_end(struct builder *b, size_t index, const node *at)
{
    if (index != SIZE_MAX) {
        b->anchors[index].at = at;
    }
}

/* A copy keeps the lines of what it was copied from: that is where its faults are corrected. */
static node *tree_copy(struct builder *b, const node *from, yaml_mark_t at, int depth)
{
    if (depth > NODE_DEPTH) {
        return tree_refuse(b, at, "found aliases nested deeper than 32 levels; expected fewer");
    }
    node *n = tree_make(b, from->kind, at);
    if (n == NULL) {
        return NULL;
    }
    n->line = from->line;
    n->column = from->column;
    n->quoted = from->quoted;
    n->text = from->text;
    for (const node *entry = from->first; entry != NULL; entry = entry->next) {
        node *copy = tree_copy(b, entry, at, depth + 1);
        if (copy == NULL) {
            return NULL;
        }
        copy->key = entry->key;
        copy->key_line = entry->key_line;
        copy->key_column = entry->key_column;
        node_append(n, copy);
    }
    return n;
}

static node *tree_alias(struct builder *b, const yaml_event_t *event, int depth)
{
    const char *name = (const char *)event->data.alias.anchor;
    yaml_mark_t at = event->start_mark;
    for (size_t i = b->anchor_count; i-- > 0;) { /* the latest of a name counts */
        if (strcmp(b->anchors[i].name, name) != 0) {
            continue;
        }
        if (b->anchors[i].at == NULL) {
            faults_add_at_line(b->faults, b->origin, (int)at.line + 1, (int)at.column + 1,
                               "found alias *%s inside of what it names; expected no circle", text_quoted(name));
            return NULL;
        }
        return tree_copy(b, b->anchors[i].at, at, depth);
    }
    faults_add_at_line(b->faults, b->origin, (int)at.line + 1, (int)at.column + 1,
                       "found alias *%s; expected its anchor &%s on a line before it", text_quoted(name),
                       text_quoted(name));
    return NULL;
}

static node *tree_refuse_tag(struct builder *b, yaml_mark_t at, const yaml_char_t *tag)
{
    faults_add_at_line(b->faults, b->origin, (int)at.line + 1, (int)at.column + 1,
                       "found tag %s; expected none, as tags are not supported", text_quoted((const char *)tag));
    return NULL;
}

static node *tree_scalar(struct builder *b, const yaml_event_t *event)
{
    yaml_mark_t at = event->start_mark;
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    size_t anchor = SIZE_MAX;
    if (event->data.scalar.tag != NULL) {
        return tree_refuse_tag(b, at, event->data.scalar.tag);
    }
    if (length > NODE_SCALAR) {
        return tree_refuse(b, at, "found a text of more than 65536 bytes; expected a shorter one");
    }
    if (memchr(value, '\0', length) != NULL) {
        return tree_refuse(b, at, "found a text that holds \\0; expected none");
    }
    node *n = tree_make(b, NODE_TEXT, at);
    if (n == NULL || !tree_anchor_begin(b, event->data.scalar.anchor, at, &anchor)) {
        return NULL;
    }
    n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->text = arena_text(b->arena, value, length);
    tree_anchor_end(b, anchor, n);
    return n;
}

static node *tree_list(struct builder *b, const yaml_event_t *begin, int depth)
{
    size_t anchor = SIZE_MAX;
    if (begin->data.sequence_start.tag != NULL) {
        return tree_refuse_tag(b, begin->start_mark, begin->data.sequence_start.tag);
    }
    node *list = tree_make(b, NODE_LIST, begin->start_mark);
    if (list == NULL || !tree_anchor_begin(b, begin->data.sequence_start.anchor, begin->start_mark, &anchor)) {
        return NULL;
    }
    for (;;) {
        yaml_event_t event;
        if (!tree_next(b, &event)) {
            return NULL;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            tree_anchor_end(b, anchor, list);
            return list;
        }
        node *entry = tree_build(b, &event, depth + 1);
        yaml_event_delete(&event);
        if (entry == NULL) {
            return NULL;
        }
        node_append(list, entry);
    }
}

/* NULL when the event is no key that a scenario can have; the fault was added. */
static const char *tree_key(struct builder *b, const yaml_event_t *event)
{
    yaml_mark_t at = event->start_mark;
    if (event->type != YAML_SCALAR_EVENT) {
        return (const char *)tree_refuse(b, at, "found a key that is no text; expected a plain text as key");
    }
    if (event->data.scalar.tag != NULL) {
        return (const char *)tree_refuse_tag(b, at, event->data.scalar.tag);
    }
    const char *value = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.length == 0 || (plain && (strcmp(value, "~") == 0 || strcmp(value, "null") == 0))) {
        return (const char *)tree_refuse(b, at, "found an empty key; expected a plain text as key");
    }
    if (plain && strcmp(value, "<<") == 0) {
        return (const char *)tree_refuse(b, at, "found merge key <<; expected none, as merge keys are not supported");
    }
    if (event->data.scalar.length > NODE_KEY) {
        return (const char *)tree_refuse(b, at, "found a key of more than 256 bytes; expected a shorter one");
    }
    if (memchr(value, '\0', event->data.scalar.length) != NULL || event->data.scalar.anchor != NULL) {
        return (const char *)tree_refuse(b, at, "found a key with an anchor or \\0; expected a plain text as key");
    }
    return arena_text(b->arena, value, event->data.scalar.length);
}

static int tree_compare_keys(const void *a, const void *b)
{
    const node *x = *(node *const *)a;
    const node *y = *(node *const *)b;
    int keys = strcmp(x->key, y->key);
    if (keys != 0) {
        return keys;
    }
    if (x->key_line != y->key_line) {
        return x->key_line < y->key_line ? -1 : 1;
    }
    return (x->key_column > y->key_column) - (x->key_column < y->key_column);
}

/* A repeated key is a fault at its second place, and the first one stays. Sorted, as a map may have 100,000 keys. */
static void tree_drop_repeated(struct builder *b, node *map)
{
    if (map->count < 2) {
        return;
    }
    node **sorted = alloc_zero(map->count, sizeof *sorted);
    size_t count = 0;
    for (node *n = map->first; n != NULL; n = n->next) {
        sorted[count++] = n;
    }
    qsort(sorted, count, sizeof *sorted, tree_compare_keys);
    const node *first = sorted[0];
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[i]->key, first->key) != 0) {
            first = sorted[i];
            continue;
        }
        faults_add_at_line(b->faults, b->origin, sorted[i]->key_line, sorted[i]->key_column,
                           "found key %s again; expected it once, as on line %d", text_quoted(first->key),
                           first->key_line);
        sorted[i]->key = NULL;
    }
    free(sorted);
    node *n = map->first;
    map->first = map->last = NULL;
    map->count = 0;
    while (n != NULL) {
        node *next = n->next;
        if (n->key != NULL) {
            node_append(map, n);
        }
        n = next;
    }
}

static node *tree_entry(struct builder *b, const yaml_event_t *key_event, int depth)
{
    const char *key = tree_key(b, key_event);
    yaml_event_t event;
    if (key == NULL || !tree_next(b, &event)) {
        return NULL;
    }
    node *entry = tree_build(b, &event, depth + 1);
    yaml_event_delete(&event);
    if (entry != NULL) {
        entry->key = key;
        entry->key_line = (int)key_event->start_mark.line + 1;
        entry->key_column = (int)key_event->start_mark.column + 1;
    }
    return entry;
}

static node *tree_map(struct builder *b, const yaml_event_t *begin, int depth)
{
    size_t anchor = SIZE_MAX;
    if (begin->data.mapping_start.tag != NULL) {
        return tree_refuse_tag(b, begin->start_mark, begin->data.mapping_start.tag);
    }
    node *map = tree_make(b, NODE_MAP, begin->start_mark);
    if (map == NULL || !tree_anchor_begin(b, begin->data.mapping_start.anchor, begin->start_mark, &anchor)) {
        return NULL;
    }
    for (;;) {
        yaml_event_t event;
        if (!tree_next(b, &event)) {
            return NULL;
        }
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            tree_drop_repeated(b, map);
            tree_anchor_end(b, anchor, map);
            return map;
        }
        node *entry = tree_entry(b, &event, depth);
        yaml_event_delete(&event);
        if (entry == NULL) {
            return NULL;
        }
        node_append(map, entry);
    }
}

static node *tree_build(struct builder *b, yaml_event_t *event, int depth)
{
    if (depth > NODE_DEPTH) {
        return tree_refuse(b, event->start_mark, "found lists and maps nested deeper than 32 levels; expected fewer");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT: return tree_scalar(b, event);
    case YAML_ALIAS_EVENT: return tree_alias(b, event, depth);
    case YAML_SEQUENCE_START_EVENT: return tree_list(b, event, depth);
    case YAML_MAPPING_START_EVENT: return tree_map(b, event, depth);
    default: return tree_refuse(b, event->start_mark, "found no value; expected one");
    }
}

/* ---- the document ---- */

/* libyaml names no line for bytes that are no text (and takes UTF-16), so they are looked for first. */
static bool tree_is_text(const char *bytes, size_t count, const char *origin, faults *f)
{
    const unsigned char *s = (const unsigned char *)bytes;
    if (count >= 2 && ((s[0] == 0xfe && s[1] == 0xff) || (s[0] == 0xff && s[1] == 0xfe))) {
        faults_add_at_line(f, origin, 1, 1, "found UTF-16; expected UTF-8");
        return false;
    }
    size_t i = count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    int line = 1;
    int column = 1;
    while (i < count) {
        size_t length = s[i] == '\t' || s[i] == '\n' || s[i] == '\r' ? 1 : text_character(bytes + i);
        /* A byte order mark inside, and U+FFFE and U+FFFF, are well-formed but refused by YAML. */
        if (length == 3 && s[i] == 0xef &&
            ((s[i + 1] == 0xbb && s[i + 2] == 0xbf) || (s[i + 1] == 0xbf && s[i + 2] >= 0xbe))) {
            length = 0;
        }
        if (length == 0) {
            faults_add_at_line(f, origin, line, column, "found byte 0x%02X at offset %zu; expected text in UTF-8",
                               (unsigned)s[i], i);
            return false;
        }
        bool breaks = s[i] == '\n' || (s[i] == '\r' && s[i + 1] != '\n');
        line += breaks ? 1 : 0;
        column = breaks ? 1 : column + 1;
        i += length;
    }
    return true;
}

static node *tree_empty(struct builder *b, yaml_mark_t at)
{
    if (b->origin == NULL) {
        faults_add(b->faults, NULL, NULL,
                   "found an empty file; expected a scenario, at least perdure, data and methods");
        faults_hint(b->faults, "`perdure describe scenario` prints one with every key");
        return NULL;
    }
    node *n = tree_make(b, NODE_TEXT, at);
    n->text = "";
    return n;
}

static node *tree_document(struct builder *b)
{
    yaml_event_t event;
    if (!tree_next(b, &event)) { /* the stream's begin */
        return NULL;
    }
    yaml_event_delete(&event);
    if (!tree_next(b, &event)) {
        return NULL;
    }
    node *root = NULL;
    yaml_mark_t at = event.start_mark;
    bool tags = event.type == YAML_DOCUMENT_START_EVENT &&
                event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end;
    bool empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (empty) {
        return tree_empty(b, at);
    }
    if (tags) {
        return tree_refuse(b, at, "found %TAG; expected none, as tags are not supported");
    }
    if (!tree_next(b, &event)) {
        return NULL;
    }
    root = tree_build(b, &event, 1);
    yaml_event_delete(&event);
    if (root == NULL || !tree_next(b, &event)) { /* the document's end */
        return NULL;
    }
    yaml_event_delete(&event);
    if (!tree_next(b, &event)) {
        return NULL;
    }
    if (event.type != YAML_STREAM_END_EVENT) {
        root = tree_refuse(b, event.start_mark, "found a second document; expected one document only");
    }
    yaml_event_delete(&event);
    return root;
}

node *node_parse(const char *bytes, size_t count, const char *origin, arena *a, struct faults *f)
{
    if (count > NODE_BYTES) {
        faults_add(f, NULL, NULL, "found %zu bytes; expected at most %d", count, (int)NODE_BYTES);
        return NULL;
    }
    if (!tree_is_text(bytes, count, origin, f)) {
        return NULL;
    }
    struct builder b = {.bytes = bytes, .origin = origin, .arena = a, .faults = f};
    b.anchors = alloc_zero(NODE_ANCHORS, sizeof *b.anchors);
    if (!yaml_parser_initialize(&b.parser)) {
        alloc_zero(SIZE_MAX, 2); /* ends the program: out of memory */
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    size_t mark =
        count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* some editors write one; libyaml, told the
                                                                               encoding, would take it for text */
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)bytes + mark, count - mark);
    node *root = tree_document(&b);
    yaml_parser_delete(&b.parser);
    free(b.anchors);
    return root;
}
