/* Named arrays as a safetensors file: the format that every tool of the field opens and that can hold no code.
 *
 * The writer keeps to the format's strict reading, and the reader here takes nothing else: names of at most 512 bytes
 * without control characters and "..", none twice; tensors without holes or overlaps, in the order of the header; nothing
 * behind the last one; a header of at most 16 MiB and 65,536 tensors; bytes of bool 0 or 1. A message names file and
 * tensor. */
#ifndef PERDURE_RECORD_ARRAYS_FILE_H
#define PERDURE_RECORD_ARRAYS_FILE_H
#include <jansson.h>
#include <stdint.h>

#include "base/arrays.h"
#include "base/error.h"
#include "base/sha256.h"

/* Makes a file that is not there yet; the widest types come first, so that every value is aligned. The arrays are
 * written from where they lie. `metadata`: an object of texts, may be NULL. hex (its SHA-256) and bytes, of the whole file, may be
 * NULL. On failure no file stays: 73 (it is there already, or cannot be made), 74, 70 (a name or value that no
 * reader would take). */
int arrays_write(const char *path, const arrays *a, const json_t *metadata, char hex[SHA256_HEX], uint64_t *bytes,
                 error *e);
/* Every array of the file, owned by the list, in the order of their bytes; arrays_free. `hex`: what the file's must be,
 * SHA-256 worked out from the bytes that came; NULL: not checked. No link is followed. On failure *out is empty: 66 (there
 * is no such file), 65 (damaged), 74, 71 (no memory). */
int arrays_read(const char *path, const char *hex, arrays *out, error *e);
/* A file of another program: links are followed, and padding, alignment, order of the header, metadata and further fields
 * are taken as the public reader takes them. hex: out, the SHA-256 of the file; may be NULL. */
int arrays_read_foreign(const char *path, char hex[SHA256_HEX], arrays *out, error *e);

#endif
