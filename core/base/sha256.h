/* SHA-256 by libcrypto: of data files, plans and weights. */
#ifndef PERDURE_BASE_SHA256_H
#define PERDURE_BASE_SHA256_H
#include <stddef.h>

#define SHA256_HEX 65 /* 64 digits and NUL */

typedef struct sha256 sha256;
sha256 *sha256_begin(void);
void sha256_add(sha256 *s, const void *bytes, size_t count);
void sha256_end(sha256 *s, char hex[SHA256_HEX]); /* and frees s */
void sha256_bytes(const void *bytes, size_t count, char hex[SHA256_HEX]);

#endif
