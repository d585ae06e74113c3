/* JSON objects that hold their own SHA-256: "manifest_sha256" in the last line is that of all bytes before this line, so that
 * any other byte is found, in every later format too. For manifests of checkpoints, cells and runs. */
#ifndef PERDURE_RECORD_SEAL_H
#define PERDURE_RECORD_SEAL_H
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

extern const size_t seal_bytes; /* of the last line and the closing brace */

/* Adds the text of an object that is not empty, with its SHA-256. */
void seal_text(const json_t *object, text *out);
/* Does the last line say what the bytes before it come to? 65. `path` begins the message. */
int seal_check(const char *path, const char *bytes, uint64_t count, error *e);

#endif
