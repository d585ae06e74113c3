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

static void sgd(pdr_scope *s, engine_optimizer *o, const sweep_step *p, const pdr_tensor *g)
{
    if (o->moment) {
        T->blend(s, o->moment, p->first ? 0.0 : (double)p->momentum, g, 1.0);
        g = o->moment;
    }
    T->blend(s, o->model->params, 1.0, g, -(double)p->lr);
}

static void adam(pdr_scope *s, engine_optimizer *o, const sweep_step *p, const pdr_tensor *g)
{
    pdr_tensor *w = o->model->params;
    if (p->kind == ENGINE_ADAMW)
        T->blend(s, w, (double)p->shrink, w, 0.0);
    T->blend(s, o->moment, (double)p->beta1, g, (double)p->share1);
    T->scale(s, o->second, T->full(s, PDR_F32, NULL, 0, (double)p->beta2));
    T->add_product(s, o->second, g, g, (double)p->share2);
    pdr_tensor *root = T->affine(s, T->sqrt(s, o->second), 1.0 / (double)p->root, (double)p->epsilon);
    T->blend(s, w, 1.0, T->div(s, o->moment, root), -(double)p->size);
}

pdr_status optimizer_step_by_tensors(pdr_scope *s, engine_optimizer *o, double lr, const engine_penalty *penalties,
                                     int64_t count)
{
    const sweep_step p = optimizer_numbers(o, lr);
    pdr_tensor *g = whole_gradient(s, o, p.decay, penalties, count);
    if (T->status(s))
        return T->status(s);
    if (p.kind == ENGINE_SGD)
        sgd(s, o, &p, g);
    else
        adam(s, o, &p, g);
    return T->status(s);
}
