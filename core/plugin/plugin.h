/* Strategies as shared objects: finding them, opening them, refusing them.
 *
 * A plugin is opened with RTLD_NOW | RTLD_LOCAL and never closed (LibTorch and C++ run-times do not survive it). Before,
 * its file is looked at, and a child opens it: one that is damaged, crashes or hangs costs that child alone. It is
 * refused with both sides' numbers before any of its code but its constructors and perdure_plugin() has run. Open
 * plugins before there are threads: a child is forked. */
#ifndef PERDURE_PLUGIN_PLUGIN_H
#define PERDURE_PLUGIN_PLUGIN_H
#include <perdure/plugin.h>

#include "base/error.h"
#include "base/sha256.h"
#include "scenario/param.h"

typedef struct plugin {
    const pdr_plugin *descriptor;
    pdr_hooks hooks; /* the plugin's own, with NULL in what its struct is too short for */
    struct param_table parameters;
    char *path;              /* absolute */
    char sha256[SHA256_HEX]; /* of the file */
} plugin;

/* By name: PERDURE_PLUGIN_PATH (colon list), then lib/perdure/plugins/<major> beside the program; never the working
 * directory; the first file NAME.so counts, though it be refused. By path: as it stands. Borrowed for the life of the
 * process: one file is opened once. 69: not found (with what was searched, and the nearest name), or refused (why). */
int plugin_find(const char *name, const plugin **out, error *e);
int plugin_open(const char *path, const plugin **out, error *e);
/* Names on the search path, sorted, each once; the files that have one name, the one that counts first. Both owned by
 * the caller with plugin_names_free. */
char **plugin_names(size_t *count);
char **plugin_files(const char *name, size_t *count);
void plugin_names_free(char **names, size_t count);
/* The folders that are searched, one a line in messages; borrowed until the next call. */
const char *plugin_search_path(void);

#endif
