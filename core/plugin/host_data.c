/* Rows of the current task for strategies, and the memories that its batches are to be drawn from as well. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

const host_task *host_task_current(pdr_scope *s, const pdr_task *t, const char *function)
{
    const host_task *task = (const host_task *)t;
    if (task && task->session->task == task && task->task.row_count >= 0)
        return task;
    if (task && task->session->task == task) {
        scope_fail(s, PDR_EUNSUPPORTED, "%s: found a stream without task boundaries; its rows come by batches alone",
                   function);
        return NULL;
    }
    scope_fail(s, PDR_EINVALID, "%s: this is not the current task; an earlier task's rows are gone", function);
    return NULL;
}

/* Checked positions within the task, or NULL and the scope's error. */
static const int64_t *positions_of(pdr_scope *s, const host_task *task, const pdr_tensor *index, int64_t count)
{
    int64_t rows = task->task.row_count + task->task.held_out;
    if (host_engine()->tensor->rank(index) != 1) {
        scope_fail(s, PDR_EINVALID, "rows: found an index of another rank; expected a list of positions");
        return NULL;
    }
    const int64_t *at = host_bytes(s, index, PDR_I64);
    for (int64_t i = 0; at && i < count; i++)
        if (at[i] < 0 || at[i] >= rows) {
            scope_fail(s, PDR_EINVALID, "rows: found position %lld; expected 0 to %lld, the task's rows",
                       (long long)at[i], (long long)rows - 1);
            return NULL;
        }
    return at;
}

pdr_tensor *host_blank_rows(const host_session *session, pdr_scope *s, pdr_dtype d, int64_t n, void **at)
{
    const dataset *data = session->data;
    int64_t shape[5] = {n};
    memcpy(shape + 1, data->shape, (size_t)data->rank * sizeof *shape);
    return session->engine->blank(s, d, shape, (int32_t)data->rank + 1, at);
}

static pdr_tensor *rows_x(pdr_scope *s, const host_task *task, const int64_t *at, int64_t count)
{
    const struct engine *e = host_engine();
    const dataset *data = task->session->data;
    void *x = NULL;
    pdr_tensor *out = host_blank_rows(task->session, s, PDR_F32, count, &x);
    int64_t *rows = calloc((size_t)(count ? count : 1), sizeof *rows);
    if (!out || !rows) {
        free(rows);
        scope_fail(s, PDR_ENOMEM, "rows: out of memory");
        return NULL;
    }
    for (int64_t i = 0; i < count; i++)
        rows[i] = task->rows[at ? at[i] : i];
    stream_gather(task->session->stream, data, &data->train, rows, count, x);
    free(rows);
    return e->to_device(s, out);
}

static pdr_tensor *rows_y(pdr_scope *s, const host_task *task, const int64_t *at, int64_t count)
{
    const struct engine *e = host_engine();
    void *bytes = NULL;
    pdr_tensor *out = e->blank(s, PDR_I64, &count, 1, &bytes);
    int64_t *y = bytes;
    for (int64_t i = 0; y && i < count; i++)
        y[i] = task->labels[at ? at[i] : i];
    return e->to_device(s, out);
}

pdr_status host_task_rows(pdr_scope *s, const host_task *task, const int64_t *at, int64_t count, pdr_tensor **x,
                          pdr_tensor **y)
{
    if (x)
        *x = rows_x(s, task, at, count);
    if (y)
        *y = rows_y(s, task, at, count);
    return host_engine()->tensor->status(s);
}

static pdr_status task_rows(pdr_scope *s, const pdr_task *t, const pdr_tensor *index, pdr_tensor **x, pdr_tensor **y)
{
    const struct engine *e = host_engine();
    if (x)
        *x = NULL;
    if (y)
        *y = NULL;
    const host_task *task = host_task_current(s, t, "rows");
    if (!task)
        return host_engine()->tensor->status(s);
    int64_t count = index ? e->tensor->size(index, 0) : task->task.row_count;
    const int64_t *at = index ? positions_of(s, task, index, count) : NULL;
    return index && !at ? e->tensor->status(s) : host_task_rows(s, task, at, count, x, y);
}

static bool rows_are(const dataset *data, const pdr_tensor *x)
{
    const pdr_tensor_api *t = host_engine()->tensor;
    bool good = t->dtype(x) == PDR_F32 && t->rank(x) == (int32_t)data->rank + 1;
    for (int32_t i = 0; good && i < (int32_t)data->rank; i++)
        good = t->size(x, i + 1) == data->shape[i];
    return good;
}

/* A copy, so that what a memory gave stays as it is; in its place in the batch that is being put together, if there is one. */
pdr_tensor *host_augment(host_session *session, pdr_scope *s, random_stream *r, const pdr_tensor *x)
{
    const struct engine *e = session->engine;
    const dataset *data = session->data;
    if (!data->augment_count || !x)
        return e->adopt(s, x);
    if (!rows_are(data, x)) {
        scope_fail(s, PDR_EINVALID, "augment: found other rows than the batch has; expected x [n, ...] of float32");
        return NULL;
    }
    int64_t n = e->tensor->size(x, 0);
    const float *from = host_bytes(s, x, PDR_F32);
    void *to = NULL;
    pdr_tensor *out = from ? host_room_take(session, s, n, &to) : NULL;
    if (!out && from)
        out = host_blank_rows(session, s, PDR_F32, n, &to);
    if (!out)
        return NULL;
    if (n)
        memcpy(to, from, (size_t)(n * data->train.width) * sizeof *from);
    dataset_augment(data, r, n, to);
    return e->to_device(s, out);
}

static pdr_tensor *data_augment(pdr_scope *s, const pdr_tensor *x)
{
    strategy *who = host_running();
    if (!who) {
        scope_fail(s, PDR_EINVALID, "augment: found no hook that is running; expected to be called in one");
        return NULL;
    }
    return host_augment(who->session, s, host_stream(who, "augmentation of the host"), x);
}

static pdr_status data_mingle(const pdr_task *t, pdr_memory *m)
{
    strategy *s = host_running();
    host_task *task = (host_task *)(uintptr_t)t;
    host_acts(s, "mingle");
    if (!task || !m)
        return host_fail(s, PDR_EINVALID, "mingle: found NULL; expected a task and a memory");
    if (strcmp(task->session->moment, "before_task"))
        return host_fail(s, PDR_EINVALID, "mingle: may be called in before_task only");
    for (int64_t i = 0; i < task->mingled_count; i++)
        if (task->mingled[i] == m)
            return PDR_OK;
    if (task->mingled_count == HOST_MINGLED)
        return host_fail(s, PDR_EINVALID, "mingle: more than %d memories in a task", HOST_MINGLED);
    task->mingled = alloc_again(task->mingled, (size_t)task->mingled_count + 1, sizeof(pdr_memory *));
    task->mingled[task->mingled_count++] = m;
    return PDR_OK;
}

const pdr_data_api host_data_api = {
    .struct_size = sizeof(pdr_data_api),
    .rows = task_rows,
    .augment = data_augment,
    .mingle = data_mingle,
};
