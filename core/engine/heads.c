/* Heads: the linear layers that make the logits. One, "head", for most networks; one after the other, "head.0", "head.1", ...,
 * for a network that grows. They are the last blocks, so that growing leaves all else where it is (rule 17). */
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/model.h"

static pdr_tensor *head_run(pdr_scope *s, pdr_model *m, int64_t i, const pdr_tensor *features)
{
    const model_block *weight = &m->blocks.at[m->head + 2 * i];
    return engine_linear(s, features, weight[0].leaf, weight[1].leaf);
}

pdr_tensor *heads_run(pdr_scope *s, pdr_model *m, const pdr_tensor *features)
{
    int64_t count = heads_count(m);
    if (count == 1)
        return head_run(s, m, 0, features);
    if (!count) {
        engine_scope_fail(s, PDR_EINVALID, "forward: the network has no head yet; it comes with the first task");
        return NULL;
    }
    pdr_tensor **logits = alloc_zero((size_t)count, sizeof(pdr_tensor *));
    for (int64_t i = 0; i < count; i++)
        logits[i] = head_run(s, m, i, features);
    pdr_tensor *all = logits[count - 1] ? engine_tensor.cat(s, logits, (int32_t)count, 1) : NULL;
    free(logits);
    return all;
}

/* The old parameters and the new head's first values behind them. */
static pdr_tensor *longer(pdr_scope *s, const pdr_model *m, int64_t first, random_stream *r)
{
    void *bytes = NULL;
    int64_t more = m->blocks.size - m->blocks.at[first].about.first;
    pdr_tensor *parts[2] = {m->params, engine_blank(s, PDR_F32, &more, 1, &bytes)};
    if (bytes)
        part_draw(&m->blocks, first, r, bytes);
    parts[1] = engine_to_device(s, parts[1]);
    return parts[1] ? engine_tensor.cat(s, parts, 2, 0) : NULL;
}

int engine_model_grow(pdr_model *m, int64_t columns, random_stream *r, error *e)
{
    if (!m || !m->grows)
        return error_set(e, EXIT_INTERNAL, "network: found a head to add; expected a network that grows");
    if (columns < 1)
        return error_set(e, EXIT_SCENARIO, "network: found a head of %lld columns; expected 1 or more",
                         (long long)columns);
    int64_t first = m->blocks.count;
    int code = heads_add(m, columns, e);
    pdr_scope *s = code ? NULL : engine_scope_open(NULL, PDR_NO_GRAD);
    if (!code && (!s || model_set_params(s, m, longer(s, m, first, r))))
        code = error_set(e, EXIT_SYSTEM, "network: found no memory for a head: %s", engine_scope_message(s));
    engine_scope_close(s);
    return code;
}

void engine_model_reach(pdr_model *m, int64_t first, int64_t count)
{
    m->reach = first;
    m->reached = m->grows ? count : -1;
}

bool heads_alone(const pdr_model *m, int64_t i)
{
    const pdr_block *b = &m->blocks.at[i].about;
    if (i < m->head || m->reached < 0)
        return false;
    return b->first_column >= m->reach + m->reached || b->first_column + b->columns <= m->reach;
}

pdr_status engine_model_cut(pdr_model *m, int64_t size)
{
    if (!m || !m->frozen)
        return PDR_EINVALID;
    int64_t keep = m->blocks.count;
    while (keep > m->head && m->blocks.at[keep - 1].about.first >= size)
        keep--;
    const pdr_block *last = keep ? &m->blocks.at[keep - 1].about : NULL;
    if (!last || last->first + last->count != size || (keep - m->head) % 2)
        return PDR_EINVALID;
    pdr_scope *s = engine_scope_open(NULL, PDR_NO_GRAD);
    pdr_tensor *values = engine_tensor.clone(s, engine_tensor.slice(s, m->params, 0, 0, size));
    while (m->blocks.count > keep) {
        engine_take_back(m->blocks.at[m->blocks.count - 1].leaf);
        part_drop_last(&m->blocks);
    }
    last = &m->blocks.at[keep - 1].about;
    m->columns = keep > m->head ? last->first_column + last->columns : 0;
    model_set_params(s, m, values);
    return engine_scope_close(s);
}

int64_t engine_model_columns(const pdr_model *m) { return m ? m->columns : -1; }
