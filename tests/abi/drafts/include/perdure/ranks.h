/* SPDX-License-Identifier: Apache-2.0
 *
 * perdure/ranks.h: extension "perdure.ranks/1", a draft that no host offers yet: what the processes of a data-parallel cell
 * tell each other. Every rank makes the same calls in the same order (rule 19 of plugin.h); results are the same bits on each.
 */
#ifndef PERDURE_RANKS_H
#define PERDURE_RANKS_H

#include <perdure/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PDR_RANKS "perdure.ranks/1"

typedef struct pdr_ranks_api {
    uint32_t struct_size, reserved;

    /* into = the sum of the ranks' tensors, which have one shape. `into`: as for the in-place functions of tensor.h. */
    pdr_status (*sum)(pdr_scope *s, pdr_tensor *into);
    /* into = that of rank `from`. */
    pdr_status (*share)(pdr_scope *s, pdr_tensor *into, uint32_t from);
    /* [n, ...] of each rank -> [sum of n, ...], in the order of ranks. */
    pdr_tensor *(*gather)(pdr_scope *s, const pdr_tensor *rows);
} pdr_ranks_api;

#ifdef __cplusplus
}
#endif
#endif
