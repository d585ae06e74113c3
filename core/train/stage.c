/* What is trained on between two rows of the matrix, and which columns compete while it is.
 *
 * The scenario's `active` says who competes in the training loss: all columns, those seen so far, or those of the row's
 * own task. A rehearsed row's task is that of its label, so with `task` and columns of its own for every task the run of
 * columns follows from the label; where tasks share columns its task is unknown, and it competes among all of them. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "train/cell.h"

/* Whether every task has columns of its own; else all tasks share the first ones. */
static bool columns_disjoint(const cell *c)
{
    const struct stream_options *o = &c->scenario->stream;
    return o->scenario == CLASS_IL || o->head == HEAD_MULTI;
}

static engine_mask mask_run(const cell *c, int64_t first, int64_t count)
{
    return (engine_mask){.first = first, .count = count, .columns = c->stream->columns};
}

static engine_mask mask_task(const cell *c, const stream_task *t)
{
    return columns_disjoint(c) ? mask_run(c, t->seen_before, t->seen - t->seen_before) : mask_run(c, 0, t->class_count);
}

static engine_mask mask_fresh(const cell *c, const stream_task *t)
{
    switch (c->scenario->stream.active) {
    case ACTIVE_TASK: return mask_task(c, t);
    case ACTIVE_SEEN: return mask_run(c, 0, t->seen);
    default: return mask_run(c, 0, heads_columns(c, t));
    }
}

static engine_mask mask_any(const cell *c, const stream_task *t)
{
    if (c->scenario->stream.active != ACTIVE_TASK)
        return mask_fresh(c, t);
    engine_mask mask = mask_run(c, 0, c->stream->columns);
    if (columns_disjoint(c)) {
        mask.first_of = c->first_of;
        mask.count_of = c->count_of;
    }
    return mask;
}

engine_mask mask_evaluated(const cell *c, int64_t after, int64_t on)
{
    const stream_task *tasks = c->stream->tasks;
    if (c->scenario->stream.scenario == TASK_IL)
        return mask_task(c, &tasks[on - 1]);
    return mask_run(c, 0, tasks[(after > on ? after : on) - 1].seen);
}

static void runs_open(cell *c)
{
    c->first_of = alloc_zero((size_t)c->stream->columns, sizeof *c->first_of);
    c->count_of = alloc_zero((size_t)c->stream->columns, sizeof *c->count_of);
    for (int64_t i = 0; i < c->stream->count; i++) {
        engine_mask run = mask_task(c, &c->stream->tasks[i]);
        for (int64_t j = run.first; j < run.first + run.count; j++) {
            c->first_of[j] = run.first;
            c->count_of[j] = run.count;
        }
    }
}

/* ---- tasks as hooks see them ---- */

static bool task_free(const cell *c) { return c->scenario->stream.scenario == TASK_FREE; }

static pdr_task task_seen(const cell *c, const stream_task *t)
{
    return (pdr_task){
        .struct_size = sizeof(pdr_task),
        .boundary_known = !task_free(c),
        .task_id_given = c->scenario->stream.scenario == TASK_IL,
        .augmented = c->data->augment_count > 0,
        .index = t->index,
        .row_count = task_free(c) ? -1 : t->train_count, /* rows come by batches, and no others can be read */
        .held_out = task_free(c) ? 0 : t->held_count,
        .class_count = t->present_count,
        .seen_before = t->seen_before,
        .seen = t->seen,
        .columns = heads_columns(c, t),
        .classes = t->present,
        .shape = c->data->shape,
        .rank = c->data->rank,
        .model = c->session.model,
    };
}

/* Which tasks a stage has the rows of, and how many these are. */
static void stage_span(const cell *c, stage *s, int64_t first, int64_t tasks)
{
    s->first = first;
    s->tasks = tasks;
    for (int64_t i = first; i < first + tasks; i++) {
        s->count += c->stream->tasks[i].train_count;
        s->held += c->stream->tasks[i].held_count;
    }
}

/* Rows from `at` on; returns where they end. */
static int64_t rows_lay(const cell *c, stage *s, int64_t at, const int64_t *places, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        s->rows[at + i] = places[i];
        s->labels[at + i] = stream_column(c->stream, &c->data->train, places[i]);
    }
    return at + count;
}

void stage_empty(stage *s)
{
    free(s->rows);
    free(s->labels);
    s->rows = s->labels = NULL;
    s->task.rows = s->task.labels = NULL;
}

/* All that are trained on, and behind them those held out. Only for as long as the stage runs: with all-so-far the lists of
 * all stages together would grow with the square of the tasks. */
void stage_fill(const cell *c, stage *s)
{
    stage_empty(s);
    const stream_task *t = c->stream->tasks + s->first;
    int64_t at = 0, all = s->count + s->held;
    s->rows = alloc_zero((size_t)all + 1, sizeof *s->rows);
    s->labels = alloc_zero((size_t)all + 1, sizeof *s->labels);
    for (int64_t i = 0; i < s->tasks; i++)
        at = rows_lay(c, s, at, t[i].train, t[i].train_count);
    for (int64_t i = 0; i < s->tasks; i++)
        at = rows_lay(c, s, at, t[i].held, t[i].held_count);
    s->task.rows = s->rows;
    s->task.labels = s->labels;
}

static void stage_open(cell *c, stage *s, const stream_task *t)
{
    stage_span(c, s, t->index, 1);
    s->after = t->index + 1;
    s->task = (host_task){.task = task_seen(c, t), .fresh = mask_fresh(c, t), .any = mask_any(c, t)};
    s->task.task.previous = s == c->stages ? NULL : &s[-1].task.task;
}

/* The rows and classes of the first `count` tasks as one. */
static void stage_open_many(cell *c, stage *s, int64_t count)
{
    const stream_task *last = &c->stream->tasks[count - 1];
    stage_span(c, s, 0, count);
    s->classes = alloc_zero((size_t)last->seen, sizeof *s->classes);
    for (int64_t i = 0; i < last->seen; i++)
        s->classes[i] = i;
    s->after = count;
    s->task = (host_task){.task = task_seen(c, last), .fresh = mask_any(c, last), .any = mask_any(c, last)};
    s->task.task.row_count = s->count;
    s->task.task.held_out = s->held;
    s->task.task.class_count = last->seen;
    s->task.task.classes = s->classes;
}

/* train_on: all. One task, and no boundary to know of. */
static void stage_open_joint(cell *c, stage *s)
{
    stage_open_many(c, s, c->stream->count);
    s->task.task.boundary_known = 0;
    s->task.task.index = 0;
    s->task.task.seen_before = 0;
}

/* scenario: task-free. All tasks one after another as one, of which hooks see what has come so far. */
static void stage_open_free(cell *c, stage *s)
{
    stage_open_many(c, s, c->stream->count);
    s->ends = alloc_zero((size_t)s->tasks, sizeof *s->ends);
    for (int64_t i = 0, end = 0; i < s->tasks; i++)
        s->ends[i] = end += c->stream->tasks[i].train_count;
    s->task.task.row_count = -1;
    s->task.task.held_out = 0;
    s->task.task.index = 0;
    s->task.task.seen_before = 0;
    stage_advance(c, s);
}

void stage_advance(cell *c, stage *s)
{
    if (!s->ends)
        return;
    const int64_t last = c->order.next > 0 ? c->order.next - 1 : 0;
    c->segment = 0;
    while (c->segment < s->tasks - 1 && s->ends[c->segment] <= last)
        c->segment++;
    const stream_task *t = &c->stream->tasks[c->segment];
    s->task.task.seen = s->task.task.class_count = t->seen;
    s->task.fresh = mask_fresh(c, t);
    s->task.any = mask_any(c, t);
}

int64_t stage_task(const cell *c, const stage *s) { return s->ends ? c->segment + 1 : s->task.task.index + 1; }

int64_t stage_ended(const cell *c, const stage *s, int64_t *first)
{
    const batch_order *o = &c->order;
    int64_t count = 0;
    *first = 0;
    for (int64_t i = 0; s->ends && i < s->tasks - 1; i++) {
        *first += s->ends[i] <= o->next - o->taken;
        count += s->ends[i] > o->next - o->taken && s->ends[i] <= o->next;
    }
    return count;
}

/* train_on: all-so-far. As many tasks as the stream has, each with the rows of those before it, too. */
static void stage_open_so_far(cell *c, stage *s, int64_t i)
{
    stage_open_many(c, s, i + 1);
    s->task.task.previous = s == c->stages ? NULL : &s[-1].task.task;
}

static void stage_finish(cell *c, stage *s)
{
    s->task.session = &c->session;
    if (__builtin_add_overflow(c->steps_all, schedule_steps(c, s->count), &c->steps_all))
        c->steps_all = INT64_MAX; /* nobody comes so far: it is for the progress line alone */
}

void stages_open(cell *c)
{
    runs_open(c);
    c->stage_count = c->method->train_on == TRAIN_ALL || task_free(c) ? 1 : c->stream->count;
    c->stages = alloc_zero((size_t)c->stage_count, sizeof *c->stages);
    c->views = alloc_zero((size_t)c->stream->count, sizeof *c->views);
    for (int64_t i = 0; i < c->stage_count; i++) {
        if (c->method->train_on == TRAIN_ALL)
            stage_open_joint(c, c->stages);
        else if (task_free(c))
            stage_open_free(c, c->stages);
        else if (c->method->train_on == TRAIN_ALL_SO_FAR)
            stage_open_so_far(c, &c->stages[i], i);
        else
            stage_open(c, &c->stages[i], &c->stream->tasks[i]);
        stage_finish(c, &c->stages[i]);
    }
    for (int64_t i = 0; i < c->stream->count; i++) {
        c->views[i] = (host_task){.task = task_seen(c, &c->stream->tasks[i]),
                                  .fresh = mask_fresh(c, &c->stream->tasks[i]),
                                  .any = mask_any(c, &c->stream->tasks[i]),
                                  .session = &c->session};
        c->views[i].task.previous = i && !task_free(c) ? &c->views[i - 1].task : NULL;
    }
}

int stage_begin(cell *c, stage *s, error *e)
{
    stage_fill(c, s);
    int code = heads_reach(c, c->session.model, s->after - 1, e);
    bool reset = c->method->options->optimizer.reset_per_task && s > c->stages;
    return code || !reset ? code : cell_optimizer(c, e);
}

void stages_close(cell *c)
{
    for (int64_t i = 0; i < c->stage_count; i++) {
        stage_empty(&c->stages[i]);
        free(c->stages[i].task.mingled);
        free(c->stages[i].classes);
        free(c->stages[i].ends);
    }
    free(c->stages);
    free(c->views);
    free(c->first_of);
    free(c->count_of);
}
