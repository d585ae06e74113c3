/* Rows of several tasks through one network in one pass: chunks hold rows of as many tasks as come, and each task's columns
 * compete in the same logits. With many small tasks that is a few large batches in the place of a small one a task.
 *
 * For networks that no strategy changes or looks at between tasks: see evaluate.c. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "train/cell.h"

typedef struct pass {
    cell *c;
    pdr_model *network;
    const data_rows *part;
    evaluate_task *tasks;
    int64_t count;
    int64_t task, next;                               /* where the pass stands: row `next` of that task */
    pdr_eval shown;                                   /* for check_logits */
    int64_t places[EVALUATE_ROWS], of[EVALUATE_ROWS]; /* the chunk's rows, and the tasks that they are of */
} pass;

static int64_t chunk_fill(pass *p)
{
    int64_t rows = 0;
    while (rows < EVALUATE_ROWS && p->task < p->count) {
        const evaluate_task *t = &p->tasks[p->task];
        for (; rows < EVALUATE_ROWS && p->next < t->count; rows++) {
            p->places[rows] = t->rows[p->next++];
            p->of[rows] = p->task;
        }
        if (p->next == t->count) {
            p->task++;
            p->next = 0;
        }
    }
    return rows;
}

/* ---- what is right ---- */

/* The first of the greatest, as the tensors' argmax has it. */
static int64_t best_of(const float *scores, const engine_mask *mask)
{
    int64_t best = mask->first;
    for (int64_t i = mask->first + 1; i < mask->first + mask->count; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

static bool row_finite(const float *scores, int64_t columns)
{
    bool finite = true;
    for (int64_t i = 0; i < columns; i++)
        finite = finite && isfinite(scores[i]);
    return finite;
}

static int chunk_count(pass *p, const float *scores, int64_t columns, int64_t rows, error *e)
{
    const stream *of = p->c->stream;
    for (int64_t i = 0; i < rows; i++, scores += columns) {
        evaluate_task *t = &p->tasks[p->of[i]];
        p->shown.on_task = t->task->index;
        if (!row_finite(scores, columns))
            return check_logits(p->c, &p->shown, e);
        const int32_t *column_of = of->column_of + t->task->index * of->set_classes;
        t->right += best_of(scores, &t->mask) == column_of[p->part->label[place_row(p->part, p->places[i])]];
    }
    return 0;
}

static int chunk_measure(pass *p, pdr_scope *s, int64_t rows, error *e)
{
    cell *c = p->c;
    void *at = NULL;
    pdr_tensor *x = host_blank_rows(&c->session, s, PDR_F32, rows, &at);
    if (x)
        stream_gather(c->stream, c->data, p->part, p->places, rows, at);
    p->shown.logits = c->engine->forward_both(s, p->network, c->engine->to_device(s, x), PDR_EVAL, NULL);
    const float *scores = c->engine->bytes(s, p->shown.logits, PDR_F32);
    if (scores)
        return chunk_count(p, scores, c->engine->tensor->size(p->shown.logits, 1), rows, e);
    return error_set(e, EXIT_FAILED, "evaluation on task %lld after %lld: %s",
                     (long long)p->tasks[p->of[0]].task->index + 1, (long long)p->shown.after_task,
                     c->engine->scope_message(s));
}

int evaluate_pass(cell *c, pdr_model *network, const data_rows *part, int64_t after, evaluate_task *tasks,
                  int64_t count, error *e)
{
    pass *p = alloc_zero(1, sizeof *p);
    *p = (pass){.c = c, .network = network, .part = part, .tasks = tasks, .count = count};
    p->shown = (pdr_eval){.struct_size = sizeof p->shown, .after_task = after, .model = network};
    pdr_scope *s = c->engine->tensor->open(NULL, PDR_NO_GRAD);
    int code = 0;
    for (int64_t rows; !code && (rows = chunk_fill(p)) > 0;) {
        c->engine->scope_clear(s, ENGINE_INFERENCE);
        code = chunk_measure(p, s, rows, e);
    }
    c->engine->tensor->close(s);
    free(p);
    return code;
}
