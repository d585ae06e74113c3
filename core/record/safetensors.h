/* The weights of a network in the safetensors format, which every tool of the field opens and which can hold no code.
 * */
#ifndef PERDURE_RECORD_SAFETENSORS_H
#define PERDURE_RECORD_SAFETENSORS_H
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "record/result.h"

/* The whole file: 8 bytes little-endian header length, the header padded with spaces to a multiple of 8, the float32
 * values tensor by tensor without a hole. `metadata`: an object of texts, may be NULL. 70 where a tensor lies outside
 * the parameters, has a shape that is not its count, or a name that occurs twice. */
int safetensors_text(const cell_result *r, const json_t *metadata, text *out, error *e);
int safetensors_write(const char *path, const cell_result *r, const json_t *metadata, error *e);

#endif
