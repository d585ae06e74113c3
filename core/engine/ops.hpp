// The rows of the tensor table, by the file that they stand in; tensor.cpp puts them into the table in its order.
#ifndef PERDURE_ENGINE_OPS_HPP
#define PERDURE_ENGINE_OPS_HPP
#include "engine/inside.hpp"

// handle.cpp
pdr_status engine_read(const pdr_tensor *t, pdr_dtype d, void *out, uint64_t bytes);
int32_t engine_rank(const pdr_tensor *t);
int64_t engine_size(const pdr_tensor *t, int32_t dim);
pdr_dtype engine_dtype_of(const pdr_tensor *t);

// make.cpp
pdr_tensor *engine_from(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, const void *data);
pdr_tensor *engine_full(pdr_scope *s, pdr_dtype d, const int64_t *shape, int32_t rank, double value);
pdr_tensor *engine_arange(pdr_scope *s, int64_t first, int64_t count);

// arithmetic.cpp
pdr_tensor *engine_cast(pdr_scope *s, const pdr_tensor *a, pdr_dtype d);
pdr_map engine_clone, engine_detach, engine_leaf, engine_exp, engine_log, engine_sqrt, engine_square, engine_abs,
    engine_sigmoid, engine_nonzero;
pdr_zip engine_add, engine_sub, engine_mul, engine_div, engine_maximum, engine_equal, engine_less, engine_matmul,
    engine_dot;
pdr_tensor *engine_affine(pdr_scope *s, const pdr_tensor *a, double scale, double shift);
pdr_tensor *engine_clamp(pdr_scope *s, const pdr_tensor *a, double low, double high);
pdr_tensor *engine_where(pdr_scope *s, const pdr_tensor *mask, const pdr_tensor *a, const pdr_tensor *b);
pdr_fold engine_sum, engine_mean, engine_max, engine_argmax, engine_softmax, engine_log_softmax;

// shape.cpp
pdr_tensor *engine_reshape(pdr_scope *s, const pdr_tensor *a, const int64_t *shape, int32_t rank);
pdr_tensor *engine_transpose(pdr_scope *s, const pdr_tensor *a, int32_t dim, int32_t other);
pdr_tensor *engine_slice(pdr_scope *s, const pdr_tensor *a, int32_t dim, int64_t first, int64_t count);
pdr_tensor *engine_pick(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index);
pdr_tensor *engine_gather(pdr_scope *s, const pdr_tensor *a, int32_t dim, const pdr_tensor *index);
pdr_tensor *engine_cat(pdr_scope *s, pdr_tensor *const *parts, int32_t count, int32_t dim);
pdr_tensor *engine_one_hot(pdr_scope *s, const pdr_tensor *y, int64_t columns);
pdr_tensor *engine_top(pdr_scope *s, const pdr_tensor *a, int64_t k, int32_t dim, int32_t largest, pdr_tensor **index);

// loss_ops.cpp
pdr_tensor *engine_cross_entropy_rows(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *y);
pdr_tensor *engine_bce(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *target);
pdr_tensor *engine_distill(pdr_scope *s, const pdr_tensor *logits, const pdr_tensor *teacher, double temperature);

// write.cpp
pdr_status engine_copy(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a);
pdr_status engine_blend(pdr_scope *s, pdr_tensor *into, double keep, const pdr_tensor *a, double share);
pdr_status engine_scale(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a);
pdr_status engine_add_product(pdr_scope *s, pdr_tensor *into, const pdr_tensor *a, const pdr_tensor *b, double weight);
pdr_status engine_place(pdr_scope *s, pdr_tensor *into, const pdr_tensor *index, const pdr_tensor *rows);

// invoke.cpp
pdr_status engine_invoke(pdr_scope *s, const char *op, const pdr_value *args, int32_t arg_count, pdr_value *results,
                         int32_t result_room);

#endif
