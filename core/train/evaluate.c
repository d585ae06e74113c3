/* A row of the matrix: accuracy on every task after so many tasks, in large batches without a graph; and in the same way, by
 * the same hooks, the accuracies on the tasks so far while one is trained (see anytime.c). All tasks are one pass over their
 * rows (evaluate_pass.c), unless a strategy has a hook around the evaluation of a task or gives the scores itself: then each
 * task is a pass of its own.
 *
 * In task-il the task's own columns compete, else the columns seen after max(after, on) tasks: a task that is still to
 * come is judged among the classes that will be seen once it has come, in row 0 as in every other, so that forward
 * transfer subtracts like from like. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "train/cell.h"

#define EVAL(hook) dispatch_eval(c, offsetof(pdr_hooks, hook), #hook, eval, e)

/* Right answers among n rows: the greatest of the competing columns is the label's. */
static int64_t right_count(cell *c, pdr_scope *s, const pdr_tensor *scores, const engine_mask *mask,
                           const int64_t *label, int64_t n)
{
    const pdr_tensor_api *t = c->engine->tensor;
    pdr_tensor *best = t->argmax(s, t->slice(s, scores, 1, mask->first, mask->count), 1, 0);
    const int64_t *column = c->engine->bytes(s, best, PDR_I64);
    int64_t right = 0;
    for (int64_t i = 0; column && i < n; i++)
        right += column[i] + mask->first == label[i];
    return right;
}

/* One chunk of a task's rows: of the test, or of those held out of training. */
typedef struct chunk {
    pdr_model *network; /* that is measured */
    const data_rows *part;
    const int64_t *rows;
    int64_t count, label[EVALUATE_ROWS];
    int64_t right, right_network;
} chunk;

static pdr_tensor *chunk_gather(cell *c, pdr_scope *s, const stream_task *t, chunk *k)
{
    const dataset *data = c->data;
    const int32_t *column_of = c->stream->column_of + t->index * c->stream->set_classes;
    void *x = NULL;
    pdr_tensor *out = host_blank_rows(&c->session, s, PDR_F32, k->count, &x);
    if (out)
        stream_gather(c->stream, data, k->part, k->rows, k->count, x);
    for (int64_t i = 0; i < k->count; i++)
        k->label[i] = column_of[k->part->label[place_row(k->part, k->rows[i])]];
    return c->engine->to_device(s, out);
}

/* The sole predict's scores, in the caller's scope. */
static pdr_tensor *scores_by_owner(cell *c, pdr_scope *s, pdr_eval *eval, error *e)
{
    const pdr_tensor_api *t = c->engine->tensor;
    strategy *owner = &c->session.strategies[c->method->prediction_owner];
    int64_t rows = t->size(eval->logits, 0), columns = t->size(eval->logits, 1);
    pdr_tensor *theirs = NULL;
    profile_begin_hook(c->profile, owner->name, "predict");
    eval->scope = c->views[eval->on_task].task.scope = host_enter(owner, "predict", PDR_NO_GRAD);
    pdr_status status = owner->plugin->hooks.predict(owner->self, eval, &theirs);
    if (status == PDR_OK && t->status(owner->scope) == PDR_OK &&
        (!theirs || t->rank(theirs) != 2 || t->size(theirs, 0) != rows || t->size(theirs, 1) != columns))
        host_fail(owner, PDR_EINVALID, "found %s; expected scores [%lld, %lld]",
                  theirs ? "scores of another shape" : "no scores", (long long)rows, (long long)columns);
    pdr_tensor *out = c->engine->adopt(s, theirs);
    return profile_end(c->profile, host_leave(owner, status, e)) ? NULL : out;
}

static int chunk_measure(cell *c, pdr_scope *s, pdr_eval *eval, const engine_mask *mask, chunk *k, error *e)
{
    const bool owned = c->method->prediction_owner >= 0;
    pdr_tensor *x = chunk_gather(c, s, &c->stream->tasks[eval->on_task], k), *features = NULL;
    eval->x = x;
    eval->logits = c->engine->forward_both(s, k->network, x, PDR_EVAL, owned ? &features : NULL);
    eval->features = features;
    pdr_tensor *scores = (pdr_tensor *)(uintptr_t)eval->logits;
    if (c->engine->tensor->status(s) == PDR_OK && check_logits(c, eval, e))
        return e->code;
    if (owned) {
        k->right_network += right_count(c, s, eval->logits, mask, k->label, k->count);
        scores = eval->logits ? scores_by_owner(c, s, eval, e) : NULL;
    }
    if (!e->code)
        k->right += right_count(c, s, scores, mask, k->label, k->count);
    if (!e->code && c->engine->tensor->status(s) < 0)
        return error_set(e, EXIT_FAILED, "evaluation on task %lld after %lld: %s", (long long)eval->on_task + 1,
                         (long long)eval->after_task, c->engine->scope_message(s));
    return e->code;
}

static int rows_measure(cell *c, pdr_eval *eval, const int64_t *rows, int64_t count, chunk *k, error *e)
{
    engine_mask mask = mask_evaluated(c, eval->after_task, eval->on_task + 1);
    bool plain = c->method->prediction_owner < 0; /* what a plugin may keep must not be an inference tensor */
    pdr_scope *s = c->engine->tensor->open(NULL, PDR_NO_GRAD);
    k->right = k->right_network = 0;
    for (int64_t first = 0; !e->code && first < count; first += EVALUATE_ROWS) {
        c->engine->scope_clear(s, plain ? ENGINE_INFERENCE : PDR_NO_GRAD);
        k->rows = rows + first;
        k->count = count - first < EVALUATE_ROWS ? count - first : EVALUATE_ROWS;
        chunk_measure(c, s, eval, &mask, k, e);
    }
    c->engine->tensor->close(s);
    eval->x = eval->logits = eval->features = NULL;
    return e->code;
}

/* log.jsonl has every measured accuracy under the task's name, at the step behind which it was measured. */
static void accuracy_log(const cell *c, int64_t task, const stream_task *t, double accuracy)
{
    char name[64];
    snprintf(name, sizeof name, "accuracy/task-%lld", (long long)t->index + 1);
    if (c->listener->point)
        c->listener->point(c->listener->self, name, task, c->steps, accuracy);
}

static void test_keep(cell *c, int64_t after, const stream_task *t, int64_t right, int64_t right_network)
{
    cell_result *r = c->result;
    double accuracy = (double)right / (double)t->test_count;
    matrix_set(r->accuracy, after, t->index + 1, right, t->test_count);
    if (r->network)
        matrix_set(r->network, after, t->index + 1, right_network, t->test_count);
    accuracy_log(c, after, t, accuracy);
    if (c->listener->measured)
        c->listener->measured(c->listener->self, after, t->index + 1, accuracy);
}

/* What is measured: a row of the matrix, or tasks at a point of the curve, which is then logged unless a row was. */
enum what { ROW, POINT, POINT_BESIDE_ROW };

/* Logged unless it stands beside a row of the matrix, which was. */
static void point_keep(cell *c, int64_t after, const stream_task *t, int64_t right, int64_t count, bool logged)
{
    curve_set(c->result->anytime, t->index + 1, right, count);
    if (logged)
        accuracy_log(c, after, t, (double)right / (double)count);
}

/* A trial of a search never sees a test row: what is shown of it is measured on those held out. */
static void held_keep(cell *c, int64_t after, const stream_task *t, int64_t right)
{
    matrix_set(c->result->validation, after, t->index + 1, right, t->held_count);
    if (c->method->trial && c->listener->measured)
        c->listener->measured(c->listener->self, after, t->index + 1, (double)right / (double)t->held_count);
}

/* ---- a task by itself ---- */

static int point_measure(cell *c, pdr_eval *eval, const stream_task *t, chunk *k, bool logged, error *e)
{
    int64_t count = 0;
    const int64_t *rows = anytime_rows(c, t, &count);
    k->part = &c->data->test;
    if (!rows_measure(c, eval, rows, count, k, e))
        point_keep(c, eval->after_task, t, k->right, count, logged);
    return e->code;
}

static int test_measure(cell *c, pdr_eval *eval, const stream_task *t, chunk *k, error *e)
{
    k->part = &c->data->test;
    if (!rows_measure(c, eval, t->test, t->test_count, k, e))
        test_keep(c, eval->after_task, t, k->right, k->right_network);
    return e->code;
}

static int held_measure(cell *c, pdr_eval *eval, const stream_task *t, chunk *k, error *e)
{
    k->part = &c->data->train;
    if (!rows_measure(c, eval, t->held, t->held_count, k, e))
        held_keep(c, eval->after_task, t, k->right);
    return e->code;
}

static int task_measure(cell *c, pdr_eval *eval, const stream_task *t, chunk *k, error *e)
{
    int code = c->method->trial ? 0 : test_measure(c, eval, t, k, e);
    return code || !c->result->validation ? code : held_measure(c, eval, t, k, e);
}

/* What before_eval does to the network is undone after after_eval (rule 20). */
typedef struct values {
    pdr_scope *scope;
    pdr_tensor *now[2], *before[2]; /* parameters and buffers; NULL: there are none */
    engine_gates *gates;            /* NULL: nobody touches them */
} values;

static values values_keep(const cell *c, bool touched)
{
    values v = {.scope = c->engine->tensor->open(NULL, PDR_NO_GRAD)};
    v.gates = touched ? c->engine->gates_keep(c->session.model) : NULL;
    v.now[0] = touched ? c->engine->model->flat_params(c->session.model) : NULL;
    v.now[1] = touched ? c->engine->model_buffers(c->session.model) : NULL;
    for (int i = 0; i < 2; i++)
        v.before[i] = c->engine->tensor->clone(v.scope, v.now[i]);
    return v;
}

static void values_restore(const cell *c, values *v)
{
    for (int i = 0; i < 2; i++)
        c->engine->tensor->copy(v->scope, v->now[i], v->before[i]);
    if (v->gates)
        c->engine->gates_restore(c->session.model, v->gates);
    c->engine->tensor->close(v->scope);
}

/* A snapshot that has the heads of all tasks to `last` (from 0), as they will be when they come. */
static int network_grown(cell *c, int64_t last, pdr_model **out, error *e)
{
    if (!(*out = c->engine->model->snapshot(NULL, c->session.model)))
        return error_set(e, EXIT_SYSTEM, "evaluation on task %lld: no memory for a copy of the network",
                         (long long)last + 1);
    return heads_reach(c, *out, last, e);
}

/* The network as it is after before_eval; where it has no head for the task yet, a snapshot that has: *ahead. */
static int network_measure(cell *c, pdr_eval *eval, const stream_task *t, enum what what, chunk *k, pdr_model **ahead,
                           error *e)
{
    bool lacks = heads_grow(c) && c->engine->model_columns(c->session.model) < t->seen;
    int code = lacks ? network_grown(c, t->index, ahead, e) : 0;
    k->network = lacks ? *ahead : c->session.model;
    eval->model = k->network;
    if (!code) {
        c->views[t->index].task.columns = c->engine->model_columns(k->network);
        code = what == ROW ? task_measure(c, eval, t, k, e) : point_measure(c, eval, t, k, what == POINT, e);
    }
    eval->model = c->session.model;
    return code;
}

static int task_evaluate(cell *c, int64_t after, const stream_task *t, enum what what, error *e)
{
    pdr_eval shown = {.struct_size = sizeof shown,
                      .after_task = after,
                      .on_task = t->index,
                      .task = &c->views[t->index].task,
                      .model = c->session.model};
    pdr_eval *eval = &shown;
    pdr_model *ahead = NULL;
    values before = values_keep(c, dispatch_wanted(c, offsetof(pdr_hooks, before_eval)));
    chunk *k = alloc_zero(1, sizeof *k);
    c->views[t->index].task.columns = c->engine->model_columns(c->session.model);
    int code = EVAL(before_eval);
    if (!code)
        code = network_measure(c, eval, t, what, k, &ahead, e);
    if (!code)
        code = EVAL(after_eval);
    values_restore(c, &before);
    c->engine->model->discard(ahead);
    c->views[t->index].task.scope = NULL;
    free(k);
    return code;
}

/* ---- all tasks together ---- */

/* No strategy may change the network between two tasks, or is shown what it measures. */
static bool together(const cell *c)
{
    return c->method->prediction_owner < 0 && !dispatch_wanted(c, offsetof(pdr_hooks, before_eval)) &&
           !dispatch_wanted(c, offsetof(pdr_hooks, after_eval));
}

enum rows { TEST_ROWS, POINT_ROWS, HELD_ROWS };

static evaluate_task *together_open(const cell *c, int64_t after, int64_t count, enum rows which)
{
    evaluate_task *tasks = alloc_zero((size_t)count + 1, sizeof *tasks);
    for (int64_t i = 0; i < count; i++) {
        const stream_task *t = &c->stream->tasks[i];
        tasks[i] = (evaluate_task){.task = t, .mask = mask_evaluated(c, after, i + 1)};
        if (which == POINT_ROWS)
            tasks[i].rows = anytime_rows(c, t, &tasks[i].count);
        else
            tasks[i].rows = which == TEST_ROWS ? t->test : t->held;
        if (which != POINT_ROWS)
            tasks[i].count = which == TEST_ROWS ? t->test_count : t->held_count;
    }
    return tasks;
}

/* Tasks whose heads are still to come, the last ones, have a snapshot that has all of them. */
static int together_measure(cell *c, int64_t after, int64_t count, enum rows which, evaluate_task *tasks, error *e)
{
    const data_rows *part = which == HELD_ROWS ? &c->data->train : &c->data->test;
    int64_t there = 0;
    pdr_model *ahead = NULL;
    while (there < count && (!heads_grow(c) || tasks[there].task->seen <= c->engine->model_columns(c->session.model)))
        there++;
    int code = evaluate_pass(c, c->session.model, part, after, tasks, there, e);
    if (!code && there < count && !(code = network_grown(c, c->stream->count - 1, &ahead, e)))
        code = evaluate_pass(c, ahead, part, after, tasks + there, count - there, e);
    c->engine->model->discard(ahead);
    return code;
}

static void together_keep(cell *c, int64_t after, const evaluate_task *t, enum rows which, enum what what)
{
    if (which == TEST_ROWS)
        test_keep(c, after, t->task, t->right, 0);
    else if (which == HELD_ROWS)
        held_keep(c, after, t->task, t->right);
    else
        point_keep(c, after, t->task, t->right, t->count, what == POINT);
}

static int together_run(cell *c, int64_t after, int64_t count, enum rows which, enum what what, error *e)
{
    evaluate_task *tasks = together_open(c, after, count, which);
    int code = together_measure(c, after, count, which, tasks, e);
    for (int64_t i = 0; !code && i < count; i++)
        together_keep(c, after, &tasks[i], which, what);
    free(tasks);
    return code;
}

static int together_evaluate(cell *c, int64_t after, int64_t count, enum what what, error *e)
{
    if (what != ROW)
        return together_run(c, after, count, POINT_ROWS, what, e);
    int code = c->method->trial ? 0 : together_run(c, after, count, TEST_ROWS, what, e);
    return code || !c->result->validation ? code : together_run(c, after, count, HELD_ROWS, what, e);
}

/* The first `count` tasks, after so many. */
static int tasks_evaluate(cell *c, int64_t after, int64_t count, enum what what, error *e)
{
    double start = clock_seconds();
    const bool all = together(c);
    host_doing(&c->session, HOST_EVALUATE);
    int code = all ? together_evaluate(c, after, count, what, e) : 0;
    for (int64_t i = 0; !all && !code && i < count; i++)
        code = task_evaluate(c, after, &c->stream->tasks[i], what, e);
    host_flush_metrics(&c->session);
    c->clock.evaluate += clock_seconds() - start;
    return code;
}

int evaluate_row(cell *c, int64_t after, error *e)
{
    bool seen = c->scenario->evaluation.matrix.tasks == TASKS_SEEN;
    int code = tasks_evaluate(c, after, seen ? after : c->stream->count, ROW, e);
    if (!code && c->listener->row && !c->method->trial)
        c->listener->row(c->listener->self, after, c->steps, c->result->accuracy);
    return code;
}

int evaluate_point(cell *c, int64_t task, bool beside_row, error *e)
{
    return tasks_evaluate(c, task, task, beside_row ? POINT_BESIDE_ROW : POINT, e);
}
