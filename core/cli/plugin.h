/* The sub-commands of `perdure plugin`, a file each: they share the options of the command, and a row says which are its own. */
#ifndef PERDURE_CLI_PLUGIN_H
#define PERDURE_CLI_PLUGIN_H
#include "cli/cli.h"

typedef struct plugin_verb {
    const char *name;
    const char *argument;       /* what stands behind it, for a message: "FILE.so or NAME" */
    const char *const *options; /* that it takes, NULL-ended */
    int (*run)(const call *c, error *e);
} plugin_verb;

extern const plugin_verb plugin_new, plugin_show, plugin_test;

#endif
