/* What refusals say that there is. */
#ifndef PERDURE_TESTS_PLUGIN_INSTALLED_H
#define PERDURE_TESTS_PLUGIN_INSTALLED_H
#include "../check.h"

#include "plugin/plugin.h"

/* The strategies that the build has, as a refusal lists them. */
static inline const char *installed(void)
{
    size_t count = 0;
    char **names = plugin_names(&count);
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = SAID("%s%s%s", list, i ? ", " : "", names[i]);
    plugin_names_free(names, count);
    return list;
}

#endif
