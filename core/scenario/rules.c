/* Rules between keys of one section: what each of them may be alone, but not beside the other. */
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"

/* ---- metrics that the matrix cannot give ---- */

/* Cells that a metric reads: it is absent ("-") where the matrix leaves them out. */
static const struct need {
    const char *metric, *key, *without, *with;
} needs[] = {
    {"aia.icarl", "rows", "last", "each-task"},      {"bwt.gem", "rows", "last", "each-task"},
    {"fwt.gem", "rows", "last", "each-task"},        {"fwt.gem", "tasks", "seen", "all"},
    {"fwt.gem", "untrained", "false", "true"},       {"forgetting.chaudhry", "rows", "last", "each-task"},
    {"forgetting.chaudhry", "tasks", "seen", "all"}, {"forgetting.first_last", "rows", "last", "each-task"},
    {"a.diaz", "rows", "last", "each-task"},
};

void metric_check(struct check *c, const node *metric, const char *path, const node *matrix)
{
    for (size_t i = 0; metric->kind == NODE_TEXT && i < sizeof needs / sizeof *needs; i++) {
        const node *said = node_find(matrix, needs[i].key);
        if (strcmp(metric->text, needs[i].metric) == 0 && said != NULL && said->kind == NODE_TEXT &&
            strcmp(said->text, needs[i].without) == 0) {
            faults_add(c->faults, metric, path, "found %s; expected %s: %s, which it needs", needs[i].metric,
                       needs[i].key, needs[i].with);
        }
    }
}

/* Metrics of what is measured within tasks: absent without such evaluations. */
static void anytime_check(struct check *c, const node *metric, const char *path)
{
    static const char *const words[] = {"acc.anytime", "min.delange", "wc.delange"};
    for (size_t i = 0; metric->kind == NODE_TEXT && i < sizeof words / sizeof *words; i++) {
        if (strcmp(metric->text, words[i]) == 0) {
            faults_add(c->faults, metric, path, "found %s; expected evaluation.anytime.batches, which it needs",
                       words[i]);
        }
    }
}

/* Only of metrics that were asked for by name: the default is a list of all that the matrix has, and absent ones are shown
 * as such. */
static void metrics_check(struct check *c, const node *n, const char *path, bool anytime)
{
    const node *metrics = node_find(n, "metrics");
    const node *matrix = node_find(n, "matrix");
    size_t i = 0;
    if (metrics == NULL || metrics->kind != NODE_LIST) {
        return;
    }
    for (const node *one = metrics->first; one != NULL; one = one->next, i++) {
        const char *place = row_path_index(c, row_path(c, path, "metrics"), i);
        if (matrix != NULL && matrix->kind == NODE_MAP) {
            metric_check(c, one, place, matrix);
        }
        if (!anytime) {
            anytime_check(c, one, place);
        }
    }
}

/* Who measures within tasks and names no metric wants to see what that gives. */
static void metrics_settle(struct check *c, const node *n, struct evaluation_options *evaluation)
{
    if (node_find(n, "metrics") != NULL || evaluation->anytime.batches < 1) {
        return;
    }
    int64_t *all = arena_take(c->arena, METRIC_COUNT, sizeof *all);
    for (int64_t i = 0; i < METRIC_COUNT; i++) {
        all[i] = i;
    }
    evaluation->metrics = (struct int_list){all, METRIC_COUNT};
}

void evaluation_after(struct check *c, const node *n, const char *path, void *out)
{
    struct evaluation_options *evaluation = out;
    const node *anytime = node_find(n, "anytime");
    metrics_settle(c, n, evaluation);
    const node *rows = node_find(anytime, "rows");
    if (rows != NULL && node_find(anytime, "batches") == NULL) {
        faults_add_at_key(c->faults, rows, row_path(c, row_path(c, path, "anytime"), "rows"),
                          "found rows without batches; expected both, or neither");
    }
    metrics_check(c, n, path, node_find(anytime, "batches") != NULL || evaluation->anytime.batches > 0);
}

/* ---- a schedule that would raise the rate ---- */

void optimizer_after(struct check *c, const node *n, const char *path, void *out)
{
    const struct training_optimizer_options *optimizer = out;
    double lr = optimizer->common.lr;
    double to = optimizer->schedule.to;
    if (optimizer->schedule.type != SCHEDULE_COSINE || lr <= 0 || to <= lr) {
        return;
    }
    const node *said = node_find(node_find(node_find(n, "schedule"), "cosine"), "to");
    const node *rate = node_find(n, "lr");
    if (said != NULL) {
        path = row_path(c, row_path(c, row_path(c, path, "schedule"), "cosine"), "to");
        faults_add(c->faults, said, path, "found %s; expected at most lr, %.15g", node_shown(said), lr);
    } else if (rate != NULL) { /* a method's, below where the file's schedule ends */
        faults_add(c->faults, rate, row_path(c, path, "lr"),
                   "found %s; expected at least %.15g, which the schedule ends with", node_shown(rate), to);
    }
}
