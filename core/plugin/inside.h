/* Between the files of this room: from a path to a plugin, by steps.
 *
 * file.c looks at the file and runs nothing of it; object.c opens it and asks its one function; descriptor.c checks what
 * that gave; probe.c does the two of them in a child first; loader.c calls them in order. All refuse with 69. */
#ifndef PERDURE_PLUGIN_INSIDE_H
#define PERDURE_PLUGIN_INSIDE_H
#include <sys/stat.h>

#include "plugin/plugin.h"

/* ---- file.c, elf.c ---- */
typedef struct plugin_file {
    int fd;
    struct stat about;
} plugin_file;

int file_take(const char *path, plugin_file *f, error *e); /* 0: whole, of this machine, and not everyone's to write */
int file_digest(const plugin_file *f, const char *path, char hex[SHA256_HEX], error *e);
int file_unchanged(const plugin_file *f, const char *path, error *e); /* does `path` still name what was looked at? */
int elf_check(const plugin_file *f, const char *path, error *e);

/* ---- object.c ---- */
int object_open(const char *path, void **object, error *e);
int object_ask(void *object, const char *path, const pdr_plugin **descriptor, error *e);

/* ---- descriptor.c: fills hooks and parameters from p->descriptor ---- */
int descriptor_take(plugin *p, error *e);

/* ---- probe.c ---- */
enum { PROBE_SECONDS = 10 };
int plugin_probe(const char *path, double seconds, error *e);

#endif
