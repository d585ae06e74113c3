/* Rules of the stream: what follows from its scenario, and what a stream that tells of no tasks leaves of training. */
#include <string.h>

#include "scenario/row.h"
#include "scenario/scenario.h"
#include "scenario/variant.h"

/* ---- within the section ---- */

static void head_settle(struct check *c, const node *n, const char *path, struct stream_options *stream)
{
    bool task_il = stream->scenario == TASK_IL;
    const node *head = node_find(n, "head");
    if (head == NULL) {
        stream->head = task_il ? HEAD_MULTI : HEAD_SINGLE;
    } else if (stream->head == HEAD_MULTI && !task_il) {
        faults_add(c->faults, head, row_path(c, path, "head"), "found multi; expected single with scenario %s",
                   scenario_kind_name(stream->scenario));
        faults_hint(c->faults, "with a head a task, the task must be given when predicting: scenario: task-il");
    }
}

/* Where tasks exchange rows, or nobody is told of tasks, a row's own task is no answer to which classes compete for it. */
static void active_settle(struct check *c, const node *n, const char *path, struct stream_options *stream)
{
    const node *active = node_find(n, "active");
    if (active == NULL) {
        stream->active = stream->scenario == TASK_IL ? ACTIVE_TASK : ACTIVE_ALL;
    } else if (stream->active == ACTIVE_TASK && stream->boundaries != BOUNDARIES_KNOWN && stream->scenario != TASK_IL) {
        faults_add(c->faults, active, row_path(c, path, "active"),
                   "found task; expected all or seen with boundaries %s", boundaries_name(stream->boundaries));
    }
}

static void blurry_check(struct check *c, const node *said, const char *path, const struct stream_options *stream)
{
    if (stream->scenario == TASK_IL) {
        faults_add(c->faults, said, path, "found blurry; expected known with scenario task-il");
        faults_hint(c->faults, "rows that another task gets would need a head that has not come yet");
    } else if (stream->split.tasks == 1) {
        faults_add(c->faults, said, path, "found blurry with 1 task; expected 2 or more, which exchange rows");
    }
}

static void boundaries_settle(struct check *c, const node *n, const char *path, struct stream_options *stream)
{
    const node *said = node_find(n, "boundaries");
    const char *here = row_path(c, path, "boundaries");
    bool free = stream->scenario == TASK_FREE;
    if (said == NULL) {
        stream->boundaries = free ? BOUNDARIES_UNKNOWN : BOUNDARIES_KNOWN;
    } else if (stream->boundaries == BOUNDARIES_BLURRY) {
        blurry_check(c, said, here, stream);
    } else if (free && stream->boundaries == BOUNDARIES_KNOWN && said->kind == NODE_TEXT &&
               strcmp(said->text, "known") == 0) {
        faults_add(c->faults, said, here, "found known; expected unknown or blurry with scenario task-free");
    } else if (!free && stream->boundaries == BOUNDARIES_UNKNOWN) {
        faults_add(c->faults, said, here, "found unknown; expected known or blurry with scenario %s",
                   scenario_kind_name(stream->scenario));
        faults_hint(c->faults, "where strategies are told of no task: scenario: task-free");
    }
}

void stream_after(struct check *c, const node *n, const char *path, void *out)
{
    boundaries_settle(c, n, path, out);
    head_settle(c, n, path, out);
    active_settle(c, n, path, out);
}

/* ---- beside the methods ---- */

/* Where a method's own value of a key stands, "training.epochs": in its `set`, else in the file. */
static const node *said_of(const node *root, const struct method_options *m, const char *section, const char *key,
                           const char *whole)
{
    const node *own = node_find(m->set, whole);
    return own != NULL ? own : node_find(node_find(root, section), key);
}

static const char *method_path(struct check *c, const struct method_options *m, const node *said, const char *whole)
{
    return node_find(m->set, whole) == said ? row_path(c, row_path(c, m->place, "set"), whole) : whole;
}

/* What the file says is a fault once, however many methods have it from there. */
struct told {
    const node *pass, *reset;
};

/* A stream passes once: nobody may see rows again who is told neither where a task begins nor where it ends. */
static void pass_check(struct check *c, const node *root, const struct method_options *m, struct told *told)
{
    const bool iterations = m->training.iterations > 0;
    const char *whole = iterations ? "training.iterations" : "training.epochs";
    const node *said = said_of(root, m, "training", iterations ? "iterations" : "epochs", whole);
    if (said == NULL || said == told->pass || (!iterations && m->training.epochs <= 1)) {
        return;
    }
    told->pass = said;
    faults_add(c->faults, said, method_path(c, m, said, whole),
               "found %s %s; expected epochs: 1 with scenario task-free", node_shown(said),
               iterations ? "iterations" : "epochs");
    faults_hint(c->faults, "a stream that tells of no tasks passes once; a method with train_on: all may have more");
}

static void reset_check(struct check *c, const node *root, const struct method_options *m, struct told *told)
{
    const char *whole = "optimizer.reset_per_task";
    const node *said = said_of(root, m, "optimizer", "reset_per_task", whole);
    if (said == NULL || said == told->reset || !m->optimizer.reset_per_task) {
        return;
    }
    told->reset = said;
    faults_add(c->faults, said, method_path(c, m, said, whole),
               "found true; expected false with scenario task-free, which tells of no tasks");
}

static void methods_check_free(struct check *c, const node *root, const struct method_list *methods, struct told *told)
{
    for (size_t i = 0; i < methods->count; i++) {
        const struct method_options *m = &methods->at[i];
        size_t before = c->faults->count;
        if (m->place == NULL || before >= FAULTS_SHOWN) {
            continue;
        }
        if (m->train_on == TRAIN_ALL_SO_FAR) {
            faults_add(c->faults, node_find(m->at, "train_on"), row_path(c, m->place, "train_on"),
                       "found all-so-far; expected task or all with scenario task-free, which tells of no tasks");
        } else if (m->train_on == TRAIN_TASK) {
            pass_check(c, root, m, told);
            reset_check(c, root, m, told);
        }
        variant_faults(m, c->faults, before);
    }
}

/* What a search tries must fit as well; what all variants of a method have in common is told once. */
void task_free_after(struct check *c, const node *root, const struct scenario *s)
{
    struct told told = {NULL, NULL};
    size_t before = c->faults->count;
    if (s->stream.scenario == TASK_FREE) {
        methods_check_free(c, root, &s->methods, &told);
        methods_check_free(c, root, &s->search.tried, &told);
        faults_merge(c->faults, before);
    }
}
