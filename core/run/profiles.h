/* What the cells of a run have left of where their time goes (record/profile.h), method by method, for `perdure run --profile`. */
#ifndef PERDURE_RUN_PROFILES_H
#define PERDURE_RUN_PROFILES_H
#include <jansson.h>

#include "plan/plan.h"

/* {"methods": [{"name", "cells", "of", "seconds", "steps", "steps_without",
 *               "phases": [{"name", "seconds", "share", "calls", "longest"}]}]}, owned. Means over the cells that have a good
 * profile.json of this plan, "longest" the longest of all; "of": cells of the method. The plan is that of a run that
 * is over: its digests are known. */
json_t *profiles_read(const plan *p);

#endif
