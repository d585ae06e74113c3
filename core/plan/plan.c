/* Scenario and plugins become one plan. All that can be wrong between the two is found here, so that a run that starts
 * does not stop for it. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "data/data.h"
#include "plan/conflict.h"
#include "plan/device.h"
#include "plan/executor.h"
#include "plan/folder.h"
#include "plugin/options.h"
#include "scenario/variant.h"

/* ---- one strategy ---- */

/* A plugin that is missing or refused, at the line that names it. The first is the error; the others are told with the
 * faults, so that all are heard of at once. */
static int plugin_refused(const struct scenario *s, const struct strategy_entry *entry, const error *why, faults *f,
                          size_t *refused, error *e)
{
    if (e->code) {
        ++*refused;
        faults_add(f, entry->at, entry->place, "%s", why->text);
        if (why->hint[0])
            faults_hint(f, "%s", why->hint);
        return why->code;
    }
    scenario_error(s, entry->place, why->code, e, "%s", why->text);
    if (why->hint[0])
        error_hint(e, "%s", why->hint);
    return why->code;
}

static const char *strategy_name(plan *p, const plan_method *m, const char *name)
{
    int before = 0;
    for (int i = 0; i < m->count; i++)
        before += m->strategies[i].plugin && !strcmp(m->strategies[i].plugin->descriptor->name, name);
    return before ? arena_format(p->arena, "%s#%d", name, before + 1) : name;
}

static int strategy_resolve(plan *p, plan_method *m, const struct strategy_entry *entry, faults *f, size_t *refused,
                            error *e)
{
    const struct scenario *s = p->scenario;
    error why = {0};
    const plugin *found = NULL;
    if (!entry->name && !entry->plugin) /* a fault of the scenario, told already */
        return EXIT_UNAVAILABLE;
    int code = entry->plugin ? plugin_open(entry->plugin, &found, &why) : plugin_find(entry->name, &found, &why);
    if (code)
        return plugin_refused(s, entry, &why, f, refused, e);
    const pdr_plugin *d = found->descriptor;
    void *config = arena_take(p->arena, 1, d->config_size ? d->config_size : 1);
    if (d->params)
        code =
            param_fill(&found->parameters, entry->parameters, entry->at, entry->path, s->folder, config, p->arena, f);
    else if (entry->parameters && entry->parameters->count) {
        faults_add(f, entry->parameters, entry->path, "found parameters; expected none, as %s %s has none", d->name,
                   d->version);
        code = EXIT_SCENARIO;
    }
    plan_strategy *out = &m->strategies[m->count];
    const char *name = strategy_name(p, m, d->name);
    *out = (plan_strategy){found, config, name, entry->line, entry->column};
    m->count++;
    m->flags |= d->flags;
    return code;
}

/* ---- what strategies of one method must not do together ---- */

/* As the file calls it: variants share a fault, and it is told once. */
static const char *method_name(const plan_method *m) { return m->options->base ? m->options->base : m->name; }

static void sole_check(const plan_method *m, int i, enum sole_hook hook, int *owner, faults *f)
{
    if (!sole_has(&m->strategies[i].plugin->hooks, hook))
        return;
    const struct strategy_entry *entries = m->options->strategies;
    if (*owner < 0)
        *owner = i;
    else
        faults_add(f, entries[i].at, entries[i].path,
                   "found a second %s in method %s: %s has it too; expected one at most (the first is %s at line %d)",
                   sole_name(hook), method_name(m), m->strategies[i].name, m->strategies[*owner].name,
                   m->strategies[*owner].line);
}

static void needs_check(const plan *p, const plan_method *m, int i, faults *f)
{
    const struct strategy_entry *entry = &m->options->strategies[i];
    uint32_t flags = m->strategies[i].plugin->descriptor->flags;
    for (const conflict_need *need = conflict_needs; need->flag; need++)
        if ((flags & need->flag) && !need->met(p->scenario->stream.scenario, m->train_on))
            faults_add(f, entry->at, entry->path, "found %s, which %s; expected %s", m->strategies[i].name, need->needs,
                       need->expected);
}

static void method_check(const plan *p, plan_method *m, faults *f)
{
    for (int i = 0; i < m->count; i++) {
        sole_check(m, i, SOLE_LOSS, &m->loss_owner, f);
        sole_check(m, i, SOLE_PREDICTION, &m->prediction_owner, f);
        needs_check(p, m, i, f);
    }
}

/* What is wrong in it is told of its trials, which may well give what the file leaves out. */
static bool method_is_tried(const struct scenario *s, const struct method_options *o)
{
    bool tried = false;
    for (size_t i = 0; i < s->search.tried.count && !o->base && o->name; i++) {
        const char *base = s->search.tried.at[i].base;
        tried = tried || (base && !strcmp(base, o->name));
    }
    return tried;
}

/* Variants of one method have the same strategies: what is missing of the first is told once. */
static int method_resolve(plan *p, plan_method *m, const struct method_options *o, faults *f, size_t *refused, error *e)
{
    size_t before = f->count;
    *m =
        (plan_method){.name = o->name, .train_on = o->train_on, .loss_owner = -1, .prediction_owner = -1, .options = o};
    m->strategies = arena_take(p->arena, o->strategy_count + 1, sizeof *m->strategies);
    m->network = network_of(&o->network, p->arena);
    int missing = 0;
    for (size_t i = 0; i < o->strategy_count; i++)
        if (strategy_resolve(p, m, &o->strategies[i], f, refused, e) == EXIT_UNAVAILABLE)
            missing++;
    if (!missing) /* with one missing the numbers of the entries no longer agree */
        method_check(p, m, f);
    variant_faults(o, f, before);
    return missing ? EXIT_UNAVAILABLE : 0;
}

/* Into the plan from place `first` on; those that are tried by a search are left to plan_choose(). */
static void methods_resolve(plan *p, const struct method_list *methods, int first, faults *f, size_t *refused, error *e)
{
    const char *missing = NULL; /* the method whose variants lack a strategy */
    for (size_t i = 0; i < methods->count; i++) {
        const struct method_options *o = &methods->at[i];
        if (method_is_tried(p->scenario, o) || (o->base && missing && !strcmp(o->base, missing)))
            continue;
        if (method_resolve(p, &p->methods[first + (int)i], o, f, refused, e))
            missing = o->base;
    }
}

/* ---- a search ---- */

int plan_trial_of(const plan *p, int trial)
{
    for (int i = 0; i < p->method_count; i++)
        if (!strcmp(p->scenario->methods.at[i].name, p->methods[trial].options->base))
            return i;
    return -1; /* trials are made of methods: there is one */
}

void plan_choose(plan *p, int method, int trial)
{
    const char *name = p->scenario->methods.at[method].name;
    p->methods[method] = p->methods[trial];
    p->methods[method].name = name;
    p->methods[method].trial = p->methods[method].open = false;
}

/* Until one is chosen, a method is as the first of its trials: the last that is put there. */
static void trials_mark(plan *p)
{
    for (int i = p->trial_count - 1; i >= 0; i--) {
        int trial = p->method_count + i, method = plan_trial_of(p, trial);
        p->methods[trial].trial = true;
        plan_choose(p, method, trial);
        p->methods[method].open = true;
    }
}

/* ---- the whole ---- */

/* What the data's own reading would find out too late for `check`: sets that are known by name have known classes. */
static void stream_check(const struct scenario *s, faults *f)
{
    int64_t classes = data_classes(s), tasks = s->stream.split.tasks;
    if (s->stream.split.by != SPLIT_CLASS || s->stream.split.order == ORDER_LISTED || tasks < 1 || classes % tasks == 0)
        return;
    faults_add(f, scenario_node(s, "stream.split.tasks"), "stream.split.tasks",
               "found %lld tasks; expected a number that divides the %lld classes of %s", (long long)tasks,
               (long long)classes, data_set_name(s->data.set));
}

static int weights_look(const plan *p, const char *key, const char *file, char hex[SHA256_HEX], error *e)
{
    error why = {0};
    if (!file || !file_sha256(file, hex, &why))
        return 0;
    return scenario_error(p->scenario, key, why.code, e, "%s", why.text);
}

/* Weights from elsewhere are a part of the plan by what is in the file, wherever it lies. */
static int weights_take(plan *p, error *e)
{
    const char *shared = p->scenario->network.weights;
    int code = weights_look(p, "network.weights", shared, p->weights_sha256, e);
    for (int i = 0; i < p->method_count + p->trial_count && !code; i++) {
        const char *own = p->methods[i].options->network.weights;
        const char *key = arena_format(p->arena, "%s.set.network.weights", p->methods[i].options->place);
        if (own == shared)
            memcpy(p->methods[i].weights_sha256, p->weights_sha256, SHA256_HEX);
        else
            code = weights_look(p, key, own, p->methods[i].weights_sha256, e);
    }
    return code;
}

/* The device is known only now. Those that a search tries may say the same thing several times. */
static bool executors_choose(plan *p, faults *f)
{
    const size_t before = f->count;
    for (int i = 0; i < p->method_count + p->trial_count; i++)
        executor_choose(p, &p->methods[i], f);
    faults_merge(f, before);
    return f->count == before;
}

int plan_resolve(const struct scenario *s, plan **out, faults *f, error *e)
{
    arena *a = arena_open();
    plan *p = arena_take(a, 1, sizeof *p);
    *p = (plan){.scenario = s, .arena = a};
    p->methods = arena_take(a, s->methods.count + s->search.tried.count + 1, sizeof *p->methods);
    p->folder = arena_format(a, "%s", s->output.folder ? s->output.folder : "");
    size_t before = f->count, refused = 0;
    p->method_count = (int)s->methods.count;
    p->trial_count = (int)s->search.tried.count;
    methods_resolve(p, &s->methods, 0, f, &refused, e);
    methods_resolve(p, &s->search.tried, p->method_count, f, &refused, e);
    stream_check(s, f);
    folder_check(s, f);
    *out = NULL;
    if (f->count == 0 && !e->code)
        trials_mark(p);
    if (f->count == 0 && !e->code && !weights_take(p, e) && !device_choose(s, p->device, p->device_why, e) &&
        executors_choose(p, f))
        *out = p;
    if (*out)
        return 0;
    plan_close(p);
    return f->count > before + refused ? EXIT_SCENARIO : e->code ? e->code : EXIT_SCENARIO;
}

void plan_close(plan *p)
{
    if (!p)
        return;
    json_decref(p->searched);
    arena_close(p->arena);
}
