/* SPDX-License-Identifier: Apache-2.0 */
/* The drafts of tests/abi/drafts, as if a host offered them: enough to run a strategy that asks for them. */
#ifndef PERDURE_TEST_OFFERED_H
#define PERDURE_TEST_OFFERED_H
#include <perdure/host.h>

/* pdr_host.extension: "perdure.ranks/1" is of two ranks that see the same rows; "perdure.tables/1" has one table, the weights of
 * the first layer, all of whose rows every step touches. NULL for all else. */
const void *offered(const pdr_host *h, const char *id);

#endif
