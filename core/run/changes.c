/* See changes.h. A cell keeps only the digest of its plan; the run folder has the plan itself, as of the last run. */
#include "run/changes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/differ.h"
#include "record/record.h"

enum { CHANGES_SHOWN = 20, CHANGES_BYTES = 1400, VALUE_SHOWN = 40, DIGEST_SHOWN = 12 };

struct changes {
    text *out;
    int shown, more;
};

static void change_tell(void *user, const char *path, const json_t *const *values, size_t count)
{
    struct changes *c = user;
    if (c->shown == CHANGES_SHOWN || c->out->length > CHANGES_BYTES) {
        c->more++;
        return;
    }
    char *before = differ_words(values[0], VALUE_SHOWN), *now = differ_words(values[count - 1], VALUE_SHOWN);
    char *key = text_tamed(path, VALUE_SHOWN * 2);
    const char *name = strrchr(path, '.');
    int most = name && !strcmp(name, ".sha256") ? DIGEST_SHOWN : VALUE_SHOWN * 4;
    text_addf(c->out, "\n  %s: was %.*s, is %.*s", key, most, before, most, now);
    c->shown++;
    free(key);
    free(now);
    free(before);
}

/* ---- the folder's plan, as one cell of it ---- */

static json_t *plan_read(const char *folder)
{
    char *path = alloc_format("%s/plan.json", folder);
    json_t *read = NULL;
    record_json_read(path, &read, NULL);
    free(path);
    return read;
}

static json_t *method_find(const json_t *whole, const char *name)
{
    const json_t *methods = json_object_get(whole, "methods");
    for (size_t i = 0; i < json_array_size(methods); i++) {
        json_t *one = json_array_get(methods, i);
        const char *its = json_string_value(json_object_get(one, "name"));
        if (its && !strcmp(its, name))
            return one;
    }
    return NULL;
}

/* In the form of `cell` (plan_cell_json): what the method has of its own stands in the place of what all share. */
static json_t *cell_of(const json_t *whole, const json_t *cell, const char *name)
{
    json_t *out = json_object(), *method = json_copy(method_find(whole, name)), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)cell, key, value) if (json_object_get(whole, key))
        json_object_set(out, key, json_object_get(whole, key));
    json_object_foreach(out, key, value) if (json_object_get(method, key))
    {
        json_object_set(out, key, json_object_get(method, key));
        json_object_del(method, key);
    }
    if (method)
        json_object_set_new(out, "method", method);
    return out;
}

/* Trials of a search stand in no folder's plan: nothing can be said of what they have of their own, or in the place of what all
 * share. */
static void unknown_drop(json_t *was, json_t *is)
{
    static const char *const keys[] = {"method", "network", "optimizer", "training"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !json_object_get(was, "method"); i++) {
        json_object_del(was, keys[i]);
        json_object_del(is, keys[i]);
    }
}

void changes_of(const plan *p, int method, int64_t seed, text *out)
{
    struct changes c = {.out = out};
    json_t *whole = plan_read(p->folder);
    if (!whole)
        return;
    json_t *is = differ_as_written(plan_cell_json(p, method, seed));
    json_object_del(is, "seed");
    json_t *was = cell_of(whole, is, p->methods[method].name);
    unknown_drop(was, is);
    const json_t *const plans[] = {was, is};
    differ_walk(plans, 2, change_tell, &c);
    if (c.more)
        text_addf(out, "\n  and %d more", c.more);
    json_decref(was);
    json_decref(is);
    json_decref(whole);
}

char *changes_run_name(const char *folder)
{
    json_t *whole = plan_read(folder);
    const char *name = json_string_value(json_object_get(whole, "name"));
    char *out = name ? alloc_text(name) : NULL;
    json_decref(whole);
    return out;
}
