/* SPDX-License-Identifier: Apache-2.0 */
#include "offered.h"

#include <perdure/ranks.h>
#include <perdure/tables.h>
#include <string.h>

#include "plugin/host.h"

#define T (host_engine()->tensor)
#define M (host_engine()->model)

/* ---- ranks: the other one has what this one has ---- */

static pdr_status ranks_sum(pdr_scope *s, pdr_tensor *into)
{
    return T->scale(s, into, T->full(s, PDR_F32, NULL, 0, 2));
}

static pdr_status ranks_share(pdr_scope *s, pdr_tensor *into, uint32_t from)
{
    return from < 2 && into ? T->status(s) : PDR_EINVALID;
}

static pdr_tensor *ranks_gather(pdr_scope *s, const pdr_tensor *rows)
{
    pdr_tensor *both[2] = {T->detach(s, rows), T->detach(s, rows)};
    return T->cat(s, both, 2, 0);
}

static const pdr_ranks_api ranks = {
    .struct_size = sizeof ranks, .sum = ranks_sum, .share = ranks_share, .gather = ranks_gather};

/* ---- tables: one, which is block 0 of the flat buffer ---- */

static pdr_block first_block(const pdr_model *m)
{
    pdr_block b = {.struct_size = sizeof b};
    (void)M->block(m, 0, &b);
    return b;
}

static int64_t tables_count(const pdr_model *m) { return m ? 1 : 0; }

static pdr_status tables_table(const pdr_model *m, int64_t i, pdr_table *out)
{
    pdr_block b = first_block(m);
    if (i != 0 || out->struct_size < sizeof *out)
        return PDR_EINVALID;
    out->rows = b.shape[0], out->width = b.shape[1], out->name = b.name;
    return PDR_OK;
}

/* view */
static pdr_tensor *as_table(pdr_scope *s, const pdr_model *m, pdr_tensor *flat)
{
    pdr_block b = first_block(m);
    return T->reshape(s, T->slice(s, flat, 0, b.first, b.count), b.shape, 2);
}

static pdr_tensor *tables_touched(pdr_scope *s, const pdr_step *step, int64_t i)
{
    return i == 0 ? T->arange(s, 0, first_block(step->task->model).shape[0]) : NULL;
}

static pdr_tensor *tables_rows(pdr_scope *s, const pdr_model *m, int64_t i, const pdr_tensor *index)
{
    pdr_tensor *all = i == 0 ? as_table(s, m, M->flat_params((pdr_model *)(uintptr_t)m)) : NULL;
    return index ? T->pick(s, all, 0, index) : T->clone(s, all);
}

static pdr_status tables_write(pdr_scope *s, pdr_model *m, int64_t i, const pdr_tensor *index, const pdr_tensor *rows)
{
    return i == 0 ? T->place(s, as_table(s, m, M->flat_params(m)), index, rows) : PDR_EINVALID;
}

static pdr_tensor *tables_gradient(pdr_scope *s, const pdr_step *step, int64_t i)
{
    pdr_model *m = step->task->model;
    return i == 0 ? T->clone(s, as_table(s, m, M->flat_grads(m))) : NULL;
}

/* All rows are touched and the block is the first, so [k, width] is [p] of the flat buffer. What the step reads is kept for it. */
static pdr_status tables_add_penalty(const pdr_step *step, int64_t i, const pdr_tensor *importance,
                                     const pdr_tensor *anchor, double weight, const char *name)
{
    static pdr_tensor *kept[2];
    const int64_t flat = -1;
    if (i != 0)
        return PDR_EINVALID;
    for (int k = 0; k < 2; k++) {
        T->release(kept[k]);
        kept[k] = T->keep(NULL, T->reshape(step->scope, k ? anchor : importance, &flat, 1));
    }
    return host_step_api.add_penalty(step, kept[0], kept[1], weight, name);
}

static const pdr_tables_api tables = {.struct_size = sizeof tables,
                                      .count = tables_count,
                                      .table = tables_table,
                                      .touched = tables_touched,
                                      .rows = tables_rows,
                                      .write = tables_write,
                                      .gradient = tables_gradient,
                                      .add_penalty = tables_add_penalty};

const void *offered(const pdr_host *h, const char *id)
{
    if (id && !strcmp(id, PDR_RANKS)) {
        ((strategy *)h->impl)->host.ranks = 2;
        return &ranks;
    }
    return id && !strcmp(id, PDR_TABLES) ? &tables : NULL;
}
