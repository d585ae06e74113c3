/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two files of this strategy share: icarl.c has the loss, the prediction and the plugin's own life,
 * exemplars.c which rows stay and what their means are. */
#ifndef PERDURE_ICARL_H
#define PERDURE_ICARL_H

#include <perdure/sugar.h>

enum { SEEN, ALL }; /* columns */
enum { SUM, MEAN }; /* reduce */

typedef struct {
    const char *memory; /* YAML of capacity, policy, where: only passed on to memory->open */
    double temperature;
    int32_t distill, columns, reduce;
} config;

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *exemplars; /* a class's rows in the order of their choice */
    pdr_model *teacher;    /* the network after the last task; NULL: there was none */
    pdr_tensor *means;     /* [seen, D], a row a class, of length 1; NULL: no exemplars yet */
    pdr_tensor *handicap;  /* [seen] -|mean|^2; -inf of a class without exemplars */
    int64_t tasks, total;  /* of the stream; rows that all classes share, 0: each has a budget of its own */
} strategy;

/* The exemplar sets after task t: those of earlier classes shrunk, those of its own classes chosen. */
pdr_status exemplars_update(strategy *self, const pdr_task *t);
/* means and handicap anew, with the network as it is. */
pdr_status exemplars_average(strategy *self, const pdr_task *t);

#endif
