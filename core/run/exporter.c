/* See exporter.h. The families are a table: what is in it is what the dashboard of examples/grafana may ask for. */
#include "run/exporter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "record/prometheus.h"
#include "run/endpoint.h"
#include "run/progress.h"

enum { CELLS_SHOWN = 200, TASKS_SHOWN = 2000 };
static const double PUBLISH_SECONDS = 1, TEXTFILE_SECONDS = 5;

struct exported {
    int id;
    const char *method; /* the plan's */
    char seed[24];
    enum exported_state state;
    train_progress at;
    double average, forgetting; /* of the tasks so far; NAN: not known */
    double began, ended;        /* monotonic seconds */
    double *accuracy;           /* [tasks], NAN: not measured */
    int64_t tasks;
};

struct exporter {
    const plan *plan;
    int cells, finished; /* of the run; before it began */
    struct exported *at; /* [count] every cell that was begun, in this order */
    int count;
    double published;
    long long started;  /* seconds since 1970 */
    endpoint *endpoint; /* one of them */
    const char *file;
    bool failed; /* the file, the last time; it was told */
};

/* ---- what cells tell ---- */

void exporter_finished(exporter *x, int cells)
{
    if (x)
        x->finished += cells;
}

void exporter_began(exporter *x, int id, const char *method, int64_t seed)
{
    if (!x)
        return;
    x->at = alloc_again(x->at, (size_t)x->count + 1, sizeof *x->at);
    struct exported *c = &x->at[x->count++];
    *c = (struct exported){.id = id,
                           .method = method,
                           .at = {.loss = (double)NAN, .steps_per_second = (double)NAN},
                           .average = (double)NAN,
                           .forgetting = (double)NAN,
                           .began = clock_seconds()};
    snprintf(c->seed, sizeof c->seed, "%lld", (long long)seed);
}

/* The newest of this number: it may have been begun before. */
static struct exported *cell_find(const exporter *x, int id)
{
    for (int i = x->count; i-- > 0;)
        if (x->at[i].id == id)
            return &x->at[i];
    return NULL;
}

static void accuracy_take(struct exported *c, int64_t on, double accuracy)
{
    if (on < 1 || on > TASKS_SHOWN)
        return;
    if (on > c->tasks) {
        c->accuracy = alloc_again(c->accuracy, (size_t)on, sizeof *c->accuracy);
        for (int64_t i = c->tasks; i < on; i++)
            c->accuracy[i] = (double)NAN;
        c->tasks = on;
    }
    c->accuracy[on - 1] = accuracy;
}

void exporter_told(exporter *x, int id, const struct message *m)
{
    struct exported *c = x ? cell_find(x, id) : NULL;
    if (!c)
        return;
    if (m->kind == MESSAGE_PROGRESS) {
        c->at = m->as.progress;
    } else if (m->kind == MESSAGE_ACCURACY) {
        accuracy_take(c, m->as.accuracy.on, m->as.accuracy.value);
    } else if (m->kind == MESSAGE_ROW) {
        c->at.step = m->as.row.step;
        c->average = m->as.row.average;
        c->forgetting = m->as.row.forgetting;
    }
}

void exporter_ended(exporter *x, int id, enum exported_state state)
{
    struct exported *c = x ? cell_find(x, id) : NULL;
    if (!c)
        return;
    c->state = state;
    c->ended = clock_seconds();
}

/* ---- families with one sample a cell ---- */

static double task_of(const struct exported *c) { return (double)c->at.task; }
static double step_of(const struct exported *c) { return (double)c->at.step; }
static double steps_of(const struct exported *c) { return (double)c->at.steps; }
static double loss_of(const struct exported *c) { return c->at.loss; }
static double speed_of(const struct exported *c) { return c->at.steps_per_second; }
static double average_of(const struct exported *c) { return c->average; }
static double forgetting_of(const struct exported *c) { return c->forgetting; }
static double memory_of(const struct exported *c)
{
    return c->at.peak_bytes > 0 ? (double)c->at.peak_bytes : (double)NAN;
}
static double seconds_of(const struct exported *c)
{
    return (c->state == EXPORTED_RUNNING ? clock_seconds() : c->ended) - c->began;
}

static const struct family {
    const char *name, *help;
    double (*of)(const struct exported *c); /* NAN: no sample */
} families[] = {
    {"perdure_cell_task", "Task that the cell is at, from 1.", task_of},
    {"perdure_cell_step", "Optimizer steps that the cell has made.", step_of},
    {"perdure_cell_steps", "Optimizer steps that the cell will make.", steps_of},
    {"perdure_loss", "Training loss of the newest step that was looked at.", loss_of},
    {"perdure_steps_per_second", "Optimizer steps in a second of training.", speed_of},
    {"perdure_average_accuracy", "Mean accuracy of the tasks so far (acc.macro).", average_of},
    {"perdure_forgetting", "Mean forgetting of the tasks so far (forgetting.chaudhry).", forgetting_of},
    {"perdure_cell_seconds", "Seconds since the cell began in this run, until its end.", seconds_of},
    {"perdure_cell_peak_memory_bytes", "The most memory that the process of the cell had.", memory_of},
};

static void family_add(const exporter *x, const bool *shown, const struct family *f, text *out)
{
    prometheus_family(out, f->name, "gauge", f->help);
    for (int i = 0; i < x->count; i++) {
        const struct exported *c = &x->at[i];
        double value = shown[i] ? f->of(c) : (double)NAN;
        if (isfinite(value) || (shown[i] && f->of == loss_of && c->at.steps))
            prometheus_sample(out, f->name, (const char *const[]){"method", c->method, "seed", c->seed, NULL}, value);
    }
}

static void accuracies_add(const exporter *x, const bool *shown, text *out)
{
    static const char name[] = "perdure_task_accuracy";
    int64_t left = TASKS_SHOWN;
    prometheus_family(out, name, "gauge", "Accuracy on the test rows of a task, when it was last measured.");
    for (int i = x->count; i-- > 0;)
        for (int64_t j = 0; shown[i] && j < x->at[i].tasks; j++) {
            char task[24];
            const struct exported *c = &x->at[i];
            if (isnan(c->accuracy[j]) || left-- <= 0)
                continue;
            snprintf(task, sizeof task, "%lld", (long long)j + 1);
            prometheus_sample(out, name,
                              (const char *const[]){"method", c->method, "seed", c->seed, "task", task, NULL},
                              c->accuracy[j]);
        }
}

/* ---- families of the run ---- */

static void info_add(const exporter *x, text *out)
{
    const struct scenario *s = x->plan->scenario;
    const char *const labels[] = {"name",   s->name,         "scenario", scenario_kind_name(s->stream.scenario),
                                  "device", x->plan->device, "version",  PERDURE_VERSION,
                                  NULL};
    prometheus_family(out, "perdure_run_info", "gauge", "What runs: always 1.");
    prometheus_sample(out, "perdure_run_info", labels, 1);
    prometheus_family(out, "perdure_run_start_time_seconds", "gauge", "When it began, in seconds since 1970.");
    prometheus_sample(out, "perdure_run_start_time_seconds", NULL, (double)x->started);
}

static void states_add(const exporter *x, text *out)
{
    static const char *const names[EXPORTED_STATES] = {"running", "finished", "failed", "stopped"};
    int counts[EXPORTED_STATES] = {[EXPORTED_FINISHED] = x->finished};
    for (int i = 0; i < x->count; i++)
        counts[x->at[i].state]++;
    prometheus_family(out, "perdure_cells", "gauge", "Cells of the run by what became of them.");
    prometheus_sample(out, "perdure_cells", (const char *const[]){"state", "waiting", NULL},
                      x->cells - x->finished - x->count);
    for (int i = 0; i < EXPORTED_STATES; i++)
        prometheus_sample(out, "perdure_cells", (const char *const[]){"state", names[i], NULL}, counts[i]);
}

static void steps_add(const exporter *x, text *out)
{
    double steps = 0;
    for (int i = 0; i < x->count; i++)
        steps += (double)x->at[i].at.step;
    prometheus_family(out, "perdure_steps_total", "counter",
                      "Optimizer steps of the cells that this process has begun, with those that they went on from.");
    prometheus_sample(out, "perdure_steps_total", NULL, steps);
}

/* Those that run, then the newest of the others. *hidden: how many are not shown. Owned. */
static bool *shown_of(const exporter *x, int *hidden)
{
    bool *shown = alloc_zero((size_t)x->count + 1, sizeof *shown);
    int left = CELLS_SHOWN;
    for (int running = 1; running >= 0; running--)
        for (int i = x->count; i-- > 0 && left > 0;)
            if ((x->at[i].state == EXPORTED_RUNNING) == running) {
                shown[i] = true;
                left--;
            }
    *hidden = x->count - (CELLS_SHOWN - left);
    return shown;
}

void exporter_text(const exporter *x, text *out)
{
    int hidden = 0;
    bool *shown = shown_of(x, &hidden);
    info_add(x, out);
    states_add(x, out);
    steps_add(x, out);
    prometheus_family(out, "perdure_cells_not_shown", "gauge",
                      "Cells without series of their own here: there are too many.");
    prometheus_sample(out, "perdure_cells_not_shown", NULL, hidden);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        family_add(x, shown, &families[i], out);
    accuracies_add(x, shown, out);
    free(shown);
}

/* ---- where it goes ---- */

static int publish(exporter *x, error *e)
{
    text words = {0};
    int code = 0;
    exporter_text(x, &words);
    if (x->endpoint)
        endpoint_publish(x->endpoint, words.at, words.length);
    if (x->file)
        code = prometheus_write(x->file, &words, e);
    text_free(&words);
    x->published = clock_seconds();
    return code;
}

/* A disk that is full now may have room again: it is tried on, and told once. */
static bool file_tell(exporter *x, const error *why, char **words)
{
    bool now = why->code && !x->failed;
    x->failed = why->code != 0;
    if (now)
        *words = alloc_format("perdure: warning: %s: the metrics are not written for now", why->text);
    return now;
}

bool exporter_tick(exporter *x, char **words)
{
    error why = {0};
    if (!x || clock_seconds() - x->published < (x->file ? TEXTFILE_SECONDS : PUBLISH_SECONDS))
        return false;
    publish(x, &why);
    if (x->file)
        return file_tell(x, &why, words);
    if (!x->endpoint || !endpoint_gone(x->endpoint))
        return false;
    *words = alloc_text("perdure: warning: the process that answers /metrics has ended; the run goes on without it");
    return true;
}

/* With file and line of the key that asked for it. */
static int open_fail(const plan *p, const error *why, error *e)
{
    scenario_error(p->scenario, "output.metrics_port", why->code, e, "%s", why->text);
    return why->hint[0] ? error_hint(e, "%s", why->hint) : e->code;
}

int exporter_possible(const plan *p, error *e)
{
    error why = {0};
    return p->scenario->output.metrics.port && endpoint_possible(&why) ? open_fail(p, &why, e) : 0;
}

int exporter_open(const plan *p, int cells, int finished, exporter **out, error *e)
{
    const struct metrics_options *o = &p->scenario->output.metrics;
    error why = {0};
    *out = NULL;
    if (!o->port && !o->file)
        return 0;
    exporter *x = alloc_zero(1, sizeof *x);
    *x = (exporter){.plan = p, .cells = cells, .finished = finished, .file = o->file, .started = (long long)time(NULL)};
    int code = o->port ? endpoint_open(o->port, &x->endpoint, &why) : 0;
    if (!code)
        code = publish(x, &why);
    if (!code) {
        *out = x;
        return 0;
    }
    exporter_close(x);
    return open_fail(p, &why, e);
}

void exporter_close(exporter *x)
{
    error none = {0};
    if (!x)
        return;
    if (x->count)
        publish(x, &none);
    endpoint_close(x->endpoint);
    for (int i = 0; i < x->count; i++)
        free(x->at[i].accuracy);
    free(x->at);
    free(x);
}
