/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of ABI 1.0 on 64-bit machines, as assertions: compiling this file is the test. Until 1.0 is released a change
 * of a table changes its line here, on purpose; afterwards lines are only added.
 */
#include <perdure/perdure.h>
#include <perdure/pictures.h>

#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member " moved")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "the size of " #type " changed")
/* No tail padding: the last member ends where the struct ends. */
#define LAST(type, member) \
    _Static_assert(offsetof(type, member) + sizeof(((type *)0)->member) == sizeof(type), #type " has tail padding")
/* Tables begin with struct_size and a reserved word; the first function comes right after. */
#define TABLE(type, first, last, slots) \
    AT(type, struct_size, 0);           \
    AT(type, first, 8);                 \
    LAST(type, last);                   \
    SIZE(type, 8 + 8 * (slots))

SIZE(void *, 8);
SIZE(pdr_status, 4);

AT(pdr_value, count, 4);
AT(pdr_value, as, 8);
SIZE(pdr_value, 16);

SIZE(pdr_reals, 16);
AT(pdr_param, key, 0);
AT(pdr_param, help, 8);
AT(pdr_param, type, 16);
AT(pdr_param, offset, 20);
AT(pdr_param, fallback, 24);
AT(pdr_param, min, 32);
AT(pdr_param, max, 40);
LAST(pdr_param, choices);
SIZE(pdr_param, 56);

AT(pdr_task, boundary_known, 4);
AT(pdr_task, task_id_given, 8);
AT(pdr_task, augmented, 12);
AT(pdr_task, index, 16);
AT(pdr_task, row_count, 24);
AT(pdr_task, class_count, 40);
AT(pdr_task, seen_before, 48);
AT(pdr_task, columns, 64);
AT(pdr_task, classes, 72);
AT(pdr_task, previous, 96);
LAST(pdr_task, scope);
SIZE(pdr_task, 120);

AT(pdr_step, epoch, 8);
AT(pdr_step, skipped, 12);
AT(pdr_step, index, 16);
AT(pdr_step, fresh, 24);
AT(pdr_step, lr, 32);
AT(pdr_step, task, 40);
AT(pdr_step, scope, 48);
AT(pdr_step, x, 56);
LAST(pdr_step, row);
SIZE(pdr_step, 120);

AT(pdr_eval, after_task, 8);
AT(pdr_eval, on_task, 16);
AT(pdr_eval, task, 24);
LAST(pdr_eval, logits);
SIZE(pdr_eval, 72);

TABLE(pdr_hooks, before_run, load, 21);
AT(pdr_hooks, before_batch, 32);
AT(pdr_hooks, compute_loss, 64);
AT(pdr_hooks, predict, 136);
AT(pdr_hooks, save, 160);

AT(pdr_plugin, abi_version, 0);
AT(pdr_plugin, struct_size, 4);
AT(pdr_plugin, name, 8);
AT(pdr_plugin, params, 40);
AT(pdr_plugin, param_size, 48);
AT(pdr_plugin, config_size, 56);
AT(pdr_plugin, state_version, 64);
AT(pdr_plugin, flags, 68);
AT(pdr_plugin, hooks, 72);
AT(pdr_plugin, create, 80);
AT(pdr_plugin, destroy, 88);
LAST(pdr_plugin, extension);
SIZE(pdr_plugin, 104);

TABLE(pdr_tensor_api, open, invoke, 58);
AT(pdr_tensor_api, clone, 112);
AT(pdr_tensor_api, add, 192);
AT(pdr_tensor_api, sum, 288);
AT(pdr_tensor_api, copy, 424);

AT(pdr_block, kind, 4);
AT(pdr_block, first, 8);
AT(pdr_block, shape, 32);
AT(pdr_block, first_column, 64);
LAST(pdr_block, name);
SIZE(pdr_block, 88);

TABLE(pdr_model_api, forward, fisher, 19);
TABLE(pdr_step_api, rehearse, add_penalty, 3);
TABLE(pdr_data_api, rows, mingle, 3);
TABLE(pdr_memory_api, open, close, 10);
TABLE(pdr_rng_api, stream, permutation, 8);
TABLE(pdr_state_api, put_tensor, get_bytes, 8);
TABLE(pdr_pictures_api, grid, grid, 1); /* a draft: its id changes with it */

AT(pdr_host, abi_version, 0);
AT(pdr_host, struct_size, 4);
AT(pdr_host, rank, 8);
AT(pdr_host, impl, 16);
AT(pdr_host, tensor, 24);
AT(pdr_host, state, 72);
AT(pdr_host, fail, 80);
LAST(pdr_host, extension);
SIZE(pdr_host, 120);
