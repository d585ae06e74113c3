/* SPDX-License-Identifier: Apache-2.0
 *
 * Experience replay: a bounded memory of earlier rows, some of which join every batch.
 *
 * This is the file to read first when you write a strategy. It has the five parts that each of them has: the
 * parameters as a struct and a table, the instance, its birth and death, the hooks, and the descriptor. What the
 * host offers is declared in sdk/include/perdure/; the paper, the equations (R1), (R2), ... and how other libraries
 * differ are in README.md beside this file. Two parts that plain replay does without have files of their own.
 */
#include "replay.h"

/* ---- parameters: the table says what YAML may hold, the struct (replay.h) receives it ---- */

static const char *const blends[] = {"join", "share", "add", "per-task", NULL};
static const char *const fills[] = {"stream", "task", NULL};
static const char *const selects[] = {"all", "loss", "herding", "closest", NULL};

#define KEY(name, kind, member) .key = name, .type = PDR_PARAM_##kind, .offset = offsetof(config, member)
static const pdr_param params[] = {
    {KEY("", MEMORY, memory), .help = "capacity, policy, where"},
    {KEY("batch", INT, batch), .help = "rows rehearsed a step, 0: as many as a full batch has", .fallback = "0",
     .max = 1e9},
    {KEY("blend", CHOICE, blend), .help = "how they enter the loss", .fallback = "join", .choices = blends},
    {KEY("weight", REAL, weight), .help = "of the part, with blend share or add", .fallback = "1", .max = 1e9},
    {KEY("online", BOOL, online), .help = "rehearse from the first task on", .fallback = "false"},
    {KEY("fill", CHOICE, fill), .help = "offer rows as they come, or at the end of their task", .fallback = "stream",
     .choices = fills},
    {KEY("every_epoch", BOOL, every_epoch), .help = "with fill stream: offer a row again in each epoch",
     .fallback = "false"},
    {KEY("select", CHOICE, select), .fallback = "all", .choices = selects,
     .help = "all: every row; loss: every row, its loss is the value of policy value; with fill task the first of each "
             "class, by herding or closest to the mean"},
    {KEY("alpha", REAL, alpha), .help = "dark experience (DER): of the stored logits' squared error", .fallback = "0",
     .max = 1e9},
    {KEY("beta", REAL, beta), .help = "with alpha (DER++): of the labels' loss, on another draw", .fallback = "0",
     .max = 1e9},
    {.key = NULL}};

/* ---- the instance (replay.h): what lives from create to destroy ---- */

/* Parameters that do not go together, in words; NULL: none. The host writes "policy: WORD" into the memory's own options; a
 * folder in them may be called anything. */
static const char *conflict(const config *c)
{
    int by_value = strstr(c->memory, "policy: value") != NULL, chosen = c->select == HERDING || c->select == CLOSEST;
    if (strstr(c->memory, "policy: none"))
        return "found policy: none, which keeps nothing that is offered; expected another policy";
    if (by_value && c->select == ALL)
        return "found policy: value and rows without a value; expected select: loss, herding or closest";
    if (c->select == LOSS && !by_value)
        return "found select: loss with a policy that does not look at it; expected policy: value";
    if (chosen && c->fill != TASK)
        return "found select: herding or closest, which choose among a whole task; expected fill: task";
    if (c->weight != 1 && c->alpha <= 0 && (c->blend == PDR_JOIN || c->blend == PER_TASK))
        return "found weight with blend: join or per-task, which have weights of their own; expected share or add";
    if (c->every_epoch && c->fill == TASK)
        return "found every_epoch with fill: task, which offers a row once; expected fill: stream";
    if (c->online && c->fill == TASK)
        return "found online with fill: task, whose memory is empty in the first task; expected fill: stream";
    if (c->beta > 0 && c->alpha <= 0)
        return "found beta without alpha; expected both, or blend: add and weight for labels alone";
    if (c->alpha > 0 && (c->blend != PDR_JOIN || c->weight != 1))
        return "found blend or weight with alpha; expected alpha and beta alone, which weigh the two parts";
    if (c->alpha > 0 && c->select == LOSS)
        return "found select: loss with alpha, whose rows are rehearsed without labels; expected one of them";
    return NULL;
}

static pdr_status setup(strategy *self)
{
    const char *why = conflict(&self->config);
    if (why)
        return self->host->fail(self->host, PDR_EINVALID, why);
    self->memory = self->host->memory->open(self->host, "samples", self->config.memory);
    return self->memory ? PDR_OK : PDR_ERROR; /* the host has the words */
}

/* Each owned handle goes back; NULL is allowed everywhere, for a setup that failed half-way. */
static void teardown(strategy *self)
{
    self->host->memory->close(self->memory);
    self->host->tensor->release(self->slots);
    self->host->tensor->release(self->logits);
}

/* ---- hooks ---- */

/* Refuse early what could only disappoint: without boundaries there is no "earlier task" and no "end of a task". */
static pdr_status before_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    if (!t->boundary_known && self->config.blend == PER_TASK)
        return self->host->fail(self->host, PDR_EINVALID,
                                "found blend: per-task in a stream without task boundaries, where no task is counted; "
                                "expected another blend");
    if (t->boundary_known || (self->config.online && self->config.fill == STREAM))
        return PDR_OK;
    return self->host->fail(
        self->host, PDR_EINVALID,
        "found a stream without task boundaries; expected online: true and fill: stream, or boundaries");
}

pdr_status draw(strategy *self, const pdr_step *s, pdr_tensor **slots, pdr_tensor **x, pdr_tensor **y,
                pdr_tensor **logits)
{
    const pdr_memory_api *mem = self->host->memory;
    *slots = mem->sample(s->scope, self->memory, self->config.batch ? self->config.batch : self->full);
    return mem->fetch(s->scope, self->memory, *slots, x, y, NULL, logits);
}

/* Hand drawn rows to the step. Nothing here is freed: temporaries die with the scope. */
static pdr_status rehearse(strategy *self, const pdr_step *s)
{
    const pdr_host *h = self->host;
    pdr_tensor *slots = NULL, *x = NULL, *y = NULL;
    pdr_status bad = draw(self, s, &slots, &x, &y, NULL);
    if (bad)
        return bad;
    if (self->config.select == LOSS) {
        pdr_hold(h, &self->slots, slots);
        self->count = h->tensor->size(slots, 0);
    }
    /* (R3) per-task: at the k-th task old rows count k - 1 times the new ones; index starts at 0, so it is k - 1 */
    pdr_blend blend = self->config.blend == PER_TASK ? PDR_SHARE : self->config.blend;
    double weight = self->config.blend == PER_TASK ? (double)s->task->index : self->config.weight;
    return h->step->rehearse(s, h->data->augment(s->scope, x), y, blend, weight, &self->first);
}

static pdr_status before_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    self->count = 0;
    if (s->fresh > self->full)
        self->full = s->fresh;
    if ((!self->config.online && !s->task->previous) || self->host->memory->count(self->memory, PDR_ALL) == 0)
        return PDR_OK;
    return self->config.alpha > 0 ? dark_rehearse(self, s) : rehearse(self, s);
}

static pdr_status after_loss(void *p, const pdr_step *s)
{
    strategy *self = p;
    return self->config.alpha > 0 ? dark_term(self, s) : PDR_OK;
}

/* select: loss. What rehearsed rows are worth now: those that are well known fall, and go first. */
static pdr_status values_refresh(strategy *self, const pdr_step *s)
{
    if (self->config.select != LOSS || !self->count)
        return PDR_OK;
    pdr_tensor *loss = self->host->tensor->slice(s->scope, s->row_loss, 0, self->first, self->count);
    return self->host->memory->put(s->scope, self->memory, self->slots, NULL, NULL, loss, NULL);
}

/* Offer the fresh rows as they were before augmentation (R1): once each, so not in later epochs. Their loss and logits are
 * those of the step that has just been made, before its update. */
static pdr_status after_batch(void *p, const pdr_step *s)
{
    strategy *self = p;
    const pdr_tensor_api *T = self->host->tensor;
    pdr_tensor *value = NULL, *logits = NULL;
    pdr_status bad = values_refresh(self, s); /* before rows are offered, which may take the slots */
    if (bad || self->config.fill != STREAM || (s->epoch && !self->config.every_epoch))
        return bad;
    if (self->config.select == LOSS)
        value = T->slice(s->scope, s->row_loss, 0, 0, s->fresh);
    if (self->config.alpha > 0)
        logits = T->slice(s->scope, s->logits, 0, 0, s->fresh);
    pdr_tensor *labels = pdr_fresh_labels(self->host, s);
    return self->host->memory->offer(s->scope, self->memory, s->raw, labels, value, logits);
}

static pdr_status after_task(void *p, const pdr_task *t)
{
    strategy *self = p;
    return self->config.fill == TASK ? fill_task(self, t) : PDR_OK;
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
                                .after_loss = after_loss,
                                .after_batch = after_batch,
                                .after_task = after_task,
                                .save = save,
                                .load = load};

PDR_STRATEGY("replay", "1.0", "Experience replay from a bounded memory", "Rolnick et al. 2019, arXiv 1811.11682",
             PDR_GRAPH_SAFE | PDR_RANK_SAFE)
