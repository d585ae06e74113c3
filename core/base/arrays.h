/* Named arrays on their way to or from a checkpoint: what the rooms hand to record without knowing its file format.
 *
 * A saver adds arrays that it still owns and that must stay as they are until the list is written; nothing is copied. A
 * reader gets a list that owns its bytes. Names are unique in a list and read like paths: "memory/replay/main/x". */
#ifndef PERDURE_BASE_ARRAYS_H
#define PERDURE_BASE_ARRAYS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum array_type { ARRAY_U8 = 1, ARRAY_BOOL, ARRAY_F16, ARRAY_BF16, ARRAY_I32, ARRAY_F32, ARRAY_I64, ARRAY_F64 };
enum { ARRAY_RANK = 8, ARRAY_TYPES = ARRAY_F64 + 1 };

typedef struct array {
    char *name;
    enum array_type type;
    int64_t shape[ARRAY_RANK];
    int32_t rank;
    uint64_t size;     /* of `bytes` */
    const void *bytes; /* never NULL where size > 0 */
    void *owned;       /* what is freed with the list; NULL: borrowed */
} array;

typedef struct arrays {
    array *at;
    int64_t count, room;
} arrays;

size_t array_width(enum array_type type); /* bytes of one value */

/* Adds one whose bytes stay the caller's. A name twice, or empty, is a fault of Perdure and ends the program (70 in words). */
void arrays_add(arrays *a, const char *name, enum array_type type, const int64_t *shape, int32_t rank,
                const void *bytes);
void arrays_add_list(arrays *a, const char *name, enum array_type type, int64_t count, const void *bytes); /* rank 1 */
/* The same of a copy that the list owns: for what does not stay. */
void arrays_copy(arrays *a, const char *name, enum array_type type, int64_t count, const void *bytes);
/* Takes bytes from malloc over. */
void arrays_take(arrays *a, const char *name, enum array_type type, const int64_t *shape, int32_t rank, void *bytes);

uint64_t arrays_borrowed(const arrays *a); /* bytes that the list does not own */
void arrays_own(arrays *a);                /* copies what it does not: the lenders are free again */

const array *arrays_find(const arrays *a, const char *name); /* NULL: none */
/* One of rank 1 with this type; its values and, in *count, how many. 65 where it is missing or another one; `what` names the
 * list in that message. */
int arrays_list(const arrays *a, const char *name, enum array_type type, const void **values, int64_t *count,
                const char *what, error *e);
void arrays_free(arrays *a); /* all that it owns, and sets it to empty */

#endif
