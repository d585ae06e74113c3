/* Where the time of a cell goes (`perdure run --profile`): seconds by phase and by hook, and a trace of the first steps of every
 * task. Training says where it is; NULL everywhere: nobody wants to know, and no clock is read for it.
 *
 * What is told nests: a hook within the evaluation is not the evaluation's time but its own. So all phases together, "rest"
 * among them, are the seconds of the cell. Spans (a task, an epoch, a step) have no time of their own: they are for the trace.
 * One thread tells. On a GPU it is the time until the next thing could be asked for, and what waits for the device waits in "rest"
 * or wherever a number is read. */
#ifndef PERDURE_RECORD_PROFILE_H
#define PERDURE_RECORD_PROFILE_H
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

#define PROFILE_SCHEMA "perdure.profile/1"
#define PROFILE_FILE "profile.json"
#define TRACE_FILE "trace.json"

enum profile_phase {
    PROFILE_REST,  /* what is in none of the others */
    PROFILE_START, /* engine, network, strategies, or what a checkpoint holds of them */
    PROFILE_DATA,  /* order of an epoch, rows, batch */
    PROFILE_FORWARD,
    PROFILE_LOSS,
    PROFILE_BACKWARD,
    PROFILE_PENALTIES, /* and clipping */
    PROFILE_UPDATE,
    PROFILE_EVALUATION,
    PROFILE_CHECKPOINT, /* as far as training waits for it */
    PROFILE_LOG,        /* the loss is read, and told */
    PROFILE_PHASES
};

enum profile_span { PROFILE_TASK, PROFILE_EPOCH, PROFILE_STEP };

typedef struct profile profile;

profile *profile_open(void); /* owned; its time begins now, in "rest" */
void profile_close(profile *p);

/* Before the first task: how many there are, so that the trace has a share for each. */
void profile_expect(profile *p, int64_t tasks);
void profile_enter(profile *p, enum profile_phase phase);
void profile_enter_hook(profile *p, const char *who, const char *hook);      /* a strategy's; texts outlive p */
void profile_enter_span(profile *p, enum profile_span span, int64_t number); /* from 1; steps over the whole cell */
void profile_leave(profile *p);                                              /* what was entered last */
void profile_drop(profile *p); /* the same of a step that was none: no batch was left */

/* In a checkpoint, and out of it into one that was just opened: seconds and steps go on. state NULL: the `steps` behind which the
 * cell goes on were trained without a profile. Numbers that are none count as 0. */
json_t *profile_state(const profile *p); /* owned */
void profile_go_on(profile *p, const json_t *state, int64_t steps);

struct profile_about {
    const char *scenario, *method, *plan_sha256, *device;
    int64_t seed, threads;
};
/* profile.json (docs/profile.md) and trace.json, in the format of Chrome's traces, of what was told up to now; 73, 74. */
int profile_write(const char *folder, const profile *p, const struct profile_about *about, error *e);

/* ---- for those who tell ---- */

static inline void profile_begin(profile *p, enum profile_phase phase)
{
    if (p)
        profile_enter(p, phase);
}

static inline void profile_begin_hook(profile *p, const char *who, const char *hook)
{
    if (p)
        profile_enter_hook(p, who, hook);
}

static inline void profile_begin_span(profile *p, enum profile_span span, int64_t number)
{
    if (p)
        profile_enter_span(p, span, number);
}

/* Ends what was begun last and hands on what it came to: profile_end(p, work(..)). */
static inline int profile_end(profile *p, int code)
{
    if (p)
        profile_leave(p);
    return code;
}

#endif
