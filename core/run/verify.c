/* See verify.h: the parts of an audit in their order, and what they come to. */
#include "run/verify.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "run/archive.h"
#include "run/audit.h"
#include "run/data_open.h"
#include "run/signals.h"

/* ---- a folder for what runs again: beside the run where that may be written to ---- */

static char *scratch_make(const char *run, error *e)
{
    char *whole = realpath(run, NULL), *prefix = alloc_format("%s.verify-", whole ? whole : run);
    error beside = {0};
    char *path = folder_temporary(prefix, &beside);
    free(whole);
    free(prefix);
    return path ? path : folder_scratch("verify", e);
}

static void scratch_drop(char *path)
{
    folder_remove(path);
    free(path);
}

/* ---- what the run was, as a plan of this machine ---- */

/* Whatever fails here is a finding: what the record says of itself is found out all the same. */
static void plan_take(audit *a, const char *out)
{
    struct recorded_places places = {a->options->data, out, a->options->plugins};
    error why = {0};
    if (recorded_open(a->folder, a->whole, &places, &a->recorded, &why) || recorded_plan(&a->recorded, &why)) {
        if (a->options->cells != 0)
            audit_bad(a, "plan", "%s%s%s", why.text, why.hint[0] ? "; " : "", why.hint);
        else
            audit_differs(a, "plan", "%s; so the summary is not worked out again", why.text);
        return;
    }
    if (data_open(a->recorded.plan, &a->data, &why)) {
        audit_bad(a, "data", "%s", why.text);
        if (a->data)
            dataset_close(a->data);
        a->data = NULL;
        return;
    }
    dataset_digest(a->data, a->recorded.plan->data_sha256);
}

static int parts_run(audit *a, error *e)
{
    char *scratch = NULL;
    int code = audit_open(a, e);
    if (code)
        return code;
    audit_record(a);
    if (a->options->cells != 0 && !(scratch = scratch_make(a->folder, e)))
        return e->code;
    plan_take(a, scratch ? scratch : a->folder);
    if (a->recorded.plan) {
        audit_search(a);
        audit_summary(a);
        audit_plans(a);
    }
    audit_files(a);
    audit_machines(a);
    code = signals_stopped(e);
    if (!code && a->options->cells != 0 && a->data)
        code = audit_again(a, e);
    scratch_drop(scratch);
    return code;
}

/* ---- the report ---- */

static json_t *cell_json(const struct audit_cell *c)
{
    static const char *const again[] = {"another", "not run", "the same"};
    const json_t *machine = json_object_get(c->manifest, "machine");
    json_t *out = json_pack("{s:s, s:s}", "name", c->name, "again", again[c->again + 1]);
    static const char *const keys[] = {"host", "cpu", "gpu"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(out, keys[i], json_string(audit_word(machine, keys[i])));
    json_object_set_new(out, "ended", json_string(audit_word(c->manifest, "ended")));
    return out;
}

static json_t *report_json(const audit *a)
{
    json_t *cells = json_array();
    for (int i = 0; i < a->cell_count; i++)
        json_array_append_new(cells, cell_json(&a->cells[i]));
    return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:O, s:o}", "schema", "perdure.verify/1", "run", a->folder,
                     "manifest_sha256", a->digest, "good", a->bad == 0, "same", (json_int_t)a->same, "differs",
                     (json_int_t)a->differs, "bad", (json_int_t)a->bad, "rows", a->rows, "cells", cells);
}

static int folder_verify(const char *folder, const verify_options *o, json_t **report, error *e)
{
    audit a = {.folder = folder, .options = o, .rows = json_array()};
    int code = parts_run(&a, e);
    *report = code ? NULL : report_json(&a);
    if (!code)
        code = a.bad ? EXIT_FAILED : 0;
    audit_close(&a);
    return code;
}

/* ---- an archive: unpacked beside nothing of ours, into a folder that goes ---- */

/* The one folder in it. */
static char *top_of(const char *file, const char *folder, error *e)
{
    struct dirent **entries = NULL;
    char *found = NULL;
    int count = scandir(folder, &entries, NULL, alphasort), there = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && there++ == 0)
            found = alloc_format("%s/%s", folder, name);
        free(entries[i]);
    }
    free(entries);
    if (there == 1 && folder_exists(found))
        return found;
    free(found);
    error_set(e, EXIT_DATA, "%s: found %d names at its top; expected one folder, as `perdure bundle` makes it", file,
              there);
    return NULL;
}

static int archive_verify(const char *file, const verify_options *o, json_t **report, error *e)
{
    char *scratch = folder_scratch("verify", e), *folder = NULL;
    int code = scratch ? archive_unpack(file, scratch, e) : EXIT_CREATE;
    if (!code)
        code = (folder = top_of(file, scratch, e)) ? folder_verify(folder, o, report, e) : e->code;
    if (*report)
        json_object_set_new(*report, "run", json_string(file));
    free(folder);
    scratch_drop(scratch);
    return code;
}

int verify_run(const char *run, const verify_options *o, json_t **report, error *e)
{
    *report = NULL;
    return file_exists(run) ? archive_verify(run, o, report, e) : folder_verify(run, o, report, e);
}
