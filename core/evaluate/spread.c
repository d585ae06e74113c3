/* Mean and error over seeds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "evaluate/matrix.h"
#include "evaluate/student.h"

spread spread_of(const double *values, int64_t n)
{
    spread s = {n, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += values[i];
    if (n > 0)
        s.mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - s.mean) * (values[i] - s.mean);
    if (n > 1) {
        s.sd = sqrt(squares / (double)(n - 1));
        s.sem = s.sd / sqrt((double)n);
        s.ci95 = student_t(0.05, (double)(n - 1)) * s.sem;
    }
    return s;
}

spread spread_of_there(const double *values, int64_t n)
{
    double *there = alloc_zero((size_t)n + 1, sizeof *there);
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            there[count++] = values[i];
    spread s = spread_of(there, count);
    free(there);
    return s;
}

double spread_error(const spread *s, const char *kind)
{
    return !strcmp(kind, "sd") ? s->sd : !strcmp(kind, "ci95") ? s->ci95 : s->sem;
}
