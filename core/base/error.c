/* See error.h: the first error stays. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(error *e, int code, const char *format, ...)
{
    if (e == NULL) {
        return code;
    }
    if (e->code != 0) {
        return e->code;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    e->code = code;
    e->hint[0] = '\0';
    return code;
}

int error_system(error *e, int code, const char *format, ...)
{
    int number = errno; /* before anything here can change it */
    if (e == NULL) {
        return code;
    }
    if (e->code != 0) {
        return e->code;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    size_t used = length < 0 ? 0 : (size_t)length;
    if (used < sizeof e->text) {
        char words[128];
        snprintf(e->text + used, sizeof e->text - used, ": %s", strerror_r(number, words, sizeof words));
    }
    e->code = code;
    e->hint[0] = '\0';
    return code;
}

int error_copy(error *e, const error *from)
{
    if (e != NULL && e->code == 0) {
        *e = *from;
    }
    return e != NULL ? e->code : from->code;
}

int error_hint(error *e, const char *format, ...)
{
    if (e == NULL || e->code == 0) {
        return 0;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->hint, sizeof e->hint, format, arguments);
    va_end(arguments);
    return e->code;
}

int error_print(const error *e)
{
    fprintf(stderr, "perdure: error: %s\n", e->text);
    if (e->hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", e->hint);
    }
    return e->code;
}
