/* The first task, trained once for all cells that are the same up to its end.
 *
 * One process trains it with the strategies of all these cells as watchers (PDR_IDLE_FIRST_TASK). Their word is not taken for it: a
 * call that is more than watching, a warning, or a state that save() tells of and that moved on the way, and nothing is kept. What is
 * kept is a checkpoint of the network at the end of the task's steps, before any after_task, with all that was told on the way.
 *
 * A cell that goes on from there is opened as new and calls its own hooks to before_task. If none of them did more than watch, the
 * state is laid in where its own steps would run, and what they told is told; its own after_task follows. So the strategy has seen all
 * that it would have, and the cell is bit for bit what it is alone. Two things more are known of that network, and taken only while the
 * cell's network has those very values: its row of the matrix, and its Fisher information (host_fisher.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/checkpoint.h"
#include "train/cell.h"

enum told_kind { TOLD_POINT, TOLD_MEASURED, TOLD_ROW };
enum part { PART_UNTRAINED, PART_STEPS, PART_ROW }; /* when it was told */
enum { TOLD_NUMBERS = 4 };                          /* part, kind, and two of the kind's */
enum { ASKED_MOST = 8 }; /* strategies whose after_task is called for the Fisher information that it asks for */

/* ---- what is told while the first task is trained ---- */

struct told {
    const train_listener *outer;
    enum part part;
    text names; /* with their NULs: of points, and "" of the others */
    int64_t *numbers;
    double *values;
    int64_t count;
};

static void told_add(struct told *t, enum told_kind kind, const char *name, int64_t a, int64_t b, double value)
{
    const int64_t numbers[TOLD_NUMBERS] = {t->part, kind, a, b};
    t->numbers = alloc_again(t->numbers, (size_t)(t->count + 1) * TOLD_NUMBERS, sizeof *t->numbers);
    t->values = alloc_again(t->values, (size_t)t->count + 1, sizeof *t->values);
    memcpy(t->numbers + t->count * TOLD_NUMBERS, numbers, sizeof numbers);
    t->values[t->count++] = value;
    text_add(&t->names, name, strlen(name) + 1);
}

static void told_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    told_add(self, TOLD_POINT, name, task, step, value);
}

static void told_measured(void *self, int64_t after, int64_t on, double accuracy)
{
    told_add(self, TOLD_MEASURED, "", after, on, accuracy);
}

static void told_row(void *self, int64_t after, int64_t step, const matrix *m)
{
    (void)m;
    told_add(self, TOLD_ROW, "", after, step, 0);
}

static void told_progress(void *self, const train_progress *p)
{
    const struct told *t = self;
    if (t->outer->progress)
        t->outer->progress(t->outer->self, p);
}

static bool told_stop(void *self)
{
    const struct told *t = self;
    return t->outer->stop && t->outer->stop(t->outer->self);
}

static void told_save(const struct told *t, arrays *rest)
{
    arrays_copy(rest, "told/names", ARRAY_U8, (int64_t)t->names.length, t->names.at);
    arrays_copy(rest, "told/numbers", ARRAY_I64, t->count * TOLD_NUMBERS, t->numbers);
    arrays_copy(rest, "told/values", ARRAY_F64, t->count, t->values);
}

static void told_free(struct told *t)
{
    text_free(&t->names);
    free(t->numbers);
    free(t->values);
}

/* ---- training it ---- */

struct trunk {
    struct told told;
    const char *folder, *sha256;
};

static int trunk_refuse(const char *why, error *e)
{
    return error_set(e, EXIT_FAILED, "found %s; expected strategies that only watch until the first task is trained",
                     why);
}

/* Whether the strategies are as they were before the first step. */
static bool states_same(const arrays *a, const arrays *b)
{
    bool same = a->count == b->count;
    for (int64_t i = 0; same && i < a->count; i++) {
        const array *one = &a->at[i], *other = arrays_find(b, one->name);
        same = other && one->type == other->type && one->rank == other->rank && one->size == other->size &&
               !memcmp(one->shape, other->shape, (size_t)one->rank * sizeof *one->shape) &&
               (!one->size || !memcmp(one->bytes, other->bytes, one->size));
    }
    return same;
}

static int trunk_look(const cell *c, error *e)
{
    if (c->session.acted[0])
        return trunk_refuse(c->session.acted, e);
    return c->session.warnings || c->session.finding_count ? trunk_refuse("a warning", e) : 0;
}

/* The steps, and whether the strategies are behind them what they were before. */
static int trunk_steps(cell *c, error *e)
{
    arrays before = {0}, after = {0};
    int code = host_save(&c->session, &before, e);
    arrays_own(&before);
    if (!code && !(code = loop_steps(c, &c->stages[0], false, e)) && !(code = trunk_look(c, e)))
        code = host_save(&c->session, &after, e);
    if (!code && !states_same(&before, &after))
        code = trunk_refuse("a strategy whose saved state moved in the first task", e);
    arrays_free(&before);
    arrays_free(&after);
    return code;
}

/* To the end of the steps: 0 where all strategies only watched. */
static int trunk_train(cell *c, struct trunk *t, error *e)
{
    int code = dispatch_run(c, true, e);
    if (!code && c->scenario->evaluation.matrix.untrained)
        code = evaluate_row(c, 0, e);
    t->told.part = PART_STEPS;
    if (!code)
        code = loop_task_begin(c, &c->stages[0], e);
    return code ? code : trunk_steps(c, e);
}

/* The Fisher information that their after_task asks for becomes known. What else comes of it is nobody's. */
static void trunk_ask(cell *c)
{
    stage *s = &c->stages[0];
    host_fishers_begin(&c->session, true);
    for (int i = 0; i < c->session.count && i < ASKED_MOST; i++) {
        strategy *one = &c->session.strategies[i];
        error unsaid = {0};
        if (!one->plugin->hooks.after_task)
            continue;
        s->task.task.scope = host_enter(one, "after_task", PDR_NO_GRAD);
        host_leave(one, one->plugin->hooks.after_task(one->self, &s->task.task), &unsaid);
    }
    s->task.task.scope = NULL;
}

static void fishers_save(const cell *c, arrays *rest)
{
    const host_fishers *f = &c->session.fishers;
    for (int64_t i = 0; i < f->known; i++) {
        char name[32];
        snprintf(name, sizeof name, "fisher/%d", (int)f->at[i].mode);
        arrays_copy(rest, name, ARRAY_F32, c->engine->model_size(c->session.model), f->at[i].importance);
    }
}

static int trunk_write(const struct trunk *t, checkpoint *k, error *e)
{
    const struct checkpoint_options one = {.on = true, .last = 1};
    k->task = 1;
    memcpy(k->plan_sha256, t->sha256, SHA256_HEX);
    arrays_own(&k->weights);
    arrays_own(&k->rest);
    return checkpoint_write(t->folder, k, &one, e);
}

static int trunk_body(cell *c, void *self, error *e)
{
    struct trunk *t = self;
    checkpoint k = {.engine = c->result->engine};
    int code = trunk_train(c, t, e);
    if (!code) {
        k.step = c->steps;
        k.state =
            json_pack("{s:I, s:I, s:f, s:o}", "steps", (json_int_t)c->steps, "steps_timed", (json_int_t)c->steps_timed,
                      "train", c->clock.train, "watched", plan_strategies_json(c->method));
        code = save_network(c, &k.weights, &k.rest, e);
        check_save(c, &k.rest);
        anytime_save(c, &k.rest);
        arrays_own(&k.rest);
    }
    t->told.part = PART_ROW;
    if (!code && loop_row_due(c, 0))
        code = evaluate_row(c, c->stages[0].after, e);
    if (!code) {
        save_matrices(c, &k.rest);
        trunk_ask(c);
        fishers_save(c, &k.rest);
        told_save(&t->told, &k.rest);
        code = trunk_write(t, &k, e);
    }
    checkpoint_clear(&k);
    return code;
}

/* One method with the strategies of all. They are alike in all that decides a step. */
static plan_method method_of(const plan *p, const int *methods, int count)
{
    plan_method m = p->methods[methods[0]];
    m.count = 0;
    for (int i = 0; i < count; i++)
        m.count += p->methods[methods[i]].count;
    m.strategies = alloc_zero((size_t)m.count + 1, sizeof *m.strategies);
    for (int i = 0, at = 0; i < count; i++)
        for (int j = 0; j < p->methods[methods[i]].count; j++)
            m.strategies[at++] = p->methods[methods[i]].strategies[j];
    return m;
}

int train_beginning(const plan *p, const int *methods, int count, int64_t seed, const dataset *data,
                    const train_listener *listener, error *e)
{
    struct trunk t = {.told.outer = listener, .folder = listener->beginning, .sha256 = listener->beginning_sha256};
    const train_listener to = {.self = &t.told,
                               .point = told_point,
                               .measured = told_measured,
                               .row = told_row,
                               .progress = told_progress,
                               .stop = told_stop,
                               .mark = listener->mark};
    plan_method m = method_of(p, methods, count);
    cell_result *r = NULL;
    int code = cell_train(p, &m, seed, data, &to, trunk_body, &t, &r, e);
    cell_result_close(r);
    told_free(&t.told);
    free(m.strategies);
    return code;
}

/* ---- going on from it ---- */

static void beginning_note(void *self, const char *line)
{
    const cell *c = self;
    if (c->listener->note)
        c->listener->note(c->listener->self, "info", line);
}

void beginning_end(cell *c)
{
    checkpoint_close(c->begun);
    c->begun = NULL;
    host_fishers_end(&c->session);
}

static bool json_has(const json_t *list, const json_t *one)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), one))
            return true;
    return false;
}

/* Whether each of its strategies, with these parameters, was seen to only watch. One that came to the scenario when the beginning lay
 * there already was not. */
static bool beginning_watched(const cell *c)
{
    json_t *strategies = plan_strategies_json(c->method);
    bool all = true;
    for (size_t i = 0; i < json_array_size(strategies); i++)
        all = all && json_has(json_object_get(c->begun->state, "watched"), json_array_get(strategies, i));
    json_decref(strategies);
    return all;
}

/* Where anything is not as it has to be, the cell trains as it does alone. */
void beginning_find(cell *c)
{
    const engine_info *is = &c->result->engine;
    error unsaid = {0};
    if (!c->listener->beginning || c->from ||
        checkpoint_newest(c->listener->beginning, beginning_note, c, &c->begun, &unsaid) || !c->begun)
        return;
    const engine_info *was = &c->begun->engine;
    if (strcmp(c->begun->plan_sha256, c->listener->beginning_sha256) != 0 || strcmp(was->torch, is->torch) != 0 ||
        strcmp(was->cpu, is->cpu) != 0 || strcmp(was->device, is->device) != 0) {
        beginning_end(c);
    } else if (!beginning_watched(c)) {
        beginning_note(c, "its strategies were not there when the shared first task was trained: trains it alone");
        beginning_end(c);
    }
}

/* A strategy of the cell itself did more than watch: it was shown nothing of the beginning yet that it would not have seen. */
static bool begins_alone(cell *c)
{
    if (c->begun && c->session.acted[0]) {
        char *line = alloc_format("%s: trains its first task alone", c->session.acted);
        beginning_note(c, line);
        free(line);
        beginning_end(c);
    }
    return !c->begun;
}

static void told_again(const cell *c, const char *name, const int64_t *numbers, double value)
{
    const train_listener *l = c->listener;
    const int64_t a = numbers[2], b = numbers[3];
    if (numbers[1] == TOLD_POINT && l->point)
        l->point(l->self, name, a, b, value);
    else if (numbers[1] == TOLD_MEASURED && l->measured)
        l->measured(l->self, a, b, value);
    else if (numbers[1] == TOLD_ROW && l->row)
        l->row(l->self, a, b, c->result->accuracy);
}

/* All that was told in that part, in its order. 65 */
static int told_lay(const cell *c, enum part part, error *e)
{
    const arrays *rest = &c->begun->rest;
    const void *names, *numbers, *values;
    int64_t length, count, all;
    int code = arrays_list(rest, "told/names", ARRAY_U8, &names, &length, c->begun->name, e);
    if (code || (code = arrays_list(rest, "told/numbers", ARRAY_I64, &numbers, &count, c->begun->name, e)) ||
        (code = arrays_list(rest, "told/values", ARRAY_F64, &values, &all, c->begun->name, e)))
        return code;
    const char *name = names;
    for (int64_t i = 0; i < all && count == all * TOLD_NUMBERS; i++) {
        const char *end = memchr(name, '\0', (size_t)((const char *)names + length - name));
        const int64_t *at = (const int64_t *)numbers + i * TOLD_NUMBERS;
        if (!end)
            return error_set(e, EXIT_DATA, "%s: told: found %lld points and fewer names", c->begun->name,
                             (long long)all);
        if (at[0] == (int64_t)part)
            told_again(c, name, at, ((const double *)values)[i]);
        name = end + 1;
    }
    return 0;
}

static int rows_lay(cell *c, int64_t row, enum part part, error *e)
{
    int code = resume_matrix(c->begun, "accuracy", c->result->accuracy, row, 1, e);
    if (!code)
        code = resume_matrix(c->begun, "validation", c->result->validation, row, 1, e);
    return code ? code : told_lay(c, part, e);
}

int beginning_row(cell *c, int64_t after, bool *laid, error *e)
{
    *laid = false;
    if (!c->begun || (!after && begins_alone(c)))
        return 0;
    if (after && (after != c->stages[0].after || !c->session.fishers.values ||
                  !host_network_is(&c->session, c->session.fishers.values, c->session.fishers.count)))
        return 0;
    *laid = true;
    return rows_lay(c, after, after ? PART_ROW : PART_UNTRAINED, e);
}

static void fishers_lay(cell *c)
{
    const int64_t size = c->engine->model_size(c->session.model);
    host_fishers *f = &c->session.fishers;
    host_fishers_begin(&c->session, false);
    for (int32_t mode = 0; mode < HOST_FISHER_MODES; mode++) {
        char name[32];
        snprintf(name, sizeof name, "fisher/%d", (int)mode);
        const array *from = arrays_find(&c->begun->rest, name);
        if (!from || from->type != ARRAY_F32 || from->size != (size_t)size * sizeof(float))
            continue;
        f->at = alloc_again(f->at, (size_t)f->known + 1, sizeof *f->at);
        f->at[f->known] = (struct host_fisher_known){mode, alloc_zero((size_t)size + 1, sizeof(float))};
        memcpy(f->at[f->known++].importance, from->bytes, from->size);
    }
}

/* Where the steps end, but for how long they took, which is told as if the cell had trained them. */
static void place_lay(cell *c)
{
    const json_t *state = c->begun->state;
    c->steps = json_integer_value(json_object_get(state, "steps"));
    c->steps_timed = json_integer_value(json_object_get(state, "steps_timed"));
    c->clock.train = json_number_value(json_object_get(state, "train"));
    c->session.step = c->steps;
}

int beginning_steps(cell *c, const stage *s, bool *laid, error *e)
{
    *laid = false;
    if (s != c->stages || begins_alone(c))
        return 0;
    *laid = true;
    c->from = c->begun; /* for who lays it */
    int code = resume_network(c, e);
    if (!code)
        code = check_resume(c, &c->begun->rest, e);
    if (!code)
        code = anytime_lay(c, e);
    c->from = NULL;
    if (code)
        return code;
    place_lay(c);
    fishers_lay(c);
    return told_lay(c, PART_STEPS, e);
}
