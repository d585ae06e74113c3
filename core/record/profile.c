/* See profile.h. A stack of what goes on: whatever ends gives its time to whom it is in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/profile_inside.h"

const char *const profile_phases[PROFILE_PHASES] = {
    "rest", "start", "data", "forward", "loss", "backward", "penalties", "update", "evaluation", "checkpoint", "log"};

/* ---- rows ---- */

static int64_t row_add(profile *p, enum profile_phase phase, const char *strategy, const char *hook)
{
    p->rows = alloc_again(p->rows, (size_t)p->row_count + 1, sizeof *p->rows);
    struct profile_row *r = &p->rows[p->row_count];
    *r = (struct profile_row){.strategy_key = strategy, .hook_key = hook, .phase = phase};
    snprintf(r->strategy, sizeof r->strategy, "%s", strategy ? strategy : "");
    snprintf(r->hook, sizeof r->hook, "%s", hook ? hook : "");
    return p->row_count++;
}

static int64_t row_of_phase(profile *p, enum profile_phase phase)
{
    for (int64_t i = 0; i < p->row_count; i++)
        if (p->rows[i].phase == phase)
            return i;
    return row_add(p, phase, NULL, NULL);
}

static int64_t row_of_hook(profile *p, const char *strategy, const char *hook)
{
    for (int64_t i = 0; i < p->row_count; i++)
        if (p->rows[i].strategy_key == strategy && p->rows[i].hook_key == hook && hook)
            return i;
    for (int64_t i = 0; i < p->row_count; i++) {
        struct profile_row *r = &p->rows[i];
        if (r->phase != PROFILE_PHASES || strcmp(r->strategy, strategy) != 0 || strcmp(r->hook, hook) != 0)
            continue;
        r->strategy_key = strategy;
        r->hook_key = hook;
        return i;
    }
    return row_add(p, PROFILE_PHASES, strategy, hook);
}

/* ---- events ---- */

/* -1 where there is no room for it. Steps leave some for what comes between them. */
static int64_t event_begin(profile *p, int64_t row, int32_t span, int64_t number, int64_t now, bool in_step)
{
    if (p->event_count >= (in_step ? TRACE_EVENTS : TRACE_EVENTS_MOST)) {
        p->left_out++;
        return -1;
    }
    if (p->event_count == p->event_room) {
        p->event_room = p->event_room ? 2 * p->event_room : 1024;
        p->events = alloc_again(p->events, (size_t)p->event_room, sizeof *p->events);
    }
    p->events[p->event_count] = (struct profile_event){
        .began = now, .took = -1, .number = number, .to = number, .row = (int32_t)row, .span = span};
    return p->event_count++;
}

static void frame_push(profile *p, int64_t row, int32_t span, int64_t number, bool shown)
{
    if (p->depth == PROFILE_DEPTH) {
        p->beyond++;
        return;
    }
    const struct profile_frame *in = p->depth ? &p->frames[p->depth - 1] : NULL;
    const bool in_step = span == PROFILE_STEP || (in && in->in_step);
    struct profile_frame *f = &p->frames[p->depth++];
    *f = (struct profile_frame){.row = row, .span = span, .event = -1, .in_step = in_step};
    f->began = clock_nanoseconds();
    if (!shown || (in && !in->shown))
        return;
    f->event = event_begin(p, span == PROFILE_CELL ? -1 : row, span, number, f->began, in_step);
    f->shown = f->event >= 0;
}

/* Steps that are not shown stand in the trace as one bar, with the time of their parts. */
static void steps_join(profile *p, int64_t number)
{
    const struct profile_frame *in = &p->frames[p->depth - 1];
    if (p->in_one < 0 && in->shown) {
        const int64_t now = clock_nanoseconds();
        p->in_one = event_begin(p, -1, PROFILE_STEPS, number, now, false);
        if (p->in_one < 0)
            return;
        p->events[p->in_one].parts = profile_times(p, now);
        p->events[p->in_one].part_count = p->row_count;
    }
    if (p->in_one >= 0)
        p->events[p->in_one].to = number;
}

static void steps_part(profile *p, int64_t now)
{
    if (p->in_one < 0)
        return;
    struct profile_event *one = &p->events[p->in_one];
    int64_t *times = profile_times(p, now);
    for (int64_t i = 0; i < one->part_count; i++)
        times[i] -= one->parts[i];
    free(one->parts);
    one->parts = times;
    one->part_count = p->row_count;
    one->took = now - one->began;
    p->in_one = -1;
}

/* ---- what is told ---- */

profile *profile_open(void)
{
    profile *p = alloc_zero(1, sizeof *p);
    p->in_one = -1;
    p->steps_shown = TRACE_STEPS;
    frame_push(p, row_add(p, PROFILE_REST, NULL, NULL), PROFILE_CELL, 0, true);
    p->began = p->frames[0].began;
    return p;
}

void profile_close(profile *p)
{
    if (!p)
        return;
    for (int64_t i = 0; i < p->event_count; i++)
        free(p->events[i].parts);
    free(p->events);
    free(p->rows);
    free(p);
}

void profile_expect(profile *p, int64_t tasks)
{
    const int64_t share = TRACE_EVENTS / (TRACE_STEP_EVENTS * (tasks > 0 ? tasks : 1));
    p->steps_shown = share < 1 ? 1 : share < TRACE_STEPS ? share : TRACE_STEPS;
}

void profile_enter(profile *p, enum profile_phase phase) { frame_push(p, row_of_phase(p, phase), -1, 0, true); }

void profile_enter_hook(profile *p, const char *who, const char *hook)
{
    frame_push(p, row_of_hook(p, who, hook), -1, 0, true);
}

void profile_enter_span(profile *p, enum profile_span span, int64_t number)
{
    bool shown = true;
    if (span == PROFILE_TASK)
        p->stage_steps = 0;
    if (span == PROFILE_STEP && p->stage_steps >= p->steps_shown) {
        shown = false;
        steps_join(p, number);
    }
    p->stage_steps += span == PROFILE_STEP;
    p->steps += span == PROFILE_STEP;
    frame_push(p, -1, (int32_t)span, number, shown);
}

void profile_leave(profile *p)
{
    if (p->beyond > 0) {
        p->beyond--;
        return;
    }
    const struct profile_frame *f = &p->frames[--p->depth];
    const int64_t now = clock_nanoseconds(), took = now - f->began;
    if (f->span == PROFILE_EPOCH)
        steps_part(p, now);
    if (f->row >= 0) {
        struct profile_row *r = &p->rows[f->row];
        r->nanoseconds += took - f->inside;
        r->calls++;
        r->longest = took > r->longest ? took : r->longest;
    }
    if (p->depth > 0)
        p->frames[p->depth - 1].inside += f->row >= 0 ? took : f->inside;
    if (f->event >= 0)
        p->events[f->event].took = took;
}

void profile_drop(profile *p)
{
    struct profile_frame *f = &p->frames[p->depth - 1];
    if (p->beyond > 0 || f->span != PROFILE_STEP)
        return;
    p->steps--;
    p->stage_steps--;
    if (f->event >= 0) /* nothing but parts of it came behind it */
        p->event_count = f->event;
    else if (p->in_one >= 0 && --p->events[p->in_one].to < p->events[p->in_one].number) {
        free(p->events[p->in_one].parts); /* it was begun for this one */
        p->event_count = p->in_one;
        p->in_one = -1;
    }
    f->event = -1;
    profile_leave(p);
}

/* From the innermost out: what is within a span counts for whom the span is in. */
int64_t *profile_times(const profile *p, int64_t now)
{
    int64_t *times = alloc_zero((size_t)p->row_count, sizeof *times), inside = 0;
    for (int64_t i = 0; i < p->row_count; i++)
        times[i] = p->rows[i].nanoseconds;
    for (int i = p->depth - 1; i >= 0; i--) {
        const struct profile_frame *f = &p->frames[i];
        const int64_t took = now - f->began;
        if (f->row >= 0)
            times[f->row] += took - f->inside - inside;
        inside = f->row >= 0 ? took : f->inside + inside;
    }
    return times;
}

/* ---- over a checkpoint ---- */

static int64_t row_named(profile *p, const json_t *from)
{
    const char *name = json_string_value(json_object_get(from, "name"));
    const char *strategy = json_string_value(json_object_get(from, "strategy"));
    const char *hook = json_string_value(json_object_get(from, "hook"));
    if (strategy && hook) {
        const int64_t row = row_of_hook(p, strategy, hook);
        p->rows[row].strategy_key = p->rows[row].hook_key = NULL; /* of a JSON that goes */
        return row;
    }
    for (int i = 0; name && i < PROFILE_PHASES; i++)
        if (!strcmp(name, profile_phases[i]))
            return row_of_phase(p, (enum profile_phase)i);
    return -1;
}

static int64_t nanoseconds_of(const json_t *from, const char *key)
{
    const double seconds = json_number_value(json_object_get(from, key));
    return seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1e9 + 0.5) : 0;
}

static int64_t count_of(const json_t *from, const char *key)
{
    const json_int_t count = json_integer_value(json_object_get(from, key));
    return count > 0 ? count : 0;
}

void profile_go_on(profile *p, const json_t *state, int64_t steps)
{
    const json_t *phases = json_object_get(state, "phases");
    for (size_t i = 0; i < json_array_size(phases); i++) {
        const json_t *from = json_array_get(phases, i);
        const int64_t row = row_named(p, from), longest = nanoseconds_of(from, "longest");
        if (row < 0)
            continue;
        struct profile_row *r = &p->rows[row];
        r->nanoseconds += nanoseconds_of(from, "seconds");
        r->calls += count_of(from, "calls");
        r->longest = longest > r->longest ? longest : r->longest;
    }
    p->steps += count_of(state, "steps");
    p->without = steps > p->steps ? steps - p->steps : 0;
}
