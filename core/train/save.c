/* Saving a cell between two steps: all that decides what comes next, so that the cell that goes on ends with the same bits.
 *
 * The network lies under the names of its blocks in the checkpoint's weights, for other programs to read; the rest lies
 * beside it under names like paths (network/..., optimizer/..., loop/..., matrix/..., strategy/...). Numbers that people may
 * want to see are JSON in the manifest. What is read from the configuration or the data again is not saved. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/checkpoint.h"
#include "train/cell.h"

/* ---- network ---- */

/* A copy on the host of a tensor [n] f32; NULL for NULL. Owned. Where a device fails it is zeros, and *e says so: they would
 * be a good checkpoint to everybody. */
static float *values_of(const cell *c, const pdr_tensor *t, int64_t *count, error *e)
{
    *count = t ? c->engine->tensor->size(t, PDR_ALL) : 0;
    if (!t)
        return NULL;
    float *at = alloc_zero((size_t)*count + 1, sizeof *at);
    if (c->engine->tensor->read(t, PDR_F32, at, (uint64_t)*count * sizeof *at) != PDR_OK)
        error_set(e, EXIT_SYSTEM,
                  "checkpoint: the device does not give back %lld numbers of the network or its optimizer",
                  (long long)*count);
    return at;
}

static void stream_save(const random_stream *r, const char *name, arrays *rest)
{
    arrays_copy(rest, name, ARRAY_I64, 2, (int64_t[]){(int64_t)r->key, (int64_t)r->drawn});
}

static void block_save(const pdr_block *b, const float *values, arrays *weights)
{
    float *copy = alloc_zero((size_t)b->count + 1, sizeof *copy);
    if (values) /* where there is a block, there are */
        memcpy(copy, values + b->first, (size_t)b->count * sizeof *copy);
    arrays_take(weights, b->name, ARRAY_F32, b->shape, (int32_t)b->rank, copy);
}

static void network_save(const cell *c, arrays *weights, arrays *rest, error *e)
{
    const struct engine *engine = c->engine;
    pdr_model *m = c->session.model;
    const int64_t blocks = engine->model->block_count(m), buffers = engine->buffer_count(m);
    int64_t count[2];
    float *at[2] = {values_of(c, engine->model->flat_params(m), &count[0], e),
                    values_of(c, engine->model_buffers(m), &count[1], e)};
    for (int64_t i = 0; i < blocks + buffers; i++) {
        pdr_block b = {.struct_size = sizeof b};
        if (i < blocks)
            engine->model->block(m, i, &b);
        else
            engine->buffer(m, i - blocks, &b);
        block_save(&b, at[i >= blocks], weights);
    }
    free(at[0]);
    free(at[1]);
    stream_save(engine->model_stream(m), "network/dropout", rest);
}

static void gates_save(const cell *c, arrays *rest, error *e)
{
    for (int64_t i = 0; i < c->engine->gate_count(c->session.model); i++) {
        const char *who = NULL;
        int64_t layer = 0, count = 0;
        float *mask = values_of(c, c->engine->gate_at(c->session.model, i, &who, &layer), &count, e);
        char *name = alloc_format("network/gates/%lld/%lld/%s", (long long)i, (long long)layer, who);
        arrays_take(rest, name, ARRAY_F32, &count, 1, mask);
        free(name);
    }
}

static void optimizer_save(const cell *c, arrays *rest, error *e)
{
    static const char *const averages[] = {"momentum", "first", "second"};
    const struct engine *engine = c->engine;
    for (size_t i = 0; i < sizeof averages / sizeof *averages; i++) {
        int64_t count = 0;
        float *at = values_of(c, engine->optimizer_state(c->optimizer, averages[i]), &count, e);
        char *name = alloc_format("optimizer/%s", averages[i]);
        if (at)
            arrays_take(rest, name, ARRAY_F32, &count, 1, at);
        free(name);
    }
    arrays_copy(rest, "optimizer/steps", ARRAY_I64, 1, engine->optimizer_steps(c->optimizer));
    arrays_copy(rest, "optimizer/births", ARRAY_I64, engine->model->block_count(c->session.model),
                engine->optimizer_births(c->optimizer));
}

/* ---- the loop ---- */

/* Memories by name, as handles are made anew: "STRATEGY/NAME" with a NUL each, in the order of mingling. */
static void mingled_save(const cell *c, const host_task *t, arrays *rest)
{
    text names = {0};
    const batch_order *o = &c->order;
    int64_t *rows = alloc_zero((size_t)o->mingled_count * 2 + 1, sizeof *rows);
    for (int64_t i = 0; i < t->mingled_count; i++) {
        const strategy *owner = host_memory_owner(t->mingled[i]);
        text_addf(&names, "%d/%s", (int)(owner - c->session.strategies), host_memory_name(t->mingled[i]));
        text_add(&names, "", 1);
    }
    for (int64_t i = 0; i < o->mingled_count; i++) {
        for (int64_t j = 0; j < t->mingled_count; j++)
            rows[2 * i] = o->mingled[i].memory == t->mingled[j] ? j : rows[2 * i];
        rows[2 * i + 1] = o->mingled[i].slot;
    }
    arrays_copy(rest, "loop/mingled", ARRAY_U8, (int64_t)names.length, names.at);
    arrays_take(rest, "loop/mingled_rows", ARRAY_I64, (const int64_t[]){o->mingled_count, 2}, 2, rows);
    text_free(&names);
}

static void order_save(const cell *c, const host_task *t, arrays *rest)
{
    const batch_order *o = &c->order;
    arrays_add_list(rest, "loop/order", ARRAY_I64, o->count, o->at);
    stream_save(&o->random, "loop/batches", rest);
    stream_save(&o->augmentation, "loop/augmentation", rest);
    mingled_save(c, t, rest);
    check_save(c, rest);
}

/* Up to the last one with a number in it: behind the first of 500 tasks all others would be 4 MB of zeros. */
static int64_t rows_measured(const matrix *m)
{
    int64_t places = (m->tasks + 1) * m->tasks;
    while (places > 0 && !m->count[places - 1])
        places--;
    return (places + m->tasks - 1) / m->tasks;
}

static void matrix_save(const matrix *m, const char *name, arrays *rest)
{
    if (!m)
        return;
    const int64_t shape[2] = {rows_measured(m), m->tasks};
    char *right = alloc_format("matrix/%s/right", name), *count = alloc_format("matrix/%s/count", name);
    arrays_add(rest, right, ARRAY_I64, shape, 2, m->right);
    arrays_add(rest, count, ARRAY_I64, shape, 2, m->count);
    free(right);
    free(count);
}

static json_t *findings_json(const host_session *session)
{
    json_t *all = json_array();
    for (int64_t i = 0; i < session->finding_count; i++) {
        const host_finding *f = &session->findings[i];
        json_array_append_new(all, json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:s}", "check", (int)f->check, "strategy",
                                             f->strategy, "hook", f->hook, "task", (json_int_t)f->task, "step",
                                             (json_int_t)f->step, "count", (json_int_t)f->count, "words", f->words));
    }
    return all;
}

static json_t *state_json(const cell *c, const cell_place *p, int64_t log_bytes)
{
    return json_pack("{s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f, s:f}, s:I, s:o}", "stage",
                     (json_int_t)p->stage, "epoch", (json_int_t)p->epoch, "in_task", p->in_task, "steps",
                     (json_int_t)c->steps, "steps_before", (json_int_t)c->steps_before, "steps_timed",
                     (json_int_t)c->steps_timed, "next", (json_int_t)c->order.next, "log_bytes", (json_int_t)log_bytes,
                     "seconds", "start", c->clock.start, "train", c->clock.train, "evaluate", c->clock.evaluate,
                     "between_tasks", c->clock.between_tasks, "checkpoint", c->clock.checkpoint, "warnings",
                     (json_int_t)c->session.warnings, "findings", findings_json(&c->session));
}

/* ---- the whole ---- */

/* A state that nothing good can come of is not kept in the place of a good one. */
static int weights_check(const arrays *weights, error *e)
{
    for (int64_t i = 0; i < weights->count; i++) {
        const float *at = weights->at[i].bytes;
        const int64_t count = (int64_t)(weights->at[i].size / sizeof *at);
        for (int64_t j = 0; j < count; j++)
            if (!isfinite(at[j]))
                return error_set(e, EXIT_FAILED,
                                 "checkpoint: found weights that are not finite (%s); expected finite ones",
                                 weights->at[i].name);
    }
    return 0;
}

int save_network(const cell *c, arrays *weights, arrays *rest, error *e)
{
    network_save(c, weights, rest, e);
    gates_save(c, rest, e);
    optimizer_save(c, rest, e);
    return e->code ? e->code : weights_check(weights, e);
}

void save_matrices(const cell *c, arrays *rest)
{
    matrix_save(c->result->accuracy, "accuracy", rest);
    matrix_save(c->result->network, "network", rest);
    matrix_save(c->result->validation, "validation", rest);
}

static int state_gather(cell *c, const cell_place *p, checkpoint *k, error *e)
{
    int64_t log_bytes = 0;
    const stage *s = p->in_task ? &c->stages[p->stage] : NULL;
    int code = c->listener->log_place ? c->listener->log_place(c->listener->self, &log_bytes, e) : 0;
    k->step = c->steps;
    k->task = s ? p->stage + 1 : p->stage;
    k->after_task = !s;
    k->engine = c->result->engine;
    plan_cell_digest(c->plan, (int)(c->method - c->plan->methods), c->seed, k->plan_sha256);
    code = code ? code : save_network(c, &k->weights, &k->rest, e);
    if (s)
        order_save(c, &s->task, &k->rest);
    save_matrices(c, &k->rest);
    anytime_save(c, &k->rest);
    k->state = state_json(c, p, log_bytes);
    if (k->state && c->profile)
        json_object_set_new(k->state, "profile", profile_state(c->profile));
    if (!k->state)
        error_set(e, EXIT_INTERNAL, "checkpoint: the place of the cell cannot be written as JSON");
    code = code ? code : e->code;
    return code ? code : host_save(&c->session, &k->rest, e);
}

static int cell_save(cell *c, const cell_place *p, error *e)
{
    double start = clock_seconds();
    checkpoint k = {0};
    host_doing(&c->session, HOST_CHECKPOINT);
    profile_begin(c->profile, PROFILE_CHECKPOINT);
    int code = saver_end(c, e); /* the one before: memories then know what may go */
    if (!code)
        code = state_gather(c, p, &k, e);
    if (!code)
        code = saver_begin(c, &k, e);
    checkpoint_clear(&k);
    c->saved = clock_seconds();
    c->clock.checkpoint += c->saved - start;
    return profile_end(c->profile, code);
}

/* ---- when ---- */

static bool stop_wanted(const cell *c) { return c->listener->stop && c->listener->stop(c->listener->self); }

static bool saves(const cell *c) { return c->listener->folder && c->scenario->output.checkpoint.on; }

static int stop_tell(cell *c, error *e)
{
    int code = saver_end(c, e);
    return code ? code
                : error_set(e, EXIT_RESUMABLE, "stopped in task %lld, behind step %lld%s",
                            (long long)(c->session.task ? c->session.task->task.index + 1 : 1), (long long)c->steps,
                            saves(c) ? "; its checkpoint is written" : "; it keeps no checkpoints and will begin anew");
}

int save_in_task(cell *c, const stage *s, int64_t epoch, error *e)
{
    const struct checkpoint_options *o = &c->scenario->output.checkpoint;
    const bool stop = stop_wanted(c);
    const bool due = (o->every == CHECKPOINT_TASK && c->row_now) ||
                     (o->every == CHECKPOINT_BATCHES && c->steps % o->batches == 0) ||
                     (o->every == CHECKPOINT_MINUTES && clock_seconds() - c->saved >= o->minutes * 60);
    int code = saver_look(c, e);
    if (code || (!stop && !due))
        return code;
    if (saves(c))
        code = cell_save(c, &(cell_place){s - c->stages, epoch, true}, e);
    return code || !stop ? code : stop_tell(c, e);
}

/* Behind the last task only the result is left: a checkpoint that the disk does not take does not cost it. */
static int last_forgive(cell *c, const error *why, error *e)
{
    if (why->code != EXIT_IO && why->code != EXIT_CREATE)
        return why->code ? error_copy(e, why) : 0;
    char *line = alloc_format("%s: the cell ends without this checkpoint", why->text);
    if (c->listener->note)
        c->listener->note(c->listener->self, "warning", line);
    free(line);
    return 0;
}

int save_after_task(cell *c, int64_t done, error *e)
{
    const bool last = done == c->stage_count, stop = stop_wanted(c) && !last;
    const bool due = done && c->scenario->output.checkpoint.every == CHECKPOINT_TASK;
    error why = {0};
    int code = saver_look(c, e);
    if (!code && saves(c) && (stop || due))
        code = cell_save(c, &(cell_place){done, 0, false}, last ? &why : e);
    if (last && why.code)
        code = last_forgive(c, &why, e);
    return code || !stop ? code : stop_tell(c, e);
}

int save_end(cell *c, error *e)
{
    error why = {0};
    saver_end(c, &why);
    return last_forgive(c, &why, e);
}
