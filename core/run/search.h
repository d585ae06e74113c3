/* A search, once its trials are run: which setting of each method is the best by its validation rows. */
#ifndef PERDURE_RUN_SEARCH_H
#define PERDURE_RUN_SEARCH_H
#include "run/folder.h"
#include "run/selection.h"

/* Is there a trial, of the methods that --only names, that has neither ended well nor failed in this run? Others run it. */
bool trials_wait(const plan *p, const run_selection *s, const struct run_cells *trials);
/* Puts the best trial of every method whose trials are all there in its place (plan_choose), and into the plan what came out
 * of each. A trial of which a seed is missing is not chosen. 1: a method has none that can be; 65: a record is damaged. */
int trials_choose(plan *p, const struct run_cells *trials, error *e);
/* The same out of "search" of a run's plan.json or summary.json, for whoever takes a run as it was recorded. Methods that were
 * not chosen yet stay open. 65: it names a method or a trial that the plan does not have. */
int trials_recall(plan *p, const json_t *search, error *e);
/* For who judges a record again: the metric of one trial's validation rows, NaN where it is not finished (65: its record is
 * damaged); and whether a score beats another, NaN being none. */
int trial_value(const plan *p, const struct run_cell *c, double *score, error *e);
bool trial_better(const plan *p, double score, double best);

#endif
