/* See compare.h. */
#include "run/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "record/differ.h"
#include "run/about.h"
#include "run/comparisons.h"
#include "run/summary.h"

#define PAIRED "paired t-test"
#define WELCH "Welch's t-test"

/* ---- what they were made by ---- */

static void difference_note(void *user, const char *path, const json_t *const *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(list, values[i] ? (json_t *)(uintptr_t)values[i] : json_null());
    json_array_append_new(user, json_pack("{s:s, s:o}", "key", path, "values", list));
}

/* By manifests only where all have them: that one has none is no difference in what it is. */
static bool manifests_settle(json_t **abouts, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all = all && json_object_get(abouts[i], "manifest");
    for (size_t i = 0; i < count && !all; i++)
        json_object_del(abouts[i], "manifest");
    return all;
}

static json_t *method_about(const json_t *about, const char *method)
{
    return json_object_get(json_object_get(about, "methods"), method);
}

/* A method that says nothing of its own learns as all do: beside a run where it does (a variant, or what a search chose), that is
 * what it is compared by. */
static void learning_settle(json_t **abouts, size_t count, const char *method)
{
    static const char *const keys[] = {"network", "optimizer", "training"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        bool own = false;
        for (size_t i = 0; i < count; i++)
            own = own || json_object_get(method_about(abouts[i], method), keys[k]);
        for (size_t i = 0; i < count && own; i++) {
            json_t *one = method_about(abouts[i], method);
            if (one && !json_object_get(one, keys[k]))
                json_object_set(one, keys[k], json_object_get(abouts[i], keys[k]));
        }
    }
}

static void methods_settle(json_t **abouts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name;
        json_t *method;
        json_object_foreach(json_object_get(abouts[i], "methods"), name, method)
        {
            learning_settle(abouts, count, name);
        }
    }
}

static int abouts_compare(const struct compare_side *sides, size_t count, json_t *out, error *e)
{
    json_t **abouts = alloc_zero(count, sizeof *abouts), *differences = json_array();
    int code = 0;
    for (size_t i = 0; i < count && !code; i++)
        code = about_read(sides[i].folder, sides[i].summary, &abouts[i], e);
    bool manifests = !code && manifests_settle(abouts, count);
    if (!code)
        methods_settle(abouts, count);
    if (!code)
        differ_walk((const json_t *const *)abouts, count, difference_note, differences);
    json_object_set_new(out, "compared", json_string(manifests ? "plans and manifests" : "plans"));
    json_object_set_new(out, "differences", differences);
    for (size_t i = 0; i < count; i++)
        json_decref(abouts[i]);
    free(abouts);
    return code;
}

/* ---- methods of two or more ---- */

static const char *name_of(const json_t *method) { return json_string_value(json_object_get(method, "name")); }

static size_t sides_with(const struct compare_side *sides, size_t count, const char *method)
{
    size_t with = 0;
    for (size_t i = 0; i < count; i++)
        with += summary_method_find(sides[i].summary, method) != NULL;
    return with;
}

/* Of one method, by metric: what each run has of it, null where a run does not have it. */
static json_t *metrics_beside(const struct compare_side *sides, size_t count, const json_t *method)
{
    json_t *out = json_object(), *unused;
    const char *metric;
    json_object_foreach(json_object_get(method, "metrics"), metric, unused)
    {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++) {
            const json_t *its = summary_method_find(sides[i].summary, name_of(method));
            json_t *of = json_object_get(json_object_get(its, "metrics"), metric);
            json_array_append(list, of ? of : json_null());
        }
        json_object_set_new(out, metric, list);
    }
    return out;
}

static void only_note(const struct compare_side *sides, size_t count, const char *name, json_t *only)
{
    json_t *runs = json_array(), *one;
    size_t i;
    json_array_foreach(only, i, one) if (!strcmp(json_string_value(json_object_get(one, "method")), name))
    {
        json_decref(runs);
        return;
    }
    for (i = 0; i < count; i++)
        if (summary_method_find(sides[i].summary, name))
            json_array_append_new(runs, json_integer((json_int_t)i));
    json_array_append_new(only, json_pack("{s:s, s:o}", "method", name, "runs", runs));
}

/* Methods of the first run that another has too, and those that some run has not. */
static void methods_put(const struct compare_side *sides, size_t count, json_t *out)
{
    json_t *methods = json_array(), *only = json_array(), *method;
    size_t i;
    json_array_foreach(json_object_get(sides[0].summary, "methods"), i, method)
    {
        if (name_of(method) && sides_with(sides, count, name_of(method)) > 1)
            json_array_append_new(methods, json_pack("{s:s, s:o}", "name", name_of(method), "metrics",
                                                     metrics_beside(sides, count, method)));
    }
    for (size_t s = 0; s < count; s++)
        json_array_foreach(json_object_get(sides[s].summary, "methods"), i, method)
        {
            if (name_of(method) && sides_with(sides, count, name_of(method)) < count)
                only_note(sides, count, name_of(method), only);
        }
    json_object_set_new(out, "methods", methods);
    json_object_set_new(out, "only", only);
}

static void names_list(const json_t *summary, text *out)
{
    size_t i;
    json_t *method;
    json_array_foreach(json_object_get(summary, "methods"), i, method)
        text_addf(out, "%s%s", i ? ", " : "", name_of(method) ? text_quoted(name_of(method)) : "?");
}

static int common_check(const struct compare_side *sides, size_t count, const json_t *out, error *e)
{
    text first = {0}, other = {0};
    if (json_array_size(json_object_get(out, "methods")) > 0)
        return 0;
    names_list(sides[0].summary, &first);
    names_list(sides[count - 1].summary, &other);
    error_set(e, EXIT_DATA, "%s: found methods %.300s; expected one of those of %s: %.300s", sides[count - 1].folder,
              other.at ? other.at : "none", sides[0].folder, first.at ? first.at : "none");
    text_free(&other);
    text_free(&first);
    return error_hint(e, "methods are compared by their names");
}

/* ---- tests ---- */

struct tested {
    json_t *row; /* borrowed from the list of all */
    difference d;
};

static difference values_test(const struct run_values *of, const struct run_values *from, const char **name)
{
    double *first = alloc_zero((size_t)of->count + 1, sizeof *first);
    double *second = alloc_zero((size_t)of->count + 1, sizeof *second);
    int64_t n =
        difference_pairs(of->seeds, of->values, of->count, from->seeds, from->values, from->count, first, second);
    bool pairs = n == of->count && n == from->count;
    *name = pairs ? PAIRED : WELCH;
    difference d = pairs ? difference_paired(first, second, n)
                         : difference_welch(of->values, of->count, from->values, from->count);
    free(second);
    free(first);
    return d;
}

/* Run `run` less the first one; false where one of them has no value. */
static bool sides_test(const struct compare_side *sides, size_t run, const char *method, const char *metric,
                       struct tested *out)
{
    struct run_values from = run_values_of(summary_method_find(sides[0].summary, method), metric);
    struct run_values of = run_values_of(summary_method_find(sides[run].summary, method), metric);
    const char *name = NULL;
    bool there = of.count > 0 && from.count > 0;
    if (there) {
        out->d = values_test(&of, &from, &name);
        out->row = json_pack("{s:i, s:s, s:s, s:s}", "run", (int)run, "method", method, "metric", metric, "test", name);
    }
    run_values_close(&of);
    run_values_close(&from);
    return there;
}

static void family_settle(struct tested *all, size_t count, const char *metric, json_t *out)
{
    double *p = alloc_zero(count + 1, sizeof *p);
    for (size_t i = 0; i < count; i++)
        p[i] = difference_tested(&all[i].d) ? all[i].d.p : (double)NAN;
    holm_adjust(p, (int64_t)count, p);
    for (size_t i = 0; i < count; i++) {
        difference_put(all[i].row, &all[i].d, p[i], metric);
        json_array_append_new(out, all[i].row);
    }
    free(p);
}

static void metric_test(const struct compare_side *sides, size_t count, const json_t *methods, const char *metric,
                        json_t *out)
{
    struct tested *all = alloc_zero(json_array_size(methods) * count + 1, sizeof *all);
    size_t tests = 0, i;
    json_t *method;
    json_array_foreach(methods, i, method)
    {
        for (size_t run = 1; run < count; run++)
            tests += sides_test(sides, run, name_of(method), metric, &all[tests]);
    }
    family_settle(all, tests, metric, out);
    free(all);
}

static void tests_put(const struct compare_side *sides, size_t count, json_t *out)
{
    json_t *methods = json_object_get(out, "methods"), *all = json_array(), *unused;
    json_t *test = difference_test_json(PAIRED " where both runs have the same seeds, else " WELCH);
    const char *metric;
    json_object_set_new(test, "family", json_string("all comparisons of one metric"));
    json_object_foreach(json_object_get(json_array_get(methods, 0), "metrics"), metric, unused)
        metric_test(sides, count, methods, metric, all);
    json_object_set_new(out, "test", test);
    json_object_set_new(out, "comparisons", all);
}

/* ---- the whole ---- */

static json_t *runs_json(const struct compare_side *sides, size_t count)
{
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *run = json_object(), *folder = json_string(sides[i].folder);
        json_object_set_new(run, "folder", folder ? folder : json_null()); /* a path may be no UTF-8 */
        json_object_set(run, "name", json_object_get(sides[i].summary, "name"));
        json_array_append_new(out, run);
    }
    return out;
}

int compare_runs(const struct compare_side *sides, size_t count, json_t **out, error *e)
{
    json_t *made = json_pack("{s:s, s:o}", "schema", "perdure.compare/1", "runs", runs_json(sides, count));
    json_object_set(made, "error", json_object_get(sides[0].summary, "error"));
    int code = abouts_compare(sides, count, made, e);
    if (!code) {
        methods_put(sides, count, made);
        code = common_check(sides, count, made, e);
    }
    if (!code)
        tests_put(sides, count, made);
    *out = code ? NULL : made;
    if (code)
        json_decref(made);
    return code;
}
