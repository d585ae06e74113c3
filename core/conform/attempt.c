/* See inside.h. An attempt is a fork, as the process of a cell is: it has plan and data at once, and LibTorch already loaded. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "conform/inside.h"
#include "record/record.h"
#include "run/marks.h"
#include "run/signals.h"
#include "train/train.h"

enum { OVER = 'o' };

/* ---- the page, and a folder ---- */

char *attempt_folder(error *e)
{
    char *folder = getenv("TMPDIR") ? NULL : folder_temporary("/dev/shm/perdure-plugin-test-", NULL);
    return folder ? folder : folder_scratch("plugin-test", e);
}

outcome *outcome_open(error *e)
{
    void *page = mmap(NULL, sizeof(outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        return page;
    error_system(e, EXIT_SYSTEM, "no page to share with a process");
    return NULL;
}

void outcome_close(outcome *out)
{
    if (out)
        munmap(out, sizeof *out);
}

/* ---- in the child ---- */

struct listening {
    outcome *out;
    const char *folder;
    sha256 *points;
};

static void heard_note(void *self, const char *level, const char *line)
{
    outcome *out = ((struct listening *)self)->out;
    if (!strcmp(level, "warning") && !out->warnings++)
        snprintf(out->warning, sizeof out->warning, "%s", line);
}

static void heard_point(void *self, const char *name, int64_t task, int64_t step, double value)
{
    struct listening *l = self;
    const struct {
        int64_t task, step;
        double value;
    } numbers = {task, step, value};
    sha256_add(l->points, name, strlen(name));
    sha256_add(l->points, &numbers, sizeof numbers);
}

static void matrix_digest(sha256 *s, const matrix *m)
{
    size_t cells = m ? (size_t)((m->tasks + 1) * m->tasks) : 0;
    if (m)
        sha256_add(s, m->right, cells * sizeof *m->right);
}

static void result_keep(const cell_result *r, outcome *out)
{
    sha256 *bits = sha256_begin();
    int64_t right = 0, count = 0, last = r->accuracy->tasks;
    sha256_add(bits, r->parameters, (size_t)r->parameter_count * sizeof *r->parameters);
    matrix_digest(bits, r->accuracy);
    matrix_digest(bits, r->network);
    matrix_digest(bits, r->validation);
    sha256_end(bits, out->bits);
    for (int64_t i = 0; i < last; i++) {
        right += r->accuracy->right[last * last + i];
        count += r->accuracy->count[last * last + i];
    }
    out->accuracy = count ? (double)right / (double)count : (double)NAN;
    out->steps = r->steps;
    out->findings = r->finding_count;
    if (r->finding_count)
        snprintf(out->finding, sizeof out->finding, "%s, task %lld, step %lld: %s", r->findings[0].hook,
                 (long long)r->findings[0].task, (long long)r->findings[0].step, r->findings[0].words);
}

static int cell_try(const attempt *a, const train_listener *l, cell_result **result, error *e)
{
    const ground *g = a->ground;
    if (a->what == WITHOUT_ROWS)
        return train_without_rows(g->plan, 0, a->seed, g->data, l, a->empty, result, e);
    return train_cell(g->plan, 0, a->seed, g->data, l, result, e);
}

static int cells_try(const attempt *a, const train_listener *l, outcome *out, error *e)
{
    cell_result *result = NULL;
    int code = 0;
    for (int i = a->what == TRAIN_TWICE ? 2 : 1; i > 0 && !code; i--) {
        memcpy(out->first, out->bits, sizeof out->first);
        if (!(code = cell_try(a, l, &result, e)))
            result_keep(result, out);
        cell_result_close(code ? NULL : result);
    }
    return code;
}

static int state_try(const attempt *a, const train_listener *l, outcome *out, error *e)
{
    char *differs = NULL;
    int code = train_saved_again(a->ground->plan, 0, a->seed, a->ground->data, l, &differs, e);
    snprintf(out->differs, sizeof out->differs, "%s", differs ? differs : "");
    free(differs);
    return code;
}

/* As in a run: what an earlier cell has left in the folder is not gone on with unless there is a checkpoint. */
static int heard_keep(void *self, int64_t bytes, error *e)
{
    const struct listening *l = self;
    return bytes < 0 && l->folder ? record_begin_anew(l->folder, e) : 0;
}

/* Forks of one process find the same heap, so that a strategy which reads what it has not set, or sorts by address, would come
 * to the same bits in each. Blocks of each small size are taken away, and all that is allocated is filled. */
static void memory_move(void)
{
    enum { FILL = 0x5a, SIZES = 128, EACH = 8, STEP = 16 };
    static void *taken[SIZES * EACH]; /* for good */
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        taken[i] = alloc_zero(STEP, 1 + i / EACH);
#ifdef M_PERTURB
    mallopt(M_PERTURB, FILL);
#endif
}

struct asked {
    const attempt *attempt;
    const char *folder;
    outcome *out;
};

static void attempt_live(void *self, int to)
{
    const struct asked *asked = self;
    outcome *out = asked->out;
    struct listening ear = {out, asked->folder, sha256_begin()};
    const train_listener l = {.self = &ear,
                              .note = heard_note,
                              .point = heard_point,
                              .folder = asked->folder,
                              .log_keep = heard_keep,
                              .mark = &out->mark};
    error why = {0};
    setpgid(0, 0); /* a strategy that kills its group means itself */
    signals_give_back();
    if (asked->attempt->elsewhere)
        memory_move();
    witness_begin(asked->attempt, out);
    if (asked->attempt->what == SAVED_AGAIN)
        state_try(asked->attempt, &l, out, &why);
    else
        cells_try(asked->attempt, &l, out, &why);
    gradient_give_up(&why, out);
    sha256_end(ear.points, out->points);
    out->why = why;
    out->over = true;
    child_tell(to, &(char){OVER}, 1);
}

/* ---- in the parent ---- */

static void end_explain(outcome *out, const struct child_end *end, double seconds)
{
    char place[256], words[64];
    marks_words(&out->mark, place, sizeof place);
    if (end->late)
        error_set(&out->why, EXIT_FAILED, "%s: did not return within %g s", place, seconds);
    else
        error_set(&out->why, EXIT_FAILED, "%s: %s", place, child_end_words(end, words, sizeof words));
}

void attempt_make(const attempt *a, double seconds, outcome *out)
{
    error none = {0};
    char *own = a->folder ? NULL : attempt_folder(&none); /* what a strategy keeps on disk lies there */
    struct asked asked = {a, a->folder ? a->folder : own, out};
    struct child_end end;
    char answer = 0;
    memset(out, 0, offsetof(outcome, place));
    if (none.code || signals_stopped(&none))
        out->why = none;
    else if (child_ask_until(attempt_live, &asked, seconds, signals_stop, &answer, 1, &end, &none) || !out->over) {
        out->why = none; /* no process; else nothing yet */
        if (!none.code)
            end_explain(out, &end, seconds);
    }
    folder_remove(own);
    free(own);
}
