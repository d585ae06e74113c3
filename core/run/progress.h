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
    double left;  /* seconds of the whole run; negative: not known yet */
    double whole; /* share of the whole run that is done; 0: not to be shown */
};

/* One line of less than `columns` characters, ASCII, without a line end. */
void progress_bar(const struct progress_view *v, size_t columns, text *out);
/* The same of several cells that run side by side, `over` of the run's being done: the bar is that of the whole run. Of the
 * cells as many are named as have room. */
void progress_bar_of(const struct progress_view *const *views, int count, int over, size_t columns, text *out);
void progress_line(const struct progress_view *v, text *out); /* "[3/10] replay/seed-2: task 2/5, step ..." */
/* "[2/10 done] replay/seed-2 50%, ewc/seed-0 8%, all 26%, 4m12s left" */
void progress_line_of(const struct progress_view *const *views, int count, int over, text *out);
void progress_duration(double seconds, text *out); /* "8 s", "4m12s", "3h07m", "2d05h" */

/* ---- the show ---- */

struct progress_cell { /* one that runs */
    int id;            /* the caller's number for it; -1: this place is free */
    char *name;
    struct progress_view view;
    double began;         /* monotonic seconds */
    bool beside;          /* none of the run's cells */
    struct progress_row { /* of its accuracy matrix, as it comes */
        int64_t after;
        text words;
    } row;
};

struct progress {
    bool bar;
    struct progress_cell *at; /* [jobs] */
    int jobs;
    double shown;                    /* the bar, or the line of several cells */
    int cells, begun, waiting, over; /* cells of the run: all; begun, in this run or earlier; to come; done */
    int ran;                         /* ended in this run */
    double ran_seconds;              /* of theirs */
};

void progress_open(struct progress *p, int cells, int finished, int jobs);
void progress_close(struct progress *p); /* takes the bar away */
/* `id`: the caller's number for a cell, until its end. */
void progress_begin(struct progress *p, int id, const char *name);
/* The same of what runs for cells and is none: it is not counted. */
void progress_begin_beside(struct progress *p, int id, const char *name);
void progress_tell(struct progress *p, int id, const train_progress *at);
/* Accuracy on task `on` after `after` tasks. Plain lines show a row of those learned so far once it is whole. */
void progress_measured(struct progress *p, int id, int64_t after, int64_t on, double accuracy);
double progress_since(const struct progress *p, int id);          /* seconds that the cell has run */
void progress_end(struct progress *p, int id, const char *words); /* "[3/10] replay/seed-2: WORDS"; NULL: no line */
void progress_note(struct progress *p, const char *line);         /* a line above the bar */
void progress_words(struct progress *p, const char *of, const char *line); /* the same as "OF: line" */
void progress_tick(struct progress *p);

#endif
