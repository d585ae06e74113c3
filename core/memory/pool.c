/* Pools: the rows that compete for the same room. A memory with one budget has one pool, a memory with a budget a class
 * one for every class of every task.
 *
 * Where the order says who goes (fifo, value) a pool is a binary heap whose first slot goes first; else it is a bag. */
#include "memory/store.h"

#include <math.h>

#include "base/alloc.h"

static bool is_ordered(const memory *m) { return m->setup.policy == MEMORY_FIFO || m->setup.policy == MEMORY_VALUE; }

/* A value that is no number is below every number. */
static int value_compare(float a, float b)
{
    if (isnan(a) || isnan(b))
        return isnan(b) - isnan(a);
    return (a > b) - (a < b);
}

/* fifo: the older. value: the lower one, and of equals the one that came later, so that what is kept is the head of the
 * list by falling value, then by arrival. */
static bool goes_first(const memory *m, int64_t a, int64_t b)
{
    if (m->setup.policy == MEMORY_FIFO)
        return m->arrived[a] < m->arrived[b];
    int order = value_compare(m->value[a], m->value[b]);
    return order ? order < 0 : m->arrived[a] > m->arrived[b];
}

static void slot_place(memory *m, memory_pool *p, int64_t at, int64_t slot)
{
    p->slots[at] = slot;
    m->in_pool[slot] = at;
}

static int64_t slot_rise(memory *m, memory_pool *p, int64_t at)
{
    int64_t slot = p->slots[at];
    for (; at > 0 && goes_first(m, slot, p->slots[(at - 1) / 2]); at = (at - 1) / 2)
        slot_place(m, p, at, p->slots[(at - 1) / 2]);
    slot_place(m, p, at, slot);
    return at;
}

static void slot_sink(memory *m, memory_pool *p, int64_t at)
{
    int64_t slot = p->slots[at];
    for (int64_t below; (below = 2 * at + 1) < p->count; at = below) {
        if (below + 1 < p->count && goes_first(m, p->slots[below + 1], p->slots[below]))
            below++;
        if (!goes_first(m, p->slots[below], slot))
            break;
        slot_place(m, p, at, p->slots[below]);
    }
    slot_place(m, p, at, slot);
}

memory_pool *pool_find(memory *m, int64_t task, int64_t column)
{
    int64_t i = 0;
    if (!m->setup.per_class)
        task = column = 0; /* all in one */
    while (i < m->pool_count && (m->pools[i].task != task || m->pools[i].column != column))
        i++;
    if (i == m->pool_count) {
        m->pools = alloc_again(m->pools, (size_t)m->pool_count + 1, sizeof *m->pools);
        m->pools[m->pool_count++] = (memory_pool){.task = task, .column = column};
    }
    return &m->pools[i];
}

int64_t pool_budget(const memory *m) { return m->setup.per_class ? m->setup.per_class : store_capacity(m); }

void pool_add(memory *m, memory_pool *p, int64_t slot)
{
    m->pool_of[slot] = p - m->pools;
    slot_place(m, p, p->count++, slot);
    if (is_ordered(m))
        slot_rise(m, p, p->count - 1);
}

void pool_settle(memory *m, int64_t slot)
{
    memory_pool *p = &m->pools[m->pool_of[slot]];
    if (is_ordered(m))
        slot_sink(m, p, slot_rise(m, p, m->in_pool[slot]));
}

void pool_remove(memory *m, int64_t slot)
{
    memory_pool *p = &m->pools[m->pool_of[slot]];
    int64_t at = m->in_pool[slot], last = p->slots[--p->count];
    if (slot == last)
        return;
    slot_place(m, p, at, last);
    pool_settle(m, last);
}

bool pool_keeps(const memory *m, const memory_pool *p, float value)
{
    return value_compare(value, m->value[p->slots[0]]) > 0;
}

bool pool_is_ordered(const memory *m, const memory_pool *p)
{
    for (int64_t at = 1; is_ordered(m) && at < p->count; at++)
        if (goes_first(m, p->slots[at], p->slots[(at - 1) / 2]))
            return false;
    return true;
}
