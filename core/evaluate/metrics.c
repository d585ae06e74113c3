/* The metrics of design: each by the definition that its name carries, because libraries disagree on what the short
 * names mean. An absent cell makes a sum NaN, and so the metric absent. */
#include <math.h>
#include <string.h>

#include "evaluate/matrix.h"

/* Accuracy over the union of the test rows of tasks 1..tasks after `after` tasks. */
static double pooled(const matrix *m, int64_t after, int64_t tasks)
{
    double right = 0, count = 0;
    for (int64_t j = 1; j <= tasks; j++) {
        int64_t n = m->count[after * m->tasks + j - 1];
        if (n == 0)
            return (double)NAN;
        right += (double)m->right[after * m->tasks + j - 1];
        count += (double)n;
    }
    return right / count;
}

double matrix_seen(const matrix *m, int64_t after)
{
    double sum = 0;
    for (int64_t j = 1; j <= after; j++)
        sum += matrix_at(m, after, j);
    return sum / (double)after;
}

static double acc_macro(const matrix *m) { return matrix_seen(m, m->tasks); }

static double acc_pooled(const matrix *m) { return pooled(m, m->tasks, m->tasks); }

static double aia_icarl(const matrix *m)
{
    double sum = 0;
    for (int64_t i = 1; i <= m->tasks; i++)
        sum += pooled(m, i, i);
    return sum / (double)m->tasks;
}

/* Means over the tasks but one: with one task there is nothing to transfer to or to forget. */
static double mean_but_one(const matrix *m, double sum)
{
    return m->tasks > 1 ? sum / (double)(m->tasks - 1) : (double)NAN;
}

static double bwt_gem(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 1; j < m->tasks; j++)
        sum += matrix_at(m, m->tasks, j) - matrix_at(m, j, j);
    return mean_but_one(m, sum);
}

static double fwt_gem(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 2; j <= m->tasks; j++)
        sum += matrix_at(m, j - 1, j) - matrix_at(m, 0, j);
    return mean_but_one(m, sum);
}

/* The best that task j ever reached before the last task; NaN where a cell is absent (fmax would hide it). */
static double best_before(const matrix *m, int64_t j)
{
    double best = -1;
    for (int64_t l = 1; l < m->tasks; l++) {
        double at = matrix_at(m, l, j);
        if (isnan(at))
            return at;
        best = at > best ? at : best;
    }
    return best;
}

double matrix_forgotten(const matrix *m, int64_t task) { return best_before(m, task) - matrix_at(m, m->tasks, task); }

static double forgetting_chaudhry(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 1; j < m->tasks; j++)
        sum += matrix_forgotten(m, j);
    return mean_but_one(m, sum);
}

static double forgetting_first_last(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 1; j < m->tasks; j++)
        sum += matrix_at(m, j, j) - matrix_at(m, m->tasks, j);
    return mean_but_one(m, sum);
}

static double a_diaz(const matrix *m)
{
    double sum = 0;
    for (int64_t i = 1; i <= m->tasks; i++)
        for (int64_t j = 1; j <= i; j++)
            sum += matrix_at(m, i, j);
    return sum / ((double)(m->tasks * (m->tasks + 1)) / 2);
}

/* ---- of what was measured while tasks were trained ---- */

static double mean_at(const curve *c, int64_t i)
{
    double sum = 0;
    for (int64_t j = 1; j <= c->at[i].task; j++)
        sum += curve_at(c, i, j);
    return sum / (double)c->at[i].task;
}

static double acc_anytime(const curve *c)
{
    double sum = 0;
    for (int64_t i = 0; i < c->count; i++)
        sum += mean_at(c, i);
    return c->count ? sum / (double)c->count : (double)NAN;
}

/* The point at which a task was over; c->count: it never was by itself. */
static int64_t learned_at(const curve *c, int64_t task)
{
    int64_t i = 0;
    while (i < c->count && !(c->at[i].ended && c->at[i].task == task))
        i++;
    return i;
}

/* The worst of a task from then on: NaN where nothing follows, or a place is absent (fmin would hide it). */
static double least_after(const curve *c, int64_t task)
{
    double least = (double)NAN;
    int64_t first = learned_at(c, task) + 1;
    for (int64_t i = first; i < c->count; i++) {
        double at = curve_at(c, i, task);
        if (isnan(at))
            return at;
        least = i > first && least < at ? least : at;
    }
    return least;
}

static double min_delange(const curve *c)
{
    double sum = 0;
    for (int64_t j = 1; j < c->tasks; j++)
        sum += least_after(c, j);
    return c->tasks > 1 ? sum / (double)(c->tasks - 1) : (double)NAN;
}

static double wc_delange(const curve *c)
{
    double share = 1 / (double)c->tasks, last = c->count ? curve_at(c, c->count - 1, c->tasks) : (double)NAN;
    return c->tasks > 1 ? share * last + (1 - share) * min_delange(c) : last;
}

const metric metrics[] = {
    {"acc.macro", "1/T sum_j R[T][j]", "mean accuracy over tasks after the last one", "Lopez-Paz & Ranzato 2017 (ACC)",
     1, acc_macro, NULL},
    {"acc.pooled", "right answers / rows over all test sets after task T",
     "accuracy on the union of all test sets after the last task", "", 1, acc_pooled, NULL},
    {"aia.icarl", "1/T sum_i pooled accuracy on classes seen after task i", "average incremental accuracy",
     "Rebuffi et al. 2017", 1, aia_icarl, NULL},
    {"bwt.gem", "1/(T-1) sum_{j<T} (R[T][j] - R[j][j])", "backward transfer", "Lopez-Paz & Ranzato 2017 (BWT)", 1,
     bwt_gem, NULL},
    {"fwt.gem", "1/(T-1) sum_{j>1} (R[j-1][j] - R[0][j])", "forward transfer; needs the untrained row",
     "Lopez-Paz & Ranzato 2017 (FWT)", 1, fwt_gem, NULL},
    {"forgetting.chaudhry", "1/(T-1) sum_{j<T} (max_{1<=l<T} R[l][j] - R[T][j])", "forgetting from the best before",
     "Chaudhry et al. 2018", 0, forgetting_chaudhry, NULL},
    {"forgetting.first_last", "1/(T-1) sum_{j<T} (R[j][j] - R[T][j])", "forgetting from just after learning",
     "Avalanche's form", 0, forgetting_first_last, NULL},
    {"a.diaz", "sum_{i>=j} R[i][j] / (T(T+1)/2)", "mean of the lower triangle", "Diaz-Rodriguez et al. 2018", 1, a_diaz,
     NULL},
    {"acc.anytime", "mean over evaluations e of 1/k sum_{j<=k} A[e][j], k the task in training",
     "average anytime accuracy: of the tasks so far, while they are trained", "Soutif-Cormerais et al. 2023 (AAA)", 1,
     NULL, acc_anytime},
    {"min.delange", "1/(T-1) sum_{j<T} min_{e behind task j} A[e][j]",
     "average minimum accuracy: of each task the worst since it was learned", "De Lange et al. 2023 (min-ACC)", 1, NULL,
     min_delange},
    {"wc.delange", "1/T A[last][T] + (1 - 1/T) min.delange", "worst-case accuracy after the last task",
     "De Lange et al. 2023 (WC-ACC)", 1, NULL, wc_delange},
};
const int64_t metric_count = sizeof metrics / sizeof metrics[0];

const metric *metric_find(const char *name)
{
    for (int64_t i = 0; i < metric_count; i++)
        if (!strcmp(metrics[i].name, name))
            return &metrics[i];
    return NULL;
}

double metric_value(const metric *which, const matrix *m, const curve *c)
{
    if (which->of)
        return which->of(m);
    return c ? which->of_curve(c) : (double)NAN;
}
