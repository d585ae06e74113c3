/* SPDX-License-Identifier: Apache-2.0
 *
 * Where ABI 1.0 has its members on 64-bit machines, as assertions: compiling this file is the test. Written by
 * scripts/freeze-abi. Compiled with PDR_VISIBLE_MINOR=0 it also says how long each struct is.
 */
#include <perdure/distill.h>
#include <perdure/exemplars.h>
#include <perdure/host.h>
#include <perdure/param.h>
#include <perdure/perdure.h>
#include <perdure/plugin.h>
#include <perdure/status.h>
#include <perdure/sugar.h>
#include <perdure/tensor.h>

#ifdef __cplusplus
#define HOLDS(fact, words) static_assert(fact, words)
#else
#define HOLDS(fact, words) _Static_assert(fact, words)
#endif
#define AT(type, member, offset, size) \
    HOLDS(offsetof(type, member) == (offset) && sizeof(((type *)0)->member) == (size), #type "." #member " moved")
#define IS(name, value) HOLDS((name) == (value), #name " has another value")
#if PDR_VISIBLE_MINOR == 0
#define ENDS(type, size) HOLDS(sizeof(type) == (size), #type " has another length")
#else
#define ENDS(type, size) HOLDS(sizeof(type) >= (size), #type " is shorter")
#endif

AT(pdr_block, struct_size, 0, 4);
AT(pdr_block, kind, 4, 4);
AT(pdr_block, first, 8, 8);
AT(pdr_block, count, 16, 8);
AT(pdr_block, rank, 24, 8);
AT(pdr_block, shape, 32, 32);
AT(pdr_block, first_column, 64, 8);
AT(pdr_block, columns, 72, 8);
AT(pdr_block, name, 80, 8);
ENDS(pdr_block, 88);

AT(pdr_model_api, struct_size, 0, 4);
AT(pdr_model_api, reserved, 4, 4);
AT(pdr_model_api, forward, 8, 8);
AT(pdr_model_api, features, 16, 8);
AT(pdr_model_api, loss, 24, 8);
AT(pdr_model_api, gradient, 32, 8);
AT(pdr_model_api, derivative, 40, 8);
AT(pdr_model_api, flat_params, 48, 8);
AT(pdr_model_api, flat_grads, 56, 8);
AT(pdr_model_api, block_count, 64, 8);
AT(pdr_model_api, block, 72, 8);
AT(pdr_model_api, units, 80, 8);
AT(pdr_model_api, gate, 88, 8);
AT(pdr_model_api, snapshot, 96, 8);
AT(pdr_model_api, assign, 104, 8);
AT(pdr_model_api, build, 112, 8);
AT(pdr_model_api, discard, 120, 8);
AT(pdr_model_api, optimizer, 128, 8);
AT(pdr_model_api, descend, 136, 8);
AT(pdr_model_api, drop_optimizer, 144, 8);
AT(pdr_model_api, fisher, 152, 8);
ENDS(pdr_model_api, 160);

AT(pdr_step_api, struct_size, 0, 4);
AT(pdr_step_api, reserved, 4, 4);
AT(pdr_step_api, rehearse, 8, 8);
AT(pdr_step_api, add_loss, 16, 8);
AT(pdr_step_api, add_penalty, 24, 8);
ENDS(pdr_step_api, 32);

AT(pdr_data_api, struct_size, 0, 4);
AT(pdr_data_api, reserved, 4, 4);
AT(pdr_data_api, rows, 8, 8);
AT(pdr_data_api, augment, 16, 8);
AT(pdr_data_api, mingle, 24, 8);
ENDS(pdr_data_api, 32);

AT(pdr_memory_api, struct_size, 0, 4);
AT(pdr_memory_api, reserved, 4, 4);
AT(pdr_memory_api, open, 8, 8);
AT(pdr_memory_api, offer, 16, 8);
AT(pdr_memory_api, put, 24, 8);
AT(pdr_memory_api, retain, 32, 8);
AT(pdr_memory_api, find, 40, 8);
AT(pdr_memory_api, sample, 48, 8);
AT(pdr_memory_api, fetch, 56, 8);
AT(pdr_memory_api, count, 64, 8);
AT(pdr_memory_api, capacity, 72, 8);
AT(pdr_memory_api, close, 80, 8);
ENDS(pdr_memory_api, 88);

AT(pdr_rng_api, struct_size, 0, 4);
AT(pdr_rng_api, reserved, 4, 4);
AT(pdr_rng_api, stream, 8, 8);
AT(pdr_rng_api, rewind, 16, 8);
AT(pdr_rng_api, below, 24, 8);
AT(pdr_rng_api, unit, 32, 8);
AT(pdr_rng_api, normal, 40, 8);
AT(pdr_rng_api, units, 48, 8);
AT(pdr_rng_api, normals, 56, 8);
AT(pdr_rng_api, permutation, 64, 8);
ENDS(pdr_rng_api, 72);

AT(pdr_state_api, struct_size, 0, 4);
AT(pdr_state_api, reserved, 4, 4);
AT(pdr_state_api, put_tensor, 8, 8);
AT(pdr_state_api, get_tensor, 16, 8);
AT(pdr_state_api, put_model, 24, 8);
AT(pdr_state_api, get_model, 32, 8);
AT(pdr_state_api, put_optim, 40, 8);
AT(pdr_state_api, get_optim, 48, 8);
AT(pdr_state_api, put_bytes, 56, 8);
AT(pdr_state_api, get_bytes, 64, 8);
ENDS(pdr_state_api, 72);

AT(pdr_host, abi_version, 0, 4);
AT(pdr_host, struct_size, 4, 4);
AT(pdr_host, rank, 8, 4);
AT(pdr_host, ranks, 12, 4);
AT(pdr_host, impl, 16, 8);
AT(pdr_host, tensor, 24, 8);
AT(pdr_host, model, 32, 8);
AT(pdr_host, step, 40, 8);
AT(pdr_host, data, 48, 8);
AT(pdr_host, memory, 56, 8);
AT(pdr_host, rng, 64, 8);
AT(pdr_host, state, 72, 8);
AT(pdr_host, fail, 80, 8);
AT(pdr_host, log, 88, 8);
AT(pdr_host, metric, 96, 8);
AT(pdr_host, metric_of, 104, 8);
AT(pdr_host, extension, 112, 8);
ENDS(pdr_host, 120);

AT(pdr_reals, at, 0, 8);
AT(pdr_reals, count, 8, 8);
ENDS(pdr_reals, 16);

AT(pdr_param, key, 0, 8);
AT(pdr_param, help, 8, 8);
AT(pdr_param, type, 16, 4);
AT(pdr_param, offset, 20, 4);
AT(pdr_param, fallback, 24, 8);
AT(pdr_param, min, 32, 8);
AT(pdr_param, max, 40, 8);
AT(pdr_param, choices, 48, 8);
ENDS(pdr_param, 56);

AT(pdr_task, struct_size, 0, 4);
AT(pdr_task, boundary_known, 4, 4);
AT(pdr_task, task_id_given, 8, 4);
AT(pdr_task, augmented, 12, 4);
AT(pdr_task, index, 16, 8);
AT(pdr_task, row_count, 24, 8);
AT(pdr_task, held_out, 32, 8);
AT(pdr_task, class_count, 40, 8);
AT(pdr_task, seen_before, 48, 8);
AT(pdr_task, seen, 56, 8);
AT(pdr_task, columns, 64, 8);
AT(pdr_task, classes, 72, 8);
AT(pdr_task, shape, 80, 8);
AT(pdr_task, rank, 88, 8);
AT(pdr_task, previous, 96, 8);
AT(pdr_task, model, 104, 8);
AT(pdr_task, scope, 112, 8);
ENDS(pdr_task, 120);

AT(pdr_step, struct_size, 0, 4);
AT(pdr_step, reserved, 4, 4);
AT(pdr_step, epoch, 8, 4);
AT(pdr_step, skipped, 12, 4);
AT(pdr_step, index, 16, 8);
AT(pdr_step, fresh, 24, 8);
AT(pdr_step, lr, 32, 8);
AT(pdr_step, task, 40, 8);
AT(pdr_step, scope, 48, 8);
AT(pdr_step, x, 56, 8);
AT(pdr_step, y, 64, 8);
AT(pdr_step, logits, 72, 8);
AT(pdr_step, row_loss, 80, 8);
AT(pdr_step, loss, 88, 8);
AT(pdr_step, features, 96, 8);
AT(pdr_step, raw, 104, 8);
AT(pdr_step, row, 112, 8);
ENDS(pdr_step, 120);

AT(pdr_eval, struct_size, 0, 4);
AT(pdr_eval, reserved, 4, 4);
AT(pdr_eval, after_task, 8, 8);
AT(pdr_eval, on_task, 16, 8);
AT(pdr_eval, task, 24, 8);
AT(pdr_eval, model, 32, 8);
AT(pdr_eval, scope, 40, 8);
AT(pdr_eval, x, 48, 8);
AT(pdr_eval, features, 56, 8);
AT(pdr_eval, logits, 64, 8);
ENDS(pdr_eval, 72);

AT(pdr_hooks, struct_size, 0, 4);
AT(pdr_hooks, reserved, 4, 4);
AT(pdr_hooks, before_run, 8, 8);
AT(pdr_hooks, before_task, 16, 8);
AT(pdr_hooks, before_epoch, 24, 8);
AT(pdr_hooks, before_batch, 32, 8);
AT(pdr_hooks, before_forward, 40, 8);
AT(pdr_hooks, after_forward, 48, 8);
AT(pdr_hooks, before_loss, 56, 8);
AT(pdr_hooks, compute_loss, 64, 8);
AT(pdr_hooks, after_loss, 72, 8);
AT(pdr_hooks, after_backward, 80, 8);
AT(pdr_hooks, before_update, 88, 8);
AT(pdr_hooks, after_update, 96, 8);
AT(pdr_hooks, after_batch, 104, 8);
AT(pdr_hooks, after_epoch, 112, 8);
AT(pdr_hooks, after_task, 120, 8);
AT(pdr_hooks, before_eval, 128, 8);
AT(pdr_hooks, predict, 136, 8);
AT(pdr_hooks, after_eval, 144, 8);
AT(pdr_hooks, after_run, 152, 8);
AT(pdr_hooks, save, 160, 8);
AT(pdr_hooks, load, 168, 8);
ENDS(pdr_hooks, 176);

AT(pdr_plugin, abi_version, 0, 4);
AT(pdr_plugin, struct_size, 4, 4);
AT(pdr_plugin, name, 8, 8);
AT(pdr_plugin, version, 16, 8);
AT(pdr_plugin, summary, 24, 8);
AT(pdr_plugin, paper, 32, 8);
AT(pdr_plugin, params, 40, 8);
AT(pdr_plugin, param_size, 48, 8);
AT(pdr_plugin, config_size, 56, 8);
AT(pdr_plugin, state_version, 64, 4);
AT(pdr_plugin, flags, 68, 4);
AT(pdr_plugin, hooks, 72, 8);
AT(pdr_plugin, create, 80, 8);
AT(pdr_plugin, destroy, 88, 8);
AT(pdr_plugin, extension, 96, 8);
ENDS(pdr_plugin, 104);

AT(pdr_value, kind, 0, 4);
AT(pdr_value, count, 4, 4);
AT(pdr_value, as, 8, 8);
ENDS(pdr_value, 16);

AT(pdr_tensor_api, struct_size, 0, 4);
AT(pdr_tensor_api, reserved, 4, 4);
AT(pdr_tensor_api, open, 8, 8);
AT(pdr_tensor_api, close, 16, 8);
AT(pdr_tensor_api, status, 24, 8);
AT(pdr_tensor_api, keep, 32, 8);
AT(pdr_tensor_api, release, 40, 8);
AT(pdr_tensor_api, read, 48, 8);
AT(pdr_tensor_api, rank, 56, 8);
AT(pdr_tensor_api, size, 64, 8);
AT(pdr_tensor_api, dtype, 72, 8);
AT(pdr_tensor_api, from, 80, 8);
AT(pdr_tensor_api, full, 88, 8);
AT(pdr_tensor_api, arange, 96, 8);
AT(pdr_tensor_api, cast, 104, 8);
AT(pdr_tensor_api, clone, 112, 8);
AT(pdr_tensor_api, detach, 120, 8);
AT(pdr_tensor_api, leaf, 128, 8);
AT(pdr_tensor_api, exp, 136, 8);
AT(pdr_tensor_api, log, 144, 8);
AT(pdr_tensor_api, sqrt, 152, 8);
AT(pdr_tensor_api, square, 160, 8);
AT(pdr_tensor_api, abs, 168, 8);
AT(pdr_tensor_api, sigmoid, 176, 8);
AT(pdr_tensor_api, nonzero, 184, 8);
AT(pdr_tensor_api, add, 192, 8);
AT(pdr_tensor_api, sub, 200, 8);
AT(pdr_tensor_api, mul, 208, 8);
AT(pdr_tensor_api, div, 216, 8);
AT(pdr_tensor_api, maximum, 224, 8);
AT(pdr_tensor_api, equal, 232, 8);
AT(pdr_tensor_api, less, 240, 8);
AT(pdr_tensor_api, matmul, 248, 8);
AT(pdr_tensor_api, dot, 256, 8);
AT(pdr_tensor_api, affine, 264, 8);
AT(pdr_tensor_api, clamp, 272, 8);
AT(pdr_tensor_api, where, 280, 8);
AT(pdr_tensor_api, sum, 288, 8);
AT(pdr_tensor_api, mean, 296, 8);
AT(pdr_tensor_api, max, 304, 8);
AT(pdr_tensor_api, argmax, 312, 8);
AT(pdr_tensor_api, softmax, 320, 8);
AT(pdr_tensor_api, log_softmax, 328, 8);
AT(pdr_tensor_api, reshape, 336, 8);
AT(pdr_tensor_api, transpose, 344, 8);
AT(pdr_tensor_api, slice, 352, 8);
AT(pdr_tensor_api, pick, 360, 8);
AT(pdr_tensor_api, gather, 368, 8);
AT(pdr_tensor_api, cat, 376, 8);
AT(pdr_tensor_api, one_hot, 384, 8);
AT(pdr_tensor_api, top, 392, 8);
AT(pdr_tensor_api, cross_entropy, 400, 8);
AT(pdr_tensor_api, bce, 408, 8);
AT(pdr_tensor_api, distill, 416, 8);
AT(pdr_tensor_api, copy, 424, 8);
AT(pdr_tensor_api, blend, 432, 8);
AT(pdr_tensor_api, scale, 440, 8);
AT(pdr_tensor_api, add_product, 448, 8);
AT(pdr_tensor_api, place, 456, 8);
AT(pdr_tensor_api, invoke, 464, 8);
ENDS(pdr_tensor_api, 472);

IS(PDR_SCALE_SQUARE, 0);
IS(PDR_SCALE_NONE, 1);
IS(PDR_SCALE_MEAN, 2);
IS(PDR_WEIGHT, 0);
IS(PDR_BIAS, 1);
IS(PDR_NORM, 2);
IS(PDR_HEAD_WEIGHT, 3);
IS(PDR_HEAD_BIAS, 4);
IS(PDR_PARAM_INT, 1);
IS(PDR_PARAM_REAL, 2);
IS(PDR_PARAM_BOOL, 3);
IS(PDR_PARAM_TEXT, 4);
IS(PDR_PARAM_CHOICE, 5);
IS(PDR_PARAM_PATH, 6);
IS(PDR_PARAM_REALS, 7);
IS(PDR_PARAM_MEMORY, 8);
IS(PDR_PARAM_NETWORK, 9);
IS(PDR_PARAM_OPTIMIZER, 10);
IS(PDR_NEEDS_BOUNDARIES, 1);
IS(PDR_NEEDS_TASK_ID, 2);
IS(PDR_GRAPH_SAFE, 4);
IS(PDR_RANK_SAFE, 8);
IS(PDR_USES_GRADIENT, 16);
IS(PDR_DIFFERENTIATES_MODEL, 32);
IS(PDR_USES_FEATURES, 64);
IS(PDR_WRITES_PARAMS, 128);
IS(PDR_IDLE_FIRST_TASK, 256);
IS(PDR_OK, 0);
IS(PDR_ERROR, -1);
IS(PDR_EINVALID, -2);
IS(PDR_ENOTFOUND, -3);
IS(PDR_ENOMEM, -4);
IS(PDR_EIO, -5);
IS(PDR_EUNSUPPORTED, -6);
IS(PDR_EENGINE, -7);
IS(PDR_ENOTFINITE, -8);
IS(PDR_DEBUG, 0);
IS(PDR_INFO, 1);
IS(PDR_WARNING, 2);
IS(PDR_SERIOUS, 3);
IS(PDR_F32, 1);
IS(PDR_F64, 2);
IS(PDR_F16, 3);
IS(PDR_BF16, 4);
IS(PDR_I64, 5);
IS(PDR_I32, 6);
IS(PDR_U8, 7);
IS(PDR_BOOL, 8);
IS(PDR_NO_GRAD, 0);
IS(PDR_GRAD, 1);
IS(PDR_EVAL, 0);
IS(PDR_TRAIN, 1);
IS(PDR_JOIN, 0);
IS(PDR_SHARE, 1);
IS(PDR_ADD, 2);
IS(PDR_ALL, 2147483647);
IS(PDR_V_NONE, 0);
IS(PDR_V_TENSOR, 1);
IS(PDR_V_INT, 2);
IS(PDR_V_REAL, 3);
IS(PDR_V_BOOL, 4);
IS(PDR_V_TEXT, 5);
IS(PDR_V_INTS, 6);
IS(PDR_V_TENSORS, 7);
IS(PDR_V_DTYPE, 8);
