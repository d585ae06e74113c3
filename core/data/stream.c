/* The stream: how a set becomes tasks, and which column stands for which class.
 *
 * Columns are numbered as classes arrive, so what was learned keeps its place. In domain-il, and in task-il with a single
 * head, all tasks share the first columns: a class's column is its place within its task. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "data/source.h"

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
    int code = split_open(s, d, seed, made, e);
    if (!code) {
        columns_number(s, made);
        code = rows_deal(s, d, seed, made, e);
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
        free(t->held);
        free(t->test);
        free(t->classes);
        free(t->columns);
        if (s->views)
            transform_close(s->views[i]);
    }
    free(s->views);
    free(s->tasks);
    free(s->column_of);
    free(s);
}
