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

pdr_tensor *host_fisher(pdr_scope *s, pdr_model *m, const pdr_task *t, const char *mode, int64_t limit)
{
    const struct engine *e = host_engine();
    const host_task *task = m ? host_task_current(s, t, "fisher") : NULL;
    const struct fisher_name *how = task ? name_find(s, mode, limit) : NULL;
    if (!how || e->tensor->status(s))
        return NULL;
    const int64_t all = task->task.row_count, count = limit && limit < all ? limit : all, size = e->model_size(m);
    pdr_tensor *into = e->tensor->full(s, PDR_F32, &size, 1, 0);
    if (into)
        rows_add(s, m, task, how, count, into);
    if (count) /* of no rows it is zero, and nothing is important */
        e->tensor->blend(s, into, 1.0 / (double)count, into, 0.0);
    return e->tensor->status(s) ? NULL : into;
}
