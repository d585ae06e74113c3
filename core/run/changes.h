/* What has changed between the plan that a run folder was made by and another one. */
#ifndef PERDURE_RUN_CHANGES_H
#define PERDURE_RUN_CHANGES_H
#include "base/text.h"
#include "plan/plan.h"

/* "\n  training.epochs: was 1, is 2" for every key that a cell of this method and seed depends on and that differs from the
 * folder's plan.json, at most 20 of them. Nothing where that file is not there, or says the same. */
void changes_of(const plan *p, int method, int64_t seed, text *out);
char *changes_run_name(const char *folder); /* of the scenario in plan.json; owned, NULL: there is none */

#endif
