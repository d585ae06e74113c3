/* Rows of an audit, and its beginning and end. See audit.h. */
#include "run/audit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "record/provenance.h"
#include "record/seal.h"

const char *audit_word(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "";
}

/* What stands in a manifest is anybody's: nothing of it reaches a terminal but as printable text. */
__attribute__((format(printf, 4, 0))) static void row_add(audit *a, const char *level, const char *what,
                                                          const char *format, va_list arguments)
{
    enum { WHAT = 300, WORDS = 1500 };
    char *words = NULL;
    if (vasprintf(&words, format, arguments) < 0)
        words = alloc_text("");
    char *tame_what = text_tamed(what, WHAT), *tame_words = text_tamed(words, WORDS);
    json_array_append_new(a->rows,
                          json_pack("{s:s, s:s, s:s}", "level", level, "what", tame_what, "words", tame_words));
    free(tame_words);
    free(tame_what);
    free(words);
}

void audit_good(audit *a, const char *what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    row_add(a, "good", what, format, arguments);
    va_end(arguments);
}

void audit_differs(audit *a, const char *what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    row_add(a, "differs", what, format, arguments);
    va_end(arguments);
    a->differs++;
}

void audit_bad(audit *a, const char *what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    row_add(a, "bad", what, format, arguments);
    va_end(arguments);
    a->bad++;
}

void audit_file(audit *a, const char *what, const char *path, const char *expected)
{
    char found[SHA256_HEX];
    error why = {0};
    if (!expected || !expected[0])
        audit_bad(a, what, "found no SHA-256 of it in the manifest; expected one");
    else if (!file_exists(path))
        audit_bad(a, what, "found no such file; expected SHA-256 %.*s", AUDIT_DIGEST, expected);
    else if (file_sha256(path, found, &why))
        audit_bad(a, what, "%s", why.text);
    else if (strcmp(found, expected) != 0)
        audit_bad(a, what, "found SHA-256 %.*s; expected %.*s", AUDIT_DIGEST, found, AUDIT_DIGEST, expected);
    else
        a->same++;
}

/* ---- the manifest of the run ---- */

static bool cell_named(const json_t *row)
{
    const char *method = audit_word(row, "method");
    char *name = alloc_format("%s/seed-%lld", method, (long long)json_integer_value(json_object_get(row, "seed")));
    bool good = path_is_name(method) && !strcmp(name, audit_word(row, "name"));
    free(name);
    return good;
}

/* A name that leads elsewhere is no cell's: it is not looked at. */
static void cells_take(audit *a)
{
    const json_t *rows = json_object_get(a->whole, "cells");
    a->cells = alloc_zero(json_array_size(rows) + 1, sizeof *a->cells);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (!cell_named(row)) {
            audit_bad(a, "manifest.json", "cells[%zu].name: found %s; expected METHOD/seed-N", i,
                      text_quoted(audit_word(row, "name")));
            continue;
        }
        struct audit_cell *c = &a->cells[a->cell_count++];
        c->name = alloc_text(audit_word(row, "name"));
        c->folder = alloc_format("%s/cells/%s", a->folder, c->name);
        c->method = audit_word(row, "method");
        c->seed = json_integer_value(json_object_get(row, "seed"));
    }
}

int audit_open(audit *a, error *e)
{
    char *bytes = NULL;
    size_t count = 0;
    error seal = {0};
    int code = recorded_manifest(a->folder, &a->whole, &bytes, &count, e);
    if (code)
        return code;
    sha256_bytes(bytes, count, a->digest);
    if (seal_check("", bytes, count, &seal))
        audit_bad(a, PROVENANCE_FILE, "%s", seal.text + strlen(": "));
    else
        a->same++;
    free(bytes);
    cells_take(a);
    if (a->cell_count == 0)
        audit_bad(a, PROVENANCE_FILE, "found no cells; expected at least one");
    return 0;
}

void audit_close(audit *a)
{
    for (int i = 0; i < a->cell_count; i++) {
        free(a->cells[i].name);
        free(a->cells[i].folder);
        free(a->cells[i].other);
        json_decref(a->cells[i].manifest);
        json_decref(a->cells[i].result);
    }
    free(a->cells);
    if (a->data)
        dataset_close(a->data);
    recorded_close(&a->recorded);
    json_decref(a->whole);
    json_decref(a->rows);
    *a = (audit){0};
}
