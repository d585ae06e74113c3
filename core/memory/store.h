/* The rows of a memory and the lists that say which slots are used: shared by the files of this room. */
#ifndef PERDURE_MEMORY_STORE_H
#define PERDURE_MEMORY_STORE_H
#include "memory/disk.h"
#include "memory/memory.h"

/* The slots of one column, in order: of arrival, or as retain() laid them. */
typedef struct memory_class {
    int64_t column, *slots, count, room;
    int64_t offered; /* rows of this column ever offered */
    bool was_full;   /* it was the largest when the memory was full: from then on a reservoir of its own */
} memory_class;

/* See pool.c. */
typedef struct memory_pool {
    int64_t task, column; /* whose rows; both 0 where the memory has one budget */
    int64_t *slots, count, room;
    int64_t offered; /* rows ever offered to it */
    int64_t asked;   /* rows that one put() has for it, while it is checked */
} memory_pool;

struct memory {
    memory_setup setup;
    bool known; /* sizes below are those of the first rows */
    int64_t row_bytes, extra_bytes;
    bool is_bytes;
    struct disk *disk;           /* NULL: the rows are not on disk */
    struct blocks *blocks;       /* its; NULL: lists come from malloc */
    const memory_keeper *keeper; /* NULL: nobody has the rows but this room */
    struct pending *pending;     /* [pending_room] what goes to the keeper when the call is over; kept.c */
    int64_t pending_count, pending_room;
    unsigned char *x, *extra; /* in RAM; else NULL */
    int64_t *y;
    float *value;
    int64_t room;       /* slots that there is memory for; grows up to the capacity */
    int64_t *in_class;  /* [room] place in its class's list */
    int64_t *in_active; /* [room] place in `active`; -1: the slot is free */
    int64_t *active;    /* [count] used slots; those before `drawn` were drawn in this pass */
    int64_t count, drawn;
    int64_t *freed, freed_count, used; /* slots below `used` that are free again */
    int64_t *arrived, arrivals;        /* [room] the number of the row, as they came; and how many ever did */
    int64_t *pool_of, *in_pool;        /* [room] number of its pool; place in that one's list */
    memory_pool *pools;
    int64_t pool_count;
    memory_class *classes;
    int64_t class_count;
    random_stream eviction, draws;
};

memory_class *store_class(memory *m, int64_t column); /* made when there is none */
const memory_class *store_find(const memory *m, int64_t column);
/* Sizes agree with the first rows'; 65. Changes nothing. */
int store_check(const memory *m, const memory_rows *rows, error *e);
/* Fixes sizes that are not fixed yet and finds memory for as many more rows as the capacity admits; 71. */
int store_prepare(memory *m, const memory_rows *rows, error *e);
int64_t
store_capacity(const memory *m); /* samples in all, without per_class; before the first row of so many bytes: any */
/* Room for one more row of a task and column in every list, and on disk for it and for one that goes; 71, 74. Before each row
 * that is added. */
int store_ready(memory *m, int64_t task, int64_t column, error *e);
int store_drops(memory *m, int64_t count, error *e); /* before so many rows are removed and none added */
bool store_slots(memory *m, int64_t **slots, int64_t *room, int64_t count); /* room for so many; false, and errno */
int64_t store_slot(memory *m);                                              /* a free slot; the memory is not full */
void store_add(memory *m, int64_t slot, const memory_rows *rows, int64_t i);
/* What is NULL in `rows` stays. 65, 71, 74, and then nothing of this row has changed. */
int store_update(memory *m, int64_t slot, const memory_rows *rows, int64_t i, error *e);
void store_remove(memory *m, int64_t slot);
bool store_has(const memory *m, int64_t slot);
int store_reserve(
    memory *m, int64_t room,
    error *e); /* for as many slots at least, of sizes that are known; 71. None is added before store_prepare() */
/* ---- pools ---- */
memory_pool *pool_find(memory *m, int64_t task, int64_t column); /* made when there is none: others may move */
int64_t pool_budget(const memory *m);                            /* rows that a pool has room for */
void pool_add(memory *m, memory_pool *p, int64_t slot);
void pool_remove(memory *m, int64_t slot);
void pool_settle(memory *m, int64_t slot); /* its value or its arrival changed */
/* Policy value, of a pool that is not empty: whether a row that comes now is worth more than the one that would go. */
bool pool_keeps(const memory *m, const memory_pool *p, float value);
bool pool_is_ordered(const memory *m, const memory_pool *p); /* as the heap that the policy needs; a bag always is */
/* ---- kept.c: with a keeper; without one the first three do nothing ---- */
void kept_begin(memory *m, int64_t count); /* before a call that adds or changes so many rows */
void kept_add(memory *m, int64_t slot, int64_t row);
int kept_end(memory *m, const memory_rows *rows, bool fresh, int code,
             error *e); /* `code` of the call, or the keeper's */
/* For all slots of `room` and for the extra of these rows; NULL: for what load() brings. 71 */
int kept_prepare(memory *m, const memory_rows *rows, error *e);
/* ---- state.c ---- */
/* 65: "memory NAME: saved state: ..." */
int state_refuse(const memory *m, error *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* ---- rebuild.c ---- */
/* Makes the lists of slots and the places in them anew out of a saved state's: `y`, `pool_of`, `arrived`, `in_class` and
 * `in_pool` by slot, `active` and `freed` are filled as they were read, `classes` and `pools` have counts and no slots.
 * 65 where they disagree in any way; the memory is then good for closing only. */
int store_rebuild(memory *m, error *e);

#endif
