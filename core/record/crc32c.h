/* CRC-32C (Castagnoli), as the records of event files have it. Debian's only library of it is C++, and zlib's crc32 is another
 * polynomial. */
#ifndef PERDURE_RECORD_CRC32C_H
#define PERDURE_RECORD_CRC32C_H
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t count);

#endif
