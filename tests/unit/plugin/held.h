/* Texts that a test makes on its way and need not free: they go when the group ends. */
#ifndef PERDURE_TESTS_HELD_H
#define PERDURE_TESTS_HELD_H
#include "../check.h"

#include <stdlib.h>

#include "base/alloc.h"

static char *held_texts[4096];
static size_t held_count;

static inline char *held(char *text)
{
    assert_true(held_count < sizeof held_texts / sizeof *held_texts);
    return held_texts[held_count++] = text;
}

static inline void held_free(void)
{
    while (held_count)
        free(held_texts[--held_count]);
}

#define SAID(...) held(alloc_format(__VA_ARGS__))

#endif
