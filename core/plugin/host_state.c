/* A strategy's shelf in a checkpoint: what it saves, by key. The shelf holds the first error, as a scope does. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "plugin/host.h"

bool host_key_plain(const char *key) { return !path_climbs(key) && text_plain(key) && strlen(key) <= HOST_KEY; }

void shelf_fail(pdr_state *s, pdr_status code, const char *format, ...)
{
    if (s->failed)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(s->failure, sizeof s->failure, format, args);
    va_end(args);
    s->failed = code;
    host_fail(s->owner, code, "%s", s->failure);
}

const shelf_entry *shelf_find(const pdr_state *s, const char *key)
{
    for (int64_t i = 0; i < s->count; i++)
        if (!strcmp(s->entries[i].key, key))
            return &s->entries[i];
    return NULL;
}

const shelf_entry *shelf_find_under(const pdr_state *s, const char *place)
{
    for (int64_t i = 0; i < s->count; i++)
        if (!strncmp(s->entries[i].key, place, strlen(place)))
            return &s->entries[i];
    return NULL;
}

/* A new entry, or NULL: a key twice would let one value hide the other. */
static shelf_entry *shelf_add(pdr_state *s, const char *key, uint64_t bytes)
{
    if (s->failed)
        return NULL;
    if (!key || !key[0] || shelf_find(s, key)) {
        shelf_fail(s, PDR_EINVALID, "state: found the key \"%s\" %s; expected a new one", key ? key : "",
                   key && key[0] ? "twice" : "empty");
        return NULL;
    }
    if (!host_key_plain(key)) {
        shelf_fail(s, PDR_EINVALID, "state: found the key \"%s\"; expected printable text of at most %d bytes",
                   text_quoted(key), (int)HOST_KEY);
        return NULL;
    }
    s->entries = alloc_again(s->entries, (size_t)s->count + 1, sizeof *s->entries);
    shelf_entry *entry = &s->entries[s->count++];
    *entry = (shelf_entry){.key = alloc_text(key), .bytes = alloc_zero(bytes + 1, 1), .count = bytes};
    return entry;
}

void shelf_clear(pdr_state *s)
{
    for (int64_t i = 0; i < s->count; i++) {
        free(s->entries[i].key);
        free(s->entries[i].bytes);
    }
    free(s->entries);
    s->entries = NULL;
    s->count = 0;
    s->failed = 0;
}

/* ---- tensors ---- */

static uint64_t tensor_bytes(const struct engine *e, const pdr_tensor *t)
{
    static const uint64_t width[] = {0, 4, 8, 2, 2, 8, 4, 1, 1}; /* by pdr_dtype */
    uint64_t bytes = width[e->tensor->dtype(t)];
    for (int32_t i = 0; i < e->tensor->rank(t); i++)
        bytes *= (uint64_t)e->tensor->size(t, i);
    return bytes;
}

static void state_put_tensor(pdr_state *s, const char *key, const pdr_tensor *t)
{
    const struct engine *e = host_engine();
    if (!t)
        return;
    if (e->tensor->rank(t) > 8) {
        shelf_fail(s, PDR_EUNSUPPORTED, "state: %s has %d dimensions; expected at most 8", key, e->tensor->rank(t));
        return;
    }
    shelf_entry *entry = shelf_add(s, key, tensor_bytes(e, t));
    if (!entry)
        return;
    entry->dtype = e->tensor->dtype(t);
    entry->rank = e->tensor->rank(t);
    for (int32_t i = 0; i < entry->rank; i++)
        entry->shape[i] = e->tensor->size(t, i);
    if (e->tensor->read(t, entry->dtype, entry->bytes, entry->count) != PDR_OK)
        shelf_fail(s, PDR_EENGINE, "state: %s cannot be read", key);
}

static pdr_tensor *state_get_tensor(pdr_state *s, const char *key)
{
    const struct engine *e = host_engine();
    const shelf_entry *entry = key ? shelf_find(s, key) : NULL;
    if (!entry || s->failed)
        return NULL;
    if (!entry->dtype) {
        shelf_fail(s, PDR_EINVALID, "state: %s holds bytes; expected a tensor", key);
        return NULL;
    }
    pdr_scope *scope = e->tensor->open(NULL, PDR_NO_GRAD);
    pdr_tensor *t = e->tensor->from(scope, entry->dtype, entry->shape, entry->rank, entry->bytes);
    pdr_tensor *owned = e->tensor->keep(&s->owner->host, t);
    if (!owned) /* NULL alone would read as a missing key */
        shelf_fail(s, PDR_EENGINE, "state: %s cannot be made: %s", key, scope ? e->scope_message(scope) : "no memory");
    e->tensor->close(scope);
    return owned;
}

/* ---- bytes ---- */

static void state_put_bytes(pdr_state *s, const char *key, const void *p, uint64_t n)
{
    shelf_entry *entry = p ? shelf_add(s, key, n) : NULL;
    if (entry)
        memcpy(entry->bytes, p, n);
}

static uint64_t state_get_bytes(pdr_state *s, const char *key, void *p, uint64_t room)
{
    const shelf_entry *entry = key ? shelf_find(s, key) : NULL;
    if (!entry || s->failed)
        return 0;
    if (entry->dtype) {
        shelf_fail(s, PDR_EINVALID, "state: %s holds a tensor; expected bytes", key);
        return 0;
    }
    if (p)
        memcpy(p, entry->bytes, entry->count < room ? entry->count : room);
    return entry->count;
}

const pdr_state_api host_state_api = {
    .struct_size = sizeof(pdr_state_api),
    .put_tensor = state_put_tensor,
    .get_tensor = state_get_tensor,
    .put_model = state_put_model,
    .get_model = state_get_model,
    .put_optim = state_put_optim,
    .get_optim = state_get_optim,
    .put_bytes = state_put_bytes,
    .get_bytes = state_get_bytes,
};
