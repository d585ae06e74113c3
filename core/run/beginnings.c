/* See beginnings.h. */
#include "run/beginnings.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/checkpoint.h"

/* Steps that must be saved in all. A process starts in about a third of a second, and a step of a small network takes a
 * millisecond. */
enum { STEPS_LEAST = 200, DIGITS = 16 };

/* What cells share is saved at the end of the task alone: where it is asked for more often, a task is too long to be lost. */
static bool saves_within(const plan *p)
{
    const struct checkpoint_options *o = &p->scenario->output.checkpoint;
    return o->on && o->every != CHECKPOINT_TASK;
}

/* A cell that has saved its own state goes on from there, unless it runs afresh. */
static bool cell_shares(const plan *p, const struct run_cell *c, bool fresh)
{
    if (saves_within(p))
        return false;
    char *folder = alloc_format("%s/checkpoints", c->folder), digest[SHA256_HEX];
    const bool shares = plan_shares_beginning(p, c->method) && (fresh || !checkpoint_plan(folder, digest));
    free(folder);
    return shares;
}

static int64_t steps_of(const plan *p, const dataset *data, const struct run_cell *c)
{
    const struct training_options *o = &p->methods[c->method].options->training;
    stream *s = NULL;
    error unsaid = {0};
    int64_t steps = 0;
    if (!stream_open(p->scenario, data, (uint64_t)c->seed, &s, &unsaid) && s->count > 0)
        steps = o->iterations > 0 ? o->iterations
                                  : o->epochs * ((s->tasks[0].train_count + o->batch - 1) / (o->batch ? o->batch : 1));
    stream_close(s);
    return steps;
}

static int beginning_find(const struct beginnings *b, const char *digest)
{
    for (int i = b->count - 1; i >= 0; i--)
        if (!strcmp(b->at[i].digest, digest))
            return i;
    return -1;
}

static int beginning_add(const plan *p, struct beginnings *b, const struct run_cell *c, const char *digest)
{
    b->at = alloc_again(b->at, (size_t)b->count + 1, sizeof *b->at);
    struct beginning *one = &b->at[b->count];
    *one = (struct beginning){.seed = c->seed, .name = alloc_text(c->name)};
    one->folder = alloc_format("%s/beginnings/%.*s", p->folder, DIGITS, digest);
    memcpy(one->digest, digest, SHA256_HEX);
    return b->count++;
}

static void member_add(struct beginning *b, int method)
{
    b->methods = alloc_again(b->methods, (size_t)b->count + 1, sizeof *b->methods);
    b->methods[b->count++] = method;
    b->left++;
}

/* Once its cells are known, of which c is the first: whether it pays. */
static void beginning_settle(const plan *p, const dataset *data, const struct run_cell *c, struct beginning *b)
{
    char *name = alloc_format("%s and %d other%s", b->name, b->count - 1, b->count == 2 ? "" : "s");
    free(b->name);
    b->name = name;
    b->settled = true;
    b->over = beginning_there(b);
    if (!b->over && (b->count < 2 || (b->count - 1) * steps_of(p, data, c) < STEPS_LEAST))
        b->left = 0;
}

void beginnings_take(const plan *p, const dataset *data, const struct run_cells *cells, const int *pending, int count,
                     bool fresh, struct beginnings *out)
{
    *out = (struct beginnings){.of = alloc_zero((size_t)count + 1, sizeof *out->of)};
    if (fresh)
        beginnings_remove(p);
    for (int i = 0; i < count; i++) {
        const struct run_cell *c = &cells->at[pending[i]];
        char digest[SHA256_HEX];
        out->of[i] = -1;
        if (!cell_shares(p, c, fresh))
            continue;
        plan_beginning_digest(p, c->method, c->seed, digest);
        int found = beginning_find(out, digest);
        out->of[i] = found >= 0 ? found : beginning_add(p, out, c, digest);
        member_add(&out->at[out->of[i]], c->method);
    }
    for (int i = 0; i < count; i++) {
        struct beginning *b = out->of[i] >= 0 ? &out->at[out->of[i]] : NULL;
        if (b && !b->settled)
            beginning_settle(p, data, &cells->at[pending[i]], b);
        if (b && !b->left)
            out->of[i] = -1;
    }
}

bool beginning_there(const struct beginning *b)
{
    char digest[SHA256_HEX];
    return checkpoint_plan(b->folder, digest) && !strcmp(digest, b->digest);
}

int beginning_clear(const struct beginning *b, error *e)
{
    return folder_exists(b->folder) ? checkpoint_remove_all(b->folder, e) : 0;
}

void beginning_left(struct beginning *b)
{
    if (--b->left == 0)
        folder_remove(b->folder);
}

void beginnings_remove(const plan *p)
{
    char *folder = alloc_format("%s/beginnings", p->folder);
    if (folder_exists(folder))
        folder_remove(folder);
    free(folder);
}

void beginnings_free(struct beginnings *b)
{
    for (int i = 0; i < b->count; i++) {
        free(b->at[i].folder);
        free(b->at[i].name);
        free(b->at[i].methods);
    }
    free(b->at);
    free(b->of);
    *b = (struct beginnings){0};
}
