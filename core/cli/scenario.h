/* What `run`, `check` and `bench` begin with: the words of the command line become a plan. */
#ifndef PERDURE_CLI_SCENARIO_H
#define PERDURE_CLI_SCENARIO_H
#include "cli/cli.h"
#include "plan/plan.h"

struct planned {
    faults faults; /* what is wrong with the file */
    struct scenario *scenario;
    plan *plan;
};

/* Reads the first argument with the call's --set and --out laid over it, and resolves it. 0, 78 with faults, or another
 * code with `e`. planned_close in any case. */
int planned_open(const call *c, struct planned *out, error *e);
/* The same with a scenario that the program has in itself; `name` stands for it in messages. */
int planned_open_words(const call *c, const char *name, const char *words, struct planned *out, error *e);
void planned_close(struct planned *p);

#endif
