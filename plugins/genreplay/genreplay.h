/* What the files of this plugin share: the instance, and the two kinds of generators. */
#ifndef PERDURE_GENREPLAY_H
#define PERDURE_GENREPLAY_H
#include <perdure/sugar.h>

enum { VAE, GAN, WGAN_GP }; /* generator */

typedef struct genreplay_config {
    const char *encoder, *decoder, *optimizer, *gan_optimizer; /* YAML, only passed on */
    int64_t z, batch, steps, critic_steps;
    double penalty, temperature;
    int32_t generator, distill, scale;
} genreplay_config;

typedef struct genreplay {
    const pdr_host *host;
    genreplay_config config;
    pdr_rng *dreams, *noise, *looks;      /* what is replayed, what training draws, what is shown */
    pdr_model *encoder, *decoder;         /* rows to codes, and codes to rows; a GAN's encoder is its critic */
    pdr_optim *optimizer, *critic;        /* of the VAE, or of a GAN's decoder; of its critic */
    pdr_model *old_decoder, *old_network; /* as they were when the last task ended; NULL in the first */
    pdr_tensor *targets;                  /* [count, columns] of this step's term; its memory stays */
    int64_t shape[8], rank, values;       /* of a row; the first of `shape` is for the number of rows */
    int64_t full;                         /* the most fresh rows that a batch had */
    int32_t ranged;                       /* the task's rows were seen to lie in 0..1 */
    int64_t competing;                    /* columns, in this task: see perdure/distill.h */
    int64_t first, count;                 /* where the pseudo-samples stand in this step, and how many there are */
} genreplay;

/* A step's training rows x [n, ...], the first `fresh` of which are new; all but one of k tasks are old. */
typedef struct lesson {
    pdr_tensor *x;
    int64_t fresh, k;
} lesson;

/* rows [n] -> their mean with weights 1/k for the fresh ones together and 1 - 1/k for the others; of one kind alone the mean. */
static inline pdr_tensor *lesson_mean(const genreplay *g, pdr_scope *s, const lesson *l, const pdr_tensor *rows)
{
    const pdr_tensor_api *ops = g->host->tensor;
    int64_t rest = ops->size(rows, 0) - l->fresh;
    if (rest == 0 || l->fresh == 0) /* or all of the batch is other strategies' */
        return ops->mean(s, rows, PDR_ALL, 0);
    pdr_tensor *fresh = ops->mean(s, ops->slice(s, rows, 0, 0, l->fresh), PDR_ALL, 0);
    pdr_tensor *old = ops->mean(s, ops->slice(s, rows, 0, l->fresh, rest), PDR_ALL, 0);
    double share = 1 / (double)l->k;
    return ops->add(s, ops->affine(s, fresh, share, 0), ops->affine(s, old, 1 - share, 0));
}

/* [n, z] normal noise from the training's own stream. */
static inline pdr_tensor *noise_drawn(const genreplay *g, pdr_scope *s, int64_t n)
{
    const int64_t shape[2] = {n, g->config.z};
    return g->host->rng->normals(s, g->noise, shape, 2);
}

/* x as rows of the task's shape, and as rows of numbers. Views. */
static inline pdr_tensor *rows_shaped(const genreplay *g, pdr_scope *s, const pdr_tensor *x)
{
    int64_t shape[8];
    memcpy(shape, g->shape, sizeof shape);
    shape[0] = -1;
    return g->host->tensor->reshape(s, x, shape, (int32_t)g->rank + 1);
}

static inline pdr_tensor *rows_flat(const genreplay *g, pdr_scope *s, const pdr_tensor *x)
{
    const int64_t shape[2] = {-1, g->values};
    return g->host->tensor->reshape(s, x, shape, 2);
}

/* ---- vae.c ---- */

/* (G2) x [n, ...] in 0..1, noise [n, z] -> [n]: the loss of each row, in nats a value. */
pdr_tensor *vae_rows(const genreplay *g, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *noise);
pdr_status vae_train(genreplay *g, const lesson *l, pdr_tensor **loss, pdr_scope *s);

/* ---- gan.c ---- */

/* (G5) at [n, ...] -> [n]: (|d critic / d row| - 1)^2. In a [grad] scope. */
pdr_tensor *gan_slopes(const genreplay *g, pdr_scope *s, const pdr_tensor *at);
/* (G4) The critic's loss for real and fake rows [n, ...]; mix [n, 1] in 0..1 says where between them slopes are taken. */
pdr_tensor *gan_critic_loss(const genreplay *g, pdr_scope *s, const lesson *real, const pdr_tensor *fake,
                            const pdr_tensor *mix);
/* (G6) The decoder's loss for rows [n, ...] that it made. */
pdr_tensor *gan_decoder_loss(const genreplay *g, pdr_scope *s, const pdr_tensor *fake);
pdr_status gan_train(genreplay *g, const lesson *l, pdr_tensor **loss, pdr_scope *s);

#endif
