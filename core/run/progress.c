/* The show of progress.h: when something is printed, and where on the screen. */
#include "run/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

static const double BAR_EVERY = 0.1, LINE_EVERY = 10; /* seconds */
enum { COLUMNS_ELSE = 80 };

static size_t columns_here(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_ELSE;
}

void progress_open(struct progress *p, int cells, int finished, int jobs)
{
    const char *term = getenv("TERM");
    *p = (struct progress){.cells = cells, .begun = finished, .over = finished, .waiting = cells - finished};
    p->bar = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    p->jobs = jobs;
    p->shown = p->bar ? 0 : clock_seconds();
    p->at = alloc_zero((size_t)jobs, sizeof *p->at);
    for (int i = 0; i < jobs; i++)
        p->at[i].id = -1;
}

/* NULL: none runs under this number. */
static struct progress_cell *cell_find(const struct progress *p, int id)
{
    for (int i = 0; i < p->jobs; i++)
        if (p->at[i].id == id)
            return &p->at[i];
    return NULL;
}

/* ---- how long it will take ---- */

/* From the rate of training alone: loading and evaluation at the start would make the first guesses wild. */
enum { LEFT_STEPS = 20 };
static double cell_left(const struct progress_cell *c)
{
    const train_progress *at = &c->view.at;
    if (at->step < LEFT_STEPS || at->steps < 1 || !(at->steps_per_second > 0))
        return -1;
    return (double)(at->steps - at->step) / at->steps_per_second;
}

/* Of a cell that runs: by its own rate, else as the cells that ended took; -1 where nobody knows. */
static double running_left(const struct progress *p, const struct progress_cell *c, double now)
{
    double left = cell_left(c);
    if (left >= 0 || p->ran == 0)
        return left;
    double rest = p->ran_seconds / p->ran - (now - c->began);
    return rest > 0 ? rest : 0;
}

/* Cells to come take as long as those that ended took, or as those that run will; so many at a time. */
static double left_of(const struct progress *p)
{
    double sum = 0, most = 0, whole = 0, now = clock_seconds();
    int running = 0;
    for (int i = 0; i < p->jobs; i++) {
        const struct progress_cell *c = &p->at[i];
        double left = c->id >= 0 ? running_left(p, c, now) : 0;
        if (left < 0)
            return -1;
        running += c->id >= 0;
        sum += left;
        most = left > most ? left : most;
        whole += c->id >= 0 ? now - c->began + left : 0;
    }
    if (!running)
        return -1;
    double each = p->ran > 0 ? p->ran_seconds / p->ran : whole / running;
    double even = (sum + each * p->waiting) / p->jobs;
    return even > most ? even : most;
}

/* ---- what is printed ---- */

/* Those that run, each with what is left of the whole and, where it stands alone, how much of the whole is done. Owned. */
static const struct progress_view **views_of(struct progress *p, int *count)
{
    const struct progress_view **views = alloc_zero((size_t)p->jobs, sizeof(struct progress_view *));
    double left = left_of(p);
    *count = 0;
    for (int i = 0; i < p->jobs; i++)
        if (p->at[i].id >= 0) {
            struct progress_view *v = &p->at[i].view;
            double share = v->at.steps > 0 ? (double)v->at.step / (double)v->at.steps : 0;
            v->left = left;
            v->whole = p->cells > 1 ? (p->over + share) / p->cells : 0;
            views[(*count)++] = v;
        }
    return views;
}

static void bar_draw(struct progress *p)
{
    text line = {0};
    int count = 0;
    const struct progress_view **views = views_of(p, &count);
    if (count == 1)
        progress_bar(views[0], columns_here(), &line); /* asked for each time: windows are resized */
    else if (count > 1)
        progress_bar_of(views, count, p->over, columns_here(), &line);
    fprintf(stderr, "\r%s\033[K", line.at ? line.at : "");
    fflush(stderr);
    free((void *)(size_t)views);
    text_free(&line);
    p->shown = clock_seconds();
}

static void bar_wipe(const struct progress *p)
{
    if (p->bar)
        fprintf(stderr, "\r\033[K");
}

/* One line, however many cells run: those of a sweep would be a wall of them. */
static void line_show(struct progress *p)
{
    text line = {0};
    int count = 0;
    const struct progress_view **views = views_of(p, &count);
    if (count == 1)
        progress_line(views[0], &line);
    else
        progress_line_of(views, count, p->over, &line);
    fprintf(stderr, "%s\n", line.at);
    free((void *)(size_t)views);
    text_free(&line);
    p->shown = clock_seconds();
}

static void row_show(struct progress *p, struct progress_cell *c)
{
    if (c->row.words.length == 0)
        return;
    if (!p->bar && c->row.after > 0)
        fprintf(stderr, "[%d/%d] %s: after task %lld, accuracy%s\n", c->view.cell, c->view.cells, c->name,
                (long long)c->row.after, c->row.words.at);
    c->row.words.length = 0;
}

static void cell_forget(struct progress_cell *c)
{
    free(c->name);
    text_free(&c->row.words);
    *c = (struct progress_cell){.id = -1};
}

/* ---- what it is told ---- */

void progress_close(struct progress *p)
{
    bar_wipe(p);
    fflush(stderr);
    for (int i = 0; i < p->jobs; i++)
        cell_forget(&p->at[i]);
    free(p->at);
    p->at = NULL;
    p->jobs = 0;
}

static void place_take(struct progress *p, int id, const char *name, bool beside)
{
    struct progress_cell *c = cell_find(p, -1);
    *c = (struct progress_cell){.id = id, .name = alloc_text(name), .beside = beside};
    c->view = (struct progress_view){.cell = p->begun, .cells = p->cells, .name = c->name, .left = -1};
    c->began = clock_seconds();
    if (p->bar)
        bar_draw(p);
}

void progress_begin(struct progress *p, int id, const char *name)
{
    p->begun++;
    p->waiting--;
    place_take(p, id, name, false);
}

void progress_begin_beside(struct progress *p, int id, const char *name) { place_take(p, id, name, true); }

void progress_measured(struct progress *p, int id, int64_t after, int64_t on, double accuracy)
{
    struct progress_cell *c = cell_find(p, id);
    if (after != c->row.after)
        row_show(p, c);
    c->row.after = after;
    if (on <= after) /* those not learned yet say nothing on the way */
        text_addf(&c->row.words, " %.4f", accuracy);
    if (on == after)
        row_show(p, c);
}

void progress_tell(struct progress *p, int id, const train_progress *at)
{
    struct progress_cell *c = cell_find(p, id);
    row_show(p, c);
    c->view.at = *at;
    if (p->bar && clock_seconds() - p->shown >= BAR_EVERY)
        bar_draw(p);
    else if (!p->bar && clock_seconds() - p->shown >= LINE_EVERY)
        line_show(p);
}

double progress_since(const struct progress *p, int id) { return clock_seconds() - cell_find(p, id)->began; }

void progress_end(struct progress *p, int id, const char *words)
{
    struct progress_cell *c = cell_find(p, id);
    row_show(p, c);
    p->ran += !c->beside;
    p->over += !c->beside;
    p->ran_seconds += c->beside ? 0 : clock_seconds() - c->began;
    bar_wipe(p);
    if (words && c->beside)
        fprintf(stderr, "%s: %s\n", c->name, words);
    else if (words)
        fprintf(stderr, "[%d/%d] %s: %s\n", c->view.cell, c->view.cells, c->name, words);
    cell_forget(c);
}

static bool cells_run_now(const struct progress *p)
{
    bool any = false;
    for (int i = 0; i < p->jobs; i++)
        any = any || p->at[i].id >= 0;
    return any;
}

void progress_note(struct progress *p, const char *line)
{
    bar_wipe(p);
    fprintf(stderr, "%s\n", line);
    if (p->bar && cells_run_now(p))
        bar_draw(p);
}

void progress_words(struct progress *p, const char *of, const char *line)
{
    char *whole = alloc_format("%s: %s", of, line);
    progress_note(p, whole);
    free(whole);
}

void progress_tick(struct progress *p)
{
    if (p->bar && cells_run_now(p) && clock_seconds() - p->shown >= 1)
        bar_draw(p);
}
