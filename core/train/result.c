/* What comes of a cell: the trained network's values by name, the tasks, and where the time went. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "train/cell.h"

static void weight_name(struct cell_weights *w, const pdr_block *b, int64_t before)
{
    snprintf(w->name, sizeof w->name, "%s", b->name);
    memcpy(w->shape, b->shape, sizeof w->shape);
    w->rank = b->rank;
    w->first = before + b->first;
    w->count = b->count;
}

/* The parameters [P] and behind them the buffers [Q], running means and the like. */
static int values_read(cell *c, error *e)
{
    const struct engine *engine = c->engine;
    cell_result *r = c->result;
    const int64_t parameters = engine->model_size(c->session.model);
    const pdr_tensor *moving = engine->model_buffers(c->session.model);
    const int64_t buffers = moving ? engine->tensor->size(moving, PDR_ALL) : 0;
    r->parameter_count = parameters + buffers;
    r->parameters = alloc_zero((size_t)r->parameter_count + 1, sizeof *r->parameters);
    const pdr_tensor *flat = engine->model->flat_params(c->session.model);
    if (engine->tensor->read(flat, PDR_F32, r->parameters, (uint64_t)parameters * sizeof(float)) != PDR_OK ||
        (moving && engine->tensor->read(moving, PDR_F32, r->parameters + parameters,
                                        (uint64_t)buffers * sizeof(float)) != PDR_OK))
        return error_set(e, EXIT_INTERNAL, "the network's parameters cannot be read");
    for (int64_t i = 0; i < r->parameter_count; i++)
        if (!isfinite(r->parameters[i]))
            return error_set(e, EXIT_FAILED, "the network's parameters are not finite after training");
    return 0;
}

static int weights_keep(cell *c, error *e)
{
    const struct engine *engine = c->engine;
    const pdr_model *m = c->session.model;
    cell_result *r = c->result;
    int code = values_read(c, e);
    if (code)
        return code;
    sha256_bytes(r->parameters, (size_t)r->parameter_count * sizeof *r->parameters, r->weights_sha256);
    const int64_t blocks = engine->model->block_count(m), buffers = engine->buffer_count(m);
    r->weights = alloc_zero((size_t)(blocks + buffers) + 1, sizeof *r->weights);
    for (int64_t i = 0; i < blocks + buffers; i++) {
        pdr_block block = {.struct_size = sizeof block};
        if (i < blocks)
            engine->model->block(m, i, &block);
        else
            engine->buffer(m, i - blocks, &block);
        weight_name(&r->weights[r->weight_count++], &block, i < blocks ? 0 : engine->model_size(m));
    }
    return 0;
}

static void tasks_keep(cell *c)
{
    cell_result *r = c->result;
    r->task_count = c->stream->count;
    r->leaked = c->method->trial ? 0 : c->data->leak.count; /* a trial is told nothing of test rows */
    r->tasks = alloc_zero((size_t)r->task_count, sizeof *r->tasks);
    for (int64_t i = 0; i < r->task_count; i++) {
        const stream_task *t = &c->stream->tasks[i];
        r->tasks[i].count = t->class_count;
        r->tasks[i].classes = alloc_zero((size_t)t->class_count, sizeof *t->classes);
        memcpy(r->tasks[i].classes, t->classes, (size_t)t->class_count * sizeof *t->classes);
        r->tasks[i].names = alloc_zero((size_t)t->class_count, sizeof *r->tasks[i].names);
        for (int64_t j = 0; j < t->class_count; j++)
            r->tasks[i].names[j] = alloc_text(c->data->class_names[t->classes[j]]);
    }
}

/* What the strategies keep of samples: part of what a method costs. */
static void memories_keep(cell *c)
{
    cell_result *r = c->result;
    for (int i = 0; i < c->session.count; i++) {
        const strategy *s = &c->session.strategies[i];
        for (int64_t k = 0; k < s->memory_count; k++) {
            const memory *m = s->memories[k]->store;
            r->memories = alloc_again(r->memories, (size_t)r->memory_count + 1, sizeof *r->memories);
            struct cell_memory *kept = &r->memories[r->memory_count++];
            kept->strategy = alloc_text(s->name);
            kept->name = alloc_text(s->memories[k]->name);
            kept->rows = memory_count(m, INT32_MAX);
            kept->bytes = kept->rows * (memory_row_bytes(m) + memory_extra_bytes(m));
        }
    }
}

int result_fill(cell *c, error *e)
{
    cell_result *r = c->result;
    tasks_keep(c);
    r->anytime_batches = c->scenario->evaluation.anytime.batches;
    r->anytime_rows = c->scenario->evaluation.anytime.rows;
    memories_keep(c);
    r->steps = c->steps;
    r->steps_per_second = c->clock.train > 0 ? (double)c->steps_timed / c->clock.train : 0;
    r->seconds.start = c->clock.start;
    r->seconds.train = c->clock.train;
    r->seconds.evaluate = c->clock.evaluate;
    r->seconds.between_tasks = c->clock.between_tasks;
    r->seconds.checkpoint = c->clock.checkpoint;
    return weights_keep(c, e);
}
