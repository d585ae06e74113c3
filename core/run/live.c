/* See live.h. Points are written here and do not go through the channel, as they are many; accuracies do, too, for Prometheus. This
 * is the one place through which all goes that is traced: log.jsonl, and with it TensorBoard. */
#include "run/live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/record.h"
#include "record/traces.h"
#include "run/channel.h"
#include "run/origin.h"
#include "run/progress.h"

struct voice {
    int channel;
    const char *folder;
    record_log *log;
    traces *traces;
};

/* The event file of TensorBoard is a second copy: a disk that does not take it costs no result. */
static void voice_look(const struct voice *v)
{
    error why = {0};
    if (!traces_trouble(v->traces, &why))
        return;
    char *line = alloc_format("%s: TensorBoard's events end here; log.jsonl has every point", why.text);
    channel_note(v->channel, "warning", line);
    free(line);
}

static void voice_progress(void *self, const train_progress *p)
{
    const struct voice *v = self;
    channel_progress(v->channel, p);
    traces_speed(v->traces, p->step, p->steps_per_second);
}

static void voice_note(void *self, const char *level, const char *line)
{
    const struct voice *v = self;
    channel_note(v->channel, level, line);
}

/* Prometheus shows each when it comes. */
static void accuracy_tell(const struct voice *v, const char *name, double value)
{
    static const char prefix[] = "accuracy/task-";
    char *end = NULL;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return;
    long long on = strtoll(name + sizeof prefix - 1, &end, 10);
    if (*end == '\0' && on > 0)
        channel_accuracy(v->channel, on, value);
}

static void voice_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    const struct voice *v = self;
    record_log_point(v->log, name, task, step, value);
    traces_point(v->traces, name, step, value);
    accuracy_tell(v, name, value);
    voice_look(v);
}

static void voice_measured(void *self, int64_t after, int64_t on, double accuracy)
{
    const struct voice *v = self;
    channel_measured(v->channel, after, on, accuracy);
}

/* The metrics of the tasks so far are points, too: those of the last row are those of result.json. */
static void voice_row(void *self, int64_t after, int64_t step, const matrix *m)
{
    const struct voice *v = self;
    matrix *first = matrix_first(m, after);
    for (int64_t i = 0; after > 0 && i < metric_count; i++) {
        double value = metric_value(&metrics[i], first, NULL);
        char *name = alloc_format("metrics/%s", metrics[i].name);
        if (isfinite(value))
            voice_point(self, name, after, step, value);
        free(name);
    }
    if (after > 0)
        channel_row(v->channel, after, step, metric_find("acc.macro")->of(first),
                    metric_find("forgetting.chaudhry")->of(first));
    matrix_close(first);
    traces_row(v->traces, after, step, m);
    voice_look(v);
}

/* What is told of a whole curve alone is a point when the last task is over. */
static void curve_tell(void *self, const cell_result *r)
{
    for (int64_t i = 0; i < metric_count; i++) {
        double value = metrics[i].of_curve ? metric_value(&metrics[i], r->accuracy, r->anytime) : (double)NAN;
        char *name = alloc_format("metrics/%s", metrics[i].name);
        if (isfinite(value))
            voice_point(self, name, r->accuracy->tasks, r->steps, value);
        free(name);
    }
}

static int voice_picture(void *self, const char *name, int64_t step, const picture *p, error *e)
{
    const struct voice *v = self;
    traces_picture(v->traces, name, step, p);
    voice_look(v);
    return record_picture(v->folder, name, p, e);
}

static int voice_log_place(void *self, int64_t *bytes, error *e)
{
    const struct voice *v = self;
    int code = record_log_place(v->log, bytes, e);
    if (!code)
        traces_place(v->traces, *bytes);
    voice_look(v);
    return code;
}

static int voice_log_sync(void *self, error *e)
{
    const struct voice *v = self;
    traces_sync(v->traces);
    return record_log_sync(v->log, e);
}

static void voice_traces_keep(const struct voice *v, int64_t bytes)
{
    bool lacks = false;
    traces_keep(v->traces, bytes, &lacks);
    voice_look(v);
    if (lacks)
        channel_note(v->channel, "info", "found no event file up to this checkpoint: TensorBoard's begins here");
}

/* A cell that begins anew begins with nothing, whatever an earlier one has left. */
static int voice_log_keep(void *self, int64_t bytes, error *e)
{
    const struct voice *v = self;
    error why = {0};
    int code = bytes < 0 ? record_begin_anew(v->folder, e) : 0;
    if (!code)
        voice_traces_keep(v, bytes);
    if (code || !(code = record_log_keep(v->log, bytes < 0 ? 0 : bytes, &why)))
        return code;
    if (code != EXIT_DATA)
        return error_copy(e, &why);
    channel_note(v->channel, "warning", why.text); /* somebody cut it: no reason to lose the training too */
    return 0;
}

static bool voice_stop(void *self)
{
    (void)self;
    return process_stopping();
}

double cell_hook_limit(const plan *p, int method) { return p->methods[method].options->training.hook_limit; }

static int result_record(const plan *p, const struct run_cell *c, const cell_result *result, double start,
                         const provenance *origin, int64_t started, error *e)
{
    provenance own = origin ? *origin : (provenance){.digested = -1, .digesting = -1};
    own.started = started;
    return record_cell(c->folder, p, c->method, c->seed, result, start, origin ? &own : NULL, e);
}

/* Without it a cell is as good: a disk that does not take it costs no result. */
static void profile_leave_behind(const struct voice *v, const plan *p, const struct run_cell *c, const profile *of)
{
    const struct profile_about about = {.scenario = p->scenario->name,
                                        .method = p->methods[c->method].name,
                                        .plan_sha256 = c->digest,
                                        .device = p->device,
                                        .seed = c->seed,
                                        .threads = p->scenario->device.threads};
    error why = {0};
    if (!of || !profile_write(c->folder, of, &about, &why))
        return;
    char *line = alloc_format("%s: this cell has no profile", why.text);
    channel_note(v->channel, "warning", line);
    free(line);
}

int cell_live(const plan *p, const dataset *data, const struct run_cell *c, const struct process_inside *inside,
              const provenance *origin, error *e)
{
    struct voice voice = {.channel = inside->channel, .folder = c->folder};
    train_listener listener = {.self = &voice,
                               .progress = voice_progress,
                               .note = voice_note,
                               .point = voice_point,
                               .measured = voice_measured,
                               .row = voice_row,
                               .picture = voice_picture,
                               .folder = c->folder,
                               .log_place = voice_log_place,
                               .log_sync = voice_log_sync,
                               .log_keep = voice_log_keep,
                               .stop = voice_stop,
                               .mark = inside->mark,
                               .profile = c->profiled ? profile_open() : NULL,
                               .beginning = c->beginning,
                               .beginning_sha256 = c->beginning_sha256};
    cell_result *result = NULL;
    double start = clock_seconds();
    int64_t started = (int64_t)time(NULL);
    if (origin && origin->digesting >= 0)
        origin_work(origin, p);
    int code = record_log_open(c->folder, &voice.log, e);
    if (code) {
        profile_close(listener.profile);
        return code;
    }
    voice.traces = traces_open(c->folder, p, c->method);
    start = clock_seconds() - start;
    code = train_cell(p, c->method, c->seed, data, &listener, &result, e);
    inside->mark->phase = HOST_RECORD;
    if (!code)
        curve_tell(&voice, result);
    if (!code)
        code = process_intact(e);
    int log_code = record_log_close(voice.log, e); /* before the record, which is the last thing written */
    code = code ? code : log_code;
    traces_end(voice.traces, code);
    voice_look(&voice);
    traces_close(voice.traces);
    if (!code)
        profile_leave_behind(&voice, p, c, listener.profile);
    profile_close(listener.profile);
    if (!code)
        code = result_record(p, c, result, start, origin, started, e);
    cell_result_close(result);
    return code;
}

int beginning_live(const plan *p, const dataset *data, const struct beginning *b, const struct process_inside *inside,
                   error *e)
{
    struct voice voice = {.channel = inside->channel};
    const train_listener listener = {.self = &voice,
                                     .progress = voice_progress,
                                     .stop = voice_stop,
                                     .mark = inside->mark,
                                     .beginning = b->folder,
                                     .beginning_sha256 = b->digest};
    return train_beginning(p, b->methods, b->count, b->seed, data, &listener, e);
}
