/* Where JSON trees differ: plans, manifests, any two or more of them side by side. */
#ifndef PERDURE_RECORD_DIFFER_H
#define PERDURE_RECORD_DIFFER_H
#include <jansson.h>
#include <stddef.h>

/* One value that is not the same in all trees, by its path ("optimizer.lr", "methods[0].name"): values[i] is that of tree i, NULL
 * where it has none. All borrowed, for the time of the call. */
typedef void (*differ_tell)(void *user, const char *path, const json_t *const *values, size_t count);

/* Tells every one. Objects are compared key by key and lists of objects entry by entry; anything else (a list of numbers too) is one
 * value. Keys come as the last tree has them, then those that only earlier ones have. A tree may be NULL. */
void differ_walk(const json_t *const *trees, size_t count, differ_tell tell, void *user);

/* As it would be read back from a file, as 1.0 may be written as 1 by somebody else: owned; `value` is let go. */
json_t *differ_as_written(json_t *value);
/* A value in words of at most `most` characters: "nothing" for NULL, a text without quotes; owned. */
char *differ_words(const json_t *value, size_t most);

#endif
