/* Lists that grow with the rows of a memory on disk, and must not grow with them in RAM.
 *
 * A block of some size is a shared mapping of an unlinked file beside the rows, so that the kernel may write its pages out;
 * small ones come from malloc. The file's space is taken before it is mapped: a full disk is an error here and not a SIGBUS
 * later. The file goes with the process, however that ends. */
#ifndef PERDURE_MEMORY_BLOCKS_H
#define PERDURE_MEMORY_BLOCKS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct blocks;

struct blocks *blocks_open(const char *folder, error *e); /* 73, 74 */
void blocks_close(struct blocks *b);                      /* and the mappings; not what malloc gave */
/* As realloc(*block, bytes), of a pointer to any type. `b` NULL: malloc's alone. False, and errno: the old block stays. */
bool blocks_resize(struct blocks *b, void *block, size_t bytes);
void blocks_free(struct blocks *b, void *at);

#endif
