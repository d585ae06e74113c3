/* Rows in slots, and lists of them that are kept in O(1) a row: by class, in drawing order, and the free ones.
 * Who competes with whom for room is in pool.c.
 *
 * `active` is drawn from by a Fisher-Yates shuffle that is never finished: a pass takes every row once before any comes
 * again, and nothing is shuffled anew when the content changes. A row that arrives counts as drawn in this pass with the
 * share that the drawn rows have, so that it is as likely to come next as any other. Were it always still to come, a
 * memory that takes as many rows as are drawn from it would give back the last batch and nothing older. */
#include "memory/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* ---- sizes ---- */

static bool extra_grows(const memory *m, const memory_rows *rows)
{
    return m->extra && rows->extra && rows->extra_blank && rows->extra_bytes > m->extra_bytes;
}

int store_check(const memory *m, const memory_rows *rows, error *e)
{
    if (m->known && rows->x && (m->row_bytes != rows->row_bytes || m->is_bytes != rows->is_bytes))
        return error_set(e, EXIT_DATA,
                         "memory %s: found rows of %lld bytes (%s); expected %lld (%s), as the first ones",
                         m->setup.name, (long long)rows->row_bytes, rows->is_bytes ? "uint8" : "float32",
                         (long long)m->row_bytes, m->is_bytes ? "uint8" : "float32");
    if (m->extra_bytes && rows->extra && m->extra_bytes != rows->extra_bytes && !extra_grows(m, rows))
        return error_set(e, EXIT_DATA, "memory %s: found extra of %lld bytes a row; expected %lld, as the first",
                         m->setup.name, (long long)rows->extra_bytes, (long long)m->extra_bytes);
    return 0;
}

/* False: there is no memory, and the old block stays. */
static bool block_resize(void *block, int64_t count, size_t size)
{
    void *old, *new = NULL;
    memcpy(&old, block, sizeof old);
    if (size && size <= SIZE_MAX / (size_t)count)
        new = realloc(old, (size_t)count * size);
    if (!size) /* rows of no values: the block is never read */
        new = old ? old : malloc(1);
    if (new)
        memcpy(block, &new, sizeof new);
    return new != NULL;
}

static bool store_resize(memory *m, int64_t room)
{
    int64_t **lists[] = {&m->y,     &m->in_class, &m->in_active, &m->active,
                         &m->freed, &m->arrived,  &m->pool_of,   &m->in_pool};
    bool done = block_resize(&m->x, room, (size_t)m->row_bytes) && block_resize(&m->value, room, sizeof *m->value);
    for (size_t i = 0; done && i < sizeof lists / sizeof *lists; i++)
        done = block_resize(lists[i], room, sizeof **lists[i]);
    if (done && m->extra)
        done = block_resize(&m->extra, room, (size_t)m->extra_bytes);
    if (done)
        m->room = room;
    return done;
}

/* Rows that came before the first extra read 0. */
static bool extra_begin(memory *m, const memory_rows *rows)
{
    m->extra = calloc((size_t)m->room, (size_t)rows->extra_bytes);
    if (m->extra)
        m->extra_bytes = rows->extra_bytes;
    return m->extra != NULL;
}

/* From the last row on, so that none is written over before it has moved. */
static bool extra_widen(memory *m, const memory_rows *rows)
{
    size_t was = (size_t)m->extra_bytes, is = (size_t)rows->extra_bytes;
    if (!block_resize(&m->extra, m->room, is))
        return false;
    for (size_t i = (size_t)m->room; i-- > 0;) {
        memmove(m->extra + i * is, m->extra + i * was, was);
        memcpy(m->extra + i * is + was, (const char *)rows->extra_blank + was, is - was);
    }
    m->extra_bytes = (int64_t)is;
    return true;
}

static int out_of_memory(const memory *m, int64_t room, error *e)
{
    return error_set(e, EXIT_SYSTEM, "memory %s: found no memory for %lld rows of %lld bytes; expected enough",
                     m->setup.name, (long long)room, (long long)(m->row_bytes + m->extra_bytes));
}

int store_reserve(memory *m, int64_t room, error *e)
{
    bool done = room <= m->room || store_resize(m, room);
    if (done && m->extra_bytes && !m->extra)
        done = (m->extra = calloc((size_t)m->room, (size_t)m->extra_bytes)) != NULL;
    return done ? 0 : out_of_memory(m, room, e);
}

int store_prepare(memory *m, const memory_rows *rows, error *e)
{
    int64_t most = m->setup.per_class ? INT64_MAX : m->setup.capacity;
    int64_t room = m->room, left = most - m->count;
    int64_t needed = m->count + (rows->count < left ? rows->count : left);
    if (!m->known && rows->x) {
        m->known = true;
        m->row_bytes = rows->row_bytes;
        m->is_bytes = rows->is_bytes;
    }
    for (; room < needed && room < most; room = room ? room * 2 : 256)
        ;
    if (room > most)
        room = most;
    bool done = room <= m->room || store_resize(m, room);
    if (done && rows->extra && rows->extra_bytes && !m->extra && m->room)
        done = extra_begin(m, rows);
    if (done && extra_grows(m, rows))
        done = extra_widen(m, rows);
    return done ? 0 : out_of_memory(m, room, e);
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
    if (!c->slots) /* a class that never had a row */
        return;
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

static void active_add(memory *m, int64_t slot)
{
    int64_t place = m->count++;
    if (random_below(&m->draws, place) < m->drawn) { /* among the drawn: the first of the others makes room */
        if (m->drawn < place)
            active_place(m, place, m->active[m->drawn]);
        place = m->drawn++;
    }
    active_place(m, place, slot);
}

static void active_remove(memory *m, int64_t slot)
{
    int64_t place = m->in_active[slot];
    if (place < m->drawn) { /* the last of the drawn takes its place, and the last of all that one's */
        active_place(m, place, m->active[--m->drawn]);
        place = m->drawn;
    }
    if (place != --m->count) /* all were drawn: the place that is left is the last, and no one's any more */
        active_place(m, place, m->active[m->count]);
    m->in_active[slot] = -1;
}

/* ---- rows ---- */

bool store_has(const memory *m, int64_t slot) { return slot >= 0 && slot < m->used && m->in_active[slot] >= 0; }

int64_t store_slot(memory *m) { return m->freed_count ? m->freed[--m->freed_count] : m->used++; }

static void row_write(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    size_t at = (size_t)slot, from = (size_t)i, bytes = (size_t)m->row_bytes, extra = (size_t)m->extra_bytes;
    if (rows->x)
        memcpy(m->x + at * bytes, (const char *)rows->x + from * bytes, bytes);
    if (rows->value)
        m->value[slot] = rows->value[i];
    if (extra && rows->extra)
        memcpy(m->extra + at * extra, (const char *)rows->extra + from * extra, extra);
}

void store_add(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    size_t extra = (size_t)m->extra_bytes;
    m->value[slot] = 0;
    if (extra && !rows->extra)
        memset(m->extra + (size_t)slot * extra, 0, extra);
    row_write(m, slot, rows, i);
    m->y[slot] = rows->y[i];
    class_add(m, store_class(m, rows->y[i]), slot);
    active_add(m, slot);
    m->arrived[slot] = m->arrivals++;
    pool_add(m, pool_find(m, rows->task, rows->y[i]), slot);
}

/* With another x it is a new row for the orders of arrival and of drawing. Its place within its class stays, and it counts
 * on in the budget under which it came. */
void store_update(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    row_write(m, slot, rows, i);
    if (rows->y && rows->y[i] != m->y[slot]) {
        class_remove(m, store_class(m, m->y[slot]), slot);
        m->y[slot] = rows->y[i];
        class_add(m, store_class(m, rows->y[i]), slot);
    }
    if (rows->x) {
        active_remove(m, slot);
        active_add(m, slot);
        m->arrived[slot] = m->arrivals++;
    }
    pool_settle(m, slot);
}

void store_remove(memory *m, int64_t slot)
{
    class_remove(m, store_class(m, m->y[slot]), slot);
    active_remove(m, slot);
    pool_remove(m, slot);
    m->freed[m->freed_count++] = slot;
}
