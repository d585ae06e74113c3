/* The header of a safetensors file (https://github.com/huggingface/safetensors, "Format"): which arrays there are, and
 * in which order their bytes lie. For this room only. */
#ifndef PERDURE_RECORD_ARRAYS_HEADER_H
#define PERDURE_RECORD_ARRAYS_HEADER_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arrays.h"
#include "base/text.h"

enum {
    ARRAYS_LENGTH = 8,        /* bytes before the header: its length, little-endian */
    ARRAYS_HEADER = 16 << 20, /* the most bytes of it; other readers take 100 MB */
    ARRAYS_MOST = 65536,      /* tensors */
    ARRAYS_NAME = 512         /* bytes of a name */
};

/* Length and header of a file with these arrays in this order, padded with spaces to a multiple of 8. `metadata`: an
 * object of texts, may be NULL. 70 where a name or a shape is none that the reader takes. */
int arrays_header_write(const char *path, const array *const *order, int64_t count, const json_t *metadata, text *out,
                        error *e);
/* The other way: arrays without bytes, in the order of their bytes, which fill `payload` without holes. `lenient`: padding,
 * alignment, order, texts of the metadata and further fields may be as the public reader takes them. 65. Nothing is
 * allocated by what the header claims. */
int arrays_header_read(const char *path, const char *bytes, uint64_t count, uint64_t payload, bool lenient, arrays *out,
                       error *e);

#endif
