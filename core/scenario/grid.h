/* Grids: what the file's and a method's own `grid` make of the methods. Only the scenario room includes this file. */
#ifndef PERDURE_SCENARIO_GRID_H
#define PERDURE_SCENARIO_GRID_H
#include "scenario/row.h"
#include "scenario/scenario.h"

/* Puts the variants of every method in its place, in the order of the grid, the last key varying fastest. Keys that nothing
 * has, and more cells than SCENARIO_CELLS, are faults; the methods stay as they are then. */
void grid_expand(struct check *c, struct scenario *s);

#endif
