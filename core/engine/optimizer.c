/* SGD, Adam and AdamW over the flat buffers, by the formulas of torch::optim.
 *
 * On the CPU the update writes raw memory, which LibTorch's version counters do not see: it is called between backward and
 * the next forward only, when no graph holds the parameters. */
#include "engine/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const pdr_tensor_api *const T = &engine_tensor;

static void moment_follow(pdr_scope *s, pdr_tensor **moment, int64_t size)
{
    int64_t more = size - (*moment ? T->size(*moment, PDR_ALL) : 0);
    pdr_tensor *parts[2] = {*moment, T->full(s, PDR_F32, &more, 1, 0.0)};
    if (!*moment)
        *moment = engine_lend(s, parts[1], false);
    else if (parts[1] && (parts[0] = T->cat(s, parts, 2, 0)))
        engine_replace(*moment, parts[0]);
}

pdr_status optimizer_follow(pdr_scope *s, engine_optimizer *o)
{
    const pdr_model *m = o->model;
    const bool adam = o->options.kind != ENGINE_SGD;
    if (o->block_count == m->blocks.count)
        return T->status(s);
    if (adam || o->options.momentum != 0.0)
        moment_follow(s, &o->moment, m->blocks.size);
    if (adam)
        moment_follow(s, &o->second, m->blocks.size);
    if (T->status(s))
        return T->status(s);
    o->births = alloc_again(o->births, (size_t)m->blocks.count, sizeof *o->births);
    while (o->block_count < m->blocks.count)
        o->births[o->block_count++] = o->steps;
    return PDR_OK;
}

engine_optimizer *engine_optimizer_open(pdr_model *m, const engine_optimizer_options *options)
{
    if (!m || m->frozen || !options)
        return NULL;
    engine_optimizer *o = alloc_zero(1, sizeof *o);
    o->model = m;
    o->options = *options;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    if (s)
        optimizer_follow(s, o);
    if (engine_scope_close(s) == PDR_OK && s)
        return o;
    engine_optimizer_close(o);
    return NULL;
}

void engine_optimizer_close(engine_optimizer *o)
{
    if (!o)
        return;
    engine_take_back(o->moment);
    engine_take_back(o->second);
    free(o->births);
    free(o);
}

sweep_step optimizer_numbers(const engine_optimizer *o, double lr, int64_t birth)
{
    const engine_optimizer_options *a = &o->options;
    sweep_step p = {.kind = a->kind, .lr = (float)lr, .first = o->steps == 0};
    double t = (double)(o->steps - birth + 1);
    p.decay = a->kind == ENGINE_ADAMW ? 0.0f : (float)a->weight_decay;
    p.momentum = (float)a->momentum;
    if (a->kind == ENGINE_SGD)
        return p;
    p.shrink = (float)(1.0 - lr * a->weight_decay);
    p.beta1 = (float)a->beta1;
    p.beta2 = (float)a->beta2;
    p.share1 = (float)(1.0 - a->beta1);
    p.share2 = (float)(1.0 - a->beta2);
    p.epsilon = (float)a->epsilon;
    p.size = (float)(lr / (1.0 - pow(a->beta1, t)));
    p.root = (float)sqrt(1.0 - pow(a->beta2, t));
    return p;
}

static bool gradients_reachable(const pdr_model *m)
{
    for (int64_t i = 0; i < m->blocks.count; i++)
        if (!model_gradient_floats(m, i))
            return false;
    return true;
}

static bool penalties_cover(const sweep_penalty *penalties, int64_t count, int64_t first)
{
    for (int64_t k = 0; k < count; k++)
        if (penalties[k].count > first)
            return true;
    return false;
}

static bool step_in_memory(engine_optimizer *o, double lr, const sweep_penalty *penalties, int64_t count)
{
    const pdr_model *m = o->model;
    sweep_step p = {0};
    bool finite = true;
    for (int64_t i = 0; i < m->blocks.count; i++) {
        if (i == 0 || o->births[i] != o->births[i - 1]) {
            p = optimizer_numbers(o, lr, o->births[i]);
            p.w = engine_floats(m->params);
            p.moment = engine_floats(o->moment);
            p.second = engine_floats(o->second);
            p.penalties = penalties;
            p.penalty_count = count;
        }
        const pdr_block *b = &m->blocks.at[i].about;
        if (heads_alone(m, i) && !penalties_cover(penalties, count, b->first))
            continue;
        finite = sweep_block(&p, b->first, b->count, model_gradient_floats(m, i)) && finite;
    }
    return finite;
}

static pdr_status step_any(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties, int64_t count,
                           sweep_penalty *read)
{
    bool reachable = false;
    pdr_status code = optimizer_follow(s, o);
    if (!code)
        code = penalty_read(s, o->model, penalties, count, read, &reachable);
    if (code)
        return code;
    bool finite = true;
    if (reachable && gradients_reachable(o->model))
        finite = step_in_memory(o, lr, read, count);
    else
        code = optimizer_step_by_tensors(s, o, lr, penalties, count);
    if (!code)
        o->steps++;
    return finite ? code : PDR_ENOTFINITE;
}

pdr_status engine_optimizer_step(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                 int64_t count)
{
    if (!o || !o->model->has_gradient || count < 0 || (count && !penalties)) {
        engine_scope_fail(s, PDR_EINVALID, "optimizer: no gradient; backward comes first");
        return T->status(s);
    }
    sweep_penalty few[8], *read = count <= 8 ? few : alloc_zero((size_t)count, sizeof *read);
    pdr_status code = step_any(s, o, lr, penalties, count, read);
    if (read != few)
        free(read);
    return code;
}

/* Whoever asks after the model grew gets what belongs to it as it is. */
static bool followed(engine_optimizer *o)
{
    pdr_scope *s = o ? engine_scope_open(NULL, PDR_NO_GRAD) : NULL;
    if (s)
        optimizer_follow(s, o);
    return s && engine_scope_close(s) == PDR_OK;
}

pdr_tensor *engine_optimizer_state(engine_optimizer *o, const char *name)
{
    if (!name || !followed(o))
        return NULL;
    bool adam = o->options.kind != ENGINE_SGD;
    if (strcmp(name, adam ? "first" : "momentum") == 0)
        return o->moment;
    return strcmp(name, "second") == 0 ? o->second : NULL;
}

int64_t *engine_optimizer_steps(engine_optimizer *o) { return o ? &o->steps : NULL; }
int64_t *engine_optimizer_births(engine_optimizer *o) { return followed(o) ? o->births : NULL; }
