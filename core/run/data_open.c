/* See data_open.h: what is wrong with the data, or between data and scenario, is told before anything is written. */
#include "run/data_open.h"

#include <stdio.h>
#include <string.h>

static void warnings_print(const char *lines)
{
    for (const char *end; lines && *lines; lines = end + 1) {
        end = strchr(lines, '\n');
        fprintf(stderr, "perdure: warning: %.*s\n", (int)(end - lines), lines);
    }
}

int data_open(const plan *p, dataset **out, error *e)
{
    stream *trial = NULL;
    const struct scenario *s = p->scenario;
    int code = dataset_open(s, out, e);
    if (!code)
        code = stream_open(s, *out, (uint64_t)s->seeds.at[0], &trial, e);
    stream_close(trial);
    if (!code)
        code = dataset_check(s, *out, e);
    if (!code)
        code = plan_networks_check(p, (*out)->shape, (*out)->rank, e);
    if (!code)
        warnings_print((*out)->warnings.at);
    return code;
}
