/* What a checkpoint holds of the strategies (rule 21): what save() puts on their shelves, their memories and the place of
 * every random stream that they have. Names: strategy/N/{version, streams/..., memory/NAME/..., tensor/KEY, bytes/KEY}, where N
 * counts the strategies of the method from 0. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

static int number_of(const strategy *s) { return (int)(s - s->session->strategies); }

static char *place_of(const strategy *s, const char *part, const char *name)
{
    return alloc_format("strategy/%d/%s%s%s", number_of(s), part, name ? "/" : "", name ? name : "");
}

/* ---- shelves ---- */

static const enum array_type type_of[] = {
    [PDR_F32] = ARRAY_F32, [PDR_F64] = ARRAY_F64, [PDR_F16] = ARRAY_F16, [PDR_BF16] = ARRAY_BF16,
    [PDR_I64] = ARRAY_I64, [PDR_I32] = ARRAY_I32, [PDR_U8] = ARRAY_U8,   [PDR_BOOL] = ARRAY_BOOL};

static pdr_dtype dtype_of(enum array_type type)
{
    for (size_t d = 1; d < sizeof type_of / sizeof *type_of; d++)
        if (type_of[d] == type)
            return (pdr_dtype)d;
    return 0;
}

/* The entry's bytes change hands. */
static void entry_save(const strategy *s, shelf_entry *entry, arrays *into)
{
    char *name = place_of(s, entry->dtype ? "tensor" : "bytes", entry->key);
    int64_t length = (int64_t)entry->count;
    if (entry->dtype)
        arrays_take(into, name, type_of[entry->dtype], entry->shape, entry->rank, entry->bytes);
    else
        arrays_take(into, name, ARRAY_U8, &length, 1, entry->bytes);
    entry->bytes = NULL;
    free(name);
}

static int shelf_save(strategy *s, arrays *into, error *e)
{
    pdr_state shelf = {.owner = s};
    if (!s->plugin->hooks.save)
        return 0;
    host_enter(s, "save", PDR_NO_GRAD);
    int code = host_leave(s, s->plugin->hooks.save(s->self, &shelf), e);
    for (int64_t i = 0; !code && i < shelf.count; i++)
        entry_save(s, &shelf.entries[i], into);
    shelf_clear(&shelf);
    return code;
}

static void entry_load(pdr_state *shelf, const array *from, const char *key, bool tensor)
{
    shelf->entries = alloc_again(shelf->entries, (size_t)shelf->count + 1, sizeof *shelf->entries);
    shelf_entry *entry = &shelf->entries[shelf->count++];
    *entry = (shelf_entry){.key = alloc_text(key),
                           .dtype = tensor ? dtype_of(from->type) : 0,
                           .rank = from->rank,
                           .bytes = alloc_zero(from->size + 1, 1),
                           .count = from->size};
    memcpy(entry->shape, from->shape, sizeof entry->shape);
    if (from->size)
        memcpy(entry->bytes, from->bytes, from->size);
}

static void entries_load(pdr_state *shelf, const arrays *from, bool tensor)
{
    char *place = place_of(shelf->owner, tensor ? "tensor/" : "bytes/", NULL);
    for (int64_t i = 0; i < from->count; i++)
        if (!strncmp(from->at[i].name, place, strlen(place)))
            entry_load(shelf, &from->at[i], from->at[i].name + strlen(place), tensor);
    free(place);
}

static int shelf_load(strategy *s, const arrays *from, error *e)
{
    char *place = place_of(s, "version", NULL);
    const array *version = arrays_find(from, place);
    uint32_t saved = version && version->type == ARRAY_I64 && version->rank == 0
                         ? (uint32_t) * (const int64_t *)version->bytes
                         : s->plugin->descriptor->state_version;
    pdr_state shelf = {.owner = s};
    int code = 0;
    free(place);
    entries_load(&shelf, from, true);
    entries_load(&shelf, from, false);
    if (shelf.count && !s->plugin->hooks.load)
        code = error_set(e, EXIT_DATA, "strategy %s: found a state of it; expected none, as it has no load()", s->name);
    if (!code && s->plugin->hooks.load) {
        host_enter(s, "load", PDR_NO_GRAD);
        code = host_leave(s, s->plugin->hooks.load(s->self, &shelf, saved), e);
    }
    shelf_clear(&shelf);
    return code;
}

/* ---- memories ---- */

static int memories_save(strategy *s, arrays *into, error *e)
{
    int code = 0;
    for (int64_t i = 0; !code && i < s->memory_count; i++) {
        char *prefix = place_of(s, "memory", host_memory_name(s->memories[i]));
        code = host_memory_save(s->memories[i], prefix, into, e);
        free(prefix);
    }
    return code;
}

int host_memory_back(pdr_memory *m, error *e)
{
    const strategy *s = host_memory_owner(m);
    char *prefix = place_of(s, "memory", host_memory_name(m));
    int code = 0;
    if (s->session->saved && host_memory_saved_there(prefix, s->session->saved))
        code = host_memory_load(m, prefix, s->session->saved, e);
    free(prefix);
    return code;
}

/* What was not opened again would be lost without a word. */
static int memories_check(const strategy *s, const arrays *from, error *e)
{
    char *place = place_of(s, "memory/", NULL);
    int code = 0;
    for (int64_t i = 0; !code && i < from->count; i++) {
        const char *name = from->at[i].name;
        if (strncmp(name, place, strlen(place)) != 0)
            continue;
        bool open = false;
        name += strlen(place);
        for (int64_t j = 0; !open && j < s->memory_count; j++) {
            const char *its = host_memory_name(s->memories[j]);
            open = !strncmp(name, its, strlen(its)) && name[strlen(its)] == '/';
        }
        if (!open)
            code = error_set(e, EXIT_FAILED,
                             "strategy %s: found rows of a memory (%s) in the checkpoint that nobody opened again; "
                             "expected create(), load() or before_run() to open it",
                             s->name, name);
    }
    free(place);
    return code;
}

/* ---- the session ---- */

int host_save(host_session *session, arrays *into, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < session->count; i++) {
        strategy *s = &session->strategies[i];
        char *version = place_of(s, "version", NULL);
        int64_t *number = alloc_zero(1, sizeof *number);
        *number = s->plugin->descriptor->state_version;
        arrays_take(into, version, ARRAY_I64, NULL, 0, number);
        free(version);
        char *streams = place_of(s, "streams", NULL);
        host_streams_save(s, streams, into);
        free(streams);
        code = memories_save(s, into, e);
        if (!code)
            code = shelf_save(s, into, e);
    }
    return code;
}

static int streams_back(host_session *session, const arrays *from, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < session->count; i++) {
        char *place = place_of(&session->strategies[i], "streams", NULL);
        code = host_streams_load(&session->strategies[i], place, from, e);
        free(place);
    }
    return code;
}

int host_load(host_session *session, const arrays *from, error *e)
{
    int code = streams_back(session, from, e); /* load() finds them where they stood */
    for (int i = 0; !code && i < session->count; i++)
        code = shelf_load(&session->strategies[i], from, e);
    return code;
}

int host_loaded(host_session *session, const arrays *from, error *e)
{
    int code = streams_back(session, from, e); /* again: load() and before_run() may have drawn from them */
    for (int i = 0; !code && i < session->count; i++)
        code = memories_check(&session->strategies[i], from, e);
    session->saved = NULL;
    return code;
}
