/* A folder of a test's own with copies of strategies in it, and where the build has them. */
#ifndef PERDURE_TESTS_PLUGIN_FOLDER_H
#define PERDURE_TESTS_PLUGIN_FOLDER_H
#include "../check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "plugin/plugin.h"

static inline char *in_folder(const char *name) { return SAID("%s/%s", folder, name); }

/* A built file, without links in its path: as the loader names it. */
static inline char *built(const char *place)
{
    char *path = SAID("%s/%s", getenv("PERDURE_BUILD_DIR"), place), *real = realpath(path, NULL);
    if (!real)
        fail_msg("%s is not built", path);
    return held(real);
}

static inline char *tiny(const char *name) { return built(SAID("tests/plugins/%s.so", name)); }

/* A copy of a built file under another name, with `tail` behind its end: another file, the same code. */
static inline char *copied(const char *from, const char *name, const char *tail)
{
    char *bytes = NULL, *to = in_folder(name), *parent = held(path_folder(to));
    size_t count = 0;
    error e = {0};
    assert_int_equal(file_read(from, 1 << 30, &bytes, &count, &e), 0);
    assert_int_equal(folder_make(parent, &e), 0);
    FILE *f = fopen(to, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, count, f), count);
    assert_int_equal(fwrite(tail, 1, strlen(tail), f), strlen(tail));
    assert_int_equal(fclose(f), 0);
    free(bytes);
    return to;
}

static inline char *written(const char *name, const char *words)
{
    char *path = in_folder(name);
    error e = {0};
    assert_int_equal(file_write(path, words, strlen(words), &e), 0);
    return path;
}

#endif
