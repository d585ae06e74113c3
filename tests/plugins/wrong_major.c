/* SPDX-License-Identifier: Apache-2.0 */
/* Built for another major of the interface: refused, with both versions in the words. */
#include "tiny.h"
TINY_REFUSED((PDR_ABI_MAJOR + 1u) << 16, sizeof(pdr_plugin), "wrong_major", TINY_GOOD_ROW)
