/* SPDX-License-Identifier: Apache-2.0
 *
 * Elastic weight consolidation: after each task the parameters are tied to where they are, each as strongly as the
 * Fisher information says that the task needs it.
 *
 * Equations (E1), (E2), ... and how the lambdas of other libraries convert are in README.md beside this file; the
 * Fisher itself is the host's (model->fisher), and so is the penalty (step->add_penalty), whose gradient costs nothing
 * inside of the update. What is left here is which terms there are.
 */
#include <perdure/sugar.h>

/* ---- parameters ---- */

enum { EXACT, EXACT_N, SAMPLE, EMPIRICAL, BATCHED }; /* fisher */
enum { MERGED, SEPARATE, ONLINE };                   /* terms */
enum { ROWS_OF_EXACT_N = 500, MOST_SEPARATE = 64 };  /* as van de Ven 2025; what a host takes in a step */

typedef struct {
    double lambda, decay;
    int64_t limit;
    int32_t fisher, terms;
} config;

static const char *const fishers[] = {"exact", "exact-n", "sample", "empirical", "batched", NULL};
static const char *const kinds[] = {"merged", "separate", "online", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("lambda", REAL, lambda), .help = "strength; the penalty has lambda/2, as the paper's equation 3", .max = 1e18},
    {KEY("fisher", CHOICE, fisher), .help = "how the importance is taken", .fallback = "exact", .choices = fishers},
    {KEY("limit", INT, limit), .help = "rows of a task that it is taken on, 0: all, with exact-n 500", .fallback = "0",
     .max = 1e12},
    {KEY("terms", CHOICE, terms), .help = "one a task: merged into one sum, or kept apart; or online",
     .fallback = "merged", .choices = kinds},
    {KEY("decay", REAL, decay), .help = "what is left of earlier importance with each new task", .fallback = "1",
     .max = 1},
    {.key = NULL}};

/* ---- the instance ---- */

/* lambda/2 * sum(importance * (w - anchor)^2), over the parameters that there were. */
typedef struct {
    pdr_tensor *importance, *anchor;
} term;

typedef struct {
    const pdr_host *host;
    config config;
    term *terms; /* one, but for SEPARATE */
    int64_t count;
} strategy;

static pdr_status setup(strategy *self)
{
    if (self->config.fisher == EXACT_N && self->config.limit == 0)
        self->config.limit = ROWS_OF_EXACT_N;
    return PDR_OK;
}

static void teardown(strategy *self)
{
    for (int64_t i = 0; i < self->count; i++) {
        self->host->tensor->release(self->terms[i].importance);
        self->host->tensor->release(self->terms[i].anchor);
    }
    free(self->terms);
}

static term *term_add(strategy *self)
{
    term *more = (term *)realloc(self->terms, (size_t)(self->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    self->terms = more;
    more[self->count] = (term){NULL, NULL};
    return &more[self->count++];
}

/* ---- hooks ---- */

/* The last task's term is never used. */
static pdr_status before_run(void *p, int64_t task_count)
{
    strategy *self = (strategy *)p;
    if (self->config.terms != SEPARATE || task_count <= MOST_SEPARATE + 1)
        return PDR_OK;
    return pdr_failf(self->host, PDR_EINVALID,
                     "found terms: separate with %lld tasks; expected at most %d: merged is the same in one term",
                     (long long)task_count, MOST_SEPARATE + 1);
}

/* What was taken of fewer parameters, with zeros for those that came since: they had no importance. */
static pdr_tensor *grown(const strategy *self, pdr_scope *s, pdr_tensor *old, const pdr_tensor *like)
{
    const pdr_tensor_api *T = self->host->tensor;
    int64_t more = T->size(like, 0) - T->size(old, 0);
    pdr_tensor *both[2] = {old, NULL};
    if (more <= 0)
        return old;
    both[1] = T->full(s, PDR_F32, &more, 1, 0);
    return T->cat(s, both, 2, 0);
}

/* What is left of the importance so far. */
static pdr_tensor *faded(const strategy *self, pdr_scope *s, const term *old, const pdr_tensor *like)
{
    return self->host->tensor->affine(s, grown(self, s, old->importance, like), self->config.decay, 0);
}

/* (E3) F (w - a)^2 + G (w - b)^2 = (F + G) (w - c)^2 + a constant, with c = b + F / (F + G) (a - b). */
static void term_merge(const strategy *self, pdr_scope *s, const term *old, pdr_tensor **importance,
                       pdr_tensor **anchor)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *before = faded(self, s, old, *importance);
    pdr_tensor *away = T->sub(s, grown(self, s, old->anchor, *anchor), *anchor);
    pdr_tensor *sum = T->add(s, before, *importance);
    pdr_tensor *share = T->div(s, before, T->maximum(s, sum, pdr_scalar(self->host, s, 1e-37))); /* 0 / 0 is 0 here */
    *anchor = T->add(s, *anchor, T->mul(s, share, away));
    *importance = sum;
}

/* (E4) The running sum, held where the parameters are now. */
static void term_sum(const strategy *self, pdr_scope *s, const term *old, pdr_tensor **importance)
{
    *importance = self->host->tensor->add(s, *importance, faded(self, s, old, *importance));
}

/* (E1), and which terms come of it. */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = (strategy *)p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = t->scope;
    pdr_tensor *importance =
        self->host->model->fisher(s, t->model, t, fishers[self->config.fisher], self->config.limit);
    pdr_tensor *anchor = T->clone(s, self->host->model->flat_params(t->model)); /* not to follow them */

    self->host->metric_of(self->host, "fisher", T->mean(s, importance, PDR_ALL, 0));
    term *old = self->count && self->config.terms != SEPARATE ? self->terms : NULL;
    if (old && self->config.terms == MERGED)
        term_merge(self, s, old, &importance, &anchor);
    else if (old)
        term_sum(self, s, old, &importance);
    if (T->status(s))
        return T->status(s);
    term *kept = old ? old : term_add(self);
    if (!kept)
        return PDR_ENOMEM;
    pdr_hold(self->host, &kept->importance, importance);
    pdr_hold(self->host, &kept->anchor, anchor);
    return T->status(s);
}

/* (E2); online the sum fades once more while the next task is learned, as in Schwarz et al.; terms that are kept apart
 * fade here, each with its age. */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = (strategy *)p;
    double weight = self->config.lambda * (self->config.terms == ONLINE ? self->config.decay : 1);
    pdr_status bad = PDR_OK;
    for (int64_t i = 0; !bad && i < self->count; i++) {
        char name[32];
        snprintf(name, sizeof name, self->config.terms == SEPARATE ? "penalty.%lld" : "penalty", (long long)i + 1);
        double age = self->config.terms == SEPARATE ? (double)(self->count - 1 - i) : 0;
        bad = self->host->step->add_penalty(s, self->terms[i].importance, self->terms[i].anchor,
                                            weight * pow(self->config.decay, age), name);
    }
    return bad;
}

/* ---- the checkpoint ---- */

static const char *key(char room[32], const char *what, int64_t i)
{
    snprintf(room, 32, "%s.%lld", what, (long long)i);
    return room;
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    char room[32];
    V->put_bytes(out, "terms", &self->count, sizeof self->count);
    for (int64_t i = 0; i < self->count; i++) {
        V->put_tensor(out, key(room, "importance", i), self->terms[i].importance);
        V->put_tensor(out, key(room, "anchor", i), self->terms[i].anchor);
    }
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = (strategy *)p;
    const pdr_state_api *V = self->host->state;
    int64_t count = 0;
    char room[32];
    (void)state_version;
    V->get_bytes(in, "terms", &count, sizeof count); /* no such key: none */
    for (int64_t i = 0; i < count; i++) {
        term *one = term_add(self);
        if (!one)
            return PDR_ENOMEM;
        one->importance = V->get_tensor(in, key(room, "importance", i));
        one->anchor = V->get_tensor(in, key(room, "anchor", i));
        if (!one->importance || !one->anchor)
            return pdr_failf(self->host, PDR_EINVALID,
                             "found no importance or anchor of term %lld; expected %lld terms", (long long)i,
                             (long long)count);
    }
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {
    PDR_HOOKS,   .before_run = before_run, .after_loss = after_loss, .after_task = after_task, .save = save,
    .load = load};

PDR_STRATEGY("ewc", "1.0", "Elastic weight consolidation", "Kirkpatrick et al. 2017, arXiv 1612.00796",
             PDR_NEEDS_BOUNDARIES | PDR_GRAPH_SAFE | PDR_RANK_SAFE | PDR_IDLE_FIRST_TASK)
