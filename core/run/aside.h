/* Cells of another plan, put aside: what a folder of a cell holds is moved whole, by one rename, and is then as it was:
 *
 *     aside/ewc/seed-2.1f0c9a77d2e4/         the first digits of the digest of the plan that it is of
 *     aside/ewc/seed-2.1f0c9a77d2e4.2/       where that is there already
 *     aside/trials/ewc@lambda=5/seed-0.../   trials of a search
 *
 * A memory in a folder outside of the run stays where it is, and the cell that is trained anew takes it.
 *
 * Nobody but this file knows of it: reports, verify, bundle and compare are of the run as it is now. */
#ifndef PERDURE_RUN_ASIDE_H
#define PERDURE_RUN_ASIDE_H
#include "run/folder.h"

/* Moves the folders of the wanted cells that cells_look found to be of another plan. Under the run's lock; a process that is killed
 * leaves each where it was or where it goes. *count: how many went. 73, 74: one could not; those before it went. */
int aside_put(const plan *p, const struct run_cells *c, int *count, error *e);
/* "27 of 30 cells are finished already; 3 are of another plan now and begin anew (what they were lies in runs/x/aside)"; of: "30 cells".
 * Owned; NULL where both are 0. */
char *aside_words(const plan *p, int finished, int aside, const char *of);

#endif
