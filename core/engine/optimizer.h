/* What the files of the optimizer share. */
#ifndef PERDURE_ENGINE_OPTIMIZER_H
#define PERDURE_ENGINE_OPTIMIZER_H
#include "engine/model.h"
#include "engine/sweep.h"

struct engine_optimizer {
    pdr_model *model;
    engine_optimizer_options options;
    int64_t steps;
    pdr_tensor *moment, *second; /* [P], lent; NULL where the kind has none */
};

/* What of a step is worked out once, in double; pointers and penalties are left to the caller. */
sweep_step optimizer_numbers(const engine_optimizer *o, double lr);
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
