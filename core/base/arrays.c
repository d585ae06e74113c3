/* See arrays.h. Lists are some hundred entries long at most, and looked up a few times: a scan does. */
#include "base/arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

size_t array_width(enum array_type type)
{
    static const size_t width[ARRAY_TYPES] = {
        [ARRAY_U8] = 1,  [ARRAY_BOOL] = 1, [ARRAY_F16] = 2, [ARRAY_BF16] = 2,
        [ARRAY_I32] = 4, [ARRAY_F32] = 4,  [ARRAY_I64] = 8, [ARRAY_F64] = 8,
    };
    return (unsigned)type < ARRAY_TYPES ? width[type] : 0;
}

static array *array_new(arrays *a, const char *name)
{
    if (!name || !name[0] || arrays_find(a, name)) {
        fprintf(stderr, "perdure: error: a checkpoint would hold the name \"%s\" twice\n", name ? name : "");
        exit(EXIT_INTERNAL);
    }
    if (a->count == a->room) {
        a->room = a->room ? 2 * a->room : 32;
        a->at = alloc_again(a->at, (size_t)a->room, sizeof *a->at);
    }
    array *one = &a->at[a->count++];
    *one = (array){.name = alloc_text(name)};
    return one;
}

void arrays_add(arrays *a, const char *name, enum array_type type, const int64_t *shape, int32_t rank,
                const void *bytes)
{
    array *one = array_new(a, name);
    one->type = type;
    one->rank = rank;
    one->size = array_width(type);
    for (int32_t i = 0; i < rank; i++) {
        one->shape[i] = shape[i];
        one->size *= (uint64_t)shape[i];
    }
    one->bytes = bytes;
}

void arrays_add_list(arrays *a, const char *name, enum array_type type, int64_t count, const void *bytes)
{
    arrays_add(a, name, type, &count, 1, bytes);
}

void arrays_take(arrays *a, const char *name, enum array_type type, const int64_t *shape, int32_t rank, void *bytes)
{
    arrays_add(a, name, type, shape, rank, bytes);
    a->at[a->count - 1].owned = bytes;
}

void arrays_copy(arrays *a, const char *name, enum array_type type, int64_t count, const void *bytes)
{
    void *copy = alloc_zero((size_t)count + 1, array_width(type));
    if (count)
        memcpy(copy, bytes, (size_t)count * array_width(type));
    arrays_take(a, name, type, &count, 1, copy);
}

uint64_t arrays_borrowed(const arrays *a)
{
    uint64_t size = 0;
    for (int64_t i = 0; i < a->count; i++)
        size += a->at[i].owned ? 0 : a->at[i].size;
    return size;
}

void arrays_own(arrays *a)
{
    for (int64_t i = 0; i < a->count; i++) {
        array *one = &a->at[i];
        if (one->owned)
            continue;
        one->owned = alloc_zero(one->size + 1, 1);
        if (one->size)
            memcpy(one->owned, one->bytes, one->size);
        one->bytes = one->owned;
    }
}

const array *arrays_find(const arrays *a, const char *name)
{
    for (int64_t i = 0; i < a->count; i++)
        if (!strcmp(a->at[i].name, name))
            return &a->at[i];
    return NULL;
}

int arrays_list(const arrays *a, const char *name, enum array_type type, const void **values, int64_t *count,
                const char *what, error *e)
{
    const array *one = arrays_find(a, name);
    if (!one)
        return error_set(e, EXIT_DATA, "%s: found no %s; expected a list", what, name);
    if (one->type != type || one->rank != 1)
        return error_set(e, EXIT_DATA, "%s: %s: found another type or rank; expected a list", what, name);
    *values = one->bytes;
    *count = one->shape[0];
    return 0;
}

void arrays_free(arrays *a)
{
    for (int64_t i = 0; i < a->count; i++) {
        free(a->at[i].name);
        free(a->at[i].owned);
    }
    free(a->at);
    *a = (arrays){0};
}
