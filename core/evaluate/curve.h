/* Accuracies measured while tasks are trained: at every point on the tasks that had come by then. What happens between two
 * rows of the matrix, and the matrix does not show. */
#ifndef PERDURE_EVALUATE_CURVE_H
#define PERDURE_EVALUATE_CURVE_H
#include <stdbool.h>
#include <stdint.h>

typedef struct curve_point {
    int64_t step; /* of the cell, behind which it was measured */
    int64_t task; /* the one in training, from 1: tasks 1 .. task had come */
    bool ended;   /* that task is over with this step */
} curve_point;

typedef struct curve {
    int64_t tasks, count;
    curve_point *at;       /* [count], in the order of the steps */
    int64_t *right, *rows; /* [count, tasks]; rows 0: not measured */
} curve;

curve *curve_open(int64_t tasks);
void curve_close(curve *c);                  /* NULL is fine */
void curve_add(curve *c, curve_point point); /* with nothing measured yet */
/* Of the point that was added last; tasks from 1. */
void curve_set(curve *c, int64_t task, int64_t right, int64_t rows);
double curve_at(const curve *c, int64_t i, int64_t task); /* at point i from 0; NaN: not measured */

#endif
