/* See npy.h. A strict reader of the one form that NumPy writes: no expression is evaluated, nothing is guessed. */
#include <string.h>

#include "base/text.h"
#include "data/npy.h"

typedef struct cursor {
    const char *path, *first, *at, *end; /* *end is a NUL */
    npy_header *out;
    unsigned seen; /* bits of the keys */
    error *e;
} cursor;

static int cursor_failed(const cursor *c, const char *expected)
{
    char found[24];
    size_t length = strcspn(c->at, " ,:(){}[]\n");
    length = length ? length : c->at < c->end;
    length = length < sizeof found ? length : sizeof found - 1;
    memcpy(found, c->at, length);
    found[length] = 0;
    return error_set(c->e, EXIT_DATA, "%s: found %s at byte %lld of its header; expected %s", c->path,
                     c->at >= c->end    ? "its end"
                     : found[0] == '\n' ? "a line's end"
                     : found[0]         ? text_quoted(found)
                                        : "a NUL",
                     (long long)(c->at - c->first), expected);
}

static void cursor_skip(cursor *c)
{
    while (c->at < c->end && *c->at == ' ')
        c->at++;
}

static bool cursor_takes(cursor *c, char wanted)
{
    cursor_skip(c);
    if (c->at >= c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* 'text' or "text", without escapes. */
static int text_take(cursor *c, char *out, size_t room, const char *expected)
{
    cursor_skip(c);
    char quote = *c->at;
    const char *stop = quote == '\'' || quote == '"' ? memchr(c->at + 1, quote, (size_t)(c->end - c->at - 1)) : NULL;
    size_t length = stop ? (size_t)(stop - c->at) - 1 : 0;
    if (!length || length >= room || memchr(c->at, '\\', length) || memchr(c->at, 0, length))
        return cursor_failed(c, expected);
    memcpy(out, c->at + 1, length);
    out[length] = 0;
    c->at = stop + 1;
    return 0;
}

static int flag_take(cursor *c, bool *out)
{
    static const char *const words[] = {"False", "True"};
    cursor_skip(c);
    for (int i = 0; i < 2; i++)
        if (!strncmp(c->at, words[i], strlen(words[i]))) {
            c->at += strlen(words[i]);
            *out = i;
            return 0;
        }
    return cursor_failed(c, "True or False");
}

static int size_take(cursor *c, int64_t *out)
{
    const char *from = c->at;
    *out = 0;
    for (; *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *c->at - '0', out)) {
            c->at = from;
            return cursor_failed(c, "a size that can be");
        }
    return c->at > from ? 0 : cursor_failed(c, "a size");
}

/* (), (3,), (3, 4) or (3, 4,). */
static int shape_take(cursor *c)
{
    npy_header *h = c->out;
    int code;
    if (!cursor_takes(c, '('))
        return cursor_failed(c, "the sizes in ( )");
    for (h->rank = 0; !cursor_takes(c, ')');) {
        if (h->rank == NPY_RANK)
            return cursor_failed(c, "at most 32 sizes");
        if ((code = size_take(c, &h->shape[h->rank++])))
            return code;
        bool more = cursor_takes(c, ',');
        if (!more && (h->rank == 1 || !cursor_takes(c, ')'))) /* (3) is no tuple */
            return cursor_failed(c, "a comma");
        if (!more)
            return 0;
    }
    return 0;
}

static int entry_take(cursor *c)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    static const char expected[] = "one of 'descr', 'fortran_order', 'shape', each once";
    char key[NPY_NAME];
    unsigned i = 0;
    const char *from = c->at;
    int code = text_take(c, key, sizeof key, expected);
    while (i < 3 && strcmp(keys[i], key) != 0)
        i++;
    if (code)
        return code;
    if (i == 3 || c->seen >> i & 1) {
        c->at = from;
        cursor_skip(c);
        return cursor_failed(c, expected);
    }
    c->seen |= 1u << i;
    if (!cursor_takes(c, ':'))
        return cursor_failed(c, "a colon");
    return i == 0   ? text_take(c, c->out->dtype, sizeof c->out->dtype, "a dtype in quotes")
           : i == 1 ? flag_take(c, &c->out->fortran)
                    : shape_take(c);
}

int npy_header_parse(const char *path, const char *header, size_t length, npy_header *out, error *e)
{
    cursor c = {.path = path, .first = header, .at = header, .end = header + length, .out = out, .e = e};
    int code;
    *out = (npy_header){0};
    if (!cursor_takes(&c, '{'))
        return cursor_failed(&c, "{");
    while (!cursor_takes(&c, '}')) {
        if ((code = entry_take(&c)))
            return code;
        if (cursor_takes(&c, ','))
            continue;
        if (!cursor_takes(&c, '}'))
            return cursor_failed(&c, "a comma or }");
        break;
    }
    if (c.seen != 7)
        return error_set(e, EXIT_DATA, "%s: found no %s in its header; expected descr, fortran_order and shape", path,
                         !(c.seen & 1)   ? "descr"
                         : !(c.seen & 2) ? "fortran_order"
                                         : "shape");
    cursor_skip(&c);
    if (c.at == c.end || (*c.at == '\n' && c.at + 1 == c.end))
        return 0;
    return cursor_failed(&c, "the header's end");
}
