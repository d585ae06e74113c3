/* Accuracies while a task is trained (evaluation.anytime): every so many steps, and behind the last step of every task. What
 * is measured goes into the curve of the result and into log.jsonl; training is what it is without, to the bit.
 *
 * Behind the last step of a task stands its row of the matrix: where that step is due as well, the row has been it. Where
 * some rows of a task stand for all of them, the curve has the same ones at every point, and beside a row of the matrix they
 * are measured once more: else it would leap where a task ends. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/checkpoint.h"
#include "train/cell.h"

enum { POINT_NUMBERS = 3 };

static int row_compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Drawn, not the first ones: test rows may lie class by class. The same for all methods of a seed. */
static int64_t *rows_draw(const cell *c, const stream_task *t, int64_t most)
{
    random_stream random = random_open((uint64_t)c->seed, "evaluation", "anytime", t->index);
    int64_t *order = alloc_zero((size_t)t->test_count + 1, sizeof *order);
    random_permutation(&random, order, t->test_count);
    for (int64_t i = 0; i < t->test_count; i++)
        order[i] = t->test[order[i]];
    qsort(order, (size_t)(most < t->test_count ? most : t->test_count), sizeof *order, row_compare);
    return order;
}

void anytime_open(cell *c)
{
    if (!c->scenario->evaluation.anytime.batches || c->method->trial) /* a trial never sees a test row */
        return;
    c->result->anytime = curve_open(c->stream->count);
    if (!c->scenario->evaluation.anytime.rows)
        return;
    c->some = alloc_zero((size_t)c->stream->count, sizeof *c->some);
    for (int64_t i = 0; i < c->stream->count; i++)
        c->some[i] = rows_draw(c, &c->stream->tasks[i], c->scenario->evaluation.anytime.rows);
}

void anytime_close(cell *c)
{
    for (int64_t i = 0; c->some && i < c->stream->count; i++)
        free(c->some[i]);
    free(c->some);
}

const int64_t *anytime_rows(const cell *c, const stream_task *t, int64_t *count)
{
    const int64_t most = c->scenario->evaluation.anytime.rows;
    *count = c->some && most < t->test_count ? most : t->test_count;
    return c->some ? c->some[t->index] : t->test;
}

bool anytime_due(const cell *c)
{
    const int64_t batches = c->result->anytime ? c->scenario->evaluation.anytime.batches : 0;
    return batches && c->steps % batches == 0;
}

int anytime_within(cell *c, int64_t task, error *e)
{
    curve_add(c->result->anytime, (curve_point){c->steps, task, false});
    return evaluate_point(c, task, false, e);
}

/* Whether the matrix has what the point would have. */
static bool row_take(cell *c, int64_t task)
{
    const matrix *m = c->result->accuracy;
    for (int64_t j = 1; j <= task; j++) {
        int64_t rows;
        anytime_rows(c, &c->stream->tasks[j - 1], &rows);
        if (m->count[task * m->tasks + j - 1] != rows)
            return false;
    }
    for (int64_t j = 1; j <= task; j++) {
        const int64_t place = task * m->tasks + j - 1;
        curve_set(c->result->anytime, j, m->right[place], m->count[place]);
    }
    return true;
}

int anytime_end(cell *c, int64_t task, error *e)
{
    if (!c->result->anytime)
        return 0;
    curve_add(c->result->anytime, (curve_point){c->steps, task, true});
    return row_take(c, task) ? 0 : evaluate_point(c, task, matrix_has(c->result->accuracy, task, task), e);
}

/* ---- in a checkpoint ---- */

void anytime_save(const cell *c, arrays *rest)
{
    const curve *v = c->result->anytime;
    if (!v)
        return;
    int64_t *points = alloc_zero((size_t)(v->count * POINT_NUMBERS) + 1, sizeof *points);
    for (int64_t i = 0; i < v->count; i++) {
        points[POINT_NUMBERS * i] = v->at[i].step;
        points[POINT_NUMBERS * i + 1] = v->at[i].task;
        points[POINT_NUMBERS * i + 2] = v->at[i].ended;
    }
    arrays_take(rest, "anytime/points", ARRAY_I64, (const int64_t[]){v->count, POINT_NUMBERS}, 2, points);
    arrays_copy(rest, "anytime/right", ARRAY_I64, v->count * v->tasks, v->right);
    arrays_copy(rest, "anytime/rows", ARRAY_I64, v->count * v->tasks, v->rows);
}

static int curve_refuse(const cell *c, error *e)
{
    return error_set(e, EXIT_DATA, "%s: anytime: found another curve; expected one of %lld tasks", c->from->name,
                     (long long)c->stream->count);
}

static bool place_good(const curve *v, const int64_t *point, const int64_t *right, const int64_t *rows)
{
    bool good = point[1] >= 1 && point[1] <= v->tasks && point[0] >= 0;
    for (int64_t j = 0; good && j < v->tasks; j++)
        good = right[j] >= 0 && right[j] <= rows[j];
    return good;
}

int anytime_lay(cell *c, error *e)
{
    curve *v = c->result->anytime;
    const void *right = NULL, *rows = NULL;
    int64_t count[2] = {0};
    if (!v)
        return 0;
    const arrays *rest = &c->from->rest;
    const array *points = arrays_find(rest, "anytime/points");
    if (!points || points->type != ARRAY_I64 || points->rank != 2 || points->shape[1] != POINT_NUMBERS)
        return curve_refuse(c, e);
    int code = arrays_list(rest, "anytime/right", ARRAY_I64, &right, &count[0], c->from->name, e);
    if (code || (code = arrays_list(rest, "anytime/rows", ARRAY_I64, &rows, &count[1], c->from->name, e)))
        return code;
    if (count[0] != count[1] || count[0] % v->tasks || count[0] / v->tasks != points->shape[0])
        return curve_refuse(c, e);
    for (int64_t i = 0; i < points->shape[0]; i++) {
        const int64_t *at = (const int64_t *)points->bytes + i * POINT_NUMBERS;
        const int64_t *r = (const int64_t *)right + i * v->tasks, *n = (const int64_t *)rows + i * v->tasks;
        if (!place_good(v, at, r, n))
            return curve_refuse(c, e);
        curve_add(v, (curve_point){at[0], at[1], at[2] != 0});
        for (int64_t j = 0; j < v->tasks; j++)
            curve_set(v, j + 1, r[j], n[j]);
    }
    return 0;
}
