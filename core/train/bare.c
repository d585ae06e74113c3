/* The bare engine loop: what training costs at the least, so that `perdure bench` can say what the rest costs.
 *
 * "Bare" is forward, row losses, their mean, backward, clipping where it is set, and update by calls of the engine's table, one after the other. The
 * network, its initial weights, the executor, the optimizer and the batches are those of the cell that stands beside it: batch.c gathers
 * the same rows in the same order on both sides. There are no strategies and no moments for them, no log, no progress, no
 * look at the loss and no evaluation. Without strategies the cell comes to the same weights, bit for bit. */
#include "base/clock.h"
#include "train/cell.h"

static pdr_tensor *bare_loss(const cell *c, const pdr_tensor *logits, const engine_mask *mask)
{
    const host_step *h = &c->step;
    pdr_tensor *loss = NULL;
    if (c->executor->loss)
        c->executor->loss(h->scope, c->session.model, logits, h->step.y, mask, NULL, &loss);
    else
        loss = c->engine->tensor->mean(h->scope, c->engine->row_loss(h->scope, logits, h->step.y, mask), PDR_ALL, 0);
    return loss;
}

static int bare_step(cell *c, const stage *s, error *e)
{
    const struct engine *engine = c->engine;
    host_step *h = &c->step;
    pdr_tensor *logits = c->executor->forward(h->scope, c->session.model, h->step.x, NULL);
    pdr_tensor *loss = bare_loss(c, logits, &s->task.fresh);
    h->step.loss = loss;
    c->executor->backward(h->scope, c->session.model, loss, false);
    step_clip(c);
    heads_tell(c);
    engine->optimizer_step(h->scope, c->optimizer, h->step.lr, NULL, 0);
    c->steps++;
    c->steps_timed += c->steps > 1;
    return step_failed(c, "the bare step", e); /* one call that reads a number */
}

/* Once a task and once behind the first step: a GPU is waited for, as the cell beside it does. */
static void bare_settle(cell *c, double *start, double *clock)
{
    c->engine->tensor->read(c->step.step.loss, PDR_F64, &c->loss, sizeof c->loss);
    double now = clock_seconds();
    *clock += now - *start;
    *start = now;
}

static int bare_task(cell *c, stage *s, error *e)
{
    int code = 0;
    c->steps_before = c->steps;
    if ((code = stage_begin(c, s, e)))
        return code;
    double start = clock_seconds();
    for (int64_t epoch = 0; !code && !schedule_over(c, epoch); epoch++) {
        batch_order_begin(c, s, epoch);
        while (!code && batch_take(c, s, epoch, e)) {
            code = bare_step(c, s, e);
            if (c->steps == 1)
                bare_settle(c, &start, &c->clock.start); /* LibTorch starts its parts in it */
        }
        code = code ? code : e->code;
    }
    if (!code)
        bare_settle(c, &start, &c->clock.train);
    stage_empty(s);
    return code;
}

static int bare_run(cell *c, void *self, error *e)
{
    (void)self;
    int code = 0;
    for (int64_t i = 0; !code && i < c->stage_count; i++)
        code = bare_task(c, &c->stages[i], e);
    return code;
}

int train_bare(const plan *p, int method, int64_t seed, const dataset *data, cell_result **out, error *e)
{
    plan_method bare = p->methods[method];
    bare.count = 0;
    bare.flags = 0;
    bare.loss_owner = bare.prediction_owner = -1;
    return cell_train(p, &bare, seed, data, NULL, bare_run, NULL, out, e);
}
