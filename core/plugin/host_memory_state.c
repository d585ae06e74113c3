/* A memory in a checkpoint: the store's own state, and the forms of its rows, `form`: for the rows and for their extra whether
 * it is known, the type, the rank and the shape. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

enum { FORM_NUMBERS = 3 + HOST_ROW_RANK };

static void form_put(bool known, const struct row_form *form, int64_t out[FORM_NUMBERS])
{
    out[0] = known;
    out[1] = form->dtype;
    out[2] = form->rank;
    memcpy(out + 3, form->shape, sizeof form->shape);
}

int host_memory_save(pdr_memory *m, const char *prefix, arrays *into, error *e)
{
    int64_t numbers[2 * FORM_NUMBERS];
    char *full = alloc_format("%s/form", prefix);
    form_put(m->known, &m->row, numbers);
    form_put(m->extra_known, &m->extra, numbers + FORM_NUMBERS);
    arrays_copy(into, full, ARRAY_I64, 2 * FORM_NUMBERS, numbers);
    free(full);
    return memory_save(m->store, prefix, into, e);
}

bool host_memory_saved_there(const char *prefix, const arrays *from) { return memory_is_saved(prefix, from); }

/* A shape whose rows have `bytes` each, or any where there are no rows yet; nothing of it is trusted. */
static bool form_get(const int64_t in[FORM_NUMBERS], int64_t bytes, bool empty, bool *known, struct row_form *out)
{
    *known = in[0] == 1;
    *out = (struct row_form){0};
    if (!*known)
        return in[0] == 0 && bytes == 0;
    if (in[1] < PDR_F32 || in[1] > PDR_BOOL || in[2] < 0 || in[2] > HOST_ROW_RANK)
        return false;
    *out = (struct row_form){.dtype = (pdr_dtype)in[1], .rank = (int32_t)in[2], .values = 1};
    for (int32_t i = 0; i < out->rank; i++) {
        out->shape[i] = in[3 + i];
        if (out->shape[i] < 0 || __builtin_mul_overflow(out->values, out->shape[i], &out->values))
            return false;
    }
    int64_t whole;
    return !__builtin_mul_overflow(out->values, host_dtype_bytes(out->dtype), &whole) &&
           (whole == bytes || (empty && !bytes));
}

/* As form_take() has it of rows that come. */
static bool row_agrees(const pdr_memory *m)
{
    const dataset *data = m->owner->session->data;
    bool bytes = memory_is_bytes(m->store);
    if (!m->known)
        return true;
    return m->row.dtype == (bytes ? PDR_U8 : PDR_F32) &&
           (!bytes || (data->train.bytes && m->row.values == data->train.width));
}

/* The device's tensors have the rows' own types, so these are looked at first; a wrong one is refused behind that. */
static void types_expect(const pdr_memory *m, const int64_t form[2 * FORM_NUMBERS])
{
    pdr_dtype types[2];
    for (int i = 0; i < 2; i++) {
        int64_t type = form[i * FORM_NUMBERS + 1];
        types[i] = type >= PDR_F32 && type <= PDR_BOOL ? (pdr_dtype)type : PDR_U8;
    }
    if (m->device)
        device_expect(m->device, types[0], types[1]);
}

int host_memory_load(pdr_memory *m, const char *prefix, const arrays *from, error *e)
{
    const void *numbers;
    int64_t count, form[2 * FORM_NUMBERS];
    char *full = alloc_format("%s/form", prefix), *what = alloc_format("memory %s: saved state", m->name);
    int code = arrays_list(from, full, ARRAY_I64, &numbers, &count, what, e);
    bool whole = !code && count == 2 * FORM_NUMBERS;
    free(full);
    free(what);
    if (whole) {
        memcpy(form, numbers, sizeof form);
        types_expect(m, form);
    }
    code = code ? code : memory_load(m->store, prefix, from, e);
    if (code)
        return code;
    if (whole) {
        bool empty = !memory_count(m->store, PDR_ALL);
        if (form_get(form, memory_row_bytes(m->store), false, &m->known, &m->row) &&
            form_get(form + FORM_NUMBERS, memory_extra_bytes(m->store), empty, &m->extra_known, &m->extra) &&
            row_agrees(m))
            return 0;
    }
    return error_set(e, EXIT_DATA,
                     "memory %s: saved state: form: found another shape of rows; expected that of the data", m->name);
}

void host_memories_saved(host_session *session, int64_t serial, int64_t oldest_kept)
{
    for (int i = 0; i < session->count; i++)
        for (int64_t j = 0; j < session->strategies[i].memory_count; j++)
            memory_saved(session->strategies[i].memories[j]->store, serial, oldest_kept);
}
