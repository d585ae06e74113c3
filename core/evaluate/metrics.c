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

static double acc_macro(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 1; j <= m->tasks; j++)
        sum += matrix_at(m, m->tasks, j);
    return sum / (double)m->tasks;
}

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

static double forgetting_chaudhry(const matrix *m)
{
    double sum = 0;
    for (int64_t j = 1; j < m->tasks; j++)
        sum += best_before(m, j) - matrix_at(m, m->tasks, j);
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

const metric metrics[] = {
    {"acc.macro", "1/T sum_j R[T][j]", "mean accuracy over tasks after the last one", "Lopez-Paz & Ranzato 2017 (ACC)",
     1, acc_macro},
    {"acc.pooled", "right answers / rows over all test sets after task T",
     "accuracy on the union of all test sets after the last task", "", 1, acc_pooled},
    {"aia.icarl", "1/T sum_i pooled accuracy on classes seen after task i", "average incremental accuracy",
     "Rebuffi et al. 2017", 1, aia_icarl},
    {"bwt.gem", "1/(T-1) sum_{j<T} (R[T][j] - R[j][j])", "backward transfer", "Lopez-Paz & Ranzato 2017 (BWT)", 1,
     bwt_gem},
    {"fwt.gem", "1/(T-1) sum_{j>1} (R[j-1][j] - R[0][j])", "forward transfer; needs the untrained row",
     "Lopez-Paz & Ranzato 2017 (FWT)", 1, fwt_gem},
    {"forgetting.chaudhry", "1/(T-1) sum_{j<T} (max_{1<=l<T} R[l][j] - R[T][j])", "forgetting from the best before",
     "Chaudhry et al. 2018", 0, forgetting_chaudhry},
    {"forgetting.first_last", "1/(T-1) sum_{j<T} (R[j][j] - R[T][j])", "forgetting from just after learning",
     "Avalanche's form", 0, forgetting_first_last},
    {"a.diaz", "sum_{i>=j} R[i][j] / (T(T+1)/2)", "mean of the lower triangle", "Diaz-Rodriguez et al. 2018", 1,
     a_diaz},
};
const int64_t metric_count = sizeof metrics / sizeof metrics[0];

const metric *metric_find(const char *name)
{
    for (int64_t i = 0; i < metric_count; i++)
        if (!strcmp(metrics[i].name, name))
            return &metrics[i];
    return NULL;
}
