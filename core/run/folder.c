/* See folder.h. */
#include "run/folder.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "record/record.h"

struct run_cells cells_of(const plan *p)
{
    const struct int_list *seeds = &p->scenario->seeds;
    struct run_cells c = {0};
    c.at = alloc_zero((size_t)p->method_count * (size_t)seeds->count, sizeof *c.at);
    for (int m = 0; m < p->method_count; m++)
        for (int64_t s = 0; s < seeds->count; s++) {
            struct run_cell *cell = &c.at[c.count++];
            cell->method = m;
            cell->seed = seeds->at[s];
            cell->name = alloc_format("%s/seed-%lld", p->methods[m].name, (long long)cell->seed);
            cell->folder = alloc_format("%s/cells/%s", p->folder, cell->name);
            plan_cell_digest(p, m, cell->seed, cell->digest);
        }
    return c;
}

void cells_free(struct run_cells *c)
{
    for (int i = 0; i < c->count; i++) {
        free(c->at[i].name);
        free(c->at[i].folder);
        free(c->at[i].failure);
    }
    free(c->at);
    *c = (struct run_cells){0};
}

int cell_look(const struct run_cell *c, bool *finished, error *e)
{
    json_t *result = NULL;
    *finished = false;
    int code = record_read(c->folder, &result, e);
    if (code == EXIT_DATA)
        error_hint(e, "--fresh runs the cell again, --out DIR leaves it as it is");
    if (code || result == NULL)
        return code;
    const char *digest = json_string_value(json_object_get(result, "plan_sha256"));
    *finished = digest && !strcmp(digest, c->digest);
    if (!*finished) {
        code =
            error_set(e, EXIT_CREATE, "%s: found the result of another plan (%.12s); expected one of this plan (%.12s)",
                      c->folder, digest ? digest : "unknown", c->digest);
        error_hint(e, "--fresh runs it again in its place, --out DIR keeps both");
    }
    json_decref(result);
    return code;
}

int cells_look(struct run_cells *c, error *e)
{
    int code = 0;
    for (int i = 0; i < c->count && !code; i++)
        code = cell_look(&c->at[i], &c->at[i].finished, e);
    return code;
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
