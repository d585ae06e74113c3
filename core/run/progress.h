/* How a run goes, on standard error: a bar redrawn in place on a terminal, plain lines elsewhere. No colours are used,
 * so NO_COLOR has nothing to turn off. */
#ifndef PERDURE_RUN_PROGRESS_H
#define PERDURE_RUN_PROGRESS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "train/train.h"

/* ---- the words, apart from clock and terminal ---- */

struct progress_view {
    int cell, cells;  /* from 1; of the whole run, finished ones included */
    const char *name; /* "replay/seed-2" */
    train_progress at;
    double left; /* seconds of the whole run; negative: not known yet */
};

/* One line of less than `columns` characters, ASCII, without a line end. */
void progress_bar(const struct progress_view *v, size_t columns, text *out);
void progress_line(const struct progress_view *v, text *out); /* "[3/10] replay/seed-2: task 2/5, step ..." */
void progress_duration(double seconds, text *out);            /* "8 s", "4m12s", "3h07m", "2d05h" */

/* ---- the show ---- */

struct progress {
    bool bar;
    size_t columns;
    struct progress_view view;
    double began, cell_began, shown; /* monotonic seconds */
    int ran;                         /* cells that ended in this run */
    double ran_seconds;
    int left_cells;       /* that have not begun */
    struct progress_row { /* of the accuracy matrix, as it comes */
        int64_t after;
        text words;
    } row;
};

double progress_now(void);
void progress_open(struct progress *p, int cells, int finished);
void progress_close(struct progress *p); /* takes the bar away */
void progress_begin(struct progress *p, const char *name);
void progress_tell(struct progress *p, const train_progress *at);
/* Accuracy on task `on` after `after` tasks. Plain lines show a row of those learned so far once it is whole. */
void progress_measured(struct progress *p, int64_t after, int64_t on, double accuracy);
void progress_end(struct progress *p, const char *words); /* "[3/10] replay/seed-2: WORDS" */
void progress_note(struct progress *p, const char *line); /* a line above the bar */
void progress_tick(struct progress *p);

#endif
