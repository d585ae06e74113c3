/* Bounded stores of samples, in RAM, on disk or with a keeper: storage and eviction. What is stored and what is drawn the
 * strategy says.
 *
 * A sample lies in a slot; slots are numbers that stay valid until the sample is evicted. Rows are kept as they are
 * offered, bytes as bytes. Plain C arrays cross this border, no tensors: the plugin room converts. */
#ifndef PERDURE_MEMORY_MEMORY_H
#define PERDURE_MEMORY_MEMORY_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arrays.h"
#include "base/error.h"
#include "base/random.h"
#include "scenario/scenario.h"

/* What a memory is opened with; scenario/scenario.h has enum memory_policy and, as struct memory_options, what a YAML
 * file says of it. */
typedef struct memory_setup {
    int64_t capacity;  /* samples in all; not looked at with per_class */
    int64_t per_class; /* samples of each class of each task; 0: one budget, capacity, for all */
    enum memory_policy policy;
    uint64_t seed; /* of the run: the policy's own streams are (seed, "memory", name, 0 eviction | 1 draws) */
    const char *name;
    int64_t most_bytes; /* 0: capacity or per_class bounds it; else the bytes that all rows and their extra may have */
    enum memory_where where;
    const char *folder; /* of its own, with MEMORY_DISK: made where it is missing; not looked at otherwise */
    int64_t
        waiting; /* bytes of rows that may wait to be written, with MEMORY_DISK; 0: 8 MiB, and as many on their way */
    const char *owner; /* whose rows they are, with MEMORY_DISK: the cell's folder, or anything that names it alone */
    const struct memory_keeper *keeper; /* with MEMORY_DEVICE; below */
    void *kept;                         /* first argument of its functions; memory_close() closes it */
} memory_setup;
typedef struct memory memory;

/* n rows. `x` has row_bytes a row; extra is NULL or has extra_bytes a row; value is NULL or [n]. The first rows fix
 * row_bytes and is_bytes (uint8 rows; else float32), the first extra, which may come later, extra_bytes; another size
 * afterwards is refused (65), but for a longer extra with extra_blank. Rows without value or extra read 0. Where there is no memory left: 71, nothing changed. */
typedef struct memory_rows {
    int64_t count;
    const void *x;
    int64_t row_bytes;
    bool is_bytes;
    const int64_t *y; /* columns; -1: unlabelled */
    const float *value;
    const void *extra;
    int64_t extra_bytes;
    /* [extra_bytes] with an extra that is longer than that of earlier rows: what those read behind their own, from its
     * place on; NULL: another size is refused. */
    const void *extra_blank;
    int64_t task; /* that the rows are of: with per_class, its classes have room of their own */
} memory_rows;

/* Who has x and extra of a memory with MEMORY_DEVICE, as this room knows no tensors. Which row lies in which slot is decided
 * here, as for all memories. Of memory_rows he alone looks at x, extra and extra_blank, which may be anything; what read() and
 * load() move are bytes, as memory_fetch() gives them. Functions return 0 or a code with `e`, and then leave what there was. */
typedef struct memory_keeper {
    /* Room for so many slots, never fewer than before, of rows of this size. Where extra_bytes grows, rows that are there read
     * rows->extra_blank behind their own, and 0 where they had none. rows NULL: load() comes next. 71 */
    int (*make_room)(void *kept, int64_t slots, int64_t row_bytes, int64_t extra_bytes, const memory_rows *rows,
                     error *e);
    /* Row from[i] goes to slots[i], which ascend. x and extra that are NULL stay; of `fresh` rows without extra it reads 0. */
    int (*write)(void *kept, const int64_t *slots, const int64_t *from, int64_t n, const memory_rows *rows, bool fresh,
                 error *e);
    /* slots NULL: 0 to n - 1. x and extra may be NULL. */
    int (*read)(void *kept, const int64_t *slots, int64_t n, void *x, void *extra, error *e);
    int (*load)(void *kept, int64_t n, const void *x, const void *extra, error *e); /* into slots 0 to n - 1 */
    void (*close)(void *kept);
} memory_keeper;

/* NULL, in words: with MEMORY_DISK alone. 73: the folder cannot be made, is in use, or lies on another machine; 65: what is in it
 * is damaged; 71, 74. What rows it has are taken over by memory_load(); else they go with the first row that comes, and
 * where they are another owner's that is refused (73). On disk any function below that gives a code may give 74 and 65 (a
 * damaged row) too. */
memory *memory_open(const memory_setup *setup, error *e);
void memory_close(memory *m);
/* The policy decides. With the policy none, or value and rows without values: refused, 65. */
int memory_offer(memory *m, const memory_rows *rows, error *e);
/* NULL slots: new rows; more than there is room for, in all or in their class: refused, 65. Else what is not NULL of x, y, value and extra replaces
 * that of the rows in `slots`; a row with another x is a new one for the order of arrival and of drawing, and the budget
 * that it counts in stays. */
int memory_put(memory *m, const int64_t *slots, const memory_rows *rows, error *e);
int memory_retain(memory *m, int64_t column, const int64_t *slots, int64_t n,
                  error *e);                                          /* of a column keep these, in this order */
int64_t memory_find(const memory *m, int64_t column, int64_t *slots); /* in order; slots has room for count() */
/* min(n, count) of them, how many. In passes: every row once before any twice, across calls, and none twice in a call;
 * a row that arrives during a pass takes part in it with the share of the rows that are still to come, so that at any
 * call all rows are equally likely. */
int64_t memory_sample(memory *m, int64_t n, int64_t *slots);
/* Copies out; each output may be NULL. Unknown slots are refused (65). */
int memory_fetch(const memory *m, const int64_t *slots, int64_t n, void *x, int64_t *y, float *value, void *extra,
                 error *e);
int64_t memory_count(const memory *m, int64_t column); /* INT32_MAX: all */
/* 0 with per_class. Of so many bytes: rows that fit in; before the first row, of `row_bytes` each. */
int64_t memory_capacity(const memory *m, int64_t row_bytes);
int64_t memory_per_class(const memory *m); /* 0: one budget for all */
int64_t memory_row_bytes(const memory *m);
int64_t memory_extra_bytes(const memory *m);
bool memory_is_bytes(const memory *m);

/* ---- state.c: for checkpoints ---- */

/* Adds all that goes on with the memory under "PREFIX/...": rows, lists in their orders, counters, both random streams. Most
 * of it is borrowed: nothing may be done with the memory until `into` is written. On disk the rows stay where they are and the
 * state says which they are; all of them are safe on disk when this is back. */
int memory_save(memory *m, const char *prefix, arrays *into, error *e);
/* Into a memory just opened with the same setup, which then goes on as the saved one. Everything is checked: a state that is
 * damaged, or of another setup, is refused (65) and the memory is good for closing only. 71 where there is no memory left. */
int memory_load(memory *m, const char *prefix, const arrays *from, error *e);
bool memory_is_saved(const char *prefix, const arrays *from); /* whether there is a state of that name at all */
/* The checkpoint with this number holds the state that was saved last, or was loaded, and is safe on disk; `oldest_kept` is the
 * oldest one from which somebody may still go on. Rows that only older ones know may go. */
void memory_saved(memory *m, int64_t serial, int64_t oldest_kept);

#endif
