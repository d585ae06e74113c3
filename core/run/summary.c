/* See summary.h. "values" stand in the order of "seeds", null where a metric is absent; n counts those that are there.
 * */
#include "run/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "record/record.h"

json_t *summary_begin(const struct summary_head *h)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[], s:[], s:[]}", "schema", "perdure.summary/1", "name", h->name,
                     "scenario", h->scenario, "mask", h->mask, "error", h->error, "methods", "gates", "failed");
}

/* A value that a seed does not have is null in the list, and counts nowhere. */
static json_t *metric_json(const char *of, const char *name, json_t *const *results, size_t count)
{
    double *values = alloc_zero(count + 1, sizeof *values);
    json_t *all = json_array(), *out = json_object();
    for (size_t i = 0; i < count; i++) {
        values[i] = record_number_at(json_object_get(results[i], of), name);
        json_array_append_new(all, record_number_json(values[i]));
    }
    spread s = spread_of_there(values, (int64_t)count);
    json_object_set_new(out, "mean", record_number_json(s.mean));
    json_object_set_new(out, "sd", record_number_json(s.sd));
    json_object_set_new(out, "sem", record_number_json(s.sem));
    json_object_set_new(out, "ci95", record_number_json(s.ci95));
    json_object_set_new(out, "n", json_integer(s.n));
    json_object_set_new(out, "values", all);
    free(values);
    return out;
}

/* `of`: "metrics", or "metrics_network" of the network's own logits where a strategy predicts by a rule of its own. */
static json_t *metrics_json(const struct summary_head *h, const char *of, json_t *const *results, size_t count)
{
    json_t *all = json_object();
    for (size_t i = 0; i < h->metric_count; i++)
        json_object_set_new(all, h->metrics[i], metric_json(of, h->metrics[i], results, count));
    return all;
}

/* The whole time of a cell: all of its parts. */
static double seconds_of(const json_t *result)
{
    const json_t *parts = json_object_get(result, "seconds");
    double sum = 0;
    const char *name;
    json_t *part;
    json_object_foreach((json_t *)(size_t)parts, name, part) /* the macro takes no const; it changes nothing */
        sum += json_number_value(part);
    return sum;
}

static double mean_of(json_t *const *results, size_t count, const char *key)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += key ? record_number_at(results[i], key) : seconds_of(results[i]);
    return count > 0 ? sum / (double)count : NAN;
}

static json_t *peak_of(json_t *const *results, size_t count)
{
    json_int_t most = -1;
    for (size_t i = 0; i < count; i++) {
        const json_t *bytes = json_object_get(results[i], "peak_memory_bytes");
        most = json_integer_value(bytes) > most ? json_integer_value(bytes) : most;
    }
    return most > 0 ? json_integer(most) : json_null();
}

void summary_method(json_t *summary, const struct summary_head *h, const char *method, json_t *const *results,
                    size_t count)
{
    json_t *row = json_object(), *seeds = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(seeds, json_object_get(results[i], "seed"));
    json_object_set_new(row, "name", json_string(method));
    json_object_set_new(row, "seeds", seeds);
    json_object_set_new(row, "metrics", metrics_json(h, "metrics", results, count));
    if (count > 0 && json_object_get(results[0], "metrics_network"))
        json_object_set_new(row, "metrics_network", metrics_json(h, "metrics_network", results, count));
    json_object_set_new(row, "steps_per_second", record_number_json(mean_of(results, count, "steps_per_second")));
    json_object_set_new(row, "seconds", record_number_json(mean_of(results, count, NULL)));
    json_object_set_new(row, "peak_memory_bytes", peak_of(results, count));
    json_array_append_new(json_object_get(summary, "methods"), row);
}

void summary_failed(json_t *summary, const char *method, long long seed, const char *reason)
{
    json_t *row = json_object(), *words = json_string(reason);
    json_object_set_new(row, "method", json_string(method));
    json_object_set_new(row, "seed", json_integer(seed));
    json_object_set_new(row, "reason", words ? words : json_null()); /* a plugin's words may be no UTF-8 */
    json_array_append_new(json_object_get(summary, "failed"), row);
}

const json_t *summary_method_find(const json_t *summary, const char *name)
{
    size_t i;
    json_t *method;
    json_array_foreach(json_object_get(summary, "methods"), i, method)
    {
        const char *its = json_string_value(json_object_get(method, "name"));
        if (its && !strcmp(its, name))
            return method;
    }
    return NULL;
}
