/* Memory that is there or the program ends.
 *
 * The sizes asked for here are small or checked against the file that they come from, so a failure means that the
 * machine is out of memory: one line on standard error and exit 71, as nothing useful could follow. Large stores
 * (data sets, memories) use calloc and report through `error`. */
#ifndef PERDURE_BASE_ALLOC_H
#define PERDURE_BASE_ALLOC_H
#include <stddef.h>

#define ALLOC_THERE __attribute__((returns_nonnull))

void *alloc_zero(size_t count, size_t size) ALLOC_THERE;             /* owned by the caller, free() */
void *alloc_again(void *old, size_t count, size_t size) ALLOC_THERE; /* realloc with an overflow check */
char *alloc_text(const char *text);                                  /* strdup; NULL gives NULL */
char *alloc_format(const char *format, ...) __attribute__((format(printf, 1, 2))) ALLOC_THERE;

#endif
