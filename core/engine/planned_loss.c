/* Cross entropy of the step and its derivative in one pass over the logits. Both are given out as tensors that can be
 * differentiated, since a strategy may build on them; where none does, backward takes the derivative as it stands here, and
 * autograd has nothing to do. */
#include <math.h>
#include <stdio.h>

#include "engine/planned.h"

static const pdr_tensor_api *const T = &engine_tensor;

typedef struct rows_given {
    pdr_scope *s;
    int64_t rows, columns;
    const float *logits;
    const int64_t *y;
    const engine_mask *mask; /* NULL: all columns compete */
} rows_given;

/* The columns that compete in row r; false: its label is none of them. Rows without one take the run of column 0. */
static bool run_of(const rows_given *g, int64_t r, int64_t *first, int64_t *end)
{
    const engine_mask *k = g->mask;
    const int64_t y = g->y[r] < 0 ? 0 : g->y[r];
    *first = 0;
    *end = g->columns;
    if (k && k->first_of && y < k->columns) {
        *first = k->first_of[y];
        *end = *first + k->count_of[y];
    } else if (k && !k->first_of) {
        *first = k->first;
        *end = *first + k->count;
    }
    const bool columns = *first >= 0 && *end <= g->columns && (!k || !k->first_of || y < k->columns);
    return columns && (g->y[r] == -1 || (g->y[r] >= *first && g->y[r] < *end));
}

/* Logits less the greatest that competes; -infinity where none does. */
static void row_lower(const rows_given *g, int64_t r, int64_t first, int64_t end, float *out)
{
    const float *z = g->logits + r * g->columns;
    float most = -HUGE_VALF;
    for (int64_t c = first; c < end; c++)
        most = z[c] > most ? z[c] : most;
    for (int64_t c = 0; c < g->columns; c++)
        out[c] = c >= first && c < end ? z[c] - most : -HUGE_VALF;
}

static bool rows_lower(const rows_given *g, float *out)
{
    for (int64_t r = 0; r < g->rows; r++) {
        int64_t first, end;
        char words[160];
        if (run_of(g, r, &first, &end)) {
            row_lower(g, r, first, end, out + r * g->columns);
            continue;
        }
        snprintf(words, sizeof words,
                 "row_loss: found label %lld, which is out of bounds; expected a column from %lld to %lld, or -1",
                 (long long)g->y[r], (long long)first, (long long)end - 1);
        engine_scope_fail(g->s, PDR_EINVALID, words);
        return false;
    }
    return true;
}

/* In: e^(what row_lower made). Out: derivative of the row's loss, which is returned, by its logits. `lowered`: of the label. */
static float row_derive(float *p, int64_t columns, int64_t y, float lowered)
{
    double sum = 0;
    for (int64_t c = 0; c < columns; c++)
        sum += (double)p[c];
    const float share = (float)(1 / sum);
    for (int64_t c = 0; c < columns; c++)
        p[c] = y < 0 ? 0 : p[c] * share;
    if (y < 0)
        return 0;
    p[y] -= 1;
    return (float)(log(sum) - (double)lowered);
}

/* `loss` holds what the label's logit was lowered to, and then the row's loss. Returns sum(weight * loss). */
static double rows_derive(const rows_given *g, const float *weights, float *slope, float *loss)
{
    double total = 0;
    for (int64_t r = 0; r < g->rows; r++) {
        loss[r] = row_derive(slope + r * g->columns, g->columns, g->y[r], loss[r]);
        if (weights[r] != 0) /* what is not counted may be anything */
            total += (double)weights[r] * (double)loss[r];
    }
    return total;
}

static void labels_lowered(const rows_given *g, const float *lowered, float *out)
{
    for (int64_t r = 0; r < g->rows; r++)
        out[r] = g->y[r] < 0 ? 0 : lowered[r * g->columns + g->y[r]];
}

static pdr_tensor *mean_weights(pdr_scope *s, int64_t rows) { return T->full(s, PDR_F32, &rows, 1, 1 / (double)rows); }

static bool given(rows_given *g, pdr_model *m, const pdr_tensor *logits, const pdr_tensor *y)
{
    if (!m || !logits || !y || T->status(g->s))
        return false;
    g->rows = T->size(logits, 0);
    g->columns = T->size(logits, 1);
    g->logits = engine_floats(logits);
    g->y = engine_bytes(g->s, y, PDR_I64);
    if (g->logits && g->y && T->rank(logits) == 2 && T->size(y, PDR_ALL) == g->rows)
        return true;
    engine_scope_fail(g->s, PDR_EINVALID, "row_loss: found logits and labels that do not fit; expected [B, C] and [B]");
    return false;
}

pdr_tensor *planned_loss(pdr_scope *s, pdr_model *m, const pdr_tensor *logits, const pdr_tensor *y,
                         const engine_mask *mask, const pdr_tensor *weights, pdr_tensor **loss)
{
    rows_given g = {.s = s, .mask = mask};
    void *slope = NULL, *rows = NULL, *total = NULL;
    *loss = NULL;
    if (!given(&g, m, logits, y))
        return NULL;
    planned_cross p = {.logits = logits, .weights = weights ? weights : mean_weights(s, g.rows)};
    p.slope = engine_blank(s, PDR_F32, (const int64_t[]){g.rows, g.columns}, 2, &slope);
    p.rows = engine_blank(s, PDR_F32, &g.rows, 1, &rows);
    p.loss = engine_blank(s, PDR_F32, NULL, 0, &total);
    const float *weight = engine_floats(p.weights);
    if (!p.slope || !p.rows || !p.loss || !weight || !rows_lower(&g, slope))
        return NULL;
    labels_lowered(&g, slope, rows);
    planned_exp(s, p.slope);
    *(float *)total = (float)rows_derive(&g, weight, slope, rows);
    pdr_tensor *out = planned_cross_record(s, &p, loss);
    if (out && m->planned && m->planned->scope == s && m->planned->logits == logits)
        m->planned->cross = (planned_cross){logits, p.weights, p.slope, out, *loss};
    return out;
}

/* The derivative of p->loss by the logits. */
pdr_tensor *planned_cross_back(pdr_scope *s, const planned_cross *p)
{
    void *bytes = NULL;
    const int64_t rows = T->size(p->slope, 0), columns = T->size(p->slope, 1);
    pdr_tensor *out = engine_blank(s, PDR_F32, (const int64_t[]){rows, columns}, 2, &bytes);
    const float *weight = engine_floats(p->weights), *slope = engine_floats(p->slope);
    for (int64_t r = 0; out && r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            ((float *)bytes)[r * columns + c] = weight[r] == 0 ? 0 : weight[r] * slope[r * columns + c];
    return out;
}
