/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this strategy share: its parameters as a struct, its instance, and the parts that stand in files of
 * their own, fill.c (the end of a task) and dark.c (stored logits). (R1), (R2), ... are the equations of README.md.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <perdure/sugar.h>

enum { STREAM, TASK };                /* fill */
enum { ALL, LOSS, HERDING, CLOSEST }; /* select */
enum { PER_TASK = 3 };                /* blend: the first three words are PDR_JOIN, PDR_SHARE and PDR_ADD */

typedef struct {
    const char *memory; /* YAML of capacity, policy, where: only passed on to memory->open */
    int64_t batch;
    double weight, alpha, beta;
    int32_t blend, fill, select, online, every_epoch;
} config;

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    int64_t full; /* the most fresh rows that a batch had: the last one of an epoch is often short */

    /* Of the step that runs: nothing of it is left when a step has ended. */
    int64_t first,
        count; /* rows rehearsed whose values (select: loss) or logits (alpha) are asked for: where they stand */
    pdr_tensor *slots;  /* [count] where the memory has them; select: loss */
    pdr_tensor *logits; /* [count, columns then] as stored with them; alpha */
} strategy;

/* Draws rows (R2) as they are in the memory. Outputs that are NULL are not wanted; *slots always comes. */
pdr_status draw(strategy *self, const pdr_step *s, pdr_tensor **slots, pdr_tensor **x, pdr_tensor **y,
                pdr_tensor **logits);

/* fill: task. Offers what `select` chooses of the task. */
pdr_status fill_task(strategy *self, const pdr_task *t);

/* alpha: the drawn parts of a step, in before_batch; the term on their logits, in after_loss. */
pdr_status dark_rehearse(strategy *self, const pdr_step *s);
pdr_status dark_term(strategy *self, const pdr_step *s);

#endif
