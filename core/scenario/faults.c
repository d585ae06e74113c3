/* See faults.h. */
#include "scenario/faults.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void faults_begin(faults *f, const char *file) { *f = (faults){.file = alloc_text(file)}; }

static void fault_free(struct fault *one)
{
    free(one->path);
    free(one->text);
    free(one->hint);
    free(one->origin);
}

void faults_free(faults *f)
{
    for (size_t i = 0; i < f->count; i++) {
        fault_free(&f->at[i]);
    }
    free(f->at);
    free(f->file);
    *f = (faults){0};
}

__attribute__((format(printf, 6, 0))) static void faults_put(faults *f, const char *origin, int line, int column,
                                                             const char *path, const char *format, va_list arguments)
{
    if (f->count == FAULTS_KEPT) {
        f->dropped++;
        return;
    }
    if (f->count == f->room) {
        f->room = f->room == 0 ? 16 : f->room * 2;
        f->at = alloc_again(f->at, f->room, sizeof *f->at);
    }
    char *words = NULL;
    if (vasprintf(&words, format, arguments) < 0) {
        words = alloc_text("found a fault without words");
    }
    f->at[f->count++] = (struct fault){.line = line,
                                       .column = column,
                                       .origin = alloc_text(origin),
                                       .path = alloc_text(path == NULL ? "" : path),
                                       .text = words};
}

void faults_add(faults *f, const node *at, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    faults_put(f, at == NULL ? NULL : at->origin, at == NULL ? 0 : at->line, at == NULL ? 0 : at->column, path, format,
               arguments);
    va_end(arguments);
}

void faults_add_at_key(faults *f, const node *entry, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    faults_put(f, entry->origin, entry->key_line, entry->key_column, path, format, arguments);
    va_end(arguments);
}

void faults_add_at_line(faults *f, const char *origin, int line, int column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    faults_put(f, origin, line, column, NULL, format, arguments);
    va_end(arguments);
}

void faults_hint(faults *f, const char *format, ...)
{
    if (f->count == 0 || f->dropped > 0 || f->at[f->count - 1].hint != NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    char *words = NULL;
    if (vasprintf(&words, format, arguments) >= 0) {
        f->at[f->count - 1].hint = words;
    }
    va_end(arguments);
}

static int faults_compare(const void *a, const void *b)
{
    const struct fault *x = a;
    const struct fault *y = b;
    if ((x->origin != NULL) != (y->origin != NULL)) {
        return x->origin != NULL ? 1 : -1;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    if (x->column != y->column) {
        return x->column < y->column ? -1 : 1;
    }
    int paths = strcmp(x->path, y->path);
    return paths != 0 ? paths : strcmp(x->text, y->text);
}

static bool fault_same(const struct fault *a, const struct fault *b)
{
    bool alike = a->line == b->line && a->column == b->column && (a->origin == NULL) == (b->origin == NULL);
    return alike && (a->origin == NULL || strcmp(a->origin, b->origin) == 0) && strcmp(a->path, b->path) == 0 &&
           strcmp(a->text, b->text) == 0;
}

void faults_merge(faults *f, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < f->count; i++) {
        bool told = false;
        for (size_t j = 0; j < kept && !told; j++) {
            told = fault_same(&f->at[i], &f->at[j]);
        }
        if (told) {
            fault_free(&f->at[i]);
        } else {
            f->at[kept++] = f->at[i];
        }
    }
    f->count = kept;
}

void faults_sort(faults *f)
{
    if (f->count > 1) {
        qsort(f->at, f->count, sizeof *f->at, faults_compare);
    }
}

void faults_line(const faults *f, size_t i, text *out)
{
    const struct fault *it = &f->at[i];
    if (it->origin != NULL) {
        text_addf(out, "%s: ", it->origin);
    } else if (it->line > 0) {
        text_addf(out, "%s:%d:%d: ", f->file, it->line, it->column);
    } else {
        text_addf(out, "%s: ", f->file);
    }
    /* "--set optimizer.lr: optimizer.lr: ..." would say the path twice. */
    if (it->path[0] != '\0' && (it->origin == NULL || strcmp(it->path, it->origin + strlen("--set ")) != 0)) {
        text_addf(out, "%s: ", it->path);
    }
    text_addf(out, "%s", it->text);
}

void faults_print(faults *f)
{
    faults_sort(f);
    size_t shown = f->count < FAULTS_SHOWN ? f->count : FAULTS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        text line = {0};
        faults_line(f, i, &line);
        fprintf(stderr, "perdure: error: %s\n", line.at);
        if (f->at[i].hint != NULL) {
            fprintf(stderr, "hint: %s\n", f->at[i].hint);
        }
        text_free(&line);
    }
    size_t more = f->count - shown + f->dropped;
    if (more > 0) {
        fprintf(stderr, "perdure: error: %s: found %zu more faults; expected none\n", f->file, more);
    }
}
