/* See folder.h. */
#include "run/folder.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/checkpoint.h"
#include "record/record.h"
#include "run/changes.h"

/* Of methods from `first` on. */
static struct run_cells cells_make(const plan *p, int first, int count, const struct int_list *seeds, const char *below)
{
    struct run_cells c = {0};
    c.at = alloc_zero((size_t)count * (size_t)seeds->count + 1, sizeof *c.at);
    for (int m = first; m < first + count; m++)
        for (int64_t s = 0; s < seeds->count; s++) {
            struct run_cell *cell = &c.at[c.count++];
            cell->method = m;
            cell->seed = seeds->at[s];
            cell->wanted = true;
            cell->name = alloc_format("%s/seed-%lld", p->methods[m].name, (long long)cell->seed);
            cell->folder = alloc_format("%s/%s/%s", p->folder, below, cell->name);
            plan_cell_digest(p, m, cell->seed, cell->digest);
        }
    return c;
}

struct run_cells cells_of(const plan *p) { return cells_make(p, 0, p->method_count, &p->scenario->seeds, "cells"); }

struct run_cells cells_of_trials(const plan *p)
{
    return cells_make(p, p->method_count, p->trial_count, &p->scenario->search.seeds, "trials");
}

void cells_free(struct run_cells *c)
{
    for (int i = 0; i < c->count; i++) {
        free(c->at[i].name);
        free(c->at[i].folder);
        free(c->at[i].failure);
        free(c->at[i].other);
    }
    free(c->at);
    *c = (struct run_cells){0};
}

/* ---- what is there already ---- */

/* The first name, in the order of the alphabet, that no run has made; owned, NULL: none, or the folder is that of a run. */
static char *folder_foreign(const char *folder)
{
    struct dirent **names = NULL;
    char *foreign = NULL;
    bool run = false;
    int count = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        run = run || !strcmp(name, "plan.json") || !strcmp(name, "cells") || !strcmp(name, "trials");
        if (!foreign && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, ".lock") != 0 &&
            strncmp(name, "scenario.yaml", strlen("scenario.yaml")) != 0 &&
            strncmp(name, "plan.json.tmp-", strlen("plan.json.tmp-")) != 0)
            foreign = alloc_text(name);
        free(names[i]);
    }
    free(names);
    if (run) {
        free(foreign);
        foreign = NULL;
    }
    return foreign;
}

int folder_look(const plan *p, bool fresh, error *e)
{
    char *foreign = folder_foreign(p->folder), *name = changes_run_name(p->folder);
    int code = 0;
    if (foreign) {
        code = error_set(e, EXIT_CREATE,
                         "%s: found a folder with \"%s\" in it, which is no run; expected a run, an empty or a new one",
                         p->folder, text_quoted(foreign));
        error_hint(e, "--out DIR names another folder");
    } else if (name && !fresh && strcmp(name, p->scenario->name) != 0) {
        code = error_set(e, EXIT_CREATE, "%s: found the run of scenario %s; expected that of %s", p->folder,
                         text_quoted(name), p->scenario->name);
        error_hint(e, "--out DIR names another folder; --fresh takes this one over");
    }
    free(name);
    free(foreign);
    return code;
}

/* what: "result", or "checkpoint" of a cell that is not finished. */
static int cell_refuse(const plan *p, const struct run_cell *c, const char *what, const char *digest, error *e)
{
    text changes = {0};
    changes_of(p, c->method, c->seed, &changes);
    error_set(e, EXIT_CREATE, "%s: found the %s of another plan (%.12s); expected one of this plan (%.12s)%s",
              c->folder, what, digest[0] ? digest : "unknown", c->digest, changes.at ? changes.at : "");
    text_free(&changes);
    return error_hint(e,
                      "--changed puts it aside and runs the cell again, --fresh runs it again in its place, --out DIR "
                      "keeps both");
}

struct holding {
    const char *what; /* as cell_refuse has it; NULL: there is nothing */
    char *digest;     /* of the plan that it is of, "": it does not say */
};

/* What a cell was in the middle of is worth as much as what it has finished. */
static struct holding state_look(const struct run_cell *c)
{
    char *folder = alloc_format("%s/checkpoints", c->folder), digest[SHA256_HEX];
    struct holding held = {0};
    if (checkpoint_plan(folder, digest))
        held = (struct holding){"checkpoint", alloc_text(digest)};
    free(folder);
    return held;
}

/* 65: the record is damaged. */
static int cell_holds(const struct run_cell *c, struct holding *held, error *e)
{
    json_t *result = NULL;
    *held = (struct holding){0};
    int code = record_read(c->folder, &result, e);
    if (code == EXIT_DATA)
        error_hint(e, "--fresh runs the cell again, --out DIR leaves it as it is");
    if (!code && result) {
        const char *digest = json_string_value(json_object_get(result, "plan_sha256"));
        *held = (struct holding){"result", alloc_text(digest ? digest : "")};
    } else if (!code) {
        *held = state_look(c);
    }
    json_decref(result);
    return code;
}

/* other: gets the digest of another plan, owned, where it may be; NULL: that is refused. */
static int cell_take(const plan *p, const struct run_cell *c, bool *finished, char **other, error *e)
{
    struct holding held;
    int code = cell_holds(c, &held, e);
    const bool same = held.what && !strcmp(held.digest, c->digest);
    *finished = same && !strcmp(held.what, "result");
    if (held.what && !same && other) {
        *other = held.digest;
        return 0;
    }
    if (held.what && !same)
        code = cell_refuse(p, c, held.what, held.digest, e);
    free(held.digest);
    return code;
}

int cell_look(const plan *p, const struct run_cell *c, bool *finished, error *e)
{
    return cell_take(p, c, finished, NULL, e);
}

int cells_look(const plan *p, struct run_cells *c, enum other_plan other, error *e)
{
    int code = 0;
    for (int i = 0; i < c->count && !code; i++) {
        struct run_cell *one = &c->at[i];
        error unsaid = {0};
        if (p->methods[one->method].open)
            continue; /* nobody knows its digest */
        if (!one->wanted)
            cell_look(p, one, &one->finished, &unsaid);
        else if (other != OTHER_OVER)
            code = cell_take(p, one, &one->finished, other == OTHER_ASIDE ? &one->other : NULL, e);
    }
    return code;
}

int cells_wanted(const struct run_cells *c)
{
    int count = 0;
    for (int i = 0; i < c->count; i++)
        count += c->at[i].wanted;
    return count;
}

int cells_finished(const struct run_cells *c, bool wanted)
{
    int count = 0;
    for (int i = 0; i < c->count; i++)
        count += c->at[i].finished && (c->at[i].wanted || !wanted);
    return count;
}

static bool cell_saved(const struct run_cell *c)
{
    char *path = alloc_format("%s/checkpoints", c->folder);
    DIR *folder = opendir(path);
    bool saved = false;
    for (const struct dirent *entry; folder && !saved && (entry = readdir(folder));)
        saved = !strncmp(entry->d_name, "step-", strlen("step-"));
    if (folder)
        closedir(folder);
    free(path);
    return saved;
}

bool cells_begun(const struct run_cells *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->at[i].wanted && (c->at[i].finished || cell_saved(&c->at[i])))
            return true;
    return false;
}

int folder_describe(const plan *p, error *e)
{
    char *scenario = alloc_format("%s/scenario.yaml", p->folder), *path = alloc_format("%s/plan.json", p->folder);
    json_t *whole = plan_json(p);
    int code = file_write(scenario, p->scenario->bytes, p->scenario->byte_count, e);
    if (!code)
        code = record_json(path, whole, e);
    json_decref(whole);
    free(path);
    free(scenario);
    return code;
}
