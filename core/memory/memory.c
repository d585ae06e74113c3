/* Memories: what is offered is kept or not by the policy, what is put is kept where the strategy says.
 *
 *  reservoir       Vitter's algorithm R (1985): every row ever offered is kept with the same probability.
 *  class-balanced  Chrysakis & Moens (ICML 2020), algorithm 1: a row of a class that was never the largest takes the place
 *                  of a random row of the largest; a class that was is a reservoir of its own. Classes end equal within 1.
 *  fifo            the newest rows, in whatever slots they lie.
 *  value           the rows of the highest value; of equal ones those that came first. A NaN is below every number.
 *  none            what the strategy puts; nothing is offered.
 *
 * With a budget a class each class of each task is a memory of its own under the policy; reservoir and class-balanced are
 * then the same.
 *
 * memory_sample draws passes without replacement: every row once before any comes again (store.c says how a row joins). */
#include "memory/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "memory/store.h"

memory *memory_open(const memory_setup *setup, error *e)
{
    memory *m = alloc_zero(1, sizeof *m);
    m->setup = *setup;
    m->setup.name = alloc_text(setup->name ? setup->name : "");
    m->eviction = random_open(setup->seed, "memory", m->setup.name, 0);
    m->draws = random_open(setup->seed, "memory", m->setup.name, 1);
    m->keeper = setup->where == MEMORY_DEVICE ? setup->keeper : NULL;
    if (setup->where != MEMORY_DISK)
        return m;
    m->disk = disk_open(&m->setup, e);
    if (!m->disk) {
        memory_close(m);
        return NULL;
    }
    m->blocks = m->disk->blocks;
    return m;
}

void memory_close(memory *m)
{
    if (!m)
        return;
    for (int64_t i = 0; i < m->class_count; i++)
        blocks_free(m->blocks, m->classes[i].slots);
    for (int64_t i = 0; i < m->pool_count; i++)
        blocks_free(m->blocks, m->pools[i].slots);
    void *lists[] = {m->y,     m->value,   m->in_class, m->in_active, m->active,
                     m->freed, m->arrived, m->pool_of,  m->in_pool,   m->x};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        blocks_free(m->blocks, lists[i]);
    disk_close(m->disk);
    if (m->keeper)
        m->keeper->close(m->setup.kept);
    void *owned[] = {m->classes, m->pools, m->pending, m->extra, (void *)(uintptr_t)m->setup.name, m};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

/* ---- policies: what happens to one more row when the memory is full ---- */

static void row_replace(memory *m, int64_t slot, const memory_rows *rows, int64_t i)
{
    store_remove(m, slot);
    store_add(m, store_slot(m), rows, i);
}

static void reservoir_offer(memory *m, const memory_pool *own, const memory_rows *rows, int64_t i)
{
    int64_t at = random_below(&m->eviction, own->offered);
    if (at < own->count)
        row_replace(m, m->setup.per_class || m->used > m->count ? own->slots[at] : at, rows, i);
}

static memory_class *class_largest(memory *m)
{
    memory_class *largest = m->classes;
    for (int64_t i = 1; i < m->class_count; i++)
        if (m->classes[i].count > largest->count)
            largest = &m->classes[i];
    return largest;
}

static void balanced_offer(memory *m, const memory_rows *rows, int64_t i)
{
    memory_class *own = store_class(m, rows->y[i]), *largest = class_largest(m);
    largest->was_full = true;
    if (own->count == largest->count)
        own->was_full = true;
    if (!own->was_full) {
        row_replace(m, largest->slots[random_below(&m->eviction, largest->count)], rows, i);
        return;
    }
    int64_t at = random_below(&m->eviction, own->offered);
    if (at < own->count)
        row_replace(m, own->slots[at], rows, i);
}

static void value_offer(memory *m, const memory_pool *own, const memory_rows *rows, int64_t i)
{
    if (pool_keeps(m, own, rows->value[i]))
        row_replace(m, own->slots[0], rows, i);
}

static void row_offer(memory *m, const memory_rows *rows, int64_t i)
{
    memory_pool *own = pool_find(m, rows->task, rows->y[i]);
    own->offered++;
    store_class(m, rows->y[i])->offered++;
    if (own->count < pool_budget(m))
        store_add(m, store_slot(m), rows, i);
    else if (m->setup.policy == MEMORY_FIFO)
        row_replace(m, own->slots[0], rows, i);
    else if (m->setup.policy == MEMORY_VALUE)
        value_offer(m, own, rows, i);
    else if (m->setup.policy == MEMORY_CLASS_BALANCED && !m->setup.per_class)
        balanced_offer(m, rows, i);
    else
        reservoir_offer(m, own, rows, i);
}

/* Rows that no longer fit, as their extra has grown and the memory is bounded in bytes: those go that the policy likes least. */
static int surplus_drop(memory *m, error *e)
{
    int code = 0;
    while (!code && m->setup.most_bytes && m->count > store_capacity(m)) {
        const memory_pool *own = &m->pools[0];
        bool ordered = m->setup.policy == MEMORY_FIFO || m->setup.policy == MEMORY_VALUE;
        const memory_class *largest = class_largest(m);
        code = store_drops(m, 1, e);
        if (!code && m->setup.policy == MEMORY_CLASS_BALANCED)
            store_remove(m, largest->slots[random_below(&m->eviction, largest->count)]);
        else if (!code)
            store_remove(m, own->slots[ordered ? 0 : random_below(&m->eviction, own->count)]);
    }
    return code;
}

static int offer_check(const memory *m, const memory_rows *rows, error *e)
{
    if (m->setup.policy == MEMORY_NONE)
        return error_set(e, EXIT_DATA, "memory %s: found rows that are offered; expected none, as its policy is none",
                         m->setup.name);
    if (m->setup.policy == MEMORY_VALUE && !rows->value)
        return error_set(e, EXIT_DATA,
                         "memory %s: found rows without values; expected one a row, as its policy is value",
                         m->setup.name);
    return store_check(m, rows, e);
}

int memory_offer(memory *m, const memory_rows *rows, error *e)
{
    int code = offer_check(m, rows, e);
    if (!code)
        code = store_prepare(m, rows, e);
    code = code ? code : surplus_drop(m, e);
    kept_begin(m, rows->count);
    for (int64_t i = 0; !code && pool_budget(m) > 0 && i < rows->count; i++) {
        code = store_ready(m, rows->task, rows->y[i], e);
        if (!code)
            row_offer(m, rows, i);
    }
    return kept_end(m, rows, true, code, e);
}

/* ---- what the strategy decides ---- */

static int slots_check(const memory *m, const int64_t *slots, int64_t n, error *e)
{
    for (int64_t i = 0; i < n; i++)
        if (!store_has(m, slots[i]))
            return error_set(e, EXIT_DATA, "memory %s: found slot %lld, which holds no sample (any more)",
                             m->setup.name, (long long)slots[i]);
    return 0;
}

/* Of so many bytes, once these rows have fixed what one takes. */
static int64_t capacity_with(const memory *m, const memory_rows *rows)
{
    int64_t row = m->known ? m->row_bytes : rows->row_bytes, extra = rows->extra ? rows->extra_bytes : 0;
    row += extra > m->extra_bytes ? extra : m->extra_bytes;
    return m->setup.most_bytes ? m->setup.most_bytes / (row ? row : 1) : m->setup.capacity;
}

static int room_check(const memory *m, const memory_rows *rows, error *e)
{
    int64_t capacity = capacity_with(m, rows), left = capacity > m->count ? capacity - m->count : 0;
    if (rows->count <= left)
        return 0;
    return error_set(e, EXIT_DATA, "memory %s: found %lld new rows; expected at most %lld, as it holds %lld of %lld",
                     m->setup.name, (long long)rows->count, (long long)left, (long long)m->count, (long long)capacity);
}

static int room_check_classes(memory *m, const memory_rows *rows, error *e)
{
    for (int64_t i = 0; i < m->pool_count; i++)
        m->pools[i].asked = 0;
    for (int64_t i = 0; i < rows->count; i++)
        pool_find(m, rows->task, rows->y[i])->asked++;
    for (int64_t i = 0; i < m->pool_count; i++) {
        const memory_pool *p = &m->pools[i];
        int64_t left = m->setup.per_class - p->count;
        if (p->asked > left)
            return error_set(
                e, EXIT_DATA,
                "memory %s: found %lld new rows of column %lld; expected at most %lld, as it holds %lld of %lld",
                m->setup.name, (long long)p->asked, (long long)p->column, (long long)left, (long long)p->count,
                (long long)m->setup.per_class);
    }
    return 0;
}

static int put_check(memory *m, const int64_t *slots, const memory_rows *rows, error *e)
{
    int code = store_check(m, rows, e);
    if (!code && slots)
        return slots_check(m, slots, rows->count, e);
    if (!code && (!rows->x || !rows->y))
        return error_set(e, EXIT_DATA, "memory %s: found new rows without x or y; expected both", m->setup.name);
    if (!code)
        code = m->setup.per_class ? room_check_classes(m, rows, e) : room_check(m, rows, e);
    return code;
}

static int row_put(memory *m, const memory_rows *rows, int64_t i, error *e)
{
    int code = store_ready(m, rows->task, rows->y[i], e);
    if (code)
        return code;
    store_add(m, store_slot(m), rows, i);
    pool_find(m, rows->task, rows->y[i])->offered++; /* a later offer() weighs its rows against these */
    store_class(m, rows->y[i])->offered++;
    return 0;
}

int memory_put(memory *m, const int64_t *slots, const memory_rows *rows, error *e)
{
    int code = put_check(m, slots, rows, e);
    if (!code)
        code = store_prepare(m, rows, e);
    kept_begin(m, rows->count);
    for (int64_t i = 0; !code && i < rows->count; i++)
        code = slots ? store_update(m, slots[i], rows, i, e) : row_put(m, rows, i, e);
    code = kept_end(m, rows, !slots, code, e);
    return code ? code : surplus_drop(m, e);
}

/* `kept` [used] is set for the slots that stay. */
static int retain_check(const memory *m, int64_t column, const int64_t *slots, int64_t n, bool *kept, error *e)
{
    int code = slots_check(m, slots, n, e);
    for (int64_t i = 0; !code && i < n; i++) {
        if (m->y[slots[i]] != column || kept[slots[i]])
            code = error_set(e, EXIT_DATA, "memory %s: found slot %lld %s; expected slots of column %lld, each once",
                             m->setup.name, (long long)slots[i],
                             m->y[slots[i]] != column ? "of another column" : "twice", (long long)column);
        kept[slots[i]] = true;
    }
    return code;
}

static void class_retain(memory *m, memory_class *c, const int64_t *slots, int64_t n, const bool *kept)
{
    for (int64_t i = c->count; i-- > 0;) /* from the end: removing moves the last one */
        if (!kept[c->slots[i]])
            store_remove(m, c->slots[i]);
    for (int64_t i = 0; i < n; i++) {
        c->slots[i] = slots[i];
        m->in_class[slots[i]] = i;
    }
    c->was_full = false; /* the strategy made it small: class-balanced may let it grow again */
}

int memory_retain(memory *m, int64_t column, const int64_t *slots, int64_t n, error *e)
{
    bool *kept = alloc_zero((size_t)m->used + 1, sizeof *kept);
    int code = retain_check(m, column, slots, n, kept, e);
    const memory_class *c = store_find(m, column);
    if (!code && c)
        code = store_drops(m, c->count - n, e);
    if (!code && c)
        class_retain(m, store_class(m, column), slots, n, kept);
    free(kept);
    return code;
}

/* ---- reading ---- */

int64_t memory_find(const memory *m, int64_t column, int64_t *slots)
{
    int64_t n = 0;
    for (int64_t i = 0; i < m->class_count; i++)
        if (column == INT32_MAX || m->classes[i].column == column) {
            if (m->classes[i].count)
                memcpy(slots + n, m->classes[i].slots, (size_t)m->classes[i].count * sizeof *slots);
            n += m->classes[i].count;
        }
    return n;
}

static int64_t row_draw(memory *m, int64_t end)
{
    int64_t at = m->drawn + random_below(&m->draws, end - m->drawn), slot = m->active[at];
    m->active[at] = m->active[m->drawn];
    m->in_active[m->active[at]] = at;
    m->active[m->drawn] = slot;
    m->in_active[slot] = m->drawn++;
    return slot;
}

/* A call that runs over the end of a pass begins the next one with rows that it has not given yet, so that none stands
 * twice in one batch. */
int64_t memory_sample(memory *m, int64_t n, int64_t *slots)
{
    if (n > m->count)
        n = m->count;
    int64_t left = m->count - m->drawn, end = m->count;
    for (int64_t i = 0; i < n; i++) {
        if (m->drawn == m->count) {
            m->drawn = 0;
            end = m->count - left;
        }
        slots[i] = row_draw(m, end);
    }
    return n;
}

int memory_fetch(const memory *m, const int64_t *slots, int64_t n, void *x, int64_t *y, float *value, void *extra,
                 error *e)
{
    int code = slots_check(m, slots, n, e);
    size_t bytes = (size_t)m->row_bytes, more = (size_t)m->extra_bytes;
    if (!code && m->disk && (x || (extra && more)))
        code = disk_fetch(m->disk, slots, n, m->row_bytes, m->extra_bytes, x, more ? extra : NULL, NULL, e);
    if (!code && m->keeper && n && (x || (extra && more)))
        code = m->keeper->read(m->setup.kept, slots, n, x, more ? extra : NULL, e);
    for (int64_t i = 0; !code && i < n; i++) {
        size_t at = (size_t)slots[i], to = (size_t)i;
        if (x && m->x)
            memcpy((char *)x + to * bytes, m->x + at * bytes, bytes);
        if (y)
            y[i] = m->y[at];
        if (value)
            value[i] = m->value[at];
        if (extra && m->extra)
            memcpy((char *)extra + to * more, m->extra + at * more, more);
    }
    return code;
}

int64_t memory_count(const memory *m, int64_t column)
{
    if (column == INT32_MAX)
        return m->count;
    const memory_class *c = store_find(m, column);
    return c ? c->count : 0;
}

int64_t memory_capacity(const memory *m, int64_t row_bytes)
{
    if (m->setup.per_class)
        return 0;
    return m->setup.most_bytes && !m->known ? m->setup.most_bytes / (row_bytes ? row_bytes : 1) : store_capacity(m);
}
int64_t memory_per_class(const memory *m) { return m->setup.per_class; }
int64_t memory_row_bytes(const memory *m) { return m->row_bytes; }
int64_t memory_extra_bytes(const memory *m) { return m->extra_bytes; }
bool memory_is_bytes(const memory *m) { return m->is_bytes; }
