/* NumPy's npy files, formats 1.0 to 3.0: bytes, or numbers that become float32; labels as whole numbers. Little-endian,
 * like this machine. Nothing is allocated before the declared shape has been held against the file, and an array of
 * objects, which is a pickle, is refused as any other type that is not in the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "data/npy.h"

enum { CHUNK = 1 << 16, LABEL_LIMIT = 1 << 20 };

/* ---- the types ---- */

typedef struct element {
    const char *name;
    int64_t size;
    bool whole;
    double (*value)(const uint8_t *at);
} element;

#define VALUE(function, type)                   \
    static double function(const uint8_t *at)   \
    {                                           \
        type v; /* need not stand at a bound */ \
        memcpy(&v, at, sizeof v);               \
        return (double)v;                       \
    }
VALUE(value_u1, uint8_t)
VALUE(value_i1, int8_t)
VALUE(value_u2, uint16_t)
VALUE(value_i2, int16_t)
VALUE(value_u4, uint32_t)
VALUE(value_i4, int32_t)
VALUE(value_u8, uint64_t)
VALUE(value_i8, int64_t)
VALUE(value_f4, float)
VALUE(value_f8, double)

static const element elements[] = {{"|u1", 1, true, value_u1}, {"|i1", 1, true, value_i1}, {"<u2", 2, true, value_u2},
                                   {"<i2", 2, true, value_i2}, {"<u4", 4, true, value_u4}, {"<i4", 4, true, value_i4},
                                   {"<u8", 8, true, value_u8}, {"<i8", 8, true, value_i8}, {"<f4", 4, false, value_f4},
                                   {"<f8", 8, false, value_f8}};
#define ELEMENTS "|u1, |i1, <u2, <i2, <u4, <i4, <u8, <i8, <f4, <f8"

static int element_find(const char *path, const char *name, const element **out, error *e)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (!strcmp(elements[i].name, name)) {
            *out = &elements[i];
            return 0;
        }
    error_set(e, EXIT_DATA, "%s: found dtype %s; expected one of " ELEMENTS, path, text_quoted(name));
    if (strchr(name, 'O'))
        return error_hint(e, "an array of objects is a pickle, which is never loaded");
    return error_hint(e, "save it as numpy.float32 or numpy.uint8");
}

/* ---- the file ---- */

static int magic_check(const source *s, const uint8_t m[8], error *e)
{
    if (memcmp(m, "\x93NUMPY", 6) != 0)
        return error_set(e, EXIT_DATA,
                         "%s: found magic %02x%02x%02x%02x%02x%02x; expected 934e554d5059, that of an npy file",
                         source_path(s), m[0], m[1], m[2], m[3], m[4], m[5]);
    if (m[6] < 1 || m[6] > 3 || m[7])
        return error_set(e, EXIT_DATA, "%s: found npy format %d.%d; expected 1.0, 2.0 or 3.0", source_path(s), m[6],
                         m[7]);
    return 0;
}

/* Where the values begin comes out as *first. */
static int header_read(source *s, npy_header *out, int64_t *first, error *e)
{
    uint8_t m[12] = {0};
    int code = source_read(s, m, 8, e);
    if (code || (code = magic_check(s, m, e)) || (code = source_read(s, m + 8, m[6] == 1 ? 2 : 4, e)))
        return code;
    uint32_t length = (uint32_t)m[8] | (uint32_t)m[9] << 8 | (uint32_t)m[10] << 16 | (uint32_t)m[11] << 24;
    if (length > NPY_HEADER)
        return error_set(e, EXIT_DATA, "%s: found a header of %u bytes; expected at most %d", source_path(s), length,
                         (int)NPY_HEADER);
    char *dict = alloc_zero((size_t)length + 1, 1);
    code = source_read(s, dict, length, e);
    if (!code)
        code = npy_header_parse(source_path(s), dict, length, out, e);
    free(dict);
    *first = (m[6] == 1 ? 10 : 12) + (int64_t)length;
    return code;
}

static int sizes_check(const source *s, const npy_header *h, const element *type, int64_t first, idx *out, error *e)
{
    static const int64_t limit = (int64_t)1 << 36;
    int64_t total = 1;
    if (h->fortran) {
        error_set(e, EXIT_DATA, "%s: found fortran_order: True; expected False", source_path(s));
        return error_hint(e, "save numpy.ascontiguousarray(a)");
    }
    if (h->rank < 1 || h->rank > 4)
        return error_set(e, EXIT_DATA, "%s: found rank %lld; expected 1 to 4", source_path(s), (long long)h->rank);
    for (int64_t i = 0; i < h->rank; i++) {
        if (h->shape[i] < 1 || total > limit / type->size / h->shape[i])
            return error_set(e, EXIT_DATA,
                             "%s: found %lld as size %lld; expected sizes above 0 and at most 64 GiB in all",
                             source_path(s), (long long)h->shape[i], (long long)i + 1);
        total *= h->shape[i];
        out->size[i] = h->shape[i];
    }
    out->rank = h->rank;
    out->item = total / out->size[0];
    return source_sized(s, first + total * type->size, e);
}

/* ---- values ---- */

static int value_refuse(const source *s, const idx *a, int64_t at, double value, const char *expected, error *e)
{
    if (a->rank == 1)
        return error_set(e, EXIT_DATA, "%s: found %g in row %lld; expected %s", source_path(s), value, (long long)at,
                         expected);
    return error_set(e, EXIT_DATA, "%s: found %g in row %lld, value %lld; expected %s", source_path(s), value,
                     (long long)(at / a->item), (long long)(at % a->item), expected);
}

static int value_take(const source *s, idx *a, int64_t at, double value, error *e)
{
    if (a->reals) {
        a->reals[at] = (float)value;
        return isfinite(a->reals[at]) ? 0 : value_refuse(s, a, at, value, "a finite number in float32", e);
    }
    if (value < 0 || value > LABEL_LIMIT)
        return value_refuse(s, a, at, value, "a class: a whole number from 0", e);
    a->label[at] = (int32_t)value;
    return 0;
}

static int values_convert(source *s, const element *type, idx *a, error *e)
{
    int64_t total = a->size[0] * a->item, each = CHUNK / type->size;
    uint8_t *chunk = alloc_zero(CHUNK, 1);
    int code = 0;
    for (int64_t first = 0; !code && first < total; first += each) {
        int64_t n = total - first < each ? total - first : each;
        code = source_read(s, chunk, (size_t)(n * type->size), e);
        for (int64_t i = 0; !code && i < n; i++)
            code = value_take(s, a, first + i, type->value(chunk + i * type->size), e);
    }
    free(chunk);
    return code;
}

static int values_read(source *s, const element *type, bool labels, idx *a, error *e)
{
    size_t total = (size_t)(a->size[0] * a->item);
    bool bytes = !labels && type->value == value_u1;
    if (bytes)
        a->bytes = malloc(total);
    else if (labels)
        a->label = malloc(total * sizeof *a->label);
    else
        a->reals = malloc(total * sizeof *a->reals);
    if (!a->bytes && !a->label && !a->reals)
        return error_set(e, EXIT_SYSTEM, "%s: found no memory for its %zu values; expected enough", source_path(s),
                         total);
    int code = bytes ? source_read(s, a->bytes, total, e) : values_convert(s, type, a, e);
    return code ? code : source_end(s, e);
}

/* ---- what rows and labels may be ---- */

/* Pixels of a photo side by side, as most image libraries have them: read as channel-first they would be noise. Where
 * both ends could be the channels the first is taken, as the documentation says. */
static int rows_check(const source *s, const idx *a, error *e)
{
    int64_t last = a->size[3], channels = a->size[1];
    if (a->rank != 4 || (last != 1 && last != 3 && last != 4) || channels == 1 || channels == 3 || channels == 4)
        return 0;
    error_set(e, EXIT_DATA, "%s: found rows of shape [%lld, %lld, %lld], with the channels last; expected them first",
              source_path(s), (long long)a->size[1], (long long)a->size[2], (long long)last);
    return error_hint(e, "save numpy.ascontiguousarray(numpy.moveaxis(a, -1, 1))");
}

static int labels_check(const source *s, const idx *a, const element *type, error *e)
{
    if (a->rank != 1) {
        error_set(e, EXIT_DATA, "%s: found rank %lld; expected 1, labels", source_path(s), (long long)a->rank);
        return error_hint(e, "save labels.reshape(-1)");
    }
    if (!type->whole)
        return error_set(e, EXIT_DATA, "%s: found dtype %s; expected whole numbers, labels", source_path(s),
                         type->name);
    return 0;
}

static int array_read(const char *path, bool labels, idx *out, error *e)
{
    source *s = NULL;
    npy_header h = {0};
    const element *type = NULL;
    int64_t first = 0;
    *out = (idx){0};
    int code = source_open(path, &s, e);
    if (!code && !(code = header_read(s, &h, &first, e)) && !(code = element_find(source_path(s), h.dtype, &type, e)) &&
        !(code = sizes_check(s, &h, type, first, out, e)) &&
        !(code = labels ? labels_check(s, out, type, e) : rows_check(s, out, e)))
        code = values_read(s, type, labels, out, e);
    source_close(s);
    if (code)
        idx_close(out);
    return code;
}

int npy_read_rows(const char *path, idx *out, error *e) { return array_read(path, false, out, e); }
int npy_read_labels(const char *path, idx *out, error *e) { return array_read(path, true, out, e); }
