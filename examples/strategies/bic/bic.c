/* SPDX-License-Identifier: Apache-2.0
 *
 * BiC: rehearsal with distillation from the network of before, and then two numbers, fitted on held-out rows, that take
 * away the bias towards the newest classes. Equations (B1), (B2), ... are in README.md beside this file.
 */
#include <perdure/sugar.h>

typedef struct {
    const char *memory, *held;
    double temperature, lr;
    int64_t steps;
} config;

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("memory", MEMORY, memory), .help = "exemplars that are trained on: capacity, policy, where"},
    {KEY("held", MEMORY, held), .help = "held-out rows that the bias is fitted on: capacity, policy, where"},
    {KEY("temperature", REAL, temperature), .help = "of the distillation", .fallback = "2", .min = 1e-3, .max = 1e3},
    {KEY("steps", INT, steps), .help = "down the loss of the held-out rows", .fallback = "500", .max = 1e9},
    {KEY("lr", REAL, lr), .help = "of these steps, with momentum 0.9", .fallback = "0.01", .max = 1e3},
    {.key = NULL}};

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory, *held;
    pdr_model *teacher; /* the network as it was before the running task; NULL in the first */
    pdr_tensor *bias;   /* [2] alpha and beta; NULL: none was fitted yet */
    struct {
        int64_t first, end, now; /* columns that `bias` corrects: first .. end - 1; 1: of the network as it is now */
    } of;
} strategy;

static pdr_status setup(strategy *self)
{
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    self->held = self->host->memory->open(self->host, "held", self->config.held);
    return self->memory && self->held ? PDR_OK : PDR_ERROR; /* the host has the words */
}

static void teardown(strategy *self)
{
    self->host->memory->close(self->memory);
    self->host->memory->close(self->held);
    self->host->model->discard(self->teacher);
    self->host->tensor->release(self->bias);
}

/* (B3) Logits z [n, C] with columns first .. end - 1 times bias[0] plus bias[1]. */
static pdr_tensor *corrected(const strategy *self, pdr_scope *s, const pdr_tensor *z, const pdr_tensor *bias,
                             int64_t first, int64_t end)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *new = T->mul(s, T->slice(s, z, 1, first, end - first), T->slice(s, bias, 0, 0, 1));
    pdr_tensor *parts[3] = {T->slice(s, z, 1, 0, first), T->add(s, new, T->slice(s, bias, 0, 1, 1)),
                            T->slice(s, z, 1, end, T->size(z, 1) - end)};
    return T->cat(s, parts, 3, 1);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    if (t->task_id_given || t->seen == t->seen_before || !t->held_out)
        return self->host->fail(self->host, PDR_EINVALID,
                                "found a task without new columns, without held-out rows, or "
                                "with its identity given; expected class-il and data.validation above 0");
    if (!t->previous)
        return PDR_OK;
    self->of.now = 0;
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    return self->host->data->mingle(t, self->memory);
}

/* (B1), (B2): SHARE n / m gives the distillation n / (n + m), the labels' loss m / (n + m). */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    const double cold = self->config.temperature, old = (double)s->task->seen_before;
    if (!self->teacher)
        return PDR_OK;
    pdr_tensor *q = self->host->model->forward(s->scope, self->teacher, s->x, PDR_EVAL);
    q = self->bias ? corrected(self, s->scope, q, self->bias, self->of.first, self->of.end) : q;
    pdr_tensor *rows = T->distill(s->scope, T->slice(s->scope, s->logits, 1, 0, s->task->seen_before),
                                  T->slice(s->scope, q, 1, 0, s->task->seen_before), cold);
    pdr_tensor *term = T->affine(s->scope, T->mean(s->scope, rows, PDR_ALL, 0), 1 / (cold * cold), 0);
    return self->host->step->add_loss(s, term, PDR_SHARE, old / (double)(s->task->seen - s->task->seen_before),
                                      "distill");
}

/* The task's rows to the one memory, those held out to the other, in chunks that are freed at once. */
static pdr_status offer(const strategy *self, const pdr_task *t)
{
    const pdr_host *h = self->host;
    const int64_t all = t->row_count + t->held_out, most = 1024;
    pdr_status bad = PDR_OK;
    for (int64_t i = 0, n; !bad && i < all; i += n) {
        const int64_t end = i < t->row_count ? t->row_count : all;
        pdr_scope *s = h->tensor->open(h, PDR_NO_GRAD);
        pdr_tensor *x = NULL, *y = NULL;
        if (!s)
            return PDR_ENOMEM;
        n = end - i < most ? end - i : most;
        h->data->rows(s, t, h->tensor->arange(s, i, n), &x, &y);
        h->memory->offer(s, i < t->row_count ? self->memory : self->held, x, y, NULL, NULL);
        bad = h->tensor->close(s);
    }
    return bad;
}

/* (B4) A step of the second stage, on all held-out rows: nothing else moves, so their logits z were made once. */
static pdr_status fit(const strategy *self, const pdr_task *t, pdr_tensor *bias, pdr_tensor *velocity, pdr_tensor *z,
                      pdr_tensor *y)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *g = T->open(self->host, PDR_GRAD), *s = g ? T->open(self->host, PDR_NO_GRAD) : NULL;
    if (!s)
        return (void)T->close(g), PDR_ENOMEM;
    pdr_tensor *leaf = T->leaf(g, bias);
    pdr_tensor *rows = T->cross_entropy(g, corrected(self, g, z, leaf, t->seen_before, t->seen), y);
    T->blend(s, velocity, 0.9, self->host->model->derivative(s, T->mean(g, rows, PDR_ALL, 0), leaf), 1);
    T->blend(s, bias, 1, velocity, -self->config.lr);
    pdr_status one = T->close(s), two = T->close(g);
    return two ? two : one;
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_host *h = self->host;
    const pdr_tensor_api *T = h->tensor;
    const float none[2] = {1, 0};
    const int64_t two = 2;
    pdr_tensor *x = NULL, *y = NULL, *start = T->from(t->scope, PDR_F32, &two, 1, none), *velocity = NULL;
    pdr_status bad = offer(self, t);
    if (bad || !t->previous)
        return bad;
    bad = h->memory->fetch(t->scope, self->held, h->memory->find(t->scope, self->held, PDR_ALL), &x, &y, NULL, NULL);
    pdr_tensor *z = T->slice(t->scope, h->model->forward(t->scope, t->model, x, PDR_EVAL), 1, 0, t->seen);
    pdr_hold(h, &self->bias, start);
    velocity = T->affine(t->scope, start, 0, 0);
    for (int64_t i = 0; !bad && i < self->config.steps; i++)
        bad = fit(self, t, self->bias, velocity, z, y);
    self->of.first = t->seen_before;
    self->of.end = t->seen;
    self->of.now = 1;
    return bad ? bad : T->status(t->scope);
}

static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    strategy *self = p;
    *scores = self->of.now ? corrected(self, e->scope, e->logits, self->bias, self->of.first, self->of.end)
                           : self->host->tensor->detach(e->scope, e->logits);
    return self->host->tensor->status(e->scope);
}

static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_model(out, "teacher", self->teacher);
    self->host->state->put_tensor(out, "bias", self->bias);
    self->host->state->put_bytes(out, "of", &self->of, sizeof self->of);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version;
    self->teacher = self->host->state->get_model(in, "teacher");
    self->bias = self->host->state->get_tensor(in, "bias");
    self->host->state->get_bytes(in, "of", &self->of, sizeof self->of);
    return PDR_OK;
}

/* clang-format off */
static const pdr_hooks hooks = {PDR_HOOKS, .before_task = before_task, .after_loss = after_loss, .after_task = after_task,
    .predict = predict, .save = save, .load = load};
/* clang-format on */

PDR_STRATEGY("bic", "1.0", "BiC: bias correction behind rehearsal and distillation", "Wu et al. 2019, arXiv 1905.13260",
             PDR_NEEDS_BOUNDARIES)
