/* See random.h. Word number n of a stream is word n % 4 of the Philox block with counter n / 4, so every word can be
 * had at once from its number. */
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"

__extension__ typedef unsigned __int128 wide;

enum { PHILOX_ROUNDS = 10 };

/* Constants of Salmon et al., table 2 and section 3.2. */
static const uint32_t philox_multiplier[2] = {0xD2511F53, 0xCD9E8D57};
static const uint32_t philox_weyl[2] = {0x9E3779B9, 0xBB67AE85};

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]};
    uint32_t k[2] = {key[0], key[1]};
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t a = (uint64_t)philox_multiplier[0] * c[0];
        uint64_t b = (uint64_t)philox_multiplier[1] * c[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k[1],
                            (uint32_t)a};
        memcpy(c, next, sizeof c);
        k[0] += philox_weyl[0];
        k[1] += philox_weyl[1];
    }
    memcpy(out, c, sizeof c);
}

static void random_fill(random_stream *r)
{
    uint64_t number = r->drawn / 4;
    uint32_t counter[4] = {(uint32_t)number, (uint32_t)(number >> 32), 0, 0};
    uint32_t key[2] = {(uint32_t)r->key, (uint32_t)(r->key >> 32)};
    random_philox(counter, key, r->block);
}

random_stream random_open(uint64_t seed, const char *purpose, const char *name, int64_t number)
{
    char seed_text[24];
    char number_text[24];
    snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed);
    snprintf(number_text, sizeof number_text, "%lld", (long long)number);
    const char *parts[4] = {seed_text, purpose, name, number_text};
    sha256 *s = sha256_begin();
    for (int i = 0; i < 4; i++) {
        char length[24];
        int used = snprintf(length, sizeof length, "%zu:", strlen(parts[i]));
        sha256_add(s, length, (size_t)used);
        sha256_add(s, parts[i], strlen(parts[i]));
    }
    char hex[SHA256_HEX];
    sha256_end(s, hex);
    hex[16] = '\0'; /* the first 8 bytes, as a number with the first byte highest */
    random_stream r = {.key = strtoull(hex, NULL, 16)};
    random_fill(&r);
    return r;
}

void random_seek(random_stream *r, uint64_t drawn)
{
    r->drawn = drawn;
    random_fill(r);
}

uint32_t random_word(random_stream *r)
{
    uint32_t word = r->block[r->drawn % 4];
    r->drawn++;
    if (r->drawn % 4 == 0) {
        random_fill(r);
    }
    return word;
}

uint64_t random_long(random_stream *r)
{
    uint64_t low = random_word(r);
    return low | (uint64_t)random_word(r) << 32;
}

/* Lemire's multiplication ("Fast random integer generation in an interval", 2019): the high half of x * n, drawn anew
 * where the low half falls into the part that would make some results more likely. */
int64_t random_below(random_stream *r, int64_t n)
{
    if (n < 2) {
        return 0;
    }
    uint64_t bound = (uint64_t)n;
    uint64_t unfair = (0 - bound) % bound;
    wide product = (wide)random_long(r) * bound;
    while ((uint64_t)product < unfair) {
        product = (wide)random_long(r) * bound;
    }
    return (int64_t)(uint64_t)(product >> 64);
}

double random_unit(random_stream *r) { return (double)(random_long(r) >> 11) * 0x1p-53; }

double random_normal(random_stream *r)
{
    const double two_pi = 6.283185307179586476925286766559;
    double radius = sqrt(-2.0 * log(1.0 - random_unit(r))); /* 1 - u lies in (0, 1]: the logarithm is finite */
    return radius * cos(two_pi * random_unit(r));
}

void random_units(random_stream *r, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)(random_word(r) >> 8) * 0x1p-24f;
    }
}

/* Box-Muller in float32, both halves: noise for whole batches in every step must cost little beside the step. 1 - u lies
 * in [2^-24, 1], so no value is beyond 5.8. */
void random_normals(random_stream *r, float *out, size_t count)
{
    const float two_pi = 6.28318530717958647692f;
    for (size_t i = 0; i < count; i += 2) {
        float units[2];
        random_units(r, units, 2);
        float radius = sqrtf(-2.0f * logf(1.0f - units[0])), angle = two_pi * units[1];
        out[i] = radius * cosf(angle);
        if (i + 1 < count)
            out[i + 1] = radius * sinf(angle);
    }
}

void random_permutation(random_stream *r, int64_t *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        out[i] = i;
    }
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = random_below(r, i + 1);
        int64_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}
