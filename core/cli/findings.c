/* See findings.h. */
#include "cli/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

/* Paths may be no UTF-8, which JSON cannot hold. */
static json_t *words_json(const char *words)
{
    json_t *made = json_string(words);
    if (made)
        return made;
    char *tame = text_tamed(words, strlen(words));
    made = json_string(tame);
    free(tame);
    return made ? made : json_string("?");
}

void finding_add(findings *f, const char *level, const char *what, const char *advice, const char *format, ...)
{
    char found[4096];
    va_list arguments;
    json_t *row = json_object();
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    json_object_set_new(row, "level", json_string(level));
    json_object_set_new(row, "section", json_string(f->section));
    json_object_set_new(row, "what", json_string(what));
    json_object_set_new(row, "found", words_json(found));
    json_object_set_new(row, "do", advice && advice[0] ? words_json(advice) : json_null());
    json_array_append_new(f->rows, row);
}

static const char *word_of(const json_t *row, const char *key)
{
    const char *word = json_string_value(json_object_get(row, key));
    return word ? word : "";
}

static size_t findings_count(const findings *f, const char *level)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(f->rows); i++)
        count += !strcmp(word_of(json_array_get(f->rows, i), "level"), level);
    return count;
}

bool findings_bad(const findings *f) { return findings_count(f, BAD) > 0; }

/* no-color.org: set and not empty. */
static bool colours(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(none && none[0]) && terminal && strcmp(terminal, "dumb") != 0;
}

static const char *level_colour(const char *level)
{
    return !strcmp(level, GOOD) ? "\033[32m" : !strcmp(level, WARNING) ? "\033[33m" : "\033[31m";
}

int findings_print(const findings *f, error *e)
{
    text words = {0};
    bool coloured = colours();
    for (size_t i = 0; i < json_array_size(f->rows); i++) {
        const json_t *row = json_array_get(f->rows, i);
        const char *level = word_of(row, "level");
        text_addf(&words, "%s%-8s%s %-13s %s\n", coloured ? level_colour(level) : "", level, coloured ? "\033[0m" : "",
                  word_of(row, "what"), word_of(row, "found"));
        if (word_of(row, "do")[0])
            text_addf(&words, "%-8s %-13s -> %s\n", "", "", word_of(row, "do"));
    }
    text_addf(&words, "%zu good, %zu warning%s, %zu bad\n", findings_count(f, GOOD), findings_count(f, WARNING),
              findings_count(f, WARNING) == 1 ? "" : "s", findings_count(f, BAD));
    int code = cli_print(words.at, e);
    text_free(&words);
    return code;
}
