/* SPDX-License-Identifier: Apache-2.0 */
/* throws.so throws a C++ exception out of its constructor, any other name out of perdure_plugin(). By the functions that
 * a C++ compiler would call, since tests are C. */
#include <dlfcn.h>
#include <perdure/plugin.h>
#include <string.h>

extern void *_ZTIi; /* typeid(int) */
void *__cxa_allocate_exception(size_t size);
_Noreturn void __cxa_throw(void *thrown, void *type, void (*destroy)(void *));

static _Noreturn void throw_three(void)
{
    int *thrown = __cxa_allocate_exception(sizeof *thrown);
    *thrown = 3;
    __cxa_throw(thrown, &_ZTIi, NULL);
}

__attribute__((constructor)) static void begin(void)
{
    static const char here;
    Dl_info about;
    if (dladdr(&here, &about) && strstr(about.dli_fname, "/throws.so"))
        throw_three();
}

PDR_EXPORT const pdr_plugin *perdure_plugin(void) { throw_three(); }
