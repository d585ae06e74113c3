/* The loop: the whole of training on one screen, with every hook in its place. What the lines between the hooks do stands
 * in step.c; who is asked and in which order, in dispatch.c; how strategies compose, in <perdure/plugin.h>. */
#include <stddef.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "train/cell.h"

#define STEP(hook, mode) dispatch_step(c, offsetof(pdr_hooks, hook), #hook, mode, e)
#define TASK(hook) dispatch_task(c, offsetof(pdr_hooks, hook), #hook, &s->task, e)
#define EPOCH(hook) dispatch_epoch(c, offsetof(pdr_hooks, hook), #hook, &s->task, epoch, e)

/* What one thing comes to, told to the profile where there is one. */
#define IN(phase, work) (profile_begin(c->profile, PROFILE_##phase), profile_end(c->profile, work))

enum { LOG_EVERY = 10 }; /* steps between two points of the loss in log.jsonl */

static int loop_batch(cell *c, error *e)
{
    int code;
    if ((code = STEP(before_batch, PDR_NO_GRAD)) || (code = IN(DATA, step_assemble(c, e))) ||
        (code = STEP(before_forward, PDR_GRAD)) || (code = IN(FORWARD, step_forward(c, e))) ||
        (code = STEP(after_forward, PDR_GRAD)) || (code = STEP(before_loss, PDR_NO_GRAD)) ||
        (code = IN(LOSS, step_loss(c, e))) /* the sole compute_loss is asked in here */ ||
        (code = STEP(after_loss, PDR_GRAD)) || (code = IN(BACKWARD, step_backward(c, e))) ||
        (code = STEP(after_backward, PDR_NO_GRAD)) || (code = IN(PENALTIES, step_penalties(c, e))) ||
        (code = STEP(before_update, PDR_NO_GRAD)) || (code = IN(UPDATE, step_update(c, e))) ||
        (code = STEP(after_update, PDR_NO_GRAD)) || (code = STEP(after_batch, PDR_NO_GRAD)))
        return code;
    return 0;
}

static void progress_tell(cell *c, const stage *s, double now)
{
    double rate = (double)c->steps_timed / (c->clock.train + 1e-9);
    struct rusage used = {0};
    getrusage(RUSAGE_SELF, &used);
    c->listener->progress(c->listener->self,
                          &(train_progress){stage_task(c, s), s->ends ? c->stream->count : c->stage_count, c->steps,
                                            c->steps_all, c->loss, rate, (int64_t)used.ru_maxrss * 1024});
    c->told = now;
}

static void step_log(const cell *c, int64_t task)
{
    const train_listener *l = c->listener;
    if (!l->point)
        return;
    l->point(l->self, "loss", task, c->steps, c->loss);
    if (c->method->options->optimizer.schedule.type != SCHEDULE_CONSTANT)
        l->point(l->self, "learning_rate", task, c->steps, c->step.step.lr);
}

static void loop_tell(cell *c, const stage *s)
{
    double now = clock_seconds();
    bool log = c->steps % LOG_EVERY == 0, tell = now - c->told > 0.1;
    if (!log && !tell)
        return;
    profile_begin(c->profile, PROFILE_LOG);
    c->engine->tensor->read(c->step.step.loss, PDR_F64, &c->loss, sizeof c->loss);
    if (log)
        step_log(c, stage_task(c, s));
    if (tell && c->listener->progress)
        progress_tell(c, s, now);
    profile_end(c->profile, 0);
}

/* A GPU is still at work when the loop has asked for its last step: the clock of training waits for it. */
static int loop_settle(cell *c, error *e)
{
    double start = clock_seconds();
    if (!c->warm) /* it goes on behind the last batch of an epoch */
        return 0;
    c->engine->tensor->read(c->step.step.loss, PDR_F64, &c->loss, sizeof c->loss);
    c->clock.train += clock_seconds() - start;
    return check_loss_now(c, c->step.step.loss, e);
}

/* The first step of a process starts parts of LibTorch. */
static void loop_time(cell *c, double seconds)
{
    if (c->warm)
        c->clock.train += seconds;
    else
        c->clock.start += seconds;
    c->steps_timed += c->warm;
    c->warm = true;
}

/* A task of the stream is over: its row of the matrix, where it has one, and the end of its curve. */
static int loop_row(cell *c, int64_t after, bool row, error *e)
{
    bool laid = false;
    profile_begin(c->profile, PROFILE_EVALUATION);
    int code = row ? beginning_row(c, after, &laid, e) : 0;
    if (!code && row && !laid)
        code = evaluate_row(c, after, e);
    return profile_end(c->profile, code ? code : anytime_end(c, after, e));
}

/* What is measured behind a step that is not the last of its stage: what the tasks that ended with it are due where nobody
 * is told of them, else what the evaluations within tasks are. */
static int loop_measure(cell *c, stage *s, int64_t epoch, error *e)
{
    int64_t first, ended = stage_ended(c, s, &first);
    const bool row = c->scenario->evaluation.matrix.rows == ROWS_EACH_TASK;
    const bool within = !ended && anytime_due(c) && !schedule_ends(c, epoch);
    c->row_now = ended > 0;
    if (!ended && !within)
        return 0;
    int code = loop_settle(c, e);
    for (int64_t i = first; !code && i < first + ended; i++)
        code = loop_row(c, i + 1, row, e);
    return !code && within ? IN(EVALUATION, anytime_within(c, s->ends ? stage_task(c, s) : s->after, e)) : code;
}

/* The next batch, with which a step begins. */
static bool loop_take(cell *c, stage *s, int64_t epoch, error *e)
{
    profile_begin_span(c->profile, PROFILE_STEP, c->steps + 1);
    profile_begin(c->profile, PROFILE_DATA);
    bool taken = batch_take(c, s, epoch, e);
    profile_end(c->profile, 0);
    if (!taken && c->profile)
        profile_drop(c->profile);
    return taken;
}

/* The order of its batches is drawn where the epoch begins. */
static void loop_order(cell *c, stage *s, int64_t epoch)
{
    profile_begin(c->profile, PROFILE_DATA);
    batch_order_begin(c, s, epoch);
    profile_end(c->profile, 0);
}

/* going_on: the epoch has begun before the checkpoint was written. */
static int loop_epoch(cell *c, stage *s, int64_t epoch, bool going_on, error *e)
{
    profile_begin_span(c->profile, PROFILE_EPOCH, epoch + 1);
    int code = going_on ? 0 : EPOCH(before_epoch);
    double start = clock_seconds();
    if (!code && !going_on)
        loop_order(c, s, epoch);
    while (!code && loop_take(c, s, epoch, e)) {
        if ((code = profile_end(c->profile, loop_batch(c, e))))
            break;
        host_flush_metrics(&c->session); /* under the number that metric() had in the same hooks */
        c->steps++;
        double now = clock_seconds();
        loop_time(c, now - start);
        start = now;
        loop_tell(c, s);
        double saved = c->saved, measured = c->clock.evaluate;
        if ((code = loop_measure(c, s, epoch, e)) || (code = save_in_task(c, s, epoch, e)))
            break;
        if (c->saved != saved || c->clock.evaluate != measured)
            start = clock_seconds();
    }
    if (!code && !(code = e->code))
        code = loop_settle(c, e);
    return profile_end(c->profile, code ? code : EPOCH(after_epoch));
}

int loop_task_begin(cell *c, stage *s, error *e)
{
    double start = clock_seconds();
    c->session.task = &s->task;
    c->steps_before = c->steps;
    int code = stage_begin(c, s, e);
    if (!code)
        code = TASK(before_task);
    check_heads_begin(c);
    c->clock.between_tasks += clock_seconds() - start;
    return code;
}

int loop_steps(cell *c, stage *s, bool going_on, error *e)
{
    int code = 0;
    for (int64_t epoch = going_on ? c->place.epoch : 0; !code && (going_on || !schedule_over(c, epoch)); epoch++) {
        code = loop_epoch(c, s, epoch, going_on, e);
        going_on = false;
    }
    return code;
}

/* A cell that goes on within a task is behind all that loop_task_begin() does, and within an epoch. */
static int loop_task(cell *c, stage *s, error *e)
{
    bool going_on = c->place.in_task && s == &c->stages[c->place.stage], laid = false;
    profile_begin_span(c->profile, PROFILE_TASK, s - c->stages + 1);
    int code = going_on ? 0 : loop_task_begin(c, s, e);
    if (!code && !going_on)
        code = beginning_steps(c, s, &laid, e);
    if (!code && !laid)
        code = loop_steps(c, s, going_on, e);
    double start = clock_seconds();
    s->task.mingled_count = 0; /* no batch comes any more: their strategy may close them */
    if (!code) {
        check_penalties_end(c);
        check_heads_end(c, s);
        code = TASK(after_task);
    }
    c->clock.between_tasks += clock_seconds() - start;
    host_flush_metrics(&c->session); /* what belongs to this task is told with its number */
    s->task.task.scope = NULL;       /* as a task of `previous` has it */
    stage_empty(s);
    return profile_end(c->profile, code);
}

static int loop_untrained(cell *c, error *e)
{
    bool laid = false;
    profile_begin(c->profile, PROFILE_EVALUATION);
    int code = beginning_row(c, 0, &laid, e);
    return profile_end(c->profile, code || laid ? code : evaluate_row(c, 0, e));
}

bool loop_row_due(const cell *c, int64_t i)
{
    return c->scenario->evaluation.matrix.rows == ROWS_EACH_TASK || i == c->stage_count - 1;
}

int loop_run(cell *c, error *e)
{
    bool going_on = c->from != NULL;
    if (c->profile)
        profile_expect(c->profile, c->stage_count);
    int code = dispatch_run(c, true, e);
    if (!code && going_on)
        code = IN(START, resume_end(c, e));
    if (!code && !going_on && c->scenario->evaluation.matrix.untrained)
        code = loop_untrained(c, e);
    if (!code && !going_on)
        code = save_after_task(c, 0, e);
    for (int64_t i = c->place.stage; !code && i < c->stage_count; i++) {
        if (!(code = loop_task(c, &c->stages[i], e)))
            code = loop_row(c, c->stages[i].after, loop_row_due(c, i), e);
        beginning_end(c);
        if (!code)
            code = save_after_task(c, i + 1, e);
    }
    return code ? code : dispatch_run(c, false, e);
}
