/* The stream: how a set becomes tasks, and which column stands for which class.
 *
 * Columns are numbered as classes arrive, so what was learned keeps its place. In domain-il, and in task-il with a single
 * head, all tasks share the first columns: a class's column is its place within its task. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* ---- classes of the tasks ---- */

static void task_classes(stream_task *t, const int64_t *classes, int64_t count)
{
    t->class_count = count;
    t->classes = alloc_zero((size_t)count, sizeof *t->classes);
    t->columns = alloc_zero((size_t)count, sizeof *t->columns);
    memcpy(t->classes, classes, (size_t)count * sizeof *classes);
}

static int split_even(const struct scenario *s, const dataset *d, uint64_t seed, stream *out, error *e)
{
    int64_t tasks = s->stream.split.tasks, each = d->class_count / tasks;
    if (d->class_count % tasks)
        return scenario_fault(s, "stream.split.tasks", e,
                              "found %lld tasks; expected a number that divides the %lld classes of %s",
                              (long long)tasks, (long long)d->class_count, d->name);
    int64_t *order = alloc_zero((size_t)d->class_count, sizeof *order);
    for (int64_t i = 0; i < d->class_count; i++)
        order[i] = i;
    if (s->stream.split.order == ORDER_SHUFFLED) {
        random_stream random = random_open(seed, "stream", "order", 0);
        random_permutation(&random, order, d->class_count);
    }
    for (int64_t i = 0; i < tasks; i++)
        task_classes(&out->tasks[i], order + i * each, each);
    free(order);
    return 0;
}

static int split_listed(const struct scenario *s, const dataset *d, stream *out, error *e)
{
    const struct int_list *groups = s->stream.split.groups;
    int64_t listed = 0;
    for (int64_t i = 0; i < s->stream.split.tasks; i++) {
        for (int64_t j = 0; j < groups[i].count; j++)
            if (groups[i].at[j] < 0 || groups[i].at[j] >= d->class_count)
                return scenario_fault(
                    s, "stream.split.order", e, "found class %lld in task %lld; expected 0 to %lld, the classes of %s",
                    (long long)groups[i].at[j], (long long)i + 1, (long long)d->class_count - 1, d->name);
        task_classes(&out->tasks[i], groups[i].at, groups[i].count);
        listed += groups[i].count;
    }
    if (listed != d->class_count)
        return scenario_fault(s, "stream.split.order", e,
                              "found %lld classes in the tasks; expected each of the %lld classes of %s once",
                              (long long)listed, (long long)d->class_count, d->name);
    return 0;
}

/* ---- columns ---- */

static bool columns_shared(const struct scenario *s)
{
    return s->stream.scenario == DOMAIN_IL || (s->stream.scenario == TASK_IL && s->stream.head == HEAD_SINGLE);
}

static void columns_number(const struct scenario *s, stream *out)
{
    int64_t arrived = 0, shared = 0;
    bool first_columns = columns_shared(s);
    for (int64_t i = 0; i < out->count; i++) {
        stream_task *t = &out->tasks[i];
        t->index = i;
        t->seen_before = first_columns ? shared : arrived;
        for (int64_t j = 0; j < t->class_count; j++) {
            t->columns[j] = first_columns ? j : arrived + j;
            out->column_of[i * out->set_classes + t->classes[j]] = (int32_t)t->columns[j];
        }
        arrived += t->class_count;
        shared = t->class_count > shared ? t->class_count : shared;
        t->seen = first_columns ? shared : arrived;
    }
    out->columns = out->tasks[out->count - 1].seen;
}

/* ---- rows ---- */

static int64_t *rows_of(const data_rows *r, const int32_t *column_of, int64_t *count)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->count; i++)
        n += column_of[r->label[i]] >= 0;
    int64_t *out = alloc_zero((size_t)n + 1, sizeof *out);
    *count = n;
    n = 0;
    for (int64_t i = 0; i < r->count; i++)
        if (column_of[r->label[i]] >= 0)
            out[n++] = i;
    return out;
}

static int rows_deal(const dataset *d, stream *out, error *e)
{
    for (int64_t i = 0; i < out->count; i++) {
        stream_task *t = &out->tasks[i];
        const int32_t *column_of = out->column_of + i * out->set_classes;
        t->train = rows_of(&d->train, column_of, &t->train_count);
        t->test = rows_of(&d->test, column_of, &t->test_count);
        if (!t->train_count || !t->test_count)
            return error_set(e, EXIT_DATA,
                             "%s: found %lld training and %lld test rows for task %lld; expected some of both", d->name,
                             (long long)t->train_count, (long long)t->test_count, (long long)i + 1);
    }
    return 0;
}

int stream_open(const struct scenario *s, const dataset *d, uint64_t seed, stream **out, error *e)
{
    stream *made = alloc_zero(1, sizeof *made);
    made->count = s->stream.split.tasks;
    made->set_classes = d->class_count;
    made->tasks = alloc_zero((size_t)made->count, sizeof *made->tasks);
    size_t cells = (size_t)(made->count * d->class_count);
    made->column_of = alloc_zero(cells, sizeof *made->column_of);
    memset(made->column_of, 0xff, cells * sizeof *made->column_of);
    int code = s->stream.split.order == ORDER_LISTED ? split_listed(s, d, made, e) : split_even(s, d, seed, made, e);
    if (!code) {
        columns_number(s, made);
        code = rows_deal(d, made, e);
    }
    if (code) {
        stream_close(made);
        made = NULL;
    }
    *out = made;
    return code;
}

void stream_close(stream *s)
{
    if (!s)
        return;
    for (int64_t i = 0; i < s->count; i++) {
        stream_task *t = &s->tasks[i];
        free(t->train);
        free(t->test);
        free(t->classes);
        free(t->columns);
    }
    free(s->tasks);
    free(s->column_of);
    free(s);
}
