/* See alloc.h: memory that is there or the program ends. */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void *alloc_or_end(void *memory, size_t count, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "perdure: error: memory: found none left; expected %zu x %zu bytes\n", count, size);
        exit(EXIT_SYSTEM);
    }
    return memory;
}

void *alloc_zero(size_t count, size_t size)
{
    /* calloc(0) may answer NULL, which here would read as "out of memory". */
    return alloc_or_end(calloc(count > 0 ? count : 1, size > 0 ? size : 1), count, size);
}

void *alloc_again(void *old, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return alloc_or_end(NULL, count, size);
    }
    return alloc_or_end(realloc(old, bytes > 0 ? bytes : 1), count, size);
}

char *alloc_text(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t bytes = strlen(text) + 1;
    return memcpy(alloc_zero(bytes, 1), text, bytes);
}

char *alloc_format(const char *format, ...)
{
    char *out = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&out, format, arguments);
    va_end(arguments);
    return alloc_or_end(length < 0 ? NULL : out, 1, 0);
}
