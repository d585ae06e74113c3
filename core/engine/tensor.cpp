// The tensor table, in the order of the ABI: a slot that is missing here is a compile error below.
#include "engine/ops.hpp"

extern "C" const pdr_tensor_api engine_tensor = {
    sizeof(pdr_tensor_api), 0,
    engine_scope_open, engine_scope_close, engine_scope_status, engine_keep, engine_release,
    engine_read, engine_rank, engine_size, engine_dtype_of,
    engine_from, engine_full, engine_arange, engine_cast,
    engine_clone, engine_detach, engine_leaf, engine_exp, engine_log, engine_sqrt, engine_square, engine_abs, engine_sigmoid,
    engine_nonzero,
    engine_add, engine_sub, engine_mul, engine_div, engine_maximum, engine_equal, engine_less, engine_matmul, engine_dot,
    engine_affine, engine_clamp, engine_where,
    engine_sum, engine_mean, engine_max, engine_argmax, engine_softmax, engine_log_softmax,
    engine_reshape, engine_transpose, engine_slice, engine_pick, engine_gather, engine_cat, engine_one_hot, engine_top,
    engine_cross_entropy_rows, engine_bce, engine_distill,
    engine_copy, engine_blend, engine_scale, engine_add_product, engine_place,
    engine_invoke,
};
