/* SPDX-License-Identifier: Apache-2.0 */
/* Generative replay as one would write it down from the papers: old and new rows one after the other, losses from
 * probabilities, a loop over tasks, every label a term of one's own, a critic's slope a row at a time. What
 * plugins/genreplay is compared with; nothing is shared with it but its name and those of its streams, so that both draw
 * the same numbers. */
#include <perdure/pictures.h>
#include <perdure/sugar.h>

enum { Z = 3 };
enum { VAE, GAN, WGAN_GP };
#define NETWORK "{type: mlp, hidden: [6]}"
#define SMOOTH "{type: layers, layers: [flatten, {linear: 6}, tanh]}"
#define OPTIMIZER "{type: adam, lr: 0.02, betas: [0.5, 0.9]}"

typedef struct {
    double temperature, penalty, factor;
    int64_t steps, critic_steps;
    int32_t generator, distill, by_task, all; /* labels: soft; one a task; `active: all` */
} config;
typedef struct {
    const pdr_host *host;
    config config;
    pdr_rng *dreams, *noise, *looks;
    pdr_model *encoder, *decoder, *old_decoder, *old_network;
    pdr_optim *optimizer, *critic; /* of the VAE or of a GAN's decoder; of its critic, which is its encoder */
    pdr_tensor *teacher;
    int64_t first, count, full;
} strategy;

static const char *const generators[] = {"vae", "gan", "wgan-gp", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("generator", CHOICE, generator), .help = "which", .fallback = "vae", .choices = generators},
    {KEY("steps", INT, steps), .help = "of the generator", .fallback = "1", .max = 100},
    {KEY("critic_steps", INT, critic_steps), .help = "before each of a decoder", .fallback = "1", .max = 100},
    {KEY("penalty", REAL, penalty), .help = "of slopes", .fallback = "10", .max = 100},
    {KEY("temperature", REAL, temperature), .help = "of soft labels", .fallback = "2", .max = 100},
    {KEY("factor", REAL, factor), .help = "of their term", .fallback = "1", .max = 100},
    {KEY("distill", BOOL, distill), .help = "soft labels", .fallback = "false"},
    {KEY("by_task", BOOL, by_task), .help = "a label of each earlier task", .fallback = "false"},
    {KEY("all", BOOL, all), .help = "all columns compete, not only those seen", .fallback = "true"},
    {.key = NULL}};

static pdr_status setup(strategy *self)
{
    self->dreams = self->host->rng->stream(self->host, "dreams", 0);
    self->noise = self->host->rng->stream(self->host, "noise", 0);
    self->looks = self->host->rng->stream(self->host, "looks", 0);
    return PDR_OK;
}

static void teardown(strategy *self)
{
    const pdr_model_api *M = self->host->model;
    M->drop_optimizer(self->optimizer);
    M->drop_optimizer(self->critic);
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
    const char *encoder = self->config.generator == WGAN_GP ? SMOOTH : NETWORK;
    self->encoder = M->build(self->host, encoder, t->shape, t->rank, self->config.generator == VAE ? 2 * Z : 1);
    self->decoder = M->build(self->host, NETWORK, &z, 1, values_of(t));
    pdr_model *both[2] = {self->encoder, self->decoder};
    if (self->config.generator != VAE)
        self->critic = M->optimizer(self->host, both, 1, OPTIMIZER);
    self->optimizer = self->config.generator == VAE ? M->optimizer(self->host, both, 2, OPTIMIZER)
                                                    : M->optimizer(self->host, both + 1, 1, OPTIMIZER);
    return self->optimizer ? PDR_OK : PDR_ERROR;
}

/* n rows that the decoder of before makes. */
static pdr_tensor *dreamt(strategy *self, pdr_scope *s, const pdr_task *t, pdr_rng *from, int64_t n)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t codes[2] = {n, Z};
    int64_t shape[8] = {n};
    for (int64_t i = 0; i < t->rank; i++)
        shape[i + 1] = t->shape[i];
    pdr_tensor *z = self->host->rng->normals(s, from, codes, 2);
    pdr_tensor *x = T->sigmoid(s, self->host->model->forward(s, self->old_decoder, z, PDR_EVAL));
    return T->reshape(s, x, shape, (int32_t)t->rank + 1);
}

static pdr_status before_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    self->full = st->fresh > self->full ? st->fresh : self->full;
    self->count = self->old_decoder ? self->full : 0;
    if (!self->count)
        return PDR_OK;
    pdr_tensor *x = dreamt(self, st->scope, st->task, self->dreams, self->count);
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
    term = T->affine(st->scope, term, self->config.factor, 0);
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

/* ---- the generators' steps: new rows and, where there are any, old ones apart ---- */

static pdr_tensor *new_rows(const pdr_host *h, pdr_scope *s, const pdr_step *st)
{
    return h->tensor->slice(s, st->x, 0, 0, st->fresh);
}

static pdr_tensor *old_rows(strategy *self, pdr_scope *s, const pdr_step *st)
{
    return self->host->tensor->slice(s, st->x, 0, self->first, self->count);
}

/* 1/k of what the new rows cost and 1 - 1/k of what the old ones do. */
static pdr_tensor *shared(const pdr_host *h, pdr_scope *s, const pdr_step *st, pdr_tensor *of_new, pdr_tensor *of_old)
{
    double share = 1 / (double)(st->task->index + 1);
    return h->tensor->add(s, h->tensor->affine(s, of_new, share, 0), h->tensor->affine(s, of_old, 1 - share, 0));
}

static pdr_status vae_step(strategy *self, const pdr_step *st, pdr_scope *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t codes[2] = {st->fresh + self->count, Z};
    pdr_tensor *noise = self->host->rng->normals(s, self->noise, codes, 2);
    pdr_tensor *loss = vae_loss(self, s, new_rows(self->host, s, st), T->slice(s, noise, 0, 0, st->fresh));
    if (self->count) {
        pdr_tensor *old = vae_loss(self, s, old_rows(self, s, st), T->slice(s, noise, 0, st->fresh, self->count));
        loss = shared(self->host, s, st, loss, old);
    }
    return self->host->model->descend(s, self->optimizer, loss);
}

/* The mean cost of rows whose critic is asked to say 1 (or 0): Goodfellow et al. 2014, equation 1, as it is maximised; with
 * the Wasserstein distance the mean score is. */
static pdr_tensor *verdict(strategy *self, pdr_scope *s, const pdr_tensor *x, int says)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *score = self->host->model->forward(s, self->encoder, x, PDR_TRAIN);
    if (self->config.generator == WGAN_GP)
        return T->affine(s, T->mean(s, score, PDR_ALL, 0), says ? -1 : 1, 0);
    pdr_tensor *p = T->sigmoid(s, score);
    return T->affine(s, T->mean(s, T->log(s, says ? p : T->affine(s, p, -1, 1)), PDR_ALL, 0), -1, 0);
}

/* Gulrajani et al. 2017, algorithm 1, lines 6 and 7, of rows first .. first + count - 1, one after the other. */
static pdr_tensor *penalty(strategy *self, pdr_scope *s, const pdr_tensor *real, const pdr_tensor *fake,
                           const pdr_tensor *mix, int64_t first)
{
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_model_api *M = self->host->model;
    int64_t n = T->size(real, 0);
    pdr_tensor *sum = T->full(s, PDR_F32, NULL, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        const int64_t scalar = 0;
        pdr_tensor *e = T->reshape(s, T->slice(s, mix, 0, first + i, 1), &scalar, 0);
        pdr_tensor *x = T->mul(s, T->affine(s, e, -1, 1), T->slice(s, real, 0, i, 1));
        pdr_tensor *leaf = T->leaf(s, T->add(s, x, T->mul(s, e, T->slice(s, fake, 0, first + i, 1))));
        pdr_tensor *score = T->sum(s, M->forward(s, self->encoder, leaf, PDR_TRAIN), PDR_ALL, 0);
        pdr_tensor *square = T->sum(s, T->square(s, M->derivative(s, score, leaf)), PDR_ALL, 0);
        pdr_tensor *length =
            T->sqrt(s, T->affine(s, square, 1, 1e-12)); /* where no unit is awake it has a slope, too */
        sum = T->add(s, sum, T->square(s, T->affine(s, length, 1, -1)));
    }
    return T->affine(s, sum, self->config.penalty / (double)n, 0);
}

static pdr_tensor *forged(strategy *self, const pdr_step *st, pdr_scope *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t codes[2] = {st->fresh + self->count, Z};
    int64_t shape[8] = {codes[0]};
    for (int64_t i = 0; i < st->task->rank; i++)
        shape[i + 1] = st->task->shape[i];
    pdr_tensor *z = self->host->rng->normals(s, self->noise, codes, 2);
    pdr_tensor *x = T->sigmoid(s, self->host->model->forward(s, self->decoder, z, PDR_TRAIN));
    return T->reshape(s, x, shape, (int32_t)st->task->rank + 1);
}

static pdr_status critic_step(strategy *self, const pdr_step *st, pdr_scope *s)
{
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t column[2] = {st->fresh + self->count, 1};
    pdr_tensor *fake = T->detach(s, forged(self, st, s)), *mix = NULL, *of_new, *of_old = NULL;
    of_new = verdict(self, s, new_rows(self->host, s, st), 1);
    if (self->count)
        of_old = verdict(self, s, old_rows(self, s, st), 1);
    if (self->config.generator == WGAN_GP) {
        mix = self->host->rng->units(s, self->noise, column, 2);
        of_new = T->add(s, of_new, penalty(self, s, new_rows(self->host, s, st), fake, mix, 0));
        if (self->count)
            of_old = T->add(s, of_old, penalty(self, s, old_rows(self, s, st), fake, mix, st->fresh));
    }
    pdr_tensor *real = of_old ? shared(self->host, s, st, of_new, of_old) : of_new;
    return self->host->model->descend(s, self->critic, T->add(s, real, verdict(self, s, fake, 0)));
}

static pdr_status generator_step(strategy *self, const pdr_step *st, pdr_scope *s)
{
    if (self->config.generator == VAE)
        return vae_step(self, st, s);
    for (int64_t i = 0; i < self->config.critic_steps; i++) {
        pdr_status bad = critic_step(self, st, s);
        if (bad)
            return bad;
    }
    return self->host->model->descend(s, self->optimizer, verdict(self, s, forged(self, st, s), 1));
}

static pdr_status after_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    pdr_status bad = PDR_OK;
    for (int64_t i = 0; !bad && i < self->config.steps; i++) {
        pdr_scope *s = self->host->tensor->open(self->host, PDR_GRAD);
        bad = generator_step(self, st, s);
        pdr_status closed = self->host->tensor->close(s);
        bad = closed ? closed : bad;
    }
    return bad;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_model_api *M = self->host->model;
    M->discard(self->old_decoder);
    M->discard(self->old_network);
    self->old_decoder = M->snapshot(self->host, self->decoder);
    self->old_network = M->snapshot(self->host, t->model);
    const pdr_pictures_api *pictures = (const pdr_pictures_api *)self->host->extension(self->host, PDR_PICTURES);
    char name[40];
    snprintf(name, sizeof name, "after-task-%d", (int)t->index + 1);
    return pictures->grid(t->scope, name, dreamt(self, t->scope, t, self->looks, 100), 10);
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .after_task = after_task};
PDR_STRATEGY("genreplay", "0.0", "generative replay by loops", NULL, PDR_NEEDS_BOUNDARIES)
