/* What the files of the optimizer share. */
#ifndef PERDURE_ENGINE_OPTIMIZER_H
#define PERDURE_ENGINE_OPTIMIZER_H
#include "engine/model.h"
#include "engine/sweep.h"

struct engine_optimizer {
    pdr_model *model;
    engine_optimizer_options options;
    int64_t steps;
    int64_t *births; /* [block_count]: `steps` when the block came; Adam's bias correction counts from there */
    int64_t block_count;
    pdr_tensor *moment, *second; /* [P], lent; NULL where the kind has none */
};

/* What of a step is worked out once, in double, for blocks that came after so many steps; pointers and penalties are left
 * to the caller. */
sweep_step optimizer_numbers(const engine_optimizer *o, double lr, int64_t birth);
/* Blocks that the model has grown get moments of 0. */
pdr_status optimizer_follow(pdr_scope *s, engine_optimizer *o);
/* The same update by tensor operations: for buffers that the C loops cannot reach. */
pdr_status optimizer_step_by_tensors(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                     int64_t count);

/* ---- penalty.c ---- */
/* Checks the penalties against the model and fills `out`: pointers where all of them are reachable. *reachable: so. */
pdr_status penalty_read(pdr_scope *s, const pdr_model *m, const engine_penalty *penalties, int64_t count,
                        sweep_penalty *out, bool *reachable);
/* g[0 .. p - 1] += weight * importance * (w - anchor), by tensor operations. */
pdr_status penalty_add_by_tensors(pdr_scope *s, const pdr_model *m, const engine_penalty *p, pdr_tensor *g);

#endif
