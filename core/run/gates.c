/* See gates.h. */
#include "run/gates.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "evaluate/gate.h"
#include "plan/plan.h"
#include "record/record.h"
#include "run/summary.h"

/* ---- one gate ---- */

static json_t *ours_json(const spread *ours)
{
    json_t *out = json_object();
    json_object_set_new(out, "mean", record_number_json(ours->mean));
    json_object_set_new(out, "sem", record_number_json(ours->sem));
    json_object_set_new(out, "n", json_integer(ours->n));
    return out;
}

/* What the band comes from. */
static void band_words(const struct gate_options *o, const band *b, const spread *ours, text *out)
{
    if (o->ranged) {
        text_addf(out, "band: between");
        return;
    }
    if (b->wide)
        text_addf(out, "band: 2.5 combined SEM (%.4f)", b->combined);
    else
        text_addf(out, "band: within %.4g", o->within);
    if (b->borrowed)
        text_addf(out, "; one seed: its SEM is the published SD (%.4f)", b->own);
    else if (ours->n == 1)
        text_addf(out, "; one seed: no SEM of its own");
}

static void gate_decide(json_t *out, const struct gate_options *o, const spread *ours)
{
    const struct gate g = {.is = o->is, .sem = o->sem, .n = o->n, .within = o->within};
    band b = o->ranged ? (band){.low = o->low, .high = o->high} : gate_band(&g, ours);
    double miss = band_miss(b.low, b.high, ours->mean);
    text why = {0};
    if (miss != 0)
        text_addf(&why, "too %s by %.2g; ", miss < 0 ? "low" : "high", fabs(miss));
    band_words(o, &b, ours, &why);
    json_object_set_new(out, "low", json_real(b.low));
    json_object_set_new(out, "high", json_real(b.high));
    json_object_set_new(out, "pass", json_boolean(miss == 0));
    json_object_set_new(out, "why", json_string(why.at));
    text_free(&why);
}

static void gate_leave_open(json_t *out, const struct gate_options *o, int64_t there, int64_t values, int64_t seeds)
{
    text why = {0};
    if (there < seeds)
        text_addf(&why, "%lld of %lld seed%s missing", (long long)(seeds - there), (long long)seeds,
                  seeds == 1 ? "" : "s");
    else
        text_addf(&why, "%s is absent in %lld of %lld seed%s", metric_name_text(o->metric), (long long)(seeds - values),
                  (long long)seeds, seeds == 1 ? "" : "s");
    json_object_set_new(out, "low", o->ranged ? json_real(o->low) : json_null());
    json_object_set_new(out, "high", o->ranged ? json_real(o->high) : json_null());
    json_object_set_new(out, "pass", json_null());
    json_object_set_new(out, "why", json_string(why.at));
    text_free(&why);
}

static json_t *gate_json(const json_t *summary, const struct gate_options *o, int64_t seeds)
{
    const json_t *method = summary_method_find(summary, o->method);
    const json_t *of = json_object_get(json_object_get(method, "metrics"), metric_name_text(o->metric));
    int64_t there = (int64_t)json_array_size(json_object_get(method, "seeds"));
    spread ours = {.n = json_integer_value(json_object_get(of, "n")),
                   .mean = record_number_at(of, "mean"),
                   .sd = record_number_at(of, "sd"),
                   .sem = record_number_at(of, "sem"),
                   .ci95 = record_number_at(of, "ci95")};
    json_t *out = plan_gate_json(o);
    json_object_set_new(out, "ours", ours_json(&ours));
    if (ours.n == seeds)
        gate_decide(out, o, &ours);
    else
        gate_leave_open(out, o, there, ours.n, seeds);
    return out;
}

/* ---- all of them ---- */

void gates_judge(json_t *summary, const struct gate_list *gates, int64_t seeds)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gates->count; i++)
        json_array_append_new(list, gate_json(summary, &gates->at[i], seeds));
    json_object_set_new(summary, "gates", list);
}

size_t gates_open(const json_t *summary)
{
    size_t open = 0, i;
    json_t *gate;
    json_array_foreach(json_object_get(summary, "gates"), i, gate) open += !json_is_true(json_object_get(gate, "pass"));
    return open;
}

size_t gates_failed(const json_t *summary)
{
    size_t failed = 0, i;
    json_t *gate;
    json_array_foreach(json_object_get(summary, "gates"), i, gate) failed +=
        json_is_false(json_object_get(gate, "pass"));
    return failed;
}
