/* See live.h. Points of log.jsonl are written here and never go through the channel: they are many, and the
 * coordinator has no use for them. */
#include "run/live.h"

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

int cell_live(const plan *p, const dataset *data, const struct run_cell *c, int channel, error *e)
{
    struct voice voice = {channel, c->folder, NULL};
    train_listener listener = {&voice, voice_progress, voice_note, voice_point, voice_measured, voice_picture};
    cell_result *result = NULL;
    double start = progress_now();
    int code = record_log_open(c->folder, &voice.log, e);
    if (code)
        return code;
    start = progress_now() - start;
    code = train_cell(p, c->method, c->seed, data, &listener, &result, e);
    int log_code = record_log_close(voice.log, e); /* before the record, which is the last thing written */
    code = code ? code : log_code;
    if (!code)
        code = record_cell(c->folder, p, c->method, c->seed, result, start, e);
    cell_result_close(result);
    return code;
}
