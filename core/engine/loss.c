/* The loss of each row, with the masks of the scenario: which logit columns compete.
 *
 * One run for every row is a view of the logits, which costs nothing; a run that depends on the row's label sets the
 * other columns to -infinity, so that softmax gives them 0 and no gradient flows to them. */
#include <math.h>

#include "engine/inside.h"

static const pdr_tensor_api *const T = &engine_tensor;

/* The label -1 moves with the others and is told to the loss under its new number, so that a label just outside the run
 * is still an error and not taken for "no label". */
static pdr_tensor *run_loss(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, int64_t first, int64_t count)
{
    if (first == 0 && count == T->size(logits, 1))
        return engine_cross_entropy(s, logits, y, -1);
    pdr_tensor *run = T->slice(s, logits, 1, first, count);
    if (first == 0)
        return engine_cross_entropy(s, run, y, -1);
    pdr_tensor *moved = T->sub(s, y, T->full(s, PDR_I64, NULL, 0, (double)first));
    return engine_cross_entropy(s, run, moved, -1 - first);
}

/* [n, 1]: of each row, its label's entry in a table [columns]; rows without a label take that of column 0. */
static pdr_tensor *of_label(pdr_scope *s, const int64_t *table, int64_t columns, const pdr_tensor *y)
{
    const int64_t column[2] = {-1, 1};
    pdr_tensor *all = T->from(s, PDR_I64, &columns, 1, table);
    pdr_tensor *known = T->maximum(s, y, T->full(s, PDR_I64, NULL, 0, 0.0));
    return T->reshape(s, T->pick(s, all, 0, known), column, 2);
}

/* The columns of each row's run: [first, first + count) as numbers [] or [n, 1]. */
static pdr_tensor *only_run(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *first, const pdr_tensor *count)
{
    pdr_tensor *place = T->sub(s, T->arange(s, 0, T->size(logits, 1)), first); /* of a column in the row's run */
    pdr_tensor *inside = T->less(s, place, count);
    pdr_tensor *before = T->less(s, place, T->full(s, PDR_I64, NULL, 0, 0.0));
    pdr_tensor *nothing = T->full(s, PDR_F32, NULL, 0, -HUGE_VAL);
    pdr_tensor *kept = T->where(s, inside, logits, nothing);
    return T->where(s, before, nothing, kept);
}

pdr_tensor *loss_competing(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, const engine_mask *mask)
{
    if (!mask || (!mask->first_of && mask->first == 0 && mask->count == T->size(logits, 1)))
        return T->detach(s, logits);
    if (!mask->first_of)
        return only_run(s, logits, T->full(s, PDR_I64, NULL, 0, (double)mask->first),
                        T->full(s, PDR_I64, NULL, 0, (double)mask->count));
    if (mask->columns < 1) {
        engine_scope_fail(s, PDR_EINVALID, "row_loss: a mask by label without columns");
        return NULL;
    }
    return only_run(s, logits, of_label(s, mask->first_of, mask->columns, y),
                    of_label(s, mask->count_of, mask->columns, y));
}

pdr_tensor *engine_row_loss(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y, const engine_mask *mask)
{
    if (!logits || !y)
        return NULL;
    if (!mask)
        return engine_cross_entropy(s, logits, y, -1);
    if (mask->first_of)
        return engine_cross_entropy(s, loss_competing(s, logits, y, mask), y, -1);
    return run_loss(s, logits, y, mask->first, mask->count);
}
