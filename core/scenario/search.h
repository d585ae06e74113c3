/* A search over settings. Only the scenario room includes this file. */
#ifndef PERDURE_SCENARIO_SEARCH_H
#define PERDURE_SCENARIO_SEARCH_H
#include "scenario/row.h"
#include "scenario/scenario.h"

/* The trials of every method that has a key of the space. The same trial of two methods has the same value of a key that both
 * have. Faults: beside a grid, without validation rows, keys that nothing has, more cells than SCENARIO_CELLS. */
void search_expand(struct check *c, const node *root, struct scenario *s);

#endif
