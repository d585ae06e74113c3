/* SPDX-License-Identifier: Apache-2.0 */
/* Generative replay with a VAE as one would write it down from the papers: old and new rows one after the other, losses
 * from probabilities, a loop over tasks, every label a term of one's own. What plugins/genreplay is compared with; nothing
 * is shared with it but its name and those of its streams, so that both draw the same numbers. */
#include <perdure/sugar.h>

enum { Z = 3 };
#define NETWORK "{type: mlp, hidden: [6]}"

typedef struct {
    double temperature;
    int32_t distill, by_task, all; /* labels: soft; one a task; `active: all` */
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_rng *dreams, *noise;
    pdr_model *encoder, *decoder, *old_decoder, *old_network;
    pdr_optim *optimizer;
    pdr_tensor *teacher;
    int64_t first, count, full;
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("temperature", REAL, temperature), .help = "of soft labels", .fallback = "2", .max = 100},
    {KEY("distill", BOOL, distill), .help = "soft labels", .fallback = "false"},
    {KEY("by_task", BOOL, by_task), .help = "a label of each earlier task", .fallback = "false"},
    {KEY("all", BOOL, all), .help = "all columns compete, not only those seen", .fallback = "true"},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    self->dreams = self->host->rng->stream(self->host, "dreams", 0);
    self->noise = self->host->rng->stream(self->host, "noise", 0);
    return PDR_OK;
}

static void teardown(strategy *self)
{
    const pdr_model_api *M = self->host->model;
    M->drop_optimizer(self->optimizer);
    M->discard(self->encoder);
    M->discard(self->decoder);
    M->discard(self->old_decoder);
    M->discard(self->old_network);
    self->host->tensor->release(self->teacher);
}

static int64_t values_of(const pdr_task *t)
{
    int64_t n = 1;
    for (int64_t i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_model_api *M = self->host->model;
    const int64_t z = Z;
    if (self->encoder)
        return PDR_OK;
    self->encoder = M->build(self->host, NETWORK, t->shape, t->rank, 2 * Z);
    self->decoder = M->build(self->host, NETWORK, &z, 1, values_of(t));
    pdr_model *both[2] = {self->encoder, self->decoder};
    self->optimizer = M->optimizer(self->host, both, 2, "{type: adam, lr: 0.001}");
    return self->optimizer ? PDR_OK : PDR_ERROR;
}

static pdr_status before_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    self->full = st->fresh > self->full ? st->fresh : self->full;
    self->count = self->old_decoder ? self->full : 0;
    if (!self->count)
        return PDR_OK;
    const int64_t codes[2] = {self->count, Z};
    int64_t shape[8] = {self->count};
    for (int64_t i = 0; i < st->task->rank; i++)
        shape[i + 1] = st->task->shape[i];
    pdr_tensor *z = self->host->rng->normals(st->scope, self->dreams, codes, 2);
    pdr_tensor *x = T->sigmoid(st->scope, self->host->model->forward(st->scope, self->old_decoder, z, PDR_EVAL));
    x = T->reshape(st->scope, x, shape, (int32_t)st->task->rank + 1);
    pdr_hold(self->host, &self->teacher, self->host->model->forward(st->scope, self->old_network, x, PDR_EVAL));
    return self->host->step->rehearse(st, x, NULL, PDR_SHARE, 0, &self->first);
}

/* Columns first .. first + count - 1 of both: the mean over rows of -sum target log p. `old`: so many have targets. */
static pdr_tensor *cross_entropy(strategy *self, pdr_scope *s, const pdr_tensor *logits, int64_t first, int64_t count,
                                 int64_t old)
{
    const pdr_tensor_api *T = self->host->tensor;
    double t = self->config.distill ? self->config.temperature : 1;
    pdr_tensor *own = T->log_softmax(s, T->affine(s, T->slice(s, logits, 1, first, count), 1 / t, 0), 1, 0);
    pdr_tensor *known = T->slice(s, own, 1, 0, old), *asked = T->slice(s, self->teacher, 1, first, old);
    pdr_tensor *target = self->config.distill ? T->softmax(s, T->affine(s, asked, 1 / t, 0), 1, 0)
                                              : T->one_hot(s, T->argmax(s, asked, 1, 0), old);
    return T->affine(s, T->mean(s, T->sum(s, T->mul(s, target, known), 1, 0), PDR_ALL, 0), -t * t, 0);
}

static pdr_status after_loss(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_task *t = st->task;
    if (!self->count)
        return PDR_OK;
    pdr_tensor *logits = T->slice(st->scope, st->logits, 0, self->first, self->count), *term = NULL;
    int64_t tasks = 0;
    for (const pdr_task *o = t->previous; o && self->config.by_task; o = o->previous, tasks++) {
        pdr_tensor *one = cross_entropy(self, st->scope, logits, o->classes[0], o->class_count, o->class_count);
        term = term ? T->add(st->scope, term, one) : one;
    }
    term = term ? T->affine(st->scope, term, 1 / (double)tasks, 0)
                : cross_entropy(self, st->scope, logits, 0, self->config.all ? t->columns : t->seen, t->seen_before);
    return self->host->step->add_loss(st, term, PDR_SHARE, (double)t->index, NULL);
}

/* Kingma and Welling 2014, appendix B, with van de Ven's division by the number of values. */
static pdr_tensor *vae_loss(strategy *self, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *noise)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *M = self->host->model;
    int64_t n = T->size(x, 0), values = T->size(x, PDR_ALL) / n, flat[2] = {n, values};
    pdr_tensor *code = M->forward(s, self->encoder, x, PDR_TRAIN);
    pdr_tensor *mean = T->slice(s, code, 1, 0, Z), *log_variance = T->slice(s, code, 1, Z, Z);
    pdr_tensor *deviation = T->sqrt(s, T->exp(s, log_variance));
    pdr_tensor *z = T->add(s, T->mul(s, noise, deviation), mean);
    pdr_tensor *made = T->sigmoid(s, M->forward(s, self->decoder, z, PDR_TRAIN)), *is = T->reshape(s, x, flat, 2);
    pdr_tensor *likelihood = T->add(s, T->mul(s, is, T->log(s, made)),
                                    T->mul(s, T->affine(s, is, -1, 1), T->log(s, T->affine(s, made, -1, 1))));
    pdr_tensor *kl =
        T->sub(s, T->sub(s, T->affine(s, log_variance, 1, 1), T->square(s, mean)), T->exp(s, log_variance));
    return T->add(s, T->affine(s, T->mean(s, likelihood, PDR_ALL, 0), -1, 0),
                  T->affine(s, T->sum(s, kl, PDR_ALL, 0), -0.5 / (double)(n * values), 0));
}

static pdr_status after_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t codes[2] = {st->fresh + self->count, Z};
    double share = 1 / (double)(st->task->index + 1);
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    pdr_tensor *noise = self->host->rng->normals(s, self->noise, codes, 2);
    pdr_tensor *loss = vae_loss(self, s, T->slice(s, st->x, 0, 0, st->fresh), T->slice(s, noise, 0, 0, st->fresh));
    if (self->count) {
        pdr_tensor *old = vae_loss(self, s, T->slice(s, st->x, 0, self->first, self->count),
                                   T->slice(s, noise, 0, st->fresh, self->count));
        loss = T->add(s, T->affine(s, loss, share, 0), T->affine(s, old, 1 - share, 0));
    }
    self->host->model->descend(s, self->optimizer, loss);
    return T->close(s);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_model_api *M = self->host->model;
    M->discard(self->old_decoder);
    M->discard(self->old_network);
    self->old_decoder = M->snapshot(self->host, self->decoder);
    self->old_network = M->snapshot(self->host, t->model);
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .after_task = after_task};
PDR_STRATEGY("genreplay", "0.0", "generative replay by loops", NULL, PDR_NEEDS_BOUNDARIES)
