/* See protobuf.h. */
#include "record/protobuf.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie in memory");

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2 };
enum { TEXT_MOST = 200 };

static void varint(text *m, uint64_t value)
{
    char bytes[10];
    size_t count = 0;
    for (; value > 127; value >>= 7)
        bytes[count++] = (char)(value | 128);
    bytes[count++] = (char)value;
    text_add(m, bytes, count);
}

static void key(text *m, uint32_t field, uint32_t wire) { varint(m, (uint64_t)field << 3 | wire); }

void proto_integer(text *m, uint32_t field, uint64_t value)
{
    key(m, field, WIRE_VARINT);
    varint(m, value);
}

void proto_double(text *m, uint32_t field, double value)
{
    char bytes[sizeof value];
    memcpy(bytes, &value, sizeof bytes);
    key(m, field, WIRE_64);
    text_add(m, bytes, sizeof bytes);
}

void proto_bytes(text *m, uint32_t field, const void *bytes, size_t count)
{
    key(m, field, WIRE_BYTES);
    varint(m, count);
    text_add(m, bytes, count);
}

void proto_text(text *m, uint32_t field, const char *words)
{
    char *tame = text_tamed(words, TEXT_MOST);
    proto_bytes(m, field, tame, strlen(tame));
    free(tame);
}

void proto_message(text *m, uint32_t field, text *inner)
{
    proto_bytes(m, field, inner->length ? inner->at : "", inner->length);
    text_free(inner);
}
