/* What a hook may queue for the step that is running: rows, terms of the loss, penalties. It takes effect after the last
 * strategy's hook of the moment, so none sees another's. */
#include <math.h>
#include <string.h>

#include "plugin/host.h"

static host_step *step_of(const pdr_step *s) { return (host_step *)(uintptr_t)s; }

static bool moment_is(const host_step *s, const char *moment) { return !strcmp(s->session->moment, moment); }

static pdr_status refused(const char *function, const char *why)
{
    return host_fail(host_running(), PDR_EINVALID, "%s: %s", function, why);
}

static const char *weight_fault(pdr_blend blend, double weight)
{
    if (blend != PDR_JOIN && blend != PDR_SHARE && blend != PDR_ADD)
        return "found an unknown blend; expected PDR_JOIN, PDR_SHARE or PDR_ADD";
    if (blend != PDR_JOIN && (!isfinite(weight) || (blend == PDR_SHARE && weight < 0)))
        return "found a weight that is not finite, or a share below 0";
    return NULL;
}

/* Rows of the network's own shape, float32, with one label each. */
static const char *rows_fault(const host_step *h, const pdr_tensor *x, const pdr_tensor *y)
{
    const pdr_tensor_api *t = h->session->engine->tensor;
    const pdr_task *task = h->step.task;
    if (t->rank(x) != (int32_t)task->rank + 1)
        return "x has another rank than the batch";
    for (int32_t i = 0; i < (int32_t)task->rank; i++)
        if (t->size(x, i + 1) != task->shape[i])
            return "a row of x has another shape than the batch's rows";
    if (t->dtype(x) != PDR_F32)
        return "x is not float32: memories give rows as the batch has them";
    if (y && (t->rank(y) != 1 || t->size(y, 0) != t->size(x, 0) || t->dtype(y) != PDR_I64))
        return "y is not [rows of x] of int64";
    return NULL;
}

/* Whether the loss is the scenario's own, whose columns compete as `active` says; a compute_loss takes what it likes. */
static bool loss_is_masked(const host_session *session)
{
    for (int i = 0; i < session->count; i++)
        if (session->strategies[i].plugin->hooks.compute_loss)
            return false;
    return true;
}

/* A label whose column does not compete has no loss that is defined: its row is taken as one without a label. */
static pdr_status labels_outside(host_step *h, host_part *part, const int64_t *label)
{
    const engine_mask *any = &((const host_task *)h->step.task)->any;
    int64_t outside = 0, last = -1, low = any->first, high = any->first + any->count;
    if (any->first_of || !loss_is_masked(h->session))
        return PDR_OK;
    for (int64_t i = 0; i < part->count; i++)
        if (label[i] >= 0 && (label[i] < low || label[i] >= high)) {
            last = label[i];
            outside++;
        }
    if (!outside)
        return PDR_OK;
    host_found(h->session, HOST_LABEL_OUTSIDE, part->owner, part->mingled ? "before_task" : "before_batch",
               "found label %lld in a %s row; expected %lld to %lld, the columns that compete (stream.active): the "
               "row is taken as one without a label",
               (long long)last, part->mingled ? "mingled" : "rehearsed", (long long)low, (long long)high - 1);
    const pdr_tensor_api *t = h->session->engine->tensor;
    pdr_tensor *none = t->full(h->scope, PDR_I64, NULL, 0, -1);
    pdr_tensor *below = t->less(h->scope, part->y, t->full(h->scope, PDR_I64, NULL, 0, (double)low));
    pdr_tensor *inside = t->less(h->scope, part->y, t->full(h->scope, PDR_I64, NULL, 0, (double)high));
    part->y = t->where(h->scope, below, none, t->where(h->scope, inside, part->y, none));
    part->labelled -= outside;
    return t->status(h->scope);
}

/* No hook runs when mingled rows come into a batch, so the step itself fails. */
static pdr_status label_refused(host_step *h, const host_part *part, int64_t label)
{
    const long long last = (long long)h->step.task->columns - 1;
    if (!part->mingled)
        return host_fail(host_running(), PDR_EINVALID,
                         "rehearse: found label %lld; expected -1 to %lld, the network's columns", (long long)label,
                         last);
    return scope_fail(h->scope, PDR_EINVALID,
                      "strategy %s, mingle: found label %lld; expected -1 to %lld, the network's columns",
                      part->owner->name, (long long)label, last);
}

pdr_status host_part_labels(host_step *h, host_part *part)
{
    const struct engine *e = h->session->engine;
    const int64_t *label = part->y ? e->bytes(h->scope, part->y, PDR_I64) : NULL;
    int64_t columns = h->step.task->columns;
    for (int64_t i = 0; label && i < part->count; i++) {
        if (label[i] < -1 || label[i] >= columns)
            return label_refused(h, part, label[i]);
        part->labelled += label[i] >= 0;
    }
    return label ? labels_outside(h, part, label) : PDR_OK;
}

static pdr_status step_rehearse(const pdr_step *s, const pdr_tensor *x, const pdr_tensor *y, pdr_blend blend,
                                double weight, int64_t *first)
{
    host_step *h = step_of(s);
    const struct engine *e = h->session->engine;
    host_acts(host_running(), "rehearse");
    if (!x) /* the scope that made it holds the reason */
        return PDR_EINVALID;
    const char *fault = !moment_is(h, "before_batch")           ? "may be called in before_batch only"
                        : h->part_count == HOST_QUEUE           ? "more than 64 parts in a step"
                        : (fault = weight_fault(blend, weight)) ? fault
                                                                : rows_fault(h, x, y);
    if (fault)
        return refused("rehearse", fault);
    if (first)
        *first = h->rows;
    if (!e->tensor->size(x, 0)) /* no rows are no part: the loss stays the plain mean, to the bit */
        return PDR_OK;
    host_part *part = &h->parts[h->part_count];
    *part = (host_part){.owner = host_running(),
                        .x = e->adopt(h->scope, x),
                        .y = e->adopt(h->scope, y),
                        .blend = blend,
                        .weight = weight};
    part->first = h->rows;
    part->count = e->tensor->size(x, 0);
    pdr_status status = host_part_labels(h, part);
    if (status)
        return status;
    h->rows += part->count;
    h->part_count++;
    return PDR_OK;
}

static void term_log(const char *name, const pdr_tensor *term)
{
    const strategy *s = host_running();
    if (name && s)
        s->host.metric_of(&s->host, name, term);
}

static pdr_status step_add_loss(const pdr_step *s, const pdr_tensor *term, pdr_blend blend, double weight,
                                const char *name)
{
    host_step *h = step_of(s);
    const struct engine *e = h->session->engine;
    host_acts(host_running(), "add_loss");
    if (!term)
        return PDR_EINVALID;
    const char *fault = !moment_is(h, "after_loss")   ? "may be called in after_loss only"
                        : h->term_count == HOST_QUEUE ? "more than 64 terms in a step"
                        : blend == PDR_JOIN           ? "a term is a SHARE or an ADD; only rows can JOIN"
                        : e->tensor->rank(term) != 0  ? "the term is no scalar: give its mean"
                                                      : weight_fault(blend, weight);
    if (fault)
        return refused("add_loss", fault);
    h->terms[h->term_count++] = (host_term){host_running(), e->adopt(h->scope, term), blend, weight};
    term_log(name, term);
    return PDR_OK;
}

static const char *penalty_fault(const host_step *h, const pdr_tensor *importance, const pdr_tensor *anchor)
{
    const pdr_tensor_api *t = h->session->engine->tensor;
    if (t->rank(importance) != 1 || t->rank(anchor) != 1 || t->size(importance, 0) != t->size(anchor, 0))
        return "importance and anchor are not two vectors of one length";
    if (t->size(importance, 0) > h->session->engine->model_size(h->session->model))
        return "importance is longer than the parameters";
    if (t->dtype(importance) != PDR_F32 || t->dtype(anchor) != PDR_F32)
        return "importance and anchor are not float32";
    return NULL;
}

static pdr_status step_add_penalty(const pdr_step *s, const pdr_tensor *importance, const pdr_tensor *anchor,
                                   double weight, const char *name)
{
    host_step *h = step_of(s);
    const struct engine *e = h->session->engine;
    host_acts(host_running(), "add_penalty");
    if (!importance || !anchor)
        return PDR_EINVALID;
    const char *fault = !moment_is(h, "after_loss")      ? "may be called in after_loss only"
                        : h->penalty_count == HOST_QUEUE ? "more than 64 penalties in a step"
                        : !isfinite(weight)              ? "the weight is not finite"
                                                         : penalty_fault(h, importance, anchor);
    if (fault)
        return refused("add_penalty", fault);
    h->penalty_owner[h->penalty_count] = host_running();
    engine_penalty *p = &h->penalties[h->penalty_count++];
    *p = (engine_penalty){e->adopt(h->scope, importance), e->adopt(h->scope, anchor), weight};
    const strategy *me = host_running();
    if (name && h->step.index % 50 == 0) /* a pass over the parameters: not at every step */
        me->host.metric(&me->host, name, e->penalty_value(h->scope, h->session->model, p));
    return PDR_OK;
}

const pdr_step_api host_step_api = {
    .struct_size = sizeof(pdr_step_api),
    .rehearse = step_rehearse,
    .add_loss = step_add_loss,
    .add_penalty = step_add_penalty,
};
