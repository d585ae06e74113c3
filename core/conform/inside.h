/* What the files of this room share: a ground to train on, attempts at it in processes of their own, and what came out. */
#ifndef PERDURE_CONFORM_INSIDE_H
#define PERDURE_CONFORM_INSIDE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "conform/conform.h"
#include "data/data.h"
#include "plan/plan.h"
#include "plugin/mark.h"

/* ---- ground.c: data that is made and a plan for it, small enough that a cell takes some milliseconds ---- */

typedef struct ground_words { /* sections of its scenario, in YAML; NULL: the ground's own */
    const char *data, *stream, *network, *training, *device, *output;
    int tasks; /* by class, where `stream` is NULL; 0: three */
} ground_words;

typedef struct ground {
    faults faults;
    struct scenario *scenario;
    plan *plan; /* of one method, whose one strategy is the witness that stands before the one under test */
    dataset *data;
} ground;

/* With tasks of the kind that this strategy is tested on. 78 with faults; else as those who read scenarios, plans and data.
 * ground_close in any case. */
struct conform;
int ground_open(const struct conform *k, const ground_words *words, ground *out, error *e);
void ground_close(ground *g);

/* ---- outcome: what an attempt leaves in a page that two processes share ---- */

/* In the order of pdr_hooks. */
/* clang-format off */
#define HOOK_LIST(H) \
    H(before_run) H(before_task) H(before_epoch) H(before_batch) H(before_forward) H(after_forward) H(before_loss) \
    H(compute_loss) H(after_loss) H(after_backward) H(before_update) H(after_update) H(after_batch) H(after_epoch) \
    H(after_task) H(before_eval) H(predict) H(after_eval) H(after_run) H(save) H(load)
/* clang-format on */
#define HOOK_NUMBER(name) HOOK_##name,
enum hook { HOOK_LIST(HOOK_NUMBER) HOOKS, HOOK_NONE = HOOKS };
extern const char *const hook_names[HOOKS + 1];

enum { PLACES = 4096 };

typedef struct outcome {
    host_mark mark;
    bool over;                                 /* the attempt came back: `why` is its own */
    error why;                                 /* code 0: it came to its end */
    char bits[SHA256_HEX], points[SHA256_HEX]; /* of weights and matrices; of all that was logged */
    char first[SHA256_HEX];                    /* bits of the first of several cells in one process */
    double accuracy;                           /* after the last task, over all */
    bool said; /* why it failed, by host->fail(): what a function of the host found is no refusal of its own */
    int64_t steps, warnings;
    char warning[512]; /* the first */
    int64_t findings;  /* kinds, of the host's own checks */
    char finding[512]; /* the first */
    struct hook_time {
        int64_t calls;
        double seconds, most;
    } times[HOOKS];
    uint64_t hooks;                         /* that were entered */
    char order[256];                        /* the first hook out of order or with an argument out of its range; "" */
    char mode[32];                          /* the hook that left the thread's grad mode changed; "" */
    int64_t kept, memories, optims, scopes; /* not given back when destroy() had returned */
    uint64_t calls;                         /* to the host that may fail */
    char call[64], call_hook[32];           /* the one that was refused; "": none was */
    char differs[512];                      /* of a state that was saved again */
    int64_t gradients;                      /* terms that were differentiated both ways */
    double gradient_error;                  /* the greatest, as a share of the gradient's length */
    char gradient[512];                     /* the first that is wrong; "" */
    int64_t places;                         /* of the plugin's code that call the host */
    uint64_t place[PLACES];                 /* the number of the first call from each */
} outcome;

/* ---- attempt.c ---- */

typedef struct attempt {
    const ground *ground;
    const plugin *real;
    int64_t seed;
    const char *folder; /* where checkpoints go and come from; NULL: none */
    enum { TRAIN, TRAIN_TWICE, WITHOUT_ROWS, SAVED_AGAIN } what;
    int64_t empty;       /* WITHOUT_ROWS: the task, from 0 */
    bool observed;       /* all hooks are seen, those that the strategy lacks as well, in their order */
    bool differentiated; /* the terms of some steps */
    bool elsewhere;      /* what it allocates lies at other addresses than in its siblings, with other bytes in it */
    uint64_t kill_at;    /* dies in this hook, counted from 1; 0: never */
    uint64_t refuse_at;  /* this call to the host fails; 0: none */
} attempt;

/* For one cell's checkpoints, in memory where the machine has such a place: what is asked is what they hold, and not how a disk
 * keeps it, and a cell that saves behind every step waits for it. Owned, folder_remove(); NULL: 73. */
char *attempt_folder(error *e);
outcome *outcome_open(error *e); /* one for all attempts, one after another; 71 */
void outcome_close(outcome *out);
/* Trains in a child. Its end, a crash or one that is not in time too, is in out->why. */
void attempt_make(const attempt *a, double seconds, outcome *out);

/* ---- witness.c: stands before the strategy and sees what passes between it and the host. One a process ---- */

/* The plugin as the plan has it: of the same name, parameters and flags. */
void witness_plan(const plugin *real, plugin *as, pdr_plugin *descriptor);
/* In the process of the attempt: from here on it sees `a` and tells `out`. */
void witness_begin(const attempt *a, outcome *out);

/* ---- calls.c: the host's tables with a way to refuse a call ---- */

/* The n-th call from here on fails, 0: none. Counts and places go to `out`. */
void calls_begin(uint64_t refuse_at, outcome *out, const enum hook *running);
void calls_between(const pdr_host *real, pdr_host *out); /* the same host, its tables those of calls.c */

/* ---- gradient.c ---- */

/* At the beginning of before_forward and at the end of after_loss. Forks, so the process has one thread. */
void gradient_before_forward(const pdr_step *s, outcome *out);
void gradient_after_loss(const pdr_step *s);
/* In one of its processes that came back all the same, as a hook before the end of after_loss failed: tells `why` and ends. In
 * every other it does nothing. */
void gradient_give_up(const error *why, outcome *out);

/* ---- conform.c: verdicts ---- */

/* Kinds of streams that a strategy may be tested on, the first that it takes. NULL-ended. */
extern const char *const conform_kinds[];

enum verdict { GOOD, BAD, NOT_APPLICABLE };
typedef struct conform {
    const plugin *real;
    const conform_options *options;
    json_t *report;
    double since;     /* when the check that runs began */
    const char *kind; /* "scenario: class-il": of the stream that the strategy takes */
    outcome *out;     /* of the last attempt */
    ground base;      /* on which `run` looked at it */
    outcome *first;   /* what it saw */
    bool ended;       /* there: all tasks */
    bool tidy;        /* it left nothing behind */
    bool the_same;    /* a second time: the same bits */
    bool disturbed;   /* by checkpoints: other bits */
} conform;
void verdict_say(conform *k, const char *check, enum verdict v, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What was left behind destroy(), in words; NULL: nothing, or a whole cell leaves something too, which `release` has said. */
const char *left_over(const conform *k, char *words, size_t room);
/* The last attempt ended with a refusal of the strategy itself, in its own words. */
bool refused_in_words(const conform *k);
bool check_wanted(const conform *k, const char *check);

/* ---- the checks: each says its verdict. Non-zero: Perdure cannot go on ---- */
typedef int conform_check(conform *k, error *e);
conform_check try_run, try_seed, try_saving, try_state, try_resume, try_gradient, try_refusals;
conform_check try_one_row, try_one_class, try_no_rows, try_streams, try_gpu;

#endif
