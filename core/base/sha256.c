/* See sha256.h. libcrypto picks the processor's SHA instructions itself. */
#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

struct sha256 {
    EVP_MD_CTX *context;
};

/* SHA-256 fails only without memory or in a libcrypto that was configured not to have it. */
static void sha256_must(int worked)
{
    if (worked != 1) {
        fputs("perdure: error: libcrypto: found no SHA-256; expected it to work\n", stderr);
        exit(EXIT_SYSTEM);
    }
}

sha256 *sha256_begin(void)
{
    sha256 *s = alloc_zero(1, sizeof *s);
    s->context = EVP_MD_CTX_new();
    sha256_must(s->context != NULL);
    sha256_must(EVP_DigestInit_ex(s->context, EVP_sha256(), NULL));
    return s;
}

void sha256_add(sha256 *s, const void *bytes, size_t count) { sha256_must(EVP_DigestUpdate(s->context, bytes, count)); }

void sha256_end(sha256 *s, char hex[SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    sha256_must(EVP_DigestFinal_ex(s->context, digest, &length));
    for (unsigned int i = 0; i < length; i++) {
        snprintf(hex + (size_t)i * 2, 3, "%02x", digest[i]);
    }
    EVP_MD_CTX_free(s->context);
    free(s);
}

void sha256_bytes(const void *bytes, size_t count, char hex[SHA256_HEX])
{
    sha256 *s = sha256_begin();
    sha256_add(s, bytes, count);
    sha256_end(s, hex);
}
