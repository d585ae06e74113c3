/* The wire format of Protocol Buffers, as far as a writer of event files needs it: fields are appended to a message, which is
 * bytes in a `text`. A field that is left out has its default, so that none is written for nothing. */
#ifndef PERDURE_RECORD_PROTOBUF_H
#define PERDURE_RECORD_PROTOBUF_H
#include <stdint.h>

#include "base/text.h"

/* `field`: its number in the message's definition. */
void proto_integer(text *m, uint32_t field, uint64_t value); /* int32, int64, bool and enums */
void proto_double(text *m, uint32_t field, double value);
void proto_bytes(text *m, uint32_t field, const void *bytes, size_t count);
/* Readers refuse a message in which a string is no UTF-8: what is none, or cannot be printed, is written as \xNN, and what is longer
 * than 200 characters ends in "...". */
void proto_text(text *m, uint32_t field, const char *words);
void proto_message(text *m, uint32_t field, text *inner); /* takes what `inner` holds over, and empties it */

#endif
