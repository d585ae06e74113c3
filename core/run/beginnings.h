/* Cells of a run that are the same up to the end of their first task (plan_beginning_digest): it is trained once, in a process of its
 * own that runs before theirs, and kept in the run's folder until the last of them has ended:
 *
 *     beginnings/6f0c.../step-00000099-in-task-1/
 *
 * What it comes to is the same bit for bit, so nothing of it stands in any record. */
#ifndef PERDURE_RUN_BEGINNINGS_H
#define PERDURE_RUN_BEGINNINGS_H
#include "data/data.h"
#include "run/folder.h"

struct beginning {
    char *folder, *name; /* "ewc/seed-0 and 9 others" */
    char digest[SHA256_HEX];
    int *methods, count; /* whose cells they are, with this seed */
    int64_t seed;
    int left; /* cells of it that have not ended; 0: it does not pay */
    bool settled;
    bool over; /* it is there, or will not be: its cells may begin */
};

struct beginnings {
    struct beginning *at;
    int count;
    int *of; /* [cells]: of the pending cells, in their order; -1: trains its first task itself */
};

/* Of the pending cells those that share, unless they begin so soon that nothing is gained: a process takes a moment to start. What lies
 * there already is used, but with `fresh`. */
void beginnings_take(const plan *p, const dataset *data, const struct run_cells *cells, const int *pending, int count,
                     bool fresh, struct beginnings *out);
bool beginning_there(const struct beginning *b); /* whole, by its manifest */
int beginning_clear(const struct beginning *b, error *e);
void beginning_left(struct beginning *b); /* one of its cells has ended: behind the last it goes */
void beginnings_free(struct beginnings *b);
void beginnings_remove(const plan *p); /* all that lies there: the run has come to its end */

#endif
