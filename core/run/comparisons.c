/* See comparisons.h. The arithmetic is that of core/evaluate; here are only its numbers brought to it, and written down. */
#include "run/comparisons.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "record/record.h"
#include "run/summary.h"

/* ---- values of a summary ---- */

struct run_values run_values_of(const json_t *method, const char *metric_name)
{
    const json_t *seeds = json_object_get(method, "seeds");
    const json_t *values = json_object_get(json_object_get(json_object_get(method, "metrics"), metric_name), "values");
    size_t count = json_array_size(seeds);
    struct run_values out = {alloc_zero(count + 1, sizeof(int64_t)), alloc_zero(count + 1, sizeof(double)), 0};
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(values, i);
        if (!json_is_number(value) || !isfinite(json_number_value(value)))
            continue;
        out.seeds[out.count] = json_integer_value(json_array_get(seeds, i));
        out.values[out.count++] = json_number_value(value);
    }
    return out;
}

void run_values_close(struct run_values *v)
{
    free(v->seeds);
    free(v->values);
    *v = (struct run_values){0};
}

/* ---- a difference, written down ---- */

void difference_put(json_t *out, const difference *d, double p_holm, const char *metric_name)
{
    const metric *of = metric_find(metric_name);
    enum verdict verdict = difference_verdict(d, p_holm, !of || of->higher_is_better);
    json_t *interval = json_array();
    json_array_append_new(interval, record_number_json(d->low));
    json_array_append_new(interval, record_number_json(d->high));
    json_object_set_new(out, "n", json_integer(d->n));
    json_object_set_new(out, "mean_difference", record_number_json(d->mean));
    json_object_set_new(out, "sd", record_number_json(d->sd));
    json_object_set_new(out, "t", record_number_json(d->t));
    json_object_set_new(out, "df", record_number_json(d->freedom));
    json_object_set_new(out, "p", record_number_json(d->p));
    json_object_set_new(out, "p_holm", record_number_json(p_holm));
    json_object_set_new(out, "effect", record_number_json(d->effect));
    json_object_set_new(out, "ci95", interval);
    json_object_set_new(out, "significant", json_boolean(verdict == VERDICT_BETTER || verdict == VERDICT_WORSE));
    json_object_set_new(out, "verdict", json_string(verdict_name(verdict)));
}

json_t *difference_test_json(const char *name)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:f, s:i, s:i}", "name", name, "sides", 2, "correction", "Holm", "family",
                     "the methods of one metric", "level", TEST_LEVEL, "n_least", TEST_LEAST, "n_few", TEST_FEW);
}

/* ---- one metric: a family ---- */

struct family {
    difference *at;
    double *p;
    const char **names;
    int64_t count;
};

static void family_add(struct family *f, const json_t *method, const char *name, const struct run_values *base,
                       const char *metric_name)
{
    struct run_values own = run_values_of(method, metric_name);
    double *first = alloc_zero((size_t)own.count + 1, sizeof *first);
    double *second = alloc_zero((size_t)own.count + 1, sizeof *second);
    if (own.count > 0 && base->count > 0) {
        int64_t n =
            difference_pairs(own.seeds, own.values, own.count, base->seeds, base->values, base->count, first, second);
        f->at[f->count] = difference_paired(first, second, n);
        f->p[f->count] = difference_tested(&f->at[f->count]) ? f->at[f->count].p : (double)NAN;
        f->names[f->count++] = name;
    }
    free(second);
    free(first);
    run_values_close(&own);
}

static void metric_compare(const json_t *summary, const json_t *baseline, const char *metric_name, json_t *out)
{
    const json_t *methods = json_object_get(summary, "methods");
    size_t count = json_array_size(methods);
    struct family f = {alloc_zero(count + 1, sizeof *f.at), alloc_zero(count + 1, sizeof *f.p),
                       alloc_zero(count + 1, sizeof *f.names), 0};
    struct run_values base = run_values_of(baseline, metric_name);
    for (size_t i = 0; i < count; i++) {
        const json_t *method = json_array_get(methods, i);
        const char *name = json_string_value(json_object_get(method, "name"));
        if (method != baseline && name)
            family_add(&f, method, name, &base, metric_name);
    }
    holm_adjust(f.p, f.count, f.p);
    for (int64_t i = 0; i < f.count; i++) {
        json_t *row = json_pack("{s:s, s:s}", "method", f.names[i], "metric", metric_name);
        difference_put(row, &f.at[i], f.p[i], metric_name);
        json_array_append_new(out, row);
    }
    run_values_close(&base);
    free(f.names);
    free(f.p);
    free(f.at);
}

void comparisons_judge(json_t *summary, const char *baseline)
{
    const json_t *method = baseline ? summary_method_find(summary, baseline) : NULL;
    json_t *all = json_array(), *unused;
    const char *name;
    json_object_set_new(summary, "baseline", method ? json_string(baseline) : json_null());
    if (method)
        json_object_set_new(summary, "test", difference_test_json("paired t-test"));
    json_object_foreach(json_object_get(method, "metrics"), name, unused) metric_compare(summary, method, name, all);
    json_object_set_new(summary, "comparisons", all);
}
