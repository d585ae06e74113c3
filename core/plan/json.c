/* The plan as JSON: whole, for plan.json, and one cell of it, for the digest that says whether a finished cell is the one
 * that is asked for. A key belongs into the cell's form when its value can change a number of the result. */
#include <stdlib.h>
#include <string.h>

#include "plan/json.h"
#include "plan/plan.h"
#include "scenario/variant.h"

#ifndef PERDURE_VERSION
#error "PERDURE_VERSION comes from CMake"
#endif

/* ---- a strategy's parameters, read back out of its struct by its own table ---- */

static json_t *parameter_json(const pdr_param *row, const char *config)
{
    const void *at = config + row->offset;
    int32_t small = 0;
    memcpy(&small, at, sizeof small);
    switch (row->type) {
    case PDR_PARAM_INT: return json_integer(*(const int64_t *)at);
    case PDR_PARAM_REAL: return json_real(*(const double *)at);
    case PDR_PARAM_BOOL: return json_boolean(small);
    case PDR_PARAM_CHOICE: return json_string(row->choices[small]);
    case PDR_PARAM_REALS: return json_reals(((const pdr_reals *)at)->at, ((const pdr_reals *)at)->count);
    default: return json_text(*(const char *const *)at);
    }
}

static json_t *parameters_json(const plan_strategy *s)
{
    const pdr_plugin *d = s->plugin->descriptor;
    json_t *out = json_object();
    for (const char *at = (const char *)d->params; at && ((const pdr_param *)at)->key; at += d->param_size) {
        const pdr_param *row = (const pdr_param *)at;
        json_object_set_new(out, row->key[0] ? row->key : "memory", parameter_json(row, s->config));
    }
    return out;
}

static json_t *strategy_json(const plan_strategy *s)
{
    const pdr_plugin *d = s->plugin->descriptor;
    return json_pack("{s:s, s:s*, s:s, s:o}", "strategy", s->name, "version", d->version, "sha256", s->plugin->sha256,
                     "parameters", parameters_json(s));
}

json_t *plan_strategies_json(const plan_method *m)
{
    json_t *strategies = json_array();
    for (int i = 0; i < m->count; i++)
        json_array_append_new(strategies, strategy_json(&m->strategies[i]));
    return strategies;
}

static json_t *method_json(const plan_method *m)
{
    json_t *out = json_pack("{s:s, s:s, s:o, s:s}", "name", m->name, "train_on", train_on_name(m->train_on),
                            "strategies", plan_strategies_json(m), "executor", m->executor);
    plan_variant_add(m, out);
    return out;
}

void plan_variant_add(const plan_method *m, json_t *out)
{
    if (!m->options->base)
        return;
    json_object_set_new(out, "base", json_string(m->options->base));
    json_object_set_new(out, "set", variant_set_json(m->options));
    if (m->trial)
        json_object_set_new(out, "trial", json_true());
}

/* ---- a search ---- */

static json_t *trials_json(const plan *p)
{
    json_t *out = json_array();
    for (int i = 0; i < p->trial_count; i++) {
        const plan_method *m = &p->methods[p->method_count + i];
        json_array_append_new(out, json_pack("{s:s, s:s, s:o}", "name", m->name, "method", m->options->base, "set",
                                             variant_set_json(m->options)));
    }
    return out;
}

json_t *plan_search_json(const plan *p)
{
    const struct search_options *o = &p->scenario->search;
    if (!o->on)
        return json_null();
    if (p->searched)
        return json_incref(p->searched);
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:f, s:o, s:o}", "kind", search_kind_name(o->kind), "metric",
                  metric_name_text(o->metric), "judged_on", "validation", "validation", p->scenario->data.validation,
                  "seeds", json_ints(o->seeds.at, o->seeds.count), "space", search_space_json(o));
    if (o->kind == SEARCH_RANDOM) {
        json_object_set_new(out, "trials_a_method", json_integer(o->trials));
        json_object_set_new(out, "seed", json_integer(o->seed));
    }
    json_object_set_new(out, "cells", json_integer(p->trial_count * o->seeds.count));
    json_object_set_new(out, "trials", trials_json(p));
    return out;
}

/* ---- the whole ---- */

static json_t *shared_json(const plan *p)
{
    const struct scenario *s = p->scenario;
    json_t *data = data_json(&s->data);
    if (p->data_sha256[0])
        json_object_set_new(data, "sha256", json_string(p->data_sha256));
    json_t *device =
        json_pack("{s:s, s:s, s:b, s:I}", "type", p->device, "precision", precision_name(s->device.precision),
                  "deterministic", s->device.deterministic, "threads", (json_int_t)s->device.threads);
    json_t *matrix =
        json_pack("{s:s, s:s, s:b}", "rows", matrix_rows_name(s->evaluation.matrix.rows), "tasks",
                  matrix_tasks_name(s->evaluation.matrix.tasks), "untrained", s->evaluation.matrix.untrained);
    json_t *out = json_pack("{s:s, s:o, s:o, s:o, s:o}", "perdure", PERDURE_VERSION, "data", data, "stream",
                            stream_json(&s->stream), "device", device, "matrix", matrix);
    if (s->evaluation.anytime.batches) /* not there, a plan is what it was before there was such a key */
        json_object_set_new(out, "anytime",
                            json_pack("{s:I, s:I}", "batches", (json_int_t)s->evaluation.anytime.batches, "rows",
                                      (json_int_t)s->evaluation.anytime.rows));
    return out;
}

/* What a method may have of its own. */
static void learning_add(json_t *out, const struct network_options *network, const char *weights_sha256,
                         const struct training_optimizer_options *optimizer, const struct training_options *training)
{
    json_t *all = network_json(network);
    if (weights_sha256[0])
        json_object_set_new(all, "weights_sha256", json_string(weights_sha256));
    json_object_set_new(out, "network", all);
    json_object_set_new(out, "optimizer", optimizer_json(optimizer));
    json_object_set_new(out, "training", training_json(training));
}

json_t *plan_cell_json(const plan *p, int method, int64_t seed)
{
    json_t *out = shared_json(p);
    const struct method_options *m = p->methods[method].options;
    learning_add(out, &m->network, p->methods[method].weights_sha256, &m->optimizer, &m->training);
    json_object_set_new(out, "method", method_json(&p->methods[method]));
    json_object_set_new(out, "seed", json_integer(seed));
    return out;
}

void plan_cell_digest(const plan *p, int method, int64_t seed, char hex[SHA256_HEX])
{
    json_t *cell = plan_cell_json(p, method, seed);
    char *bytes = json_dumps(cell, JSON_COMPACT | JSON_SORT_KEYS);
    sha256_bytes(bytes, strlen(bytes), hex);
    free(bytes);
    json_decref(cell);
}

/* What is expected of a result changes no number of it: gates stand in no cell's form. */
json_t *plan_gate_json(const struct gate_options *g)
{
    json_t *out = json_pack("{s:s, s:s}", "method", g->method, "metric", metric_name_text(g->metric));
    if (g->ranged) {
        json_object_set_new(out, "between", json_pack("[f, f]", g->low, g->high));
    } else {
        json_object_set_new(out, "is", json_real(g->is));
        json_object_set_new(out, "sem", g->sem > 0 ? json_real(g->sem) : json_null());
        json_object_set_new(out, "n", g->n > 0 ? json_integer(g->n) : json_null());
        json_object_set_new(out, "within", json_real(g->within));
    }
    json_object_set_new(out, "source", json_text(g->source));
    return out;
}

static json_t *expect_json(const struct gate_list *gates)
{
    json_t *out = json_array();
    for (size_t i = 0; i < gates->count; i++)
        json_array_append_new(out, plan_gate_json(&gates->at[i]));
    return out;
}

/* How often a cell is saved changes no number of it either. */
static json_t *checkpoint_json(const struct checkpoint_options *o)
{
    json_t *out = o->on ? json_pack("{s:s, s:I, s:I, s:I}", "every", checkpoint_every_name(o->every), "last",
                                    (json_int_t)o->last, "weekly", (json_int_t)o->weekly, "days", (json_int_t)o->days)
                        : json_null();
    if (o->every == CHECKPOINT_BATCHES)
        json_object_set_new(out, "batches", json_integer(o->batches));
    if (o->every == CHECKPOINT_MINUTES)
        json_object_set_new(out, "minutes", json_real(o->minutes));
    return out;
}

/* Nor does who looks on. */
static json_t *metrics_port_json(const struct metrics_options *o)
{
    return o->port ? json_integer(o->port) : json_text(o->file);
}

json_t *plan_json(const plan *p)
{
    const struct scenario *s = p->scenario;
    json_t *out = json_pack("{s:s, s:s, s:o, s:s, s:s}", "schema", "perdure.plan/1", "name", s->name, "seeds",
                            json_ints(s->seeds.at, s->seeds.count), "folder", p->folder, "device_why", p->device_why);
    json_t *methods = json_array(), *shared = shared_json(p), *metrics = json_array();
    learning_add(out, &s->network, p->weights_sha256, &s->optimizer, &s->training);
    for (int i = 0; i < p->method_count; i++) {
        const struct method_options *m = p->methods[i].options;
        json_t *one = method_json(&p->methods[i]);
        if (m->set)
            learning_add(one, &m->network, p->methods[i].weights_sha256, &m->optimizer, &m->training);
        json_array_append_new(methods, one);
    }
    for (int64_t i = 0; i < s->evaluation.metrics.count; i++)
        json_array_append_new(metrics, json_string(metric_name_text((enum metric_name)s->evaluation.metrics.at[i])));
    json_object_update(out, shared);
    json_object_set_new(out, "methods", methods);
    json_object_set_new(out, "metrics", metrics);
    json_object_set_new(out, "error", json_string(error_kind_name(s->evaluation.error)));
    json_object_set_new(out, "baseline", json_text(s->evaluation.baseline));
    json_object_set_new(out, "expect", expect_json(&s->evaluation.expect));
    json_object_set_new(out, "checkpoint", checkpoint_json(&s->output.checkpoint));
    if (s->search.on)
        json_object_set_new(out, "search", plan_search_json(p));
    json_object_set_new(out, "tensorboard", json_boolean(s->output.tensorboard));
    json_object_set_new(out, "metrics_port", metrics_port_json(&s->output.metrics));
    json_decref(shared);
    return out;
}
