/* See curve.h. Counts, as in the matrix. */
#include "evaluate/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

curve *curve_open(int64_t tasks)
{
    curve *c = alloc_zero(1, sizeof *c);
    c->tasks = tasks;
    return c;
}

void curve_close(curve *c)
{
    if (!c)
        return;
    free(c->at);
    free(c->right);
    free(c->rows);
    free(c);
}

/* There are few of them beside the steps: one more at a time. */
void curve_add(curve *c, curve_point point)
{
    const size_t count = (size_t)c->count + 1, tasks = (size_t)c->tasks;
    c->at = alloc_again(c->at, count, sizeof *c->at);
    c->right = alloc_again(c->right, count * tasks, sizeof *c->right);
    c->rows = alloc_again(c->rows, count * tasks, sizeof *c->rows);
    memset(c->right + (count - 1) * tasks, 0, tasks * sizeof *c->right);
    memset(c->rows + (count - 1) * tasks, 0, tasks * sizeof *c->rows);
    c->at[c->count++] = point;
}

void curve_set(curve *c, int64_t task, int64_t right, int64_t rows)
{
    const int64_t place = (c->count - 1) * c->tasks + task - 1;
    c->right[place] = right;
    c->rows[place] = rows;
}

double curve_at(const curve *c, int64_t i, int64_t task)
{
    const int64_t place = i * c->tasks + task - 1;
    return c->rows[place] > 0 ? (double)c->right[place] / (double)c->rows[place] : (double)NAN;
}
