/* See changes.h. A cell keeps only the digest of its plan; the run folder has the plan itself, as of the last run. */
#include "run/changes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"

enum { CHANGES_SHOWN = 20, CHANGES_BYTES = 1400, VALUE_SHOWN = 40, DIGEST_SHOWN = 12, PLAN_BYTES = 64 << 20 };

struct changes {
    text *out;
    int shown, more;
};

/* ---- one value that differs ---- */

/* NULL: not there. Owned by the caller. */
static char *value_words(const json_t *v)
{
    if (v == NULL)
        return alloc_text("nothing");
    if (json_is_string(v))
        return text_tamed(json_string_value(v), VALUE_SHOWN);
    char *words = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    char *shown = text_tamed(words, VALUE_SHOWN);
    free(words);
    return shown;
}

static void change_tell(struct changes *c, const char *path, const json_t *was, const json_t *is)
{
    if (c->shown == CHANGES_SHOWN || c->out->length > CHANGES_BYTES) {
        c->more++;
        return;
    }
    char *before = value_words(was), *now = value_words(is), *key = text_tamed(path, VALUE_SHOWN * 2);
    const char *name = strrchr(path, '.');
    int most = name && !strcmp(name, ".sha256") ? DIGEST_SHOWN : VALUE_SHOWN * 4;
    text_addf(c->out, "\n  %s: was %.*s, is %.*s", key, most, before, most, now);
    c->shown++;
    free(key);
    free(now);
    free(before);
}

/* ---- two plans side by side ---- */

static void values_compare(struct changes *c, const char *path, const json_t *was, const json_t *is);

static void key_compare(struct changes *c, const char *path, const char *key, const json_t *was, const json_t *is)
{
    char *deeper = alloc_format("%s%s%s", path, path[0] ? "." : "", key);
    values_compare(c, deeper, json_object_get(was, key), json_object_get(is, key));
    free(deeper);
}

static void objects_compare(struct changes *c, const char *path, const json_t *was, const json_t *is)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)is, key, value) key_compare(c, path, key, was, is);
    json_object_foreach((json_t *)(uintptr_t)was, key, value) if (!json_object_get(is, key))
        key_compare(c, path, key, was, is);
}

/* Entry by entry where these are objects; a list of numbers is one value. */
static void lists_compare(struct changes *c, const char *path, const json_t *was, const json_t *is)
{
    size_t before = json_array_size(was), now = json_array_size(is);
    if (!json_is_object(json_array_get(before > now ? was : is, 0))) {
        change_tell(c, path, was, is);
        return;
    }
    for (size_t i = 0; i < before || i < now; i++) {
        char *deeper = alloc_format("%s[%zu]", path, i);
        values_compare(c, deeper, json_array_get(was, i), json_array_get(is, i));
        free(deeper);
    }
}

static void values_compare(struct changes *c, const char *path, const json_t *was, const json_t *is)
{
    if (was && is && json_equal(was, is))
        return;
    if (json_is_object(was) && json_is_object(is))
        objects_compare(c, path, was, is);
    else if (json_is_array(was) && json_is_array(is))
        lists_compare(c, path, was, is);
    else
        change_tell(c, path, was, is);
}

/* ---- the folder's plan, as one cell of it ---- */

static json_t *plan_read(const char *folder)
{
    char *path = alloc_format("%s/plan.json", folder), *bytes = NULL;
    size_t count = 0;
    error none = {0};
    json_t *read = NULL;
    if (file_read(path, PLAN_BYTES, &bytes, &count, &none) == 0)
        read = json_loadb(bytes, count, 0, NULL);
    free(bytes);
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

/* As it would be read back: 1.0 may be written as 1. Takes `value`. */
static json_t *as_written(json_t *value)
{
    text words = {0};
    record_json_text(value, &words);
    json_t *read = json_loadb(words.at, words.length, 0, NULL);
    text_free(&words);
    json_decref(value);
    return read;
}

void changes_of(const plan *p, int method, int64_t seed, text *out)
{
    struct changes c = {.out = out};
    json_t *whole = plan_read(p->folder);
    if (!whole)
        return;
    json_t *is = as_written(plan_cell_json(p, method, seed));
    json_object_del(is, "seed");
    json_t *was = cell_of(whole, is, p->methods[method].name);
    values_compare(&c, "", was, is);
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
