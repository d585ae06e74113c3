/* fisher(): which rows of the current task, in which portions; the engine does the rest. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plugin/host.h"

enum { FISHER_ROWS = 2048 }; /* gathered at once, but for `batched`, whose portion is the training batch */

static const struct fisher_name {
    const char *name;
    engine_fisher_mode mode;
    bool limited; /* needs a limit */
} NAMES[] = {{"exact", ENGINE_FISHER_EXACT, false},     {"exact-n", ENGINE_FISHER_EXACT, true},
             {"sample", ENGINE_FISHER_SAMPLE, false},   {"empirical", ENGINE_FISHER_EMPIRICAL, false},
             {"batched", ENGINE_FISHER_BATCHED, false}, {"mas", ENGINE_FISHER_MAS, false}};

static const struct fisher_name *name_find(pdr_scope *s, const char *mode, int64_t limit)
{
    const struct fisher_name *found = NULL;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (mode && !strcmp(NAMES[i].name, mode))
            found = &NAMES[i];
    if (!found)
        scope_fail(s, PDR_EINVALID,
                   "fisher: found mode \"%s\"; expected exact, exact-n, sample, empirical, batched or mas",
                   mode ? mode : "");
    else if (limit < 0 || (found->limited && !limit))
        scope_fail(s, PDR_EINVALID, "fisher: found a limit of %lld rows; expected %s", (long long)limit,
                   found->limited ? "1 or more for exact-n" : "0, which is all, or more");
    else
        return found;
    return NULL;
}

/* The positions of `count` rows of the task, without replacement; NULL: all of them, in their order. */
static int64_t *rows_draw(const host_task *task, int64_t count)
{
    const int64_t all = task->task.row_count;
    if (count == all)
        return NULL;
    int64_t *at = alloc_zero((size_t)all, sizeof *at);
    random_permutation(host_stream(host_running(), "host.fisher.rows"), at, all);
    return at;
}

static void rows_add(pdr_scope *s, pdr_model *m, const host_task *task, const struct fisher_name *how, int64_t count,
                     pdr_tensor *into)
{
    const struct engine *e = host_engine();
    const bool batches = how->mode == ENGINE_FISHER_BATCHED && task->session->batch > 0;
    const int64_t portion = batches ? task->session->batch : FISHER_ROWS;
    int64_t *at = rows_draw(task, count);
    random_stream *labels =
        how->mode == ENGINE_FISHER_SAMPLE ? host_stream(host_running(), "host.fisher.labels") : NULL;
    pdr_scope *turn = e->tensor->open(NULL, PDR_NO_GRAD);
    for (int64_t i = 0; i < count && e->tensor->status(turn) == PDR_OK; i += portion) {
        const int64_t n = count - i < portion ? count - i : portion;
        int64_t *some = alloc_zero((size_t)n, sizeof *some);
        pdr_tensor *x = NULL, *y = NULL;
        for (int64_t j = 0; j < n; j++)
            some[j] = at ? at[i + j] : i + j;
        e->scope_clear(turn, PDR_NO_GRAD);
        if (host_task_rows(turn, task, some, n, &x, &y) == PDR_OK)
            e->fisher(turn, m, x, y, &task->fresh, how->mode, labels, into);
        free(some);
    }
    if (e->tensor->status(turn))
        scope_fail(s, e->tensor->status(turn), "%s", e->scope_message(turn));
    e->tensor->close(turn);
    free(at);
}

/* ---- what is known ---- */

/* Parameters and behind them buffers, as one list. */
float *host_network_values(const host_session *session, int64_t *count)
{
    const struct engine *e = session->engine;
    const pdr_tensor *buffers = e->model_buffers(session->model);
    const int64_t all = e->model_size(session->model), more = buffers ? e->tensor->size(buffers, PDR_ALL) : 0;
    float *at = alloc_zero((size_t)(all + more) + 1, sizeof *at);
    *count = all + more;
    if (e->tensor->read(e->model->flat_params(session->model), PDR_F32, at, (uint64_t)all * sizeof *at) == PDR_OK &&
        (!more || e->tensor->read(buffers, PDR_F32, at + all, (uint64_t)more * sizeof *at) == PDR_OK))
        return at;
    free(at);
    return NULL;
}

bool host_network_is(const host_session *session, const float *values, int64_t count)
{
    int64_t now = 0;
    if (session->engine->gate_count(session->model))
        return false;
    float *at = host_network_values(session, &now);
    const bool same = at && now == count && !memcmp(at, values, (size_t)count * sizeof *at);
    free(at);
    return same;
}

void host_fishers_begin(host_session *session, bool keeps)
{
    host_fishers *f = &session->fishers;
    host_fishers_end(session);
    f->keeps = keeps;
    f->values = host_network_values(session, &f->count);
}

void host_fishers_end(host_session *session)
{
    host_fishers *f = &session->fishers;
    for (int64_t i = 0; i < f->known; i++)
        free(f->at[i].importance);
    free(f->at);
    free(f->values);
    *f = (host_fishers){0};
}

/* Whether this call is one that can be known: all rows of the first task, and no draws. */
static bool known_kind(const pdr_model *m, const host_task *task, const struct fisher_name *how, int64_t count)
{
    const host_session *session = task->session;
    return session->fishers.values && m == session->model && !task->task.index && count == task->task.row_count &&
           how->mode != ENGINE_FISHER_SAMPLE &&
           host_network_is(session, session->fishers.values, session->fishers.count);
}

/* NULL: not known. */
static pdr_tensor *known_give(pdr_scope *s, const host_session *session, const struct fisher_name *how)
{
    const struct engine *e = session->engine;
    const host_fishers *f = &session->fishers;
    for (int64_t i = 0; i < f->known; i++) {
        const int64_t size = e->model_size(session->model);
        void *at = NULL;
        pdr_tensor *out = f->at[i].mode == (int32_t)how->mode ? e->blank(s, PDR_F32, &size, 1, &at) : NULL;
        if (!out)
            continue;
        memcpy(at, f->at[i].importance, (size_t)size * sizeof(float));
        return e->to_device(s, out);
    }
    return NULL;
}

static void known_keep(pdr_scope *s, host_session *session, const struct fisher_name *how, const pdr_tensor *importance)
{
    host_fishers *f = &session->fishers;
    const size_t size = (size_t)session->engine->model_size(session->model);
    const float *from = host_bytes(s, importance, PDR_F32);
    if (!from || f->known == HOST_FISHER_MODES)
        return;
    f->at = alloc_again(f->at, (size_t)f->known + 1, sizeof *f->at);
    f->at[f->known] = (struct host_fisher_known){(int32_t)how->mode, alloc_zero(size + 1, sizeof(float))};
    memcpy(f->at[f->known++].importance, from, size * sizeof *from);
}

pdr_tensor *host_fisher(pdr_scope *s, pdr_model *m, const pdr_task *t, const char *mode, int64_t limit)
{
    const struct engine *e = host_engine();
    const host_task *task = m ? host_task_current(s, t, "fisher") : NULL;
    const struct fisher_name *how = task ? name_find(s, mode, limit) : NULL;
    if (!how || e->tensor->status(s))
        return NULL;
    const int64_t all = task->task.row_count, count = limit && limit < all ? limit : all, size = e->model_size(m);
    const bool kind = known_kind(m, task, how, count);
    pdr_tensor *into = kind ? known_give(s, task->session, how) : NULL;
    if (into)
        return into;
    into = e->tensor->full(s, PDR_F32, &size, 1, 0);
    if (into)
        rows_add(s, m, task, how, count, into);
    if (count) /* of no rows it is zero, and nothing is important */
        e->tensor->blend(s, into, 1.0 / (double)count, into, 0.0);
    if (kind && task->session->fishers.keeps && !e->tensor->status(s))
        known_keep(s, task->session, how, into);
    return e->tensor->status(s) ? NULL : into;
}
