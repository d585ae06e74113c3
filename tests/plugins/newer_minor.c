/* SPDX-License-Identifier: Apache-2.0 */
/* Needs a newer host: minor 999 of the right major. Refused, with both versions in the words. */
#include "tiny.h"
TINY_REFUSED((PDR_ABI_MAJOR << 16) | 999u, sizeof(pdr_plugin), "newer_minor", TINY_GOOD_ROW)
