/* The plan as JSON: whole, for plan.json, and one cell of it, for the digest that says whether a finished cell is the one
 * that is asked for. A key belongs into the cell's form when its value can change a number of the result. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

#ifndef PERDURE_VERSION
#error "PERDURE_VERSION comes from CMake"
#endif

static json_t *ints(const int64_t *at, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(at[i]));
    return list;
}

static json_t *reals(const double *at, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, json_real(at[i]));
    return list;
}

/* Paths need not be UTF-8, JSON must be; and a key that is left out would make two plans alike. */
static json_t *text_escaped(const char *t)
{
    text out = {0};
    for (; *t; t++)
        text_addf(&out, (unsigned char)*t < 0x80 ? "%c" : "\\x%02x", (unsigned char)*t);
    json_t *json = json_string(out.at);
    text_free(&out);
    return json;
}

static json_t *text_or_null(const char *t)
{
    if (!t)
        return json_null();
    json_t *json = json_string(t);
    return json ? json : text_escaped(t);
}

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
    case PDR_PARAM_REALS: return reals(((const pdr_reals *)at)->at, ((const pdr_reals *)at)->count);
    default: return text_or_null(*(const char *const *)at);
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

static json_t *method_json(const plan_method *m)
{
    json_t *strategies = json_array();
    for (int i = 0; i < m->count; i++)
        json_array_append_new(strategies, strategy_json(&m->strategies[i]));
    return json_pack("{s:s, s:s, s:o, s:s}", "name", m->name, "train_on", train_on_name(m->train_on), "strategies",
                     strategies, "executor", m->executor);
}

/* ---- the sections that all cells share ---- */

static json_t *data_json(const struct data_options *d)
{
    json_t *out = json_pack("{s:s, s:s}", "set", data_set_name(d->set), "normalize", normalize_name(d->normalize));
    if (d->normalize == NORMALIZE_GIVEN) {
        json_object_set_new(out, "mean", reals(d->mean.at, d->mean.count));
        json_object_set_new(out, "std", reals(d->std.at, d->std.count));
    }
    if (d->set == DATA_CSV) {
        json_object_set_new(out, "train", text_or_null(d->csv.train));
        json_object_set_new(out, "test", text_or_null(d->csv.test));
        json_object_set_new(out, "test_every", json_integer(d->csv.test_every));
        json_object_set_new(out, "label", json_string(d->csv.label == LABEL_FIRST ? "first" : "last"));
        json_object_set_new(out, "header", json_boolean(d->csv.header));
        json_object_set_new(out, "shape", ints(d->csv.shape.at, d->csv.shape.count));
    }
    if (d->set == DATA_IDX) {
        json_object_set_new(out, "train_images", text_or_null(d->idx.train_images));
        json_object_set_new(out, "train_labels", text_or_null(d->idx.train_labels));
        json_object_set_new(out, "test_images", text_or_null(d->idx.test_images));
        json_object_set_new(out, "test_labels", text_or_null(d->idx.test_labels));
    }
    return out;
}

static json_t *stream_json(const struct stream_options *s)
{
    json_t *groups = NULL;
    if (s->split.order == ORDER_LISTED) {
        groups = json_array();
        for (int64_t i = 0; i < s->split.tasks; i++)
            json_array_append_new(groups, ints(s->split.groups[i].at, s->split.groups[i].count));
    }
    return json_pack("{s:s, s:I, s:s, s:o*, s:s, s:s, s:s}", "by", split_by_name(s->split.by), "tasks",
                     (json_int_t)s->split.tasks, "order", split_order_name(s->split.order), "groups", groups,
                     "scenario", scenario_kind_name(s->scenario), "head", head_kind_name(s->head), "active",
                     active_classes_name(s->active));
}

static json_t *optimizer_json(const struct optimizer_options *o)
{
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "type", optimizer_type_name(o->type), "lr", o->lr,
                     "momentum", o->momentum, "weight_decay", o->weight_decay, "beta1", o->beta1, "beta2", o->beta2,
                     "epsilon", o->epsilon);
}

static json_t *shared_json(const plan *p)
{
    const struct scenario *s = p->scenario;
    json_t *data = data_json(&s->data);
    json_t *network = json_pack("{s:s, s:o}", "type", network_type_name(s->network.type), "hidden",
                                ints(s->network.hidden.at, s->network.hidden.count));
    if (p->data_sha256[0])
        json_object_set_new(data, "sha256", json_string(p->data_sha256));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:{s:I, s:I}, s:{s:s, s:b, s:I}, s:{s:b}}", "perdure", PERDURE_VERSION,
                     "data", data, "stream", stream_json(&s->stream), "network", network, "optimizer",
                     optimizer_json(&s->optimizer), "training", "batch", (json_int_t)s->training.batch, "epochs",
                     (json_int_t)s->training.epochs, "device", "type", p->device, "deterministic",
                     s->device.deterministic, "threads", (json_int_t)s->device.threads, "matrix", "untrained",
                     s->evaluation.matrix.untrained);
}

json_t *plan_cell_json(const plan *p, int method, int64_t seed)
{
    json_t *out = shared_json(p);
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

json_t *plan_json(const plan *p)
{
    const struct scenario *s = p->scenario;
    json_t *out = json_pack("{s:s, s:s, s:o, s:s, s:s}", "schema", "perdure.plan/1", "name", s->name, "seeds",
                            ints(s->seeds.at, s->seeds.count), "folder", p->folder, "device_why", p->device_why);
    json_t *methods = json_array(), *shared = shared_json(p), *metrics = json_array();
    for (int i = 0; i < p->method_count; i++)
        json_array_append_new(methods, method_json(&p->methods[i]));
    for (int64_t i = 0; i < s->evaluation.metrics.count; i++)
        json_array_append_new(metrics, json_string(metric_name_text((enum metric_name)s->evaluation.metrics.at[i])));
    json_object_update(out, shared);
    json_object_set_new(out, "methods", methods);
    json_object_set_new(out, "metrics", metrics);
    json_object_set_new(out, "error", json_string(error_kind_name(s->evaluation.error)));
    json_decref(shared);
    return out;
}
