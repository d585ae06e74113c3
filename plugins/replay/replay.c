/* SPDX-License-Identifier: Apache-2.0
 *
 * Experience replay: a bounded memory of earlier rows, some of which join every batch.
 *
 * This is the file to read first when you write a strategy. It has the five parts that each of them has: the
 * parameters as a struct and a table, the instance, its birth and death, the hooks, and the descriptor. What the
 * host offers is declared in sdk/include/perdure/; the paper, the equations (R1), (R2), ... and how other libraries
 * differ are in README.md beside this file.
 */
#include <perdure/sugar.h>

/* ---- parameters: the table says what YAML may hold, the struct receives it ---- */

enum { STREAM, TASK }; /* fill */
enum { PER_TASK = 3 }; /* blend: the first three words are PDR_JOIN, PDR_SHARE and PDR_ADD */

typedef struct {
    const char *memory; /* YAML of capacity, policy, where: only passed on to memory->open */
    int64_t batch;
    double weight;
    int32_t blend, fill, online, every_epoch;
} config;

static const char *const blends[] = {"join", "share", "add", "per-task", NULL};
static const char *const fills[] = {"stream", "task", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("", MEMORY, memory), .help = "capacity, policy (reservoir, class-balanced, fifo), where (ram)"},
    {KEY("batch", INT, batch), .help = "rows rehearsed a step, 0: as many as a full batch has", .fallback = "0",
     .max = 1e9},
    {KEY("blend", CHOICE, blend), .help = "how they enter the loss", .fallback = "join", .choices = blends},
    {KEY("weight", REAL, weight), .help = "of the part, with blend share or add", .fallback = "1", .max = 1e9},
    {KEY("online", BOOL, online), .help = "rehearse from the first task on", .fallback = "false"},
    {KEY("fill", CHOICE, fill), .help = "offer rows as they come, or at the end of their task", .fallback = "stream",
     .choices = fills},
    {KEY("every_epoch", BOOL, every_epoch), .help = "offer a row again in each epoch", .fallback = "false"},
    {.key = NULL}};

/* ---- the instance: what lives from create to destroy ---- */

typedef struct {
    const pdr_host *host;
    config config;
    pdr_memory *memory;
    int64_t full; /* the most fresh rows that a batch had: the last one of an epoch is often short */
} strategy;

static pdr_status setup(strategy *self)
{
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR; /* the host has the words */
}

/* Each owned handle goes back; NULL is allowed everywhere, for a setup that failed half-way. */
static void teardown(strategy *self) { self->host->memory->close(self->memory); }

/* ---- hooks ---- */

/* Refuse early what could only disappoint: without boundaries there is no "earlier task" and no "end of a task". */
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    if (t->boundary_known || (self->config.online && self->config.fill == STREAM))
        return PDR_OK;
    return self->host->fail(self->host, PDR_EINVALID,
                            "this stream has no task boundaries: set online: true and fill: stream");
}

/* Draw from memory (R2) and hand the rows to the step. Nothing here is freed: temporaries die with the scope. */
static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_memory_api *mem = self->host->memory;
    pdr_tensor *x = NULL, *y = NULL;

    if (s->fresh > self->full)
        self->full = s->fresh;
    if ((!self->config.online && !s->task->previous) || mem->count(self->memory, PDR_ALL) == 0)
        return PDR_OK;

    pdr_tensor *slots = mem->sample(s->scope, self->memory, self->config.batch ? self->config.batch : self->full);
    pdr_status bad = mem->fetch(s->scope, self->memory, slots, &x, &y, NULL, NULL);
    if (bad)
        return bad;

    /* (R3) per-task: at the k-th task old rows count k - 1 times the new ones; index starts at 0, so it is k - 1 */
    pdr_blend blend = self->config.blend == PER_TASK ? PDR_SHARE : self->config.blend;
    double weight = self->config.blend == PER_TASK ? (double)s->task->index : self->config.weight;
    return self->host->step->rehearse(s, self->host->data->augment(s->scope, x), y, blend, weight, NULL);
}

/* Offer the fresh rows as they were before augmentation (R1): once each, so not in later epochs. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    if (self->config.fill != STREAM || (s->epoch && !self->config.every_epoch))
        return PDR_OK;
    pdr_tensor *labels = pdr_fresh_labels(self->host, s);
    return self->host->memory->offer(s->scope, self->memory, s->raw, labels, NULL, NULL);
}

/* fill: task. All rows of the task, in chunks, each chunk with a scope of its own so that it is freed at once. */
static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    const int64_t most = 1024;

    for (int64_t first = 0; self->config.fill == TASK && first < t->row_count; first += most) {
        int64_t count = t->row_count - first < most ? t->row_count - first : most;
        pdr_scope *s = T->open(self->host, PDR_NO_GRAD);
        pdr_tensor *x = NULL, *y = NULL;
        self->host->data->rows(s, t, T->arange(s, first, count), &x, &y);
        self->host->memory->offer(s, self->memory, x, y, NULL, NULL);
        pdr_status bad = T->close(s); /* the first error of the chunk */
        if (bad)
            return bad;
    }
    return PDR_OK;
}

/* The checkpoint: the host keeps memories and random streams itself, so one number is left. */
static pdr_status save(void *p, pdr_state *out)
{
    strategy *self = p;
    self->host->state->put_bytes(out, "full", &self->full, sizeof self->full);
    return PDR_OK;
}

static pdr_status load(void *p, pdr_state *in, uint32_t state_version)
{
    strategy *self = p;
    (void)state_version;
    self->host->state->get_bytes(in, "full", &self->full, sizeof self->full); /* no such key: it stays as it is */
    return PDR_OK;
}

/* ---- the descriptor ---- */

static const pdr_hooks hooks = {PDR_HOOKS,
                                .before_task = before_task,
                                .before_batch = before_batch,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("replay", "1.0", "Experience replay from a bounded memory", "Rolnick et al. 2019, arXiv 1811.11682",
             PDR_GRAPH_SAFE | PDR_RANK_SAFE)
