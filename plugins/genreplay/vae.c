/* The variational auto-encoder (Kingma and Welling 2014, arXiv 1312.6114): one network from rows to codes with their
 * uncertainty, one back. */
#include "genreplay.h"

/* (G2) Bernoulli reconstruction and the divergence from the prior, both summed over a row and divided by its numbers:
 * the minimum is that of the sums, and so van de Ven's code has it. */
pdr_tensor *vae_rows(const genreplay *g, pdr_scope *s, const pdr_tensor *x, const pdr_tensor *noise)
{
    const pdr_tensor_api *T = g->host->tensor;
    const int64_t z = g->config.z;
    pdr_tensor *code = g->host->model->forward(s, g->encoder, x, PDR_TRAIN);
    pdr_tensor *mean = T->slice(s, code, 1, 0, z), *log_variance = T->slice(s, code, 1, z, z);
    pdr_tensor *deviation = T->exp(s, T->affine(s, log_variance, 0.5, 0));
    pdr_tensor *drawn = T->add(s, mean, T->mul(s, deviation, noise));
    pdr_tensor *logits = g->host->model->forward(s, g->decoder, drawn, PDR_TRAIN);
    pdr_tensor *reconstruction = T->sum(s, T->bce(s, logits, rows_flat(g, s, x)), 1, 0);
    pdr_tensor *squares = T->add(s, T->square(s, mean), T->square(s, deviation));
    pdr_tensor *divergence = T->affine(s, T->sum(s, T->sub(s, squares, log_variance), 1, 0), 0.5, -0.5 * (double)z);
    return T->affine(s, T->add(s, reconstruction, divergence), 1 / (double)g->values, 0);
}

/* (G3) Fresh rows and pseudo-samples in one pass. */
pdr_status vae_train(genreplay *g, const lesson *l, pdr_tensor **loss, pdr_scope *s)
{
    int64_t n = g->host->tensor->size(l->x, 0);
    *loss = lesson_mean(g, s, l, vae_rows(g, s, l->x, noise_drawn(g, s, n)));
    return g->host->model->descend(s, g->optimizer, *loss);
}
