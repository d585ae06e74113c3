/* A folder of a test program's own under /tmp, gone when its tests are over. */
#ifndef PERDURE_TESTS_FOLDER_H
#define PERDURE_TESTS_FOLDER_H
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plugin/held.h"

static char folder[] = "/tmp/perdure-unit-XXXXXX";

static inline int folder_begin(void **state)
{
    (void)state;
    unsetenv("PERDURE_PLUGIN_PATH");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_end(void **state)
{
    char command[128];
    (void)state;
    held_free();
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

#endif
