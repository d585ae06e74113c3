/* The update by tensor operations: the same formulas as sweep.c for buffers that live on a GPU. */
#include "engine/optimizer.h"

static const pdr_tensor_api *const T = &engine_tensor;

/* The gradient with what is added to it; flat_grads() itself stays as the strategies left it. */
static pdr_tensor *whole_gradient(pdr_scope *s, engine_optimizer *o, float decay, const engine_penalty *penalties,
                                  int64_t count)
{
    pdr_model *m = o->model;
    model_make_flat(s, m);
    if (decay == 0.0f && count == 0)
        return m->gradients;
    pdr_tensor *g = T->clone(s, m->gradients);
    for (int64_t i = 0; i < count; i++)
        penalty_add_by_tensors(s, m, &penalties[i], g);
    if (decay != 0.0f)
        T->blend(s, g, 1.0, m->params, (double)decay);
    return g;
}

/* One stretch of blocks that came at the same time: its parts of the flat tensors. */
typedef struct stretch {
    pdr_tensor *w, *moment, *second, *g;
} stretch;

static pdr_tensor *part(pdr_scope *s, pdr_tensor *all, int64_t first, int64_t count)
{
    return !all || T->size(all, PDR_ALL) == count ? all : T->slice(s, all, 0, first, count);
}

static void sgd(pdr_scope *s, const stretch *p, const sweep_step *n)
{
    const pdr_tensor *g = p->g;
    if (p->moment) {
        T->blend(s, p->moment, n->first ? 0.0 : (double)n->momentum, g, 1.0);
        g = p->moment;
    }
    T->blend(s, p->w, 1.0, g, -(double)n->lr);
}

static void adam(pdr_scope *s, const stretch *p, const sweep_step *n)
{
    if (n->kind == ENGINE_ADAMW)
        T->blend(s, p->w, (double)n->shrink, p->w, 0.0);
    T->blend(s, p->moment, (double)n->beta1, p->g, (double)n->share1);
    T->scale(s, p->second, T->full(s, PDR_F32, NULL, 0, (double)n->beta2));
    T->add_product(s, p->second, p->g, p->g, (double)n->share2);
    pdr_tensor *root = T->affine(s, T->sqrt(s, p->second), 1.0 / (double)n->root, (double)n->epsilon);
    T->blend(s, p->w, 1.0, T->div(s, p->moment, root), -(double)n->size);
}

static bool left_alone(const pdr_model *m, int64_t i, const engine_penalty *penalties, int64_t count)
{
    bool alone = heads_alone(m, i);
    for (int64_t k = 0; k < count && alone; k++)
        alone = T->size(penalties[k].importance, PDR_ALL) <= m->blocks.at[i].about.first;
    return alone;
}

/* Blocks i to the first one that came later, or is left alone where these are not; returns that one. */
static int64_t stretch_step(pdr_scope *s, engine_optimizer *o, double lr, int64_t i, pdr_tensor *g,
                            const engine_penalty *penalties, int64_t penalty_count)
{
    const pdr_model *m = o->model;
    const sweep_step n = optimizer_numbers(o, lr, o->births[i]);
    const int64_t first = m->blocks.at[i].about.first, birth = o->births[i];
    const bool alone = left_alone(m, i, penalties, penalty_count);
    while (i < o->block_count && o->births[i] == birth && left_alone(m, i, penalties, penalty_count) == alone)
        i++;
    if (alone)
        return i;
    const int64_t count = (i < o->block_count ? m->blocks.at[i].about.first : m->blocks.size) - first;
    const stretch p = {part(s, m->params, first, count), part(s, o->moment, first, count),
                       part(s, o->second, first, count), part(s, g, first, count)};
    if (T->status(s))
        return o->block_count;
    if (n.kind == ENGINE_SGD)
        sgd(s, &p, &n);
    else
        adam(s, &p, &n);
    return i;
}

pdr_status optimizer_step_by_tensors(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                     int64_t count)
{
    if (optimizer_follow(s, o))
        return T->status(s);
    const float decay = optimizer_numbers(o, lr, 0).decay;
    pdr_tensor *g = whole_gradient(s, o, decay, penalties, count);
    for (int64_t i = 0; i < o->block_count && !T->status(s);)
        i = stretch_step(s, o, lr, i, g, penalties, count);
    return T->status(s);
}
