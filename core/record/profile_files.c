/* What is left of a profile: profile.json for programs and the table, trace.json for the viewers of traces.
 *
 * The trace is the JSON object format of Chrome's "Trace Event Format", as Perfetto and chrome://tracing read it: complete events
 * ("X") on one thread, which nest strictly, since Perfetto leaves out what overlaps; microseconds with three places, so that
 * no rounding lets a part reach beyond what it is in. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "record/profile_inside.h"
#include "record/record.h"

/* ---- profile.json ---- */

static char *row_name(const struct profile_row *r)
{
    return r->phase == PROFILE_PHASES ? alloc_format("%s.%s", r->strategy, r->hook)
                                      : alloc_text(profile_phases[r->phase]);
}

static json_t *row_json(const struct profile_row *r, int64_t nanoseconds, int64_t all)
{
    char *name = row_name(r);
    json_t *out = json_pack("{s:s, s:f, s:f, s:I, s:f}", "name", name, "seconds", 1e-9 * (double)nanoseconds, "share",
                            all > 0 ? (double)nanoseconds / (double)all : 0.0, "calls", (json_int_t)r->calls, "longest",
                            1e-9 * (double)r->longest);
    if (r->phase == PROFILE_PHASES) {
        json_object_set_new(out, "strategy", json_string(r->strategy));
        json_object_set_new(out, "hook", json_string(r->hook));
    }
    free(name);
    return out;
}

/* In the order in which they were first told, and what is left behind them. */
static json_t *rows_json(const profile *p, int64_t now, int64_t *all)
{
    int64_t *times = profile_times(p, now);
    json_t *rows = json_array();
    *all = 0;
    for (int64_t i = 0; i < p->row_count; i++)
        *all += times[i];
    for (int64_t i = 1; i <= p->row_count; i++)
        json_array_append_new(rows, row_json(&p->rows[i % p->row_count], times[i % p->row_count], *all));
    free(times);
    return rows;
}

static json_t *state_at(const profile *p, int64_t now)
{
    int64_t all = 0;
    json_t *rows = rows_json(p, now, &all);
    return json_pack("{s:f, s:I, s:I, s:o}", "seconds", 1e-9 * (double)all, "steps", (json_int_t)p->steps,
                     "steps_without", (json_int_t)p->without, "phases", rows);
}

json_t *profile_state(const profile *p) { return state_at(p, clock_nanoseconds()); }

static json_t *about_json(const struct profile_about *a, const char *schema)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:I}", "schema", schema, "scenario", a->scenario, "method",
                     a->method, "seed", (json_int_t)a->seed, "plan_sha256", a->plan_sha256, "device", a->device,
                     "threads", (json_int_t)a->threads);
}

static int profile_json_write(const char *folder, const profile *p, const struct profile_about *about, int64_t now,
                              error *e)
{
    char *path = alloc_format("%s/" PROFILE_FILE, folder);
    json_t *all = about_json(about, PROFILE_SCHEMA), *state = state_at(p, now);
    json_object_update(all, state);
    json_object_set_new(all, "trace",
                        json_pack("{s:s, s:I, s:I, s:I}", "file", TRACE_FILE, "steps_shown", (json_int_t)p->steps_shown,
                                  "events", (json_int_t)p->event_count, "left_out", (json_int_t)p->left_out));
    int code = record_json(path, all, e);
    json_decref(state);
    json_decref(all);
    free(path);
    return code;
}

/* ---- trace.json ---- */

static void json_add(const json_t *value, text *out)
{
    char *words = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    text_addf(out, "%s", words ? words : "null");
    free(words);
}

static void word_add(const char *word, text *out)
{
    json_t *value = json_string(word);
    json_add(value, out);
    json_decref(value);
}

static void microseconds_add(int64_t nanoseconds, text *out)
{
    text_addf(out, "%lld.%03lld", (long long)(nanoseconds / 1000), (long long)(nanoseconds % 1000));
}

/* "args" of steps in one: milliseconds of each part of them. */
static void parts_add(const profile *p, const struct profile_event *v, text *out)
{
    json_t *args = json_pack("{s:I, s:I}", "from", (json_int_t)v->number, "to", (json_int_t)v->to);
    for (int64_t i = 1; i < v->part_count; i++) {
        char *name = row_name(&p->rows[i]), *key = alloc_format("%s (ms)", name);
        if (v->parts[i] > 0)
            json_object_set_new(args, key, json_real(1e-6 * (double)v->parts[i]));
        free(key);
        free(name);
    }
    text_addf(out, ",\"args\":");
    json_add(args, out);
    json_decref(args);
}

static void span_add(const profile *p, const struct profile_event *v, const char *cell, text *out)
{
    const long long number = v->number;
    switch (v->span) {
    case PROFILE_TASK: text_addf(out, "\"task %lld\",\"cat\":\"task\"", number); break;
    case PROFILE_EPOCH: text_addf(out, "\"epoch %lld\",\"cat\":\"epoch\"", number); break;
    case PROFILE_STEP: text_addf(out, "\"step\",\"cat\":\"step\",\"args\":{\"step\":%lld}", number); break;
    case PROFILE_STEPS:
        text_addf(out, "\"steps %lld to %lld\",\"cat\":\"step\"", number, (long long)v->to);
        parts_add(p, v, out);
        break;
    default: text_addf(out, "%s,\"cat\":\"cell\"", cell); /* PROFILE_CELL */
    }
}

static void event_add(const profile *p, const struct profile_event *v, const char *const *rows, const char *cell,
                      int64_t now, text *out)
{
    text_addf(out, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":");
    microseconds_add(v->began - p->began, out);
    text_addf(out, ",\"dur\":");
    microseconds_add(v->took < 0 ? now - v->began : v->took, out);
    text_addf(out, ",\"name\":");
    if (v->row >= 0)
        text_addf(out, "%s", rows[v->row]);
    else
        span_add(p, v, cell, out);
    text_addf(out, "}");
}

/* Name and category of a row's events, as they stand in the file. Owned: each, and the list. */
static char **rows_words(const profile *p)
{
    char **rows = alloc_zero((size_t)p->row_count + 1, sizeof(char *));
    for (int64_t i = 0; i < p->row_count; i++) {
        char *name = row_name(&p->rows[i]);
        text words = {0};
        word_add(name, &words);
        text_addf(&words, ",\"cat\":\"%s\"", p->rows[i].phase == PROFILE_PHASES ? "hook" : "phase");
        rows[i] = words.at;
        free(name);
    }
    return rows;
}

static void events_add(const profile *p, const char *cell, int64_t now, text *out)
{
    char **rows = rows_words(p);
    for (int64_t i = 0; i < p->event_count; i++)
        event_add(p, &p->events[i], (const char *const *)rows, cell, now, out);
    for (int64_t i = 0; i < p->row_count; i++)
        free(rows[i]);
    free(rows);
}

static int trace_write(const char *folder, const profile *p, const struct profile_about *about, int64_t now, error *e)
{
    char *path = alloc_format("%s/" TRACE_FILE, folder);
    char *cell = alloc_format("%s/seed-%lld", about->method, (long long)about->seed);
    text out = {0}, name = {0};
    json_t *other = about_json(about, PROFILE_SCHEMA);
    word_add(cell, &name);
    text_addf(&out, "{\"displayTimeUnit\":\"ms\",\"otherData\":");
    json_add(other, &out);
    text_addf(&out,
              ",\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"process_name\",\"args\":{\"name\":");
    word_add(about->scenario, &out);
    text_addf(&out, "}},\n{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":%s}}", name.at);
    events_add(p, name.at, now, &out);
    text_addf(&out, "\n]}\n");
    int code = file_write(path, out.at, out.length, e);
    json_decref(other);
    text_free(&name);
    text_free(&out);
    free(cell);
    free(path);
    return code;
}

int profile_write(const char *folder, const profile *p, const struct profile_about *about, error *e)
{
    const int64_t now = clock_nanoseconds();
    int code = trace_write(folder, p, about, now, e);
    return code ? code : profile_json_write(folder, p, about, now, e);
}
