/* Networks with a head a task: each comes before its task does, so that nobody is shown columns of what is still to come.
 * Where a future task is measured, its head is made for the occasion: the same one, since its first values depend on the
 * seed and the task alone. */
#include "train/cell.h"

bool heads_grow(const cell *c) { return c->scenario->stream.head == HEAD_MULTI; }

int64_t heads_columns(const cell *c, const stream_task *t) { return heads_grow(c) ? t->seen : c->stream->columns; }

/* Rehearsed rows, terms and edits of the gradient may reach every head; without them the mask says which ones. */
void heads_tell(const cell *c)
{
    const host_step *h = &c->step;
    const engine_mask *fresh = &((const host_task *)h->step.task)->fresh;
    bool known = heads_grow(c) && !h->part_count && !h->term_count && !(c->method->flags & PDR_USES_GRADIENT) &&
                 c->method->loss_owner < 0;
    c->engine->model_reach(c->session.model, known ? fresh->first : 0, known ? fresh->count : -1);
}

int heads_reach(const cell *c, pdr_model *m, int64_t last, error *e)
{
    int code = 0;
    for (int64_t i = 0; heads_grow(c) && !code && i <= last; i++) {
        const stream_task *t = &c->stream->tasks[i];
        if (t->seen <= c->engine->model_columns(m))
            continue;
        random_stream random = random_open((uint64_t)c->seed, "weights", "head", i);
        code = c->engine->model_grow(m, t->seen - t->seen_before, &random, e);
    }
    return code;
}
