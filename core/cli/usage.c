/* What a usage line says of its words: small letters stand for themselves, capitals for something of a kind. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/help_files.h"

static const char small[] = "abcdefghijklmnopqrstuvwxyz-", between[] = " |[]";

enum usage_kind usage_kind(const char *word)
{
    static const struct {
        const char *part;
        enum usage_kind kind;
    } kinds[] = {{"DIR", USAGE_FOLDERS}, {"FOLDER", USAGE_FOLDERS}, {"FILE", USAGE_FILES},
                 {"RUN", USAGE_FILES},   {"SCENARIO", USAGE_FILES}, {"COMMAND", USAGE_COMMANDS}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(word, kinds[i].part))
            return kinds[i].kind;
    return USAGE_NONE;
}

bool usage_verbs(const char *arguments) { return arguments[0] && strchr(small, arguments[0]); }

char *usage_literals(const char *arguments)
{
    text words = {0};
    text_add(&words, "", 0);
    for (const char *at = arguments; *at;) {
        size_t length = strcspn(at, between);
        if (length && strspn(at, small) >= length)
            text_addf(&words, "%s%.*s", words.length ? " " : "", (int)length, at);
        at += length + strspn(at + length, between);
    }
    return words.at ? words.at : alloc_text("");
}
