/* See traces.h. */
#include "record/traces.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "record/heatmap.h"
#include "record/hparams.h"
#include "record/protobuf.h"
#include "record/record.h"
#include "record/tfevents.h"

enum { ROWS_MOST = 100 }; /* of more tasks, one matrix is shown: the last */
static const double SPEED_SECONDS = 10;

struct traces {
    const plan *plan;
    int method;
    char *folder;
    tfevents *file; /* NULL: it could not be made */
    int64_t step;   /* the last that was heard of */
    double speed;   /* when it was last kept */
    error failed;   /* to make the file */
};

traces *traces_open(const char *folder, const plan *p, int method)
{
    if (!p->scenario->output.tensorboard)
        return NULL;
    traces *t = alloc_zero(1, sizeof *t);
    *t = (traces){.plan = p, .method = method, .folder = alloc_text(folder)};
    return t;
}

/* ---- what is said once ---- */

/* tensorboard/plugins/custom_scalar/layout.proto: Layout{2 category}, Category{1 title, 2 chart}, Chart{1 title, 2 multiline},
 * MultilineChartContent{1 tag}, which are regular expressions. */
static void chart_add(text *category, const char *title, const char *tags)
{
    text chart = {0}, lines = {0};
    proto_text(&chart, 1, title);
    proto_text(&lines, 1, tags);
    proto_message(&chart, 2, &lines);
    proto_message(category, 2, &chart);
}

static void layout_write(tfevents *file)
{
    text layout = {0}, learning = {0}, training = {0};
    proto_text(&learning, 1, "continual learning");
    chart_add(&learning, "accuracy by task", "^accuracy/task-\\d+$");
    chart_add(&learning, "mean accuracy of the tasks so far", "^metrics/acc\\.macro$");
    chart_add(&learning, "forgetting of the tasks so far", "^metrics/forgetting\\.chaudhry$");
    proto_text(&training, 1, "training");
    chart_add(&training, "loss", "^loss$");
    chart_add(&training, "steps per second", "^steps_per_second$");
    proto_message(&layout, 2, &learning);
    proto_message(&layout, 2, &training);
    tfevents_value(file, "custom_scalars__config__", "custom_scalars", &layout);
}

static void session_write(const traces *t)
{
    text experiment = {0}, start = {0};
    json_t *settings = hparams_of(t->plan, t->method);
    char *group = hparams_group(t->plan, t->method);
    hparams_experiment(t->plan, &experiment);
    tfevents_content(t->file, "_hparams_/experiment", "hparams", &experiment);
    hparams_start(settings, group, tfevents_now(), &start);
    tfevents_content(t->file, "_hparams_/session_start_info", "hparams", &start);
    free(group);
    json_decref(settings);
}

/* ---- where it goes on ---- */

static char *mark_of(int64_t log_bytes) { return alloc_format("log.jsonl: %lld bytes", (long long)log_bytes); }

static void file_begin(traces *t)
{
    if (tfevents_begin(t->folder, &t->file, &t->failed))
        return;
    session_write(t);
    layout_write(t->file);
    tfevents_flush(t->file);
}

void traces_keep(traces *t, int64_t log_bytes, bool *lacks)
{
    *lacks = false;
    if (!t)
        return;
    if (log_bytes >= 0) {
        char *mark = mark_of(log_bytes);
        tfevents_go_on(t->folder, mark, &t->file, &t->failed);
        free(mark);
    }
    if (!t->file && !t->failed.code) {
        *lacks = log_bytes >= 0;
        file_begin(t);
    }
}

void traces_place(traces *t, int64_t log_bytes)
{
    if (!t || !t->file)
        return;
    char *mark = mark_of(log_bytes);
    tfevents_mark(t->file, t->step, mark);
    tfevents_flush(t->file);
    free(mark);
}

void traces_sync(const traces *t)
{
    if (t && t->file)
        tfevents_sync(t->file);
}

/* ---- what is shown ---- */

void traces_point(traces *t, const char *name, int64_t step, double value)
{
    if (!t || !t->file)
        return;
    t->step = step;
    tfevents_scalar(t->file, step, name, value);
}

void traces_speed(traces *t, int64_t step, double steps_per_second)
{
    if (!t || !t->file || tfevents_now() - t->speed < SPEED_SECONDS)
        return;
    t->speed = tfevents_now();
    tfevents_scalar(t->file, step, "steps_per_second", steps_per_second);
}

static void picture_add(traces *t, const char *tag, int64_t step, const picture *p)
{
    void *png = NULL;
    size_t count = 0;
    error none = {0}; /* one that is no PNG is no reason to end */
    if (!record_picture_png(p, tag, &png, &count, &none))
        tfevents_image(t->file, step, tag, p->width, p->height, png, count);
    free(png);
}

void traces_row(traces *t, int64_t after, int64_t step, const matrix *m)
{
    uint8_t *pixels = NULL;
    if (!t || !t->file)
        return;
    t->step = step;
    if (m->tasks <= HEATMAP_TASKS && (m->tasks <= ROWS_MOST || after == m->tasks)) {
        picture p = heatmap_of(m, after, &pixels);
        picture_add(t, "matrix", step, &p);
        free(pixels);
    }
    tfevents_flush(t->file);
}

void traces_picture(traces *t, const char *name, int64_t step, const picture *p)
{
    if (!t || !t->file)
        return;
    char *tag = alloc_format("samples/%s", name);
    picture_add(t, tag, step, p);
    free(tag);
}

/* ---- its end ---- */

bool traces_trouble(traces *t, error *e)
{
    if (!t)
        return false;
    if (t->file)
        return tfevents_trouble(t->file, e);
    bool now = t->failed.code != 0;
    if (now)
        error_copy(e, &t->failed);
    t->failed = (error){0};
    return now;
}

void traces_end(traces *t, int code)
{
    text end = {0};
    if (!t || !t->file)
        return;
    if (code != EXIT_RESUMABLE) {
        hparams_end(code == 0, tfevents_now(), &end);
        tfevents_content(t->file, "_hparams_/session_end_info", "hparams", &end);
    }
    tfevents_flush(t->file);
}

void traces_close(traces *t)
{
    if (!t)
        return;
    tfevents_close(t->file);
    free(t->folder);
    free(t);
}
