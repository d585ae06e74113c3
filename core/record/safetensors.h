/* The weights of a trained network as a file that every tool of the field opens. */
#ifndef PERDURE_RECORD_SAFETENSORS_H
#define PERDURE_RECORD_SAFETENSORS_H
#include <jansson.h>

#include "base/arrays.h"
#include "base/error.h"
#include "record/result.h"

/* The weights by name, as float32 that stays the result's. 70 where a tensor lies outside the parameters, has a shape that
 * is not its count, or a name that occurs twice or is the header's own. */
int safetensors_list(const cell_result *r, arrays *out, error *e);
/* The file, whole or not at all. `metadata`: an object of texts, may be NULL. 70, 73, 74. */
int safetensors_write(const char *path, const cell_result *r, const json_t *metadata, error *e);

#endif
