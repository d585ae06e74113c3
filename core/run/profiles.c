/* See profiles.h. A profile is no result: one that cannot be read is one that is not there. */
#include "run/profiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/profile.h"
#include "record/record.h"
#include "run/folder.h"

/* Of this cell as it is planned now; owned, NULL: none. */
static json_t *profile_of(const struct run_cell *c)
{
    char *path = alloc_format("%s/" PROFILE_FILE, c->folder);
    json_t *found = NULL;
    error why = {0};
    const char *plan_sha256 = NULL, *schema = NULL;
    if (record_json_read(path, &found, &why) == 0) {
        plan_sha256 = json_string_value(json_object_get(found, "plan_sha256"));
        schema = json_string_value(json_object_get(found, "schema"));
    }
    free(path);
    if (plan_sha256 && schema && !strcmp(plan_sha256, c->digest) && !strcmp(schema, PROFILE_SCHEMA))
        return found;
    json_decref(found);
    return NULL;
}

static json_t *phase_find(const json_t *phases, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(phases, i, one)
    {
        const char *has = json_string_value(json_object_get(one, "name"));
        if (has && !strcmp(has, name))
            return one;
    }
    return NULL;
}

static double number_of(const json_t *from, const char *key) { return json_number_value(json_object_get(from, key)); }

static void number_add(json_t *into, const json_t *from, const char *key)
{
    json_object_set_new(into, key, json_real(number_of(into, key) + number_of(from, key)));
}

/* What is left, "rest", stays the last. */
static json_t *phase_make(json_t *phases, const char *name)
{
    json_t *made = json_pack("{s:s}", "name", name);
    const size_t count = json_array_size(phases);
    if (count > 0 && phase_find(phases, "rest"))
        json_array_insert_new(phases, count - 1, made);
    else
        json_array_append_new(phases, made);
    return made;
}

static void cell_add(json_t *method, const json_t *of)
{
    static const char *const numbers[] = {"seconds", "steps", "steps_without"};
    json_t *phases = json_object_get(method, "phases"), *one;
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        number_add(method, of, numbers[i]);
    json_array_foreach(json_object_get(of, "phases"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        json_t *into = name ? phase_find(phases, name) : NULL;
        const double longest = number_of(one, "longest");
        if (!name)
            continue;
        if (!into)
            into = phase_make(phases, name);
        number_add(into, one, "seconds");
        number_add(into, one, "calls");
        if (longest > number_of(into, "longest"))
            json_object_set_new(into, "longest", json_real(longest));
    }
}

static void number_divide(json_t *of, const char *key, double by)
{
    json_object_set_new(of, key, json_real(number_of(of, key) / by));
}

static void method_mean(json_t *method, double cells)
{
    json_t *one;
    size_t i;
    number_divide(method, "seconds", cells);
    number_divide(method, "steps", cells);
    number_divide(method, "steps_without", cells);
    json_array_foreach(json_object_get(method, "phases"), i, one)
    {
        const double all = number_of(method, "seconds");
        number_divide(one, "seconds", cells);
        number_divide(one, "calls", cells);
        json_object_set_new(one, "share", json_real(all > 0 ? number_of(one, "seconds") / all : 0));
    }
}

static json_t *method_read(const plan *p, int method, const struct run_cells *c)
{
    json_t *made = json_pack("{s:s, s:[]}", "name", p->methods[method].name, "phases");
    int cells = 0, of = 0;
    for (int i = 0; i < c->count; i++) {
        if (c->at[i].method != method)
            continue;
        json_t *found = profile_of(&c->at[i]);
        of++;
        cells += found != NULL;
        if (found)
            cell_add(made, found);
        json_decref(found);
    }
    json_object_set_new(made, "cells", json_integer(cells));
    json_object_set_new(made, "of", json_integer(of));
    if (cells > 0)
        method_mean(made, cells);
    return made;
}

json_t *profiles_read(const plan *p)
{
    struct run_cells cells = cells_of(p);
    json_t *methods = json_array();
    for (int m = 0; m < p->method_count; m++)
        json_array_append_new(methods, method_read(p, m, &cells));
    cells_free(&cells);
    return json_pack("{s:o}", "methods", methods);
}
