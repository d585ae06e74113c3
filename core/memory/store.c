/* Rows in slots, and three lists of the used ones, each kept in O(1) a row: by class, in drawing order, and the free ones.
 *
 * `active` is drawn from by a Fisher-Yates shuffle that is never finished: a pass takes every row once before any comes
 * again, rows that arrive during a pass take part in it, and nothing is shuffled anew when the content changes. */
#include "memory/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* ---- sizes ---- */

int store_check(memory *m, const memory_rows *rows, error *e)
{
    if (!m->known) {
        m->known = true;
        m->row_bytes = rows->row_bytes;
        m->is_bytes = rows->is_bytes;
        m->extra_bytes = rows->extra_bytes;
    }
    if (m->row_bytes != rows->row_bytes || m->is_bytes != rows->is_bytes)
        return error_set(e, EXIT_DATA, "memory %s: found rows of %lld bytes; expected %lld, as the first ones",
                         m->setup.name, (long long)rows->row_bytes, (long long)m->row_bytes);
    if (rows->extra && m->extra_bytes != rows->extra_bytes)
        return error_set(e, EXIT_DATA, "memory %s: found extra of %lld bytes a row; expected %lld, as the first",
                         m->setup.name, (long long)rows->extra_bytes, (long long)m->extra_bytes);
    return 0;
}

static void store_grow(memory *m)
{
    int64_t room = m->room ? m->room * 2 : 256;
    if (room > m->setup.capacity)
        room = m->setup.capacity;
    size_t n = (size_t)room;
    m->x = alloc_again(m->x, n, (size_t)m->row_bytes);
    m->y = alloc_again(m->y, n, sizeof *m->y);
    m->value = alloc_again(m->value, n, sizeof *m->value);
    m->in_class = alloc_again(m->in_class, n, sizeof *m->in_class);
    m->in_active = alloc_again(m->in_active, n, sizeof *m->in_active);
    m->active = alloc_again(m->active, n, sizeof *m->active);
    m->freed = alloc_again(m->freed, n, sizeof *m->freed);
    if (m->extra_bytes)
        m->extra = alloc_again(m->extra, n, (size_t)m->extra_bytes);
    m->room = room;
}

/* ---- classes ---- */

const memory_class *store_find(const memory *m, int64_t column)
{
    for (int64_t i = 0; i < m->class_count; i++)
        if (m->classes[i].column == column)
            return &m->classes[i];
    return NULL;
}

memory_class *store_class(memory *m, int64_t column)
{
    const memory_class *found = store_find(m, column);
    if (found)
        return &m->classes[found - m->classes];
    m->classes = alloc_again(m->classes, (size_t)m->class_count + 1, sizeof *m->classes);
    m->classes[m->class_count] = (memory_class){.column = column};
    return &m->classes[m->class_count++];
}

static void class_add(memory *m, memory_class *c, int64_t slot)
{
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 64;
        c->slots = alloc_again(c->slots, (size_t)c->room, sizeof *c->slots);
    }
    m->in_class[slot] = c->count;
    c->slots[c->count++] = slot;
}

static void class_remove(memory *m, memory_class *c, int64_t slot)
{
    int64_t last = c->slots[--c->count];
    c->slots[m->in_class[slot]] = last;
    m->in_class[last] = m->in_class[slot];
}

/* ---- the drawing order ---- */

static void active_place(memory *m, int64_t place, int64_t slot)
{
    m->active[place] = slot;
    m->in_active[slot] = place;
}

static void active_remove(memory *m, int64_t slot)
{
    int64_t place = m->in_active[slot];
    if (place < m->drawn) { /* the last of the drawn takes its place, and the last of all that one's */
        active_place(m, place, m->active[--m->drawn]);
        place = m->drawn;
    }
    active_place(m, place, m->active[--m->count]);
    m->in_active[slot] = -1;
}

/* ---- rows ---- */

bool store_has(const memory *m, int64_t slot) { return slot >= 0 && slot < m->used && m->in_active[slot] >= 0; }

int64_t store_slot(memory *m)
{
    if (m->freed_count)
        return m->freed[--m->freed_count];
    if (m->used == m->room)
        store_grow(m);
    return m->used++;
}

void store_add(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    size_t at = (size_t)slot, from = (size_t)i, bytes = (size_t)m->row_bytes, extra = (size_t)m->extra_bytes;
    memcpy(m->x + at * bytes, (const char *)rows->x + from * bytes, bytes);
    m->y[slot] = rows->y[i];
    m->value[slot] = rows->value ? rows->value[i] : 0;
    if (extra && rows->extra)
        memcpy(m->extra + at * extra, (const char *)rows->extra + from * extra, extra);
    else if (extra)
        memset(m->extra + at * extra, 0, extra);
    class_add(m, store_class(m, rows->y[i]), slot);
    active_place(m, m->count++, slot);
}

void store_remove(memory *m, int64_t slot)
{
    class_remove(m, store_class(m, m->y[slot]), slot);
    active_remove(m, slot);
    m->freed[m->freed_count++] = slot;
}
