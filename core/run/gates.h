/* The gates of a scenario, judged by the means of a summary: "gates" of summary.json. */
#ifndef PERDURE_RUN_GATES_H
#define PERDURE_RUN_GATES_H
#include <jansson.h>
#include <stdint.h>

#include "scenario/scenario.h"

/* Puts one object a gate into the summary, whose methods are all there. `seeds`: how many the run was asked for. A gate over a
 * method of which a seed or a value is missing is not decided ("pass": null): who fell out may be who would have failed. */
void gates_judge(json_t *summary, const struct gate_list *gates, int64_t seeds);
size_t gates_open(const json_t *summary); /* how many do not hold: failed or not decided */
size_t gates_failed(const json_t *summary);

#endif
