/* See course.h. */
#include "report/course.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { PLACES_A_TASK = 48 }; /* more than this a line cannot show */

static struct course_place place_of(const double *values, size_t count, double at, const char *error_kind)
{
    spread s = spread_of_there(values, (int64_t)count);
    return (struct course_place){.at = at, .mean = s.mean, .error = spread_error(&s, error_kind), .n = s.n};
}

static void place_add(struct course *c, struct course_place place)
{
    c->places = alloc_again(c->places, c->count + 1, sizeof *c->places);
    c->places[c->count++] = place;
}

void course_close(struct course *c)
{
    free(c->places);
    *c = (struct course){0};
}

/* ---- from the matrices ---- */

struct course_place place_of_matrix(const struct finished_method *m, int64_t after, int64_t on, const char *error_kind)
{
    double *values = alloc_zero(m->cell_count + 1, sizeof *values);
    for (size_t i = 0; i < m->cell_count; i++) {
        const matrix *a = m->cells[i].accuracy;
        values[i] = a && after <= a->tasks && on <= a->tasks ? matrix_at(a, after, on) : (double)NAN;
    }
    struct course_place place = place_of(values, m->cell_count, (double)after, error_kind);
    free(values);
    return place;
}

struct course_place place_of_forgotten(const struct finished_method *m, int64_t on, const char *error_kind)
{
    double *values = alloc_zero(m->cell_count + 1, sizeof *values);
    for (size_t i = 0; i < m->cell_count; i++) {
        const matrix *a = m->cells[i].accuracy;
        values[i] = a && on < a->tasks ? matrix_forgotten(a, on) : (double)NAN;
    }
    struct course_place place = place_of(values, m->cell_count, (double)on, error_kind);
    free(values);
    return place;
}

struct course course_of_seen(const struct finished_method *m, int64_t tasks, const char *error_kind)
{
    struct course c = {0};
    double *values = alloc_zero(m->cell_count + 1, sizeof *values);
    for (int64_t after = 1; after <= tasks; after++) {
        for (size_t i = 0; i < m->cell_count; i++) {
            const matrix *a = m->cells[i].accuracy;
            values[i] = a && after <= a->tasks ? matrix_seen(a, after) : (double)NAN;
        }
        place_add(&c, place_of(values, m->cell_count, (double)after, error_kind));
    }
    free(values);
    return c;
}

/* ---- within a task, from the logs ---- */

/* The points of a cell that are of task `on` and were measured in task `task`. */
static const struct accuracy_point *points_of(const struct finished_cell *c, int64_t on, int64_t task, size_t *count)
{
    size_t low = 0, high = c->point_count, end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct accuracy_point *p = &c->points[middle];
        if (p->on < on || (p->on == on && p->task < task))
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < c->point_count && c->points[end].on == on && c->points[end].task == task; end++)
        ;
    *count = end - low;
    return c->points ? c->points + low : NULL;
}

/* At how many places all seeds measured within the task; 0: not as many in one as in another, or nowhere. */
static size_t places_within(const struct finished_method *m, int64_t on, int64_t task)
{
    size_t same = 0;
    for (size_t i = 0; i < m->cell_count; i++) {
        size_t count = 0;
        points_of(&m->cells[i], on, task, &count);
        if (count == 0 || (i > 0 && count != same))
            return 0;
        same = count;
    }
    return same;
}

/* Where in its task the k-th of `count` points of the first seed lies: by steps, from the end of the task before. */
static double share_of(const struct finished_method *m, int64_t on, int64_t task, size_t k, size_t count)
{
    size_t before = 0, here = 0;
    const struct accuracy_point *last = points_of(&m->cells[0], on, task - 1, &before);
    const struct accuracy_point *now = points_of(&m->cells[0], on, task, &here);
    int64_t from = before > 0 ? last[before - 1].step : 0, length = now[count - 1].step - from;
    return length > 0 ? (double)(now[k].step - from) / (double)length : (double)(k + 1) / (double)count;
}

/* The points behind the beginning of a task and before its end, whose own row of the matrix follows. */
static void within_add(const struct finished_method *m, int64_t on, int64_t task, const char *error_kind,
                       struct course *c)
{
    size_t count = m->cell_count > 0 ? places_within(m, on, task) : 0, stride = 1 + count / PLACES_A_TASK;
    double *values = alloc_zero(m->cell_count + 1, sizeof *values);
    for (size_t k = 0; k + 1 < count; k += stride) {
        for (size_t i = 0; i < m->cell_count; i++) {
            size_t unused = 0;
            values[i] = points_of(&m->cells[i], on, task, &unused)[k].value;
        }
        double share = share_of(m, on, task, k, count);
        if (share > 0 && share < 1)
            place_add(c, place_of(values, m->cell_count, (double)(task - 1) + share, error_kind));
    }
    free(values);
}

struct course course_of_task(const struct finished_method *m, int64_t on, const char *error_kind)
{
    struct course c = {0};
    int64_t tasks = 0;
    for (size_t i = 0; i < m->cell_count; i++)
        if (m->cells[i].accuracy && m->cells[i].accuracy->tasks > tasks)
            tasks = m->cells[i].accuracy->tasks;
    for (int64_t task = on - 1; task <= tasks; task++) {
        if (task >= on)
            within_add(m, on, task, error_kind, &c);
        place_add(&c, place_of_matrix(m, task, on, error_kind));
    }
    return c;
}
