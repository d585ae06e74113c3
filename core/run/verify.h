/* `perdure verify`: whether a run is what its manifests say, and whether it comes out again. */
#ifndef PERDURE_RUN_VERIFY_H
#define PERDURE_RUN_VERIFY_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct verify_options {
    long cells;              /* to be run again, drawn among all; negative: all; 0: none */
    const char *const *only; /* [only_count] "METHOD" or "METHOD/SEED": they are drawn among these; none: any */
    size_t only_count;
    const char *data; /* a folder in which data files are looked for first; NULL: none */
    bool plugins;     /* those that lie in the run itself may be loaded: code of whoever made it */
    bool elsewhere;   /* program, engine and LibTorch may be others than recorded: they are told, and fail nothing */
    int jobs;         /* cells at a time */
} verify_options;

/* run: its folder, or an archive that `perdure bundle` made. Nothing is written into the folder of the run; cells that run again have one of their own beside it, which goes.
 * *report, owned, NULL unless 0 or 1: {"schema": "perdure.verify/1", "run", "manifest_sha256", "good", "same", "differs", "bad",
 * "rows": [{"level": "good|differs|bad|cause", "what", "words"}], "cells": [{"name", "host", "cpu", "gpu", "ended", "again"}]}.
 * 0: all as recorded; 1: not; 65: the manifest is none; 66: there is none; 75, 130: stopped. Between signals_take and
 * signals_give_back. */
int verify_run(const char *run, const verify_options *o, json_t **report, error *e);

#endif
