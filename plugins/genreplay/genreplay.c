/* SPDX-License-Identifier: Apache-2.0
 *
 * Deep generative replay: a generator learns to make rows like those of the tasks so far, and what it makes is rehearsed
 * in the place of rows that were kept. The network as it was labels them.
 *
 * Equations (G1), (G2), ... and how other libraries differ are in README.md beside this file; the generators are in
 * vae.c and gan.c.
 */
#include <perdure/distill.h>
#include <perdure/pictures.h>

#include "genreplay.h"

typedef genreplay_config config;
typedef genreplay strategy;

/* ---- parameters ---- */

static const char *const generators[] = {"vae", "gan", "wgan-gp", NULL};
static const char *const scales[] = PDR_SCALES;

#define MLP "{type: mlp, hidden: [400, 400]}"
#define OF_VAE "{type: adam, lr: 0.001}"
#define OF_GAN "{type: adam, lr: 0.0005, betas: [0.5, 0.9]}"
#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("generator", CHOICE, generator), .help = "what makes the rows that are replayed", .fallback = "vae",
     .choices = generators},
    {KEY("encoder", NETWORK, encoder), .help = "its half that rows enter: encoder, or a GAN's critic", .fallback = MLP},
    {KEY("decoder", NETWORK, decoder), .help = "its half that makes rows of codes", .fallback = MLP},
    {KEY("z", INT, z), .help = "numbers in a code", .fallback = "100", .min = 1, .max = 1e6},
    {KEY("optimizer", OPTIMIZER, optimizer), .help = "of the VAE", .fallback = OF_VAE},
    {KEY("gan_optimizer", OPTIMIZER, gan_optimizer), .help = "of each half of a GAN", .fallback = OF_GAN},
    {KEY("steps", INT, steps), .help = "updates of the generator a training step", .fallback = "1", .min = 1,
     .max = 1e6},
    {KEY("critic_steps", INT, critic_steps),
     .help = "updates of a GAN's critic before each of its decoder, 0: 5 with wgan-gp, 1 with gan", .fallback = "0",
     .max = 1e6},
    {KEY("penalty", REAL, penalty), .help = "weight of the slopes, with wgan-gp", .fallback = "10", .max = 1e9},
    {KEY("batch", INT, batch), .help = "rows replayed a step, 0: as many as a full batch has", .fallback = "0",
     .max = 1e9},
    {KEY("distill", BOOL, distill), .help = "soft labels instead of hard ones", .fallback = "false"},
    {KEY("temperature", REAL, temperature), .help = "of soft labels", .fallback = "2", .min = 1e-3, .max = 1e6},
    {KEY("scale", CHOICE, scale),
     .help = "of their term: the temperature's square, none, or the square over the columns", .fallback = "square",
     .choices = scales},
    {.key = NULL}};

/* ---- the instance ---- */

/* Parameters of another generator or of soft labels, which would do nothing, in words; NULL: none. */
static const char *conflict(const config *c)
{
    if (c->generator == VAE && (strcmp(c->gan_optimizer, OF_GAN) != 0 || c->critic_steps != 0))
        return "found gan_optimizer or critic_steps with generator: vae; expected gan or wgan-gp, or optimizer";
    if (c->generator != VAE && strcmp(c->optimizer, OF_VAE) != 0)
        return "found optimizer with the generator of a GAN; expected gan_optimizer, which each of its halves has";
    if (c->generator != WGAN_GP && c->penalty != 10)
        return "found penalty with another generator than wgan-gp, which alone has one; expected wgan-gp";
    if (!c->distill && (c->temperature != 2 || c->scale != PDR_SCALE_SQUARE))
        return "found temperature or scale without soft labels; expected distill: true";
    return NULL;
}

/* Ranks draw pseudo-samples and noise of their own. */
static pdr_status setup(strategy *self)
{
    const char *why = conflict(&self->config);
    if (why)
        return self->host->fail(self->host, PDR_EINVALID, why);
    const pdr_rng_api *R = self->host->rng;
    self->dreams = R->stream(self->host, "dreams", (int64_t)self->host->rank);
    self->noise = R->stream(self->host, "noise", (int64_t)self->host->rank);
    self->looks = R->stream(self->host, "looks", 0);
    if (self->config.critic_steps == 0)
        self->config.critic_steps = self->config.generator == WGAN_GP ? 5 : 1;
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
    self->host->tensor->release(self->targets);
}

static pdr_status optimizers_make(strategy *self)
{
    const pdr_model_api *M = self->host->model;
    pdr_model *both[2] = {self->encoder, self->decoder};
    if (self->config.generator == VAE) {
        self->optimizer = M->optimizer(self->host, both, 2, self->config.optimizer);
        return self->optimizer ? PDR_OK : PDR_ERROR;
    }
    self->critic = M->optimizer(self->host, both, 1, self->config.gan_optimizer);
    self->optimizer = M->optimizer(self->host, both + 1, 1, self->config.gan_optimizer);
    return self->critic && self->optimizer ? PDR_OK : PDR_ERROR;
}

/* The shape of a row is known when the first task comes. The encoder sees it as the network does, the decoder makes it
 * in one piece. */
static pdr_status generator_make(strategy *self, const pdr_task *t)
{
    const pdr_model_api *M = self->host->model;
    int64_t codes = self->config.generator == VAE ? 2 * self->config.z : 1;
    self->encoder = M->build(self->host, self->config.encoder, t->shape, t->rank, codes);
    self->decoder = M->build(self->host, self->config.decoder, &self->config.z, 1, self->values);
    return self->encoder && self->decoder ? optimizers_make(self) : PDR_ERROR;
}

/* ---- hooks ---- */

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    self->rank = t->rank;
    self->values = 1;
    for (int64_t i = 0; i < t->rank; i++)
        self->values *= self->shape[i + 1] = t->shape[i];
    self->ranged = 0;
    if (!t->previous)
        return self->encoder ? PDR_OK : generator_make(self, t);
    self->competing = pdr_competing(self->host, t);
    if (!self->competing)
        return self->host->tensor->status(t->scope);
    pdr_status bad = pdr_distill_check(self->host, t, self->competing);
    if (!bad && self->config.scale == PDR_SCALE_MEAN && !pdr_distill_columns(t, self->competing))
        return self->host->fail(self->host, PDR_EINVALID,
                                "found scale: mean where earlier tasks differ in their number of columns; expected "
                                "square or none");
    return bad;
}

/* What a generator makes lies in 0..1, whatever it is to learn. Looked at once a task, as looking waits. */
static pdr_status range_check(strategy *self, const pdr_step *st)
{
    const pdr_tensor_api *T = self->host->tensor;
    if (self->ranged || !st->fresh)
        return PDR_OK;
    self->ranged = 1;
    double most = pdr_number(self->host, T->max(st->scope, st->x, PDR_ALL, 0));
    double least = -pdr_number(self->host, T->max(st->scope, T->affine(st->scope, st->x, -1, 0), PDR_ALL, 0));
    if (T->status(st->scope) || (least >= 0 && most <= 1))
        return T->status(st->scope);
    return pdr_failf(self->host, PDR_EINVALID,
                     "found rows with values from %.4g to %.4g; expected 0 to 1, as data.normalize: unit makes them",
                     least, most);
}

/* (G1) n rows of the task's shape, in 0..1. */
static pdr_tensor *rows_dreamt(const strategy *self, pdr_scope *s, pdr_rng *from, int64_t n)
{
    const int64_t codes[2] = {n, self->config.z};
    pdr_tensor *drawn = self->host->rng->normals(s, from, codes, 2);
    pdr_tensor *logits = self->host->model->forward(s, self->old_decoder, drawn, PDR_EVAL);
    return rows_shaped(self, s, self->host->tensor->sigmoid(s, logits));
}

/* Do hard labels need a term of one's own? Where each earlier task has columns of its own, a row gets a label of each. */
static int labels_by_task(const strategy *self, const pdr_task *t)
{
    return !self->config.distill && pdr_distills_by_task(t, self->competing);
}

/* The term's targets in memory that stays in place from step to step. A hard label is a soft one at any temperature whose
 * logits lie far apart: all of the weight is on the greatest. */
static pdr_status targets_keep(strategy *self, pdr_scope *s, pdr_tensor *logits, int hard)
{
    const pdr_tensor_api *T = self->host->tensor;
    if (hard)
        logits = T->affine(s, logits, 1e30, 0);
    if (T->size(self->targets, 0) == T->size(logits, 0) && T->size(self->targets, 1) == T->size(logits, 1))
        return T->copy(s, self->targets, logits);
    pdr_hold(self->host, &self->targets, logits);
    return T->status(s);
}

/* Pseudo-samples join the batch: with hard labels as rows of the loss (G7), or without for a term (G8), (G9). */
static pdr_status before_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = st->scope;
    self->count = 0;
    if (st->fresh > self->full)
        self->full = st->fresh;
    pdr_status bad = range_check(self, st);
    if (bad || !self->old_decoder)
        return bad;

    const pdr_task *t = st->task;
    self->count = self->config.batch ? self->config.batch : self->full;
    pdr_tensor *x = rows_dreamt(self, s, self->dreams, self->count), *y = NULL;
    pdr_tensor *logits =
        T->slice(s, self->host->model->forward(s, self->old_network, x, PDR_EVAL), 1, 0, t->seen_before);
    if (self->config.distill || labels_by_task(self, t))
        bad = targets_keep(self, s, logits, !self->config.distill);
    else
        y = T->argmax(s, logits, 1, 0);
    return bad ? bad : self->host->step->rehearse(st, x, y, PDR_SHARE, (double)t->index, &self->first);
}

/* (G8), (G9) At the k-th task old rows count k - 1 times the new ones; index starts at 0, so it is k - 1. */
static pdr_status after_loss(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    int by_task = self->count && labels_by_task(self, st->task);
    if (!self->count || (!self->config.distill && !by_task))
        return PDR_OK;
    pdr_tensor *own = T->slice(st->scope, st->logits, 0, self->first, self->count);
    pdr_tensor *rows = pdr_distill_old(self->host, st->scope, st->task, own, self->targets,
                                       by_task ? 1 : self->config.temperature, self->competing);
    double factor = by_task ? 1
                            : pdr_distill_factor(self->config.scale, self->config.temperature,
                                                 pdr_distill_columns(st->task, self->competing));
    pdr_tensor *term = T->affine(st->scope, T->mean(st->scope, rows, PDR_ALL, 0), factor, 0);
    return self->host->step->add_loss(st, term, PDR_SHARE, (double)st->task->index,
                                      st->index % 50 ? NULL
                                      : by_task      ? "labels"
                                                     : "distillation");
}

/* The step's fresh rows and pseudo-samples. Nothing is copied where they are all of the batch. */
static lesson lesson_of(const strategy *self, const pdr_step *st)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *both[2] = {T->slice(st->scope, st->x, 0, 0, st->fresh), NULL};
    lesson l = {.x = both[0], .fresh = st->fresh, .k = st->task->index + 1};
    if (!self->count)
        return l;
    both[1] = T->slice(st->scope, st->x, 0, self->first, self->count);
    l.x = self->first == st->fresh ? T->slice(st->scope, st->x, 0, 0, st->fresh + self->count)
                                   : T->cat(st->scope, both, 2, 0);
    return l;
}

/* (G3) The generator learns after the network, from the same rows. */
static pdr_status after_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    lesson l = lesson_of(self, st);
    pdr_status bad = T->status(st->scope);
    if (!bad && T->size(l.x, 0) == 0) /* a batch of other strategies' rows in the first task */
        return PDR_OK;
    for (int64_t i = 0; !bad && i < self->config.steps; i++) {
        pdr_scope *s = T->open(self->host, PDR_GRAD);
        pdr_tensor *loss = NULL;
        bad = (self->config.generator == VAE ? vae_train : gan_train)(self, &l, &loss, s);
        if (!bad && i == 0 && st->index % 50 == 0)
            self->host->metric_of(self->host, "generator", loss);
        pdr_status closed = T->close(s);
        bad = closed ? closed : bad; /* the scope has the words */
    }
    return bad;
}

/* A look at what is replayed from now on; drawn apart, so that it changes nothing. */
static pdr_status samples_show(const strategy *self, const pdr_task *t)
{
    enum { SIDE = 10 };
    const pdr_pictures_api *pictures = (const pdr_pictures_api *)self->host->extension(self->host, PDR_PICTURES);
    int colours = t->rank != 3 || t->shape[0] == 1 || t->shape[0] == 3;
    char name[48];
    if (!pictures || self->host->rank || (t->rank != 2 && t->rank != 3) || !colours)
        return PDR_OK;
    snprintf(name, sizeof name, "after-task-%lld", (long long)t->index + 1);
    return pictures->grid(t->scope, name, rows_dreamt(self, t->scope, self->looks, SIDE * SIDE), SIDE);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_model_api *M = self->host->model;
    M->discard(self->old_decoder);
    M->discard(self->old_network);
    self->old_decoder = M->snapshot(self->host, self->decoder);
    self->old_network = M->snapshot(self->host, t->model);
    return self->old_decoder && self->old_network ? samples_show(self, t) : PDR_ERROR;
}

/* ---- the checkpoint: streams are the host's ---- */

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    V->put_model(out, "encoder", self->encoder);
    V->put_model(out, "decoder", self->decoder);
    V->put_optim(out, "optimizer", self->optimizer);
    V->put_optim(out, "critic", self->critic);
    V->put_model(out, "old_decoder", self->old_decoder);
    V->put_model(out, "old_network", self->old_network);
    V->put_bytes(out, "shape", self->shape, sizeof self->shape);
    V->put_bytes(out, "rank", &self->rank, sizeof self->rank);
    V->put_bytes(out, "values", &self->values, sizeof self->values);
    V->put_bytes(out, "full", &self->full, sizeof self->full);
    V->put_bytes(out, "competing", &self->competing, sizeof self->competing);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    (void)state_version;
    V->get_bytes(in, "shape", self->shape, sizeof self->shape);
    V->get_bytes(in, "rank", &self->rank, sizeof self->rank);
    V->get_bytes(in, "values", &self->values, sizeof self->values);
    V->get_bytes(in, "full", &self->full, sizeof self->full);
    V->get_bytes(in, "competing", &self->competing, sizeof self->competing);
    self->encoder = V->get_model(in, "encoder");
    self->decoder = V->get_model(in, "decoder");
    self->old_decoder = V->get_model(in, "old_decoder");
    self->old_network = V->get_model(in, "old_network");
    if (!self->encoder && !self->decoder) /* before the first task */
        return PDR_OK;
    if (!self->encoder || !self->decoder || !self->old_decoder != !self->old_network)
        return self->host->fail(self->host, PDR_EINVALID, "found one half of a pair of networks; expected both");
    pdr_status bad = optimizers_make(self);
    if (!bad && self->critic)
        bad = V->get_optim(in, "critic", self->critic);
    return bad ? bad : V->get_optim(in, "optimizer", self->optimizer);
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("genreplay", "1.0", "Deep generative replay", "Shin et al. 2017, arXiv 1705.08690",
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE)
