/* SPDX-License-Identifier: Apache-2.0
 *
 * Can a strategy that is defined over all ranks of a data-parallel cell be written against 1.0? The nearest class mean: each
 * rank adds up the features of the rows that it sees in an epoch; after the task the sums of all ranks make one mean a class, and
 * predict names the class of the nearest.
 *
 * It can, with extension("perdure.ranks/1"): the tables of 1.0 have means over ranks of gradients alone. Without the extension
 * it is right on one rank, and says so on more. No slot is missing; pdr_host.rank and ranks are there from the start. What 1.0
 * does not say, and the first host with ranks must: whether data->rows and pdr_task.row_count are of this rank or of all.
 */
#include <perdure/ranks.h>
#include <perdure/sugar.h>

typedef struct {
    int32_t unit, reserved;
} config;
typedef struct {
    const pdr_host *host;
    config config;
    const pdr_ranks_api *ranks; /* NULL: this host has none */
    pdr_tensor *sums, *counts;  /* [C, D], [C, 1]: of the tasks that are over, of all ranks */
    pdr_tensor *fresh, *rows;   /* likewise of this epoch, of this rank */
} strategy;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("unit", BOOL, unit), .help = "features are divided by their length", .fallback = "false"}, {.key = NULL}};

static pdr_status setup(strategy *self)
{
    (void)self;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    pdr_tensor *kept[] = {self->sums, self->counts, self->fresh, self->rows};
    for (int32_t i = 0; i < PDR_COUNT(kept); i++)
        self->host->tensor->release(kept[i]);
}

static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    const pdr_host *h = self->host;
    (void)task_count;
    self->ranks = (const pdr_ranks_api *)h->extension(h, PDR_RANKS);
    if (h->ranks > 1 && (!self->ranks || !PDR_HAS(self->ranks, sum)))
        return pdr_failf(h, PDR_EUNSUPPORTED,
                         "found %u ranks and no " PDR_RANKS "; expected it, as class means are of all", h->ranks);
    return PDR_OK;
}

static pdr_status before_epoch(void *p, const pdr_task *t, int64_t epoch)
{
    strategy *self = (strategy *)p;
    (void)t, (void)epoch;
    pdr_hold(self->host, &self->fresh, NULL);
    pdr_hold(self->host, &self->rows, NULL);
    return PDR_OK;
}

static pdr_tensor *prepared(const strategy *self, pdr_scope *s, const pdr_tensor *features)
{
    const pdr_tensor_api *ops = self->host->tensor;
    if (!self->config.unit)
        return ops->detach(s, features);
    pdr_tensor *length = ops->sqrt(s, ops->sum(s, ops->square(s, features), 1, 1));
    return ops->div(s, features, ops->clamp(s, length, 1e-12, HUGE_VAL));
}

/* *slot += a [c, ..]; where *slot has fewer rows, as columns came since, zeros stand behind them. */
static void gather_in(const strategy *self, pdr_scope *s, pdr_tensor **slot, pdr_tensor *a)
{
    const pdr_tensor_api *ops = self->host->tensor;
    int64_t have = *slot ? ops->size(*slot, 0) : 0, shape[2];
    shape[0] = ops->size(a, 0) - have;
    shape[1] = ops->size(a, 1);
    pdr_tensor *both[2];
    both[0] = *slot;
    both[1] = ops->full(s, PDR_F32, shape, 2, 0);
    pdr_hold(self->host, slot, *slot ? ops->add(s, ops->cat(s, both, 2, 0), a) : a);
}

static pdr_status after_batch(void *p, const pdr_step *st)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_scope *s = st->scope;
    pdr_tensor *f = prepared(self, s, ops->slice(s, st->features, 0, 0, st->fresh));
    pdr_tensor *of = ops->transpose(s, ops->one_hot(s, pdr_fresh_labels(self->host, st), st->task->columns), 0, 1);
    gather_in(self, s, &self->fresh, ops->matmul(s, of, f));
    gather_in(self, s, &self->rows, ops->sum(s, of, 1, 1));
    return ops->status(s);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    pdr_scope *s = t->scope;
    pdr_status bad = PDR_OK;
    if (!self->fresh) /* no batch came, on any rank */
        return PDR_OK;
    if (self->ranks) /* every rank, in this order */
        bad = self->ranks->sum(s, self->fresh);
    if (self->ranks && !bad)
        bad = self->ranks->sum(s, self->rows);
    if (bad)
        return bad;
    gather_in(self, s, &self->sums, self->fresh);
    gather_in(self, s, &self->counts, self->rows);
    return self->host->tensor->status(s);
}

/* Of classes without a row -inf; of the others 2 f m - |m|^2, which is greatest where |f - m| is least. */
static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *ops = self->host->tensor;
    pdr_scope *s = e->scope;
    int64_t more = ops->size(e->logits, 1) - (self->sums ? ops->size(self->sums, 0) : 0), shape[2];
    if (!self->sums) {
        *scores = ops->clone(s, e->logits);
        return ops->status(s);
    }
    pdr_tensor *one = pdr_scalar(self->host, s, 0.5), *f = prepared(self, s, e->features);
    pdr_tensor *means = ops->div(s, self->sums, ops->clamp(s, self->counts, 1, HUGE_VAL));
    pdr_tensor *near = ops->sub(s, ops->affine(s, ops->matmul(s, f, ops->transpose(s, means, 0, 1)), 2, 0),
                                ops->sum(s, ops->square(s, means), 1, 0));
    pdr_tensor *known = ops->less(s, one, ops->transpose(s, self->counts, 0, 1));
    shape[0] = ops->size(f, 0);
    shape[1] = more;
    pdr_tensor *both[2];
    both[0] = ops->where(s, known, near, pdr_scalar(self->host, s, -HUGE_VAL));
    both[1] = ops->full(s, PDR_F32, shape, 2, -HUGE_VAL);
    *scores = ops->cat(s, both, 2, 1);
    return ops->status(s);
}

static pdr_status save(void *p, pdr_state *out)
{
    const strategy *self = (const strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    shelf->put_tensor(out, "sums", self->sums);
    shelf->put_tensor(out, "counts", self->counts);
    shelf->put_tensor(out, "fresh", self->fresh);
    shelf->put_tensor(out, "rows", self->rows);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *shelf = self->host->state;
    (void)version;
    self->sums = shelf->get_tensor(in, "sums");
    self->counts = shelf->get_tensor(in, "counts");
    self->fresh = shelf->get_tensor(in, "fresh");
    self->rows = shelf->get_tensor(in, "rows");
    return PDR_OK;
}

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_run = before_run,
                                .before_epoch = before_epoch,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .predict = predict,
                                .save = save,
                                .load = load};
PDR_STRATEGY("rank_safe", "1.0", "Nearest class mean of streamed features, over all ranks", "Mensink et al. 2013",
             PDR_NEEDS_BOUNDARIES | PDR_USES_FEATURES | PDR_RANK_SAFE)
