/* What a profile holds, for the two files that make it. */
#ifndef PERDURE_RECORD_PROFILE_INSIDE_H
#define PERDURE_RECORD_PROFILE_INSIDE_H
#include <stdbool.h>

#include "record/profile.h"

enum {
    PROFILE_DEPTH = 32,        /* of what is in each other; a cell needs about eight */
    TRACE_STEPS = 100,         /* of a task that are shown in full, */
    TRACE_STEP_EVENTS = 24,    /* of about so many events each, */
    TRACE_EVENTS = 100000,     /* as long as all tasks together have no more than this; */
    TRACE_EVENTS_MOST = 150000 /* and that is the end of a trace: some 20 MB */
};

enum { PROFILE_CELL = PROFILE_STEP + 1, PROFILE_STEPS /* that are not shown, in one */ };

struct profile_row {
    char strategy[128], hook[32];        /* "": a phase of the host's */
    const char *strategy_key, *hook_key; /* as they were last told: mostly the same pointers again */
    enum profile_phase phase;            /* of a hook PROFILE_PHASES */
    int64_t nanoseconds, calls, longest; /* its own; of one call with all that is in it */
};

struct profile_frame {
    int64_t row;           /* -1: a span */
    int64_t began, inside; /* nanoseconds; what its parts took */
    int64_t event;         /* -1: not in the trace */
    bool shown, in_step;   /* what is in it may be; it is one, or in one */
    int32_t span;          /* where it is one */
};

/* A bar of the trace, entered when it begins: so a list of them is in order, and nobody stands before what it is in. */
struct profile_event {
    int64_t began, took; /* nanoseconds; took -1: it still goes on */
    int64_t number, to;  /* of a span; of steps in one: from and to */
    int32_t row;         /* -1: a span */
    int32_t span;        /* a profile_span, PROFILE_CELL or PROFILE_STEPS */
    int64_t *parts;      /* [row_count of then] of steps in one: nanoseconds by row; owned, else NULL */
    int64_t part_count;
};

struct profile {
    struct profile_row *rows;
    int64_t row_count;
    struct profile_frame frames[PROFILE_DEPTH];
    int depth, beyond;                /* frames in use; entered beyond PROFILE_DEPTH */
    int64_t began;                    /* nanoseconds */
    int64_t steps, without;           /* steps told; those before that were trained untold */
    int64_t stage_steps, steps_shown; /* of this task; of each task, at most */
    int64_t in_one;                   /* event that stands for steps which are not shown; -1: none is open */
    struct profile_event *events;
    int64_t event_count, event_room, left_out;
};

extern const char *const profile_phases[PROFILE_PHASES];

/* Nanoseconds of each row up to `now`, what goes on included: [row_count], owned. */
int64_t *profile_times(const profile *p, int64_t now);

#endif
