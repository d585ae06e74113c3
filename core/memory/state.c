/* A memory into a checkpoint and out of it.
 *
 * Under "PREFIX/": `facts`, the numbers below; `classes` and `pools`, a row of numbers each; by slot `y`, `in_class`, `pool_of`,
 * `in_pool`, `arrived`, `value`, and the rows `x` and `extra`; `active` and `freed`, slots in their orders. The lists of slots
 * by class and by pool are not there: a slot says its place in them. Of a memory on disk there is, instead of the rows, the
 * `generation` by slot, `retired` (slot, generation, needed by) and the `pad` behind short extras. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "memory/store.h"

/* `facts`, in this order. Only at the end may more be added, with another STATE_FORMAT. */
enum fact {
    FACT_FORMAT,
    FACT_POLICY,
    FACT_CAPACITY,
    FACT_PER_CLASS,
    FACT_KNOWN,
    FACT_IS_BYTES,
    FACT_ROW_BYTES,
    FACT_EXTRA_BYTES,
    FACT_USED,
    FACT_COUNT,
    FACT_DRAWN,
    FACT_ARRIVALS,
    FACT_EVICTION_KEY,
    FACT_EVICTION_DRAWN,
    FACT_DRAWS_KEY,
    FACT_DRAWS_DRAWN,
    FACT_MOST_BYTES,
    FACT_WHERE,
    FACT_ID,
    FACT_GENERATIONS,
    FACTS
};
enum { STATE_FORMAT = 1, CLASS_NUMBERS = 4, POOL_NUMBERS = 4, DROPPED_NUMBERS = 3 };
static const int64_t COUNTS_MOST = INT64_C(1) << 60; /* of what only grows: one more always fits */

static const struct {
    const char *name;
    size_t offset; /* of the list in struct memory */
} by_slot[] = {
    {"y", offsetof(memory, y)},
    {"in_class", offsetof(memory, in_class)},
    {"pool_of", offsetof(memory, pool_of)},
    {"in_pool", offsetof(memory, in_pool)},
    {"arrived", offsetof(memory, arrived)},
};
enum { BY_SLOT = sizeof by_slot / sizeof *by_slot };

static int64_t *list_at(const memory *m, size_t offset)
{
    int64_t *at;
    memcpy(&at, (const char *)m + offset, sizeof at);
    return at;
}

int state_refuse(const memory *m, error *e, const char *format, ...)
{
    char words[512];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    return error_set(e, EXIT_DATA, "memory %s: saved state: %s", m->setup.name, words);
}

/* ---- out ---- */

static void list_save(const char *prefix, const char *name, enum array_type type, int64_t count, const void *at,
                      arrays *into)
{
    char *full = alloc_format("%s/%s", prefix, name);
    arrays_add_list(into, full, type, count, at);
    free(full);
}

static void table_save(const char *prefix, const char *name, int64_t rows, int64_t columns, int64_t *at, arrays *into)
{
    char *full = alloc_format("%s/%s", prefix, name);
    arrays_take(into, full, ARRAY_I64, (const int64_t[]){rows, columns}, 2, at);
    free(full);
}

static void rows_save(const memory *m, const char *prefix, const char *name, const void *at, int64_t bytes,
                      arrays *into)
{
    char *full = alloc_format("%s/%s", prefix, name);
    arrays_add(into, full, ARRAY_U8, (const int64_t[]){m->used, bytes}, 2, at);
    free(full);
}

static void facts_save(const memory *m, const char *prefix, arrays *into)
{
    const int64_t facts[FACTS] = {
        [FACT_FORMAT] = STATE_FORMAT,
        [FACT_POLICY] = (int64_t)m->setup.policy,
        [FACT_CAPACITY] = m->setup.capacity,
        [FACT_PER_CLASS] = m->setup.per_class,
        [FACT_KNOWN] = m->known,
        [FACT_IS_BYTES] = m->is_bytes,
        [FACT_ROW_BYTES] = m->row_bytes,
        [FACT_EXTRA_BYTES] = m->extra_bytes,
        [FACT_USED] = m->used,
        [FACT_COUNT] = m->count,
        [FACT_DRAWN] = m->drawn,
        [FACT_ARRIVALS] = m->arrivals,
        [FACT_EVICTION_KEY] = (int64_t)m->eviction.key,
        [FACT_EVICTION_DRAWN] = (int64_t)m->eviction.drawn,
        [FACT_DRAWS_KEY] = (int64_t)m->draws.key,
        [FACT_DRAWS_DRAWN] = (int64_t)m->draws.drawn,
        [FACT_MOST_BYTES] = m->setup.most_bytes,
        [FACT_WHERE] = (int64_t)m->setup.where,
        [FACT_ID] = m->disk ? (int64_t)m->disk->id : 0,
        [FACT_GENERATIONS] = m->disk ? m->disk->generations : 0,
    };
    char *full = alloc_format("%s/facts", prefix);
    arrays_copy(into, full, ARRAY_I64, FACTS, facts);
    free(full);
}

static void tables_save(const memory *m, const char *prefix, arrays *into)
{
    int64_t *classes = alloc_zero((size_t)m->class_count * CLASS_NUMBERS + 1, sizeof *classes);
    int64_t *pools = alloc_zero((size_t)m->pool_count * POOL_NUMBERS + 1, sizeof *pools);
    for (int64_t i = 0; i < m->class_count; i++) {
        const memory_class *c = &m->classes[i];
        const int64_t numbers[CLASS_NUMBERS] = {c->column, c->count, c->offered, c->was_full};
        memcpy(classes + i * CLASS_NUMBERS, numbers, sizeof numbers);
    }
    for (int64_t i = 0; i < m->pool_count; i++) {
        const memory_pool *p = &m->pools[i];
        const int64_t numbers[POOL_NUMBERS] = {p->task, p->column, p->count, p->offered};
        memcpy(pools + i * POOL_NUMBERS, numbers, sizeof numbers);
    }
    table_save(prefix, "classes", m->class_count, CLASS_NUMBERS, classes, into);
    table_save(prefix, "pools", m->pool_count, POOL_NUMBERS, pools, into);
}

/* From where the keeper has them: as the same arrays that a memory in RAM has. */
static int kept_save(memory *m, const char *prefix, arrays *into, error *e)
{
    const char *names[] = {"x", "extra"};
    const int64_t bytes[] = {m->row_bytes, m->extra_bytes};
    void *at[] = {calloc((size_t)(m->used * bytes[0]) + 1, 1), calloc((size_t)(m->used * bytes[1]) + 1, 1)};
    int code = at[0] && at[1]
                   ? 0
                   : error_set(e, EXIT_SYSTEM, "memory %s: found no memory for a copy of its rows; expected enough",
                               m->setup.name);
    if (!code && m->used)
        code = m->keeper->read(m->setup.kept, NULL, m->used, at[0], bytes[1] ? at[1] : NULL, e);
    for (int i = 0; i < 2; i++) {
        char *full = alloc_format("%s/%s", prefix, names[i]);
        if (code)
            free(at[i]);
        else
            arrays_take(into, full, ARRAY_U8, (const int64_t[]){m->used, bytes[i]}, 2, at[i]);
        free(full);
    }
    return code;
}

/* The versions of the rows; and from now on a checkpoint may know them. */
static void versions_save(memory *m, const char *prefix, arrays *into)
{
    struct disk *d = m->disk;
    char *full = alloc_format("%s/retired", prefix);
    list_save(prefix, "generation", ARRAY_I64, m->used, d->generation, into);
    list_save(prefix, "pad", ARRAY_U8, m->extra_bytes, d->pad, into);
    arrays_add(into, full, ARRAY_I64, (const int64_t[]){d->retired.count, DROPPED_NUMBERS}, 2, d->retired.at);
    free(full);
    d->mark = d->generations;
    d->before = d->retired.count;
    d->attempted = true;
}

int memory_save(memory *m, const char *prefix, arrays *into, error *e)
{
    int code = m->disk ? disk_begin(m->disk, e) : 0;
    if (!code && m->disk)
        code = disk_flush(m->disk, e);
    if (code)
        return code;
    facts_save(m, prefix, into);
    tables_save(m, prefix, into);
    for (int i = 0; i < BY_SLOT; i++)
        list_save(prefix, by_slot[i].name, ARRAY_I64, m->used, list_at(m, by_slot[i].offset), into);
    list_save(prefix, "value", ARRAY_F32, m->used, m->value, into);
    list_save(prefix, "active", ARRAY_I64, m->count, m->active, into);
    list_save(prefix, "freed", ARRAY_I64, m->freed_count, m->freed, into);
    if (m->disk) {
        versions_save(m, prefix, into);
        return 0;
    }
    if (m->keeper)
        return kept_save(m, prefix, into, e);
    rows_save(m, prefix, "x", m->x, m->row_bytes, into);
    rows_save(m, prefix, "extra", m->extra, m->extra_bytes, into);
    return 0;
}

/* ---- in ---- */

bool memory_is_saved(const char *prefix, const arrays *from)
{
    char *full = alloc_format("%s/facts", prefix);
    bool there = arrays_find(from, full) != NULL;
    free(full);
    return there;
}

/* The array of that name with just this type and shape; NULL: there is none, and that is refused (65). `rows` -1: any. */
static const array *array_take(const memory *m, const char *prefix, const char *name, enum array_type type,
                               int32_t rank, int64_t rows, int64_t columns, const arrays *from, error *e)
{
    char *full = alloc_format("%s/%s", prefix, name);
    const array *one = arrays_find(from, full);
    uint64_t size;
    free(full);
    if (!one)
        state_refuse(m, e, "found no %s; expected it", name);
    else if (one->type != type || one->rank != rank)
        state_refuse(m, e, "%s: found another type or rank; expected the one that is written", name);
    else if ((rows >= 0 && one->shape[0] != rows) || (rank == 2 && one->shape[1] != columns))
        state_refuse(m, e, "%s: found the shape [%lld, %lld]; expected [%lld, %lld]", name, (long long)one->shape[0],
                     rank == 2 ? (long long)one->shape[1] : 1LL, (long long)rows, (long long)columns);
    else if (__builtin_mul_overflow((uint64_t)one->shape[0], (uint64_t)columns, &size) ||
             __builtin_mul_overflow(size, array_width(type), &size) || size != one->size)
        state_refuse(m, e, "%s: found %llu bytes; expected those of its shape", name, (unsigned long long)one->size);
    else
        return one;
    return NULL;
}

static int list_load(const memory *m, const char *prefix, const char *name, enum array_type type, int64_t count,
                     void *to, const arrays *from, error *e)
{
    const array *one = array_take(m, prefix, name, type, 1, count, 1, from, e);
    if (one && one->size)
        memcpy(to, one->bytes, one->size);
    return one ? 0 : EXIT_DATA;
}

static int rows_load(const memory *m, const char *prefix, const char *name, int64_t bytes, void *to, const arrays *from,
                     error *e)
{
    const array *one = array_take(m, prefix, name, ARRAY_U8, 2, m->used, bytes, from, e);
    if (one && one->size)
        memcpy(to, one->bytes, one->size);
    return one ? 0 : EXIT_DATA;
}

/* The setup is that of the cell, and so are the streams' keys: they come from its seed and the memory's name. */
static int setup_check(const memory *m, const int64_t *facts, error *e)
{
    const struct {
        const char *what;
        enum fact fact;
        int64_t wanted;
    } same[] = {
        {"policy number", FACT_POLICY, (int64_t)m->setup.policy},
        {"capacity", FACT_CAPACITY, m->setup.capacity},
        {"budget a class", FACT_PER_CLASS, m->setup.per_class},
        {"eviction stream", FACT_EVICTION_KEY, (int64_t)m->eviction.key},
        {"stream of draws", FACT_DRAWS_KEY, (int64_t)m->draws.key},
        {"bytes", FACT_MOST_BYTES, m->setup.most_bytes},
        {"place (0 ram, 1 disk, 2 device)", FACT_WHERE, (int64_t)m->setup.where},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (facts[same[i].fact] != same[i].wanted)
            return state_refuse(m, e, "%s: found %lld; expected %lld, as the memory was opened", same[i].what,
                                (long long)facts[same[i].fact], (long long)same[i].wanted);
    return 0;
}

static int facts_check(const memory *m, const int64_t *f, error *e)
{
    bool one_budget = !m->setup.per_class && !m->setup.most_bytes; /* of samples: more slots there never were */
    int64_t slots_most = !f[FACT_KNOWN] ? 0 : one_budget ? m->setup.capacity : COUNTS_MOST;
    const struct {
        const char *what;
        enum fact fact;
        int64_t most;
    } within[] = {
        {"known", FACT_KNOWN, 1},
        {"is_bytes", FACT_IS_BYTES, 1},
        {"row_bytes", FACT_ROW_BYTES, f[FACT_KNOWN] ? COUNTS_MOST : 0},
        {"extra_bytes", FACT_EXTRA_BYTES, f[FACT_USED] ? COUNTS_MOST : 0},
        {"slots", FACT_USED, slots_most},
        {"rows", FACT_COUNT, f[FACT_USED]},
        {"drawn rows", FACT_DRAWN, f[FACT_COUNT]},
        {"arrivals", FACT_ARRIVALS, COUNTS_MOST},
        {"words of the eviction stream", FACT_EVICTION_DRAWN, COUNTS_MOST},
        {"words of the stream of draws", FACT_DRAWS_DRAWN, COUNTS_MOST},
        {"generations", FACT_GENERATIONS, m->disk ? COUNTS_MOST : 0},
    };
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        if (f[within[i].fact] < 0 || f[within[i].fact] > within[i].most)
            return state_refuse(m, e, "%s: found %lld; expected 0 to %lld", within[i].what,
                                (long long)f[within[i].fact], (long long)within[i].most);
    return 0;
}

static int facts_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    int64_t facts[FACTS] = {0};
    int code = list_load(m, prefix, "facts", ARRAY_I64, FACTS, facts, from, e);
    if (!code && facts[FACT_FORMAT] != STATE_FORMAT)
        code = state_refuse(m, e, "found format %lld; expected %d", (long long)facts[FACT_FORMAT], STATE_FORMAT);
    code = code ? code : setup_check(m, facts, e);
    code = code ? code : facts_check(m, facts, e);
    if (code)
        return code;
    m->known = facts[FACT_KNOWN];
    m->is_bytes = facts[FACT_IS_BYTES];
    m->row_bytes = facts[FACT_ROW_BYTES];
    m->extra_bytes = facts[FACT_EXTRA_BYTES];
    m->used = facts[FACT_USED];
    m->count = facts[FACT_COUNT];
    m->freed_count = m->used - m->count;
    m->drawn = facts[FACT_DRAWN];
    m->arrivals = facts[FACT_ARRIVALS];
    random_seek(&m->eviction, (uint64_t)facts[FACT_EVICTION_DRAWN]);
    random_seek(&m->draws, (uint64_t)facts[FACT_DRAWS_DRAWN]);
    if (m->disk) {
        m->disk->id = (uint64_t)facts[FACT_ID];
        m->disk->generations = m->disk->mark = facts[FACT_GENERATIONS];
        m->disk->attempted = true;
    }
    return 0;
}

static bool is_count(int64_t n) { return n >= 0 && n <= COUNTS_MOST; }

static int tables_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    const array *classes = array_take(m, prefix, "classes", ARRAY_I64, 2, -1, CLASS_NUMBERS, from, e);
    const array *pools = classes ? array_take(m, prefix, "pools", ARRAY_I64, 2, -1, POOL_NUMBERS, from, e) : NULL;
    int64_t n[CLASS_NUMBERS];
    int code = 0;
    if (!classes || !pools)
        return EXIT_DATA;
    m->class_count = classes->shape[0];
    m->classes = alloc_zero((size_t)m->class_count + 1, sizeof *m->classes);
    for (int64_t i = 0; i < m->class_count; i++) {
        memcpy(n, (const char *)classes->bytes + (size_t)i * sizeof n, sizeof n);
        m->classes[i] = (memory_class){.column = n[0], .count = n[1], .offered = n[2], .was_full = n[3] != 0};
        if (!is_count(n[1]) || !is_count(n[2]))
            code = state_refuse(m, e, "found column %lld with impossible counts; expected whole numbers from 0",
                                (long long)n[0]);
    }
    m->pool_count = pools->shape[0];
    m->pools = alloc_zero((size_t)m->pool_count + 1, sizeof *m->pools);
    for (int64_t i = 0; i < m->pool_count; i++) {
        memcpy(n, (const char *)pools->bytes + (size_t)i * sizeof n, sizeof n);
        m->pools[i] = (memory_pool){.task = n[0], .column = n[1], .count = n[2], .offered = n[3]};
        if (!is_count(n[2]) || !is_count(n[3]) || n[2] > n[3])
            code = state_refuse(m, e, "found budget %lld with impossible counts; expected whole numbers from 0",
                                (long long)i);
    }
    return code;
}

/* Nothing is made room for that the file does not hold: lists of the right length come first. */
static int lengths_check(const memory *m, const char *prefix, const arrays *from, error *e)
{
    bool there = m->disk ? array_take(m, prefix, "pad", ARRAY_U8, 1, m->extra_bytes, 1, from, e) != NULL
                         : array_take(m, prefix, "x", ARRAY_U8, 2, m->used, m->row_bytes, from, e) &&
                               array_take(m, prefix, "extra", ARRAY_U8, 2, m->used, m->extra_bytes, from, e);
    return there && array_take(m, prefix, "y", ARRAY_I64, 1, m->used, 1, from, e) ? 0 : EXIT_DATA;
}

static int kept_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    const array *x = array_take(m, prefix, "x", ARRAY_U8, 2, m->used, m->row_bytes, from, e);
    const array *extra = x ? array_take(m, prefix, "extra", ARRAY_U8, 2, m->used, m->extra_bytes, from, e) : NULL;
    if (!x || !extra || !m->used)
        return x && extra ? 0 : EXIT_DATA;
    return m->keeper->load(m->setup.kept, m->used, x->bytes, m->extra_bytes ? extra->bytes : NULL, e);
}

static int lists_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    int code = 0;
    for (int i = 0; !code && i < BY_SLOT; i++)
        code = list_load(m, prefix, by_slot[i].name, ARRAY_I64, m->used, list_at(m, by_slot[i].offset), from, e);
    code = code ? code : list_load(m, prefix, "value", ARRAY_F32, m->used, m->value, from, e);
    code = code ? code : list_load(m, prefix, "active", ARRAY_I64, m->count, m->active, from, e);
    code = code ? code : list_load(m, prefix, "freed", ARRAY_I64, m->freed_count, m->freed, from, e);
    if (code || m->disk)
        return code;
    if (m->keeper)
        return kept_load(m, prefix, from, e);
    code = rows_load(m, prefix, "x", m->row_bytes, m->x, from, e);
    return code ? code : rows_load(m, prefix, "extra", m->extra_bytes, m->extra, from, e);
}

/* ---- in, of a memory on disk ---- */

static int retired_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    struct disk *d = m->disk;
    const array *one = array_take(m, prefix, "retired", ARRAY_I64, 2, -1, DROPPED_NUMBERS, from, e);
    if (!one)
        return EXIT_DATA;
    if (!dropped_reserve(d, &d->retired, one->shape[0]))
        return disk_refuse(d, errno, "no room for the lists beside it", e);
    if (one->size)
        memcpy(d->retired.at, one->bytes, one->size);
    d->retired.count = d->before = one->shape[0];
    for (int64_t i = 0; i < d->retired.count; i++)
        if (d->retired.at[i].slot < 0 || d->retired.at[i].generation < 1 ||
            d->retired.at[i].generation > d->generations)
            return state_refuse(m, e, "found slot %lld, generation %lld among the retired; expected one that was",
                                (long long)d->retired.at[i].slot, (long long)d->retired.at[i].generation);
    return 0;
}

/* After the lists were rebuilt, as those say which slots are used. */
static int versions_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    struct disk *d = m->disk;
    int code = list_load(m, prefix, "generation", ARRAY_I64, m->used, d->generation, from, e);
    code = code ? code : list_load(m, prefix, "pad", ARRAY_U8, m->extra_bytes, d->pad, from, e);
    code = code ? code : retired_load(m, prefix, from, e);
    d->slots = m->used;
    for (int64_t slot = 0; !code && slot < m->used; slot++) {
        bool used = m->in_active[slot] >= 0;
        if (used ? d->generation[slot] < 1 || d->generation[slot] > d->generations : d->generation[slot] != 0)
            code = state_refuse(m, e, "found slot %lld with generation %lld; expected %s", (long long)slot,
                                (long long)d->generation[slot], used ? "one that was written" : "none, as it is free");
        d->place[slot] = PLACE_DISK;
        d->rows_now += used;
    }
    return code ? code : disk_agree(d, m->used, m->row_bytes, m->extra_bytes, e);
}

int memory_load(memory *m, const char *prefix, const arrays *from, error *e)
{
    int code = facts_load(m, prefix, from, e);
    code = code ? code : lengths_check(m, prefix, from, e);
    code = code ? code : tables_load(m, prefix, from, e);
    if (!code && m->used > 0)
        code = store_reserve(m, m->used, e);
    code = code ? code : lists_load(m, prefix, from, e);
    code = code ? code : store_rebuild(m, e);
    return code || !m->disk ? code : versions_load(m, prefix, from, e);
}
