/* See origin.h. */
#include "run/origin.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/objects.h"
#include "record/record.h"
#include "record/seal.h"

/* ---- digests, beside the cells ---- */

void origin_begin(provenance *o, const dataset *data, bool cached)
{
    int end[2] = {-1, -1};
    *o = (provenance){.data = data, .digests = digests_open(), .kept = cached ? digests_place() : NULL};
    if (o->digests && pipe2(end, O_CLOEXEC) != 0)
        end[0] = end[1] = -1;
    o->digested = end[0];
    o->digesting = end[1];
}

void origin_begun(provenance *o)
{
    if (o->digesting >= 0)
        close(o->digesting);
    o->digesting = -1;
}

void origin_end(provenance *o)
{
    origin_begun(o);
    if (o->digested >= 0)
        close(o->digested);
    digests_close(o->digests);
    free((char *)(uintptr_t)o->kept);
    *o = (provenance){.digested = -1, .digesting = -1};
}

struct digester {
    const provenance *origin; /* of the process, for its whole life */
    const plan *plan;
};

/* In an order that is that of their size, by and large: what takes longest is begun first. */
static void *digester_live(void *self)
{
    struct digester *d = self;
    const provenance *o = d->origin;
    char hex[SHA256_HEX];
    int64_t bytes;
    object_list list = objects_expected(d->plan->device);
    if (o->kept)
        digests_load(o->digests, o->kept);
    for (size_t i = list.count; i-- > 0;)
        digests_of(o->digests, list.at[i].path, hex, &bytes, NULL);
    for (int64_t i = 0; i < o->data->file_count; i++)
        digests_of(o->digests, o->data->files[i].path, hex, &bytes, NULL);
    if (o->kept)
        digests_store(o->digests, o->kept);
    objects_free(&list);
    close(o->digesting); /* whoever waits for it goes on */
    free(d);
    return NULL;
}

/* Signals are the main thread's. */
void origin_work(const provenance *o, const plan *p)
{
    sigset_t all, before;
    pthread_t thread;
    struct digester *d = alloc_zero(1, sizeof *d);
    *d = (struct digester){o, p};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, digester_live, d) == 0) {
        pthread_detach(thread);
    } else {
        close(o->digesting);
        free(d);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- the manifest of the run ---- */

/* null where there is no such file: a cell of an older Perdure has no manifest, and a folder may have been emptied. */
static int digest_put(json_t *into, const char *folder, const char *name, const char *key, error *e)
{
    char *path = alloc_format("%s/%s", folder, name), hex[SHA256_HEX];
    bool there = file_exists(path);
    int code = there ? file_sha256(path, hex, e) : 0;
    if (!code)
        json_object_set_new(into, key, there ? json_string(hex) : json_null());
    free(path);
    return code;
}

static int cell_put(json_t *cells, const plan *p, const struct run_cell *c, error *e)
{
    json_t *row = json_pack("{s:s, s:s, s:I, s:s}", "name", c->name, "method", p->methods[c->method].name, "seed",
                            (json_int_t)c->seed, "plan_sha256", c->digest);
    json_array_append_new(cells, row);
    return digest_put(row, c->folder, PROVENANCE_FILE, "manifest_sha256", e);
}

static int cells_put(json_t *whole, const plan *p, const struct run_cells *c, error *e)
{
    json_t *cells = json_array(), *missing = json_array();
    int code = 0;
    for (int i = 0; i < c->count && !code; i++)
        if (c->at[i].finished)
            code = cell_put(cells, p, &c->at[i], e);
        else
            json_array_append_new(missing, json_string(c->at[i].name));
    json_object_set_new(whole, "cells", cells);
    json_object_set_new(whole, "missing", missing);
    return code;
}

static json_t *path_json(const char *path)
{
    char real[PATH_MAX];
    json_t *out = json_string(realpath(path, real) ? real : path);
    return out ? out : json_null();
}

/* The file's text is kept with the run; where it lay is what its paths were relative to. */
static json_t *scenario_json(const struct scenario *s)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < s->set_count; i++)
        json_array_append_new(sets, json_string(s->sets[i]));
    return json_pack("{s:o, s:o, s:o}", "file", path_json(s->file), "folder", path_json(s->folder), "set", sets);
}

static int whole_make(const plan *p, const struct run_cells *c, json_t **out, error *e)
{
    static const char *const names[] = {"scenario.yaml", "plan.json", "summary.json"};
    json_t *files = json_object();
    int code = 0;
    *out = json_pack("{s:s, s:s, s:o, s:o}", "schema", ORIGIN_SCHEMA, "name", p->scenario->name, "scenario",
                     scenario_json(p->scenario), "files", files);
    if (p->searched) /* its space, its budget, and what each trial came to */
        json_object_set_new(*out, "search", plan_search_json(p));
    for (size_t i = 0; i < sizeof names / sizeof *names && !code; i++)
        code = digest_put(files, p->folder, names[i], names[i], e);
    return code ? code : cells_put(*out, p, c, e);
}

static bool any_finished(const struct run_cells *c)
{
    for (int i = 0; i < c->count; i++)
        if (c->at[i].finished)
            return true;
    return false;
}

int origin_write(const plan *p, const struct run_cells *c, char digest[SHA256_HEX], error *e)
{
    json_t *whole = NULL;
    text words = {0};
    digest[0] = '\0';
    if (!any_finished(c))
        return 0;
    int code = whole_make(p, c, &whole, e);
    if (!code) {
        char *path = alloc_format("%s/" PROVENANCE_FILE, p->folder);
        seal_text(whole, &words);
        sha256_bytes(words.at, words.length, digest);
        code = file_write(path, words.at, words.length, e);
        free(path);
    }
    json_decref(whole);
    text_free(&words);
    return code;
}

void origin_remove(const plan *p)
{
    char *path = alloc_format("%s/" PROVENANCE_FILE, p->folder);
    unlink(path);
    free(path);
}
