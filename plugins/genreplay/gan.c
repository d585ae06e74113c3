/* Generative adversarial networks: plain (Goodfellow et al. 2014, arXiv 1406.2661) and with the Wasserstein distance and
 * a gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028). `encoder` is the critic, one score a row; `decoder` makes
 * rows from noise. The real rows are the fresh ones and the pseudo-samples of before, in the shares of (G3). */
#include "genreplay.h"

static pdr_tensor *scores(const genreplay *g, pdr_scope *s, const pdr_tensor *x)
{
    const int64_t flat = -1;
    return g->host->tensor->reshape(s, g->host->model->forward(s, g->encoder, x, PDR_TRAIN), &flat, 1);
}

static pdr_tensor *made(const genreplay *g, pdr_scope *s, int64_t n)
{
    pdr_tensor *logits = g->host->model->forward(s, g->decoder, noise_drawn(g, s, n), PDR_TRAIN);
    return rows_shaped(g, s, g->host->tensor->sigmoid(s, logits));
}

/* [n]: what a score costs a player who wants it high; -want where low. Plain: -log sigmoid(score). */
static pdr_tensor *costs(const genreplay *g, pdr_scope *s, const pdr_tensor *score, int high)
{
    const pdr_tensor_api *T = g->host->tensor;
    if (g->config.generator == WGAN_GP)
        return T->affine(s, score, high ? -1 : 1, 0);
    int64_t n = T->size(score, 0);
    return T->bce(s, score, T->full(s, PDR_F32, &n, 1, high));
}

pdr_tensor *gan_slopes(const genreplay *g, pdr_scope *s, const pdr_tensor *at)
{
    const pdr_tensor_api *T = g->host->tensor;
    pdr_tensor *leaf = T->leaf(s, at);
    pdr_tensor *slope = g->host->model->derivative(s, T->sum(s, scores(g, s, leaf), PDR_ALL, 0), leaf);
    pdr_tensor *length = T->sqrt(
        s, T->affine(s, T->sum(s, T->square(s, rows_flat(g, s, slope)), 1, 0), 1, 1e-12)); /* 0: no slope of sqrt */
    return T->square(s, T->affine(s, length, 1, -1));
}

pdr_tensor *gan_critic_loss(const genreplay *g, pdr_scope *s, const lesson *real, const pdr_tensor *fake,
                            const pdr_tensor *mix)
{
    const pdr_tensor_api *T = g->host->tensor;
    const int64_t n = T->size(real->x, 0);
    pdr_tensor *both[2] = {real->x, (pdr_tensor *)(uintptr_t)fake};
    pdr_tensor *score = scores(g, s, T->cat(s, both, 2, 0));
    pdr_tensor *of_real = costs(g, s, T->slice(s, score, 0, 0, n), 1);
    pdr_tensor *of_fake = costs(g, s, T->slice(s, score, 0, n, T->size(fake, 0)), 0);
    pdr_tensor *loss = T->add(s, lesson_mean(g, s, real, of_real), T->mean(s, of_fake, PDR_ALL, 0));
    if (g->config.generator != WGAN_GP)
        return loss;
    pdr_tensor *way = rows_flat(g, s, T->sub(s, fake, real->x));
    pdr_tensor *between = T->add(s, rows_flat(g, s, real->x), T->mul(s, mix, way));
    pdr_tensor *slopes = lesson_mean(g, s, real, gan_slopes(g, s, rows_shaped(g, s, between)));
    return T->add(s, loss, T->affine(s, slopes, g->config.penalty, 0));
}

pdr_tensor *gan_decoder_loss(const genreplay *g, pdr_scope *s, const pdr_tensor *fake)
{
    return g->host->tensor->mean(s, costs(g, s, scores(g, s, fake), 1), PDR_ALL, 0);
}

/* A turn of its own scope: what a critic's update needed is not kept through the next one. */
static pdr_status critic_train(genreplay *g, const lesson *l)
{
    const pdr_tensor_api *T = g->host->tensor;
    pdr_scope *s = T->open(g->host, PDR_GRAD), *quiet = T->open(g->host, PDR_NO_GRAD);
    const int64_t n = T->size(l->x, 0), column[2] = {n, 1};
    pdr_tensor *fake = made(g, quiet, n);
    pdr_tensor *mix = g->config.generator == WGAN_GP ? g->host->rng->units(quiet, g->noise, column, 2) : NULL;
    g->host->model->descend(s, g->critic, gan_critic_loss(g, s, l, fake, mix));
    pdr_status bad = T->close(quiet), worse = T->close(s);
    return bad ? bad : worse;
}

pdr_status gan_train(genreplay *g, const lesson *l, pdr_tensor **loss, pdr_scope *s)
{
    pdr_status bad = PDR_OK;
    for (int64_t i = 0; !bad && i < g->config.critic_steps; i++)
        bad = critic_train(g, l);
    if (bad)
        return bad;
    *loss = gan_decoder_loss(g, s, made(g, s, g->host->tensor->size(l->x, 0)));
    return g->host->model->descend(s, g->optimizer, *loss);
}
