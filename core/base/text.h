/* A string that grows: what reports, JSON-free writers and messages are put together in. */
#ifndef PERDURE_BASE_TEXT_H
#define PERDURE_BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>

typedef struct text {
    char *at; /* always ends in NUL once anything was added; NULL before */
    size_t length, room;
} text;

void text_add(text *t, const char *bytes, size_t count);
void text_addf(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(text *t); /* and sets it to empty */
/* Bytes of the well-formed and printable UTF-8 character at s, which ends in NUL; 0: there is none (control bytes too).
 */
size_t text_character(const char *s);
/* `found` as it may stand in a message: at most 60 characters, control bytes and bad UTF-8 as \xNN, "..." behind what
 * was cut. The result lies in one of four buffers of the thread that take turns. */
const char *text_quoted(const char *found);
/* The same with at most `most` characters; owned by the caller. */
char *text_tamed(const char *found, size_t most) __attribute__((returns_nonnull));
/* Are all its characters well-formed and printable? */
bool text_plain(const char *s);
/* The candidate nearest to `word` by edit distance (at most 2, and less than the word's length), or NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
