/* A benchmark: each method of a plan beside the bare engine loop (core/train/bare.c), in pairs.
 *
 * A side is a process of its own, as in a run: the engine is loaded in it, its first step warms up and does not count.
 * The side of Perdure is a whole cell, with its hooks, log and evaluation; what it takes beside its training steps is
 * not in their rate. Nothing is left behind. */
#ifndef PERDURE_RUN_BENCH_H
#define PERDURE_RUN_BENCH_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/plan.h"

typedef struct bench_options {
    int pairs;
    int64_t steps;           /* a side, at least: spread over the tasks, whatever epochs the scenario says */
    const char *const *only; /* [only_count] names of methods; none: all */
    size_t only_count;
} bench_options;

/* 0: every method has its figures; 1: some failed (each was told on standard error); else why nothing could be measured;
 * 75: stopped. *figures: "perdure.bench/1", owned, NULL unless 0 or 1. */
int bench_run(const plan *p, const bench_options *o, json_t **figures, error *e);

#endif
