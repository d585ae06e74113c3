/* The coordinator's loop: starts the processes of cells, listens to them, and finds out how each ended. Knows neither
 * plans nor folders, so that it can be tested with cells that crash on purpose. */
#ifndef PERDURE_RUN_CELLS_H
#define PERDURE_RUN_CELLS_H
#include "base/error.h"
#include "run/channel.h"
#include "run/process.h"

struct cells_work {
    int count; /* cells, numbered from 0 and started in this order, but for those that are not ready */
    int jobs;  /* processes at a time */
    void *self;
    process_body *body;                               /* in the process of the cell */
    bool (*recorded)(void *self, int cell, error *e); /* is there a good record? `e`: why not, where it is damaged */
    void (*began)(void *self, int cell);
    void (*told)(void *self, int cell, const struct message *m); /* all but error and done */
    void (*words)(void *self, int cell, const char *line); /* printed by the cell or a library in it, made harmless */
    void (*ended)(void *self, int cell, const error *why); /* why NULL: it left a good record; 75: it was stopped */
    void (*tick)(void *self);                              /* about once a second, while cells run */
    int (*clear)(void *self, int cell, error *e);          /* before its process starts; may be NULL */
    double (*hook_limit)(void *self, int cell); /* seconds that one hook may take, 0: any; may be NULL: any */
    void (*waits)(void *self, int cells);       /* for so many to save, once the run was asked to stop */
    bool saves; /* asked to stop, cells are told so and waited for; else they are killed */
    /* May it begin, or does it wait for the end of another that has begun? May be NULL: it may. */
    bool (*ready)(void *self, int cell);
    /* Does the run stop as it was stopped, or do others its work? May be NULL: the run stops. */
    bool (*needed)(void *self, int cell);
};

/* 0: every cell was run, whether it failed or not; 75: the run or a cell was asked to stop (signals.h), finished cells
 * stand; 130: it was asked again, and the cells were killed; 71. */
int cells_run(const struct cells_work *w, error *e);

#endif
