/* See arrays_header.h. Everything that a header claims is held against the size of the file before it is believed, and
 * what two readers could understand in two ways is refused: a name twice, a hole, an overlap, bytes behind the end. */
#include "record/arrays_header.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/strict_file.h"

/* More than any disk holds, and far from the end of 64 bits whatever is added. */
static const uint64_t tensor_most = UINT64_C(1) << 48;
static const char metadata_key[] = "__metadata__";
static const char *const type_words[ARRAY_TYPES] = {
    [ARRAY_U8] = "U8",   [ARRAY_BOOL] = "BOOL", [ARRAY_F16] = "F16", [ARRAY_BF16] = "BF16",
    [ARRAY_I32] = "I32", [ARRAY_F32] = "F32",   [ARRAY_I64] = "I64", [ARRAY_F64] = "F64",
};

/* ---- what both ways share ---- */

static bool name_climbs(const char *name)
{
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}

/* What is wrong with it, NULL: nothing. Names become paths and lines of messages elsewhere. */
static const char *name_fault(const char *name)
{
    if (name[0] == '\0')
        return "an empty name";
    if (strlen(name) > ARRAYS_NAME)
        return "a name of more than 512 bytes";
    if (!text_plain(name))
        return "a control character in the name";
    return name_climbs(name) ? ".. in the name" : NULL;
}

/* False: more than tensor_most. A size of 0 hides no dimension that is too large. */
static bool size_of(enum array_type type, const int64_t *shape, int32_t rank, uint64_t *size)
{
    uint64_t most = tensor_most, value = array_width(type);
    bool empty = false;
    for (int32_t i = 0; i < rank; i++) {
        uint64_t side = (uint64_t)shape[i];
        empty = empty || side == 0;
        side = side ? side : 1;
        if (shape[i] < 0 || side > most / value)
            return false;
        value *= side;
    }
    *size = empty ? 0 : value;
    return true;
}

/* ---- writing ---- */

static json_t *entry_json(const array *a, uint64_t begin)
{
    json_t *shape = json_array();
    for (int32_t i = 0; i < a->rank; i++)
        json_array_append_new(shape, json_integer(a->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", type_words[a->type], "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + a->size));
}

static int entry_add(const char *path, const array *a, uint64_t begin, json_t *header, error *e)
{
    const char *fault = name_fault(a->name);
    uint64_t size = 0;
    if (fault || !strcmp(a->name, metadata_key) || json_object_get(header, a->name))
        return error_set(e, EXIT_INTERNAL, "%s: %s: found %s; expected the name of a tensor", path,
                         text_quoted(a->name), fault ? fault : "this name twice");
    if (!array_width(a->type) || a->rank < 0 || a->rank > ARRAY_RANK || !size_of(a->type, a->shape, a->rank, &size) ||
        size != a->size)
        return error_set(e, EXIT_INTERNAL, "%s: %s: found %llu bytes; expected %llu, as its shape says", path,
                         text_quoted(a->name), (unsigned long long)a->size, (unsigned long long)size);
    json_object_set_new(header, a->name, entry_json(a, begin));
    return 0;
}

static void length_add(uint64_t length, text *out)
{
    char bytes[ARRAYS_LENGTH];
    for (int i = 0; i < ARRAYS_LENGTH; i++)
        bytes[i] = (char)(length >> (8 * i) & 0xff);
    text_add(out, bytes, sizeof bytes);
}

int arrays_header_write(const char *path, const array *const *order, int64_t count, const json_t *metadata, text *out,
                        error *e)
{
    json_t *header = json_object();
    uint64_t begin = 0;
    int code = 0;
    if (metadata)
        json_object_set(header, metadata_key, (json_t *)(uintptr_t)metadata); /* one more owner; nothing is changed */
    if (count > ARRAYS_MOST)
        code = error_set(e, EXIT_INTERNAL, "%s: found %lld tensors; expected at most %d", path, (long long)count,
                         (int)ARRAYS_MOST);
    for (int64_t i = 0; i < count && !code; begin += order[i++]->size)
        code = entry_add(path, order[i], begin, header, e);
    char *words = code ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (code)
        return code;
    size_t length = words ? strlen(words) : SIZE_MAX, padding = (8 - length % 8) % 8;
    if (length > ARRAYS_HEADER - 8) {
        free(words);
        return error_set(e, EXIT_INTERNAL, "%s: the header cannot be written as JSON of 16 MiB", path);
    }
    length_add(length + padding, out);
    text_add(out, words, length);
    text_add(out, "        ", padding);
    free(words);
    return 0;
}

/* ---- reading one entry ---- */

struct reading {
    const char *path;
    uint64_t payload;
    bool lenient;
    error *e;
};

struct place {
    array array; /* its name is the JSON's */
    uint64_t begin, end;
    int64_t number; /* of the header's order */
};

static int refused(const struct reading *r, const char *name, const char *found, const char *expected)
{
    return error_set(r->e, EXIT_DATA, "%s: %s: found %s; expected %s", r->path, text_quoted(name), found, expected);
}

static bool whole_at(const json_t *list, size_t i, int64_t *out)
{
    const json_t *value = json_array_get(list, i);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static int type_read(const struct reading *r, const char *name, const json_t *entry, array *a)
{
    const char *word = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 1; word && i < ARRAY_TYPES; i++)
        if (!strcmp(word, type_words[i]))
            a->type = (enum array_type)i;
    if (a->type)
        return 0;
    return error_set(r->e, EXIT_DATA,
                     "%s: %s: dtype: found %s; expected one of U8, BOOL, F16, BF16, I32, F32, I64, F64", r->path,
                     text_quoted(name), word ? text_quoted(word) : "none");
}

static int shape_read(const struct reading *r, const char *name, const json_t *entry, array *a)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > ARRAY_RANK)
        return refused(r, name, "no shape", "a list of at most 8 whole numbers");
    a->rank = (int32_t)rank;
    for (size_t i = 0; i < rank; i++)
        if (!whole_at(shape, i, &a->shape[i]))
            return refused(r, name, "a shape that is no list of whole numbers", "these, none below 0");
    if (!size_of(a->type, a->shape, a->rank, &a->size))
        return refused(r, name, "a shape of more than 2^48 bytes", "less");
    return 0;
}

static int offsets_read(const struct reading *r, const char *name, const json_t *entry, struct place *p)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    int64_t begin = 0, end = 0;
    if (json_array_size(offsets) != 2 || !whole_at(offsets, 0, &begin) || !whole_at(offsets, 1, &end) || begin > end)
        return refused(r, name, "no data_offsets", "[begin, end] in bytes");
    p->begin = (uint64_t)begin;
    p->end = (uint64_t)end;
    if (p->end > r->payload)
        return error_set(r->e, EXIT_DATA,
                         "%s: %s: found its end at byte %llu of the data; expected at most %llu, as the "
                         "file has",
                         r->path, text_quoted(name), (unsigned long long)p->end, (unsigned long long)r->payload);
    if (p->end - p->begin != p->array.size)
        return error_set(r->e, EXIT_DATA, "%s: %s: found %llu bytes; expected %llu, as its shape and dtype say",
                         r->path, text_quoted(name), (unsigned long long)(p->end - p->begin),
                         (unsigned long long)p->array.size);
    return 0;
}

static int entry_read(const struct reading *r, const char *name, json_t *entry, struct place *p)
{
    const char *fault = r->lenient && name[0] && strlen(name) <= ARRAYS_NAME ? NULL : name_fault(name), *key;
    json_t *value;
    if (fault)
        return refused(r, name, fault, "a plain name of at most 512 bytes");
    if (!json_is_object(entry))
        return refused(r, name, "no object", "dtype, shape and data_offsets");
    json_object_foreach(entry, key,
                        value) if (!r->lenient && strcmp(key, "dtype") && strcmp(key, "shape") &&
                                   strcmp(key, "data_offsets")) return error_set(r->e, EXIT_DATA,
                                                                                 "%s: %s: found the field %s; expected "
                                                                                 "dtype, shape and data_offsets alone",
                                                                                 r->path, text_quoted(name),
                                                                                 text_quoted(key));
    int code = type_read(r, name, entry, &p->array);
    if (!code)
        code = shape_read(r, name, entry, &p->array);
    return code ? code : offsets_read(r, name, entry, p);
}

/* ---- reading all ---- */

static int metadata_check(const struct reading *r, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return refused(r, metadata_key, "no object", "one of texts");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return refused(r, metadata_key, "a value that is no text", "texts alone");
        if (!r->lenient && (name_fault(key) || !text_plain(json_string_value(value))))
            return refused(r, metadata_key, "a control character or an odd key", "plain texts");
    }
    return 0;
}

static int place_compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) /* one without bytes stands before the one that begins where it does */
        return x->end < y->end ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static int places_check(const struct reading *r, struct place *at, int64_t count)
{
    uint64_t end = 0;
    bool sorted = true;
    qsort(at, (size_t)count, sizeof *at, place_compare);
    for (int64_t i = 0; i < count; end = at[i++].end) {
        sorted = sorted && at[i].number == i;
        if (at[i].begin != end)
            return refused(r, at[i].array.name,
                           at[i].begin < end ? "bytes that are another tensor's, too" : "a hole before its bytes",
                           "the end of the tensor before it");
    }
    if (end != r->payload)
        return error_set(r->e, EXIT_DATA, "%s: found %llu bytes behind the last tensor; expected none", r->path,
                         (unsigned long long)(r->payload - end));
    for (int64_t i = 0; i < count && !sorted && !r->lenient; i++)
        if (at[i].number != i)
            return refused(r, at[i].array.name, "its bytes in another order than the header's", "the same");
    return 0;
}

/* Not arrays_add: that looks every name up, and the JSON has said already that none is there twice. */
static void places_take(const struct place *at, int64_t count, arrays *out)
{
    *out = (arrays){.at = alloc_zero((size_t)count + 1, sizeof *out->at), .count = count, .room = count + 1};
    for (int64_t i = 0; i < count; i++) {
        out->at[i] = at[i].array;
        out->at[i].name = alloc_text(at[i].array.name);
    }
}

static int entries_read(const struct reading *r, json_t *header, arrays *out)
{
    struct place *at = alloc_zero(json_object_size(header) + 1, sizeof *at);
    int64_t count = 0;
    int code = 0;
    const char *name;
    json_t *entry;
    json_object_foreach(header, name, entry)
    {
        if (code)
            break;
        if (!strcmp(name, metadata_key)) {
            code = metadata_check(r, entry);
            continue;
        }
        at[count].number = count;
        at[count].array.name = (char *)(uintptr_t)name;
        code = entry_read(r, name, entry, &at[count]);
        count++;
    }
    if (!code && !(code = places_check(r, at, count)))
        places_take(at, count, out);
    free(at);
    return code;
}

/* What the bytes are like before anybody reads them as JSON. */
static int form_check(const struct reading *r, const char *bytes, uint64_t count)
{
    uint64_t end = count;
    if (count == 0 || bytes[0] != '{')
        return error_set(r->e, EXIT_DATA, "%s: header: found byte 0x%02x first; expected {", r->path,
                         count ? (unsigned char)bytes[0] : 0);
    if (r->lenient)
        return 0;
    if (count % 8)
        return error_set(r->e, EXIT_DATA, "%s: header: found a length of %llu bytes; expected a multiple of 8", r->path,
                         (unsigned long long)count);
    while (bytes[end - 1] == ' ')
        end--;
    if (bytes[end - 1] != '}')
        return error_set(r->e, EXIT_DATA, "%s: header: found byte 0x%02x at its end; expected } and spaces", r->path,
                         (unsigned char)bytes[end - 1]);
    return 0;
}

int arrays_header_read(const char *path, const char *bytes, uint64_t count, uint64_t payload, bool lenient, arrays *out,
                       error *e)
{
    struct reading r = {path, payload, lenient, e};
    json_t *header = NULL;
    char *where = alloc_format("%s: header", path);
    int code = form_check(&r, bytes, count);
    if (!code)
        code = strict_json(where, bytes, count, &header, e);
    if (!code && json_object_size(header) > ARRAYS_MOST + (json_object_get(header, metadata_key) != NULL))
        code = error_set(e, EXIT_DATA, "%s: found %zu tensors; expected at most %d", path, json_object_size(header),
                         (int)ARRAYS_MOST);
    if (!code)
        code = entries_read(&r, header, out);
    json_decref(header);
    free(where);
    return code;
}
