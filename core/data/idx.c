/* IDX files: two zero bytes, a type, a rank, big-endian sizes, values. Only unsigned bytes are read: all that the sets in
 * this form hold. Nothing is allocated before the declared size has been held against the file. */
#include <stdlib.h>

#include "data/source.h"

enum { IDX_BYTES = 0x08 };
static const int64_t idx_limit = (int64_t)1 << 36;

static int magic_check(const source *s, const uint8_t m[4], error *e)
{
    if (m[0] == 0 && m[1] == 0 && m[2] == IDX_BYTES && m[3] >= 1 && m[3] <= 4)
        return 0;
    return error_set(e, EXIT_DATA,
                     "%s: found magic %02x%02x%02x%02x; expected 000008 and a rank of 1 to 4, an IDX file of bytes",
                     source_path(s), m[0], m[1], m[2], m[3]);
}

static int sizes_read(source *s, idx *out, error *e)
{
    uint8_t b[16];
    int64_t total = 1;
    int code = source_read(s, b, (size_t)out->rank * 4, e);
    for (int64_t i = 0; !code && i < out->rank; i++) {
        const uint8_t *p = b + 4 * i;
        out->size[i] = (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | p[3];
        if (out->size[i] == 0 || total > idx_limit / out->size[i])
            return error_set(e, EXIT_DATA,
                             "%s: found %lld as size %lld; expected sizes above 0 and at most 64 GiB in all",
                             source_path(s), (long long)out->size[i], (long long)i + 1);
        total *= out->size[i];
    }
    if (code)
        return code;
    out->item = total / out->size[0];
    return source_sized(s, 4 + 4 * out->rank + total, e);
}

static int values_read(source *s, idx *out, error *e)
{
    size_t total = (size_t)(out->size[0] * out->item);
    out->bytes = malloc(total);
    if (!out->bytes)
        return error_set(e, EXIT_SYSTEM, "%s: found no memory for its %zu bytes; expected enough", source_path(s),
                         total);
    int code = source_read(s, out->bytes, total, e);
    return code ? code : source_end(s, e);
}

int idx_read(const char *path, idx *out, error *e)
{
    source *s = NULL;
    uint8_t magic[4];
    *out = (idx){0};
    int code = source_open(path, &s, e);
    if (code || (code = source_read(s, magic, sizeof magic, e)) || (code = magic_check(s, magic, e)))
        goto done;
    out->rank = magic[3];
    if (!(code = sizes_read(s, out, e)))
        code = values_read(s, out, e);
done:
    source_close(s);
    if (code)
        idx_close(out);
    return code;
}

void idx_close(idx *a)
{
    free(a->bytes);
    free(a->reals);
    free(a->label);
    *a = (idx){0};
}
