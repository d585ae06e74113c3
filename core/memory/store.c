/* Rows in slots, and lists of them that are kept in O(1) a row: by class, in drawing order, and the free ones.
 * Who competes with whom for room is in pool.c.
 *
 * `active` is drawn from by a Fisher-Yates shuffle that is never finished: a pass takes every row once before any comes
 * again, and nothing is shuffled anew when the content changes. A row that arrives counts as drawn in this pass with the
 * share that the drawn rows have, so that it is as likely to come next as any other. Were it always still to come, a
 * memory that takes as many rows as are drawn from it would give back the last batch and nothing older. */
#include "memory/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* ---- sizes ---- */

static bool extra_grows(const memory *m, const memory_rows *rows)
{
    return m->extra_bytes && rows->extra && rows->extra_blank && rows->extra_bytes > m->extra_bytes;
}

static int64_t row_all(const memory *m)
{
    int64_t bytes = m->row_bytes + m->extra_bytes;
    return bytes ? bytes : 1;
}

int64_t store_capacity(const memory *m)
{
    if (!m->setup.most_bytes)
        return m->setup.capacity;
    return m->known ? m->setup.most_bytes / row_all(m) : INT64_MAX;
}

static int bytes_check(const memory *m, const memory_rows *rows, error *e)
{
    int64_t row = rows->x ? rows->row_bytes : m->row_bytes;
    int64_t extra = rows->extra && rows->extra_bytes > m->extra_bytes ? rows->extra_bytes : m->extra_bytes;
    int64_t most = m->setup.most_bytes ? m->setup.most_bytes : m->disk ? STORED_MOST : INT64_MAX;
    if (row + extra <= most)
        return 0;
    return error_set(e, EXIT_DATA, "memory %s: found rows of %lld bytes, their extra with them; expected at most %lld",
                     m->setup.name, (long long)(row + extra), (long long)most);
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
    return bytes_check(m, rows, e);
}

/* False, and errno: there is no room, and the old block stays. */
static bool list_resize(memory *m, void *block, int64_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow((size_t)count, size, &bytes)) {
        errno = ENOMEM;
        return false;
    }
    return blocks_resize(m->blocks, block, bytes);
}

static bool store_resize(memory *m, int64_t room)
{
    int64_t **lists[] = {&m->y,     &m->in_class, &m->in_active, &m->active,
                         &m->freed, &m->arrived,  &m->pool_of,   &m->in_pool};
    bool done = list_resize(m, &m->value, room, sizeof *m->value);
    for (size_t i = 0; done && i < sizeof lists / sizeof *lists; i++)
        done = list_resize(m, lists[i], room, sizeof **lists[i]);
    if (done && m->disk)
        done = list_resize(m, &m->disk->generation, room, sizeof *m->disk->generation) &&
               list_resize(m, &m->disk->place, room, sizeof *m->disk->place);
    if (done && !m->disk && !m->keeper)
        done = list_resize(m, &m->x, room, (size_t)m->row_bytes);
    if (done && m->extra)
        done = list_resize(m, &m->extra, room, (size_t)m->extra_bytes);
    if (done)
        m->room = room;
    return done;
}

/* Rows that came before the first extra read 0. */
static bool extra_begin(memory *m, int64_t bytes)
{
    unsigned char *zeros = calloc(m->disk ? 1 : (size_t)m->room, (size_t)bytes);
    if (!zeros)
        return false;
    if (m->disk)
        m->disk->pad = zeros;
    else
        m->extra = zeros;
    m->extra_bytes = bytes;
    return true;
}

/* From the last row on, so that none is written over before it has moved. */
static bool extra_widen(memory *m, const memory_rows *rows)
{
    size_t was = (size_t)m->extra_bytes, is = (size_t)rows->extra_bytes;
    const char *blank = rows->extra_blank;
    if (m->disk) { /* the rows stay as they are */
        if (!blocks_resize(NULL, &m->disk->pad, is))
            return false;
        memcpy(m->disk->pad + was, blank + was, is - was);
        m->extra_bytes = (int64_t)is;
        return true;
    }
    if (!list_resize(m, &m->extra, m->room, is))
        return false;
    for (size_t i = (size_t)m->room; i-- > 0;) {
        memmove(m->extra + i * is, m->extra + i * was, was);
        memcpy(m->extra + i * is + was, blank + was, is - was);
    }
    m->extra_bytes = (int64_t)is;
    return true;
}

static int out_of_room(const memory *m, int64_t room, error *e)
{
    if (m->disk && errno != ENOMEM)
        return disk_refuse(m->disk, errno, "no room for the lists beside it", e);
    return error_set(e, EXIT_SYSTEM, "memory %s: found no memory for %lld rows of %lld bytes; expected enough",
                     m->setup.name, (long long)room, (long long)(m->row_bytes + m->extra_bytes));
}

static int store_form(memory *m, error *e)
{
    int64_t most = m->setup.per_class ? INT64_MAX : store_capacity(m);
    return m->disk && m->known ? disk_form(m->disk, m->row_bytes, m->extra_bytes, most, e) : 0;
}

int store_reserve(memory *m, int64_t room, error *e)
{
    int64_t extra = m->extra_bytes;
    bool done = room <= m->room || store_resize(m, room);
    if (done && m->keeper)
        return kept_prepare(m, NULL, e);
    if (done && extra && !m->extra && !(m->disk && m->disk->pad))
        done = extra_begin(m, extra);
    return done ? 0 : out_of_room(m, room, e);
}

int store_prepare(memory *m, const memory_rows *rows, error *e)
{
    int code = m->disk ? disk_begin(m->disk, e) : 0;
    if (code)
        return code;
    if (!m->known && rows->x) {
        m->known = true;
        m->row_bytes = rows->row_bytes;
        m->is_bytes = rows->is_bytes;
    }
    int64_t most = m->setup.per_class ? INT64_MAX : store_capacity(m);
    int64_t room = m->room, left = most > m->count ? most - m->count : 0;
    int64_t needed = m->count + (rows->count < left ? rows->count : left);
    for (; room < needed && room < most; room = room ? room * 2 : 256)
        ;
    if (room > most)
        room = most;
    bool done = room <= m->room || store_resize(m, room);
    if (done && m->keeper)
        return kept_prepare(m, rows, e);
    if (done && rows->extra && rows->extra_bytes && !m->extra_bytes && m->room)
        done = extra_begin(m, rows->extra_bytes);
    if (done && extra_grows(m, rows))
        done = extra_widen(m, rows);
    return done ? store_form(m, e) : out_of_room(m, room, e);
}

/* ---- room for one more ---- */

bool store_slots(memory *m, int64_t **slots, int64_t *room, int64_t count)
{
    int64_t wanted = *room ? *room : 64;
    while (wanted < count)
        wanted *= 2;
    if (wanted == *room)
        return true;
    bool done = list_resize(m, slots, wanted, sizeof **slots);
    *room = done ? wanted : *room;
    return done;
}

int store_drops(memory *m, int64_t count, error *e) { return m->disk ? disk_ready(m->disk, count, e) : 0; }

static int class_ready(memory *m, int64_t column, error *e)
{
    memory_class *c = store_class(m, column);
    return store_slots(m, &c->slots, &c->room, c->count + 1) ? 0 : out_of_room(m, c->count + 1, e);
}

int store_ready(memory *m, int64_t task, int64_t column, error *e)
{
    memory_pool *p = pool_find(m, task, column);
    if (!store_slots(m, &p->slots, &p->room, p->count + 1))
        return out_of_room(m, p->count + 1, e);
    int code = class_ready(m, column, e);
    return code ? code : store_drops(m, 1, e);
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
    if (!c->slots) /* never: class_ready() went before */
        return;
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
    if (rows->value)
        m->value[slot] = rows->value[i];
    if (rows->x || rows->extra)
        kept_add(m, slot, i);
    if (m->disk || m->keeper)
        return;
    if (rows->x)
        memcpy(m->x + at * bytes, (const char *)rows->x + from * bytes, bytes);
    if (extra && rows->extra)
        memcpy(m->extra + at * extra, (const char *)rows->extra + from * extra, extra);
}

static stored_row stored_of(const memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    return (stored_row){.slot = slot,
                        .y = rows->y ? rows->y[i] : m->y[slot],
                        .task = rows->task,
                        .is_bytes = m->is_bytes,
                        .x_bytes = m->row_bytes,
                        .extra_bytes = m->extra_bytes,
                        .x = rows->x ? (const char *)rows->x + i * m->row_bytes : NULL,
                        .extra = rows->extra ? (const char *)rows->extra + i * m->extra_bytes : NULL};
}

void store_add(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    size_t extra = (size_t)m->extra_bytes;
    m->value[slot] = 0;
    if (m->extra && !rows->extra)
        memset(m->extra + (size_t)slot * extra, 0, extra);
    row_write(m, slot, rows, i);
    if (m->disk) {
        const stored_row r = stored_of(m, slot, rows, i);
        disk_write(m->disk, &r);
    }
    m->y[slot] = rows->y[i];
    class_add(m, store_class(m, rows->y[i]), slot);
    active_add(m, slot);
    m->arrived[slot] = m->arrivals++;
    pool_add(m, pool_find(m, rows->task, rows->y[i]), slot);
}

/* Another version of the row, with what it has not from `rows` but from the one before. */
static int row_rewrite(memory *m, int64_t slot, const memory_rows *rows, int64_t i, error *e)
{
    struct disk *d = m->disk;
    stored_row r = stored_of(m, slot, rows, i);
    int64_t task = 0;
    int code = store_drops(m, 1, e);
    code = code ? code
                : disk_fetch(d, &slot, 1, m->row_bytes, m->extra_bytes, r.x ? NULL : d->row,
                             r.extra ? NULL : d->row + m->row_bytes, &task, e);
    if (code)
        return code;
    r.task = r.x ? r.task : task;
    r.x = r.x ? r.x : d->row;
    r.extra = r.extra ? r.extra : d->row + m->row_bytes;
    disk_drop(d, slot);
    disk_write(d, &r);
    return 0;
}

/* With another x it is a new row for the orders of arrival and of drawing. Its place within its class stays, and it counts
 * on in the budget under which it came. */
int store_update(memory *m, int64_t slot, const memory_rows *rows, int64_t i, error *e)
{
    bool moves = rows->y && rows->y[i] != m->y[slot];
    int code = moves ? class_ready(m, rows->y[i], e) : 0;
    if (!code && m->disk && (rows->x || moves || (rows->extra && m->extra_bytes)))
        code = row_rewrite(m, slot, rows, i, e);
    if (code)
        return code;
    row_write(m, slot, rows, i);
    if (moves) {
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
    return 0;
}

void store_remove(memory *m, int64_t slot)
{
    class_remove(m, store_class(m, m->y[slot]), slot);
    active_remove(m, slot);
    pool_remove(m, slot);
    if (m->disk)
        disk_drop(m->disk, slot);
    m->freed[m->freed_count++] = slot;
}
