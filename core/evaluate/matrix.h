/* The accuracy matrix and the metrics as pure functions of it.
 *
 * R[i][j]: share of right answers on task j's test rows after training i tasks; row 0: before training. (T+1) x T. A cell
 * that was not measured is absent (count 0), and a metric that needs an absent cell is absent (NaN). */
#ifndef PERDURE_EVALUATE_MATRIX_H
#define PERDURE_EVALUATE_MATRIX_H
#include <stdbool.h>
#include <stdint.h>

#include "evaluate/curve.h"

typedef struct matrix {
    int64_t tasks;
    int64_t *right; /* [tasks + 1, tasks] */
    int64_t *count; /* [tasks + 1, tasks]; 0: not measured */
} matrix;

matrix *matrix_open(int64_t tasks);
void matrix_close(matrix *m);
void matrix_set(matrix *m, int64_t after, int64_t task, int64_t right, int64_t count);
bool matrix_has(const matrix *m, int64_t after, int64_t task);
double matrix_at(const matrix *m, int64_t after, int64_t task); /* NaN: not measured */
/* That of the first `tasks` tasks alone, as it stood after them: metrics of it are metrics on the way. Owned. */
matrix *matrix_first(const matrix *m, int64_t tasks);
/* What curves and bars show beside the metrics, by the metrics' own definitions: mean accuracy over the tasks 1..after, after as
 * many (`after` from 1), and what is lost of one task: max_{1<=l<T} R[l][task] - R[T][task], of which forgetting.chaudhry is
 * the mean (`task` below T). NaN where a cell that they need was not measured. */
double matrix_seen(const matrix *m, int64_t after);
double matrix_forgotten(const matrix *m, int64_t task);

typedef struct metric {
    const char *name;    /* eg. "bwt.gem" */
    const char *formula; /* as design.md prints it */
    const char *summary, *source;
    int higher_is_better;
    double (*of)(const matrix *m);      /* one of the two is there */
    double (*of_curve)(const curve *c); /* needs evaluations within tasks */
} metric;
extern const metric metrics[];
extern const int64_t metric_count;
const metric *metric_find(const char *name);
double metric_value(const metric *which, const matrix *m,
                    const curve *c); /* NaN: absent, or c is NULL and it needs one */

typedef struct spread {
    int64_t n;
    double mean, sd, sem, ci95; /* NaN where n is too small (sd, sem, ci95: n < 2) */
} spread;
spread spread_of(const double *values, int64_t n); /* sample SD; ci95: half width, Student's t */
/* The same of those values that are there: NaN is left out, and not counted. */
spread spread_of_there(const double *values, int64_t n);
double spread_error(const spread *s, const char *kind); /* "sem", "sd", "ci95"; NaN where it has none */

#endif
