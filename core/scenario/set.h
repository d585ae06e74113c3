/* --set KEY=VALUE: a value laid over the tree before it is checked, so that it is held to the same rows. */
#ifndef PERDURE_SCENARIO_SET_H
#define PERDURE_SCENARIO_SET_H
#include "base/arena.h"
#include "base/error.h"
#include "scenario/faults.h"
#include "scenario/node.h"

/* `set`: "optimizer.lr=0.1", "methods[1].strategies[0].replay.capacity=500"; the value is YAML in one line. Sections
 * that are not there are made, what is there is replaced; [n] behind a list's last entry appends. 64: no such form.
 * Faults of the value go into `f`. */
int set_lay(node *root, const char *set, arena *a, faults *f, error *e);

#endif
