/* What a tree can be asked for; tree.c builds it. */
#include "scenario/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void node_append(node *parent, node *entry)
{
    entry->next = NULL;
    if (parent->last == NULL) {
        parent->first = entry;
    } else {
        parent->last->next = entry;
    }
    parent->last = entry;
    parent->count++;
}

const node *node_find(const node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP) {
        return NULL;
    }
    for (const node *n = map->first; n != NULL; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

static const node *node_entry(const node *list, size_t index)
{
    const node *n = list->kind == NODE_LIST ? list->first : NULL;
    while (n != NULL && index > 0) {
        n = n->next;
        index--;
    }
    return n;
}

const node *node_at(const node *root, const char *path)
{
    const node *n = root;
    while (n != NULL && *path != '\0') {
        if (*path == '[') {
            char *end = NULL;
            n = node_entry(n, strtoul(path + 1, &end, 10));
            path = *end == ']' ? end + 1 : end;
            continue;
        }
        path += *path == '.' ? 1 : 0;
        size_t length = strcspn(path, ".[");
        char key[NODE_KEY + 1];
        if (length == 0 || length > NODE_KEY) {
            return NULL;
        }
        memcpy(key, path, length);
        key[length] = '\0';
        n = node_find(n, key);
        path += length;
    }
    return n;
}

bool node_is_nothing(const node *n)
{
    return n->kind == NODE_TEXT && !n->quoted &&
           (n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *node_kind_name(const node *n)
{
    if (n == NULL || node_is_nothing(n)) {
        return "nothing";
    }
    if (n->kind == NODE_TEXT) {
        return "a text";
    }
    if (n->count == 0) {
        return n->kind == NODE_LIST ? "an empty list" : "an empty map";
    }
    return n->kind == NODE_LIST ? "a list" : "a map";
}

const char *node_shown(const node *n)
{
    if (n == NULL || n->kind != NODE_TEXT || node_is_nothing(n)) {
        return node_kind_name(n);
    }
    if (!n->quoted) {
        return text_quoted(n->text);
    }
    static char buffers[2][512]; /* text_quoted makes at most 60 shown characters of 4 bytes */
    static unsigned turn;
    char *out = buffers[turn++ % 2];
    snprintf(out, sizeof buffers[0], "\"%s\"", text_quoted(n->text));
    return out;
}

/* Plain where that reads back as the same thing, in a list or map of one line too. */
static bool node_stays_plain(const char *s)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
    if (s[0] == '\0' || s[strspn(s, safe)] != '\0' || strcmp(s, "-") == 0) {
        return false;
    }
    return strncmp(s, "---", 3) != 0 && strncmp(s, "...", 3) != 0;
}

static void node_write_quoted(const char *s, text *out)
{
    text_add(out, "\"", 1);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            text_addf(out, "\\%c", *s);
        } else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            text_addf(out, "\\x%02X", (unsigned)*s);
        } else {
            text_add(out, s, 1);
        }
    }
    text_add(out, "\"", 1);
}

static void node_write_text(const char *s, bool quoted, text *out)
{
    if (!quoted && node_stays_plain(s)) {
        text_addf(out, "%s", s);
    } else {
        node_write_quoted(s, out);
    }
}

static void node_write(const node *n, text *out)
{
    if (node_is_nothing(n)) {
        text_addf(out, "null");
        return;
    }
    if (n->kind == NODE_TEXT) {
        node_write_text(n->text, n->quoted, out);
        return;
    }
    text_add(out, n->kind == NODE_LIST ? "[" : "{", 1);
    for (const node *entry = n->first; entry != NULL; entry = entry->next) {
        if (n->kind == NODE_MAP) {
            node_write_text(entry->key, false, out);
            text_addf(out, ": ");
        }
        node_write(entry, out);
        if (entry->next != NULL) {
            text_addf(out, ", ");
        }
    }
    text_add(out, n->kind == NODE_LIST ? "]" : "}", 1);
}

const char *node_yaml(const node *n, arena *a)
{
    text out = {0};
    node_write(n, &out);
    const char *copy = arena_text(a, out.at, out.length);
    text_free(&out);
    return copy;
}
