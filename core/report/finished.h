/* A run that is over, as its folder has it: what the HTML page is made of.
 *
 * summary.json says which methods and seeds there are; the rest is read where it is there, and the page does without it where
 * it is not. Accuracies on the way come from log.jsonl ("accuracy/task-J"), or from the rows of the matrix where the log has
 * none. */
#ifndef PERDURE_REPORT_FINISHED_H
#define PERDURE_REPORT_FINISHED_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "evaluate/matrix.h"

/* Accuracy on task `on` (from 1), measured while or after task `task` was trained (0: untrained), at a step of the cell. */
struct accuracy_point {
    int64_t on, task, step;
    double value;
};

struct finished_cell {
    int64_t seed;
    json_t *result;                /* owned; NULL: its result.json is not there */
    matrix *accuracy;              /* NULL: the result has none that can be drawn */
    struct accuracy_point *points; /* [point_count], by `on`, then as they were measured; of the log */
    size_t point_count;
};

enum method_role { METHOD_PLAIN, METHOD_BASELINE, METHOD_UPPER }; /* UPPER: trains on all tasks at once */

struct finished_method {
    const char *name;     /* of the summary; "?" where it has none */
    const json_t *row;    /* of the summary */
    const json_t *config; /* of plan.json; NULL: not there */
    struct finished_cell *cells;
    size_t cell_count;
    enum method_role role;
    int colour; /* from 0, in the order of plain methods; of no meaning for the others */
};

struct finished_run {
    const char *folder;
    const json_t *summary;
    json_t *plan, *manifest, *cell_manifest; /* NULL: not there; the last is that of cell_manifest_name */
    char *cell_manifest_name;                /* "replay/seed-0" */
    char *scenario;                          /* NULL: not there */
    struct finished_method *methods;
    size_t method_count;
    int64_t tasks;      /* of the largest matrix; 0: nothing to draw */
    const char *error;  /* "sem", "sd", "ci95" */
    size_t missing;     /* results that the summary counts and the folder does not have */
    double lowest_seen; /* where axes of accuracy begin: 0, or a tenth from 0.5 on that nothing lies below */
};

/* Borrows folder and summary until finished_close. 65: a result.json is damaged; 74. */
int finished_read(const char *folder, const json_t *summary, struct finished_run *out, error *e);
void finished_close(struct finished_run *r);

#endif
