/* Which cells of a plan a run is of: those that --only names, and of these the part that --shard says. The others are left
 * as they are, and nothing in their folders ends the run. */
#ifndef PERDURE_RUN_SELECTION_H
#define PERDURE_RUN_SELECTION_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/plan.h"

struct run_cell;
struct run_cells;

typedef struct run_selection {
    const char *const *only; /* "METHOD", "METHOD/SEED"; a method that has variants stands for all of them; borrowed */
    size_t only_count;       /* 0: all cells */
    int shard, shards;       /* from 1; shards 0: no parts */
} run_selection;

/* 64: a method or seed that the plan does not have, in the name of the option. */
int selection_check(const plan *p, const run_selection *s, error *e);
/* Is the cell one of those that --only names, whatever part? Of a search's trials the methods count, and not the seeds. */
bool selection_names(const plan *p, const run_selection *s, const struct run_cell *c);
/* Says of every cell whether it is wanted. Cells are dealt in turn, method by method and seed by seed, so that the parts
 * have as many cells of every method as can be, and differ by one in all. */
void selection_take(const plan *p, const run_selection *s, struct run_cells *c);
/* "this run   3 of 6 cells: ewc/seed-0, ..." and a line end; nothing where all are wanted. */
void selection_print(const plan *p, const run_selection *s, text *out);

#endif
