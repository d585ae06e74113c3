/* Going on where a checkpoint was written: each part of save.c, laid back into a cell that was opened as new. Sizes are
 * compared before anything is laid: a checkpoint is data from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/checkpoint.h"
#include "train/cell.h"

static const char *name_of(const cell *c) { return c->from->name; }

/* ---- values ---- */

int cell_lay(const cell *c, const char *where, pdr_tensor *into, int64_t first, const array *from, const char *name,
             error *e)
{
    const struct engine *engine = c->engine;
    const int64_t count = from ? (int64_t)(from->size / sizeof(float)) : 0;
    const int64_t room = into ? engine->tensor->size(into, PDR_ALL) : 0;
    if (!from || from->type != ARRAY_F32 || first < 0 || count > room - first)
        return error_set(e, EXIT_DATA, "%s: %s: found %lld numbers; expected at most %lld, as the network has them",
                         where, name, (long long)count, (long long)(room - first));
    pdr_scope *s = engine->tensor->open(NULL, PDR_NO_GRAD);
    pdr_tensor *there = engine->tensor->slice(s, into, 0, first, count);
    engine->tensor->copy(s, there, engine->tensor->from(s, PDR_F32, &count, 1, from->bytes));
    int code = engine->tensor->status(s) == PDR_OK
                   ? 0
                   : error_set(e, EXIT_SYSTEM, "%s: %s cannot be laid into the network: %s", where, name,
                               engine->scope_message(s));
    engine->tensor->close(s);
    return code;
}

bool cell_same_shape(const array *a, const pdr_block *b)
{
    bool same = a->rank == b->rank;
    for (int32_t i = 0; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    return same;
}

static int block_lay(const cell *c, const pdr_block *b, pdr_tensor *into, error *e)
{
    const array *from = arrays_find(&c->from->weights, b->name);
    if (!from || !cell_same_shape(from, b))
        return error_set(e, EXIT_DATA, "%s: %s: found %s; expected the values of that block", name_of(c), b->name,
                         from ? "another shape" : "nothing");
    return cell_lay(c, name_of(c), into, b->first, from, b->name, e);
}

static int stream_lay(const cell *c, random_stream *r, const char *name, error *e)
{
    const void *at;
    int64_t count;
    int code = arrays_list(&c->from->rest, name, ARRAY_I64, &at, &count, name_of(c), e);
    if (code || count != 2)
        return code ? code
                    : error_set(e, EXIT_DATA, "%s: %s: found %lld numbers; expected 2", name_of(c), name,
                                (long long)count);
    r->key = (uint64_t)((const int64_t *)at)[0];
    random_seek(r, (uint64_t)((const int64_t *)at)[1]);
    return 0;
}

/* ---- network and optimizer ---- */

static int blocks_lay(cell *c, error *e)
{
    const struct engine *engine = c->engine;
    pdr_model *m = c->session.model;
    const int64_t blocks = engine->model->block_count(m), buffers = engine->buffer_count(m);
    int code = 0;
    if (c->from->weights.count != blocks + buffers)
        return error_set(e, EXIT_DATA, "%s: found %lld tensors; expected %lld, as the network has them", name_of(c),
                         (long long)c->from->weights.count, (long long)(blocks + buffers));
    for (int64_t i = 0; !code && i < blocks + buffers; i++) {
        pdr_block b = {.struct_size = sizeof b};
        if (i < blocks)
            engine->model->block(m, i, &b);
        else
            engine->buffer(m, i - blocks, &b);
        code = block_lay(c, &b, i < blocks ? engine->model->flat_params(m) : engine->model_buffers(m), e);
    }
    return code;
}

/* "network/gates/NUMBER/LAYER/WHO" */
static int gate_lay(cell *c, const array *from, const char *place, error *e)
{
    const struct engine *engine = c->engine;
    char *who = NULL;
    int64_t layer = strtoll(place, &who, 10);
    pdr_scope *s = engine->tensor->open(NULL, PDR_NO_GRAD);
    bool list = from->type == ARRAY_F32 && from->rank == 1;
    pdr_tensor *mask = list ? engine->tensor->from(s, PDR_F32, from->shape, 1, from->bytes) : NULL;
    int code = 0;
    if (!mask || engine->model_gate(s, c->session.model, *who ? who + 1 : who, layer, mask) != PDR_OK)
        code = error_set(e, EXIT_DATA, "%s: %s: found no gate of this network: %s", name_of(c), from->name,
                         engine->scope_message(s));
    engine->tensor->close(s);
    return code;
}

static int gates_lay(cell *c, error *e)
{
    const arrays *rest = &c->from->rest;
    int code = 0;
    for (int64_t n = 0; !code; n++) {
        char place[64];
        const array *from = NULL;
        int length = snprintf(place, sizeof place, "network/gates/%lld/", (long long)n);
        for (int64_t i = 0; !from && i < rest->count; i++)
            if (!strncmp(rest->at[i].name, place, (size_t)length))
                from = &rest->at[i];
        if (!from)
            break;
        code = gate_lay(c, from, from->name + length, e);
    }
    return code;
}

static int counts_lay(const cell *c, const char *name, int64_t *into, int64_t room, error *e)
{
    const void *at;
    int64_t count;
    int code = arrays_list(&c->from->rest, name, ARRAY_I64, &at, &count, name_of(c), e);
    if (!code && count != room)
        code = error_set(e, EXIT_DATA, "%s: %s: found %lld numbers; expected %lld", name_of(c), name, (long long)count,
                         (long long)room);
    if (!code && count)
        memcpy(into, at, (size_t)count * sizeof *into);
    return code;
}

/* Anew, as the network may have grown since cell_open(). */
static int optimizer_lay(cell *c, error *e)
{
    static const char *const averages[] = {"momentum", "first", "second"};
    const struct engine *engine = c->engine;
    int code = cell_optimizer(c, e);
    for (size_t i = 0; !code && i < sizeof averages / sizeof *averages; i++) {
        char name[32];
        pdr_tensor *into = engine->optimizer_state(c->optimizer, averages[i]);
        snprintf(name, sizeof name, "optimizer/%s", averages[i]);
        const array *from = arrays_find(&c->from->rest, name);
        if (!from != !into || (into && from->size != (size_t)engine->tensor->size(into, PDR_ALL) * sizeof(float)))
            code = error_set(e, EXIT_DATA, "%s: %s: found %s; expected the averages of this network's optimizer",
                             name_of(c), name, from ? "others" : "none");
        else if (into)
            code = cell_lay(c, name_of(c), into, 0, from, name, e);
    }
    if (!code)
        code = counts_lay(c, "optimizer/steps", engine->optimizer_steps(c->optimizer), 1, e);
    return code ? code
                : counts_lay(c, "optimizer/births", engine->optimizer_births(c->optimizer),
                             engine->model->block_count(c->session.model), e);
}

static int network_lay(cell *c, error *e)
{
    const int64_t last = c->place.in_task ? c->stages[c->place.stage].after
                         : c->place.stage ? c->stages[c->place.stage - 1].after
                                          : 0;
    int code = last ? heads_reach(c, c->session.model, last - 1, e) : 0;
    if (code || (code = blocks_lay(c, e)) ||
        (code = stream_lay(c, c->engine->model_stream(c->session.model), "network/dropout", e)) ||
        (code = gates_lay(c, e)))
        return code;
    return optimizer_lay(c, e);
}

int resume_network(cell *c, error *e)
{
    c->place = (cell_place){.in_task = true};
    int code = network_lay(c, e);
    c->place = (cell_place){0};
    return code;
}

/* ---- results so far ---- */

int resume_matrix(const checkpoint *k, const char *name, matrix *m, int64_t first, int64_t count, error *e)
{
    char right[64], measured[64];
    if (!m)
        return 0;
    const size_t row = (size_t)m->tasks * sizeof *m->right;
    snprintf(right, sizeof right, "matrix/%s/right", name);
    snprintf(measured, sizeof measured, "matrix/%s/count", name);
    const array *a = arrays_find(&k->rest, right), *b = arrays_find(&k->rest, measured);
    if (!a || !b || a->type != ARRAY_I64 || b->type != ARRAY_I64 || a->size != b->size || a->size % row ||
        a->size / row > (size_t)m->tasks + 1)
        return error_set(e, EXIT_DATA, "%s: matrix/%s: found another one; expected one of %lld tasks", k->name, name,
                         (long long)m->tasks);
    const int64_t there = (int64_t)(a->size / row), last = first + count < there ? first + count : there;
    if (last > first) {
        memcpy(m->right + first * m->tasks, (const char *)a->bytes + (size_t)first * row, (size_t)(last - first) * row);
        memcpy(m->count + first * m->tasks, (const char *)b->bytes + (size_t)first * row, (size_t)(last - first) * row);
    }
    return 0;
}

static int matrix_lay(const cell *c, matrix *m, const char *name, error *e)
{
    return resume_matrix(c->from, name, m, 0, m ? m->tasks + 1 : 0, e);
}

static void text_lay(const json_t *from, const char *key, char *into, size_t room)
{
    const char *words = json_string_value(json_object_get(from, key));
    snprintf(into, room, "%s", words ? words : "");
}

static int64_t number_of(const json_t *from, const char *key) { return json_integer_value(json_object_get(from, key)); }

static void findings_lay(host_session *session, const json_t *all)
{
    free(session->findings);
    session->finding_count = 0;
    session->findings = alloc_zero(json_array_size(all) + 1, sizeof *session->findings);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *from = json_array_get(all, i);
        if (number_of(from, "check") < 0 || number_of(from, "check") > HOST_METRIC_NOT_FINITE)
            continue;
        host_finding *f = &session->findings[session->finding_count++];
        f->check = (host_check)number_of(from, "check");
        f->task = number_of(from, "task");
        f->step = number_of(from, "step");
        f->count = number_of(from, "count");
        text_lay(from, "strategy", f->strategy, sizeof f->strategy);
        text_lay(from, "hook", f->hook, sizeof f->hook);
        text_lay(from, "words", f->words, sizeof f->words);
    }
}

static double seconds_of(const json_t *state, const char *key)
{
    return json_number_value(json_object_get(json_object_get(state, "seconds"), key));
}

/* Behind before_run: what that and create() found again was counted when the cell began. */
static void warnings_lay(cell *c)
{
    const json_t *state = c->from->state;
    host_flush_metrics(&c->session);
    c->session.warnings = number_of(state, "warnings");
    findings_lay(&c->session, json_object_get(state, "findings"));
}

static int results_lay(cell *c, error *e)
{
    const json_t *state = c->from->state;
    int code;
    c->clock = (cell_clock){seconds_of(state, "start"), seconds_of(state, "train"), seconds_of(state, "evaluate"),
                            seconds_of(state, "between_tasks"), seconds_of(state, "checkpoint")};
    if (c->profile)
        profile_go_on(c->profile, json_object_get(state, "profile"), c->steps);
    if ((code = matrix_lay(c, c->result->accuracy, "accuracy", e)) ||
        (code = matrix_lay(c, c->result->network, "network", e)))
        return code;
    code = matrix_lay(c, c->result->validation, "validation", e);
    return code ? code : anytime_lay(c, e);
}

/* ---- the place in the stream ---- */

static int numbers_check(const cell *c, error *e)
{
    static const char *const keys[] = {"stage", "epoch", "steps", "steps_before", "steps_timed", "next"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_is_integer(json_object_get(c->from->state, keys[i])))
            return error_set(e, EXIT_DATA, "%s: state.%s: found nothing; expected a whole number", name_of(c), keys[i]);
    return 0;
}

static int place_lay(cell *c, error *e)
{
    const json_t *state = c->from->state;
    if (numbers_check(c, e))
        return e->code;
    c->place = (cell_place){number_of(state, "stage"), number_of(state, "epoch"),
                            json_is_true(json_object_get(state, "in_task"))};
    c->steps = number_of(state, "steps");
    c->steps_before = number_of(state, "steps_before");
    c->steps_timed = number_of(state, "steps_timed");
    c->order.next = number_of(state, "next");
    const int64_t most = c->stage_count - c->place.in_task;
    if (c->place.stage < 0 || c->place.stage > most || c->place.epoch < 0 || c->steps < 0 || c->steps_before < 0 ||
        c->steps_before > c->steps || c->order.next < 0)
        return error_set(e, EXIT_DATA, "%s: found task %lld, step %lld; expected a place in this stream of %lld tasks",
                         name_of(c), (long long)c->place.stage, (long long)c->steps, (long long)c->stage_count);
    if (c->place.in_task || c->place.stage) { /* what a memory's capacity and the words of an error go by */
        c->session.task = &c->stages[c->place.stage - !c->place.in_task].task;
        stage_advance(c, &c->stages[c->place.stage - !c->place.in_task]);
    }
    c->session.step = c->steps;
    return 0;
}

static pdr_memory *memory_named(const cell *c, const char *name)
{
    char *rest = NULL;
    long i = strtol(name, &rest, 10);
    if (*rest != '/' || i < 0 || i >= c->session.count)
        return NULL;
    const strategy *s = &c->session.strategies[i];
    for (int64_t j = 0; j < s->memory_count; j++)
        if (!strcmp(host_memory_name(s->memories[j]), rest + 1))
            return s->memories[j];
    return NULL;
}

static int mingled_open(cell *c, host_task *t, error *e)
{
    const array *names = arrays_find(&c->from->rest, "loop/mingled");
    const char *name = names ? names->bytes : NULL;
    t->mingled_count = 0;
    for (size_t left = names ? names->size : 0; left;) {
        const char *end = memchr(name, '\0', left);
        pdr_memory *m = end && t->mingled_count < HOST_MINGLED ? memory_named(c, name) : NULL;
        if (!m)
            return error_set(e, EXIT_DATA, "%s: loop/mingled: found a memory that is not open; expected each of them",
                             name_of(c));
        t->mingled = alloc_again(t->mingled, (size_t)t->mingled_count + 1, sizeof(pdr_memory *));
        t->mingled[t->mingled_count++] = m;
        left -= (size_t)(end + 1 - name);
        name = end + 1;
    }
    return 0;
}

static int mingled_lay(cell *c, host_task *t, error *e)
{
    batch_order *o = &c->order;
    const array *rows = arrays_find(&c->from->rest, "loop/mingled_rows");
    int code = mingled_open(c, t, e);
    if (code || !rows || rows->type != ARRAY_I64 || rows->rank != 2 || rows->shape[1] != 2)
        return code ? code : error_set(e, EXIT_DATA, "%s: found no loop/mingled_rows; expected a list", name_of(c));
    const int64_t *at = rows->bytes;
    o->mingled_count = rows->shape[0];
    o->mingled = alloc_again(o->mingled, (size_t)o->mingled_count + 1, sizeof *o->mingled);
    for (int64_t i = 0; i < o->mingled_count; i++) {
        if (at[2 * i] < 0 || at[2 * i] >= t->mingled_count)
            return error_set(e, EXIT_DATA, "%s: loop/mingled_rows: found memory %lld of %lld", name_of(c),
                             (long long)at[2 * i], (long long)t->mingled_count);
        o->mingled[i] = (struct batch_mingled){t->mingled[at[2 * i]], at[2 * i + 1]};
    }
    return 0;
}

static int order_lay(cell *c, stage *s, error *e)
{
    batch_order *o = &c->order;
    const void *at;
    int code = arrays_list(&c->from->rest, "loop/order", ARRAY_I64, &at, &o->count, name_of(c), e);
    if (code || (code = mingled_lay(c, &s->task, e)))
        return code;
    if (o->count != s->count + o->mingled_count || o->next > o->count)
        return error_set(e, EXIT_DATA, "%s: loop/order: found %lld rows; expected %lld", name_of(c),
                         (long long)o->count, (long long)(s->count + o->mingled_count));
    o->at = alloc_again(o->at, (size_t)o->count + 1, sizeof *o->at);
    for (int64_t i = 0; i < o->count; i++) {
        o->at[i] = ((const int64_t *)at)[i];
        if (o->at[i] < 0 || o->at[i] >= o->count)
            return error_set(e, EXIT_DATA, "%s: loop/order: found row %lld of %lld", name_of(c), (long long)o->at[i],
                             (long long)o->count);
    }
    if ((code = stream_lay(c, &o->random, "loop/batches", e)) ||
        (code = stream_lay(c, &o->augmentation, "loop/augmentation", e)))
        return code;
    return check_resume(c, &c->from->rest, e);
}

/* ---- in order ---- */

static void note(void *self, const char *line)
{
    const cell *c = self;
    if (c->listener->note)
        c->listener->note(c->listener->self, "warning", line);
}

/* Bits may differ from those of a run that was not interrupted; it is said, and goes on. */
static void engines_compare(const cell *c)
{
    const engine_info *was = &c->from->engine, *is = &c->result->engine;
    const char *const both[][3] = {{"LibTorch", was->torch, is->torch},
                                   {"CPU capability", was->cpu, is->cpu},
                                   {"device", was->device, is->device}};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        if (strcmp(both[i][1], both[i][2]) != 0) {
            char *line = alloc_format("not bit for bit what it would have been: %s was %s, is %s", both[i][0],
                                      both[i][1], both[i][2]);
            note((void *)(uintptr_t)c, line);
            free(line);
        }
}

static int plan_compare(const cell *c, error *e)
{
    char digest[SHA256_HEX];
    plan_cell_digest(c->plan, (int)(c->method - c->plan->methods), c->seed, digest);
    if (!strcmp(digest, c->from->plan_sha256))
        return 0;
    error_set(e, EXIT_CREATE,
              "%s/checkpoints/%s: found the state of another plan (%.12s); expected one of this plan (%.12s)",
              c->listener->folder, name_of(c), c->from->plan_sha256, digest);
    return error_hint(e, "--fresh runs the cell anew in its place, --out DIR keeps both");
}

static int log_keep(const cell *c, error *e)
{
    int64_t bytes = c->from ? json_integer_value(json_object_get(c->from->state, "log_bytes")) : -1;
    return c->listener->log_keep ? c->listener->log_keep(c->listener->self, bytes, e) : 0;
}

int resume_find(cell *c, error *e)
{
    char *folder = c->listener->folder ? alloc_format("%s/checkpoints", c->listener->folder) : NULL;
    int code = folder ? checkpoint_newest(folder, note, c, &c->from, e) : 0;
    if (!code && c->from)
        code = plan_compare(c, e);
    if (!code && c->from)
        code = checkpoint_leave(folder, c->from, note, c, e);
    free(folder);
    if (!code)
        code = log_keep(c, e);
    if (code || !c->from)
        return code;
    engines_compare(c);
    c->session.saved = &c->from->rest;
    if ((code = place_lay(c, e)) || (code = network_lay(c, e)))
        return code;
    return results_lay(c, e);
}

int resume_strategies(cell *c, error *e) { return c->from ? host_load(&c->session, &c->from->rest, e) : 0; }

static void place_tell(const cell *c)
{
    char line[128];
    snprintf(line, sizeof line, "goes on from %s", name_of(c));
    if (c->listener->note)
        c->listener->note(c->listener->self, "info", line);
}

int resume_end(cell *c, error *e)
{
    if (!c->from)
        return 0;
    int code = host_loaded(&c->session, &c->from->rest, e);
    warnings_lay(c);
    if (!code && c->place.in_task) {
        stage *s = &c->stages[c->place.stage];
        stage_fill(c, s);
        code = order_lay(c, s, e);
    }
    if (!code)
        memories_tell(c, c->from->serial);
    place_tell(c);
    checkpoint_close(c->from);
    c->from = NULL;
    return code;
}
