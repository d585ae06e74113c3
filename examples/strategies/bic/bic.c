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
        int64_t first, end, task; /* what `bias` corrects: columns first .. end - 1, after that many tasks */
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
    pdr_tensor *fresh = T->mul(s, T->slice(s, z, 1, first, end - first), T->slice(s, bias, 0, 0, 1));
    pdr_tensor *parts[3] = {T->slice(s, z, 1, 0, first), T->add(s, fresh, T->slice(s, bias, 0, 1, 1)),
                            T->slice(s, z, 1, end, T->size(z, 1) - end)};
    return T->cat(s, parts, 3, 1);
}

static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    if (t->task_id_given || t->seen == t->seen_before || !t->held_out)
        return pdr_failf(self->host, PDR_EINVALID, "found %s; expected class-il and data.validation above 0",
                         t->held_out ? "a task that is told, or without classes of its own" : "no held-out rows");
    if (!t->previous)
        return PDR_OK;
    self->host->model->discard(self->teacher);
    self->teacher = self->host->model->snapshot(self->host, t->model);
    return self->host->data->mingle(t, self->memory);
}

/* (B1), (B2): SHARE n / m gives the distillation n / (n + m), the labels' loss m / (n + m). */
static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t old = s->task->seen_before, fresh = s->task->seen - old;
    const double cold = self->config.temperature;
    if (!self->teacher)
        return PDR_OK;
    pdr_tensor *q = self->host->model->forward(s->scope, self->teacher, s->x, PDR_EVAL);
    q = self->bias ? corrected(self, s->scope, q, self->bias, self->of.first, self->of.end) : q;
    q = T->slice(s->scope, q, 1, 0, old);
    pdr_tensor *rows = T->distill(s->scope, T->slice(s->scope, s->logits, 1, 0, old), q, cold);
    pdr_tensor *term = T->affine(s->scope, T->mean(s->scope, rows, PDR_ALL, 0), 1 / (cold * cold), 0);
    return self->host->step->add_loss(s, term, PDR_SHARE, (double)old / (double)fresh, "distill");
}

/* Rows first .. end - 1 of the task to a memory, in chunks that are freed at once. */
static pdr_status offer(const pdr_host *h, const pdr_task *t, pdr_memory *into, int64_t first, int64_t end)
{
    pdr_status bad = PDR_OK;
    for (int64_t n = 1000; !bad && first < end; first += n) {
        pdr_scope *s = h->tensor->open(h, PDR_NO_GRAD);
        pdr_tensor *x = NULL, *y = NULL;
        if (!s)
            return PDR_ENOMEM;
        h->data->rows(s, t, h->tensor->arange(s, first, end - first < n ? end - first : n), &x, &y);
        h->memory->offer(s, into, x, y, NULL, NULL);
        bad = h->tensor->close(s);
    }
    return bad;
}

/* (B4) A step of the second stage, on all held-out rows: nothing else moves, so their logits z were made once. */
static pdr_status fit(const strategy *self, const pdr_task *t, pdr_tensor *z, pdr_tensor *y, pdr_tensor *velocity)
{
    const pdr_tensor_api *T = self->host->tensor;
    pdr_scope *s = T->open(self->host, PDR_GRAD);
    if (!s)
        return PDR_ENOMEM;
    pdr_tensor *leaf = T->leaf(s, self->bias);
    pdr_tensor *rows = T->cross_entropy(s, corrected(self, s, z, leaf, t->seen_before, t->seen), y);
    T->blend(s, velocity, 0.9, self->host->model->derivative(s, T->mean(s, rows, PDR_ALL, 0), leaf), 1);
    T->blend(s, self->bias, 1, velocity, -self->config.lr);
    return T->close(s);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    const pdr_memory_api *Y = self->host->memory;
    pdr_tensor *x = NULL, *y = NULL, *start = T->from(t->scope, PDR_F32, &(int64_t){2}, 1, (const float[]){1, 0});
    pdr_status bad = offer(self->host, t, self->memory, 0, t->row_count);
    bad = bad ? bad : offer(self->host, t, self->held, t->row_count, t->row_count + t->held_out);
    if (bad || !t->previous)
        return bad;
    bad = Y->fetch(t->scope, self->held, Y->find(t->scope, self->held, PDR_ALL), &x, &y, NULL, NULL);
    pdr_tensor *z = T->slice(t->scope, self->host->model->forward(t->scope, t->model, x, PDR_EVAL), 1, 0, t->seen);
    pdr_tensor *velocity = T->affine(t->scope, start, 0, 0);
    pdr_hold(self->host, &self->bias, start);
    for (int64_t i = 0; !bad && i < self->config.steps; i++)
        bad = fit(self, t, z, y, velocity);
    self->of.first = t->seen_before;
    self->of.end = t->seen;
    self->of.task = t->index + 1;
    return bad ? bad : T->status(t->scope);
}

/* While the next task is trained the numbers are those of the teacher alone. */
static pdr_status predict(void *p, const pdr_eval *e, pdr_tensor **scores)
{
    strategy *self = p;
    *scores = self->bias && self->of.task == e->after_task
                  ? corrected(self, e->scope, e->logits, self->bias, self->of.first, self->of.end)
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
