/* See stored.h. */
#include "memory/stored.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* Places in the header. */
enum { AT_CHECK = 0, AT_MAGIC = 8, AT_VERSION = 12, AT_FLAGS = 14, AT_X = 16, AT_EXTRA = 24, AT_Y = 32, AT_TASK = 40 };
enum { STORED_VERSION = 1, FLAG_BYTES = 1 };
static const char stored_magic[4] = {'P', 'M', 'R', 'O'};

void stored_key(int64_t slot, int64_t generation, unsigned char out[STORED_KEY])
{
    const uint64_t parts[2] = {htobe64((uint64_t)generation), htobe64((uint64_t)slot)};
    memcpy(out, parts, STORED_KEY);
}

bool stored_key_read(const void *key, size_t size, int64_t *slot, int64_t *generation)
{
    uint64_t parts[2];
    if (size != STORED_KEY)
        return false;
    memcpy(parts, key, sizeof parts);
    *generation = (int64_t)be64toh(parts[0]);
    *slot = (int64_t)be64toh(parts[1]);
    return *slot >= 0 && *generation > 0;
}

size_t stored_size(int64_t x_bytes, int64_t extra_bytes)
{
    return STORED_HEADER + (size_t)x_bytes + (size_t)extra_bytes;
}

static uint64_t stored_check(const void *value, size_t size, int64_t slot, int64_t generation)
{
    unsigned char key[STORED_KEY];
    stored_key(slot, generation, key);
    return XXH3_64bits((const char *)value + AT_MAGIC, size - AT_MAGIC) ^ XXH3_64bits(key, sizeof key);
}

static void number_put(void *out, size_t at, uint64_t value)
{
    value = htole64(value);
    memcpy((char *)out + at, &value, sizeof value);
}

static uint64_t number_get(const void *value, size_t at)
{
    uint64_t out;
    memcpy(&out, (const char *)value + at, sizeof out);
    return le64toh(out);
}

void stored_write(const stored_row *r, void *out)
{
    const uint16_t version = htole16(STORED_VERSION), flags = htole16(r->is_bytes ? FLAG_BYTES : 0);
    char *payload = (char *)out + STORED_HEADER;
    memcpy((char *)out + AT_MAGIC, stored_magic, sizeof stored_magic);
    memcpy((char *)out + AT_VERSION, &version, sizeof version);
    memcpy((char *)out + AT_FLAGS, &flags, sizeof flags);
    number_put(out, AT_X, (uint64_t)r->x_bytes);
    number_put(out, AT_EXTRA, (uint64_t)r->extra_bytes);
    number_put(out, AT_Y, (uint64_t)r->y);
    number_put(out, AT_TASK, (uint64_t)r->task);
    if (r->x_bytes)
        memcpy(payload, r->x, (size_t)r->x_bytes);
    if (r->extra)
        memcpy(payload + r->x_bytes, r->extra, (size_t)r->extra_bytes);
    else
        memset(payload + r->x_bytes, 0, (size_t)r->extra_bytes);
    size_t size = stored_size(r->x_bytes, r->extra_bytes);
    number_put(out, AT_CHECK, stored_check(out, size, r->slot, r->generation));
}

bool stored_form(const void *value, size_t size, stored_row *out, char words[STORED_WORDS])
{
    uint16_t version, flags;
    if (size < STORED_HEADER || memcmp((const char *)value + AT_MAGIC, stored_magic, sizeof stored_magic) != 0) {
        snprintf(words, STORED_WORDS, "found %zu bytes that are no record; expected one", size);
        return false;
    }
    memcpy(&version, (const char *)value + AT_VERSION, sizeof version);
    memcpy(&flags, (const char *)value + AT_FLAGS, sizeof flags);
    if (le16toh(version) != STORED_VERSION || (le16toh(flags) & ~FLAG_BYTES) != 0) {
        snprintf(words, STORED_WORDS, "found format %d, flags %d; expected format %d and known flags", le16toh(version),
                 le16toh(flags), STORED_VERSION);
        return false;
    }
    uint64_t x = number_get(value, AT_X), extra = number_get(value, AT_EXTRA), left = size - STORED_HEADER;
    if (x > left || extra != left - x || left > (uint64_t)STORED_MOST) {
        snprintf(words, STORED_WORDS, "found %zu bytes; expected a header of %d, a row of %llu and an extra of %llu",
                 size, STORED_HEADER, (unsigned long long)x, (unsigned long long)extra);
        return false;
    }
    *out = (stored_row){.y = (int64_t)number_get(value, AT_Y),
                        .task = (int64_t)number_get(value, AT_TASK),
                        .is_bytes = (le16toh(flags) & FLAG_BYTES) != 0,
                        .x_bytes = (int64_t)x,
                        .extra_bytes = (int64_t)extra,
                        .x = (const char *)value + STORED_HEADER,
                        .extra = (const char *)value + STORED_HEADER + x};
    return true;
}

bool stored_read(const void *value, size_t size, int64_t slot, int64_t generation, stored_row *out,
                 char words[STORED_WORDS])
{
    if (!stored_form(value, size, out, words))
        return false;
    out->slot = slot;
    out->generation = generation;
    uint64_t found = number_get(value, AT_CHECK), expected = stored_check(value, size, slot, generation);
    if (found == expected)
        return true;
    snprintf(words, STORED_WORDS, "found a checksum of %016llx; expected %016llx", (unsigned long long)found,
             (unsigned long long)expected);
    return false;
}
