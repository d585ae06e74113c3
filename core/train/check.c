/* Self-checks against results that are silently wrong, on in every run. What is not finite stops the cell, and the search for
 * its cause may then take as long as it likes; the rest is said once and counted. Each names task, step, strategy and hook. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "train/cell.h"

enum { CHECK_EVERY = 10 }; /* steps between two looks where a look waits for the device */

static const double TOO_STRONG = 1e6; /* times the loss: a penalty that throws the weights */

static bool on_cpu(const cell *c) { return !strcmp(c->plan->device, "cpu"); }

/* ---- what is not finite ---- */

/* NULL: it is finite. */
static const char *fault_of(const cell *c, const pdr_tensor *t)
{
    int64_t count = t ? c->engine->tensor->size(t, PDR_ALL) : 0;
    float *at = alloc_zero((size_t)count + 1, sizeof *at);
    const char *fault = NULL;
    if (count > 0 && c->engine->tensor->read(t, PDR_F32, at, (size_t)count * sizeof *at) != PDR_OK)
        count = 0;
    for (int64_t i = 0; i < count && (!fault || !strcmp(fault, "inf")); i++)
        fault = isnan(at[i]) ? "nan" : isinf(at[i]) ? "inf" : fault;
    free(at);
    return fault;
}

static bool all_finite(const cell *c, const pdr_tensor *t) { return !fault_of(c, t); }

static void blame_term(const cell *c, text *out)
{
    for (int64_t i = 0; !out->length && i < c->step.term_count; i++)
        if (!all_finite(c, c->step.terms[i].value))
            text_addf(out, "from strategy %s, hook after_loss: a term that add_loss() was given",
                      c->step.terms[i].owner->name);
}

static void blame_rows(const cell *c, text *out)
{
    for (int64_t i = 0; !out->length && i < c->step.part_count; i++)
        if (!all_finite(c, c->step.parts[i].x))
            text_addf(out, "from strategy %s, hook %s() was given", c->step.parts[i].owner->name,
                      c->step.parts[i].mingled ? "before_task: a memory that mingle"
                                               : "before_batch: rows that rehearse");
    if (!out->length && !all_finite(c, c->step.step.x))
        text_addf(out, "from the rows of the data");
}

/* Penalties that are in the queue, against the weights as they are now. One that is too strong throws these further with
 * every update, long before a loss says so: then it stands far above the loss. */
static bool blame_strength(const cell *c, text *out)
{
    double loss = 0, most = 0;
    const host_step *h = &c->step;
    const strategy *owner = NULL;
    c->engine->tensor->read(h->step.loss, PDR_F64, &loss, sizeof loss);
    pdr_scope *s = c->engine->tensor->open(NULL, PDR_NO_GRAD); /* the step's own may be inside a gradient */
    for (int64_t i = 0; i < h->penalty_count && isfinite(most); i++) {
        double value = fabs(c->engine->penalty_value(s, c->session.model, &h->penalties[i]));
        if (!(value > most) && !isnan(value))
            continue;
        most = value;
        owner = h->penalty_owner[i];
    }
    c->engine->tensor->close(s);
    if (!owner || most <= TOO_STRONG * fmax(1, isfinite(loss) ? fabs(loss) : 0))
        return false;
    text_addf(out, "from strategy %s, hook after_loss: a penalty of %.3g", owner->name, most);
    return true;
}

static void blame_network(const cell *c, text *out)
{
    const char *logits = fault_of(c, c->step.step.logits);
    if (!all_finite(c, c->engine->model->flat_params(c->session.model)))
        text_addf(out, "from the network, whose weights an earlier update made so");
    else if (logits)
        text_addf(out, "from the network, whose logits are %s", *logits == 'n' ? "not numbers" : "too large");
    else if (c->method->loss_owner >= 0)
        text_addf(out, "from strategy %s, hook compute_loss", c->session.strategies[c->method->loss_owner].name);
    else
        text_addf(out, "from the loss itself");
}

static int hint(bool penalty, error *e)
{
    return error_hint(e, penalty ? "a smaller weight of it (ewc: lambda), a smaller optimizer.lr or "
                                   "training.gradient_clip often mends it"
                                 : "a smaller optimizer.lr, training.gradient_clip or data.normalize often mends it");
}

static int refuse(const cell *c, const char *what, const text *cause, bool penalty, error *e)
{
    error_set(e, EXIT_FAILED, "task %lld, step %lld: found %s; expected a finite one (%s)",
              (long long)c->step.step.task->index + 1, (long long)c->session.step, what, cause->at ? cause->at : "");
    return hint(penalty, e);
}

int check_loss(cell *c, const pdr_tensor *total, error *e)
{
    return on_cpu(c) || c->steps % CHECK_EVERY == 0 ? check_loss_now(c, total, e) : 0;
}

int check_loss_now(cell *c, const pdr_tensor *total, error *e)
{
    char what[64];
    text cause = {0};
    bool penalty = false;
    const float *loss = c->engine->bytes(c->step.scope, total, PDR_F32);
    if (!loss || isfinite(*loss)) /* a scope that failed says so itself */
        return 0;
    snprintf(what, sizeof what, "a loss of %s", isnan(*loss) ? "nan" : *loss > 0 ? "inf" : "-inf");
    blame_term(c, &cause);
    if (!cause.length)
        blame_rows(c, &cause);
    if (!cause.length)
        penalty = blame_strength(c, &cause);
    if (!cause.length)
        blame_network(c, &cause);
    int code = refuse(c, what, &cause, penalty, e);
    text_free(&cause);
    return code;
}

/* The network as it is measured: what an update of a loss that was still finite has left. */
int check_logits(cell *c, const pdr_eval *v, error *e)
{
    const char *fault = fault_of(c, v->logits);
    text cause = {0};
    if (!fault)
        return 0;
    bool penalty = blame_strength(c, &cause);
    if (!penalty && !all_finite(c, c->engine->model->flat_params(c->session.model)))
        text_addf(&cause, "from the network, whose weights are not finite");
    else if (!penalty)
        text_addf(&cause, "from the network, whose weights are too large");
    error_set(e, EXIT_FAILED,
              "evaluation on task %lld after %lld: found logits that are not finite (%s); expected finite ones (%s)",
              (long long)v->on_task + 1, (long long)v->after_task, fault, cause.at);
    text_free(&cause);
    return hint(penalty, e);
}

static void blame_penalty(const cell *c, text *out)
{
    for (int64_t i = 0; !out->length && i < c->step.penalty_count; i++)
        if (!all_finite(c, c->step.penalties[i].importance) || !all_finite(c, c->step.penalties[i].anchor))
            text_addf(out, "from strategy %s, hook after_loss: importance or anchor that add_penalty() was given",
                      c->step.penalty_owner[i]->name);
}

static void blame_editor(const cell *c, text *out)
{
    for (int i = 0; i < c->session.count; i++)
        if (c->session.strategies[i].needs_gradient && c->session.strategies[i].plugin->hooks.after_backward)
            text_addf(out, "%s %s", out->length ? " or" : "from strategy", c->session.strategies[i].name);
    if (out->length)
        text_addf(out, ", hook after_backward, or from the backward pass");
    else
        text_addf(out, "from the backward pass of a loss that is finite");
}

int check_gradient(cell *c, bool finite, error *e)
{
    text cause = {0};
    bool penalty = false;
    if (!on_cpu(c) && c->steps % CHECK_EVERY == 0)
        finite = c->engine->gradient_finite(c->step.scope, c->session.model);
    if (finite)
        return 0;
    blame_penalty(c, &cause);
    if (!cause.length)
        penalty = blame_strength(c, &cause);
    if (!cause.length)
        blame_editor(c, &cause);
    int code = refuse(c, "a gradient that is not finite", &cause, penalty, e);
    text_free(&cause);
    return code;
}

/* ---- penalties ---- */

/* Once the weights have moved in a task, a penalty that is still zero holds nothing. */
static void penalties_look(cell *c)
{
    host_step *h = &c->step;
    for (int64_t i = 0; i < h->penalty_count; i++)
        if (c->engine->penalty_value(h->scope, c->session.model, &h->penalties[i]) == 0)
            host_found(
                &c->session, HOST_ZERO_PENALTY, h->penalty_owner[i], "after_loss",
                "found a penalty of 0 after the weights moved; expected more: importance or weight is zero, or the "
                "anchor follows the weights (clone() what is kept)");
}

void check_penalties(cell *c)
{
    if (c->step.step.index == 1 && c->step.step.task->previous)
        penalties_look(c);
}

/* Where the cell goes on behind that step, its penalties are not known any more. */
void check_penalties_end(cell *c)
{
    if (c->warm && c->steps - c->steps_before == 1 && c->step.step.task->previous)
        penalties_look(c);
}

/* ---- memories ---- */

void check_memories(cell *c)
{
    if (c->step.step.index || !c->step.step.task->previous)
        return;
    for (int i = 0; i < c->session.count; i++) {
        const strategy *s = &c->session.strategies[i];
        for (int64_t j = 0; j < s->memory_count; j++)
            if (memory_count(host_memory_store(s->memories[j]), PDR_ALL) == 0)
                host_found(&c->session, HOST_EMPTY_MEMORY, s, "before_batch",
                           "found an empty memory (%s) after the first task; expected some rows of it",
                           host_memory_name(s->memories[j]));
    }
}

/* ---- heads ---- */

static float *parameters_read(const cell *c)
{
    int64_t count = c->engine->model_size(c->session.model);
    float *at = alloc_zero((size_t)count + 1, sizeof *at);
    c->engine->tensor->read(c->engine->model->flat_params(c->session.model), PDR_F32, at, (size_t)count * sizeof *at);
    return at;
}

void check_heads_begin(cell *c)
{
    free(c->heads);
    free(c->reached);
    c->heads = NULL;
    c->reached = NULL;
    if (c->method->loss_owner >= 0 || c->method->prediction_owner >= 0) /* who owns these may do without the head */
        return;
    c->heads = parameters_read(c);
    c->reached = alloc_zero((size_t)c->stream->columns + 1, sizeof *c->reached);
}

/* differs[column] becomes true where a value of that column is not what it is in `other` (NULL: zeros), to the bit. */
static void columns_compare(const pdr_block *b, const float *at, const float *other, bool *differs)
{
    size_t wide = (size_t)(b->count / b->columns);
    for (size_t j = 0; j < (size_t)b->columns; j++)
        for (size_t i = j * wide; !differs[(size_t)b->first_column + j] && i < (j + 1) * wide; i++)
            differs[(size_t)b->first_column + j] = other ? memcmp(&at[i], &other[i], sizeof *at) != 0 : at[i] != 0;
}

/* The blocks of heads, one after another: from i on, which becomes the next one to look at. */
static bool head_next(const cell *c, int64_t *i, pdr_block *b)
{
    const pdr_model_api *m = c->engine->model;
    while (*i < m->block_count(c->session.model)) {
        *b = (pdr_block){.struct_size = sizeof *b};
        m->block(c->session.model, (*i)++, b);
        if (b->columns)
            return true;
    }
    return false;
}

/* At a few steps only: the gradient becomes flat, and a GPU is waited for. Weight decay and momentum move columns that no
 * gradient reaches, so that looking at the weights is not enough. */
void check_heads_step(cell *c)
{
    int64_t index = c->step.step.index;
    if (!c->reached || (index & (index - 1)))
        return;
    pdr_block b;
    pdr_scope *s = c->engine->tensor->open(NULL, PDR_NO_GRAD);
    const pdr_tensor *g = c->engine->model->flat_grads(c->session.model);
    for (int64_t i = 0; head_next(c, &i, &b);) {
        const float *at = c->engine->bytes(s, c->engine->tensor->slice(s, g, 0, b.first, b.count), PDR_F32);
        if (at)
            columns_compare(&b, at, NULL, c->reached);
    }
    c->engine->tensor->close(s);
}

static void head_found(cell *c, const pdr_task *t, int64_t column, bool moved)
{
    const char *one = t->class_count == 1 ? " (a task of one class has nothing to tell apart)" : "";
    if (moved)
        host_found(&c->session, HOST_UNTRAINED_HEAD, NULL, "after_task",
                   "found no gradient in column %lld of the head; expected the task's loss to give it one%s",
                   (long long)column, one);
    else
        host_found(&c->session, HOST_UNTRAINED_HEAD, NULL, "after_task",
                   "found column %lld of the head as it was before the task; expected training to move it%s",
                   (long long)column, one);
}

void check_heads_end(cell *c, const stage *s)
{
    const pdr_task *t = &s->task.task;
    if (!c->heads)
        return;
    pdr_block b;
    bool *moved = alloc_zero((size_t)c->stream->columns + 1, sizeof *moved);
    float *now = parameters_read(c);
    for (int64_t i = 0; head_next(c, &i, &b);)
        columns_compare(&b, now + b.first, c->heads + b.first, moved);
    for (int64_t i = 0; i < t->class_count; i++)
        if (!moved[t->classes[i]] || !c->reached[t->classes[i]])
            head_found(c, t, t->classes[i], moved[t->classes[i]]);
    free(now);
    free(moved);
}

/* Values of the blocks of heads, one after another: of `from` into `to`, or the other way round. Returns how many. */
static int64_t heads_pack(const cell *c, float *packed, bool out)
{
    int64_t count = 0;
    pdr_block b;
    for (int64_t i = 0; head_next(c, &i, &b); count += b.count)
        if (packed && out)
            memcpy(packed + count, c->heads + b.first, (size_t)b.count * sizeof *packed);
        else if (packed)
            memcpy(c->heads + b.first, packed + count, (size_t)b.count * sizeof *packed);
    return count;
}

void check_save(const cell *c, arrays *rest)
{
    if (!c->heads)
        return;
    const int64_t count = heads_pack(c, NULL, true);
    float *packed = alloc_zero((size_t)count + 1, sizeof *packed);
    heads_pack(c, packed, true);
    arrays_take(rest, "loop/heads", ARRAY_F32, &count, 1, packed);
    arrays_add_list(rest, "loop/reached", ARRAY_BOOL, c->stream->columns, c->reached);
}

int check_resume(cell *c, const arrays *rest, error *e)
{
    const void *heads, *reached;
    int64_t count, columns;
    check_heads_begin(c);
    if (!c->heads)
        return 0;
    int code = arrays_list(rest, "loop/heads", ARRAY_F32, &heads, &count, "checkpoint", e);
    if (code || (code = arrays_list(rest, "loop/reached", ARRAY_BOOL, &reached, &columns, "checkpoint", e)))
        return code;
    if (count != heads_pack(c, NULL, false) || columns != c->stream->columns)
        return error_set(
            e, EXIT_DATA, "checkpoint: found heads of %lld numbers and %lld columns; expected %lld and %lld",
            (long long)count, (long long)columns, (long long)heads_pack(c, NULL, false), (long long)c->stream->columns);
    heads_pack(c, (float *)(uintptr_t)heads, false);
    memcpy(c->reached, reached, (size_t)columns * sizeof *c->reached);
    return 0;
}

void check_close(cell *c)
{
    free(c->heads);
    free(c->reached);
}
