/* The show of progress.h: when something is printed, and where on the screen. */
#include "run/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double BAR_EVERY = 0.1, LINE_EVERY = 10; /* seconds */
enum { COLUMNS_ELSE = 80 };

double progress_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t columns_here(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_ELSE;
}

void progress_open(struct progress *p, int cells, int finished)
{
    const char *term = getenv("TERM");
    *p = (struct progress){0};
    p->bar = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    p->view.cell = finished;
    p->view.cells = cells;
    p->left_cells = cells - finished;
    p->began = progress_now();
}

/* Cells to come take as long as those that ended took, or as this one will. */
/* From the rate of training alone: loading and evaluation at the start would make the first guesses wild. */
enum { LEFT_STEPS = 20 };
static double left_of(const struct progress *p)
{
    const train_progress *at = &p->view.at;
    double gone = progress_now() - p->cell_began;
    if (at->step < LEFT_STEPS || at->steps < 1 || !(at->steps_per_second > 0))
        return -1;
    double left = (double)(at->steps - at->step) / at->steps_per_second;
    double each = p->ran > 0 ? p->ran_seconds / p->ran : gone + left;
    return left + each * p->left_cells;
}

static void bar_draw(struct progress *p)
{
    text line = {0};
    p->columns = columns_here(); /* each time: windows are resized */
    p->view.left = left_of(p);
    progress_bar(&p->view, p->columns, &line);
    fprintf(stderr, "\r%s\033[K", line.at);
    fflush(stderr);
    text_free(&line);
    p->shown = progress_now();
}

static void bar_wipe(const struct progress *p)
{
    if (p->bar)
        fprintf(stderr, "\r\033[K");
}

static void line_show(struct progress *p)
{
    text line = {0};
    p->view.left = left_of(p);
    progress_line(&p->view, &line);
    fprintf(stderr, "%s\n", line.at);
    text_free(&line);
    p->shown = progress_now();
}

void progress_close(struct progress *p)
{
    bar_wipe(p);
    fflush(stderr);
    text_free(&p->row.words);
}

void progress_begin(struct progress *p, const char *name)
{
    p->view.cell++;
    p->left_cells--;
    p->view.name = name;
    p->view.at = (train_progress){0};
    p->cell_began = p->shown = progress_now();
    p->row.words.length = 0;
    if (p->bar)
        bar_draw(p);
}

static void row_show(struct progress *p)
{
    if (p->row.words.length == 0)
        return;
    if (!p->bar && p->row.after > 0)
        fprintf(stderr, "[%d/%d] %s: after task %lld, accuracy%s\n", p->view.cell, p->view.cells, p->view.name,
                (long long)p->row.after, p->row.words.at);
    p->row.words.length = 0;
}

void progress_measured(struct progress *p, int64_t after, int64_t on, double accuracy)
{
    if (after != p->row.after)
        row_show(p);
    p->row.after = after;
    if (on <= after) /* those not learned yet say nothing on the way */
        text_addf(&p->row.words, " %.4f", accuracy);
    if (on == after)
        row_show(p);
}

void progress_tell(struct progress *p, const train_progress *at)
{
    row_show(p);
    p->view.at = *at;
    double since = progress_now() - p->shown;
    if (p->bar && since >= BAR_EVERY)
        bar_draw(p);
    else if (!p->bar && since >= LINE_EVERY)
        line_show(p);
}

void progress_end(struct progress *p, const char *words)
{
    text line = {0};
    row_show(p);
    p->ran++;
    p->ran_seconds += progress_now() - p->cell_began;
    text_addf(&line, "[%d/%d] %s: %s", p->view.cell, p->view.cells, p->view.name, words);
    bar_wipe(p);
    fprintf(stderr, "%s\n", line.at);
    text_free(&line);
}

void progress_note(struct progress *p, const char *line)
{
    bar_wipe(p);
    fprintf(stderr, "%s\n", line);
    if (p->bar && p->view.name)
        bar_draw(p);
}

void progress_tick(struct progress *p)
{
    if (p->bar && p->view.at.steps > 0 && progress_now() - p->shown >= 1)
        bar_draw(p);
}
