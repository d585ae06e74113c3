/* One row of a memory as it lies on disk: a key of 16 bytes, generation and slot big endian, so that rows stand in the order in
 * which they were written, and new ones fill pages behind all others; and a value, a header of 48 bytes (little endian) with a checksum over all else and the key, then x, then extra.
 *
 * What is read may be anything: sizes are looked at before they are used, the checksum before the content is. */
#ifndef PERDURE_MEMORY_STORED_H
#define PERDURE_MEMORY_STORED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORED_KEY = 16, STORED_HEADER = 48, STORED_WORDS = 200 };
#define STORED_MOST INT64_C(0x7fff0000) /* bytes of a row with its extra: LMDB takes values below 4 GiB */

typedef struct stored_row {
    int64_t slot, generation;
    int64_t y, task; /* for whoever looks at the folder; the memory's own lists decide */
    bool is_bytes;
    int64_t x_bytes, extra_bytes;
    const void *x, *extra; /* reading: into the value */
} stored_row;

void stored_key(int64_t slot, int64_t generation, unsigned char out[STORED_KEY]);
bool stored_key_read(const void *key, size_t size, int64_t *slot, int64_t *generation);
size_t stored_size(int64_t x_bytes, int64_t extra_bytes);
/* [stored_size()] at `out`. extra NULL: zeros. */
void stored_write(const stored_row *r, void *out);
/* Sizes and form alone; what else the record has is in *out. False: *words say "found X; expected Y". */
bool stored_form(const void *value, size_t size, stored_row *out, char words[STORED_WORDS]);
/* The same, and the checksum for this key. */
bool stored_read(const void *value, size_t size, int64_t slot, int64_t generation, stored_row *out,
                 char words[STORED_WORDS]);

#endif
