/* The stream: how a set becomes tasks, and which column stands for which class.
 *
 * Columns are numbered as classes arrive, so what was learned keeps its place. In domain-il, and in task-il with a single
 * head, all tasks share the first columns: a class's column is its place within its task. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

/* ---- columns ---- */

/* Where nobody is told of tasks, a label is a label: tasks that have the same classes share their columns. */
static bool columns_shared(const struct scenario *s)
{
    const struct stream_options *o = &s->stream;
    return o->scenario == DOMAIN_IL || (o->scenario == TASK_IL && o->head == HEAD_SINGLE) ||
           (o->scenario == TASK_FREE && o->split.by != SPLIT_CLASS);
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
            out->home_of[t->classes[j]] = (int32_t)i;
        }
        t->present_count = t->class_count;
        t->present = alloc_zero((size_t)t->class_count, sizeof *t->present);
        memcpy(t->present, t->columns, (size_t)t->class_count * sizeof *t->present);
        arrived += t->class_count;
        shared = t->class_count > shared ? t->class_count : shared;
        t->seen = first_columns ? shared : arrived;
    }
    out->columns = out->tasks[out->count - 1].seen;
}

int32_t stream_column(const stream *s, const data_rows *r, int64_t place)
{
    const int32_t class = r->label[place_row(r, place)];
    const int64_t home = s->views ? place / r->count : s->home_of[class];
    return s->column_of[home * s->set_classes + class];
}

/* ---- the whole ---- */

int stream_open(const struct scenario *s, const dataset *d, uint64_t seed, stream **out, error *e)
{
    stream *made = alloc_zero(1, sizeof *made);
    made->count = s->stream.split.tasks;
    made->set_classes = d->class_count;
    made->tasks = alloc_zero((size_t)made->count, sizeof *made->tasks);
    size_t cells = (size_t)(made->count * d->class_count);
    made->column_of = alloc_zero(cells, sizeof *made->column_of);
    memset(made->column_of, 0xff, cells * sizeof *made->column_of);
    made->home_of = alloc_zero((size_t)d->class_count, sizeof *made->home_of);
    int code = split_open(s, d, seed, made, e);
    if (!code) {
        columns_number(s, made);
        code = rows_deal(s, d, seed, made, e);
    }
    if (!code && s->stream.boundaries == BOUNDARIES_BLURRY)
        stream_blur(s, d, seed, columns_shared(s), made);
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
        free(t->held);
        free(t->test);
        free(t->classes);
        free(t->columns);
        free(t->present);
        if (s->views)
            transform_close(s->views[i]);
    }
    free(s->views);
    free(s->tasks);
    free(s->column_of);
    free(s->home_of);
    free(s);
}
