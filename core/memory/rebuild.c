/* From the lists that a checkpoint holds back to those that the store works with. What was read may be anything: every
 * number is looked at before it is used as a place. */
#include <stdlib.h>

#include "base/alloc.h"
#include "memory/store.h"

/* ---- which slots are used ---- */

static int slots_used(memory *m, error *e)
{
    for (int64_t slot = 0; slot < m->used; slot++)
        m->in_active[slot] = -1;
    for (int64_t i = 0; i < m->count; i++) {
        int64_t slot = m->active[i];
        if (slot < 0 || slot >= m->used || m->in_active[slot] >= 0)
            return state_refuse(m, e, "found slot %lld %s in the drawing order; expected slots below %lld, each once",
                                (long long)slot, slot < 0 || slot >= m->used ? "out of range" : "twice",
                                (long long)m->used);
        m->in_active[slot] = i;
    }
    return 0;
}

/* Used and free ones are as many as there are slots in all, so that each is one or the other when none stands twice. */
static int slots_freed(memory *m, error *e)
{
    int code = 0;
    for (int64_t i = 0; !code && i < m->freed_count; i++) {
        int64_t slot = m->freed[i];
        if (slot < 0 || slot >= m->used || m->in_active[slot] != -1)
            code = state_refuse(m, e, "found slot %lld among the free ones; expected one that is not used, each once",
                                (long long)slot);
        else
            m->in_active[slot] = -2; /* seen */
    }
    for (int64_t slot = 0; slot < m->used; slot++)
        if (m->in_active[slot] == -2)
            m->in_active[slot] = -1;
    return code;
}

/* ---- lists by class and by pool ---- */

/* `count` entries that say nothing yet; *left is what other lists have not taken. */
static int list_open(memory *m, int64_t **slots, int64_t count, int64_t *room, int64_t *left, error *e)
{
    if (count < 0 || count > *left)
        return state_refuse(m, e, "found a list of %lld slots; expected at most the %lld that are in no other",
                            (long long)count, (long long)*left);
    *left -= count;
    if (count && !store_slots(m, slots, room, count))
        return error_system(e, EXIT_SYSTEM, "memory %s: no room for the lists of %lld rows", m->setup.name,
                            (long long)count);
    for (int64_t i = 0; i < count; i++)
        (*slots)[i] = -1;
    return 0;
}

static int slot_lay(const memory *m, int64_t *slots, int64_t count, int64_t place, int64_t slot, error *e)
{
    if (place < 0 || place >= count || slots[place] >= 0)
        return state_refuse(m, e, "found slot %lld at place %lld of its list; expected one of %lld that is not taken",
                            (long long)slot, (long long)place, (long long)count);
    slots[place] = slot;
    return 0;
}

static int class_compare(const void *a, const void *b)
{
    const memory_class *one = *(const memory_class *const *)a, *other = *(const memory_class *const *)b;
    return (one->column > other->column) - (one->column < other->column);
}

static int column_compare(const void *column, const void *one)
{
    int64_t wanted = *(const int64_t *)column, is = (*(const memory_class *const *)one)->column;
    return (wanted > is) - (wanted < is);
}

static int classes_lay(memory *m, memory_class **sorted, error *e)
{
    int code = 0;
    for (int64_t i = 1; !code && i < m->class_count; i++)
        if (sorted[i]->column == sorted[i - 1]->column)
            code = state_refuse(m, e, "found column %lld twice; expected it once", (long long)sorted[i]->column);
    for (int64_t slot = 0; !code && slot < m->used; slot++) {
        if (m->in_active[slot] < 0)
            continue;
        memory_class **own = bsearch(&m->y[slot], sorted, (size_t)m->class_count, sizeof *sorted, column_compare);
        code = own ? slot_lay(m, (*own)->slots, (*own)->count, m->in_class[slot], slot, e)
                   : state_refuse(m, e, "found slot %lld of column %lld; expected one of the columns listed",
                                  (long long)slot, (long long)m->y[slot]);
    }
    return code;
}

static int classes_rebuild(memory *m, error *e)
{
    int64_t left = m->count;
    int code = 0;
    memory_class **sorted = alloc_zero((size_t)m->class_count + 1, sizeof(memory_class *));
    for (int64_t i = 0; !code && i < m->class_count; i++) {
        sorted[i] = &m->classes[i];
        code = list_open(m, &m->classes[i].slots, m->classes[i].count, &m->classes[i].room, &left, e);
    }
    if (!code && m->class_count) {
        qsort(sorted, (size_t)m->class_count, sizeof *sorted, class_compare);
        code = classes_lay(m, sorted, e);
    }
    if (!code && left)
        code = state_refuse(m, e, "found %lld slots in no class; expected each in one", (long long)left);
    free(sorted);
    return code;
}

static int pool_compare(const void *a, const void *b)
{
    const memory_pool *one = *(const memory_pool *const *)a, *other = *(const memory_pool *const *)b;
    if (one->task != other->task)
        return one->task > other->task ? 1 : -1;
    return (one->column > other->column) - (one->column < other->column);
}

/* Two pools of the same rows would each have a budget. */
static int pools_differ(const memory *m, error *e)
{
    int code = 0;
    const memory_pool **sorted = alloc_zero((size_t)m->pool_count + 1, sizeof(memory_pool *));
    for (int64_t i = 0; i < m->pool_count; i++)
        sorted[i] = &m->pools[i];
    qsort(sorted, (size_t)m->pool_count, sizeof *sorted, pool_compare);
    for (int64_t i = 1; !code && i < m->pool_count; i++)
        if (!pool_compare(&sorted[i], &sorted[i - 1]))
            code = state_refuse(m, e, "found two budgets of task %lld, column %lld; expected one",
                                (long long)sorted[i]->task, (long long)sorted[i]->column);
    free(sorted);
    return code;
}

static int pools_rebuild(memory *m, error *e)
{
    int64_t left = m->count;
    int code = pools_differ(m, e);
    for (int64_t i = 0; !code && i < m->pool_count; i++) {
        memory_pool *p = &m->pools[i];
        code = list_open(m, &p->slots, p->count, &p->room, &left, e);
        if (!code && p->count > pool_budget(m))
            code = state_refuse(m, e, "found %lld rows in one budget; expected at most %lld", (long long)p->count,
                                (long long)pool_budget(m));
        if (!code && !m->setup.per_class && (i || p->task || p->column))
            code = state_refuse(m, e, "found budgets a class; expected one for all");
    }
    for (int64_t slot = 0; !code && slot < m->used; slot++) {
        if (m->in_active[slot] < 0)
            continue;
        int64_t own = m->pool_of[slot];
        code = own < 0 || own >= m->pool_count
                   ? state_refuse(m, e, "found slot %lld of budget %lld; expected one of %lld", (long long)slot,
                                  (long long)own, (long long)m->pool_count)
                   : slot_lay(m, m->pools[own].slots, m->pools[own].count, m->in_pool[slot], slot, e);
    }
    if (!code && left)
        code = state_refuse(m, e, "found %lld slots in no budget; expected each in one", (long long)left);
    return code;
}

/* ---- all of it ---- */

static int orders_check(const memory *m, error *e)
{
    for (int64_t slot = 0; slot < m->used; slot++)
        if (m->in_active[slot] >= 0 && (m->arrived[slot] < 0 || m->arrived[slot] >= m->arrivals))
            return state_refuse(m, e, "found slot %lld as arrival %lld; expected one below %lld", (long long)slot,
                                (long long)m->arrived[slot], (long long)m->arrivals);
    for (int64_t i = 0; i < m->pool_count; i++)
        if (!pool_is_ordered(m, &m->pools[i]))
            return state_refuse(m, e, "found budget %lld out of order; expected the next to go first", (long long)i);
    return 0;
}

int store_rebuild(memory *m, error *e)
{
    int code = slots_used(m, e);
    code = code ? code : slots_freed(m, e);
    code = code ? code : classes_rebuild(m, e);
    code = code ? code : pools_rebuild(m, e);
    return code ? code : orders_check(m, e);
}
