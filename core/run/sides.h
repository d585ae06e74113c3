/* The sides of a benchmark as processes, one after the other: bare and perdure, pair by pair, method by method. */
#ifndef PERDURE_RUN_SIDES_H
#define PERDURE_RUN_SIDES_H
#include <jansson.h>

#include "base/error.h"
#include "data/data.h"
#include "plan/plan.h"
#include "run/progress.h"

struct sides {
    const plan *plan;
    const dataset *data;
    int pairs;
    char *folder;     /* of ours alone: one side at a time writes its record there */
    json_t **results; /* [methods, pairs, PAIR_SIDES] "perdure.result/1"; NULL: none */
    char **failures;  /* [methods] why; NULL: it did not fail */
    int failed;       /* methods */
    struct progress progress;
    char name[160]; /* of the side that runs: "replay, pair 2, bare" */
};

/* Fills results and failures, which are all NULL before. 0, whoever failed; 75: stopped; 71. */
int sides_run(struct sides *s, error *e);

#endif
