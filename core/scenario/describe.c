/* The table in words, in the form of a scenario file: what `perdure describe scenario` prints can be saved and run.
 * Keys that only another variant has, and those that may be left out, stand behind a "#". */
#include <stdio.h>
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

enum { DESCRIBE_COLUMN = 34 };

static void describe_pad(text *out, size_t from)
{
    size_t used = out->length - from;
    text_addf(out, "%*s", used < DESCRIBE_COLUMN ? (int)(DESCRIBE_COLUMN - used) : 1, "");
}

static void describe_variants(const struct row *rows, const struct row *row, text *out)
{
    text_addf(out, ", with %s", rows[0].key);
    const char *between = " ";
    for (uint32_t i = 0; rows[0].choices[i] != NULL; i++) {
        if ((row->only & (1u << i)) != 0) {
            text_addf(out, "%s%s", between, rows[0].choices[i]);
            between = " or ";
        }
    }
}

static void describe_words(const struct row *rows, const struct row *row, text *out)
{
    arena *a = arena_open();
    struct check c = {.arena = a};
    text_addf(out, "# %s; %s", row->help, row->type == ROW_LATER ? "comes later\n" : row_expects(&c, row));
    arena_close(a);
    if (row->type == ROW_LATER) {
        return;
    }
    for (size_t i = 0; row->later != NULL && row->later[i] != NULL; i++) {
        text_addf(out, "%s%s", i == 0 ? " (comes later: " : ", ", row->later[i]);
    }
    text_addf(out, row->later != NULL ? ")" : "");
    if (row->unit != NULL) {
        text_addf(out, " (%s)", row->unit);
    }
    if (row->only != 0) {
        describe_variants(rows, row, out);
    }
    if (row->absent != NULL) {
        text_addf(out, "; default: %s", row->absent);
    } else if (row->fallback == NULL) {
        text_addf(out, "; required");
    }
    text_add(out, "\n", 1);
}

/* Whether the row is one of the variant that describe shows: that of the default, or of the sample. */
static bool describe_shows(const struct row *rows, const struct row *row)
{
    if (row->only == 0) {
        return true;
    }
    const char *word = rows[0].fallback != NULL ? rows[0].fallback : rows[0].sample;
    for (uint32_t i = 0; rows[0].choices[i] != NULL; i++) {
        if (word != NULL && strcmp(word, rows[0].choices[i]) == 0) {
            return (row->only & (1u << i)) != 0;
        }
    }
    return false;
}

static void describe_row(const struct row *rows, const struct row *row, const char *indent, text *out)
{
    const char *value = row->fallback != NULL ? row->fallback : row->sample != NULL ? row->sample : "";
    bool shown = describe_shows(rows, row) && (row->fallback != NULL || row->sample != NULL);
    size_t from = out->length;
    text_addf(out, "%s%s%s: %s", indent, shown ? "" : "# ", row->key, value);
    describe_pad(out, from);
    describe_words(rows, row, out);
}

/* A list that may be left out stands behind "#" as a whole. */
static void describe_entries(const struct row *row, const char *indent, text *out)
{
    char deeper[64];
    size_t from = out->length;
    text inner = {0};
    const char *mark = row->fallback != NULL ? "# " : "";
    snprintf(deeper, sizeof deeper, "%s%s    ", indent, mark);
    text_addf(out, "%s%s%s:", indent, mark, row->key);
    describe_pad(out, from);
    text_addf(out, "# %s; a list; %s\n", row->help, row->fallback != NULL ? "default: none" : "required");
    row_describe(row->rows, deeper, &inner);
    if (inner.at != NULL) {
        inner.at[strlen(deeper) - 2] = '-'; /* the first key opens the entry */
        text_add(out, inner.at, inner.length);
    }
    text_free(&inner);
}

static void describe_section(const struct row *row, const char *indent, text *out)
{
    char deeper[64];
    size_t from = out->length;
    snprintf(deeper, sizeof deeper, "%s  ", indent);
    size_t shown = 0;
    for (size_t i = 0; row->rows[i].type != ROW_NONE; i++) {
        const struct row *inner = &row->rows[i];
        shown += inner->fallback != NULL || inner->sample != NULL || inner->type == ROW_SECTION ? 1 : 0;
    }
    /* A section of nothing but comments would read as no value. */
    text_addf(out, "%s%s:%s", indent, row->key, shown == 0 ? " {}" : "");
    describe_pad(out, from);
    text_addf(out, "# %s\n", row->help);
    row_describe(row->rows, deeper, out);
}

void row_describe(const struct row *rows, const char *indent, text *out)
{
    for (size_t i = 0; rows[i].type != ROW_NONE; i++) {
        const struct row *row = &rows[i];
        if (row->type == ROW_SUBTREE && row->key[0] == '\0') {
            row_describe(row->rows, indent, out);
        } else if (row->type == ROW_SECTION || row->type == ROW_SUBTREE) {
            describe_section(row, indent, out);
        } else if (row->type == ROW_ENTRIES) {
            describe_entries(row, indent, out);
        } else {
            describe_row(rows, row, indent, out);
        }
    }
}

bool network_type_find(const char *name, enum network_type *out)
{
    for (int i = 0; network_rows[0].choices[i] != NULL; i++) {
        if (strcmp(name, network_rows[0].choices[i]) == 0) {
            *out = (enum network_type)i;
            return true;
        }
    }
    return false;
}

/* The rows of the type alone, in a table whose default it is. */
void network_describe(enum network_type type, text *out)
{
    struct row rows[FILL_KEYS] = {{.type = ROW_NONE}};
    size_t count = 0;
    for (const struct row *row = own_network_rows; row->type != ROW_NONE && count < FILL_KEYS - 1; row++) {
        if (row->only == 0 || (row->only & (1u << type)) != 0) {
            rows[count] = *row;
            rows[count++].only = 0;
        }
    }
    rows[count].type = ROW_NONE;
    rows[0].fallback = network_type_name(type);
    text_addf(out, "%s: %s\n\nnetwork:\n", network_type_name(type), network_type_summary(type));
    row_describe(rows, "  ", out);
}

void scenario_describe(text *out)
{
    text_addf(out, "# Every key of a scenario, format %d, with its default. Required are perdure, data and methods.\n",
              (int)SCENARIO_FORMAT);
    row_describe(scenario_rows, "", out);
}
