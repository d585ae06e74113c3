/* Rows of a memory that has a keeper: what a call does to slots is gathered, and goes to the keeper in one piece when the call
 * is over, as a copy on a device costs the same for one row as for hundreds. A slot that was filled twice in a call gets what
 * came last. */
#include <stdlib.h>

#include "base/alloc.h"
#include "memory/store.h"

struct pending {
    int64_t slot, row;
};

void kept_begin(memory *m, int64_t count)
{
    m->pending_count = 0;
    if (!m->keeper || count <= m->pending_room)
        return;
    m->pending = alloc_again(m->pending, (size_t)count, sizeof *m->pending);
    m->pending_room = count;
}

void kept_add(memory *m, int64_t slot, int64_t row)
{
    if (m->keeper)
        m->pending[m->pending_count++] = (struct pending){slot, row};
}

static int pending_compare(const void *a, const void *b)
{
    const struct pending *p = a, *q = b;
    if (p->slot != q->slot)
        return (p->slot > q->slot) - (p->slot < q->slot);
    return (p->row > q->row) - (p->row < q->row);
}

/* Each slot once; rows come in rising order, so the last of a slot is the one that stays. */
static int64_t pending_lists(memory *m, int64_t *slots, int64_t *from)
{
    int64_t n = 0;
    qsort(m->pending, (size_t)m->pending_count, sizeof *m->pending, pending_compare);
    for (int64_t i = 0; i < m->pending_count; i++) {
        if (n && slots[n - 1] == m->pending[i].slot)
            n--;
        slots[n] = m->pending[i].slot;
        from[n++] = m->pending[i].row;
    }
    return n;
}

int kept_end(memory *m, const memory_rows *rows, bool fresh, int code, error *e)
{
    if (!m->keeper || !m->pending_count)
        return code;
    error own = {0}; /* where the call came to nothing half way, its own words stay */
    int64_t *slots = alloc_zero((size_t)m->pending_count, 2 * sizeof *slots), *from = slots + m->pending_count;
    int64_t n = pending_lists(m, slots, from);
    int written = m->keeper->write(m->setup.kept, slots, from, n, rows, fresh, code ? &own : e);
    free(slots);
    m->pending_count = 0;
    return code ? code : written;
}

int kept_prepare(memory *m, const memory_rows *rows, error *e)
{
    int64_t extra = m->extra_bytes;
    if (!m->room)
        return 0;
    if (rows && rows->extra && rows->extra_bytes > extra)
        extra = rows->extra_bytes;
    int code = m->keeper->make_room(m->setup.kept, m->room, m->row_bytes, extra, rows, e);
    if (!code)
        m->extra_bytes = extra;
    return code;
}
