/* See hparams.h. Messages and field numbers: tensorboard/plugins/hparams/{plugin_data,api,hparams_util}.proto. */
#include "record/hparams.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "record/protobuf.h"

enum { DATA_EXPERIMENT = 2, DATA_START = 3, DATA_END = 4 };
enum { START_HPARAMS = 1, START_GROUP = 4, START_TIME = 5, ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { VALUE_NUMBER = 2, VALUE_TEXT = 3, VALUE_BOOL = 4 };
enum { END_STATUS = 1, END_TIME = 2, STATUS_SUCCESS = 1, STATUS_FAILURE = 2 };
enum { EXPERIMENT_HPARAM = 4, EXPERIMENT_METRIC = 5, INFO_NAME = 1, INFO_TYPE = 4 };
enum { TYPE_TEXT = 1, TYPE_BOOL = 2, TYPE_NUMBER = 3 };
enum { METRIC_NAME = 1, METRIC_SHOWN = 3, METRIC_WORDS = 4, NAME_TAG = 2 };
enum { GROUP_DIGITS = 12 };

/* ---- the settings of a method, in one level ---- */

static void value_take(json_t *out, const char *key, const json_t *value)
{
    const char *at;
    json_t *one;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, at, one)
        {
            char *deeper = alloc_format("%s.%s", key, at);
            value_take(out, deeper, one);
            free(deeper);
        }
    } else if (json_is_number(value) || json_is_boolean(value) || json_is_string(value)) {
        json_object_set(out, key, (json_t *)(uintptr_t)value);
    } else {
        char *words = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        json_object_set_new(out, key, json_string(words ? words : ""));
        free(words);
    }
}

static void strategies_take(json_t *out, const json_t *strategies)
{
    text names = {0};
    size_t i;
    json_t *one;
    json_array_foreach(strategies, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "strategy"));
        text_addf(&names, "%s%s", i ? "+" : "", name ? name : "?");
        value_take(out, name ? name : "?", json_object_get(one, "parameters"));
    }
    json_object_set_new(out, "strategies", json_string(names.at ? names.at : ""));
    text_free(&names);
}

static void shared_take(json_t *out, const json_t *cell)
{
    static const char *const keys[][2] = {{"data", "set"}, {"stream", "scenario"}, {"stream", "tasks"}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *key = alloc_format("%s.%s", keys[i][0], keys[i][1]);
        value_take(out, key, json_object_get(json_object_get(cell, keys[i][0]), keys[i][1]));
        free(key);
    }
}

/* The plan of a cell says all that its numbers depend on; of that, what a comparison is about. */
static json_t *settings_of(const json_t *cell)
{
    static const char *const sections[] = {"network", "optimizer", "training"};
    const json_t *method = json_object_get(cell, "method");
    json_t *out = json_object();
    json_object_set(out, "method", json_object_get(method, "name"));
    json_object_set(out, "train_on", json_object_get(method, "train_on"));
    strategies_take(out, json_object_get(method, "strategies"));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        value_take(out, sections[i], json_object_get(cell, sections[i]));
    shared_take(out, cell);
    return out;
}

json_t *hparams_of(const plan *p, int method)
{
    json_t *cell = plan_cell_json(p, method, 0), *settings = settings_of(cell);
    json_decref(cell);
    return settings;
}

char *hparams_group(const plan *p, int method)
{
    char digest[SHA256_HEX];
    plan_cell_digest(p, method, 0, digest); /* with the same seed for all */
    return alloc_format("%s-%.*s", p->methods[method].name, GROUP_DIGITS, digest);
}

/* ---- messages ---- */

static uint64_t type_of(const json_t *value)
{
    return json_is_number(value) ? TYPE_NUMBER : json_is_boolean(value) ? TYPE_BOOL : TYPE_TEXT;
}

/* google.protobuf.Value */
static void value_write(const json_t *value, text *out)
{
    if (json_is_number(value))
        proto_double(out, VALUE_NUMBER, json_number_value(value));
    else if (json_is_boolean(value))
        proto_integer(out, VALUE_BOOL, json_is_true(value));
    else
        proto_text(out, VALUE_TEXT, json_string_value(value));
}

void hparams_start(const json_t *settings, const char *group, double now, text *out)
{
    text start = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        text entry = {0}, written = {0};
        proto_text(&entry, ENTRY_KEY, key);
        value_write(value, &written);
        proto_message(&entry, ENTRY_VALUE, &written);
        proto_message(&start, START_HPARAMS, &entry);
    }
    proto_text(&start, START_GROUP, group);
    proto_double(&start, START_TIME, now);
    proto_message(out, DATA_START, &start);
}

void hparams_end(bool good, double now, text *out)
{
    text end = {0};
    proto_integer(&end, END_STATUS, good ? STATUS_SUCCESS : STATUS_FAILURE);
    proto_double(&end, END_TIME, now);
    proto_message(out, DATA_END, &end);
}

/* Key -> type, of all methods: TensorBoard takes the first experiment that it finds for those of all cells. */
static json_t *types_of_all(const plan *p)
{
    json_t *types = json_object(), *value;
    const char *key;
    for (int i = 0; i < p->method_count; i++) {
        json_t *settings = hparams_of(p, i);
        json_object_foreach(settings, key, value)
        {
            json_t *before = json_object_get(types, key);
            bool other = before && (uint64_t)json_integer_value(before) != type_of(value);
            json_object_set_new(types, key, json_integer(other ? TYPE_TEXT : (json_int_t)type_of(value)));
        }
        json_decref(settings);
    }
    return types;
}

static void metrics_write(const struct int_list *shown, text *experiment)
{
    for (int64_t i = 0; i < shown->count; i++) {
        const metric *one = metric_find(metric_name_text((enum metric_name)shown->at[i]));
        text info = {0}, name = {0};
        char *tag = alloc_format("metrics/%s", one->name);
        proto_text(&name, NAME_TAG, tag);
        proto_message(&info, METRIC_NAME, &name);
        proto_text(&info, METRIC_SHOWN, one->name);
        proto_text(&info, METRIC_WORDS, one->summary);
        proto_message(experiment, EXPERIMENT_METRIC, &info);
        free(tag);
    }
}

void hparams_experiment(const plan *p, text *out)
{
    text experiment = {0};
    json_t *types = types_of_all(p), *type;
    const char *key;
    json_object_foreach(types, key, type)
    {
        text info = {0};
        proto_text(&info, INFO_NAME, key);
        proto_integer(&info, INFO_TYPE, (uint64_t)json_integer_value(type));
        proto_message(&experiment, EXPERIMENT_HPARAM, &info);
    }
    metrics_write(&p->scenario->evaluation.metrics, &experiment);
    proto_message(out, DATA_EXPERIMENT, &experiment);
    json_decref(types);
}
