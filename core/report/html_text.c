/* See html_text.h. */
#include "report/html_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define NOT_A_CHARACTER "\uFFFD"
#define ELLIPSIS "\u2026"
#define MINUS "\u2212"
#define DASH "\u2013"

static const char *entity_of(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* U+FFFE, U+FFFF and their like in other planes are well-formed UTF-8 and no characters of HTML; the marks that turn the
 * direction of writing would let a name rearrange what stands beside it. */
static bool refused(const char *s, size_t length)
{
    const unsigned char *b = (const unsigned char *)s;
    if (length == 3 && b[0] == 0xef &&
        ((b[1] == 0xbf && b[2] >= 0xbe) || (b[1] == 0xb7 && b[2] >= 0x90 && b[2] <= 0xaf)))
        return true;
    if (length == 4 && (b[1] & 0x0f) == 0x0f && b[2] == 0xbf && b[3] >= 0xbe)
        return true;
    return length == 3 && b[0] == 0xe2 &&
           ((b[1] == 0x80 && b[2] >= 0xaa && b[2] <= 0xae) || (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9));
}

/* One character of `s`, escaped; how many bytes it took. */
static size_t character_add(const char *s, text *out)
{
    size_t length = text_character(s);
    const char *entity = entity_of(*s);
    if (length == 0 && (*s == '\n' || *s == '\t'))
        text_add(out, s, 1);
    else if (length == 0 || refused(s, length))
        text_addf(out, NOT_A_CHARACTER);
    else if (entity)
        text_addf(out, "%s", entity);
    else
        text_add(out, s, length);
    return length ? length : 1;
}

void html_add(const char *words, text *out)
{
    for (const char *s = words; s && *s;) {
        size_t run = 0; /* of plain ASCII, most of any text, at once */
        while (s[run] >= 0x20 && s[run] < 0x7f && !entity_of(s[run]))
            run++;
        if (run > 0)
            text_add(out, s, run);
        s += run;
        if (*s)
            s += character_add(s, out);
    }
}

size_t html_characters(const char *words)
{
    size_t count = 0;
    for (const char *s = words; s && *s; count++) {
        size_t length = text_character(s);
        s += length ? length : 1;
    }
    return count;
}

/* The values tell the variants of a method from each other, and all have the same keys: "replay@capacity=200,lr=0.01" is as clear as
 * "replay@200,0.01". Owned. */
static char *keys_dropped(const char *name)
{
    const char *at = strchr(name, '@');
    text out = {0};
    if (!at)
        return alloc_text(name);
    text_add(&out, name, (size_t)(at - name));
    for (; *at; at += strcspn(at, ",")) {
        const char *next = at + 1, *value = strchr(next, '=');
        size_t length = strcspn(next, ",");
        text_add(&out, at, 1);
        at = value && value < next + length ? value + 1 : next;
        text_add(&out, at, (size_t)(next + length - at));
    }
    return out.at;
}

/* So many characters from `s` on, escaped; what follows them. */
static const char *characters_add(const char *s, size_t count, text *out)
{
    for (; count > 0 && *s; count--)
        s += character_add(s, out);
    return s;
}

/* The last so many characters. */
static const char *tail_of(const char *words, size_t count)
{
    for (size_t all = html_characters(words); all > count; all--) {
        size_t length = text_character(words);
        words += length ? length : 1;
    }
    return words;
}

/* The end of a name is what tells one from another, so it is the middle that goes; of a variant it is the values, whose beginnings
 * tell more than the end of the last where they do not all find room. */
void html_short(const char *words, size_t most, text *out)
{
    char *brief = html_characters(words) > most ? keys_dropped(words) : alloc_text(words);
    const char *values = strchr(brief, '@');
    size_t room = values ? html_characters(values) : 0,
           head = values && room + 2 <= most ? most - 1 - room : (most - 1) / 2;
    if (html_characters(brief) <= most) {
        html_add(brief, out);
    } else if (values && room + 2 > most) {
        const char *rest = characters_add(values, room > most ? most - 1 : most, out);
        text_addf(out, "%s", *rest ? ELLIPSIS : "");
    } else {
        characters_add(brief, head, out);
        text_addf(out, ELLIPSIS);
        html_add(tail_of(brief, most - 1 - head), out);
    }
    free(brief);
}

enum { UNBROKEN_MOST = 16 };

void html_name(const char *name, text *out)
{
    size_t unbroken = 0;
    for (const char *s = name; s && *s;) {
        bool opens = strchr("@,_+", *s) != NULL;
        s += character_add(s, out);
        unbroken = opens ? 0 : unbroken + 1;
        if (*s && (opens || unbroken == UNBROKEN_MOST)) {
            text_addf(out, "<wbr>");
            unbroken = 0;
        }
    }
}

void html_number(double value, int digits, text *out)
{
    if (!isfinite(value)) {
        text_addf(out, DASH);
        return;
    }
    double scale = pow(10, digits), shown = round(value * scale) / scale;
    if (fabs(value) >= 1e9 || !isfinite(shown))
        text_addf(out, "%s%.3g", value < 0 ? MINUS : "", fabs(value));
    else
        text_addf(out, "%s%.*f", shown < 0 ? MINUS : "", digits, fabs(value));
}

void html_spread(double mean, double error, int digits, text *out)
{
    html_number(mean, digits, out);
    if (!isfinite(mean) || !isfinite(error))
        return;
    text_addf(out, "\u00a0\u00b1\u00a0");
    html_number(error, digits, out);
}

void html_count(size_t count, const char *one, const char *many, text *out)
{
    text_addf(out, "%zu %s", count, count == 1 ? one : many);
}

double html_number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *html_word_at(const json_t *object, const char *key, const char *fallback)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : fallback;
}
