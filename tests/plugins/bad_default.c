/* SPDX-License-Identifier: Apache-2.0 */
/* A parameter whose default, 99, is outside its own range, 1 to 10. */
#include "tiny.h"
TINY_REFUSED(PDR_ABI_VERSION, sizeof(pdr_plugin), "bad_default",
             {.key = "rows",
              .help = "unused",
              .type = PDR_PARAM_INT,
              .offset = offsetof(config, rows),
              .fallback = "99",
              .min = 1,
              .max = 10})
