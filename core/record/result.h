/* What training a cell gives back, and what is then recorded of it: the one struct between the rooms train and record.
 * It stands here because record is the lower of the two. */
#ifndef PERDURE_RECORD_RESULT_H
#define PERDURE_RECORD_RESULT_H
#include <stdint.h>

#include "base/sha256.h"
#include "engine/engine.h"
#include "evaluate/matrix.h"

typedef struct cell_result {
    matrix *accuracy;
    matrix *network;                       /* the network's own, where a strategy predicts; else NULL */
    matrix *validation;                    /* on the rows held out of training; NULL where none are */
    curve *anytime;                        /* within tasks; NULL where nothing is measured there */
    int64_t anytime_batches, anytime_rows; /* ... so many steps apart, on at most so many rows of a task; 0: all */
    int64_t warnings;                      /* lines of level warning and above */
    struct cell_finding {  /* of the self-checks: the first of its kind and strategy, and how often it came */
        const char *check; /* "zero_penalty", of static storage */
        char strategy[128], hook[32], words[256];
        int64_t task, step, count;
    } * findings;
    int64_t finding_count;
    int64_t steps;
    double steps_per_second; /* from the second step on: the first counts to seconds.start */
    struct {
        double start, train, evaluate, between_tasks, checkpoint;
    } seconds;
    engine_info engine;
    struct cell_weights { /* of the trained network: blocks in the order of the flat buffer, then running means */
        char name[64];
        int64_t shape[4];
        int64_t rank, first, count;
    } * weights;
    int64_t weight_count;
    struct cell_loaded { /* where the network began with weights from a file: every name of the two, see weights.c */
        char *name;
        enum loaded_where { LOADED_MATCHED, LOADED_ONLY_IN_FILE, LOADED_ONLY_IN_NETWORK } where;
    } * loaded;
    int64_t loaded_count; /* 0: it did not */
    struct cell_task {    /* of the stream, in order: the labels of its classes, in the order of their columns */
        int64_t *classes, count;
        char **names; /* [count]: of these classes */
    } * tasks;
    int64_t task_count;
    struct cell_memory { /* of the strategies, as they were when training was over */
        char *strategy, *name;
        int64_t rows, bytes; /* of the rows and what is kept beside them */
    } * memories;
    int64_t memory_count;
    int64_t leaked;    /* test rows that are training rows too */
    float *parameters; /* [parameter_count]: the network's [P], behind them its buffers [Q] */
    int64_t parameter_count;
    char weights_sha256[SHA256_HEX]; /* of parameters, little-endian float32 */
} cell_result;

void cell_result_clear(cell_result *r); /* all that it holds */
void cell_result_close(cell_result *r); /* and all that it holds; NULL is fine */

#endif
