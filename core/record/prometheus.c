/* See prometheus.h. */
#include "record/prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "record/record.h"

enum { VALUE_SHOWN = 200, LABELS_MOST = 16 };
static const double WHOLE_MOST = 1e15;

void prometheus_family(text *out, const char *name, const char *type, const char *help)
{
    text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* What is no printable UTF-8 is \xNN, so that a line is a line; then '\\' and '"' are doubled as the format has it. */
static void label_add(text *out, const char *name, const char *value)
{
    char *tame = text_tamed(value, VALUE_SHOWN);
    text_addf(out, "%s=\"", name);
    for (const char *at = tame; *at; at++) {
        if (*at == '\\' || *at == '"')
            text_add(out, "\\", 1);
        text_add(out, at, 1);
    }
    text_add(out, "\"", 1);
    free(tame);
}

void prometheus_sample(text *out, const char *name, const char *const *labels, double value)
{
    text_addf(out, "%s", name);
    for (int i = 0; labels && labels[i] && i < LABELS_MOST; i += 2) {
        text_add(out, i ? "," : "{", 1);
        label_add(out, labels[i], labels[i + 1]);
    }
    text_addf(out, labels && labels[0] ? "} " : " ");
    if (!isfinite(value))
        text_addf(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    else if (fabs(value) < WHOLE_MOST && value == floor(value))
        text_addf(out, "%.0f", value); /* as people write what was counted */
    else
        record_number(value, out);
    text_add(out, "\n", 1);
}

static int textfile_put(const char *path, const text *words, error *e)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return error_system(e, EXIT_CREATE, "%s: cannot be created", path);
    bool good = fwrite(words->at, 1, words->length, file) == words->length;
    good = fclose(file) == 0 && good;
    return good ? 0 : error_system(e, EXIT_IO, "%s: cannot be written", path);
}

int prometheus_write(const char *path, const text *words, error *e)
{
    char *half = alloc_format("%s.tmp-%ld-0", path, (long)getpid()); /* no name that ends in .prom */
    int code = textfile_put(half, words, e);
    if (!code && rename(half, path) != 0)
        code = error_system(e, EXIT_CREATE, "%s: cannot be created", path);
    if (code)
        unlink(half);
    free(half);
    return code;
}
