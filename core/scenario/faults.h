/* All faults of a file, because whoever corrects it wants to hear of them at once.
 *
 * A fault says where (file, line, column, path of the key), what was found and what is expected, and where it can, a
 * hint. They are collected in any order and printed in the order of the file. */
#ifndef PERDURE_SCENARIO_FAULTS_H
#define PERDURE_SCENARIO_FAULTS_H
#include <stddef.h>

#include "base/text.h"
#include "scenario/node.h"

enum { FAULTS_SHOWN = 50, FAULTS_KEPT = 1000 };

struct fault {
    int line, column; /* 0: of the whole file */
    char *origin;     /* "--set KEY" instead of file, line and column; else NULL */
    char *path;       /* "optimizer.lr"; "" at the root */
    char *text;       /* "found X; expected Y" */
    char *hint;       /* NULL: none */
};

typedef struct faults {
    char *file; /* as the user named it */
    struct fault *at;
    size_t count, room;
    size_t dropped; /* found beyond FAULTS_KEPT */
} faults;

void faults_begin(faults *f, const char *file);
void faults_free(faults *f);
/* At a value. `at` NULL: of the whole file. `path` may be NULL: the root. */
void faults_add(faults *f, const node *at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* At the key of a map's entry. */
void faults_add_at_key(faults *f, const node *entry, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_add_at_line(faults *f, const char *origin, int line, int column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Sets the hint of the fault that was added last. */
void faults_hint(faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops, of those from `from` on, what was told before, word for word and at the same place. */
void faults_merge(faults *f, size_t from);
void faults_sort(faults *f); /* by line and column; those of --set behind */
/* `FILE:LINE:COL: key.path: found X; expected Y`, without "perdure: error: ". */
void faults_line(const faults *f, size_t i, text *out);
/* Sorts, and prints each as `perdure: error: ...` with its hint to standard error, at most 50. */
void faults_print(faults *f);

#endif
