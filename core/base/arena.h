/* Memory that lives and dies together: what is read out of one file, and freed in one call.
 *
 * Nothing taken from an arena is freed on its own. Out of memory ends the program (base/alloc.h). */
#ifndef PERDURE_BASE_ARENA_H
#define PERDURE_BASE_ARENA_H
#include <stddef.h>

#include "base/alloc.h"

typedef struct arena arena;
arena *arena_open(void) ALLOC_THERE;
void arena_close(arena *a);                                        /* and all that was taken from it; NULL is fine */
void *arena_take(arena *a, size_t count, size_t size) ALLOC_THERE; /* zeroed, aligned for any type */
char *arena_text(arena *a, const char *text, size_t length) ALLOC_THERE; /* a copy with a NUL behind it */
char *arena_format(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3))) ALLOC_THERE;

#endif
