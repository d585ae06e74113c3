/* Which rows a task has: those of its classes, some of the training rows held out for validation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* `first`: the place of the part's first row. */
static int64_t *rows_of(const data_rows *r, const int32_t *column_of, int64_t first, int64_t *count)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->count; i++)
        n += column_of[r->label[i]] >= 0;
    int64_t *out = alloc_zero((size_t)n + 1, sizeof *out);
    *count = n;
    n = 0;
    for (int64_t i = 0; i < r->count; i++)
        if (column_of[r->label[i]] >= 0)
            out[n++] = first + i;
    return out;
}

/* ---- validation ---- */

/* Of a class the share of its rows, rounded; which ones is drawn. `held`: a mark for every training row of the task. */
static int class_hold(const struct scenario *s, const dataset *d, const stream_task *t, int64_t class,
                      random_stream *random, bool *held, error *e)
{
    int64_t n = 0, *at = alloc_zero((size_t)t->train_count + 1, sizeof *at);
    for (int64_t i = 0; i < t->train_count; i++)
        if (d->train.label[place_row(&d->train, t->train[i])] == class)
            at[n++] = i;
    int64_t count = llround(s->data.validation * (double)n), *order = alloc_zero((size_t)n + 1, sizeof *order);
    random_permutation(random, order, n);
    for (int64_t i = 0; i < count; i++)
        held[at[order[i]]] = true;
    free(order);
    free(at);
    if (count < n)
        return 0;
    return scenario_fault(s, "data.validation", e,
                          "found %g, which leaves no training row of class %lld in task %lld, of %lld; expected less",
                          s->data.validation, (long long)class, (long long)t->index + 1, (long long)n);
}

/* Both parts stay in order. The held-out rows keep their places: a task shows them as it shows the others. */
static void rows_part(stream_task *t, const bool *held)
{
    int64_t all = t->train_count;
    t->train_count = t->held_count = 0;
    t->held = alloc_zero((size_t)all + 1, sizeof *t->held);
    for (int64_t i = 0; i < all; i++)
        if (held[i])
            t->held[t->held_count++] = t->train[i];
        else
            t->train[t->train_count++] = t->train[i];
}

/* Where tasks differ by what they do to the same rows, they hold out the same ones: a row that is held out of one must
 * not be trained on in the next, a few degrees on. */
static int rows_hold(const struct scenario *s, const dataset *d, uint64_t seed, bool same, stream_task *t, error *e)
{
    random_stream random = random_open(seed, "stream", "validation", same ? 0 : t->index);
    bool *held = alloc_zero((size_t)t->train_count + 1, sizeof *held);
    int code = 0;
    for (int64_t i = 0; !code && i < t->class_count; i++)
        code = class_hold(s, d, t, t->classes[i], &random, held, e);
    rows_part(t, held);
    free(held);
    if (!code && !t->held_count)
        code =
            scenario_fault(s, "data.validation", e,
                           "found %g, which holds out none of the %lld training rows of task %lld; expected more, or 0",
                           s->data.validation, (long long)t->train_count, (long long)t->index + 1);
    return code;
}

/* ---- the whole ---- */

int rows_deal(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    int code = 0;
    for (int64_t i = 0; !code && i < out->count; i++) {
        stream_task *t = &out->tasks[i];
        const int32_t *column_of = out->column_of + i * out->set_classes;
        bool same = out->views != NULL;
        t->train = rows_of(&d->train, column_of, same ? i * d->train.count : 0, &t->train_count);
        t->test = rows_of(&d->test, column_of, same ? i * d->test.count : 0, &t->test_count);
        if (!t->train_count || !t->test_count)
            return error_set(e, EXIT_DATA,
                             "%s: found %lld training and %lld test rows for task %lld; expected some of both", d->name,
                             (long long)t->train_count, (long long)t->test_count, (long long)i + 1);
        if (s->data.validation > 0)
            code = rows_hold(s, d, seed, same, t, e);
    }
    return code;
}
