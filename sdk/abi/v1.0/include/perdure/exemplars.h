/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/exemplars.h: which rows stand for the others. Inline helpers for strategies that keep a few rows of a task:
 * features of rows in chunks, and two choices of exemplars on them, herding and closest to the mean.
 *
 * Built on the public calls only, like sugar.h. All work is done by the device in whole tensors: no function loops over
 * rows, and none reads a value back, so a choice of k rows is enqueued without waiting for any of them.
 *
 *     pdr_tensor *rows, *f, *order;                                    // rows [n] i64: of one class, say
 *     if ((bad = pdr_task_features(h, s, task, task->model, rows, &f)) != PDR_OK)
 *         return bad;
 *     if ((bad = pdr_choose_herding(h, s, pdr_unit_rows(h, s, f), NULL, 20, &order)) != PDR_OK)
 *         return bad;
 *     pdr_tensor *chosen = h->tensor->pick(s, rows, 0, order);         // the best first: dropping from the end shrinks
 *
 * A function here that returns a status works in scopes of its own: its temporaries die with every turn, only the
 * result lives in `s`. Return its status from the hook: the words of a failure stand there, and not in `s`.
 */
#ifndef PERDURE_EXEMPLARS_H
#define PERDURE_EXEMPLARS_H

#include <perdure/sugar.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rows of f [n, D] divided by their Euclidean length; a row of zeros stays one (lengths below 1e-12 count as that). */
static inline pdr_tensor *pdr_unit_rows(const pdr_host *h, pdr_scope *s, const pdr_tensor *f)
{
    const pdr_tensor_api *ops = h->tensor;
    pdr_tensor *length = ops->sqrt(s, ops->sum(s, ops->square(s, f), 1, 1));
    return ops->div(s, f, ops->clamp(s, length, 1e-12, HUGE_VAL));
}

/** One chunk of pdr_task_features: into rows first .. of *kept, which the first chunk makes. */
static inline pdr_status pdr_task_features_chunk_(const pdr_host *h, const pdr_task *t, pdr_model *m,
                                                  const pdr_tensor *index, int64_t first, int64_t count,
                                                  pdr_tensor **kept)
{
    const pdr_tensor_api *ops = h->tensor;
    pdr_scope *s = ops->open(h, PDR_NO_GRAD);
    pdr_tensor *x = NULL;
    if (!s)
        return PDR_ENOMEM;
    (void)h->data->rows(s, t, ops->slice(s, index, 0, first, count), &x, NULL);
    pdr_tensor *f = h->model->features(s, m, x, PDR_EVAL);
    if (f && !*kept) {
        int64_t shape[2];
        shape[0] = ops->size(index, 0);
        shape[1] = ops->size(f, 1);
        *kept = ops->keep(h, ops->full(s, PDR_F32, shape, 2, 0));
    }
    pdr_status bad = ops->copy(s, ops->slice(s, *kept, 0, first, count), f);
    pdr_status closed = ops->close(s);
    return closed ? closed : bad;
}

/** *out [n, D] f32, a temporary of s: the features (model->features, EVAL) of the rows of the current task that index
 * [n] i64 names, n >= 1, as data->rows has them: not augmented. Read and run in chunks, so that n may be a whole task.
 * Failures: those of data->rows and of model->features. */
static inline pdr_status pdr_task_features(const pdr_host *h, pdr_scope *s, const pdr_task *t, pdr_model *m,
                                           const pdr_tensor *index, pdr_tensor **out)
{
    const int64_t most = 500; /* rows whose activations are in memory at once */
    const pdr_tensor_api *ops = h->tensor;
    int64_t n = ops->size(index, 0);
    pdr_tensor *kept = NULL;
    pdr_status bad = PDR_OK;
    for (int64_t first = 0; !bad && first < n; first += most)
        bad = pdr_task_features_chunk_(h, t, m, index, first, n - first < most ? n - first : most, &kept);
    *out = ops->detach(s, kept);
    ops->release(kept);
    return bad;
}

/** What a turn of herding reads and writes, all on the device. */
typedef struct pdr_herd_ {
    const pdr_tensor *features; /**< [n, D] */
    const pdr_tensor *target;   /**< [D] */
    pdr_tensor *way;            /**< [D] k target - sum of those chosen: what is missing */
    pdr_tensor *handicap;       /**< [n] -|phi|^2 / 2; -inf of a row that is taken */
    pdr_tensor *order;          /**< [count] i64 */
} pdr_herd_;

static inline pdr_status pdr_herd_turn_(const pdr_host *h, const pdr_herd_ *herd, int64_t k)
{
    const pdr_tensor_api *ops = h->tensor;
    const int64_t one = 1, flat = -1;
    pdr_scope *s = ops->open(h, PDR_NO_GRAD);
    if (!s)
        return PDR_ENOMEM;
    pdr_tensor *score = ops->add(s, ops->matmul(s, herd->features, herd->way), herd->handicap);
    pdr_tensor *best = ops->argmax(s, score, 0, 1); /* [1] */
    pdr_tensor *phi = ops->reshape(s, ops->pick(s, herd->features, 0, best), &flat, 1);
    (void)ops->copy(s, ops->slice(s, herd->order, 0, k, 1), best);
    (void)ops->place(s, herd->handicap, best, ops->full(s, PDR_F32, &one, 1, -HUGE_VAL));
    (void)ops->blend(s, herd->way, 1, ops->sub(s, herd->target, phi), 1);
    return ops->close(s);
}

static inline pdr_status pdr_herd_run_(const pdr_host *h, pdr_scope *s, pdr_herd_ *herd, int64_t count)
{
    const pdr_tensor_api *ops = h->tensor;
    pdr_tensor *half = ops->affine(s, ops->sum(s, ops->square(s, herd->features), 1, 0), -0.5, 0);
    herd->way = ops->keep(h, ops->clone(s, herd->target));
    herd->handicap = ops->keep(h, half);
    herd->order = ops->keep(h, ops->arange(s, 0, count));
    pdr_status bad = ops->status(s);
    for (int64_t k = 0; !bad && k < count; k++)
        bad = pdr_herd_turn_(h, herd, k);
    return bad;
}

/** Herding: *order [min(count, n)] i64, a temporary of s: rows of `features` [n, D] f32, so that the mean of the first
 * k is near target [D] for every k (NULL: the mean of the features): row k + 1 is that phi which makes
 *
 *     | target - (phi + sum of the k chosen) / (k + 1) |
 *
 * the least, over all rows that are not chosen yet: exact, greedy, none twice, the first among equals. (Rebuffi et al.
 * 2017, arXiv 1611.07725, algorithm 4; the features are used as they are: pass pdr_unit_rows() of them for iCaRL.)
 *
 * With w = (k + 1) target - sum, what is missing, that is the greatest of phi . w - |phi|^2 / 2: one product of matrix
 * and vector a row. (For features of length 1 it is Welling's herding, ICML 2009: w <- w + target - phi.) Features that
 * are not finite give no sensible choice, and still none twice but for NaN.
 * Failures: shapes that do not fit, n = 0 without a target, and no memory. */
static inline pdr_status pdr_choose_herding(const pdr_host *h, pdr_scope *s, const pdr_tensor *features,
                                            const pdr_tensor *target, int64_t count, pdr_tensor **order)
{
    const pdr_tensor_api *ops = h->tensor;
    int64_t n = ops->size(features, 0);
    pdr_herd_ herd;
    herd.features = features;
    herd.target = target ? target : ops->mean(s, features, 0, 0);
    herd.way = herd.handicap = herd.order = NULL;
    pdr_status bad = pdr_herd_run_(h, s, &herd, count < n ? count : n);
    *order = bad ? NULL : ops->detach(s, herd.order);
    ops->release(herd.way);
    ops->release(herd.handicap);
    ops->release(herd.order);
    return bad;
}

/** Closest to the mean: *order [min(count, n)] i64, a temporary of s: the rows of `features` [n, D] f32 nearest to
 * target [D] (NULL: the mean of the features) in Euclidean distance, the nearest first, the first among equals. Without
 * herding's care that they make up a mean together: outliers never stand in, and near copies of one row all do.
 * Failures: those of the scope, which has their words. */
static inline pdr_status pdr_choose_closest(const pdr_host *h, pdr_scope *s, const pdr_tensor *features,
                                            const pdr_tensor *target, int64_t count, pdr_tensor **order)
{
    const pdr_tensor_api *ops = h->tensor;
    int64_t n = ops->size(features, 0);
    const pdr_tensor *middle = target ? target : ops->mean(s, features, 0, 0);
    pdr_tensor *apart = ops->sum(s, ops->square(s, ops->sub(s, features, middle)), 1, 0);
    pdr_value args[4], sorted[2]; /* a stable sort: top() says nothing of equals */
    memset(args, 0, sizeof args);
    memset(sorted, 0, sizeof sorted);
    args[0].kind = PDR_V_TENSOR;
    args[0].as.tensor = apart;
    args[1].kind = PDR_V_BOOL;
    args[1].as.i = 1;
    args[2].kind = PDR_V_INT;
    args[2].as.i = 0;
    args[3].kind = PDR_V_BOOL; /* descending: no */
    pdr_status bad = ops->status(s);
    if (!bad)
        bad = ops->invoke(s, "aten::sort.stable", args, 4, sorted, 2);
    *order = bad ? NULL : ops->slice(s, sorted[1].as.tensor, 0, 0, count < n ? count : n);
    return bad ? bad : ops->status(s);
}

#ifdef __cplusplus
}
#endif
#endif
