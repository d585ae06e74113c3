/* The sub-commands of `perdure plugin`, a file each: they share the options of the command, and a row says which are its own. */
#ifndef PERDURE_CLI_PLUGIN_H
#define PERDURE_CLI_PLUGIN_H
#include "cli/cli.h"
#include "plugin/plugin.h"

typedef struct plugin_verb {
    const char *name;
    const char *argument;       /* what stands behind it, for a message: "FILE.so or NAME" */
    const char *const *options; /* that it takes, NULL-ended */
    int (*run)(const call *c, error *e);
} plugin_verb;

/* The strategy that the first argument of a verb names: "x.so" and "a/b" are files, "ewc" is a name. As plugin_open, plugin_find. */
int plugin_named(const call *c, const plugin **out, error *e);

extern const plugin_verb plugin_new, plugin_show, plugin_test;

#endif
