/* One buffer for all rows of a step: what memories give before the step is put together lies behind the fresh rows at once,
 * so that the batch need not be copied together. What lies elsewhere, or in another order, is copied as ever: to the same
 * bits. On the CPU alone: rows for a GPU are on their way already. */
#include <stdint.h>
#include <string.h>

#include "plugin/host.h"

static pdr_tensor *part_of(const host_session *session, pdr_scope *s, const pdr_tensor *x, int64_t first, int64_t n)
{
    return session->engine->tensor->slice(s, x, 0, first, n);
}

pdr_tensor *host_room_open(host_session *session, pdr_scope *s, int64_t fresh, int64_t more, void **x)
{
    const bool here = more > 0 && (!session->device || !strcmp(session->device, "cpu"));
    session->room = (host_room){0};
    pdr_tensor *all = host_blank_rows(session, s, PDR_F32, fresh + (here ? more : 0), x);
    if (!all || !here)
        return all;
    session->room = (host_room){.x = all, .at = *x, .rows = fresh + more, .used = fresh};
    return part_of(session, s, all, 0, fresh);
}

/* The bits of a product may follow from where its rows begin, so they begin on a line of the cache, as they do in a tensor of
 * their own: what a strategy makes of them is the same in a step without room, as the first one of a resumed run is. */
static bool on_a_line(const float *at)
{
    const uintptr_t line = 64;
    return (uintptr_t)at % line == 0;
}

pdr_tensor *host_room_take(host_session *session, pdr_scope *s, int64_t n, void **x)
{
    host_room *room = &session->room;
    if (!room->x || !n || n > room->rows - room->used || !on_a_line(room->at + room->used * session->data->train.width))
        return NULL;
    pdr_tensor *out = part_of(session, s, room->x, room->used, n);
    *x = out ? room->at + room->used * session->data->train.width : NULL;
    room->used += out ? n : 0;
    return out;
}

/* Where row `first` of the batch belongs, the part begins. */
static bool part_in_place(const host_step *h, const host_part *part)
{
    const host_session *session = h->session;
    return session->engine->bytes(h->scope, part->x, PDR_F32) ==
           session->room.at + part->first * session->data->train.width;
}

pdr_tensor *host_room_batch(host_step *h)
{
    const host_room *room = &h->session->room;
    bool whole = room->x && h->rows <= room->used;
    for (int64_t i = 0; i < h->part_count && whole; i++)
        whole = part_in_place(h, &h->parts[i]);
    return whole ? part_of(h->session, h->scope, room->x, 0, h->rows) : NULL;
}

void host_room_close(host_session *session) { session->room = (host_room){0}; }
