/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * perdure/tensor.h: scopes, tensors, and the table of operations on them.
 *
 * Rules for every function below, unless its comment says otherwise
 *  - Call it on the thread of the running hook (or of create, destroy, save, load), never from another.
 *  - It takes a scope `s`, runs in the grad mode of `s`, and its result is a temporary of `s`: freed when the
 *    scope closes, which for the hook's own scope (task->scope, step->scope, eval->scope) is when the hook
 *    returns. keep() is for what outlives it.
 *  - NULL in gives NULL out. What fails puts its words into `s` (the first error stays) and gives NULL. In a
 *    scope that has an error nothing runs any more. So expressions nest, and one status() ends the hook.
 *  - Arguments are borrowed for the call; a tensor of any open scope, or a kept one, is a good argument.
 *  - A result is a new tensor; `view` says that it shares memory with its argument, so that writing into one
 *    writes into the other. (A view of a kept tensor or of flat_params() is how a part of it is written.)
 *  - dim counts from 0; negative counts from the end. Shapes broadcast as LibTorch's (and NumPy's) do.
 *  - Failures: PDR_EINVALID for a shape, dtype or dim that does not fit, PDR_EENGINE for what LibTorch threw,
 *    PDR_ENOMEM, PDR_EUNSUPPORTED for arithmetic on a bundle (x of a recommender: dense values and ids).
 *  - Nothing waits for the device but what says [waits]; a hook with PDR_GRAPH_SAFE must not call those.
 */
#ifndef PERDURE_TENSOR_H
#define PERDURE_TENSOR_H

#include <perdure/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- arguments and results of invoke() ---- */

/** What a pdr_value holds. */
enum {
    PDR_V_NONE,    /**< the argument is left to its None; a result that is nothing */
    PDR_V_TENSOR,  /**< as.tensor */
    PDR_V_INT,     /**< as.i */
    PDR_V_REAL,    /**< as.r */
    PDR_V_BOOL,    /**< as.i, 0 or 1 */
    PDR_V_TEXT,    /**< as.text, UTF-8 with a final NUL */
    PDR_V_INTS,    /**< as.ints, count of them: shapes, dims, strides */
    PDR_V_TENSORS, /**< as.tensors, count of them */
    PDR_V_DTYPE    /**< as.i, a pdr_dtype */
};

/** One argument or result of invoke(). As an argument all pointers are borrowed for the call; as a result tensors,
 * texts and arrays are temporaries of the scope. This struct never grows. */
typedef struct pdr_value {
    int32_t kind;   /**< PDR_V_... */
    uint32_t count; /**< of INTS and TENSORS */
    union {
        pdr_tensor *tensor;         /**< of TENSOR */
        int64_t i;                  /**< of INT, BOOL and DTYPE */
        double r;                   /**< of REAL */
        const char *text;           /**< of TEXT */
        const int64_t *ints;        /**< of INTS */
        pdr_tensor *const *tensors; /**< of TENSORS */
    } as;                           /**< the value; which member, `kind` says */
} pdr_value;

/* ---- the three most common forms of an operation ---- */

/** One tensor to one tensor: elementwise, shape and (floating) dtype stay. */
typedef pdr_tensor *pdr_map(pdr_scope *s, const pdr_tensor *a);
/** Two tensors to one. Elementwise with broadcasting; dtypes are promoted as LibTorch does. */
typedef pdr_tensor *pdr_zip(pdr_scope *s, const pdr_tensor *a, const pdr_tensor *b);
/** Over a dimension, or over all elements with PDR_ALL. keep_dim: 1 leaves the dimension with size 1. */
typedef pdr_tensor *pdr_fold(pdr_scope *s, const pdr_tensor *a, int32_t dim, int32_t keep_dim);

/** Scopes and operations. The rules for all of them stand at the top of the file. */
typedef struct pdr_tensor_api {
    uint32_t struct_size, reserved;

    /* ---- scopes ---- */

    /** A scope of one's own: for loops, whose temporaries should die at the end of a turn, and for the other grad
     * mode inside a hook. owned: close() it before the hook returns; the host closes what was forgotten and
     * counts it as a leak. Scopes nest in any order. NULL when memory is exhausted: the hook then fails in the
     * host's words, whatever it returns. */
    pdr_scope *(*open)(const pdr_host *h, pdr_grad mode);
    /** Frees the scope and all its temporaries. Returns its first error, which is the plugin's to handle: return
     * it, and the hook fails with the words of the scope; go on, and it is forgotten. Closing NULL is PDR_OK.
     * The hook's own scope is not the plugin's to close: PDR_EINVALID. */
    pdr_status (*close)(pdr_scope *s);
    /** The first error of the scope, or PDR_OK. PDR_EINVALID for NULL. The host asks the same of the hook's own
     * scope when the hook returns, so a hook that forgets this line still fails. */
    pdr_status (*status)(const pdr_scope *s);

    /* ---- what outlives a scope ---- */

    /** One more owner of the same values: a write into either is seen by both. clone() first what must not follow
     * (parameters, gradients, a part of a bigger tensor whose rest should be freed). owned: release() it, at the
     * latest in destroy(); what is not is counted and reported ("ewc leaked 3 tensors"). The kept tensor records
     * no gradient: it is detached. NULL for NULL; for any other tensor as for open(). */
    pdr_tensor *(*keep)(const pdr_host *h, const pdr_tensor *t);
    /** Gives a kept tensor back. NULL is allowed; a temporary of a scope or a borrowed tensor is not. */
    void (*release)(pdr_tensor *owned);

    /* ---- looking at a tensor ---- */

    /** [waits] Copies all values, in row-major order and converted to `d`, to `out`. `bytes` is the room there and
     * must be exactly count x size of d, else PDR_EINVALID. PDR_EINVALID for NULL, which adds no words: the
     * scope in which the NULL arose has them. Where the device or memory fails, the host has them, as for open(). */
    pdr_status (*read)(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes);
    /** Number of dimensions; a scalar has 0. -1 for NULL. */
    int32_t (*rank)(const pdr_tensor *t);
    /** Length of one dimension (negative: from the end); PDR_ALL: the number of elements. -1 for NULL or no such
     * dimension. */
    int64_t (*size)(const pdr_tensor *t, int32_t dim);
    /** Element type; 0 for NULL. */
    pdr_dtype (*dtype)(const pdr_tensor *t);

    /* ---- making tensors, on the device of the run ---- */

    /** Copies `data`, row-major elements of type d; the caller's memory is free at return. rank 0: a scalar, and
     * shape may be NULL. At most 8 dimensions. */
    pdr_tensor *(*from)(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, const void *data);
    /** Every element is `value`, converted to d. */
    pdr_tensor *(*full)(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, double value);
    /** [count] i64: first, first + 1, ... */
    pdr_tensor *(*arange)(pdr_scope *s, int64_t first, int64_t count);
    /** The same values as another dtype, rounded towards zero for integers. A view when d is its dtype already. */
    pdr_tensor *(*cast)(pdr_scope *s, const pdr_tensor *a, pdr_dtype d);

    /* ---- elementwise, one argument ---- */

    pdr_map *clone;   /**< a copy with memory of its own */
    pdr_map *detach;  /**< view that no gradient flows through */
    pdr_map *leaf;    /**< a detached copy that gradients end at, whatever the scope: for derivative() */
    pdr_map *exp;     /**< e to the power of a */
    pdr_map *log;     /**< natural; -inf at 0, NaN below */
    pdr_map *sqrt;    /**< square root; NaN below 0 */
    pdr_map *square;  /**< a * a */
    pdr_map *abs;     /**< magnitude */
    pdr_map *sigmoid; /**< 1 / (1 + exp(-a)) */
    pdr_map *nonzero; /**< [waits] of a mask [n]: [k] i64, the indices of what is not 0, ascending */

    /* ---- elementwise, two arguments; then products ---- */

    pdr_zip *add;     /**< a + b */
    pdr_zip *sub;     /**< a - b */
    pdr_zip *mul;     /**< a * b */
    pdr_zip *div;     /**< a / b, true division: integers become f32 */
    pdr_zip *maximum; /**< the greater of each pair */
    pdr_zip *equal;   /**< bool */
    pdr_zip *less;    /**< bool: a < b */
    pdr_zip *matmul;  /**< [n, k] x [k, m] -> [n, m]; [.., k] x [k] -> [..]; batched as LibTorch's */
    pdr_zip *dot;     /**< [n] x [n] -> scalar */

    /** a * scale + shift, elementwise. */
    pdr_tensor *(*affine)(pdr_scope *s, const pdr_tensor *a, double scale, double shift);
    /** Between low and high, elementwise; -HUGE_VAL and HUGE_VAL leave a side open. */
    pdr_tensor *(*clamp)(pdr_scope *s, const pdr_tensor *a, double low, double high);
    /** a where the bool mask is true, else b; all three broadcast. */
    pdr_tensor *(*where)(pdr_scope *s, const pdr_tensor *mask, const pdr_tensor *a, const pdr_tensor *b);

    /* ---- over a dimension ---- */

    pdr_fold *sum;         /**< of bools and integers: i64 */
    pdr_fold *mean;        /**< of f32 or f64; of no element: NaN */
    pdr_fold *max;         /**< the values; argmax has the places. Of no element: an error */
    pdr_fold *argmax;      /**< i64; the first among equals. PDR_ALL: of the flattened tensor */
    pdr_fold *softmax;     /**< shape stays, keep_dim is ignored. PDR_ALL: over all elements at once */
    pdr_fold *log_softmax; /**< likewise */

    /* ---- shape and selection ---- */

    /** The same elements in another shape; one size may be -1, the rest. View where strides allow, else a copy
     * (a slice of flat_params() is contiguous, so its reshape is a view). */
    pdr_tensor *(*reshape)(pdr_scope *s, const pdr_tensor *a, const int64_t *shape, int32_t rank);
    /** view: two dimensions change places. */
    pdr_tensor *(*transpose)(pdr_scope *s, const pdr_tensor *a, int32_t dim, int32_t other);
    /** view: elements first .. first + count - 1 of one dimension. A range that leaves it is PDR_EINVALID, not
     * cut short. count 0 is allowed. */
    pdr_tensor *(*slice)(pdr_scope *s, const pdr_tensor *a, int32_t dim, int64_t first, int64_t count);
    /** Copies the elements of `dim` that index [k] i64 names, in its order; repeats are allowed (index_select).
     * An index out of range fails (on a GPU: at the next wait). */
    pdr_tensor *(*pick)(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index);
    /** out[i][j] = a[i][index[i][j]] for dim 1, and so on; index has the rank of a and is i64. */
    pdr_tensor *(*gather)(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index);
    /** `count` parts behind one another along dim; all other sizes equal. count < 1 or a NULL part: PDR_EINVALID. */
    pdr_tensor *(*cat)(pdr_scope *s, pdr_tensor *const *parts, int32_t count, int32_t dim);
    /** y [n] i64 -> [n, columns] f32: 1 in the column of y, else 0; a row of zeros for -1 (no label). */
    pdr_tensor *(*one_hot)(pdr_scope *s, const pdr_tensor *y, int64_t columns);
    /** The k greatest (largest 1) or smallest (0) of dim, in order: k = size sorts. *index: their places, i64, a
     * temporary of s; NULL: not wanted. k beyond the size: PDR_EINVALID. */
    pdr_tensor *(*top)(pdr_scope *s, const pdr_tensor *a, int64_t k, int32_t dim, int32_t largest, pdr_tensor **index);

    /* ---- losses, a value for each row or element; means are the caller's ---- */

    /** logits [n, C], y [n] i64 -> [n]: -log softmax(logits)[y]. All columns compete: no mask (model->loss has the
     * scenario's). 0 for y = -1. */
    pdr_tensor *(*cross_entropy)(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y);
    /** Same shapes in, elementwise out: binary cross entropy of sigmoid(logits) with a target in 0..1, computed from
     * the logits (stable): max(z, 0) - z t + log(1 + exp(-|z|)). */
    pdr_tensor *(*bce)(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *target);
    /** logits [n, C], teacher [n, K], K <= C -> [n]: T^2 x the cross entropy of softmax(logits / T) with the target
     * softmax(teacher / T); columns that the teacher lacks have target 0 and still compete in the softmax of
     * logits. No gradient flows to the teacher. (Hinton et al. 2015, arXiv 1503.02531, section 2: the T^2 keeps
     * the size of the gradient; Li and Hoiem 2016, arXiv 1606.09282, equation 2, has none; it is van de Ven's
     * form. The entropy of the target is not subtracted: the gradient is that of the KL divergence.) */
    pdr_tensor *(*distill)(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *teacher, double temperature);

    /* ---- in place: `into` is a kept tensor, a borrowed buffer of parameters or gradients, or a view of one.
     *      Nothing is recorded for autograd, whatever the scope. ---- */

    /** into = a, broadcast and converted to into's dtype. */
    pdr_status (*copy)(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a);
    /** into = keep * into + share * a: running means, and steps (keep 1, share -lr). */
    pdr_status (*blend)(pdr_scope *s, pdr_tensor *into, double keep, const pdr_tensor *a, double share);
    /** into *= a, broadcast. */
    pdr_status (*scale)(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a);
    /** into += weight * a * b, in one pass: path integrals (Zenke et al. 2017, arXiv 1703.04200, equation 3). */
    pdr_status (*add_product)(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a, const pdr_tensor *b, double weight);
    /** into[index[i]] = rows[i] along dimension 0; index [k] i64 without repeats, rows [k, ...] (index_copy). */
    pdr_status (*place)(pdr_scope *s, pdr_tensor *into, const pdr_tensor *index, const pdr_tensor *rows);

    /* ---- everything else ---- */

    /** Any other operator of LibTorch by its schema name, with its overload after a point where it has one:
     * "aten::cdist", "aten::norm.ScalarOpt_dim". args: one a schema argument, in order; those with a default may be
     * left out from the end. An int is taken where a number is expected, one tensor where a list is. results: up
     * to result_room are filled, the rest stay NONE; more results than room: PDR_EINVALID. In-place operators may
     * write into what the in-place functions above may.
     * PDR_ENOTFOUND: no such operator, or several overloads and none named (the words list them). PDR_EINVALID:
     * an argument of another type than the schema says, named, or a tensor that is NULL (leave one out with NONE).
     * PDR_EUNSUPPORTED: operators that draw from LibTorch's own generator, which no checkpoint holds: draw from a
     * stream (host->rng); and arguments of kinds that pdr_value has not. */
    pdr_status (*invoke)(pdr_scope *s, const char *op, const pdr_value *args, int32_t arg_count, pdr_value *results,
                         int32_t result_room);
} pdr_tensor_api;

#ifdef __cplusplus
}
#endif
#endif
