/* Variants of methods, as a grid or a search makes them: what the plan asks of them. */
#ifndef PERDURE_SCENARIO_VARIANT_H
#define PERDURE_SCENARIO_VARIANT_H
#include <jansson.h>

#include "scenario/scenario.h"

/* Faults from `from` on were found in `m`: those of a value of the grid are moved to where that stands, and what was told
 * of another variant before is dropped. Of a method that is no variant nothing changes. */
void variant_faults(const struct method_options *m, faults *f, size_t from);
/* Where what the method says of such keys stands: "methods[1].set", or the key of a grid that begins so. Owned. */
char *variant_place(const struct method_options *m, const char *keys);
json_t *variant_set_json(const struct method_options *m);       /* {"ewc.lambda": 10}; NULL: it is no variant; owned */
json_t *search_space_json(const struct search_options *search); /* as the file says it; owned */

#endif
