/* See arrays_file.h; the header is arrays_header.c's. */
#include "record/arrays_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/arrays_header.h"
#include "record/strict_file.h"

/* Perdure runs on little-endian machines only (scripts/setup), so values lie in memory as the format wants them. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors values are little-endian");

/* The first byte of a bool that is neither 0 nor 1; -1: there is none. */
static int64_t bool_fault(const array *a)
{
    const uint8_t *at = a->bytes;
    for (uint64_t i = 0; a->type == ARRAY_BOOL && i < a->size; i++)
        if (at[i] > 1)
            return (int64_t)i;
    return -1;
}

static int bool_check(const char *path, const array *a, int code, error *e)
{
    int64_t fault = bool_fault(a);
    if (fault < 0)
        return 0;
    return error_set(e, code, "%s: %s: found byte %d at %lld; expected 0 or 1, as its dtype is BOOL", path,
                     text_quoted(a->name), ((const uint8_t *)a->bytes)[fault], (long long)fault);
}

/* ---- writing ---- */

/* By width, and else in the list's order. Owned. */
static const array **order_of(const arrays *a)
{
    const array **order = alloc_zero((size_t)a->count + 1, sizeof *order);
    int64_t count = 0;
    for (size_t width = 8; width >= 1; width /= 2)
        for (int64_t i = 0; i < a->count; i++)
            if (array_width(a->at[i].type) == width)
                order[count++] = &a->at[i];
    return order;
}

static int file_fill(const char *path, const array *const *order, int64_t count, const text *header,
                     char hex[SHA256_HEX], uint64_t *bytes, error *e)
{
    new_file *f = NULL;
    int code = new_file_open(path, &f, e);
    if (code)
        return code;
    new_file_add(f, header->at, header->length);
    for (int64_t i = 0; i < count; i++)
        new_file_add(f, order[i]->bytes, order[i]->size);
    return new_file_close(f, true, hex, bytes, e);
}

int arrays_write(const char *path, const arrays *a, const json_t *metadata, char hex[SHA256_HEX], uint64_t *bytes,
                 error *e)
{
    const array **order = order_of(a);
    text header = {0};
    int code = arrays_header_write(path, order, a->count, metadata, &header, e);
    for (int64_t i = 0; i < a->count && !code; i++)
        code = bool_check(path, &a->at[i], EXIT_INTERNAL, e);
    if (!code)
        code = file_fill(path, order, a->count, &header, hex, bytes, e);
    text_free(&header);
    free(order);
    return code;
}

/* ---- reading ---- */

/* The header's length, believed only as far as the file is that long. */
static int length_read(old_file *f, uint64_t *length, error *e)
{
    unsigned char bytes[ARRAYS_LENGTH];
    if (f->size < ARRAYS_LENGTH)
        return error_set(e, EXIT_DATA, "%s: found %llu bytes; expected at least 8, and a header", f->path,
                         (unsigned long long)f->size);
    int code = old_file_read(f, bytes, sizeof bytes, e);
    for (int i = ARRAYS_LENGTH - 1; i >= 0; i--)
        *length = *length << 8 | bytes[i];
    if (code)
        return code;
    if (*length > ARRAYS_HEADER)
        return error_set(e, EXIT_DATA, "%s: header: found a length of %llu bytes; expected at most %d", f->path,
                         (unsigned long long)*length, (int)ARRAYS_HEADER);
    if (*length > f->size - ARRAYS_LENGTH)
        return error_set(e, EXIT_DATA,
                         "%s: header: found a length of %llu bytes; expected at most %llu, as the file has", f->path,
                         (unsigned long long)*length, (unsigned long long)(f->size - ARRAYS_LENGTH));
    return 0;
}

static int header_read(old_file *f, bool lenient, arrays *out, error *e)
{
    uint64_t length = 0;
    int code = length_read(f, &length, e);
    if (code)
        return code;
    char *bytes = alloc_zero(length + 1, 1);
    code = old_file_read(f, bytes, length, e);
    if (!code)
        code = arrays_header_read(f->path, bytes, length, f->size - ARRAYS_LENGTH - length, lenient, out, e);
    free(bytes);
    return code;
}

static int array_read(old_file *f, array *a, error *e)
{
    if (a->size == 0)
        return 0;
    a->bytes = a->owned = malloc(a->size);
    if (!a->owned)
        return error_set(e, EXIT_SYSTEM, "%s: %s: found no memory for %llu bytes", f->path, text_quoted(a->name),
                         (unsigned long long)a->size);
    int code = old_file_read(f, a->owned, a->size, e);
    return code ? code : bool_check(f->path, a, EXIT_DATA, e);
}

static int file_read_all(const char *path, bool lenient, char hex[SHA256_HEX], arrays *out, error *e)
{
    old_file f;
    *out = (arrays){0};
    int code = old_file_open(path, lenient, &f, e);
    if (code)
        return code;
    code = header_read(&f, lenient, out, e);
    for (int64_t i = 0; i < out->count && !code; i++)
        code = array_read(&f, &out->at[i], e);
    if (!code)
        code = old_file_end(&f, e);
    old_file_close(&f, hex);
    if (code)
        arrays_free(out);
    return code;
}

int arrays_read(const char *path, const char *hex, arrays *out, error *e)
{
    char found[SHA256_HEX];
    int code = file_read_all(path, false, found, out, e);
    if (code || !hex || !strcmp(found, hex))
        return code;
    arrays_free(out);
    return error_set(e, EXIT_DATA, "%s: found SHA-256 %s; expected %s", path, found, text_quoted(hex));
}

int arrays_read_foreign(const char *path, char hex[SHA256_HEX], arrays *out, error *e)
{
    char found[SHA256_HEX];
    return file_read_all(path, true, hex ? hex : found, out, e);
}
