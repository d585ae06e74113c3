/* See text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { QUOTED_SHOWN = 60, QUOTED_BUFFERS = 4, QUOTED_ROOM = QUOTED_SHOWN * 4 + 8, NEAREST_WORD = 64 };

static void text_room(text *t, size_t more)
{
    if (more >= SIZE_MAX - t->length) {
        t->at = alloc_again(t->at, SIZE_MAX, 2); /* ends the program */
    }
    size_t needed = t->length + more + 1;
    if (needed > t->room) {
        size_t room = t->room < 64 ? 64 : t->room * 2;
        t->room = room < needed ? needed : room;
        t->at = alloc_again(t->at, t->room, 1);
    }
}

void text_add(text *t, const char *bytes, size_t count)
{
    text_room(t, count);
    if (count > 0) {
        memcpy(t->at + t->length, bytes, count);
    }
    t->length += count;
    t->at[t->length] = '\0';
}

void text_addf(text *t, const char *format, ...)
{
    char *words = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&words, format, arguments);
    va_end(arguments);
    if (length < 0) {
        alloc_zero(SIZE_MAX, 2); /* ends the program */
    }
    text_add(t, words, (size_t)length);
    free(words);
}

void text_free(text *t)
{
    free(t->at);
    *t = (text){0};
}

/* Bytes of the well-formed UTF-8 character at s; 0: there is none. Overlong forms, surrogates and what lies above
 * U+10FFFF are not well-formed (Unicode, table 3-7). */
size_t text_character(const char *at)
{
    const unsigned char *s = (const unsigned char *)at;
    if (s[0] >= 0x20 && s[0] < 0x7f) {
        return 1;
    }
    if (s[0] < 0xc2 || s[0] > 0xf4) {
        return 0;
    }
    size_t length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[0] == 0xc2 && s[1] < 0xa0) {
        return 0; /* C1 control characters */
    }
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool text_plain(const char *s)
{
    size_t length;
    while ((length = text_character(s)) > 0) {
        s += length;
    }
    return *s == '\0';
}

/* `out` has room for most * 4 + 4 bytes. */
static void text_escape(const char *s, size_t most, char *out)
{
    size_t used = 0;
    size_t shown = 0;
    while (*s != '\0') {
        size_t length = text_character(s);
        size_t width = length == 0 ? 4 : 1; /* \xNN takes four */
        if (shown + width > most) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (length == 0) {
            snprintf(out + used, 5, "\\x%02X", (unsigned)(unsigned char)*s);
            used += 4;
            s++;
        } else {
            memcpy(out + used, s, length);
            used += length;
            s += length;
        }
        shown += width;
    }
    out[used] = '\0';
}

const char *text_quoted(const char *found)
{
    static _Thread_local char buffers[QUOTED_BUFFERS][QUOTED_ROOM];
    static _Thread_local unsigned turn;
    char *out = buffers[turn++ % QUOTED_BUFFERS];
    text_escape(found == NULL ? "" : found, QUOTED_SHOWN, out);
    return out;
}

char *text_tamed(const char *found, size_t most)
{
    char *out = alloc_zero(most * 4 + 8, 1);
    text_escape(found, most, out);
    return out;
}

/* Edit distance in which two neighbours that changed places count once: "brefore" and "hiddne" are one slip. */
static size_t text_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NEAREST_WORD + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t length = strlen(word);
    size_t best = length < 2 ? length : length < 6 ? 2 : 3; /* one slip in a short word, two in six letters and more */
    const char *nearest = NULL;
    if (length > NEAREST_WORD) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > NEAREST_WORD || other == 0) {
            continue;
        }
        size_t distance = text_distance(word, length, candidates[i], other);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
