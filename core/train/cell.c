/* A cell from its parts: engine, stream, network, optimizer, strategies; trained by the loop; and what comes of it. */
#include "train/cell.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "plugin/options.h"
#include "record/checkpoint.h"

/* ---- what the session tells goes on to the cell's listener ---- */

static void cell_note(void *self, pdr_level level, const char *line)
{
    static const char *const names[] = {"debug", "info", "warning", "serious"};
    const cell *c = self;
    if (c->listener->note)
        c->listener->note(c->listener->self, names[level >= PDR_DEBUG && level <= PDR_SERIOUS ? level : PDR_SERIOUS],
                          line);
}

/* While it goes on: what create() and before_run() tell was told when the cell began. */
static void cell_point(void *self, const char *name, double value)
{
    const cell *c = self;
    int64_t task = c->session.task ? stage_task(c, (const stage *)c->session.task) : 0;
    if (c->listener->point && !c->from)
        c->listener->point(c->listener->self, name, task, c->session.step, value);
}

static int cell_picture(void *self, const char *name, const picture *p, error *e)
{
    const cell *c = self;
    return c->from ? 0 : c->listener->picture(c->listener->self, name, c->steps, p, e);
}

/* ---- parts ---- */

static int engine_begin(cell *c, error *e)
{
    engine_options options = {c->plan->device, (int)c->scenario->device.threads, c->scenario->device.deterministic};
    int code = engine_load(&c->engine, e);
    return code ? code : c->engine->open(&options, &c->result->engine, e);
}

static int network_build(cell *c, error *e)
{
    engine_network network = c->method->network;
    network.shape = c->data->shape;
    network.rank = c->data->rank;
    network.outputs = heads_grow(c) ? 0 : c->stream->columns;
    network.grows = heads_grow(c);
    random_stream random = random_open((uint64_t)c->seed, "weights", "", 0);
    return c->engine->model_build(&network, &random, &c->session.model, e);
}

int cell_optimizer(cell *c, error *e)
{
    engine_optimizer_options options = optimizer_of(&c->method->options->optimizer.common);
    if (c->optimizer)
        c->engine->optimizer_close(c->optimizer);
    c->optimizer = c->engine->optimizer_open(c->session.model, &options);
    return c->optimizer ? 0 : error_set(e, EXIT_SYSTEM, "the optimizer cannot be made: out of memory");
}

static int strategies_create(cell *c, error *e)
{
    c->session.strategies = alloc_zero((size_t)c->method->count + 1, sizeof *c->session.strategies);
    int code = 0;
    for (int i = 0; !code && i < c->method->count; i++) {
        const plan_strategy *s = &c->method->strategies[i];
        profile_begin_hook(c->profile, s->name, "create");
        code = profile_end(c->profile, host_create(&c->session, i, s->plugin, s->name, s->config, e));
    }
    return code;
}

static int cell_open(cell *c, error *e)
{
    int code = stream_open(c->scenario, c->data, (uint64_t)c->seed, &c->stream, e);
    if (code || (code = engine_begin(c, e)))
        return code;
    c->session.engine = c->engine;
    c->session.data = c->data;
    c->session.stream = c->stream;
    c->session.seed = (uint64_t)c->seed;
    c->session.batch = c->method->options->training.batch; /* of the method, which may set its own */
    c->session.mark = c->listener->mark;
    c->session.device = c->plan->device;
    c->session.folder = c->listener->folder;
    c->session.listener = (host_listener){c, cell_note, cell_point, c->listener->picture ? cell_picture : NULL};
    host_begin(&c->session);
    c->executor = strcmp(c->method->executor, "planned") ? c->engine->autograd : c->engine->planned;
    c->result->accuracy = matrix_open(c->stream->count);
    c->result->network = c->method->prediction_owner >= 0 ? matrix_open(c->stream->count) : NULL;
    c->result->validation = c->scenario->data.validation > 0 ? matrix_open(c->stream->count) : NULL;
    if ((code = network_build(c, e)) || (code = weights_begin(c, e)) || (code = cell_optimizer(c, e)))
        return code;
    stages_open(c);
    anytime_open(c);
    c->step.session = &c->session;
    c->step.scope = c->engine->tensor->open(NULL, PDR_GRAD);
    if ((code = resume_find(c, e)))
        return code;
    beginning_find(c);
    if ((code = strategies_create(c, e)))
        return code;
    return resume_strategies(c, e);
}

static void findings_keep(cell *c)
{
    cell_result *r = c->result;
    r->finding_count = c->session.finding_count;
    r->findings = alloc_zero((size_t)r->finding_count + 1, sizeof *r->findings);
    for (int64_t i = 0; i < r->finding_count; i++) {
        const host_finding *from = &c->session.findings[i];
        struct cell_finding *to = &r->findings[i];
        *to = (struct cell_finding){
            .check = host_check_name(from->check), .task = from->task, .step = from->step, .count = from->count};
        memcpy(to->strategy, from->strategy, sizeof to->strategy);
        memcpy(to->hook, from->hook, sizeof to->hook);
        memcpy(to->words, from->words, sizeof to->words);
    }
}

static void cell_close(cell *c)
{
    findings_keep(c);
    check_close(c);
    saver_close(c);
    checkpoint_close(c->from);
    checkpoint_close(c->begun);
    if (c->engine && c->session.engine)
        host_end(&c->session);
    batch_order_close(&c->order);
    if (c->step.scope)
        c->engine->tensor->close(c->step.scope);
    if (c->stages)
        stages_close(c);
    anytime_close(c);
    if (c->optimizer)
        c->engine->optimizer_close(c->optimizer);
    if (c->session.model)
        c->engine->model->discard(c->session.model);
    free(c->session.strategies);
    stream_close(c->stream);
}

int cell_train(const plan *p, const plan_method *method, int64_t seed, const dataset *data,
               const train_listener *listener, cell_body *body, void *self, cell_result **out, error *e)
{
    static const train_listener deaf;
    double start = clock_seconds();
    cell *c = alloc_zero(1, sizeof *c);
    *c = (cell){.plan = p,
                .method = method,
                .scenario = p->scenario,
                .data = data,
                .seed = seed,
                .listener = listener ? listener : &deaf,
                .profile = listener ? listener->profile : NULL,
                .result = alloc_zero(1, sizeof *c->result)};
    profile_begin(c->profile, PROFILE_START);
    int code = profile_end(c->profile, cell_open(c, e));
    c->saved = clock_seconds();
    c->clock.start += c->saved - start; /* the first step is added to it */
    if (!code && !(code = body(c, self, e)) && !(code = save_end(c, e)))
        code = result_fill(c, e);
    cell_close(c); /* leaks are noted in here */
    c->result->warnings = c->session.warnings;
    *out = code ? NULL : c->result;
    if (code)
        cell_result_close(c->result);
    free(c);
    return code;
}

static int loop_body(cell *c, void *self, error *e)
{
    (void)self;
    return loop_run(c, e);
}

int train_cell(const plan *p, int method, int64_t seed, const dataset *data, const train_listener *listener,
               cell_result **out, error *e)
{
    return cell_train(p, &p->methods[method], seed, data, listener, loop_body, NULL, out, e);
}
