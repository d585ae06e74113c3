/* See safetensors.h. The format: https://github.com/huggingface/safetensors, "Format". Its readers check that the
 * offsets, sorted, cover the buffer from the first byte to the last, so values are laid down in the order of the
 * header. */
#include "record/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { HEADER_LENGTH = 8, ALIGNMENT = 8, VALUE = 4 };

static int weights_check(const cell_result *r, const struct cell_weights *w, const json_t *header, error *e)
{
    int64_t size = 1;
    for (int64_t i = 0; i < w->rank && i < 4; i++)
        size *= w->shape[i];
    if (w->rank < 0 || w->rank > 4 || w->count < 0 || size != w->count)
        return error_set(e, EXIT_INTERNAL, "weights: %s has %lld values; its shape says %lld", w->name,
                         (long long)w->count, (long long)size);
    if (w->first < 0 || w->first > r->parameter_count - w->count)
        return error_set(e, EXIT_INTERNAL, "weights: %s ends at %lld of %lld parameters", w->name,
                         (long long)(w->first + w->count), (long long)r->parameter_count);
    if (w->name[0] == '\0' || !strcmp(w->name, "__metadata__") || json_object_get(header, w->name))
        return error_set(e, EXIT_INTERNAL, "weights: found the name '%s' twice, or it is no name of a tensor", w->name);
    return 0;
}

static json_t *entry_of(const struct cell_weights *w, int64_t offset)
{
    json_t *shape = json_array();
    for (int64_t i = 0; i < w->rank; i++)
        json_array_append_new(shape, json_integer(w->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)offset,
                     (json_int_t)(offset + w->count * VALUE));
}

static int header_of(const cell_result *r, const json_t *metadata, json_t **out, error *e)
{
    json_t *header = json_object();
    int64_t offset = 0;
    int code = 0;
    if (metadata)
        json_object_set(header, "__metadata__", (json_t *)(size_t)metadata); /* one more owner; nothing is changed */
    for (int64_t i = 0; i < r->weight_count && !code; i++) {
        const struct cell_weights *w = &r->weights[i];
        if ((code = weights_check(r, w, header, e)))
            break;
        if (json_object_set_new(header, w->name, entry_of(w, offset)))
            code = error_set(e, EXIT_INTERNAL, "weights: the name of tensor %lld is no UTF-8", (long long)i);
        offset += w->count * VALUE;
    }
    *out = header;
    return code;
}

static void length_add(uint64_t length, text *out)
{
    char bytes[HEADER_LENGTH];
    for (int i = 0; i < HEADER_LENGTH; i++)
        bytes[i] = (char)(length >> (8 * i) & 0xff);
    text_add(out, bytes, sizeof bytes);
}

/* Perdure runs on little-endian machines only (scripts/setup), so float32 lies in memory as the format wants it. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors values are little-endian");

int safetensors_text(const cell_result *r, const json_t *metadata, text *out, error *e)
{
    json_t *header = NULL;
    int code = header_of(r, metadata, &header, e);
    char *words = code ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (code)
        return code;
    if (words == NULL)
        return error_set(e, EXIT_INTERNAL, "weights: the header cannot be written as JSON");
    size_t length = strlen(words), padding = (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
    length_add(length + padding, out);
    text_add(out, words, length);
    text_add(out, "        ", padding);
    free(words);
    for (int64_t i = 0; i < r->weight_count; i++)
        if (r->weights[i].count > 0)
            text_add(out, (const char *)(r->parameters + r->weights[i].first), (size_t)r->weights[i].count * VALUE);
    return 0;
}

int safetensors_write(const char *path, const cell_result *r, const json_t *metadata, error *e)
{
    text file = {0};
    int code = safetensors_text(r, metadata, &file, e);
    if (!code)
        code = file_write(path, file.at, file.length, e);
    text_free(&file);
    return code;
}
