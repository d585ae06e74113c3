/* The coordinator's loop: starts the processes of cells, listens to them, and finds out how each ended. Knows neither
 * plans nor folders, so that it can be tested with cells that crash on purpose. */
#ifndef PERDURE_RUN_CELLS_H
#define PERDURE_RUN_CELLS_H
#include "base/error.h"
#include "run/channel.h"
#include "run/process.h"

struct cells_work {
    int count; /* cells, numbered from 0 and started in this order */
    int jobs;  /* processes at a time */
    void *self;
    process_body *body;                               /* in the process of the cell */
    bool (*recorded)(void *self, int cell, error *e); /* is there a good record? `e`: why not, where it is damaged */
    void (*began)(void *self, int cell);
    void (*told)(void *self, int cell, const struct message *m); /* progress, note, measured */
    void (*words)(void *self, int cell, const char *line);       /* printed by the cell or a library in it */
    void (*ended)(void *self, int cell, const error *why);       /* why NULL: it left a good record */
    void (*tick)(void *self);                                    /* about once a second, while cells run */
    int (*clear)(void *self, int cell, error *e);                /* before its process starts; may be NULL */
};

/* 0: every cell was run, whether it failed or not; 75: stopped by SIGINT, SIGTERM or SIGHUP, running cells were killed
 * and finished ones stand; 71. A second SIGINT ends the program at once with 130. */
int cells_run(const struct cells_work *w, error *e);

#endif
