/* See arena.h. Blocks double in size up to 256 KiB; what is larger gets a block of its own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { ARENA_FIRST = 4096, ARENA_LARGEST = 256 << 10, ARENA_ALIGN = _Alignof(max_align_t) };

struct block {
    struct block *before;
    size_t used, room;
    _Alignas(ARENA_ALIGN) char at[];
};

struct arena {
    struct block *block; /* the one that is being filled */
};

arena *arena_open(void) { return alloc_zero(1, sizeof(arena)); }

void arena_close(arena *a)
{
    if (a == NULL) {
        return;
    }
    for (struct block *b = a->block; b != NULL;) {
        struct block *before = b->before;
        free(b);
        b = before;
    }
    free(a);
}

static struct block *arena_grow(arena *a, size_t bytes)
{
    size_t room = a->block == NULL ? ARENA_FIRST : a->block->room * 2;
    if (room > ARENA_LARGEST) {
        room = ARENA_LARGEST;
    }
    if (room < bytes) {
        room = bytes;
    }
    if (room > SIZE_MAX - sizeof(struct block)) {
        return alloc_zero(SIZE_MAX, 1); /* ends the program with the words of alloc.c */
    }
    struct block *b = alloc_zero(1, sizeof(struct block) + room);
    b->room = room;
    b->before = a->block;
    a->block = b;
    return b;
}

void *arena_take(arena *a, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ARENA_ALIGN) {
        return alloc_zero(SIZE_MAX, 2);
    }
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct block *b = a->block;
    if (b == NULL || b->room - b->used < bytes) {
        b = arena_grow(a, bytes);
    }
    void *taken = b->at + b->used;
    b->used += bytes;
    return taken;
}

char *arena_text(arena *a, const char *text, size_t length)
{
    char *copy = arena_take(a, length + 1, 1);
    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *arena_format(arena *a, const char *format, ...)
{
    char *words = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&words, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return alloc_zero(SIZE_MAX, 2); /* ends the program */
    }
    char *copy = arena_text(a, words, (size_t)length);
    free(words);
    return copy;
}
