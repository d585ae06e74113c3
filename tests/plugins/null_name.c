/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor without a name. */
#include "tiny.h"
TINY_REFUSED(PDR_ABI_VERSION, sizeof(pdr_plugin), NULL, TINY_GOOD_ROW)
