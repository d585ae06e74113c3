/* The passes of an optimizer over raw float32 memory: one C loop a block, with decay and penalties in the same pass.
 *
 * Long blocks are cut into chunks that stay in the first-level cache, so that any number of penalties costs arithmetic and
 * their own reads, and no further trip through the parameters. Compiled without contraction: the numbers are the same
 * whatever the compiler and the CPU. */
#ifndef PERDURE_ENGINE_SWEEP_H
#define PERDURE_ENGINE_SWEEP_H
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

enum { SWEEP_CHUNK = 2048 };

typedef struct sweep_penalty {
    const float *importance, *anchor;
    float weight;
    int64_t count; /* it covers the first `count` parameters */
} sweep_penalty;

/* What an update needs besides the block: numbers of this step, worked out in double. */
typedef struct sweep_step {
    engine_optimizer_kind kind;
    float lr, decay, momentum, shrink; /* decay: L2 in the gradient; shrink: 1 - lr * decay of ADAMW */
    float beta1, beta2, share1, share2, epsilon, size, root; /* size: lr / (1 - beta1^t); root: sqrt(1 - beta2^t) */
    int first;                                               /* the momentum starts as the gradient */
    float *w, *moment, *second;                              /* [P]; NULL where the kind has none */
    const sweep_penalty *penalties;
    int64_t penalty_count;
} sweep_step;

/* Updates parameters [first, first + count) by the gradient g[0 .. count - 1]. Whether that was finite, penalties included. */
bool sweep_block(const sweep_step *step, int64_t first, int64_t count, const float *g);
/* g += weight * importance * (w - anchor) over parameters [first, first + count); g points to parameter `first`. */
void sweep_penalties(const sweep_penalty *p, int64_t penalties, const float *w, int64_t first, int64_t count, float *g);
/* weight/2 * sum(importance * (w - anchor)^2), summed in double. */
double sweep_value(const sweep_penalty *p, const float *w);
/* Sum of squares in double: of float32 numbers it cannot overflow, so it is finite where all of them are. */
double sweep_squares(const float *g, int64_t n);
void sweep_scale(float *g, int64_t n, float factor);

#endif
