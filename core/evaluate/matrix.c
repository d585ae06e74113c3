/* The matrix itself: counts, so that pooled accuracies weigh every test row alike. */
#include "evaluate/matrix.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

matrix *matrix_open(int64_t tasks)
{
    matrix *m = alloc_zero(1, sizeof *m);
    size_t cells = (size_t)((tasks + 1) * tasks);
    m->tasks = tasks;
    m->right = alloc_zero(cells + 1, sizeof *m->right);
    m->count = alloc_zero(cells + 1, sizeof *m->count);
    return m;
}

void matrix_close(matrix *m)
{
    if (!m)
        return;
    free(m->right);
    free(m->count);
    free(m);
}

static int64_t cell_at(const matrix *m, int64_t after, int64_t task) { return after * m->tasks + task - 1; }

void matrix_set(matrix *m, int64_t after, int64_t task, int64_t right, int64_t count)
{
    m->right[cell_at(m, after, task)] = right;
    m->count[cell_at(m, after, task)] = count;
}

bool matrix_has(const matrix *m, int64_t after, int64_t task) { return m->count[cell_at(m, after, task)] > 0; }

double matrix_at(const matrix *m, int64_t after, int64_t task)
{
    int64_t at = cell_at(m, after, task);
    return m->count[at] > 0 ? (double)m->right[at] / (double)m->count[at] : (double)NAN;
}

matrix *matrix_first(const matrix *m, int64_t tasks)
{
    matrix *first = matrix_open(tasks);
    for (int64_t after = 0; after <= tasks; after++)
        for (int64_t task = 1; task <= tasks; task++) {
            int64_t at = cell_at(m, after, task);
            matrix_set(first, after, task, m->right[at], m->count[at]);
        }
    return first;
}
