/* The gates of evaluation.expect: the forms that one may take, and what it must be beside the rest of the file. A gate that
 * could never be decided is refused here, before anything trains. */
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

#define GATE_WITHIN 0.015

/* ---- between: [0.88, 0.925] ---- */

static const struct row bound_row = {.key = "bound", .type = ROW_REAL, .min = -1, .max = 1};

static void between_fill(struct check *c, const node *n, const char *path, void *out)
{
    struct gate_options *gate = CONTAINER(out, gate_options, low);
    if (n->kind != NODE_LIST || n->count != 2) {
        row_refuse(c, n, path, special_between.expects);
        return;
    }
    bool low = value_real(c, n->first, row_path_index(c, path, 0), &bound_row, &gate->low);
    bool high = value_real(c, n->last, row_path_index(c, path, 1), &bound_row, &gate->high);
    if (low && high && gate->low >= gate->high) {
        faults_add(c->faults, n->last, row_path_index(c, path, 1), "found %s behind %.15g; expected numbers that rise",
                   node_shown(n->last), gate->low);
    }
}
const struct special special_between = {"two numbers from -1 to 1 that rise, as [0.88, 0.925]", between_fill,
                                        "{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\":"
                                        " {\"type\": \"number\", \"minimum\": -1, \"maximum\": 1}}",
                                        2 * sizeof(double)};

/* ---- one gate ---- */

void gate_after(struct check *c, const node *n, const char *path, void *out)
{
    static const char *const beside_is[] = {"sem", "n", "within"};
    struct gate_options *gate = out;
    const node *is = node_find(n, "is");
    const node *between = node_find(n, "between");
    gate->at = n;
    gate->ranged = between != NULL;
    if (is != NULL && between != NULL) {
        faults_add_at_key(c->faults, between, row_path(c, path, "between"),
                          "found is and between; expected one of them");
    } else if (is == NULL && between == NULL) {
        faults_add(c->faults, n, path, "found neither is nor between; expected one of them");
    } else if (is != NULL && node_find(n, "within") == NULL) {
        gate->within = GATE_WITHIN;
    }
    for (size_t i = 0; is == NULL && between != NULL && i < sizeof beside_is / sizeof *beside_is; i++) {
        const node *lone = node_find(n, beside_is[i]);
        if (lone != NULL) {
            faults_add_at_key(c->faults, lone, row_path(c, path, beside_is[i]),
                              "found %s beside between; expected it beside is alone", beside_is[i]);
        }
    }
}

/* ---- beside the rest of the file ---- */

/* The metric must be measured: asked for, with the cells that it needs in the matrix of the method. */
static void gate_check_metric(struct check *c, const node *root, const struct scenario *s,
                              const struct gate_options *gate, const struct method_options *method, const char *path)
{
    const node *evaluation = node_find(root, "evaluation");
    const node *said = node_find(gate->at, "metric");
    const char *name = metric_name_text(gate->metric);
    const struct int_list *asked = &s->evaluation.metrics;
    bool there = false;
    for (int64_t i = 0; i < asked->count; i++) {
        there = there || asked->at[i] == (int64_t)gate->metric || asked->at[i] < 0;
    }
    if (!there) {
        faults_add(c->faults, said, path, "found %s; expected a metric of evaluation.metrics", name);
        faults_hint(c->faults, "a gate is judged by what the run reports: add %s to evaluation.metrics", name);
    } else if (node_find(evaluation, "metrics") == NULL) {
        metric_check(c, said, path, node_find(evaluation, "matrix"));
    }
    if (method != NULL && method->train_on == TRAIN_ALL && gate->metric != METRIC_ACC_MACRO &&
        gate->metric != METRIC_ACC_POOLED && gate->metric != METRIC_ACC_ANYTIME) {
        faults_add(c->faults, said, path,
                   "found %s of %s, which trains once on all tasks; expected acc.macro, acc.pooled or acc.anytime",
                   name, method->name);
    }
}

/* Whether its metric was one. */
static bool gate_names_metric(const struct gate_options *gate)
{
    const node *said = node_find(gate->at, "metric");
    return said != NULL && said->kind == NODE_TEXT && strcmp(said->text, metric_name_text(gate->metric)) == 0;
}

static void gate_refuse_repeated(struct check *c, const struct gate_list *gates, size_t i, const char *path)
{
    const struct gate_options *gate = &gates->at[i];
    for (size_t j = 0; j < i; j++) {
        const struct gate_options *before = &gates->at[j];
        if (before->method != NULL && before->metric == gate->metric && strcmp(before->method, gate->method) == 0 &&
            gate_names_metric(before)) {
            faults_add(c->faults, gate->at, path, "found a second gate on %s of %s; expected one, as on line %d",
                       metric_name_text(gate->metric), gate->method, before->at->line);
            return;
        }
    }
}

static void gate_check(struct check *c, const node *root, const struct scenario *s, size_t i)
{
    const struct gate_options *gate = &s->evaluation.expect.at[i];
    const char *path = row_path_index(c, "evaluation.expect", i);
    if (gate->method == NULL) {
        return;
    }
    const struct method_options *method = method_named(s, gate->method);
    if (method == NULL) {
        method_refuse_named(c, s, node_find(gate->at, "method"), row_path(c, path, "method"));
    }
    if (gate_names_metric(gate)) {
        gate_check_metric(c, root, s, gate, method, row_path(c, path, "metric"));
        gate_refuse_repeated(c, &s->evaluation.expect, i, path);
    }
}

void expect_after(struct check *c, const node *root, const struct scenario *s)
{
    const struct gate_list *gates = &s->evaluation.expect;
    if (gates->count > SCENARIO_CELLS) {
        faults_add(c->faults, node_at(root, "evaluation.expect"), "evaluation.expect",
                   "found %zu gates; expected at most %d", gates->count, (int)SCENARIO_CELLS);
        return;
    }
    for (size_t i = 0; i < gates->count; i++) {
        gate_check(c, root, s, i);
    }
}
