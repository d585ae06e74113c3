/* See live.h. Points of log.jsonl are written here and never go through the channel: they are many, and the
 * coordinator has no use for them. */
#include "run/live.h"

#include <time.h>
#include <unistd.h>

#include "record/record.h"
#include "run/channel.h"
#include "run/progress.h"

struct voice {
    int channel;
    const char *folder;
    record_log *log;
};

static void voice_progress(void *self, const train_progress *p)
{
    const struct voice *v = self;
    channel_progress(v->channel, p);
}

static void voice_note(void *self, const char *level, const char *line)
{
    const struct voice *v = self;
    channel_note(v->channel, level, line);
}

static void voice_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    const struct voice *v = self;
    record_log_point(v->log, name, task, step, value);
}

static void voice_measured(void *self, int64_t after, int64_t on, double accuracy)
{
    const struct voice *v = self;
    channel_measured(v->channel, after, on, accuracy);
}

static int voice_picture(void *self, const char *name, const picture *p, error *e)
{
    const struct voice *v = self;
    return record_picture(v->folder, name, p, e);
}

static int voice_log_place(void *self, int64_t *bytes, error *e)
{
    const struct voice *v = self;
    return record_log_place(v->log, bytes, e);
}

static int voice_log_sync(void *self, error *e)
{
    const struct voice *v = self;
    return record_log_sync(v->log, e);
}

/* A cell that begins anew begins with nothing, whatever an earlier one has left. */
static int voice_log_keep(void *self, int64_t bytes, error *e)
{
    const struct voice *v = self;
    error why = {0};
    int code = bytes < 0 ? record_begin_anew(v->folder, e) : 0;
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

int cell_live(const plan *p, const dataset *data, const struct run_cell *c, const struct process_inside *inside,
              const provenance *origin, error *e)
{
    struct voice voice = {inside->channel, c->folder, NULL};
    train_listener listener = {.self = &voice,
                               .progress = voice_progress,
                               .note = voice_note,
                               .point = voice_point,
                               .measured = voice_measured,
                               .picture = voice_picture,
                               .folder = c->folder,
                               .log_place = voice_log_place,
                               .log_sync = voice_log_sync,
                               .log_keep = voice_log_keep,
                               .stop = voice_stop,
                               .mark = inside->mark};
    cell_result *result = NULL;
    double start = progress_now();
    int64_t started = (int64_t)time(NULL);
    if (origin && origin->digesting >= 0)
        close(origin->digesting);
    int code = record_log_open(c->folder, &voice.log, e);
    if (code)
        return code;
    start = progress_now() - start;
    code = train_cell(p, c->method, c->seed, data, &listener, &result, e);
    inside->mark->phase = HOST_RECORD;
    if (!code)
        code = process_intact(e);
    int log_code = record_log_close(voice.log, e); /* before the record, which is the last thing written */
    code = code ? code : log_code;
    if (!code)
        code = result_record(p, c, result, start, origin, started, e);
    cell_result_close(result);
    return code;
}
