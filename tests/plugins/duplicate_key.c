/* SPDX-License-Identifier: Apache-2.0 */
/* Two rows with the same key. */
#include "tiny.h"
TINY_REFUSED(PDR_ABI_VERSION, sizeof(pdr_plugin), "duplicate_key", TINY_GOOD_ROW,
             {.key = "rows",
              .help = "again",
              .type = PDR_PARAM_INT,
              .offset = offsetof(config, more),
              .fallback = "1",
              .min = 1,
              .max = 10})
