/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/distill.h: what a network of before has to say about the rows of now, as a term over the tasks that it knew.
 * Inline helpers like those of sugar.h, for strategies that distil: learning without forgetting, generative replay.
 *
 * Two forms, after van de Ven and Tolias 2018 (arXiv 1809.10635, section 3) and their code; D(z, q) is distill(): T^2
 * times the cross entropy of softmax(z / T) with the target softmax(q / T), columns without a target having 0 there.
 *   by task     the mean over earlier tasks of D on the columns of that task alone: task-il, and where only a task's
 *               own columns compete in the scenario's loss (`active: task`)
 *   all at once D of the columns that compete, with the teacher's columns 0 .. seen_before - 1 as its targets: class-il
 *               (the columns that are new have target 0), and domain-il, where that is all columns
 */
#ifndef PERDURE_DISTILL_H
#define PERDURE_DISTILL_H

#include <math.h>
#include <perdure/sugar.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The words of a parameter `scale`, CHOICE, and their indices: what stands before the term. */
enum {
    PDR_SCALE_SQUARE, /**< T^2 */
    PDR_SCALE_NONE,   /**< 1 */
    PDR_SCALE_MEAN    /**< T^2 / columns */
};
/** Those words, in that order: .choices of the parameter. */
#define PDR_SCALES                     \
    {                                  \
        "square", "none", "mean", NULL \
    }

/** [waits] How many columns compete in the scenario's loss of a fresh row where none is mingled (`active`): all, those
 * seen, or those of the task; 0 when it could not be asked, and the scope has the words. Asked of the loss itself,
 * which is log n for a row whose n logits are equal. The same during a task: ask in before_task, and keep the answer in
 * the checkpoint. */
static inline int64_t pdr_competing(const pdr_host *h, const pdr_task *t)
{
    const pdr_tensor_api *ops = h->tensor;
    const int64_t one = 1, shape[2] = {1, t->columns};
    double loss = 0;
    pdr_tensor *level = ops->full(t->scope, PDR_F32, shape, 2, 0),
               *y = ops->from(t->scope, PDR_I64, &one, 1, t->classes);
    pdr_tensor *rows = h->model->loss(t->scope, t, level, y);
    return ops->read(rows, PDR_F64, &loss, sizeof loss) == PDR_OK ? (int64_t)llround(exp(loss)) : 0;
}

/** Whether the earlier tasks are told apart by their columns, so that the term is a mean over them: see the top. */
static inline int pdr_distills_by_task(const pdr_task *t, int64_t competing)
{
    return t->previous && t->seen > t->previous->class_count && (t->task_id_given || competing < t->seen);
}

/** PDR_OK, or PDR_EINVALID with the words: where the term is a mean over tasks, a task that brings columns trains those
 * alone, as the others are columns of tasks before it. Ask in before_task. */
static inline pdr_status pdr_distill_check(const pdr_host *h, const pdr_task *t, int64_t competing)
{
    int64_t own = t->seen - t->seen_before;
    if (!pdr_distills_by_task(t, competing) || own == 0 || t->class_count == own)
        return PDR_OK;
    return pdr_failf(
        h, PDR_EINVALID,
        "found %lld classes in task %lld, %lld of them new, where tasks have columns of their own; expected "
        "new ones alone (train_on: task)",
        (long long)t->class_count, (long long)t->index + 1, (long long)own);
}

/** How many earlier tasks there are. */
static inline int64_t pdr_earlier_tasks(const pdr_task *t)
{
    int64_t count = 0;
    for (; t->previous; t = t->previous)
        count++;
    return count;
}

/** Columns of an earlier task, of which there is one at least, when each has as many and together they are 0 ..
 * seen_before - 1, in order; else 0. */
static inline int64_t pdr_even_columns(const pdr_task *t)
{
    int64_t end = t->seen_before, each = t->previous->class_count;
    for (const pdr_task *o = t->previous; o; end -= each, o = o->previous)
        if (o->class_count != each || o->classes[0] != end - each || o->classes[each - 1] != end - 1)
            return 0;
    return end == 0 ? each : 0;
}

/** The columns that the softmax of pdr_distill_old() is over; 0: that differs from task to task. */
static inline int64_t pdr_distill_columns(const pdr_task *t, int64_t competing)
{
    return pdr_distills_by_task(t, competing) ? pdr_even_columns(t) : competing;
}

/** The factor of the term, T^2 being in it already: 1 with PDR_SCALE_SQUARE (Hinton et al. 2015, arXiv 1503.02531,
 * section 2), 1/T^2 with NONE, 1/columns with MEAN: T^2 times the mean over the columns, as van de Ven and Tolias 2018
 * and 2019 in their first public code. */
static inline double pdr_distill_factor(int32_t scale, double temperature, int64_t columns)
{
    switch (scale) {
    case PDR_SCALE_NONE: return 1 / (temperature * temperature);
    case PDR_SCALE_MEAN: return 1 / (double)columns;
    default: return 1;
    }
}

/** The mean over the earlier tasks where their columns are like a table of [tasks, each]: one distill() for all of
 * them. */
static inline pdr_tensor *pdr_distill_even_(const pdr_host *h, pdr_scope *s, const pdr_task *t,
                                            const pdr_tensor *student, const pdr_tensor *teacher, double temperature,
                                            int64_t each)
{
    const pdr_tensor_api *ops = h->tensor;
    const int64_t runs[2] = {-1, each}, rows[2] = {-1, t->seen_before / each};
    pdr_tensor *z = ops->reshape(s, ops->slice(s, student, 1, 0, t->seen_before), runs, 2);
    pdr_tensor *q = ops->reshape(s, ops->slice(s, teacher, 1, 0, t->seen_before), runs, 2);
    return ops->mean(s, ops->reshape(s, ops->distill(s, z, q, temperature), rows, 2), 1, 0);
}

/** The same for columns in any order and number, task by task. */
static inline pdr_tensor *pdr_distill_tasks_(const pdr_host *h, pdr_scope *s, const pdr_task *t,
                                             const pdr_tensor *student, const pdr_tensor *teacher, double temperature)
{
    const pdr_tensor_api *ops = h->tensor;
    pdr_tensor *sum = NULL;
    for (const pdr_task *o = t->previous; o; o = o->previous) {
        int64_t n = o->class_count;
        pdr_tensor *columns = ops->from(s, PDR_I64, &n, 1, o->classes);
        pdr_tensor *one =
            ops->distill(s, ops->pick(s, student, 1, columns), ops->pick(s, teacher, 1, columns), temperature);
        sum = sum ? ops->add(s, sum, one) : one;
    }
    return ops->affine(s, sum, 1 / (double)pdr_earlier_tasks(t), 0);
}

/** [n]: the term of each row over the tasks before t, which has some. student [n, C]: logits of the network in
 * training, differentiable in a [grad] scope; teacher [n, K], seen_before <= K: those of the network as it was before
 * t, on the same rows, of which the columns 0 .. seen_before - 1 are used. competing: what pdr_competing() said in this
 * task. Weighed as van de Ven does: add_loss(s, mean, PDR_SHARE, t->index), that is 1/k for the rows' own loss and 1 -
 * 1/k for this at the k-th task. The temperature is positive. Forms without T^2, as Li and Hoiem 2016 (arXiv
 * 1606.09282, equation 2), or with a mean over the columns: pdr_distill_factor() of it. */
static inline pdr_tensor *pdr_distill_old(const pdr_host *h, pdr_scope *s, const pdr_task *t, const pdr_tensor *student,
                                          const pdr_tensor *teacher, double temperature, int64_t competing)
{
    const pdr_tensor_api *ops = h->tensor;
    if (pdr_distills_by_task(t, competing)) {
        int64_t each = pdr_even_columns(t);
        return each ? pdr_distill_even_(h, s, t, student, teacher, temperature, each)
                    : pdr_distill_tasks_(h, s, t, student, teacher, temperature);
    }
    return ops->distill(s, ops->slice(s, student, 1, 0, competing), ops->slice(s, teacher, 1, 0, t->seen_before),
                        temperature);
}

#ifdef __cplusplus
}
#endif
#endif
