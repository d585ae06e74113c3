/* Random streams by counter: Philox4x32-10 (Salmon et al., SC 2011) keyed by f(run seed, purpose, name, number).
 *
 * No two streams share state, so whoever draws more does not change what the others draw, and where a stream stands is
 * one counter. The key is the first 8 bytes of SHA-256 over the four parts, each with its length, so that no two
 * different tuples give the same text. */
#ifndef PERDURE_BASE_RANDOM_H
#define PERDURE_BASE_RANDOM_H
#include <stddef.h>
#include <stdint.h>

typedef struct random_stream {
    uint64_t key;
    uint64_t drawn;    /* 32-bit words drawn since the start: all that must be saved */
    uint32_t block[4]; /* the block that holds word `drawn`; remade from key and drawn */
} random_stream;

/* One block, the function itself: for its known-answer test, and for kernels that must agree with it. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

random_stream random_open(uint64_t seed, const char *purpose, const char *name, int64_t number);
void random_seek(random_stream *r, uint64_t drawn); /* 0: to its start */
uint32_t random_word(random_stream *r);
uint64_t random_long(random_stream *r);            /* two words, the first one low */
int64_t random_below(random_stream *r, int64_t n); /* 0..n-1 without bias; n >= 1; 0 for n < 2 and draws nothing */
double random_unit(random_stream *r);              /* [0, 1), 53 bits */
double random_normal(random_stream *r);            /* Box-Muller, four words each: no half is kept */
void random_units(random_stream *r, float *out, size_t count);      /* [0, 1), 24 bits, a word each */
void random_normals(random_stream *r, float *out, size_t count);    /* the same in float32, two words a pair */
void random_permutation(random_stream *r, int64_t *out, int64_t n); /* Fisher-Yates over 0..n-1 */

#endif
