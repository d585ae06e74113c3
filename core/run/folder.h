/* The cells of a run and where each lies in its folder; which of them are finished. */
#ifndef PERDURE_RUN_FOLDER_H
#define PERDURE_RUN_FOLDER_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "plan/plan.h"

struct run_cell {
    int method;
    int64_t seed;
    char digest[SHA256_HEX]; /* plan_cell_digest */
    char *name;              /* "replay/seed-2" */
    char *folder;            /* runs/x/cells/replay/seed-2 */
    bool wanted;             /* this run is of it (selection.h) */
    bool profiled;           /* profile.json and trace.json shall tell where its time goes */
    bool finished;           /* its record is there and of this plan */
    char *other;             /* digest of another plan, of what is there and shall be put aside; NULL: there is none */
    const char *beginning, *beginning_sha256; /* as train_listener has them; NULL: its own; borrowed */
    char *failure;                            /* why it failed in this run; NULL: it did not */
};

struct run_cells {
    struct run_cell *at; /* method by method, seed by seed */
    int count;
};

struct run_cells cells_of(const plan *p);
struct run_cells cells_of_trials(const plan *p); /* of its search, in trials/ */
void cells_free(struct run_cells *c);
/* 73: a folder that is there holds something else than a run, or (not with `fresh`) that of a scenario of another name. */
int folder_look(const plan *p, bool fresh, error *e);
/* Does the cell's folder hold its record? 0: *finished says so. 73: it holds that of another plan, with the keys that
 * differ; 65: a damaged one. */
int cell_look(const plan *p, const struct run_cell *c, bool *finished, error *e);
/* What becomes of what is there of another plan: the run is refused, it is put aside (aside.h), or the run goes over it and over all. */
enum other_plan { OTHER_REFUSED, OTHER_ASIDE, OTHER_OVER };
/* Which of them are finished, and with OTHER_ASIDE which are of another plan. The first that is wanted and refused ends it; with
 * OTHER_OVER wanted ones are not looked at, and of those that are not wanted only a good record counts. */
int cells_look(const plan *p, struct run_cells *c, enum other_plan other, error *e);
int cells_wanted(const struct run_cells *c);
int cells_finished(const struct run_cells *c, bool wanted); /* of those wanted, or of all */
/* Is there something to go on with: a wanted cell that is finished (as cells_look found), or one with a checkpoint? */
bool cells_begun(const struct run_cells *c);
/* scenario.yaml, as it was read, and plan.json. */
int folder_describe(const plan *p, error *e);

#endif
