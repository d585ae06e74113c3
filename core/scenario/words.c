/* What a row expects, in the words of messages and of `describe`. */
#include <stdlib.h>
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

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
