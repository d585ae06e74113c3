/* What happens between the hooks of a step. The formulas are rules 14 and 15 of <perdure/plugin.h>. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "train/cell.h"

int step_failed(const cell *c, const char *what, error *e)
{
    if (c->engine->tensor->status(c->step.scope) == PDR_OK)
        return 0;
    return error_set(e, EXIT_FAILED, "task %lld, step %lld: %s failed: %s", (long long)c->step.step.task->index + 1,
                     (long long)c->session.step, what, c->engine->scope_message(c->step.scope));
}

/* ---- rows ---- */

/* [rows]: a copy for all parts; those without labels read -1. */
static pdr_tensor *labels_together(cell *c)
{
    host_step *h = &c->step;
    void *at = NULL;
    pdr_tensor *out = c->engine->blank(h->scope, PDR_I64, &h->rows, 1, &at);
    const int64_t *fresh = c->engine->bytes(h->scope, h->step.y, PDR_I64);
    if (!out)
        return NULL;
    int64_t *y = at;
    if (fresh) /* a batch may be of mingled rows alone */
        memcpy(y, fresh, (size_t)h->step.fresh * sizeof *y);
    for (int64_t i = 0; i < h->part_count; i++) {
        const host_part *p = &h->parts[i];
        const int64_t *given = p->y ? c->engine->bytes(h->scope, p->y, PDR_I64) : NULL;
        if (given)
            memcpy(y + p->first, given, (size_t)p->count * sizeof *y);
        else
            memset(y + p->first, 0xff, (size_t)p->count * sizeof *y);
    }
    return c->engine->to_device(h->scope, out);
}

static pdr_tensor *rows_together(cell *c)
{
    host_step *h = &c->step;
    pdr_tensor *x[HOST_QUEUE + 1], *there = host_room_batch(h);
    if (there)
        return there;
    x[0] = (pdr_tensor *)(uintptr_t)h->step.x;
    for (int64_t i = 0; i < h->part_count; i++)
        x[i + 1] = h->parts[i].x;
    return c->engine->tensor->cat(h->scope, x, (int32_t)h->part_count + 1, 0);
}

int step_assemble(cell *c, error *e)
{
    host_step *h = &c->step;
    check_memories(c);
    c->order.rehearsed = h->rows - h->step.fresh;
    if (h->part_count) {
        h->step.x = rows_together(c);
        h->step.y = labels_together(c);
    }
    host_room_close(&c->session);
    return step_failed(c, "putting the batch together", e);
}

/* ---- forward ---- */

int step_forward(cell *c, error *e)
{
    host_step *h = &c->step;
    pdr_tensor *features = NULL;
    bool wanted = c->method->flags & PDR_USES_FEATURES;
    host_doing(&c->session, HOST_FORWARD);
    h->step.logits = c->executor->forward(h->scope, c->session.model, h->step.x, wanted ? &features : NULL);
    h->step.features = features;
    return step_failed(c, "the forward pass", e);
}

/* ---- loss ---- */

static bool part_is_joined(const host_part *p) { return p->blend == PDR_JOIN; }

static int64_t rows_joined(const host_step *h)
{
    int64_t n = h->step.fresh;
    for (int64_t i = 0; i < h->part_count; i++)
        if (part_is_joined(&h->parts[i]))
            n += h->parts[i].labelled;
    return n;
}

static bool rows_all_labelled(const host_step *h)
{
    for (int64_t i = 0; i < h->part_count; i++)
        if (h->parts[i].labelled < h->parts[i].count)
            return false;
    return true;
}

static bool rows_all_joined(const host_step *h)
{
    for (int64_t i = 0; i < h->part_count; i++)
        if (!part_is_joined(&h->parts[i]))
            return false;
    return rows_all_labelled(h);
}

/* 1 + sum r_i over the SHARE parts that have labelled rows. */
static double shares_of_parts(const host_step *h)
{
    double sum = 1;
    for (int64_t i = 0; i < h->part_count; i++)
        if (h->parts[i].blend == PDR_SHARE && h->parts[i].labelled)
            sum += h->parts[i].weight;
    return sum;
}

/* What one labelled row of a part counts in the loss before terms. */
static float row_weight(const host_part *p, double joined, double shares)
{
    if (part_is_joined(p))
        return (float)joined;
    double weight = p->weight / (double)(p->labelled ? p->labelled : 1);
    return (float)(p->blend == PDR_SHARE ? weight / shares : weight);
}

/* [B]: the weight of every row, so that the loss is one product. Row losses of unlabelled rows may be anything from a
 * compute_loss, so their weight is 0 and their loss is masked by `where`. shares: 1 + sum r_i. */
static pdr_tensor *row_weights(cell *c, double shares)
{
    host_step *h = &c->step;
    void *bytes = NULL;
    pdr_tensor *out = c->engine->blank(h->scope, PDR_F32, &h->rows, 1, &bytes);
    const int64_t *y = c->engine->bytes(h->scope, h->step.y, PDR_I64);
    if (!out || !y)
        return NULL;
    float *weight = bytes;
    int64_t joined_count = rows_joined(h);
    double joined = joined_count ? 1 / ((double)joined_count * shares) : 0;
    for (int64_t i = 0; i < h->step.fresh; i++)
        weight[i] = (float)joined;
    for (int64_t i = 0; i < h->part_count; i++) {
        const host_part *p = &h->parts[i];
        for (int64_t j = p->first; j < p->first + p->count; j++)
            weight[j] = y[j] >= 0 ? row_weight(p, joined, shares) : 0;
    }
    return c->engine->to_device(h->scope, out);
}

static pdr_tensor *loss_weighted(cell *c, const pdr_tensor *row_loss, double shares)
{
    const pdr_tensor_api *t = c->engine->tensor;
    pdr_scope *s = c->step.scope;
    if (rows_all_joined(&c->step))
        return t->mean(s, row_loss, PDR_ALL, 0);
    int64_t one = 1;
    pdr_tensor *weights = row_weights(c, shares), *zero = t->full(s, PDR_F32, &one, 1, 0);
    pdr_tensor *counted = t->where(s, t->less(s, zero, t->abs(s, weights)), row_loss, zero);
    return t->dot(s, weights, counted);
}

static int rows_by_owner(cell *c, pdr_tensor **rows, error *e)
{
    host_step *h = &c->step;
    strategy *s = &c->session.strategies[c->method->loss_owner];
    pdr_tensor *theirs = NULL;
    profile_begin_hook(c->profile, s->name, "compute_loss");
    h->step.scope = host_enter(s, "compute_loss", PDR_GRAD);
    pdr_status status = s->plugin->hooks.compute_loss(s->self, &h->step, &theirs);
    const pdr_tensor_api *t = c->engine->tensor;
    if (status == PDR_OK && t->status(s->scope) == PDR_OK &&
        (!theirs || t->rank(theirs) != 1 || t->size(theirs, 0) != h->rows))
        host_fail(s, PDR_EINVALID, "found %s of %lld rows; expected a loss for each of the batch's %lld rows",
                  theirs ? "losses" : "no losses", theirs ? (long long)t->size(theirs, 0) : 0LL, (long long)h->rows);
    *rows = c->engine->adopt(h->scope, theirs);
    return profile_end(c->profile, host_leave(s, status, e));
}

/* What a compute_loss says of rows without a label is not their loss: that is 0, as it is without one. */
static pdr_tensor *labelled_only(cell *c, pdr_tensor *rows)
{
    const pdr_tensor_api *t = c->engine->tensor;
    pdr_scope *s = c->step.scope;
    if (rows_all_labelled(&c->step))
        return rows;
    pdr_tensor *without = t->less(s, c->step.step.y, t->full(s, PDR_I64, NULL, 0, 0));
    return t->where(s, without, t->full(s, PDR_F32, NULL, 0, 0), rows);
}

/* Whether one mask does for fresh and other rows: by the label it gives fresh rows the run of their own task. */
static bool masks_agree(const host_task *t)
{
    return t->any.first_of || (t->any.first == t->fresh.first && t->any.count == t->fresh.count);
}

static pdr_tensor *rows_masked(cell *c, int64_t first, int64_t count, const engine_mask *mask)
{
    const pdr_tensor_api *t = c->engine->tensor;
    host_step *h = &c->step;
    return c->engine->row_loss(h->scope, t->slice(h->scope, h->step.logits, 0, first, count),
                               t->slice(h->scope, h->step.y, 0, first, count), mask);
}

/* Where tasks share columns, the task of a row in a part is unknown: it competes among all, a fresh one as ever. */
static pdr_tensor *rows_by_scenario(cell *c)
{
    host_step *h = &c->step;
    const host_task *task = (const host_task *)h->step.task;
    int64_t fresh = h->step.fresh;
    if (!h->part_count || !fresh || masks_agree(task))
        return c->engine->row_loss(h->scope, h->step.logits, h->step.y, h->part_count ? &task->any : &task->fresh);
    pdr_tensor *both[] = {rows_masked(c, 0, fresh, &task->fresh), rows_masked(c, fresh, h->rows - fresh, &task->any)};
    return c->engine->tensor->cat(h->scope, both, 2, 0);
}

/* The executor works rows and loss out in one pass, where one mask does for all of them. */
static bool loss_is_one(const cell *c)
{
    const host_step *h = &c->step;
    return c->executor->loss && c->method->loss_owner < 0 &&
           (!h->part_count || !h->step.fresh || masks_agree((const host_task *)h->step.task));
}

static int loss_at_once(cell *c, error *e)
{
    host_step *h = &c->step;
    const host_task *task = (const host_task *)h->step.task;
    pdr_tensor *loss = NULL, *weights = rows_all_joined(h) ? NULL : row_weights(c, shares_of_parts(h));
    h->step.row_loss = c->executor->loss(h->scope, c->session.model, h->step.logits, h->step.y,
                                         h->part_count ? &task->any : &task->fresh, weights, &loss);
    h->step.loss = loss;
    return step_failed(c, "the loss", e);
}

int step_loss(cell *c, error *e)
{
    host_step *h = &c->step;
    pdr_tensor *rows = NULL;
    int code = 0;
    host_doing(&c->session, HOST_LOSS);
    if (loss_is_one(c))
        return loss_at_once(c, e);
    if (c->method->loss_owner >= 0)
        code = rows_by_owner(c, &rows, e);
    else
        rows = rows_by_scenario(c);
    if (code)
        return code;
    h->step.row_loss = c->method->loss_owner >= 0 ? labelled_only(c, rows) : rows;
    h->step.loss = loss_weighted(c, h->step.row_loss, shares_of_parts(h));
    return step_failed(c, "the loss", e);
}

static bool parts_add(const host_step *h)
{
    for (int64_t i = 0; i < h->part_count; i++)
        if (h->parts[i].blend == PDR_ADD)
            return true;
    return false;
}

/* (loss * R + sum r_k S_k) / (R + sum r_k) + sum w_j A_j, where R is what the rows came to. Rows that ADD stand outside
 * that mean: with some of them the rows are weighed anew. */
static pdr_tensor *loss_with_terms(cell *c)
{
    host_step *h = &c->step;
    const pdr_tensor_api *t = c->engine->tensor;
    double before = shares_of_parts(h), shares = before;
    for (int64_t i = 0; i < h->term_count; i++)
        shares += h->terms[i].blend == PDR_SHARE ? h->terms[i].weight : 0;
    pdr_tensor *total = (pdr_tensor *)(uintptr_t)h->step.loss;
    if (shares != before && parts_add(h))
        total = loss_weighted(c, h->step.row_loss, shares);
    else if (shares != before)
        total = t->affine(h->scope, total, before / shares, 0);
    for (int64_t i = 0; i < h->term_count; i++) {
        const host_term *k = &h->terms[i];
        double weight = k->blend == PDR_SHARE ? k->weight / shares : k->weight;
        if (weight != 0) /* a term of weight 0 is there for the log, whatever its value */
            total = t->add(h->scope, total, t->affine(h->scope, k->value, weight, 0));
    }
    return total;
}

/* ---- backward and update ---- */

int step_backward(cell *c, error *e)
{
    host_step *h = &c->step;
    host_doing(&c->session, HOST_BACKWARD);
    pdr_tensor *total = loss_with_terms(c);
    int code = check_loss(c, total, e);
    if (code)
        return code;
    c->executor->backward(h->scope, c->session.model, total, c->method->flags & PDR_USES_GRADIENT);
    return step_failed(c, "the backward pass", e);
}

/* training.gradient_clip: as torch.nn.utils.clip_grad_norm_, over the gradient of loss, terms and penalties. */
void step_clip(cell *c)
{
    double most = c->method->options->training.gradient_clip;
    double norm = most > 0 ? c->engine->gradient_norm(c->step.scope, c->session.model) : 0;
    if (most > 0 && norm > most)
        c->engine->gradient_scale(c->step.scope, c->session.model, most / (norm + 1e-6));
}

/* Where a strategy reads the final gradient, or it is clipped, penalties go into the flat one; else they are part of the
 * update's pass. */
int step_penalties(cell *c, error *e)
{
    host_step *h = &c->step;
    double most = c->method->options->training.gradient_clip;
    check_penalties(c);
    check_heads_step(c);
    if (h->penalty_count && (most > 0 || (c->method->flags & PDR_USES_GRADIENT))) {
        c->engine->penalty_apply(h->scope, c->session.model, h->penalties, h->penalty_count);
        h->penalties_applied = true;
    }
    step_clip(c);
    return step_failed(c, "adding the penalties", e);
}

int step_update(cell *c, error *e)
{
    host_step *h = &c->step;
    host_doing(&c->session, HOST_UPDATE);
    heads_tell(c);
    int64_t penalties = h->penalties_applied ? 0 : h->penalty_count;
    pdr_status done = c->engine->optimizer_step(h->scope, c->optimizer, h->step.lr, h->penalties, penalties);
    int code = step_failed(c, "the update", e);
    return code ? code : check_gradient(c, done != PDR_ENOTFINITE, e);
}
