/* SPDX-License-Identifier: Apache-2.0 */
/* Says that its descriptor ends before the members that every 1.0 plugin has. */
#include "tiny.h"
TINY_REFUSED(PDR_ABI_VERSION, offsetof(pdr_plugin, hooks), "short_struct", TINY_GOOD_ROW)
